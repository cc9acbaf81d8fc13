store = mod_orchestrator/store
generated = mod_orchestrator/generated
liborc_la_SOURCES += $(store)/orc_db.c $(store)/orc_db.h $(store)/orc_db_migrate.c \
	$(store)/orc_db_error.c $(store)/orc_db_error.h \
	$(store)/orc_db_probe.c $(store)/orc_db_probe.h \
	$(store)/orc_db_check.c $(store)/orc_db_check.h $(store)/orc_db_single.c \
	$(store)/orc_db_wire.c $(store)/orc_db_wire.h \
	$(store)/orc_db_views.c $(store)/orc_db_views.h \
	$(store)/orc_rows.c $(store)/orc_rows.h \
	$(store)/orc_store_callbacks.c $(store)/orc_store_callbacks.h \
	$(store)/orc_store_deployments.c $(store)/orc_store_deployments.h \
	$(store)/orc_store_imports.c $(store)/orc_store_imports.h \
	$(store)/orc_store_infrastructures.c $(store)/orc_store_infrastructures.h \
	$(store)/orc_store_lists.c $(store)/orc_store_lists.h \
	$(store)/orc_store_logs.c $(store)/orc_store_logs.h \
	$(store)/orc_store_idempotency.c $(store)/orc_store_idempotency.h \
	$(store)/orc_store_machines.c $(store)/orc_store_machines.h \
	$(store)/orc_store_operations.c $(store)/orc_store_operations.h \
	$(store)/orc_store_orchestrations.c $(store)/orc_store_orchestrations.h \
	$(store)/orc_store_providers.c $(store)/orc_store_providers.h \
	$(store)/orc_store_operation_logs.c $(store)/orc_store_operation_logs.h \
	$(store)/orc_store_records.c $(store)/orc_store_records.h \
	$(store)/orc_store_sealed.c $(store)/orc_store_sealed.h \
	$(store)/orc_store_templates.c $(store)/orc_store_templates.h \
	$(store)/orc_store_tokens.c $(store)/orc_store_tokens.h \
	$(store)/orc_store_users.c $(store)/orc_store_users.h \
	$(store)/orc_store_walk.c $(store)/orc_store_walk.h \
	$(store)/orc_store_where.c $(store)/orc_store_where.h
nodist_liborc_la_SOURCES += $(generated)/orc_sql.c $(generated)/orc_sql.h
BUILT_SOURCES += $(generated)/orc_sql.h
CLEANFILES += $(generated)/orc_sql.c $(generated)/orc_sql.h
sql_sources = $(wildcard $(top_srcdir)/sql/queries/*.sql) $(wildcard $(top_srcdir)/sql/views/*.sql) \
	$(wildcard $(top_srcdir)/sql/migrations/*.sql) $(enums)
enums = $(top_srcdir)/mod_orchestrator/routes/enums.json
EXTRA_DIST += sql

$(generated)/orc_sql.c: $(top_srcdir)/sql/compile.py $(sql_sources)
	$(AM_V_GEN)$(MKDIR_P) $(generated) && $(PYTHON) $(top_srcdir)/sql/compile.py $(top_srcdir)/sql $(enums) \
		$(generated)/orc_sql.h $@
$(generated)/orc_sql.h: $(generated)/orc_sql.c

# Needs a PostgreSQL, so pytest makes and runs it (tests/store/test_orc_db.py).
EXTRA_PROGRAMS += tests/store/check_orc_db
tests_store_check_orc_db_SOURCES = tests/store/check_orc_db.c tests/unit/unit.h
tests_store_check_orc_db_LDADD = $(unit_ldadd)

EXTRA_PROGRAMS += tests/store/check_pages
tests_store_check_pages_SOURCES = tests/store/check_pages.c tests/unit/unit.h
tests_store_check_pages_LDADD = $(unit_ldadd)

# ./dev migrate: what OrchestratorMigrate On does, without httpd.
sbin_PROGRAMS += orchestrator-migrate
orchestrator_migrate_SOURCES = $(store)/orchestrator_migrate.c
orchestrator_migrate_LDADD = liborc.la

# Seals secrets with another key.
sbin_PROGRAMS += orchestrator-rotate
orchestrator_rotate_SOURCES = $(store)/orchestrator_rotate.c
orchestrator_rotate_LDADD = liborc.la

# Two versions of the module that share a database (tests/store/test_views.py): one as it is, and one whose views say
# something else.
EXTRA_PROGRAMS += tests/store/check_views tests/store/check_views_other
tests_store_check_views_SOURCES = tests/store/check_views.c
tests_store_check_views_LDADD = liborc.la
other = tests/store/other_version
tests_store_check_views_other_SOURCES = tests/store/check_views.c
nodist_tests_store_check_views_other_SOURCES = $(other)/orc_sql.c
tests_store_check_views_other_LDADD = liborc.la
CLEANFILES += $(other)/orc_sql.c $(other)/orc_sql.h

$(other)/orc_sql.c: $(generated)/orc_sql.c
	$(AM_V_GEN)$(MKDIR_P) $(other)/views && ln -sfn $(abs_top_srcdir)/sql/queries $(other)/queries && \
		ln -sfn $(abs_top_srcdir)/sql/migrations $(other)/migrations && \
		cp $(top_srcdir)/sql/views/*.sql $(other)/views && chmod u+w $(other)/views/* && \
		sed -i "s/'sub', u.sub/'subject', u.sub/" $(other)/views/users.sql && \
		$(PYTHON) $(top_srcdir)/sql/compile.py $(other) $(enums) $(other)/orc_sql.h $@
