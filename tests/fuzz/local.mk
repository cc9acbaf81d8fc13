# Each target is built twice: with libFuzzer (./configure --enable-fuzzing CC=clang), and with replay.c, which runs it
# over its corpus in `make check`.
fuzz_headers = tests/fuzz/fuzz.h
fuzz_cppflags = $(AM_CPPFLAGS) -I$(top_srcdir)/tests/fuzz

check_PROGRAMS += tests/fuzz/replay_yaml tests/fuzz/replay_template tests/fuzz/replay_inputs
tests_fuzz_replay_yaml_SOURCES = tests/fuzz/replay.c tests/fuzz/fuzz_yaml.c $(fuzz_headers)
tests_fuzz_replay_yaml_CPPFLAGS = $(fuzz_cppflags) -DFUZZ_TARGET='"yaml"'
tests_fuzz_replay_yaml_LDADD = liborc.la
tests_fuzz_replay_template_SOURCES = tests/fuzz/replay.c tests/fuzz/fuzz_template.c $(fuzz_headers)
tests_fuzz_replay_template_CPPFLAGS = $(fuzz_cppflags) -DFUZZ_TARGET='"template"'
tests_fuzz_replay_template_LDADD = liborc.la
tests_fuzz_replay_inputs_SOURCES = tests/fuzz/replay.c tests/fuzz/fuzz_inputs.c $(fuzz_headers)
tests_fuzz_replay_inputs_CPPFLAGS = $(fuzz_cppflags) -DFUZZ_TARGET='"inputs"'
tests_fuzz_replay_inputs_LDADD = liborc.la

if FUZZING
noinst_PROGRAMS += tests/fuzz/fuzz_yaml tests/fuzz/fuzz_template tests/fuzz/fuzz_inputs
tests_fuzz_fuzz_yaml_SOURCES = tests/fuzz/fuzz_yaml.c $(fuzz_headers)
tests_fuzz_fuzz_yaml_CPPFLAGS = $(fuzz_cppflags)
tests_fuzz_fuzz_yaml_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
tests_fuzz_fuzz_yaml_LDADD = liborc.la
tests_fuzz_fuzz_template_SOURCES = tests/fuzz/fuzz_template.c $(fuzz_headers)
tests_fuzz_fuzz_template_CPPFLAGS = $(fuzz_cppflags)
tests_fuzz_fuzz_template_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
tests_fuzz_fuzz_template_LDADD = liborc.la
tests_fuzz_fuzz_inputs_SOURCES = tests/fuzz/fuzz_inputs.c $(fuzz_headers)
tests_fuzz_fuzz_inputs_CPPFLAGS = $(fuzz_cppflags)
tests_fuzz_fuzz_inputs_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
tests_fuzz_fuzz_inputs_LDADD = liborc.la
endif

EXTRA_DIST += tests/fuzz/corpus tests/fuzz/run tests/fuzz/README.md
