# Licensed under the Apache License, Version 2.0; see LICENSE.
"""The stack that all integration tests stand on: it starts quietly, survives being broken, and its fixtures do what
they say."""

import os

import pytest

from harness.client import Client, unique
from harness.live import HELD
from stack import __main__ as dev
from stack import keys, local, process


def test_a_stack_is_healthy_and_serves_its_contract(stack):
    answer = stack.client(None).get("/health")
    assert answer.json()["status"] == "healthy"
    assert "/health" in stack.contract.paths


def test_a_bearer_token_is_needed_and_an_unknown_key_is_refused(stack):
    assert stack.client(None).get("/nothing").status_code == 401
    assert stack.client_with(stack.issuer.token("alice", key=keys.make("RSA"))).get("/nothing").status_code == 401
    assert stack.client("alice").get("/nothing").status_code == 404


def test_tokens_of_both_kinds_of_key_are_taken(stack):
    for key in stack.issuer.keys:
        assert stack.client("alice", key=key).get("/nothing").status_code == 404


def test_the_daemon_comes_back_after_a_kill(stack):
    killed = stack.kill_daemon()
    assert stack.daemon_pid() != killed
    stack.wait_for(stack.ready, 15, "health")


def test_a_restart_of_postgresql_heals_without_one_of_httpd(stack):
    before = stack.httpd.pid
    stack.stop_postgres()
    assert stack.client(None).get("/health").json()["db_connection"] == "unhealthy"
    stack.start_postgres()
    stack.wait_for(stack.ready, 15, "health")
    assert stack.httpd.pid == before
    assert stack.sql("SELECT count(*) FROM schema_migrations")[0][0] > 0


def test_a_graceful_restart_replaces_every_child(stack):
    before = stack.httpd.children()
    stack.graceful()
    assert not before & stack.httpd.children()
    assert stack.client("alice").get("/nothing").status_code == 404


def test_people_have_names_and_groups_of_their_own(stack):
    one, other = stack.person(), stack.person(admin=True)
    assert isinstance(one, Client) and one.name != other.name and one.group != other.group
    assert "admins" in other.groups and "admins" not in one.groups
    assert unique() != unique()


def test_a_stack_of_ones_own_has_its_directives_and_issuers(make_stack):
    made = make_stack("OrchestratorMaxBody 2048", issuers=2)
    assert len({one.url for one in made.issuers}) == 2
    second = made.client_with(made.issuers[1].token("alice"))
    assert second.get("/nothing").status_code == 404
    with open(made.httpd.configuration, encoding="utf-8") as file:
        assert "OrchestratorMaxBody 2048" in file.read()


def test_secrets_of_the_stack_are_its_owners_only(stack):
    for name in ("secret.key", "httpd.conf", "issuer/keys.json", "issuer/client.secret"):
        assert os.stat(stack.path(name)).st_mode & 0o077 == 0, name


def test_the_whole_story_through_the_harness(stack):
    alice = stack.person()
    deployment = alice.deploy(inputs={"num_cpus": 2})
    done = alice.wait_for_status(deployment, "CREATE_COMPLETE")
    assert done["template_outputs"]["node_ip"]
    assert alice.delete("/deployments/" + deployment).status_code == 202
    alice.wait_for_status(deployment, "DELETE_COMPLETE")
    ours = [one for one in stack.control.ledger() if one["id"] == done["im_infra_id"]]
    assert [one["alive"] for one in ours] == [False]


def test_a_provider_behaves_as_its_group_says(stack):
    alice = stack.person(behaviour="all_vms_failed")
    deployment = alice.deploy(max_providers=1, per_provider_max_retries=1)
    assert alice.wait_for_status(deployment, "CREATE_FAILED")["status_reason"]


def test_a_template_tells_the_simulator_how_to_behave(stack):
    alice = stack.person()
    template = alice.store_template(im_simulator={"boot_ms": HELD})
    deployment = alice.deploy(template)
    stack.wait_for(lambda: alice.deployment(deployment)["im_infra_id"], 10, "an infrastructure")
    assert alice.deployment(deployment)["status_name"] == "CREATE_IN_PROGRESS"
    stack.control.release()
    alice.wait_for_status(deployment, "CREATE_COMPLETE")


# --- ./dev run --with, ./dev env ---

@pytest.fixture
def mine(tmp_path):
    return tmp_path / "mine.conf"


