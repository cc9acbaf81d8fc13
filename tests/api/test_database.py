# Licensed under the Apache License, Version 2.0; see LICENSE.
"""Requests and a database that hangs, or that a pooler stands before: nobody waits for ever, and nothing is a 500."""

import concurrent.futures
import contextlib
import os
import re
import socket
import subprocess
import threading
import time

import psycopg2
import pytest

from harness.client import expect, template, unique

# What httpd, its database modules and the daemon say of a database that does not answer.
AWAY = r"ORC1000: the database|ORC1010: |ORC1031|AH00\d\d\d|dbd|DBD"
# A free connection, a new one and a statement have two seconds, two and one; a busy machine has many times that.
DIRECTIVES = 'DBDParams "${conninfo} connect_timeout=2"\nOrchestratorDatabaseTimeout 1s\n'
BOUND = 30
REQUESTS = 30


@pytest.fixture(scope="module")
def _own(make_stack):
    return make_stack()


@pytest.fixture
def own(_own):
    """A stack whose way to the database each test changes; it gets its own again."""
    yield _own
    _own.reconfigure("")
    _own.wait_for(_own.ready, 30, "health")


def ask_at_once(stack, people):
    """Each of them asks at the same time; their answers, all of them in time."""
    def ask(number):
        begun = time.monotonic()
        answer = people[number % len(people)].get("/users/me", timeout=4 * BOUND)
        assert time.monotonic() - begun < BOUND
        return answer
    with concurrent.futures.ThreadPoolExecutor(REQUESTS) as pool:
        return list(pool.map(ask, range(REQUESTS)))


def refused(answers):
    """How many were turned away; they are told when to come again, and the others were served."""
    for answer in answers:
        if answer.status_code != 503:
            expect(answer, 200)
        else:
            assert int(answer.headers["Retry-After"]) > 0
    return sum(answer.status_code == 503 for answer in answers)


def registered(stack, number=3):
    people = [stack.person() for _ in range(number)]
    for person in people:
        expect(person.get("/users/me"), 200)
    return people


def test_nobody_waits_for_a_database_that_hangs(own):
    own.reconfigure(DIRECTIVES)
    people = registered(own)
    own.expect_log(AWAY)
    with own.hanging_postgres():
        for _ in range(2):
            assert refused(ask_at_once(own, people)) == REQUESTS
    own.wait_for(lambda: refused(ask_at_once(own, people)) == 0, 30, "answers")
    own.wait_for(own.ready, 30, "health")
    people[0].wait_for_status(people[0].deploy(), "CREATE_COMPLETE", timeout=60)


def test_what_a_site_sets_for_all_of_its_sessions_changes_no_text_and_refuses_nobody(own):
    own.reconfigure('DBDParams "${conninfo} client_encoding=LATIN1 options=\'-c default_transaction_isolation='
                    'serializable\'"')
    own.wait_for(own.ready, 30, "health")
    group = own.group(None)
    people = [own.person(groups=[group]) for _ in range(6)]
    stored = people[0].store_template(template(unique("Ωmega")))
    name = expect(people[0].get("/templates/" + stored), 200).json()["name"]
    assert name.startswith("Ωmega")
    assert own.sql("SELECT name FROM templates WHERE id = %s", (stored,)) == [(name,)]
    assert expect(people[1].get("/templates", params={"name": name.replace("Ω", "ω")}), 200).json()["data"]
    with concurrent.futures.ThreadPoolExecutor(len(people)) as pool:
        for _ in range(3):
            list(pool.map(lambda person: person.deploy(stored), people))


@contextlib.contextmanager
def shut_against_changes(stack):
    """A database as a standby is, or one that its administrator has shut against changes for a while."""
    with contextlib.closing(psycopg2.connect(stack.postgres.admin_url)) as connection:
        connection.autocommit = True
        cursor = connection.cursor()

        def say(setting):
            cursor.execute("ALTER ROLE orchestrator " + setting)
            cursor.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'orchestrator'")
        say("SET default_transaction_read_only = on")
        try:
            yield
        finally:
            say("RESET default_transaction_read_only")


