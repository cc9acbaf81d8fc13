# A handler that streams what tests write into files, through the module's own way of sending streams; built by its
# test, never installed. That code keeps things by the module it is in: here that is this one.
check_LTLIBRARIES += tests/streams/mod_streams.la
tests_streams_mod_streams_la_SOURCES = tests/streams/mod_streams.c \
	$(httpd)/mo_shared.c $(httpd)/mo_shared.h \
	$(httpd)/mo_stream.c $(httpd)/mo_stream.h \
	$(httpd)/mo_waiting.c $(httpd)/mo_waiting.h
tests_streams_mod_streams_la_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/$(httpd) $(HTTPD_CPPFLAGS) \
	-Dorchestrator_module=streams_module
tests_streams_mod_streams_la_LDFLAGS = $(AM_LDFLAGS) -module -avoid-version -shared -rpath /nowhere \
	-export-symbols-regex '^streams_module$$'
tests_streams_mod_streams_la_LIBADD = liborc.la
