# Licensed under the Apache License, Version 2.0; see LICENSE.
"""Two versions of the module with different views serve from one database; what no version uses any more is dropped."""

import contextlib
import json
import os
import subprocess

import psycopg2
import pytest
import requests

from stack import process

PERSON = "00000000-0000-7000-8000-000000000001"


class Version:
    """One of the two, at work on a database."""

    def __init__(self, program, database):
        self.program, self.database = program, database

    def run(self, *words):
        return subprocess.run([self.program, self.database, *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              text=True, timeout=60, check=False)

    def __call__(self, *words):
        done = self.run(*words)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def person(self):
        return json.loads(self("user", PERSON))


@pytest.fixture(scope="module")
def programs(build):
    names = ["tests/store/check_views", "tests/store/check_views_other"]
    process.run(["make", "-s", "-C", build, *names])
    return [os.path.join(build, name) for name in names]


@pytest.fixture
def versions(programs, database):
    return [Version(program, database) for program in programs]


@pytest.fixture
def sql(database):
    with contextlib.closing(psycopg2.connect(database)) as connection:
        connection.autocommit = True

        def run(statement, values=None):
            with connection.cursor() as cursor:
                cursor.execute(statement, values)
                return cursor.fetchall() if cursor.description else None
        yield run


@pytest.fixture
def both(versions, sql):
    """Both, the old one first, and the names of their schemas."""
    names = [version("migrate") for version in versions]
    sql("INSERT INTO users (id, issuer, sub, name, username, email) VALUES (%s, 'i', 's', 'n', 'u', 'e')", (PERSON,))
    return versions, names


def schemas(sql):
    return sorted(name for name, in sql("SELECT nspname FROM pg_namespace WHERE nspname LIKE 'orc\\_views\\_%'"))


def test_two_versions_serve_at_once_each_with_its_own_shapes(both, sql):
    (old, new), names = both
    assert names[0] != names[1] and schemas(sql) == sorted(names)
    assert old.person()["sub"] == "s" and "subject" not in old.person()
    assert new.person()["subject"] == "s" and "sub" not in new.person()
    assert old.person()["sub"] == "s"


def test_a_second_migration_makes_nothing(both, sql):
    (old, _), names = both
    before = sql("SELECT oid FROM pg_namespace WHERE nspname = %s", (names[0],))
    old("migrate")
    assert sql("SELECT oid FROM pg_namespace WHERE nspname = %s", (names[0],)) == before


def test_views_that_nobody_used_for_a_week_are_dropped(both, sql):
    (old, new), names = both
    sql("UPDATE view_schemas SET last_used = now() - interval '6 days 23 hours' WHERE name = %s", (names[0],))
    new("keep")
    assert schemas(sql) == sorted(names)
    sql("UPDATE view_schemas SET last_used = now() - interval '7 days 1 second' WHERE name = %s", (names[0],))
    new("keep")
    assert schemas(sql) == [names[1]]
    assert sql("SELECT name FROM view_schemas") == [(names[1],)]
    assert new.person()["subject"] == "s"
    gone = old.run("keep")
    assert gone.returncode == 1 and names[0] in gone.stderr
    old("migrate")
    assert old.person()["sub"] == "s" and schemas(sql) == sorted(names)


def test_a_migration_drops_them_too(both, sql):
    (_, new), names = both
    sql("UPDATE view_schemas SET last_used = now() - interval '8 days'")
    new("migrate")
    assert schemas(sql) == [names[1]]


def test_views_that_are_in_use_stay_and_are_written_down_once_an_hour(both, sql):
    (old, _), names = both
    sql("UPDATE view_schemas SET last_used = now() - interval '59 minutes' WHERE name = %s", (names[0],))
    before = sql("SELECT last_used FROM view_schemas WHERE name = %s", (names[0],))
    old("keep")
    assert sql("SELECT last_used FROM view_schemas WHERE name = %s", (names[0],)) == before
    sql("UPDATE view_schemas SET last_used = now() - interval '8 days' WHERE name = %s", (names[0],))
    old("keep")
    assert sql("SELECT last_used > now() - interval '1 minute' FROM view_schemas WHERE name = %s",
               (names[0],)) == [(True,)]


def test_nothing_is_dropped_while_somebody_migrates(both, sql):
    (_, new), names = both
    sql("UPDATE view_schemas SET last_used = now() - interval '8 days' WHERE name = %s", (names[0],))
    sql("SELECT pg_advisory_lock(7303779)")
    new("keep")
    assert schemas(sql) == sorted(names)
    sql("SELECT pg_advisory_unlock(7303779)")
    new("keep")
    assert schemas(sql) == [names[1]]


@pytest.fixture
def reader(postgres_server, both, sql, database):
    """The connection of another role than the one that migrated."""
    with contextlib.closing(psycopg2.connect(postgres_server.admin_url)) as connection:
        connection.autocommit = True
        connection.cursor().execute("CREATE ROLE only_reader LOGIN PASSWORD 'read'")
        sql("GRANT SELECT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO only_reader")
        yield psycopg2.extensions.make_dsn(database, user="only_reader", password="read")
        sql("REVOKE ALL ON ALL TABLES IN SCHEMA public FROM only_reader")
        connection.cursor().execute("DROP ROLE only_reader")


def test_who_may_not_drop_leaves_it_to_others(both, sql, reader):
    """httpd's role may be another one than the one that migrates."""
    (_, new), names = both
    sql("UPDATE view_schemas SET last_used = now() - interval '8 days' WHERE name = %s", (names[0],))
    new.database = reader
    new("keep")
    assert schemas(sql) == sorted(names) and new.person()["subject"] == "s"


def test_httpds_of_two_versions_serve_at_once(make_stack, build):
    """The second one comes while the first is at work, and ends before it."""
    old = make_stack()

    def person(stack):
        token = stack.issuer.token("alice", stack.person().groups)
        answer = requests.get(stack.url + "/users/me", headers={"Authorization": "Bearer " + token}, timeout=10)
        return answer.status_code, sorted({"sub", "subject"} & set(answer.json()))
    assert person(old) == (200, ["sub"])
    new = make_stack('OrchestratorEngine Off\nDBDParams "%s"' % old.postgres.conninfo,
                     module=os.path.join(build, "tests/api/.libs/mod_other_views.so"))
    for _ in range(3):
        assert person(new) == (200, ["subject"]) and person(old) == (200, ["sub"])
    alice = old.person()
    alice.wait_for_status(alice.deploy(), "CREATE_COMPLETE")
    new.httpd.stop()
    assert person(old) == (200, ["sub"])
