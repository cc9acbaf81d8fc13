# Licensed under the Apache License, Version 2.0; see LICENSE.
"""orchestrator-rotate: every sealed value of a database under another key."""

import base64
import contextlib
import os
import re
import subprocess
import uuid

import psycopg2
import pytest

from harness.sealed import mark, seal, unseal
from stack import process

TOKEN, ACCESS = "users.refresh_token", "credentials.access_token"
WANTED = "operations.inputs_sealed"
BULK = "orchestrations.inputs_sealed"
INPUTS, OUTPUTS = "deployments.template_inputs_sealed", "deployments.template_outputs_sealed"
METADATA = "resources.metadata_sealed"
LOG = "deployment_logs.im_logs_sealed"
OLD, NEW, LOST = os.urandom(32), os.urandom(32), os.urandom(32)


class Sealed:
    """A database with secrets."""

    def __init__(self, build, url, folder):
        self.program = os.path.join(build, "orchestrator-rotate")
        self.url = url
        self.file = str(folder / "secret.key")
        process.run([os.path.join(build, "orchestrator-migrate"), url])
        self.connection = self.connect()
        self.keys(NEW, OLD)

    def connect(self):
        connection = psycopg2.connect(self.url)
        connection.autocommit = True
        return connection

    def sql(self, statement, parameters=()):
        with self.connection.cursor() as cursor:
            cursor.execute(statement, parameters)
            return cursor.fetchall() if cursor.description else cursor.rowcount

    def keys(self, *keys):
        process.write(self.file, "".join(base64.b64encode(key).decode() + "\n" for key in keys), 0o600)

    def start(self):
        return subprocess.Popen([self.program, self.url, self.file], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                text=True)

    def run(self, status=0):
        """What it says of each column, as (anew, in all, closed); the whole text."""
        running = self.start()
        said, complaint = running.communicate(timeout=60)
        assert running.returncode == status, said + complaint
        found = re.findall(r"^(\S+): (\d+) sealed anew, (\d+) in all with the first key, (\d+) that no key opens$",
                           said, flags=re.M)
        return {name: tuple(map(int, numbers)) for name, *numbers in found}, said

    def person(self, key=OLD, token="token"):
        id = str(uuid.uuid4())
        self.sql("INSERT INTO users (id, issuer, sub, name, username, email, refresh_token) VALUES (%s, 'i', %s, '', "
                 "'', '', %s)",
                 (id, id, seal(key, TOKEN, id, token)))
        return id

    def stored(self, id):
        return self.sql("SELECT refresh_token FROM users WHERE id = %s", (id,))[0][0]


@pytest.fixture
def sealed(build, database, tmp_path):
    made = Sealed(build, database, tmp_path)
    yield made
    made.connection.close()


def one_of_each(sealed):
    """A value in every column, under the old key: {column: row}."""
    person, template, deployment, resource = sealed.person(), *(str(uuid.uuid4()) for _ in range(3))
    sealed.sql("INSERT INTO credentials (user_id, access_token, expires_at) VALUES (%s, %s, now())",
               (person, seal(OLD, ACCESS, person, "access")))
    sealed.sql("INSERT INTO templates (id, content, checksum, name, target_provider_type,"
               " tosca_definition_version, created_by, updated_by) VALUES (%s, '', '', '', '', '', %s, %s)",
               (template, person, person))
    sealed.sql("INSERT INTO deployments (id, template_id, template_inputs, template_inputs_sealed, "
               "template_outputs_sealed, user_group,"
               " user_group_issuer, per_provider_max_retries, tot_timeout_mins, per_provider_timeout_mins, "
               "keep_last_attempt,"
               " created_by, updated_by) VALUES (%s, %s, '{}', %s, %s, '', '', 1, 1, 1, false, %s, %s)",
               (deployment, template, seal(OLD, INPUTS, deployment, "{}"), seal(OLD, OUTPUTS, deployment, "{}"), person,
                person))
    sealed.sql("INSERT INTO resources (id, deployment_id, position, tosca_node_name, tosca_node_type, is_compute,"
               " metadata_sealed, created_by, updated_by) VALUES (%s, %s, 0, '', '', true, %s, %s, %s)",
               (resource, deployment, seal(OLD, METADATA, resource, "{}"), person, person))
    sealed.sql("INSERT INTO deployment_logs (deployment_id, im_logs_sealed) VALUES (%s, %s)",
               (deployment, seal(OLD, LOG, deployment, "")))
    operation = str(uuid.uuid4())
    sealed.sql("INSERT INTO operations (id, deployment_id, type, inputs, inputs_sealed, user_group, user_group_issuer,"
               " created_by) VALUES (%s, %s, 'UPDATE', '{}', %s, '', '', %s)",
               (operation, deployment, seal(OLD, WANTED, operation, "{}"), person))
    orchestration = str(uuid.uuid4())
    sealed.sql("INSERT INTO orchestrations (id, type, description, parameters, inputs_sealed, is_admin, is_dry_run,"
               " keeps_windows, workers, begins_at, created_by)"
               " VALUES (%s, 'UPDATE', '', '{}', %s, false, false, false, 1, now(), %s)",
               (orchestration, seal(OLD, BULK, orchestration, "{}"), person))
    return {TOKEN: person, ACCESS: person, INPUTS: deployment, OUTPUTS: deployment, METADATA: resource,
            WANTED: operation, LOG: deployment, BULK: orchestration}


