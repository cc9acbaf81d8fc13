dist_check_SCRIPTS += tests/guards/guards.py

# What a release carries besides the sources: the stack of ./dev run and the tests.
EXTRA_DIST += .clang-format .ci conf $(patsubst $(top_srcdir)/%,%,$(wildcard $(top_srcdir)/tests/*))

# A build in the tree leaves objects and programs in the folders that are carried as a whole.
dist-hook:
	find $(distdir) \( -name __pycache__ -o -name .deps -o -name .libs -o -name "*.o" -o \
		-name "*.lo" -o -name "*.log" -o -name "*.trs" \) -prune -exec rm -rf {} +
	cd $(distdir) && rm -f $(check_PROGRAMS) $(noinst_PROGRAMS) $(sbin_PROGRAMS) $(EXTRA_PROGRAMS)
