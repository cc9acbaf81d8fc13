core = mod_orchestrator/core
liborc_la_SOURCES += \
	$(core)/orc_callee.c $(core)/orc_callee.h \
	$(core)/orc_config.c $(core)/orc_config.h \
	$(core)/orc_engine_status.h \
	$(core)/orc_error.c $(core)/orc_error.h \
	$(core)/orc_fields.c $(core)/orc_fields.h \
	$(core)/orc_gate.c $(core)/orc_gate.h \
	$(core)/orc_hash.c $(core)/orc_hash.h \
	$(core)/orc_id.c $(core)/orc_id.h \
	$(core)/orc_identity.c $(core)/orc_identity.h \
	$(core)/orc_json.c $(core)/orc_json.h \
	$(core)/orc_log.c $(core)/orc_log.h \
	$(core)/orc_maintenance.c $(core)/orc_maintenance.h \
	$(core)/orc_monitor.c $(core)/orc_monitor.h \
	$(core)/orc_pool.c $(core)/orc_pool.h \
	$(core)/orc_providers.c $(core)/orc_providers.h \
	$(core)/orc_providers_file.c $(core)/orc_providers_offer.c $(core)/orc_providers_check.h \
	$(core)/orc_redact.c $(core)/orc_redact.h \
	$(core)/orc_redact_forms.c $(core)/orc_redact_forms.h $(core)/orc_redact_text.c \
	$(core)/orc_secret.c $(core)/orc_secret.h \
	$(core)/orc_secret_file.c $(core)/orc_secret_file.h \
	$(core)/orc_time.c $(core)/orc_time.h \
	$(core)/orc_im_lines.c $(core)/orc_im_lines.h \
	$(core)/orc_url.c $(core)/orc_url.h \
	$(core)/orc_utf8.c $(core)/orc_utf8.h \
	$(core)/orc_words.c $(core)/orc_words.h

check_PROGRAMS += tests/unit/test_core
tests_unit_test_core_SOURCES = tests/unit/test_core.c tests/unit/unit.h
tests_unit_test_core_LDADD = $(unit_ldadd)

check_PROGRAMS += tests/unit/test_callee
tests_unit_test_callee_SOURCES = tests/unit/test_callee.c tests/unit/unit.h
tests_unit_test_callee_LDADD = $(unit_ldadd)

check_PROGRAMS += tests/unit/test_gate
tests_unit_test_gate_SOURCES = tests/unit/test_gate.c tests/unit/unit.h
tests_unit_test_gate_LDADD = $(unit_ldadd)

check_PROGRAMS += tests/unit/test_monitor
tests_unit_test_monitor_SOURCES = tests/unit/test_monitor.c tests/unit/unit.h
tests_unit_test_monitor_LDADD = $(unit_ldadd)

check_PROGRAMS += tests/unit/test_providers
tests_unit_test_providers_SOURCES = tests/unit/test_providers.c tests/unit/unit.h
tests_unit_test_providers_LDADD = $(unit_ldadd)

check_PROGRAMS += tests/unit/test_redact
tests_unit_test_redact_SOURCES = tests/unit/test_redact.c tests/unit/unit.h
tests_unit_test_redact_LDADD = $(unit_ldadd)
