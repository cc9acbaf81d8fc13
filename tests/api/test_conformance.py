# Licensed under the Apache License, Version 2.0; see LICENSE.
"""Every route, for everybody who may come: what they are answered. The table is the contract; a route of openapi.json
that it lacks fails."""

import dataclasses
import functools

import pytest
from deployed import done, frozen, own, person_id, put, store, submit  # noqa: F401

from harness.client import template, unique
from stack import issuer

ROLES = ("nobody", "foreign", "user", "other", "owner", "co_owner", "admin", "service")


class World:
    """Who is there: an owner with a deployment and a co-owner, others, an administrator; all of them new."""

    def __init__(self, stack):
        self.stack = stack
        self._group = stack.group()

    @functools.cached_property
    def nobody(self):
        return self.stack.client(None)

    @functools.cached_property
    def foreign(self):
        """With a token that is good, but for an issuer which nobody knows here."""
        return self.stack.client_with(self.stack.issuer.token(unique("person"), [self._group],
                                                                  iss="https://else.example"))

    @functools.cached_property
    def user(self):
        return self.stack.person([self._group])

    @functools.cached_property
    def other(self):
        """Somebody of the same group, who has a deployment of their own."""
        made = self.stack.person([self._group])
        submit(self.stack, made)
        return made

    @functools.cached_property
    def owner(self):
        return self.stack.person([self._group])

    @functools.cached_property
    def co_owner(self):
        made = self.stack.person([self._group])
        own(self.stack, self.deployment, made)
        return made

    @functools.cached_property
    def admin(self):
        return self.stack.person([self._group], admin=True)

    @functools.cached_property
    def service(self):
        """A service account, which is nobody in particular."""
        return self.stack.person([self._group], client_id=issuer.SERVICE_ACCOUNT)

    @functools.cached_property
    def template(self):
        return store(self.owner)

    @functools.cached_property
    def deployment(self):
        return done(self.stack, self.owner, template_id=self.template)

    @functools.cached_property
    def made(self):
        """The deployment, which has an infrastructure."""
        self.stack.sql("UPDATE deployments SET im_infra_id = %s, im_endpoint = %s, target_provider = 'cloud-a'"
                       " WHERE id = %s", (unique("infra"), self.stack.im_url, self.deployment))
        return self.deployment

    def below(self, kind):
        return self.owner.get("/deployments/%s/%s" % (self.deployment, kind)).json()["data"][0]["id"]


@dataclasses.dataclass
class Row:
    """`answers`: by role, in the order of ROLES; one: that of everybody who has come in; of a service account only
    where it is another than any user's. `path` and `options` (of
    requests) are made of the world, for a role."""
    method: str
    route: str
    answers: tuple
    path: object = None
    options: object = None
    name: str = ""

    def expected(self, role):
        if isinstance(self.answers, tuple):
            # What a service account may do more is said; else it is anybody.
            return dict(zip(ROLES, self.answers)).get(role, self.answers[ROLES.index("user")])
        return 401 if role in ("nobody", "foreign") else self.answers

    def sent_by(self, world, role):
        client = getattr(world, role)
        path = self.path(world, role) if self.path else self.route
        return client.request(self.method, path, **(self.options(world, role) if self.options else {}))


def only(owner, admin=None, nobody_else=403):
    """A route that owners may use, and administrators."""
    return 401, 401, nobody_else, nobody_else, owner, owner, owner if admin is None else admin


def only_admin(status):
    return 401, 401, 403, 403, 403, 403, status


def of_deployment(below=""):
    return lambda world, role: "/deployments/" + world.deployment + below


def of_made_deployment(below=""):
    return lambda world, role: "/deployments/" + world.made + below


def of_busy_deployment(below=""):
    """Its creation is at work."""
    def path(world, role):
        put(world.stack, world.deployment, state="in progress", phase="provisioning")
        return "/deployments/" + world.deployment + below
    return path


def of_machine(below):
    """One that runs."""
    def path(world, role):
        world.stack.sql("UPDATE resources SET im_vm_idx = '0', status = 8 WHERE deployment_id = %s", (world.made,))
        return "/deployments/%s/resources/%s%s" % (world.made, world.below("resources"), below)
    return path


def of_operation(below=""):
    return lambda world, role: "/operations/" + world.below("operations") + below


RECORD = """INSERT INTO operations (id, deployment_id, resource_id, type, state, phase, is_dry_run, user_group,
    user_group_issuer, created_by, ended_at) SELECT gen_random_uuid(), id, %s, %s, 'succeeded', 'ended', %s, user_group,
    user_group_issuer, created_by, now() FROM deployments WHERE id = %s RETURNING id"""


