httpd = mod_orchestrator/httpd

# What of this room needs no header of httpd: linked into the module and into its unit test.
noinst_LTLIBRARIES += libmo.la
libmo_la_SOURCES = \
	$(httpd)/mo_claims.c $(httpd)/mo_claims.h \
	$(httpd)/mo_fruitless.c $(httpd)/mo_fruitless.h \
	$(httpd)/mo_identity.c $(httpd)/mo_identity.h \
	$(httpd)/mo_jwks.c $(httpd)/mo_jwks.h \
	$(httpd)/mo_jws.c $(httpd)/mo_jws.h \
	$(httpd)/mo_query.c $(httpd)/mo_query.h \
	$(httpd)/mo_tokens.c $(httpd)/mo_tokens.h
libmo_la_CPPFLAGS = $(AM_CPPFLAGS) $(CJOSE_CFLAGS)
libmo_la_LIBADD = $(CJOSE_LIBS)

# The module but for its table of surfaces: a test makes one of it that has another table.
noinst_LTLIBRARIES += libmodule.la
libmodule_la_SOURCES = \
	$(httpd)/mod_orchestrator.c $(httpd)/mo_private.h \
	$(httpd)/mo_access.c $(httpd)/mo_access.h \
	$(httpd)/mo_auth.c $(httpd)/mo_auth.h \
	$(httpd)/mo_body.c $(httpd)/mo_body.h \
	$(httpd)/mo_child.c $(httpd)/mo_child.h \
	$(httpd)/mo_config.c $(httpd)/mo_config.h \
	$(httpd)/mo_daemon.c $(httpd)/mo_daemon.h \
	$(httpd)/mo_dbd.c $(httpd)/mo_dbd.h \
	$(httpd)/mo_directives.c \
	$(httpd)/mo_files.c $(httpd)/mo_files.h \
	$(httpd)/mo_link.c $(httpd)/mo_link.h \
	$(httpd)/mo_log.c $(httpd)/mo_log.h \
	$(httpd)/mo_merge.c $(httpd)/mo_merge.h \
	$(httpd)/mo_page.c $(httpd)/mo_page.h \
	$(httpd)/mo_places.c $(httpd)/mo_places.h \
	$(httpd)/mo_probes.c $(httpd)/mo_probes.h \
	$(httpd)/mo_problem.c $(httpd)/mo_problem.h \
	$(httpd)/mo_recognise.c $(httpd)/mo_recognise.h \
	$(httpd)/mo_request.c $(httpd)/mo_request.h \
	$(httpd)/mo_require.c $(httpd)/mo_require.h \
	$(httpd)/mo_setting.c $(httpd)/mo_setting.h \
	$(httpd)/mo_setting_files.c $(httpd)/mo_setting_files.h \
	$(httpd)/mo_setting_issuer.c $(httpd)/mo_setting_issuer.h \
	$(httpd)/mo_setting_values.c $(httpd)/mo_setting_values.h \
	$(httpd)/mo_shared.c $(httpd)/mo_shared.h \
	$(httpd)/mo_status.c $(httpd)/mo_status.h $(httpd)/mo_status_tables.c $(httpd)/mo_status_tables.h \
	$(httpd)/mo_stream.c $(httpd)/mo_stream.h \
	$(httpd)/mo_surfaces.h \
	$(httpd)/mo_tree.c $(httpd)/mo_tree.h \
	$(httpd)/mo_waiting.c $(httpd)/mo_waiting.h
libmodule_la_CPPFLAGS = $(AM_CPPFLAGS) $(HTTPD_CPPFLAGS)
libmodule_la_LIBADD = libmo.la liborc.la

module_LTLIBRARIES += mod_orchestrator.la
module_ldflags = -module -avoid-version -shared -export-symbols-regex '^orchestrator_module$$'
mod_orchestrator_la_SOURCES = $(httpd)/mo_surfaces.c
mod_orchestrator_la_LDFLAGS = $(AM_LDFLAGS) $(module_ldflags)
mod_orchestrator_la_LIBADD = libmodule.la

check_LTLIBRARIES += tests/api/mod_two_surfaces.la
tests_api_mod_two_surfaces_la_SOURCES = tests/api/two_surfaces.c
tests_api_mod_two_surfaces_la_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/$(httpd)
tests_api_mod_two_surfaces_la_LDFLAGS = $(AM_LDFLAGS) $(module_ldflags) -rpath /nowhere
tests_api_mod_two_surfaces_la_LIBADD = libmodule.la

# Another version of the module, with other views ($(other): store/local.mk): its statements hide the library's.
check_LTLIBRARIES += tests/api/mod_other_views.la
tests_api_mod_other_views_la_SOURCES = $(httpd)/mo_surfaces.c
nodist_tests_api_mod_other_views_la_SOURCES = $(other)/orc_sql.c
tests_api_mod_other_views_la_CPPFLAGS = $(AM_CPPFLAGS)
tests_api_mod_other_views_la_LDFLAGS = $(AM_LDFLAGS) $(module_ldflags) -rpath /nowhere -Wl,-z,muldefs
tests_api_mod_other_views_la_LIBADD = libmodule.la

# httpd loads the .so; nobody links against the module.
install-data-hook:
	rm -f $(DESTDIR)$(moduledir)/mod_orchestrator.la
uninstall-local:
	rm -f $(DESTDIR)$(moduledir)/mod_orchestrator.so

check_PROGRAMS += tests/unit/test_httpd
tests_unit_test_httpd_SOURCES = tests/unit/test_httpd.c
tests_unit_test_httpd_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/$(httpd)
tests_unit_test_httpd_LDADD = libmo.la $(unit_ldadd)

check_PROGRAMS += tests/unit/test_jws
tests_unit_test_jws_SOURCES = tests/unit/test_jws.c tests/unit/unit.h
tests_unit_test_jws_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/$(httpd)
tests_unit_test_jws_LDADD = libmo.la $(unit_ldadd)

check_PROGRAMS += tests/unit/test_tokens
tests_unit_test_tokens_SOURCES = tests/unit/test_tokens.c tests/unit/unit.h
tests_unit_test_tokens_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/$(httpd)
tests_unit_test_tokens_LDADD = libmo.la $(unit_ldadd)

dist_check_SCRIPTS += tests/guards/log_tags.py

EXTRA_DIST += $(httpd)/README.md