def test_a_database_that_takes_no_changes_is_read_and_what_would_change_it_is_told_to_come_again(own):
    known, fresh = own.person(), own.person()
    template_id = known.store_template()
    own.expect_log(AWAY + "|ORC10[01]0")
    own.expect_log("terminating connection")
    with shut_against_changes(own):
        own.wait_for(lambda: expect(known.get("/health"), 200).json()["db_connection"] == "unhealthy", 30, "health")
        expect(known.get("/templates/" + template_id), 200)
        expect(known.get("/deployments"), 200)
        for answer in (fresh.get("/users/me"), known.delete("/templates/" + template_id),
                       known.post("/templates", json={"content": template(unique("more"))})):
            assert int(expect(answer, 503).headers["Retry-After"]) > 0
    own.wait_for(own.ready, 30, "health")
    expect(fresh.get("/users/me"), 200)
    expect(known.delete("/templates/" + template_id), 204)


def test_a_database_that_takes_no_changes_is_read_on_after_a_reload(own):
    known = own.person()
    template_id = known.store_template()
    own.expect_log(AWAY + "|ORC10[01]0")
    own.expect_log("terminating connection")
    with shut_against_changes(own):
        own.httpd.graceful()
        own.wait_for_log("ORC1031.*takes no changes", 30)
        expect(known.get("/templates/" + template_id), 200)
        assert int(expect(known.delete("/templates/" + template_id), 503).headers["Retry-After"]) > 0
    own.wait_for(own.ready, 30, "health")
    known.wait_for_status(known.deploy(template_id), "CREATE_COMPLETE")


def test_a_role_that_may_make_nothing_serves_from_tables_that_are_there(own):
    with contextlib.closing(psycopg2.connect(own.postgres.admin_url)) as connection:
        connection.autocommit = True
        cursor = connection.cursor()
        owner, = own.sql("SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = current_database()")[0]
        cursor.execute("ALTER DATABASE orchestrator OWNER TO CURRENT_USER")
        try:
            with pytest.raises(psycopg2.errors.InsufficientPrivilege):
                own.sql("CREATE TABLE more ()")
            own.graceful()
            own.wait_for_log("ORC1038", 30)
            person = own.person()
            person.wait_for_status(person.deploy(), "CREATE_COMPLETE")
        finally:
            cursor.execute('ALTER DATABASE orchestrator OWNER TO "%s"' % owner)


class Wire:
    """Hands a port's connections on to another port; `is_silent`: it takes them and no byte goes either way any
    more."""

    def __init__(self, target):
        self._target = target
        self.is_silent = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        with contextlib.suppress(OSError):
            while True:
                client = self._listener.accept()[0]
                server = socket.create_connection(("127.0.0.1", self._target))
                for pair in ((client, server), (server, client)):
                    threading.Thread(target=self._carry, args=pair, daemon=True).start()

    def _carry(self, source, sink):
        with contextlib.suppress(OSError):
            while True:
                data = source.recv(65536)
                if self.is_silent.is_set():
                    threading.Event().wait()  # what was taken is never handed on, and the connection stays
                if not data:
                    break
                sink.sendall(data)
        for one in (source, sink):
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)

    def close(self):
        self._listener.close()


def test_nobody_waits_for_a_server_that_takes_connections_and_says_nothing(own):
    wire = Wire(own.postgres.port)
    own.reconfigure(DIRECTIVES.replace("connect_timeout=2", "connect_timeout=2 port=%d" % wire.port))
    own.wait_for(own.ready, 30, "health")
    people = registered(own)
    own.expect_log(AWAY)
    wire.is_silent.set()
    for _ in range(2):
        assert refused(ask_at_once(own, people)) == REQUESTS
    assert own.client(None).get("/health").json()["db_connection"] == "unhealthy"
    wire.is_silent.clear()
    own.wait_for(lambda: refused(ask_at_once(own, people)) == 0, 60, "answers")
    wire.close()


