import = mod_orchestrator/import

# Takes the former orchestrator's database over; the one program that needs MariaDB's library.
import_sources = $(import)/orchestrator_import_legacy.c \
	$(import)/orc_import.c $(import)/orc_import.h \
	$(import)/orc_import_mapping.c $(import)/orc_import_mapping.h \
	$(import)/orc_import_old.c $(import)/orc_import_old.h \
	$(import)/orc_import_source.c $(import)/orc_import_source.h
if MARIADB
sbin_PROGRAMS += orchestrator-import-legacy
orchestrator_import_legacy_SOURCES = $(import_sources)
orchestrator_import_legacy_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/$(import) $(MARIADB_CFLAGS)
orchestrator_import_legacy_LDADD = liborc.la $(MARIADB_LIBS)
endif
EXTRA_DIST += $(import)/README.md $(import_sources)
