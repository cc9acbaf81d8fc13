api = mod_orchestrator/api
liborc_la_SOURCES += \
	$(api)/orc_api.c $(api)/orc_api.h \
	$(api)/orc_api_configuration.c \
	$(api)/orc_api_deployments.c \
	$(api)/orc_api_deployment_changes.c \
	$(api)/orc_api_health.c \
	$(api)/orc_api_logs.c \
	$(api)/orc_api_openapi.c \
	$(api)/orc_api_operation.c $(api)/orc_api_operation.h \
	$(api)/orc_api_operations.c \
	$(api)/orc_api_operation_logs.c \
	$(api)/orc_api_orchestrations.c \
	$(api)/orc_api_other.c \
	$(api)/orc_api_providers.c \
	$(api)/orc_api_resources.c \
	$(api)/orc_api_stages.c \
	$(api)/orc_api_submission.c \
	$(api)/orc_api_templates.c \
	$(api)/orc_api_users.c
if SWAGGER_UI
liborc_la_SOURCES += $(api)/orc_api_swagger_ui.c
AM_CPPFLAGS += -DORC_SWAGGER_UI='"$(SWAGGER_UI)"'
routes_features = swagger-ui
else
liborc_la_SOURCES += $(api)/orc_api_browser.c
endif
nodist_liborc_la_SOURCES += $(generated)/orc_routes.c $(generated)/orc_routes.h
BUILT_SOURCES += $(generated)/orc_routes.h $(generated)/orc_enums.h
CLEANFILES += $(generated)/orc_routes.c $(generated)/orc_routes.h $(generated)/orc_enums.h
routes_sources = $(wildcard $(top_srcdir)/mod_orchestrator/routes/*.json)
routes_compiler = mod_orchestrator/surface/compile_routes.py mod_orchestrator/surface/compile_page.py \
	mod_orchestrator/surface/describe_routes.py
EXTRA_DIST += mod_orchestrator/routes $(routes_compiler) $(api)/README.md

$(generated)/orc_routes.c: $(addprefix $(top_srcdir)/,$(routes_compiler)) $(routes_sources)
	$(AM_V_GEN)$(MKDIR_P) $(generated) && $(PYTHON) -B $(top_srcdir)/mod_orchestrator/surface/compile_routes.py \
		$(top_srcdir)/mod_orchestrator/routes $(generated)/orc_routes.h $@ $(generated)/orc_enums.h $(routes_features)
$(generated)/orc_routes.h $(generated)/orc_enums.h: $(generated)/orc_routes.c

check_PROGRAMS += tests/unit/test_swagger_ui
tests_unit_test_swagger_ui_SOURCES = tests/unit/test_swagger_ui.c tests/unit/unit.h $(api)/orc_api_swagger_ui.c
tests_unit_test_swagger_ui_CPPFLAGS = $(AM_CPPFLAGS) -UORC_SWAGGER_UI -DORC_SWAGGER_UI='"tests/unit/swagger-ui"'
tests_unit_test_swagger_ui_LDADD = $(unit_ldadd)

check_PROGRAMS += tests/unit/test_api
tests_unit_test_api_SOURCES = tests/unit/test_api.c tests/unit/unit.h
tests_unit_test_api_LDADD = $(unit_ldadd)
