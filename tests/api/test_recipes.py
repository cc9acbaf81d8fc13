# Licensed under the Apache License, Version 2.0; see LICENSE.
"""RECIPES.md, as it is written: its commands run in a shell, from the first to the last."""

import os
import pathlib
import re
import subprocess

import pytest

PAGE = pathlib.Path(__file__).parents[2].joinpath("RECIPES.md")


@pytest.fixture(scope="module")
def stack(make_stack):
    """Its own: an administrator's orchestrations are over everybody's deployments."""
    return make_stack()


def blocks(title=None):
    """The commands of a chapter; of what stands before all of them."""
    text = PAGE.read_text(encoding="utf-8")
    parts = re.split(r"^## (.+)\n", text, flags=re.M)
    chapters = dict(zip([None] + parts[1::2], [parts[0]] + parts[2::2]))
    return re.findall(r"^```sh\n(.*?)^```", chapters[title], flags=re.M | re.S)


def run(stack, title, between=lambda number: None, **variables):
    """Runs a chapter's blocks in one shell; what each said."""
    admin = stack.person(admin=True)
    said = []
    script = "set -euo pipefail\n" + "\n".join(blocks())
    for number, block in enumerate(blocks(title)):
        between(number)
        done = subprocess.run(["bash", "-c", script + "\n" + ("id=%s\n" % said[-1][1] if said else "")
                               + (said[-1][2] if said else "") + block + "\necho; echo \"@id=${id:-}\"; "
                               "echo \"@targets=${targets:-}\""], check=False, text=True, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, timeout=120,
                              env={"PATH": os.environ["PATH"], "TOKEN": admin.token, "API": stack.url, **variables})
        assert done.returncode == 0, (block, done.stdout)
        text, _, rest = done.stdout.rpartition("@id=")
        id_, _, targets = rest.partition("\n@targets=")
        said.append((text, id_, "targets='%s'\n" % targets.strip()))
    return [one[0] for one in said]


def machines(client, deployment):
    return [one["status_name"] for one in client.get("/deployments/%s/resources" % deployment).json()["data"]]


def test_a_maintenance(stack):
    alice = stack.person()
    made = alice.deploy()
    provider = alice.wait_for_status(made, "CREATE_COMPLETE")["target_provider"]
    seen = []
    said = run(stack, "A provider is about to have its maintenance", PROVIDER=provider,
               between=lambda number: seen.append(machines(alice, made)))
    assert seen == [["STARTED"], ["STOPPED"], ["STOPPED"]] and machines(alice, made) == ["STARTED"]
    assert '"state" : "succeeded"' in said[0] and '"data" : []' in said[1] and '"succeeded" : 1' in said[2]


def test_old_failures(stack):
    alice = stack.person(behaviour="all_vms_failed")
    old, new = [alice.deploy(per_provider_max_retries=1) for _ in range(2)]
    for one in (old, new):
        alice.wait_for_status(one, "CREATE_FAILED")
    stack.sql("UPDATE deployments SET updated_at = now() - interval '40 days' WHERE id = %s", (old,))

    def still_there(number):
        assert alice.get("/deployments/" + old).status_code == 200
    said = run(stack, "Failed deployments that nobody has looked at for a month", between=still_there)
    assert "Would delete the deployment, which has no infrastructure, with simple_node." in said[0]
    assert '"state" : "succeeded"' in said[1]
    assert alice.get("/deployments/" + old).status_code == 404
    assert alice.deployment(new)["status_name"] == "CREATE_FAILED"


def test_a_template_anew(stack):
    alice = stack.person()
    made = [alice.deploy(alice.store_template()) for _ in range(2)]
    for one in made:
        alice.wait_for_status(one, "CREATE_COMPLETE")
    stack.control.fault(on="update", fault="http_400", first=1)
    said = run(stack, "Everything of a template is deployed anew", TEMPLATE=alice.deployment(made[0])["template_id"])
    assert '"state" : "failed"' in said[0] and '"state" : "succeeded"' in said[1]
    assert alice.deployment(made[0])["template_inputs"] == {"num_cpus": 2}
    assert alice.deployment(made[1])["template_inputs"] == {}


@pytest.mark.parametrize("command,told", [
    ("orchestrate '{\"type\": \"STOP\", \"targets\": {\"include\": [{}]}}'", "/targets/include/0"),
    ("follow ''", "no orchestration"),
    ("follow 00000000-0000-7000-8000-000000000000", "There is no such orchestration."),
])
def test_a_mistake_is_told_and_waited_for_no_longer(stack, command, told):
    done = subprocess.run(["bash", "-c", "\n".join(blocks()) + command], check=False, text=True, timeout=30,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          env={"PATH": os.environ["PATH"], "TOKEN": stack.person(admin=True).token, "API": stack.url})
    assert done.returncode != 0 and told in done.stdout