def test_a_request_is_not_held_up_by_a_lock_of_others(own):
    """Also when the server has no statement_timeout of its own."""
    own.reconfigure(DIRECTIVES.replace('connect_timeout=2"', "connect_timeout=2 options=''\""))
    own.wait_for(own.ready, 30, "health")
    person, = registered(own, 1)
    own.expect_log(AWAY)
    with contextlib.closing(psycopg2.connect(own.postgres.url)) as other, other.cursor() as cursor:
        cursor.execute("BEGIN; LOCK TABLE users")
        assert refused(ask_at_once(own, [person])) == REQUESTS
    own.wait_for(lambda: person.get("/users/me").status_code == 200, 30, "an answer")
    waiting = ("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND application_name = "
               "'orchestrator'")
    own.wait_for(lambda: own.sql(waiting) == [(0,)], 30, "the end of what was given up")


# --- poolers ---

POOLED = 'DBDParams "${conninfo} connect_timeout=2 port=%d"\n'


def turned_away(stack, person):
    assert int(expect(person.get("/users/me"), 503).headers["Retry-After"]) > 0
    assert stack.client(None).get("/health").json()["db_connection"] == "unhealthy"


@pytest.mark.parametrize("way", ["DBDParams", "OrchestratorDatabase"])
def test_transaction_pooling_is_noticed_at_the_start(own, make_pgbouncer, way):
    person, = registered(own, 1)
    pooler = make_pgbouncer(own.postgres, "transaction")
    own.expect_log(r"ORC1031.*needs session pooling \(PgBouncer: pool_mode = session\)", required=True)
    own.expect_log("ORC1010.*(found that it can not be used|nobody has looked at the database yet)")
    own.reconfigure('%s "${conninfo} port=%d"\n' % (way, pooler.port))
    own.wait_for_log("ORC1031", 30)
    turned_away(own, person)
    own.httpd.stop()
    own.httpd.start()
    turned_away(own, person)
    own.reconfigure("")
    own.wait_for(own.ready, 30, "health")
    person.wait_for_status(person.deploy(), "CREATE_COMPLETE")


def test_the_way_to_the_database_is_looked_at_without_migrations_too(own, make_pgbouncer):
    person, = registered(own, 1)
    pooler = make_pgbouncer(own.postgres, "transaction")
    own.expect_log("ORC1031.*needs session pooling", required=True)
    own.expect_log("ORC1010")
    own.reconfigure('OrchestratorMigrate Off\nDBDParams "${conninfo} port=%d"\n' % pooler.port)
    own.httpd.stop()
    own.httpd.start()
    own.wait_for_log("ORC1031", 30)
    turned_away(own, person)
    own.reconfigure("OrchestratorMigrate Off\n")
    own.wait_for(own.ready, 30, "health")
    expect(person.get("/users/me"), 200)


def test_session_pooling_works(own, make_pgbouncer):
    pooler = make_pgbouncer(own.postgres, "session", size=60)
    own.reconfigure(POOLED % pooler.port)
    own.wait_for(own.ready, 30, "health")
    people = registered(own)
    own.expect_log("ORC1010: .*no connection is to be had")  # a machine may be too busy for thirty at once
    own.wait_for(lambda: refused(ask_at_once(own, people)) == 0, 30, "answers")
    for person in people:
        person.wait_for_status(person.deploy(), "CREATE_COMPLETE")


def test_a_pool_with_fewer_connections_than_are_needed_turns_requests_away(own, make_pgbouncer):
    people = registered(own)
    pooler = make_pgbouncer(own.postgres, "session", size=6)
    own.expect_log(AWAY)
    own.reconfigure(POOLED % pooler.port + "OrchestratorDatabaseTimeout 1s\n")
    own.wait_for(lambda: people[0].get("/users/me").status_code == 200, 30, "an answer")
    own.wait_for(lambda: refused(ask_at_once(own, people)) > 0, 60, "requests that are turned away")
    own.reconfigure("")
    own.wait_for(own.ready, 30, "health")
    own.wait_for(lambda: refused(ask_at_once(own, people)) == 0, 30, "answers")


