legacy = mod_orchestrator/legacy
liborc_la_SOURCES += \
	$(legacy)/orc_legacy.c $(legacy)/orc_legacy.h \
	$(legacy)/orc_legacy_deployments.c $(legacy)/orc_legacy_one.h \
	$(legacy)/orc_legacy_list.c $(legacy)/orc_legacy_list.h \
	$(legacy)/orc_legacy_resources.c \
	$(legacy)/orc_legacy_submission.c \
	$(legacy)/orc_legacy_texts.c \
	$(legacy)/orc_legacy_told.c $(legacy)/orc_legacy_told.h \
	$(legacy)/orc_legacy_wish.c $(legacy)/orc_legacy_wish.h
nodist_liborc_la_SOURCES += $(generated)/orc_legacy_routes.c $(generated)/orc_legacy_routes.h
BUILT_SOURCES += $(generated)/orc_legacy_routes.h
CLEANFILES += $(generated)/orc_legacy_routes.c $(generated)/orc_legacy_routes.h
EXTRA_DIST += $(legacy)/README.md $(legacy)/legacy.json

$(generated)/orc_legacy_routes.c: $(addprefix $(top_srcdir)/,$(routes_compiler)) $(top_srcdir)/$(legacy)/legacy.json \
		$(top_srcdir)/mod_orchestrator/routes/enums.json
	$(AM_V_GEN)$(MKDIR_P) $(generated) && $(PYTHON) -B $(top_srcdir)/mod_orchestrator/surface/compile_routes.py \
		--surface legacy $(top_srcdir)/mod_orchestrator/routes/enums.json $(top_srcdir)/$(legacy) \
		$(generated)/orc_legacy_routes.h $@
$(generated)/orc_legacy_routes.h: $(generated)/orc_legacy_routes.c
