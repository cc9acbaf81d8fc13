# Licensed under the Apache License, Version 2.0; see LICENSE.
"""What the migrations make is what sql/schema.sql says, with the words of routes/enums.json."""

import contextlib
import json
import os
import pathlib
import re
import subprocess

import psycopg2
import pytest

from harness.client import unique
from stack import postgres

TOP = pathlib.Path(__file__).parents[2]
ENUMS = json.loads(TOP.joinpath("mod_orchestrator/routes/enums.json").read_text(encoding="utf-8"))


@pytest.fixture
def migrated(build, database):
    subprocess.run([os.path.join(build, "orchestrator-migrate"), database], stdout=subprocess.DEVNULL, check=True)
    return database


@pytest.fixture
def written(postgres_server):
    """A database that sql/schema.sql was run in."""
    name = unique("written").replace("-", "_")
    with contextlib.closing(psycopg2.connect(postgres_server.admin_url)) as connection:
        connection.autocommit = True
        connection.cursor().execute('CREATE DATABASE "%s" OWNER orchestrator' % name)
        url = postgres_server.url_of(name)
        with contextlib.closing(psycopg2.connect(url)) as inside, inside:
            inside.cursor().execute(TOP.joinpath("sql/schema.sql").read_text(encoding="utf-8"))
        yield url
        connection.cursor().execute('DROP DATABASE "%s" WITH (FORCE)' % name)


def dumped(url):
    """The schema as a set of statements; the columns of a table in any order, so that one may stand where it reads
    best."""
    dump = subprocess.run([os.path.join(postgres.programs(), "pg_dump"), "--schema-only", "--schema=public",
                           "--no-owner", url], text=True,
                          stdout=subprocess.PIPE, check=True).stdout
    dump = "\n".join(line for line in dump.splitlines()
                     if line and not line.startswith(("--", "SET ", "SELECT ", "\\")))
    statements = []
    for statement in re.split(r";\n(?=[A-Z])", dump):
        rows = statement.split("\n")
        if rows[0].startswith("CREATE TABLE"):
            rows = rows[:1] + sorted(row.rstrip(",") for row in rows[1:])
        statements.append("\n".join(rows))
    return sorted(statements)


def test_schema_sql_is_what_the_migrations_make(migrated, written):
    assert dumped(written) == dumped(migrated)


def test_the_types_have_the_words_of_the_enums(migrated):
    with contextlib.closing(psycopg2.connect(migrated)) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT t.typname, array_agg(e.enumlabel::text ORDER BY e.enumsortorder)"
                       " FROM pg_enum e JOIN pg_type t ON t.oid = e.enumtypid GROUP BY 1")
        types = dict(cursor.fetchall())
        assert types == {name: words for name, words in ENUMS.items() if name in types}
        assert {"operation_type", "operation_state", "operation_phase", "step_status", "log_level",
                "log_source", "orchestration_type", "orchestration_state"} == set(types)
        cursor.execute("SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conname = 'resources_status_check'")
        [(check,)] = cursor.fetchall()
    codes = ENUMS["resource_status"].values()
    assert [int(number) for number in re.findall(r"\d+", check)] == [min(codes), max(codes)]
