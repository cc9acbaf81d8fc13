# Licensed under the Apache License, Version 2.0; see LICENSE.
"""What a person reads in the orchestrator's part of a deployment's log: what was tried where, why it failed, what is
awaited."""

from harness.client import expect


def told(client, deployment):
    """(level, message) of each line."""
    text = expect(client.get("/deployments/%s/logs" % deployment), 200).json()["orchestrator_logs"] or ""
    return [line.split(" ", 2)[1:] for line in text.split("\n") if line]


def test_every_attempt_is_told_with_its_place_and_its_reason(stack):
    alice = stack.person(behaviour="all_vms_failed")
    made = alice.deploy(per_provider_max_retries=2)
    reason = alice.wait_for_status(made, "CREATE_FAILED")["status_reason"]
    lines = told(alice, made)
    for number in (1, 2):
        name = "Attempt %d at all_vms_failed" % number
        assert ["info", name + " begins, in the region region-1."] in lines
        assert any(level == "error" and message.startswith(name + " failed: ") for level, message in lines)
    assert lines[-1] == ["error", "The deployment failed. " + reason]
    assert not any(message.startswith("Now: ") for _, message in lines)


def test_what_is_awaited_is_the_last_line(stack):
    alice = stack.person()
    stack.control.fault(on="state", fault="http_500")
    made = alice.deploy()

    def awaited():
        """The last line, once it says what the operation says."""
        operation = expect(alice.get("/deployments/%s/operations" % made), 200).json()["data"][0]
        last = told(alice, made)[-1]
        return last == ["info", "Now: " + operation["description"]] and "Infrastructure Manager" in last[1]
    stack.wait_for(awaited, 30, "a line that says what is awaited")
    stack.control.mend()
    alice.wait_for_status(made, "CREATE_COMPLETE", timeout=60)
    assert not any(message.startswith("Now: ") for _, message in told(alice, made))
