broker = mod_orchestrator/broker
liborc_la_SOURCES += \
	$(broker)/orc_broker.c $(broker)/orc_broker.h
nodist_liborc_la_SOURCES += $(generated)/orc_broker_routes.c $(generated)/orc_broker_routes.h
BUILT_SOURCES += $(generated)/orc_broker_routes.h
CLEANFILES += $(generated)/orc_broker_routes.c $(generated)/orc_broker_routes.h
EXTRA_DIST += $(broker)/README.md $(broker)/broker.json

$(generated)/orc_broker_routes.c: $(addprefix $(top_srcdir)/,$(routes_compiler)) $(top_srcdir)/$(broker)/broker.json \
		$(top_srcdir)/mod_orchestrator/routes/enums.json
	$(AM_V_GEN)$(MKDIR_P) $(generated) && $(PYTHON) -B $(top_srcdir)/mod_orchestrator/surface/compile_routes.py \
		--surface broker $(top_srcdir)/mod_orchestrator/routes/enums.json $(top_srcdir)/$(broker) \
		$(generated)/orc_broker_routes.h $@
$(generated)/orc_broker_routes.h: $(generated)/orc_broker_routes.c
