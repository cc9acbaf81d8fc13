engine = mod_orchestrator/engine
kinds = $(engine)/kinds
liborc_la_SOURCES += \
	$(engine)/orc_engine.c $(engine)/orc_engine.h \
	$(engine)/orc_engine_callbacks.c $(engine)/orc_engine_callbacks.h \
	$(engine)/orc_engine_calls.c $(engine)/orc_engine_calls.h \
	$(engine)/orc_engine_claims.c $(engine)/orc_engine_claims.h \
	$(engine)/orc_engine_collect.c $(engine)/orc_engine_collect.h \
	$(engine)/orc_engine_document.c $(engine)/orc_engine_document.h \
	$(engine)/orc_engine_infrastructure.c $(engine)/orc_engine_infrastructure.h \
	$(engine)/orc_engine_job.c $(engine)/orc_engine_job.h \
	$(engine)/orc_engine_judge.c $(engine)/orc_engine_judge.h \
	$(engine)/orc_engine_machine.c $(engine)/orc_engine_machine.h \
	$(engine)/orc_engine_foresee.c $(engine)/orc_engine_foresee.h \
	$(engine)/orc_engine_orders.c $(engine)/orc_engine_orders.h \
	$(engine)/orc_engine_operation.c $(engine)/orc_engine_operation.h \
	$(engine)/orc_engine_placement.c $(engine)/orc_engine_placement.h \
	$(engine)/orc_engine_fit.c $(engine)/orc_engine_fit.h \
	$(engine)/orc_engine_ranking.c $(engine)/orc_engine_ranking.h \
	$(engine)/orc_engine_report.c $(engine)/orc_engine_report.h \
	$(engine)/orc_engine_save.c $(engine)/orc_engine_save.h \
	$(engine)/orc_engine_search.c $(engine)/orc_engine_search.h \
	$(engine)/orc_engine_state.c $(engine)/orc_engine_state.h \
	$(engine)/orc_engine_step.c $(engine)/orc_engine_step.h \
	$(engine)/orc_engine_story.c $(engine)/orc_engine_story.h \
	$(engine)/orc_engine_token.c $(engine)/orc_engine_token.h \
	$(engine)/orc_engine_trip.c $(engine)/orc_engine_trip.h \
	$(engine)/orc_engine_window.c $(engine)/orc_engine_window.h \
	$(kinds)/orc_kinds.c $(kinds)/orc_kinds.h $(kinds)/orc_kinds_find.c \
	$(kinds)/create/orc_create.c $(kinds)/create/orc_create.h \
	$(kinds)/create/orc_create_attempt.c \
	$(kinds)/create/orc_create_collect.c \
	$(kinds)/create/orc_create_place.c \
	$(kinds)/create/orc_create_submit.c \
	$(kinds)/create/orc_create_watch.c \
	$(kinds)/update/orc_update.c $(kinds)/update/orc_update.h \
	$(kinds)/update/orc_update_collect.c \
	$(kinds)/update/orc_update_restore.c \
	$(kinds)/update/orc_update_submit.c \
	$(kinds)/update/orc_update_watch.c \
	$(kinds)/orc_delete.c $(kinds)/orc_delete.h \
	$(kinds)/orc_infrastructure.c $(kinds)/orc_infrastructure.h \
	$(kinds)/orc_machine.c $(kinds)/orc_machine.h \
	$(kinds)/orc_orchestration.c $(kinds)/orc_orchestration.h \
	$(kinds)/orc_sweep.c $(kinds)/orc_sweep.h \
	$(kinds)/orc_watch.c $(kinds)/orc_watch.h \
	$(store)/orc_store_work.c $(store)/orc_store_work.h

# Tests that need several daemons, or one without httpd, run this (tests/engine).
noinst_PROGRAMS += tests/engine/run_engine
tests_engine_run_engine_SOURCES = tests/engine/run_engine.c
tests_engine_run_engine_LDADD = liborc.la
# One that knows more kinds and phases: its table stands in the place of the library's
# (tests/engine/test_two_versions.py).
noinst_PROGRAMS += tests/engine/run_newer_engine
tests_engine_run_newer_engine_SOURCES = tests/engine/run_engine.c tests/engine/newer_kinds.c
tests_engine_run_newer_engine_LDADD = liborc.la

check_PROGRAMS += tests/unit/test_engine
tests_unit_test_engine_SOURCES = tests/unit/test_engine.c
tests_unit_test_engine_LDADD = $(unit_ldadd)

check_PROGRAMS += tests/unit/test_kinds
tests_unit_test_kinds_SOURCES = tests/unit/test_kinds.c tests/unit/test_kinds.h tests/unit/unit.h
tests_unit_test_kinds_LDADD = $(unit_ldadd)

EXTRA_DIST += $(engine)/README.md

check_PROGRAMS += tests/unit/test_placement
tests_unit_test_placement_SOURCES = tests/unit/test_placement.c tests/unit/tosca_fixture.h tests/unit/unit.h
tests_unit_test_placement_LDADD = $(unit_ldadd)
