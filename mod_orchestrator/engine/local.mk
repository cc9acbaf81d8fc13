engine = mod_orchestrator/engine
liborc_la_SOURCES += \
	$(engine)/orc_engine.c $(engine)/orc_engine.h $(engine)/orc_engine_internal.h \
	$(engine)/orc_engine_call.c \
	$(engine)/orc_engine_claims.c \
	$(engine)/orc_engine_collect.c \
	$(engine)/orc_engine_create.c \
	$(engine)/orc_engine_delete.c \
	$(engine)/orc_engine_inputs.c \
	$(engine)/orc_engine_judge.c $(engine)/orc_engine_judge.h \
	$(engine)/orc_engine_phases.c $(engine)/orc_engine_phases.h \
	$(engine)/orc_engine_placement.c $(engine)/orc_engine_placement.h \
	$(engine)/orc_engine_removal.c \
	$(engine)/orc_engine_search.c \
	$(engine)/orc_engine_story.c $(engine)/orc_engine_story.h \
	$(engine)/orc_engine_task.c \
	$(engine)/orc_engine_token.c \
	$(store)/orc_store_work.c $(store)/orc_store_work.h

# Tests that need several daemons, or one without httpd, run this (tests/engine).
noinst_PROGRAMS += tests/engine/run_engine
tests_engine_run_engine_SOURCES = tests/engine/run_engine.c
tests_engine_run_engine_LDADD = liborc.la

check_PROGRAMS += tests/unit/test_engine
tests_unit_test_engine_SOURCES = tests/unit/test_engine.c
tests_unit_test_engine_LDADD = $(unit_ldadd)

EXTRA_DIST += $(engine)/README.md
