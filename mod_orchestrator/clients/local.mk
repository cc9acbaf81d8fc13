clients = mod_orchestrator/clients
liborc_la_SOURCES += \
	$(clients)/orc_breaker.c $(clients)/orc_breaker.h \
	$(clients)/orc_http.c $(clients)/orc_http.h $(clients)/orc_http_fetch.c \
	$(clients)/orc_http_transfer.c $(clients)/orc_http_transfer.h \
	$(clients)/orc_im.c $(clients)/orc_im.h $(clients)/orc_im_credentials.c \
	$(clients)/orc_im_answer.c $(clients)/orc_im_answer.h $(clients)/orc_im_message.c \
	$(clients)/orc_jwks.c $(clients)/orc_jwks.h \
	$(clients)/orc_oidc.c $(clients)/orc_oidc.h $(clients)/orc_oidc_internal.h $(clients)/orc_oidc_tokens.c \
	$(clients)/orc_userinfo.c $(clients)/orc_userinfo.h

check_PROGRAMS += tests/unit/test_im
tests_unit_test_im_SOURCES = tests/unit/test_im.c tests/unit/unit.h
tests_unit_test_im_LDADD = $(unit_ldadd)

check_PROGRAMS += tests/unit/test_http
tests_unit_test_http_SOURCES = tests/unit/test_http.c
tests_unit_test_http_LDADD = $(unit_ldadd)

# These need other processes, so pytest makes and runs them (tests/clients/test_*.py).
EXTRA_PROGRAMS += tests/clients/check_orc_im
tests_clients_check_orc_im_SOURCES = tests/clients/check_orc_im.c tests/unit/unit.h
tests_clients_check_orc_im_LDADD = $(unit_ldadd)

EXTRA_PROGRAMS += tests/clients/check_orc_oidc
tests_clients_check_orc_oidc_SOURCES = tests/clients/check_orc_oidc.c tests/unit/unit.h
tests_clients_check_orc_oidc_LDADD = $(unit_ldadd)

check_PROGRAMS += tests/unit/test_oidc
tests_unit_test_oidc_SOURCES = tests/unit/test_oidc.c tests/unit/unit.h
tests_unit_test_oidc_LDADD = $(unit_ldadd)

EXTRA_DIST += $(clients)/README.md tests/clients/test_orc_im.py tests/clients/test_orc_oidc.py
