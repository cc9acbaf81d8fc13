runs = mod_orchestrator/runs
liborc_la_SOURCES += \
	$(runs)/orc_runs.c $(runs)/orc_runs.h \
	$(runs)/orc_runs_create.c \
	$(runs)/orc_runs_list.c \
	$(runs)/orc_runs_log.c \
	$(runs)/orc_runs_one.c $(runs)/orc_runs_one.h
nodist_liborc_la_SOURCES += $(generated)/orc_runs_routes.c $(generated)/orc_runs_routes.h
BUILT_SOURCES += $(generated)/orc_runs_routes.h
CLEANFILES += $(generated)/orc_runs_routes.c $(generated)/orc_runs_routes.h
EXTRA_DIST += $(runs)/README.md $(runs)/runs.json

$(generated)/orc_runs_routes.c: $(addprefix $(top_srcdir)/,$(routes_compiler)) $(top_srcdir)/$(runs)/runs.json \
		$(top_srcdir)/mod_orchestrator/routes/enums.json
	$(AM_V_GEN)$(MKDIR_P) $(generated) && $(PYTHON) -B $(top_srcdir)/mod_orchestrator/surface/compile_routes.py \
		--surface runs $(top_srcdir)/mod_orchestrator/routes/enums.json $(top_srcdir)/$(runs) \
		$(generated)/orc_runs_routes.h $@
$(generated)/orc_runs_routes.h: $(generated)/orc_runs_routes.c