def of_needless_operation(world, role):
    return "/operations/%s" % world.stack.sql(RECORD, (None, "UPDATE", True, world.deployment))[0]


def of_resource(below):
    """Something below a resource; {} in it is an operation on that."""
    def path(world, role):
        resource = world.below("resources")
        operation = world.stack.sql(RECORD, (resource, "START", False, world.deployment))[0][0]
        return "/deployments/%s/resources/%s%s" % (world.deployment, resource, below.format(operation))
    return path


def labels(world, role):
    return {"json": {"labels": {"site": ["bari"]}}}


ACTION = """WITH over AS (UPDATE operations SET state = 'canceled', phase = 'ended', ended_at = now()
    WHERE deployment_id = %(id)s AND ended_at IS NULL RETURNING id), gone AS (DELETE FROM work w USING over WHERE w.id =
    over.id) INSERT INTO operations (id, deployment_id, resource_id, type, state, phase, options, user_group,
    user_group_issuer, created_by, ended_at) SELECT gen_random_uuid(), id, %(resource)s, 'STOP',
    %(state)s::operation_state, %(phase)s::operation_phase, '{"former": 8}', user_group, user_group_issuer, created_by,
    CASE WHEN %(phase)s = 'ended' THEN now() END FROM deployments WHERE id = %(id)s RETURNING id"""


def of_action(place, action):
    """A machine's operation, nothing else being at work there: one that waits for its turn, or that failed."""
    def path(world, role):
        machine = of_machine("")(world, role)
        facts = {"id": world.made, "resource": world.below("resources")}
        facts.update(zip(("state", "phase"), ("pending", "queued") if action == "cancel" else ("failed", "ended")))
        above = {"": "", "deployment": "/deployments/" + world.made, "resource": machine}[place]
        return "%s/operations/%s/%s" % (above, world.stack.sql(ACTION, facts)[0][0], action)
    return path


def of_child(kind, below=""):
    return lambda world, role: "/deployments/%s/%s/%s%s" % (world.deployment, kind, world.below(kind), below)


def of_provider(world, role):
    return "/providers/" + world.owner.get("/providers").json()["data"][0]["id"]


def of_template(world, role):
    return "/templates/" + world.template


def of_unused_template(world, role):
    return "/templates/" + store(world.owner)


def of_person(world, role):
    return "/users/" + person_id(world.stack, world.owner)


def of_owner(world, role):
    return world.deployment and of_person(world, role)


def of_newcomer(world, role):
    return "/users/" + person_id(world.stack, world.stack.person())


def of_orchestration(below=""):
    """Of the owner's, which has come to the deployment."""
    def path(world, role):
        made = world.owner.post("/orchestrations", json={
            "type": "STOP", "targets": {"include": [{"target": "all"}]}}).json()["orchestrationID"]
        [(target,)] = world.stack.sql(
            "INSERT INTO orchestration_targets (id, orchestration_id, deployment_id, due_at, name, user_group,"
            " user_group_issuer, inputs) VALUES (gen_random_uuid(), %s, %s, now(), 'x', 'x', 'x', '{}') RETURNING id",
            (made, world.deployment))
        return "/orchestrations/" + made + below.replace("{operation_id}", str(target))
    return path


def body(**fields):
    return lambda world, role: {"json": fields}


def submission(world, role):
    return {"json": {"template_id": world.template, "template_inputs": {}, "user_group": world.owner.group}}


