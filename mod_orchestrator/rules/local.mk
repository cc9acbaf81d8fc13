rules = mod_orchestrator/rules
liborc_la_SOURCES += \
	$(rules)/orc_rules.c $(rules)/orc_rules.h $(rules)/orc_rules_internal.h \
	$(rules)/orc_rules_adopt.c $(rules)/orc_rules_adoption.c $(rules)/orc_rules_adoption.h \
	$(rules)/orc_rules_adoption_internal.h $(rules)/orc_rules_adoption_nodes.c \
	$(rules)/orc_rules_callback.c $(rules)/orc_rules_callback.h \
	$(rules)/orc_rules_callers.c $(rules)/orc_rules_callers.h \
	$(rules)/orc_rules_deletion.c $(rules)/orc_rules_deletion.h \
	$(rules)/orc_rules_deployments.c $(rules)/orc_rules_deployments.h \
	$(rules)/orc_rules_follow.c $(rules)/orc_rules_follow.h \
	$(rules)/orc_rules_instances.c $(rules)/orc_rules_instances.h \
	$(rules)/orc_rules_logs.c $(rules)/orc_rules_logs.h \
	$(rules)/orc_rules_machines.c $(rules)/orc_rules_machines.h \
	$(rules)/orc_rules_news.c $(rules)/orc_rules_news.h \
	$(rules)/orc_rules_conduct.c $(rules)/orc_rules_conduct.h \
	$(rules)/orc_rules_operations.c $(rules)/orc_rules_operations.h \
	$(rules)/orc_rules_orchestrations.c $(rules)/orc_rules_orchestrations.h \
	$(rules)/orc_rules_owners.c $(rules)/orc_rules_owners.h \
	$(rules)/orc_rules_parsed.c $(rules)/orc_rules_parsed.h \
	$(rules)/orc_rules_persons.c $(rules)/orc_rules_persons.h \
	$(rules)/orc_rules_records.c $(rules)/orc_rules_records.h \
	$(rules)/orc_rules_registration.c \
	$(rules)/orc_rules_selectors.c $(rules)/orc_rules_selectors.h \
	$(rules)/orc_rules_ssh_key.c $(rules)/orc_rules_ssh_key.h \
	$(rules)/orc_rules_ssh_pair.c $(rules)/orc_rules_ssh_pair.h \
	$(rules)/orc_rules_submission.c $(rules)/orc_rules_submission.h \
	$(rules)/orc_rules_target.c $(rules)/orc_rules_target.h \
	$(rules)/orc_rules_templates.c $(rules)/orc_rules_templates.h \
	$(rules)/orc_rules_texts.c $(rules)/orc_rules_texts.h \
	$(rules)/orc_rules_update.c $(rules)/orc_rules_update.h \
	$(rules)/orc_rules_visit.c $(rules)/orc_rules_visit.h \
	$(rules)/orc_service.h
EXTRA_DIST += $(rules)/README.md

check_PROGRAMS += tests/unit/test_rules_instances
tests_unit_test_rules_instances_SOURCES = tests/unit/test_rules_instances.c tests/unit/tosca_fixture.h tests/unit/unit.h
tests_unit_test_rules_instances_LDADD = $(unit_ldadd)

check_PROGRAMS += tests/unit/test_news
tests_unit_test_news_SOURCES = tests/unit/test_news.c tests/unit/unit.h
tests_unit_test_news_LDADD = $(unit_ldadd)

check_PROGRAMS += tests/unit/test_orchestrations
tests_unit_test_orchestrations_SOURCES = tests/unit/test_orchestrations.c tests/unit/unit.h
tests_unit_test_orchestrations_LDADD = $(unit_ldadd)

check_PROGRAMS += tests/unit/test_rules_parsed
tests_unit_test_rules_parsed_SOURCES = tests/unit/test_rules_parsed.c
tests_unit_test_rules_parsed_LDADD = $(unit_ldadd)

check_PROGRAMS += tests/unit/test_rules_callback
tests_unit_test_rules_callback_SOURCES = tests/unit/test_rules_callback.c tests/unit/unit.h
tests_unit_test_rules_callback_LDADD = $(unit_ldadd)

check_PROGRAMS += tests/unit/test_ssh_key
tests_unit_test_ssh_key_SOURCES = tests/unit/test_ssh_key.c tests/unit/unit.h
tests_unit_test_ssh_key_LDADD = $(unit_ldadd)

check_PROGRAMS += tests/unit/test_visit
tests_unit_test_visit_SOURCES = tests/unit/test_visit.c tests/unit/unit.h
tests_unit_test_visit_LDADD = $(unit_ldadd)
