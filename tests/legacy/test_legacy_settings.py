# Licensed under the Apache License, Version 2.0; see LICENSE.
"""What MIGRATION.md says to set: its place in httpd, and what each client makes of the URL that it is given."""

import json
import os
import re
import subprocess

import pytest
from old import Old, is_deployment, is_list

from harness.client import template
from stack import process


def page():
    with open(os.path.join(process.CHECKOUT, "MIGRATION.md"), encoding="utf-8") as file:
        return file.read()


@pytest.fixture(scope="module")
def moved(make_stack):
    return make_stack(re.search(r"```apache\n(<Location.*?)```", page(), re.S).group(1))


def curl(*arguments):
    """The status of an answer, and its body."""
    done = subprocess.run(["curl", "-s", "-w", "\n%{http_code}", *arguments], stdout=subprocess.PIPE, text=True,
                          check=True)
    body, _, status = done.stdout.rpartition("\n")
    return int(status), body


def test_each_client_is_served_at_the_url_that_it_is_told(moved):
    alice = moved.person()
    urls = re.findall(r"^\| (\w+) \| .*?https://orchestrator\.example\.org(/\w+)`", page(), re.M)
    assert [client for client, _ in urls] == ["orchent", "dashboard", "orpy"]
    made = set()
    for (_, path), scheme in zip(urls, ("Bearer ", "bearer ", "Bearer")):
        base, header = moved.base_url + path, "Authorization: %s%s" % (scheme, alice.token)
        assert curl(base + "/info")[0] == 200
        status, body = curl("-H", header, "-H", "Content-Type: application/json", base + "/deployments", "-d",
                            json.dumps({"template": template(), "parameters": {}}))
        assert status == 201, body
        made.add(is_deployment(json.loads(body))["uuid"])
        status, body = curl("-H", header, base + "/deployments?createdBy=me")
        assert status == 200 and {one["uuid"] for one in is_list(json.loads(body), is_deployment)["content"]} == made
        assert curl(base + "/deployments")[0] == 401
    bob = moved.person()
    Old(bob).ask("GET", "/deployments/" + made.pop(), 403)