def test_every_column_is_sealed_anew_and_opens_in_its_place(sealed):
    rows = one_of_each(sealed)
    counts, _ = sealed.run()
    assert counts == {column: (1, 1, 0) for column in rows}
    for column, row in rows.items():
        table, name = column.split(".")
        [(box,)] = sealed.sql("SELECT %s FROM %s WHERE %s = '%s'" %
                              (name, table, {ACCESS: "user_id", LOG: "deployment_id"}.get(column, "id"), row))
        assert unseal(NEW, column, row, box) is not None
    sealed.keys(NEW)  # the old one is not needed any more
    assert sealed.run()[0] == {column: (0, 1, 0) for column in rows}


def test_no_sealed_column_is_forgotten(sealed):
    """What the schema calls sealed is what the program goes through."""
    columns = {"%s.%s" % row
               for row in sealed.sql("SELECT table_name, column_name FROM information_schema.columns WHERE"
                                     " table_schema = 'public' AND column_name LIKE '%%\\_sealed'")}
    assert columns | {TOKEN, ACCESS} == set(sealed.run()[0])


def test_what_no_key_opens_is_named_and_left(sealed):
    good, lost, damaged = sealed.person(), sealed.person(LOST), sealed.person(NEW)
    sealed.sql("UPDATE users SET refresh_token = overlay(refresh_token placing 'AAAA' from 20) WHERE id = %s",
               (damaged,))
    before = [sealed.stored(id) for id in (lost, damaged)]
    counts, said = sealed.run(status=1)
    assert counts[TOKEN] == (1, 1, 2)
    assert unseal(NEW, TOKEN, good, sealed.stored(good)) == "token"
    for id in (lost, damaged):
        assert "users.refresh_token: no key opens that of the row with the id %s\n" % id in said
    assert [sealed.stored(id) for id in (lost, damaged)] == before


def test_it_may_be_killed_and_run_again(sealed):
    ids = [sealed.person(token="token %d" % number) for number in range(1200)]
    running = sealed.start()
    changed = "SELECT count(*) FROM users WHERE starts_with(refresh_token, %s)"
    process.wait_for(lambda: sealed.sql(changed, (mark(NEW),))[0][0] > 0, 20, "the first values", 0)
    running.kill()
    running.communicate()
    anew, whole, closed = sealed.run()[0][TOKEN]
    assert (whole, closed) == (1200, 0) and anew < 1200
    for number, id in enumerate(ids):
        assert unseal(NEW, TOKEN, id, sealed.stored(id)) == "token %d" % number


def test_what_changes_meanwhile_is_not_overwritten(sealed):
    id = sealed.person()
    with contextlib.closing(sealed.connect()) as other, other.cursor() as cursor:
        cursor.execute("BEGIN")
        cursor.execute("UPDATE users SET refresh_token = %s WHERE id = %s", (seal(OLD, TOKEN, id, "newer"), id))
        running = sealed.start()
        process.wait_for(lambda: sealed.sql("SELECT FROM pg_stat_activity WHERE datname = current_database() AND"
                                            " wait_event_type = 'Lock'"), 20, "the wait for the row")
        cursor.execute("COMMIT")
        said, _ = running.communicate(timeout=60)
    assert running.returncode == 0 and "users.refresh_token: 1 sealed anew, 1 in all" in said
    assert unseal(NEW, TOKEN, id, sealed.stored(id)) == "newer"


def test_neither_versions_nor_times_move(sealed):
    id = sealed.person()
    state = "SELECT row_version, updated_at FROM users WHERE id = %s"
    before = sealed.sql(state, (id,))
    sealed.run()
    assert sealed.sql(state, (id,)) == before


def test_a_key_file_that_is_none_is_refused(sealed):
    os.chmod(sealed.file, 0o644)
    running = sealed.start()
    assert "chmod 600" in running.communicate(timeout=60)[1] and running.returncode == 1