def test_a_connection_string_without_connect_timeout_is_warned_of(own):
    own.expect_log("ORC1004: DBDParams on line .*has no connect_timeout", required=True)
    own.reconfigure('DBDParams "host=127.0.0.1 port=%d user=orchestrator dbname=orchestrator passfile=%s"\n'
                    % (own.postgres.port, own.postgres.passfile))
    own.wait_for(own.ready, 30, "health")


def test_another_hosts_database_is_not_ours(own):
    """DBDParams of a <VirtualHost> that comes first belong to that host's own modules."""
    own.expect_log("dbd:")  # mod_dbd looks for theirs
    own.reconfigure("""
        <VirtualHost 127.0.0.1:1>
            DBDParams "host=127.0.0.1 port=1 dbname=theirs connect_timeout=2"
        </VirtualHost>
        DBDParams "${conninfo}"
    """)
    own.wait_for(own.ready, 30, "health")
    person = own.person()
    person.wait_for_status(person.deploy(), "CREATE_COMPLETE")


def test_of_several_databases_the_main_servers_last_one_is_ours(own):
    """For requests, which get what mod_dbd gives them, and for the daemon."""
    begun = own.sql("SELECT clock_timestamp()")[0][0]  # a pooler's connections are older
    own.reconfigure("""
        DBDParams "host=127.0.0.1 port=1 dbname=nobody connect_timeout=2"
        <IfModule mod_dbd.c>
            DBDParams "${conninfo} application_name=last"
        </IfModule>
    """)
    own.wait_for(own.ready, 30, "health")
    person = own.person()
    person.wait_for_status(person.deploy(), "CREATE_COMPLETE")
    names = ("SELECT DISTINCT application_name FROM pg_stat_activity WHERE usename = 'orchestrator' AND backend_start "
             "> %s")
    own.wait_for(lambda: own.sql(names, (begun,)) == [("last",)], 30, "connections with the last parameters only")


OTHER = ['OrchestratorDatabase "${conninfo}"\nDBDParams "${conninfo} dbname=postgres"\n',
         'OrchestratorDatabase "${conninfo}"\nDBDParams "${conninfo} options=\'-c search_path=elsewhere\'"\n',
         'DBDInitSQL "SET search_path = elsewhere"\n',
         'DBDInitSQL "nonsense"\nDBDInitSQL "SET search_path = elsewhere"\n']


@pytest.mark.parametrize("other", OTHER)
def test_requests_never_have_another_database_than_the_daemon(own, other):
    own.expect_log("ORC1031.*Requests would have other tables than the daemon", required=True)
    own.expect_log("ORC1010")
    own.reconfigure(other)
    own.wait_for_log("ORC1031.*Requests would have other tables than the daemon", 30)
    turned_away(own, own.person())
    own.reconfigure('OrchestratorDatabase "${conninfo} application_name=daemon"\n')
    own.wait_for(own.ready, 30, "health")
    expect(own.person().get("/users/me"), 200)


def test_another_database_is_looked_at_before_it_is_served(own):
    """What was found of the one before says nothing of it, however long nobody can look."""
    person, = registered(own, 1)
    with contextlib.closing(psycopg2.connect(own.postgres.admin_url)) as connection:
        connection.autocommit = True
        connection.cursor().execute("CREATE DATABASE copy OWNER orchestrator")
    own.reconfigure('DBDParams "${conninfo} dbname=copy"\n')
    own.wait_for_log("ORC1030", 30)
    own.wait_for(own.ready, 30, "health")
    expect(person.get("/users/me"), 200)
    own.reconfigure("")
    own.wait_for(own.ready, 30, "health")
    own.expect_log("ORC1031", required=True)
    own.expect_log("ORC1010.*(found that it can not be used|nobody has looked at the database yet)")
    own.reconfigure('OrchestratorDatabase "${conninfo} port=1"\nDBDParams "${conninfo} dbname=copy"\n')
    turned_away(own, person)
    own.wait_for_log("ORC1031", 30)
    turned_away(own, person)


