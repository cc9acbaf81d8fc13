# Licensed under the Apache License, Version 2.0; see LICENSE.
"""./dev migrate's program."""

import contextlib
import os
import subprocess

import psycopg2
import pytest


def migrate(build, database):
    return subprocess.run([os.path.join(build, "orchestrator-migrate"), database], stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True, check=False)


def test_an_empty_database_gets_every_migration_once(build, database):
    first, second = migrate(build, database), migrate(build, database)
    assert first.returncode == 0, first.stderr
    assert int(first.stdout.split()[0]) > 0
    assert second.stdout == "0 migrations applied\n"


def test_a_database_that_is_not_there_is_an_error_with_its_reason(build):
    done = migrate(build, "host=127.0.0.1 port=1 connect_timeout=2")
    assert done.returncode == 1
    assert "migrate: " in done.stderr and not done.stdout


@pytest.fixture
def ascii_database(postgres_server):
    """One as Debian's PostgreSQL makes it on a machine without a locale."""
    with contextlib.closing(psycopg2.connect(postgres_server.admin_url)) as connection:
        connection.autocommit = True
        connection.cursor().execute("CREATE DATABASE plain OWNER orchestrator TEMPLATE template0 ENCODING 'SQL_ASCII' "
                                    "LOCALE 'C'")
        yield postgres_server.url_of("plain")
        connection.cursor().execute("DROP DATABASE plain WITH (FORCE)")


def test_a_database_of_another_encoding_is_refused(build, ascii_database):
    done = migrate(build, ascii_database)
    assert done.returncode == 1
    assert "SQL_ASCII" in done.stderr and "UTF8" in done.stderr
