# Licensed under the Apache License, Version 2.0; see LICENSE.
"""A person at the API. Every answer is checked against the served contract before the test sees it."""

import json
import threading
import urllib.parse
import uuid

import requests

TEMPLATE = """\
tosca_definitions_version: tosca_simple_yaml_1_0
metadata:
  template_name: {name}
  template_version: 1.0.0
{metadata}topology_template:
  inputs:
    num_cpus: {{ type: integer, default: 1 }}
  node_templates:
    simple_node:
      type: tosca.nodes.Compute
      capabilities:
        host: {{ properties: {{ num_cpus: {{ get_input: num_cpus }}, mem_size: 1 GB }} }}
        os: {{ properties: {{ type: linux, distribution: ubuntu }} }}
  outputs:
    node_ip: {{ value: {{ get_attribute: [ simple_node, private_address ] }} }}
"""


def unique(prefix="t"):
    """A word that nobody used before."""
    return "%s-%s" % (prefix, uuid.uuid4().hex[:12])


def template(name=None, **metadata):
    """The text of a small template that can be deployed, different at every call. `metadata`: further entries of its
    `metadata`, as Python values; the IM simulator reads how to behave in its im_simulator (a dict)."""
    lines = "".join("  %s: %s\n" % (key, json.dumps(value)) for key, value in metadata.items())
    return TEMPLATE.format(name=name or unique("template"), metadata=lines)


class Client:
    """`token` None is somebody without a token. Paths are below /api/v1; a whole URL of the stack (a `Location`, a
    link) is taken too. The methods take what requests takes; `check=False` leaves the contract out of it."""

    def __init__(self, stack, token=None, name=None, groups=()):
        self.stack = stack
        self.token = token
        self.name = name
        self.groups = list(groups)
        self._local = threading.local()

    @property
    def group(self):
        """The first of the person's groups."""
        return self.groups[0]

    @property
    def session(self):
        if not hasattr(self._local, "session"):
            self._local.session = requests.Session()
            self._local.session.trust_env = False
        return self._local.session

    def request(self, method, path="", check=True, **options):
        url = path if path.startswith("http") else self.stack.url + path
        headers = {"Authorization": "Bearer " + self.token} if self.token is not None else {}
        headers.update(options.pop("headers", None) or {})
        options.setdefault("timeout", 30)
        options.setdefault("allow_redirects", False)
        response = self.session.request(method, url, headers=headers, **options)
        if check and url.startswith(self.stack.url):
            contract = self.stack.contract  # fetched at the first use
            contract.check(method, urllib.parse.unquote(url[len(self.stack.url):]), response)
        return response

    def get(self, path="", **options):
        return self.request("GET", path, **options)

    def head(self, path="", **options):
        return self.request("HEAD", path, **options)

    def options(self, path="", **options):
        return self.request("OPTIONS", path, **options)

    def post(self, path="", **options):
        return self.request("POST", path, **options)

    def put(self, path="", **options):
        return self.request("PUT", path, **options)

    def patch(self, path="", **options):
        return self.request("PATCH", path, **options)

    def delete(self, path="", **options):
        return self.request("DELETE", path, **options)

    # What most tests need before they come to their point.

    @property
    def id(self):
        """The id of the person's registration (registers it)."""
        return expect(self.get("/users/me"), 200).json()["id"]

    def store_template(self, content=None, **metadata):
        """Stores a template; its id."""
        return expect(self.post("/templates", json={"content": content or template(**metadata)}), 201).json()["id"]

    def deploy(self, template_id=None, inputs=None, group=None, **fields):
        """Asks for a deployment (of a fresh small template unless one is given); its id. `fields`: others of the
        body."""
        body = {"template_id": template_id or self.store_template(), "template_inputs": inputs or {},
                "user_group": group or self.group, **fields}
        return expect(self.post("/deployments", json=body), 202).json()["id"]

    def deployment(self, deployment_id):
        return expect(self.get("/deployments/" + deployment_id), 200).json()

    def wait_for_status(self, deployment_id, *names, timeout=30):
        """Polls a deployment until its status_name is one of `names`; the deployment. Fails at once when it ended
        otherwise."""
        def look():
            value = self.deployment(deployment_id)
            if value["status_name"] in names:
                return value
            if not value["status_name"].endswith("_IN_PROGRESS"):
                ended.append(value)
                return value
            return None
        ended = []
        value = self.stack.wait_for(look, timeout, "%s of deployment %s" % (" or ".join(names), deployment_id),
                                    interval=0.05)
        if ended:
            raise AssertionError("deployment %s is %s (%s), not %s" % (
                deployment_id, value["status_name"], value["status_reason"], " or ".join(names)))
        return value


def expect(response, status):
    """The response, when it has this status."""
    if response.status_code != status:
        raise AssertionError("%s %s -> %d instead of %d: %s" % (
            response.request.method, response.request.url, response.status_code, status, response.text[:600]))
    return response