TABLE = [
    Row("GET", "/health", (200,) * 7),
    Row("GET", "/openapi.json", (200,) * 7),
    Row("GET", "/docs", (200,) * 7),
    Row("GET", "/configuration", 200),
    Row("GET", "/providers", 200),
    Row("GET", "/providers/{provider_id}", 200, of_provider),
    # users
    Row("POST", "/users", (401, 401, 201, 409, 201, 409, 201)),
    Row("GET", "/users", 200),
    Row("GET", "/users/{user_id}", (401, 401, 403, 403, 200, 403, 200), of_person),
    Row("GET", "/users/{user_id}", 200, lambda world, role: "/users/me", name="me"),
    Row("PATCH", "/users/{user_id}", (401, 401, 403, 403, 204, 403, 204), of_person,
        body(picture="https://a.example/")),
    Row("PATCH", "/users/{user_id}", (401, 401, 403, 403, 204, 403, 403), of_person, body(refresh_token="r"),
        name="refresh_token"),
    Row("POST", "/users/{user_id}/ssh_keys", (401, 401, 403, 403, 201, 403, 403),
        lambda world, role: of_person(world, role) + "/ssh_keys"),
    Row("DELETE", "/users/{user_id}/ssh_keys", (401, 401, 403, 403, 204, 403, 204),
        lambda world, role: of_person(world, role) + "/ssh_keys"),
    Row("DELETE", "/users/{user_id}", only_admin(204), of_newcomer),
    Row("DELETE", "/users/{user_id}", only_admin(409), of_owner, name="in use"),
    # templates
    Row("POST", "/templates", 201, None, lambda world, role: {"json": {"content": template()}}),
    Row("GET", "/templates", 200),
    Row("GET", "/templates/{template_id}", 200, of_template),
    Row("PATCH", "/templates/{template_id}", (401, 401, 403, 403, 204, 403, 204), of_template, body(version="2")),
    Row("PUT", "/templates/{template_id}", (401, 401, 403, 403, 204, 403, 204), of_template, body(name="new")),
    Row("DELETE", "/templates/{template_id}", (401, 401, 403, 403, 204, 403, 204), of_unused_template),
    Row("DELETE", "/templates/{template_id}", (401, 401, 403, 403, 409, 403, 409),
        lambda world, role: of_template(world, world.deployment), name="in use"),
    # deployments
    Row("POST", "/deployments", 202, None, submission),
    Row("POST", "/deployments", (401, 401, 403, 403, 403, 403, 403), None,
        lambda world, role: {"json": {"template_id": world.template, "template_inputs": {}, "user_group": "strangers"}},
        name="of another group"),
    Row("GET", "/deployments", 200),
    Row("GET", "/deployments/{deployment_id}", only(200), of_deployment()),
    Row("GET", "/deployments/{deployment_id}/templates", only(200), of_deployment("/templates")),
    Row("GET", "/deployments/{deployment_id}/logs", only(200), of_deployment("/logs")),
    Row("PATCH", "/deployments/{deployment_id}", only_admin(204), of_deployment(),
        lambda world, role: {"json": {"user_group": world.stack.group()}}, name="user_group"),
    Row("PATCH", "/deployments/{deployment_id}", only(202), of_made_deployment(), body(template_inputs={"num_cpus": 2}),
        name="template_inputs"),
    Row("PUT", "/deployments/{deployment_id}", only(202), of_made_deployment(), body(template_inputs={"num_cpus": 2})),
    Row("PUT", "/deployments/{deployment_id}", only(409), of_deployment(), body(template_inputs={"num_cpus": 2}),
        name="without an infrastructure"),
    Row("PATCH", "/deployments/{deployment_id}/inputs", only(202), of_made_deployment("/inputs"), body(num_cpus=2)),
    Row("POST", "/deployments/{deployment_id}/owners", only_admin(202), of_made_deployment("/owners"),
        lambda world, role: {"json": {"id": person_id(world.stack, world.user)}}),
    Row("DELETE", "/deployments/{deployment_id}/owners/{user_id}", only_admin(202),
        lambda world, role: "/deployments/%s/owners/%s" % (world.made, person_id(world.stack, world.co_owner))),
    Row("DELETE", "/deployments/{deployment_id}/owners/{user_id}", only_admin(409),
        lambda world, role: "/deployments/%s/owners/%s" % (world.made, person_id(world.stack, world.owner)),
        name="the only one"),
    Row("POST", "/deployments/{deployment_id}/reset-status", only(202), of_busy_deployment("/reset-status")),
    Row("POST", "/deployments/{deployment_id}/reset-status", only(409), of_deployment("/reset-status"), name="at rest"),
    Row("DELETE", "/deployments/{deployment_id}", only(202), of_deployment()),
    Row("DELETE", "/deployments/{deployment_id}", only_admin(202), of_deployment("?force=true"), name="force"),
    Row("DELETE", "/deployments/{deployment_id}", only_admin(202), of_deployment("?unsecure=true"), name="unsecure"),
    Row("POST", "/deployments/{deployment_id}/logs", (401, 401, 403, 403, 403, 403, 204, 204), of_deployment("/logs"),
        body(orchestrator_logs="a line")),
    Row("DELETE", "/deployments/{deployment_id}/logs", only_admin(204), of_deployment("/logs")),
    Row("DELETE", "/deployment/{deployment_id}/logs", only_admin(204),
        lambda world, role: "/deployment/%s/logs" % world.deployment),
    # resources and operations
    Row("GET", "/deployments/{deployment_id}/resources", only(200), of_deployment("/resources")),
    Row("GET", "/deployments/{deployment_id}/resources/{resource_id}", only(200), of_child("resources")),
    Row("PATCH", "/deployments/{deployment_id}/resources/{resource_id}/start", only(202), of_machine("/start")),
    Row("PATCH", "/deployments/{deployment_id}/resources/{resource_id}/stop", only(202), of_machine("/stop")),
    Row("PATCH", "/deployments/{deployment_id}/resources/{resource_id}/reboot", only(202), of_machine("/reboot")),
    Row("PATCH", "/deployments/{deployment_id}/resources/{resource_id}/reset-status", only(202),
        of_machine("/reset-status")),
    *[Row("POST", "%s/operations/{operation_id}/%s" % (route, action), only(202), of_action(place, action))
      for action in ("cancel", "retry") for place, route in (
          ("", ""), ("deployment", "/deployments/{deployment_id}"),
          ("resource", "/deployments/{deployment_id}/resources/{resource_id}"))],
    Row("GET", "/deployments/{deployment_id}/operations", only(200), of_deployment("/operations")),
    Row("GET", "/deployments/{deployment_id}/operations/{operation_id}", only(200), of_child("operations")),
    Row("PATCH", "/deployments/{deployment_id}/operations/{operation_id}", only(204), of_child("operations"), labels),
    Row("GET", "/deployments/{deployment_id}/operations/{operation_id}/logs", only(200),
        of_child("operations", "/logs")),
    Row("GET", "/deployments/{deployment_id}/operations/{operation_id}/stages", only(200),
        of_child("operations", "/stages")),
    Row("GET", "/deployments/{deployment_id}/statusesWithStages", only(200), of_deployment("/statusesWithStages")),
    Row("GET", "/deployments/{deployment_id}/statuses-with-stages", only(200), of_deployment("/statuses-with-stages")),
    Row("GET", "/deployments/{deployment_id}/resources/{resource_id}/operations", only(200),
        of_resource("/operations")),
    Row("GET", "/deployments/{deployment_id}/resources/{resource_id}/operations/{operation_id}", only(200),
        of_resource("/operations/{}")),
    Row("PATCH", "/deployments/{deployment_id}/resources/{resource_id}/operations/{operation_id}", only(204),
        of_resource("/operations/{}"), labels),
    Row("GET", "/deployments/{deployment_id}/resources/{resource_id}/operations/{operation_id}/logs", only(200),
        of_resource("/operations/{}/logs")),
    Row("GET", "/deployments/{deployment_id}/resources/{resource_id}/operations/{operation_id}/stages", only(200),
        of_resource("/operations/{}/stages")),
    Row("GET", "/operations", 200),
    Row("GET", "/operations/{operation_id}", only(200), of_operation()),
    Row("PATCH", "/operations/{operation_id}", only(204), of_operation(), labels),
    Row("DELETE", "/operations/{operation_id}", only_admin(204), of_needless_operation),
    Row("DELETE", "/operations/{operation_id}", only_admin(409), of_operation(), name="that is needed"),
    Row("GET", "/operations/{operation_id}/logs", only(200), of_operation("/logs")),
    Row("GET", "/operations/{operation_id}/stages", only(200), of_operation("/stages")),
    # orchestrations: owners of a deployment see what is done with it
    Row("POST", "/orchestrations", 202, None, body(type="STOP", targets={"include": [{"target": "all"}]})),
    Row("GET", "/orchestrations", 200),
    Row("GET", "/orchestrations/{orchestration_id}", (401, 401, 403, 403, 200, 403, 200), of_orchestration()),
    Row("GET", "/orchestrations/{orchestration_id}/operations", only(200), of_orchestration("/operations")),
    Row("GET", "/orchestrations/{orchestration_id}/operations/{operation_id}", only(200),
        of_orchestration("/operations/{operation_id}")),
    Row("PUT", "/orchestrations/{orchestration_id}/cancel", (401, 401, 403, 403, 200, 403, 200),
        of_orchestration("/cancel")),
    Row("POST", "/orchestrations/{orchestration_id}/retry", (401, 401, 403, 403, 202, 403, 202),
        of_orchestration("/retry")),
]


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("row", TABLE, ids=["%s %s%s" % (row.method, row.route, row.name and " " + row.name)
                                            for row in TABLE])
def test_everybody_has_the_answer_that_the_contract_says(frozen, row, role):
    world = World(frozen)
    answer = row.sent_by(world, role)
    assert answer.status_code == row.expected(role), answer.text
    if answer.status_code >= 400:
        assert answer.headers["Content-Type"] == "application/problem+json"


def test_no_route_is_left_out(frozen):
    routes = {(method.upper(), path) for path, item in frozen.contract.paths.items() for method in item
              if method in ("get", "post", "put", "patch", "delete")}
    assert routes == {(row.method, row.route) for row in TABLE}
