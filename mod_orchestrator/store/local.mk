store = mod_orchestrator/store
generated = mod_orchestrator/generated
liborc_la_SOURCES += $(store)/orc_db.c $(store)/orc_db.h $(store)/orc_db_migrate.c \
	$(store)/orc_db_probe.c $(store)/orc_db_probe.h \
	$(store)/orc_db_check.c $(store)/orc_db_check.h $(store)/orc_db_single.c $(store)/orc_db_wire.c $(store)/orc_db_wire.h \
	$(store)/orc_rows.c $(store)/orc_rows.h \
	$(store)/orc_store_deployments.c $(store)/orc_store_deployments.h \
	$(store)/orc_store_logs.c $(store)/orc_store_logs.h \
	$(store)/orc_store_idempotency.c $(store)/orc_store_idempotency.h \
	$(store)/orc_store_sealed.c $(store)/orc_store_sealed.h \
	$(store)/orc_store_templates.c $(store)/orc_store_templates.h \
	$(store)/orc_store_users.c $(store)/orc_store_users.h
nodist_liborc_la_SOURCES += $(generated)/orc_sql.c $(generated)/orc_sql.h
BUILT_SOURCES += $(generated)/orc_sql.h
CLEANFILES += $(generated)/orc_sql.c $(generated)/orc_sql.h
sql_sources = $(wildcard $(top_srcdir)/sql/queries/*.sql) $(wildcard $(top_srcdir)/sql/migrations/*.sql)
EXTRA_DIST += sql

$(generated)/orc_sql.c: $(top_srcdir)/sql/compile.py $(sql_sources)
	$(AM_V_GEN)$(MKDIR_P) $(generated) && $(PYTHON) $(top_srcdir)/sql/compile.py $(top_srcdir)/sql $(generated)/orc_sql.h $@
$(generated)/orc_sql.h: $(generated)/orc_sql.c

# Needs a PostgreSQL, so pytest makes and runs it (tests/store/test_orc_db.py).
EXTRA_PROGRAMS += tests/store/check_orc_db
tests_store_check_orc_db_SOURCES = tests/store/check_orc_db.c tests/unit/unit.h
tests_store_check_orc_db_LDADD = $(unit_ldadd)

# ./dev migrate: what OrchestratorMigrate On does, without httpd.
sbin_PROGRAMS += orchestrator-migrate
orchestrator_migrate_SOURCES = $(store)/orchestrator_migrate.c
orchestrator_migrate_LDADD = liborc.la

# Seals secrets with another key.
sbin_PROGRAMS += orchestrator-rotate
orchestrator_rotate_SOURCES = $(store)/orchestrator_rotate.c
orchestrator_rotate_LDADD = liborc.la
