# The yardstick module of ./dev bench; made by it, not installed.
EXTRA_LTLIBRARIES = tests/bench/mod_bench.la
tests_bench_mod_bench_la_SOURCES = tests/bench/mod_bench.c
tests_bench_mod_bench_la_CPPFLAGS = $(AM_CPPFLAGS) $(HTTPD_CPPFLAGS)
tests_bench_mod_bench_la_LDFLAGS = $(AM_LDFLAGS) -module -avoid-version -shared -rpath /nowhere
tests_bench_mod_bench_la_LIBADD = $(ORC_LIBS)
