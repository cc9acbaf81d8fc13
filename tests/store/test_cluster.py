# Licensed under the Apache License, Version 2.0; see LICENSE.
"""The private PostgreSQL gives other users of the host nothing."""

import contextlib
import os
import stat

import psycopg2
import pytest


@pytest.mark.parametrize("user", ["orchestrator", "postgres"])
def test_nobody_gets_in_without_the_password(postgres_server, monkeypatch, user):
    monkeypatch.setenv("PGPASSFILE", os.devnull)
    with pytest.raises(psycopg2.OperationalError, match="no password supplied"):
        psycopg2.connect(host="127.0.0.1", port=postgres_server.port, user=user, dbname="postgres")


def test_only_our_own_processes_read_the_passwords(postgres_server):
    assert stat.S_IMODE(os.stat(postgres_server.passfile).st_mode) == 0o600


def test_the_services_role_may_do_nothing_else(postgres_server):
    with contextlib.closing(psycopg2.connect(postgres_server.url)) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT rolsuper, rolcreaterole, rolcreatedb, rolreplication FROM pg_roles WHERE rolname = "
                       "current_user")
        assert cursor.fetchone() == (False, False, False, False)
        with pytest.raises(psycopg2.errors.InsufficientPrivilege):
            cursor.execute("COPY (SELECT 1) TO PROGRAM 'true'")
