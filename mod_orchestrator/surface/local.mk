surface = mod_orchestrator/surface
liborc_la_SOURCES += \
	$(surface)/orc_query.c $(surface)/orc_query.h \
	$(surface)/orc_request.c $(surface)/orc_request.h \
	$(surface)/orc_stream.c $(surface)/orc_stream.h \
	$(surface)/orc_surface.c $(surface)/orc_surface.h \
	$(surface)/orc_surface_below.c $(surface)/orc_surface_below.h \
	$(surface)/orc_surface_check.c $(surface)/orc_surface_check.h \
	$(surface)/orc_surface_conditional.c $(surface)/orc_surface_conditional.h \
	$(surface)/orc_surface_form.c $(surface)/orc_surface_form.h \
	$(surface)/orc_surface_handler.c $(surface)/orc_surface_handler.h \
	$(surface)/orc_surface_idempotency.c $(surface)/orc_surface_idempotency.h \
	$(surface)/orc_surface_list.c $(surface)/orc_surface_list.h \
	$(surface)/orc_surface_plain.c $(surface)/orc_surface_plain.h \
	$(surface)/orc_surface_plan.c $(surface)/orc_surface_plan.h \
	$(surface)/orc_surface_process.c $(surface)/orc_surface_process.h \
	$(surface)/orc_surface_route.h \
	$(surface)/orc_surface_schema.c $(surface)/orc_surface_schema.h \
	$(surface)/orc_surface_totals.c $(surface)/orc_surface_totals.h \
	$(surface)/orc_surface_unseal.c \
	$(surface)/orc_surface_values.c $(surface)/orc_surface_values.h
EXTRA_DIST += $(surface)/README.md

check_PROGRAMS += tests/unit/test_surface
tests_unit_test_surface_SOURCES = tests/unit/test_surface.c tests/unit/unit.h
tests_unit_test_surface_LDADD = $(unit_ldadd)

check_PROGRAMS += tests/unit/test_stream
tests_unit_test_stream_SOURCES = tests/unit/test_stream.c tests/unit/unit.h
tests_unit_test_stream_LDADD = $(unit_ldadd)

check_PROGRAMS += tests/unit/test_schema
tests_unit_test_schema_SOURCES = tests/unit/test_schema.c tests/unit/unit.h
tests_unit_test_schema_LDADD = $(unit_ldadd)