@pytest.fixture(scope="module")
def bound(make_stack, build):
    """A stack whose module has a surface more."""
    return make_stack(module=os.path.join(build, "tests", "api", ".libs", "mod_two_surfaces.so"))


def restart(stack, extra):
    stack.extra = None if extra is None else str(extra)
    return stack.start_httpd()


def exported(stack, monkeypatch, capsys):
    """What ./dev env says of surfaces."""
    monkeypatch.setattr(dev, "running_stack", lambda: (stack, {"running": True}))
    dev.env([])
    lines = capsys.readouterr().out.splitlines()
    return dict(line.replace("export ", "", 1).split("=", 1) for line in lines)


def test_directives_of_ones_own_last_until_the_next_run_without_them(bound, mine, monkeypatch, capsys):
    mine.write_text("""<Location /mine>
        SetHandler orchestrator-broker
        AuthType Bearer
        Require valid-user
    </Location>
    """)
    person = bound.person()
    id = person.store_template()
    assert "ORCHESTRATOR_BROKER_URL" not in exported(bound, monkeypatch, capsys)
    assert restart(bound, mine)
    told = exported(bound, monkeypatch, capsys)
    assert (told["ORCHESTRATOR_URL"], told["ORCHESTRATOR_BROKER_URL"]) == (bound.url, bound.base_url + "/mine")
    assert not restart(bound, mine)
    mine.write_text(mine.read_text().replace("/mine", "/other"))
    assert restart(bound, mine)
    assert exported(bound, monkeypatch, capsys)["ORCHESTRATOR_BROKER_URL"] == bound.base_url + "/other"
    assert restart(bound, None)
    assert "ORCHESTRATOR_BROKER_URL" not in exported(bound, monkeypatch, capsys)
    assert person.get("/templates/" + id).status_code == 200


def test_the_surfaces_beside_the_api_are_told_where_they_are_bound(make_stack, monkeypatch, capsys):
    stack = make_stack(local.bindings())
    told = exported(stack, monkeypatch, capsys)
    names = ("ORCHESTRATOR_RUNS_URL", "ORCHESTRATOR_BROKER_URL", "ORCHESTRATOR_LEGACY_URL")
    assert [told[name] for name in names] == [
        stack.base_url + path for path in ("/datasourcesvc/api/v1/orchrun", "/v1", "/orchestrator")]


@pytest.mark.parametrize("text, reason", [
    (None, "mine.conf can't be read"), ("OrchestratorIM nothing\n", "line 1 of {mine}.*\n.*OrchestratorIM"),
    ("\nNoSuchDirective On\n", "line 2 of {mine}.*\n.*NoSuchDirective"),
    ("<Location /x>\n", "{mine}.*<Location> was not closed"),
    ("<Location /x>\nSetHandler orchestrator\n</Location>\n", "Location> on line 1 of {mine}.*AuthType")])
def test_a_mistake_in_them_changes_nothing(bound, mine, text, reason):
    restart(bound, None)
    before = bound.httpd.pid, bound.httpd.children()
    if text is not None:
        mine.write_text(text)
    with pytest.raises(process.StackError, match=reason.format(mine=mine)) as refused:
        restart(bound, mine)
    assert "nothing was changed" in str(refused.value)
    assert (bound.httpd.pid, bound.httpd.children()) == before
    with open(bound.httpd.configuration, encoding="utf-8") as file:
        assert "mine.conf" not in file.read()
    assert not restart(bound, None)


@pytest.mark.parametrize("text, reason", [(None, "can't be read"), ("{bad", "is no JSON"), (b"\xff", "is no JSON")])
def test_a_provider_file_that_is_none_is_told_in_words(tmp_path, text, reason):
    file = tmp_path / "providers.json"
    if text is not None:
        file.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(process.StackError, match="providers.json " + reason):
        dev.read_providers(str(file))


def test_a_refused_provider_file_is_not_left_for_the_next_start(bound, monkeypatch):
    restart(bound, None)
    with open(bound.path("providers.json"), encoding="utf-8") as file:
        before = file.read()
    with monkeypatch.context() as patched:
        patched.setattr(bound, "_providers", {"providers": [{"name": 1}]})
        with pytest.raises(process.StackError, match="nothing was changed"):
            bound.start_httpd()
    with open(bound.path("providers.json"), encoding="utf-8") as file:
        assert file.read() == before
    bound.graceful()
    bound.wait_for(bound.ready, 15, "health")
