# Licensed under the Apache License, Version 2.0; see LICENSE.
"""A pooler between us and PostgreSQL: sessions that do not hold are noticed before anything is done."""

import contextlib
import itertools
import subprocess
import threading

import psycopg2
import pytest

NEEDS = "needs session pooling"


@pytest.fixture
def migrate(build, postgres_server, database, make_pgbouncer):
    """Calls orchestrator-migrate with an empty database, through a PgBouncer of that kind."""
    def call(mode, meanwhile=contextlib.nullcontext, **options):
        pooler = make_pgbouncer(postgres_server, mode, **options)
        url = pooler.url(psycopg2.extensions.parse_dsn(database)["dbname"])
        with meanwhile(url):
            return subprocess.run([build + "/orchestrator-migrate", url], stdout=subprocess.PIPE,
                                  stderr=subprocess.PIPE, text=True, timeout=120, check=False)
    return call


@contextlib.contextmanager
def busy(url):
    """Others use the pool all the time, so that no connection of it has the same client for long."""
    end = threading.Event()
    begun = [threading.Event() for _ in range(4)]

    def work(mine):
        with contextlib.closing(psycopg2.connect(url)) as connection:
            connection.autocommit = True
            for number in itertools.count():
                if end.is_set():
                    return
                with connection.cursor() as cursor:
                    cursor.execute("SELECT pg_sleep(0.0%02d)" % (number % 7))
                mine.set()
    threads = [threading.Thread(target=work, args=(mine,)) for mine in begun]
    for thread in threads:
        thread.start()
    assert all(mine.wait(60) for mine in begun)
    try:
        yield
    finally:
        end.set()
        for thread in threads:
            thread.join(60)


@pytest.mark.parametrize("mode", ["transaction", "statement"])
@pytest.mark.parametrize("options",
                         [{}, {"size": 1}, {"more": "server_round_robin = 1"},
                          {"more": "min_pool_size = 2\nserver_round_robin = 1"}, {"more": "min_pool_size = 5"}],
                         ids=str)
def test_pooling_that_changes_sessions_is_an_error_at_once(migrate, database, mode, options):
    done = migrate(mode, **options)
    assert done.returncode == 1
    assert NEEDS in done.stderr
    with contextlib.closing(psycopg2.connect(database)) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'")
        assert cursor.fetchone() == (0,)


@pytest.mark.parametrize("more", ["", "server_round_robin = 1"])
def test_others_traffic_does_not_hide_it(migrate, more):
    done = migrate("transaction", busy, size=8, more=more)
    assert done.returncode == 1
    assert NEEDS in done.stderr


@pytest.mark.parametrize("meanwhile", [contextlib.nullcontext, busy], ids=["alone", "with others"])
def test_session_pooling_is_as_good_as_none(migrate, meanwhile):
    done = migrate("session", meanwhile, size=8)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout.split()[0]) > 0


def test_a_pool_of_one_session_is_taken_for_one(migrate):
    done = migrate("session", size=1)
    assert done.returncode == 0, done.stderr