def test_a_locale_that_knows_ascii_only_is_warned_of(own):
    with contextlib.closing(psycopg2.connect(own.postgres.admin_url)) as connection:
        connection.autocommit = True
        connection.cursor().execute("CREATE DATABASE plain OWNER orchestrator TEMPLATE template0 ENCODING 'UTF8' "
                                    "LC_COLLATE 'C' LC_CTYPE 'C'")
    own.expect_log("ORC1039: .*LC_CTYPE", required=True)
    own.reconfigure('DBDParams "${conninfo} dbname=plain"\n')
    own.wait_for_log("ORC1039", 30)
    own.wait_for(own.ready, 30, "health")


def test_what_sessions_begin_with_may_leave_them_their_tables(own):
    own.reconfigure('DBDInitSQL "SET search_path = public"\nDBDInitSQL "SET statement_timeout = \'9s\'"\n')
    own.wait_for(own.ready, 30, "health")
    own.wait_for_log("ORC1038", 30)
    expect(own.person().get("/users/me"), 200)


def test_tables_that_are_being_restored_are_no_500(own):
    person = own.person()
    own.expect_log(AWAY)
    own.sql("ALTER TABLE users RENAME TO users_that_come_back")
    try:
        assert int(expect(person.get("/users/me"), 503).headers["Retry-After"]) > 0
    finally:
        own.sql("ALTER TABLE users_that_come_back RENAME TO users")
    own.wait_for(own.ready, 30, "health")
    expect(person.get("/users/me"), 200)


# --- views ---

# two or so each
LOOKS = "SELECT seq_scan + coalesce(idx_scan, 0) FROM pg_stat_user_tables WHERE relname = 'view_schemas'"
NO_VIEWS = "ORC1031.*has no schema orc_views_.*orchestrator-migrate makes it"


def said_by_daemon(stack, pattern):
    """What the daemon that runs has said of it; those before it don't count."""
    return re.findall(r"\[pid %s:.*%s" % (stack.daemon_pid(), pattern), stack.log_text())


@pytest.fixture
def without_views(own):
    """The stack's database without what this version reads from; a function that makes it."""
    [(name,)] = own.sql("SELECT name FROM view_schemas")
    own.expect_log("ORC1010")

    def make():
        subprocess.run([os.path.join(own.build, "orchestrator-migrate"), own.postgres.url], check=True,
                       stdout=subprocess.DEVNULL)
    # A daemon that is only starting would make them again, or miss them.
    own.reconfigure("OrchestratorMigrate Off\n")
    own.wait_for(lambda: said_by_daemon(own, "ORC1038"), 30, "a daemon that is content, and makes no views")
    own.sql("DROP SCHEMA %s CASCADE" % name)
    own.sql("DELETE FROM view_schemas")
    yield make
    make()


def test_views_that_went_while_requests_come_are_no_500(own, without_views):
    person = own.person()
    assert int(expect(person.get("/users/me"), 503).headers["Retry-After"]) > 0
    without_views()
    expect(person.get("/users/me"), 200)


def test_a_database_without_views_is_named_once_and_served_when_somebody_made_them(own, without_views):
    person = own.person()
    own.expect_log(NO_VIEWS, required=True)
    own.reconfigure("OrchestratorMigrate Off\n")
    own.wait_for(lambda: said_by_daemon(own, NO_VIEWS), 30, "this daemon's word on it")
    turned_away(own, person)
    [(before,)] = own.sql(LOOKS)
    own.wait_for(lambda: own.sql(LOOKS)[0][0] >= before + 6, 60, "more looks at the database")
    turned_away(own, person)
    assert len(said_by_daemon(own, NO_VIEWS)) == 1
    without_views()
    own.wait_for(own.ready, 60, "health")
    expect(person.get("/users/me"), 200)


def test_an_empty_database_is_named_without_migrations_too(own):
    own.expect_log(NO_VIEWS, required=True)
    own.expect_log("ORC1010")
    own.reconfigure('OrchestratorMigrate Off\nDBDParams "${conninfo} dbname=postgres"\n')
    own.wait_for_log(NO_VIEWS, 30)
    turned_away(own, own.person())
