# Licensed under the Apache License, Version 2.0; see LICENSE.
"""The three clients of the former orchestrator as a server sees them: what each sends, and what it needs of an answer.

orchent is in Go: a value of another type than it declares is an error, a missing creationTime its end. orpy looks up
members that have to be there. The dashboard writes some of them into its database as they are.
"""
import base64
import json
import re

import yaml

from harness.client import expect
from stack import local

TIME = r"\d{4}-\d\d-\d\dT\d\d:\d\d\+0000"
STATUSES = {"%s_%s" % (what, how) for what in ("CREATE", "UPDATE", "DELETE")
            for how in ("IN_PROGRESS", "COMPLETE", "FAILED")} | {"UNKNOWN"}
STATES = {"INITIAL", "CREATING", "CREATED", "CONFIGURING", "CONFIGURED", "STARTING", "STARTED", "STOPPING", "STOPPED",
          "DELETING", "DELETED", "ERROR"}
UUID = r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"
REASONS = {400: "Bad Request", 401: "Unauthorized", 403: "Forbidden", 404: "Not Found", 405: "Method Not Allowed",
           409: "Conflict", 410: "Gone", 413: "Content Too Large", 415: "Unsupported Media Type",
           429: "Too Many Requests"}


class Old:
    """A person at the surface; paths are below its place."""

    def __init__(self, person):
        self.person = person
        self.base = person.stack.base_url + local.BESIDE["orchestrator-legacy"]

    def ask(self, method, path="", status=200, authorization=None, **options):
        """The answer. An error has the form that the clients read, whoever makes it."""
        headers = {**({} if authorization is None else {"Authorization": authorization}), **options.pop("headers", {})}
        url = path if path.startswith("http") else self.base + path
        answer = expect(self.person.request(method, url, headers=headers, **options), status)
        if status >= 400 and method != "HEAD":
            is_error(answer)
        return answer

    # orchent: JSON whatever comes

    def orchent(self, method, path="", status=200, **options):
        return self.ask(method, path, status, authorization="Bearer " + self.person.token,
                        headers={"Accept": "application/json", "User-Agent": "Orchent"}, **options)

    # orpy: no space, a slash at the end of some paths

    def orpy(self, method, path="", status=200, **options):
        return self.ask(method, path, status, authorization="Bearer" + self.person.token,
                        headers={"Accept": "application/json", "User-Agent": "orpy-orpy/1.0.4"}, **options)

    # the dashboard: a small b where it writes

    def dashboard(self, method, path="", status=200, **options):
        return self.ask(method, path, status, authorization="bearer " + self.person.token, **options)

    def show(self, deployment):
        return is_deployment(self.ask("GET", "/deployments/" + deployment).json())

    def list(self, **params):
        return is_list(self.ask("GET", "/deployments", params=params).json(), is_deployment)

    def ids(self, **params):
        return [one["uuid"] for one in self.list(**params)["content"]]

    def resources(self, deployment, **params):
        return is_list(self.ask("GET", "/deployments/%s/resources" % deployment, params=params).json(), is_resource)[
            "content"]


def subject_of(person):
    return claims_of(person)["sub"]


def claims_of(person):
    payload = person.token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))


def is_error(answer):
    """{code, title, message}, all of them with something in it."""
    value = answer.json()
    assert answer.headers["Content-Type"].startswith("application/json"), answer.headers
    members = {"code", "title", "message"} | ({"error", "error_description"} if answer.status_code == 401 else set())
    assert set(value) == members and all(value.values()), value
    assert value["code"] == answer.status_code and isinstance(value["title"], str), value
    assert REASONS.get(answer.status_code, value["title"]) == value["title"]
    return value


def is_links(links, *rels):
    """An array of {rel, href} with absolute URLs."""
    assert isinstance(links, list) and links, links
    for link in links:
        assert set(link) == {"rel", "href"} and re.match("https?://", link["href"]), link
    assert [link["rel"] for link in links] == list(rels), links


def is_list(value, is_entry):
    assert set(value) == {"content", "links", "page"}, value
    assert isinstance(value["content"], list) and isinstance(value["links"], list)
    assert set(value["page"]) == {"size", "totalElements", "totalPages", "number"}
    assert all(isinstance(number, int) for number in value["page"].values())
    for one in value["content"]:
        is_entry(one)
    return value


def is_deployment(value):
    """The matrix of fields: always there, there or not, never null."""
    assert re.fullmatch(UUID, value["uuid"])
    for name in ("creationTime", "updateTime"):
        assert re.fullmatch(TIME, value[name]), value[name]
    assert value["status"] in STATUSES
    assert isinstance(value["task"], str) and 0 < len(value["task"]) <= 64
    assert isinstance(value["outputs"], dict) and isinstance(value["inputs"], dict) and value["stinputs"] == {}
    assert isinstance(value["cloudProviderEndpoint"], dict)
    assert set(value["createdBy"]) == {"issuer", "subject"} and all(value["createdBy"].values())
    assert isinstance(value["userGroup"], str)
    is_links(value["links"], "self", "resources", "template")
    for name in ("physicalId", "statusReason", "callback", "cloudProviderName"):
        assert isinstance(value.get(name, ""), str), value  # null is for none of them
    assert set(value) <= {"uuid", "creationTime", "updateTime", "status", "task", "outputs", "inputs", "stinputs",
                          "cloudProviderEndpoint", "createdBy", "userGroup", "links", "physicalId", "statusReason",
                          "callback", "cloudProviderName"}
    return value


def is_resource(value):
    assert re.fullmatch(UUID, value["uuid"]) and re.fullmatch(TIME, value["creationTime"])
    assert value["state"] in STATES
    assert isinstance(value["toscaNodeType"], str) and isinstance(value["toscaNodeName"], str)
    assert isinstance(value["requiredBy"], list) and isinstance(value["metadata"], dict)
    is_links(value["links"], "deployment", "self")
    if "VirtualMachineInfo" in value["metadata"]:
        machine = json.loads(value["metadata"]["VirtualMachineInfo"])
        assert {one["class"] for one in machine["vmProperties"]} >= {"system"}
    return value


def pages(old, url):
    """What orchent and orpy do with links: on as long as there are self, next and last and self is not the last."""
    while url:
        value = is_list(old.ask("GET", url).json(), is_deployment)
        yield value
        links = {link["rel"]: link["href"] for link in value["links"]}
        goes_on = {"self", "next", "last"} <= set(links) and links["self"] != links["last"]
        assert goes_on == ("next" in links)  # the dashboard looks at next alone
        url = links.get("next")


def is_template(text, name=None):
    value = yaml.safe_load(text)
    assert "topology_template" in value
    assert name is None or value["metadata"]["template_name"] == name
    return text
