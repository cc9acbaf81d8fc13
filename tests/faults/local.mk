# What httpd is loaded with for a fault that can't be made from outside.
check_LTLIBRARIES += tests/faults/no_fork.la
tests_faults_no_fork_la_SOURCES = tests/faults/no_fork.c
tests_faults_no_fork_la_LDFLAGS = $(AM_LDFLAGS) -module -avoid-version -shared -rpath /nowhere
tests_faults_no_fork_la_LIBADD = -ldl
