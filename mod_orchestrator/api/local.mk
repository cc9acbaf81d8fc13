api = mod_orchestrator/api
liborc_la_SOURCES += \
	$(api)/orc_api.c $(api)/orc_api.h \
	$(api)/orc_api_configuration.c \
	$(api)/orc_api_deployments.c \
	$(api)/orc_api_deployment_changes.c \
	$(api)/orc_api_health.c \
	$(api)/orc_api_logs.c \
	$(api)/orc_api_openapi.c \
	$(api)/orc_api_operations.c \
	$(api)/orc_api_providers.c \
	$(api)/orc_api_resources.c \
	$(api)/orc_api_submission.c \
	$(api)/orc_api_templates.c \
	$(api)/orc_api_users.c
nodist_liborc_la_SOURCES += $(generated)/orc_routes.c $(generated)/orc_routes.h
BUILT_SOURCES += $(generated)/orc_routes.h $(generated)/orc_enums.h
CLEANFILES += $(generated)/orc_routes.c $(generated)/orc_routes.h $(generated)/orc_enums.h
routes_sources = $(wildcard $(top_srcdir)/mod_orchestrator/routes/*.json)
EXTRA_DIST += mod_orchestrator/routes mod_orchestrator/surface/compile_routes.py $(api)/README.md

$(generated)/orc_routes.c: $(top_srcdir)/mod_orchestrator/surface/compile_routes.py $(routes_sources)
	$(AM_V_GEN)$(MKDIR_P) $(generated) && $(PYTHON) $(top_srcdir)/mod_orchestrator/surface/compile_routes.py \
		$(top_srcdir)/mod_orchestrator/routes $(generated)/orc_routes.h $@ $(generated)/orc_enums.h
$(generated)/orc_routes.h $(generated)/orc_enums.h: $(generated)/orc_routes.c

check_PROGRAMS += tests/unit/test_api
tests_unit_test_api_SOURCES = tests/unit/test_api.c tests/unit/unit.h
tests_unit_test_api_LDADD = $(unit_ldadd)
