# The tosca room as a program; pytest makes and runs it (tests/tosca/test_*.py).
EXTRA_PROGRAMS += tests/tosca/speak
tests_tosca_speak_SOURCES = tests/tosca/speak.c
tests_tosca_speak_LDADD = liborc.la
