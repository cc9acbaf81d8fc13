# Licensed under the Apache License, Version 2.0; see LICENSE.
"""The story that ./dev run tells: a template is stored, a deployment asked for and followed to its outputs."""

import json
import os
import time
import urllib.error
import urllib.request

from . import local, process, report

TEMPLATE = os.path.join(local.TEMPLATES, "single_vm.yaml")
GROUP = "beta-testers"
PATIENCE = 600  # seconds; a real IM boots real machines


def call(method, url, token, body=None):
    """(status, headers, decoded body); an HTTP error is an answer too."""
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data=data, method=method, headers={"Authorization": "Bearer " + token})
    if data is not None:
        request.add_header("Content-Type", "application/json")
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            text = answer.read()
            return answer.status, answer.headers, json.loads(text) if text else None
    except urllib.error.HTTPError as answer:
        text = answer.read()
        try:
            return answer.code, answer.headers, json.loads(text)
        except ValueError:
            return answer.code, answer.headers, {"detail": text.decode("utf-8", "replace")[:300]}


def _need(wanted, status, body, what):
    if status not in wanted:
        raise process.StackError("%s was answered with %d: %s" % (what, status, (body or {}).get("detail")))


def store_template(stack, token):
    """The id of conf/templates/single_vm.yaml, stored now or at an earlier run."""
    with open(TEMPLATE, encoding="utf-8") as file:
        content = file.read()
    status, headers, body = call("POST", stack.url + "/templates", token, {"content": content})
    _need((201, 409), status, body, "storing " + TEMPLATE)
    return headers["Location"].rstrip("/").rpartition("/")[2] if status == 409 else body["id"]


def deployment(stack, token, known, inputs):
    """The demonstration's deployment: the one of an earlier run while it is complete, else a new one with these
    template inputs that is followed to its end."""
    if known:
        status, _, body = call("GET", "%s/deployments/%s" % (stack.url, known), token)
        if status == 200 and body["status_name"] == "CREATE_COMPLETE":
            return body
    with report.step("template") as words:
        template = store_template(stack, token)
        words.append("single_vm.yaml is %s" % template)
    began = time.monotonic()
    status, _, body = call("POST", stack.url + "/deployments", token,
                           {"template_id": template, "template_inputs": inputs, "user_group": GROUP})
    _need((202,), status, body, "asking for a deployment")
    identifier, last = body["id"], None
    while time.monotonic() - began < PATIENCE:
        status, _, body = call("GET", "%s/deployments/%s" % (stack.url, identifier), token)
        _need((200,), status, body, "reading the deployment")
        if (body["status_name"], body["task_name"]) != last:
            last = (body["status_name"], body["task_name"])
            report.line("deployment", "%s, task %s" % last, time.monotonic() - began)
        if not body["status_name"].endswith("_IN_PROGRESS"):
            if body["status_name"] != "CREATE_COMPLETE":
                raise process.StackError("the deployment is %s: %s" % (body["status_name"], body["status_reason"]))
            return body
        time.sleep(0.1)
    raise process.StackError("the deployment %s is not complete after %d s" % (identifier, PATIENCE))


def next_steps(stack, done):
    """What a newcomer pastes next."""
    report.say("\nDeployment %s has the outputs" % done["id"])
    report.say(json.dumps(done["template_outputs"], indent=2, ensure_ascii=False))
    report.say("""
Try next:
  curl -s %(url)s/health
  curl -s -H "Authorization: Bearer $(./dev token alice)" %(url)s/deployments/%(id)s
  curl -s -H "Authorization: Bearer $(./dev token alice)" %(url)s/deployments/%(id)s/resources
  curl -s -H "Authorization: Bearer $(./dev token alice)" %(url)s/deployments/%(id)s/operations
  curl -s -i -X DELETE -H "Authorization: Bearer $(./dev token alice)" %(url)s/deployments/%(id)s
  curl -s -i -H "Authorization: Bearer $(./dev token bob)" %(url)s/deployments/%(id)s     # 403: it is alice's
  curl -s -H "Authorization: Bearer $(./dev token admin)" %(url)s/users

The same with a token that is in the line already (an hour long):
  curl -s -H "Authorization: Bearer %(token)s" %(url)s/users/me

  health      %(url)s/health
  contract    %(url)s/openapi.json, to be browsed at %(url)s/docs
  status      %(base)s/orchestrator-status
  IM          %(im)s
  error log   %(error)s
  access log  %(access)s
  issuer      %(issuer)s  (log: %(issuer_log)s)
  PostgreSQL  psql %(database)s

./dev env prints all of this for a shell, ./dev token NAME a token for anybody, ./dev stop ends it.""" % {
        "url": stack.url, "base": stack.base_url, "id": done["id"], "token": stack.issuer.token("alice"),
        "im": stack.im_url, "error": stack.httpd.error_log, "access": stack.httpd.access_log,
        "issuer": stack.issuer.url, "issuer_log": stack.issuer.log, "database": stack.postgres.url})
