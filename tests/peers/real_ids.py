# Licensed under the Apache License, Version 2.0; see LICENSE.
"""Hooks of schemathesis: ids that exist in the place of those that it makes up, so that it gets behind 404.

ORCHESTRATOR_IDS names a file of JSON: {"deployments": [{"id", "resources": [ids], "operations": [ids]}], "templates":
[ids], "users": [ids], "groups": [names]}. Which request gets which, its own words say: the same at each run.
"""

import json
import os
import uuid
import zlib

import schemathesis

with open(os.environ["ORCHESTRATOR_IDS"], encoding="utf-8") as file:
    KNOWN = json.load(file)

OF_EXAMPLES = "0194bd00-"  # what ids begin with in the contract's examples


def is_made_up(value):
    """An id, and none that the service gave out: these have version 7."""
    try:
        return value.startswith(OF_EXAMPLES) or uuid.UUID(value).version != 7
    except (AttributeError, ValueError):
        return False


def number_of(case):
    words = repr((case.method, case.path, case.path_parameters, case.query, case.body))
    return zlib.crc32(words.encode("utf-8", "replace"))


def one_of(values, number):
    return values[number % len(values)]


def in_the_path(case, number):
    """Most requests get ids that exist, of deletions one in eight: what is deleted can't be used again."""
    if number % 8 not in ((1,) if case.method.upper() == "DELETE" else range(2, 8)):
        return
    deployment = one_of(KNOWN["deployments"], number >> 3)
    known = {"deployment_id": [deployment["id"]], "resource_id": deployment["resources"],
             "operation_id": deployment["operations"], "template_id": KNOWN["templates"], "user_id": KNOWN["users"]}
    for name, value in (case.path_parameters or {}).items():
        if known.get(name) and is_made_up(value):
            case.path_parameters[name] = one_of(known[name], number >> 10)


def in_the_body(case, number):
    """A submission that can be carried out, inputs that the templates have, owners that there are."""
    body = case.body
    if not isinstance(body, dict) or number % 8 < 2:
        return
    if is_made_up(body.get("template_id")):
        body["template_id"] = one_of(KNOWN["templates"], number >> 3)
        if isinstance(body.get("user_group"), str) and body["user_group"]:
            body["user_group"] = one_of(KNOWN["groups"], number)
        for name in ("target_provider", "target_region"):
            if isinstance(body.get(name), str) and body[name]:
                body[name] = None
    if isinstance(body.get("template_inputs"), dict):
        body["template_inputs"] = {"num_cpus": 1 + number % 4}
    if is_made_up(body.get("id")):
        body["id"] = one_of(KNOWN["users"], number >> 3)


@schemathesis.hook
def before_call(_context, case, _kwargs):
    number = number_of(case)
    in_the_path(case, number)
    in_the_body(case, number)


@schemathesis.hook
def filter_case(_context, case):
    """A form can't tell a text from a list of one text: no case of a wrong type can be made of that."""
    is_form = case.media_type == "application/x-www-form-urlencoded" and isinstance(case.body, dict)
    return not (is_form and "operation-id" in case.body and not isinstance(case.body["operation-id"], list))
