dist_check_SCRIPTS += tests/guards/guards.py

# What a release carries besides the sources: the stack of ./dev run and the tests.
EXTRA_DIST += .clang-format .ci conf $(patsubst $(top_srcdir)/%,%,$(wildcard $(top_srcdir)/tests/*))

dist-hook:
	find $(distdir) -name __pycache__ -prune -exec rm -rf {} +
