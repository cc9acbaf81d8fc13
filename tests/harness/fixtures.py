# Licensed under the Apache License, Version 2.0; see LICENSE.
"""pytest's fixtures: `stack`, `make_stack`, and the watch over the logs."""

import contextlib
import os
import shlex
import shutil

import psycopg2
import pytest

from stack import process
from stack.postgres import Postgres

from . import live
from .client import unique
from .pgbouncer import PgBouncer

LIVE = []  # every running stack of this process
# ./dev check --asan and --valgrind run the same tests with another build or around another program.
BUILD = os.environ.get("ORCHESTRATOR_BUILD") or None
WRAPPER = shlex.split(os.environ.get("ORCHESTRATOR_WRAPPER", ""))


def start(directives="", expect=(), **options):
    """Starts a stack. `expect`: patterns of log lines at warn and above that its start may write."""
    made = live.LiveStack(directives, build=BUILD, wrapper=WRAPPER, **options)
    LIVE.append(made)
    for pattern in expect:
        made.expect_log(pattern)
    try:
        made.start()
        complaints = made.complaints()
        if complaints:
            pytest.fail("at the start of the stack:\n" + "\n".join(complaints), pytrace=False)
        made.watcher.begin()
    except BaseException:  # else its httpd would complain in every test that follows
        LIVE.remove(made)
        made.close()
        raise
    return made


def finish(made):
    LIVE.remove(made)
    complaints = made.complaints()
    made.close()
    if complaints:
        pytest.fail("\n".join(complaints), pytrace=False)


@pytest.fixture(scope="session", autouse=True)
def _sweep():
    live.sweep()
    yield
    for made in list(LIVE):
        LIVE.remove(made)
        made.close()


@pytest.fixture(scope="session")
def _shared_stack(_sweep):
    """One stack for all tests of this worker that need nothing of their own."""
    return start()


@pytest.fixture
def stack(_shared_stack, _watch):
    """The worker's stack. It stays: leave it healthy, and use people and groups of your own (`stack.person()`)."""
    _watch(_shared_stack)
    return _shared_stack


@pytest.fixture(scope="session")
def postgres_server():
    """A PostgreSQL and nothing else, for tests of what needs no httpd."""
    folder = live.make_home()
    server = Postgres(os.path.join(folder, "postgresql"), process.free_port(), durable=False)
    server.start()
    yield server
    server.stop("immediate")
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def database(postgres_server):
    """The connection URL of a new, empty database."""
    name = unique("test").replace("-", "_")
    with contextlib.closing(psycopg2.connect(postgres_server.admin_url)) as connection:
        connection.autocommit = True
        connection.cursor().execute('CREATE DATABASE "%s" OWNER orchestrator' % name)
        yield postgres_server.url_of(name)
        connection.cursor().execute('DROP DATABASE "%s" WITH (FORCE)' % name)


@pytest.fixture(scope="module")
def make_pgbouncer():
    """Puts a PgBouncer before a PostgreSQL: make_pgbouncer(postgres, "transaction", size=3). It runs until the module's
    end."""
    made = []

    def make(postgres, mode, **options):
        made.append(PgBouncer(postgres, mode, **options))
        return made[-1]
    yield make
    for one in made:
        one.stop()


@pytest.fixture(scope="session")
def build():
    """The build folder under test."""
    return BUILD or os.path.join(process.CHECKOUT, "build")


@pytest.fixture(scope="module")
def make_stack():
    """Makes stacks of one's own: make_stack(directives="...", providers=..., issuers=2). They run until the module's
    end."""
    made = []

    def make(directives="", **options):
        made.append(start(directives, **options))
        return made[-1]
    yield make
    for one in made:
        finish(one)


@pytest.fixture(autouse=True)
def _watch():
    """After each test: whatever is new in a log at warn or above fails it, unless it said so; a secret always does."""
    begun = []

    def begin(made):
        made.watcher.begin()
        begun.append(made)
    for made in LIVE:
        begin(made)
    yield begin
    for made in LIVE:
        made.mend()
    complaints = [text for made in LIVE for text in made.complaints()]
    if complaints:
        pytest.fail("\n".join(complaints), pytrace=False)


@pytest.fixture(scope="session")
def shared_data():
    """../shared/data: other people's templates. Tests that read them are skipped in a clone without it."""
    path = os.path.join(os.path.dirname(process.CHECKOUT), "shared", "data")
    if not os.path.isdir(path):
        pytest.skip("no ../shared/data beside this clone")
    return path
