# Licensed under the Apache License, Version 2.0; see LICENSE.
"""The file of providers is another one when httpd starts again, while deployments are under way."""

import json

import pytest

from harness.client import template
from harness.live import HELD
from left import left, wait_for_warning
from stack import process


@pytest.fixture
def daemon(bare_rig):
    """Starts the daemon, in place of the one before, with providers that `change` was applied to: a dict by name."""
    def start(change):
        bare_rig.stop_engines()
        with open(bare_rig.path("providers.json"), encoding="utf-8") as file:
            named = {one["name"]: one for one in json.load(file)["providers"]}
        change(named)
        process.write(bare_rig.path("changed.json"), json.dumps({"providers": list(named.values())}))
        return bare_rig.engine(providers=bare_rig.path("changed.json"))
    bare_rig.sql("DELETE FROM provider_records")  # with a record of failures, bad-one would come last
    yield start
    bare_rig.stop_engines()
    bare_rig.control.mend()


def held_at_the_first(rig, daemon):
    daemon(lambda named: None)
    person = rig.person(group=rig.pair())
    id = person.create(template(im_simulator={"boot_ms": HELD}), retries=3)
    rig.wait_for_phase(id, "provisioning")
    return person, id


@pytest.mark.parametrize("change, reason", [
    (lambda named: named.pop("good-one"), "is not configured any more"),
    (lambda named: named["good-one"].update(enabled=False), "is disabled now"),
    (lambda named: named["good-one"].update(groups={}), "does not serve the group any more")])
def test_nothing_is_made_at_a_provider_that_is_none_any_more(bare_rig, daemon, change, reason):
    person, id = held_at_the_first(bare_rig, daemon)
    daemon(change)
    bare_rig.control.release()
    bare_rig.finish(id, "failed")
    last = bare_rig.steps(id)[-1]
    assert (last["provider"], last["status"]) == ("good-one", "failed") and reason in last["message"]
    assert {one["cloud_id"] for one in bare_rig.infrastructures(person)} == {"bad-one"}


def test_what_was_made_in_a_project_is_deleted_in_it(bare_rig, daemon):
    auth = "id = {name}; type = Dummy; project = {project}"
    person = bare_rig.person(group=bare_rig.pair())
    daemon(lambda named: named["good-one"].update(auth=auth))
    id = person.create(provider="good-one")
    bare_rig.finish(id)
    daemon(lambda named: named["good-one"].update(auth=auth, groups={}))
    person.delete(id)
    bare_rig.finish(id, type="DELETE")
    assert not bare_rig.infrastructures(person, alive="true")


def test_why_an_infrastructure_of_a_provider_that_is_gone_can_not_be_deleted_is_told(bare_rig, daemon):
    person = bare_rig.person("delete_refused")
    daemon(lambda named: None)
    id = person.create()
    bare_rig.finish(id)
    daemon(lambda named: named.pop("delete_refused"))
    bare_rig.control.fault(fault="http_403", on="delete")
    person.delete(id)
    operation = bare_rig.finish(id, "failed", "DELETE")
    assert "provider delete_refused is not configured any more" in operation["reason"]
    wait_for_warning(bare_rig, id,
                     left(bare_rig, "Infrastructure " + bare_rig.deployment(id)["im_infra_id"], "delete_refused",
                          "provider delete_refused is not configured any more"))


@pytest.mark.parametrize("way_back", ["as before", "disabled"])
def test_no_token_goes_to_an_endpoint_that_is_configured_no_more(bare_rig, daemon, way_back):
    own = bare_rig.im_url.replace("127.0.0.1", "localhost")
    assert own != bare_rig.im_url
    person = bare_rig.person(group=bare_rig.pair())
    daemon(lambda named: named["good-one"].update(im=own))
    id = person.create(provider="good-one")
    bare_rig.finish(id)
    gone = daemon(lambda named: None)
    infra = bare_rig.deployment(id)["im_infra_id"]

    def asked():
        return [call["method"] for call in bare_rig.control.get("calls", last=1000)["last"] if infra in call["path"]]
    before = asked()
    person.delete(id)
    bare_rig.wait_for(lambda: "endpoint %s: it is configured no more" % own.rstrip("/") in gone.text(), 10,
                      "a word of it")
    first = bare_rig.operation(id, "DELETE")["lease_number"]
    bare_rig.wait_for(lambda: bare_rig.operation(id, "DELETE")["lease_number"] >= first + 3, 20, "three looks")
    assert asked() == before and bare_rig.infrastructures(person, alive="true")
    daemon(lambda named: named["good-one"].update(im=own, enabled=way_back != "disabled"))
    bare_rig.finish(id, type="DELETE")
    assert not bare_rig.infrastructures(person, alive="true")
