# Licensed under the Apache License, Version 2.0; see LICENSE.
"""The IM simulator against what real IMs of both generations answered."""

import base64
import concurrent.futures
import http.client
import json
import os
import re
import shutil
import tempfile
import time

import pytest
import requests
import yaml

from harness import live
from stack import httpd, process

BUILD = os.environ.get("ORCHESTRATOR_BUILD") or os.path.join(process.CHECKOUT, "build")
ISSUER = "https://issuer.example/"
GONE = "Invalid infrastructure ID or access not granted."
VERSION = "tosca_definitions_version: tosca_simple_yaml_1_0\n"
TEMPLATE = VERSION + """
imports:
  - custom_types: https://types.example/custom_types.yaml
metadata:
  infra_name: demo
topology_template:
  inputs:
    num_nodes: {type: integer, default: 2}
    app_password: {type: string, default: random(12)}
  node_templates:
    simple_node:
      type: tosca.nodes.indigo.Compute
      capabilities:
        scalable: {properties: {count: {get_input: num_nodes}}}
        host: {properties: {num_cpus: 1, mem_size: 1 GB}}
        os: {properties: {type: linux, distribution: ubuntu}}
  outputs:
    node_ip: {value: {get_attribute: [simple_node, private_address]}}
    node_id: {value: {get_attribute: [simple_node, tosca_id]}}
    creds: {value: {get_attribute: [simple_node, endpoint, credential, 0]}}
    log: {value: {get_attribute: [simple_node, ctxt_log]}}
    pub_ip: {value: {get_attribute: [simple_node, public_address]}}
    second: {value: {get_attribute: [simple_node, private_address, 1]}}
    url: {value: {concat: ["http://", {get_attribute: [simple_node, public_address, 0]}, ":", 80]}}
    task: {value: {get_attribute: [simple_node, ansible_output, some_task, output]}}
    n: {value: {get_input: num_nodes}}
    pw: {value: {get_input: app_password}}
"""


class Simulator:
    """A running simulator: the calls that a client of IM makes, and the control surface."""

    def __init__(self, server, generation):
        self.server = server
        self.generation = generation
        self.url = "http://127.0.0.1:%d" % server.port
        self.session = requests.Session()

    def call(self, method, path, body=None, auth=None, accept="application/json", headers=None, **parameters):
        sent = {"Accept": accept, "Authorization": auth or line()}
        if body is not None:
            sent["Content-Type"] = "text/yaml"
        sent.update(headers or {})
        return self.session.request(method, self.url + path, params=parameters, data=body, timeout=30,
                                    headers={name: value for name, value in sent.items() if value is not None})

    def create(self, behaviour=None, auth=None, document=None, asynchronous=True, **more):
        """The id of a new infrastructure."""
        parameters = {"async": "true"} if asynchronous else {}
        answer = self.call("POST", "/infrastructures", template(behaviour, document), auth=auth, **parameters, **more)
        assert answer.status_code == 200, answer.text
        return answer.json()["uri"].rsplit("/", 1)[1]

    def get(self, id, what="", **more):
        return self.call("GET", "/infrastructures/%s%s" % (id, what), **more)

    def state(self, id, **more):
        answer = self.get(id, "/state", **more)
        return answer.json()["state"] if answer.status_code == 200 else answer.status_code

    def delete(self, id, **parameters):
        return self.call("DELETE", "/infrastructures/" + id, **parameters)

    def configured(self, *arguments, **more):
        """The id of an infrastructure that has had the time to become configured."""
        id = self.create(*arguments, **more)
        self.advance(60)
        return id

    def control(self, method, what, value=None, **parameters):
        answer = self.session.request(method, "%s/_simulator/%s" % (self.url, what), json=value, params=parameters,
                                      timeout=30)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def advance(self, ms):
        self.control("POST", "advance", {"ms": ms})

    def ledger(self, id):
        return next(entry for entry in self.control("GET", "ledger") if entry["id"] == id)


def wait_for(condition, what):
    process.wait_for(condition, 60, what)


def line(user="alice", password="secret", cloud="id = dummy; type = Dummy"):
    return r"type = InfrastructureManager; username = %s; password = %s\n%s" % (user, password, cloud)


def token(payload=None, **claims):
    payload = payload or {"iss": ISSUER, "sub": "u1", "preferred_username": "user-u1", "exp": time.time() + 600,
                          **claims}
    parts = [base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode()
             for part in ({"alg": "none"}, payload)]
    return ".".join(parts + ["c2ln"])


def bearer(value=None, **claims):
    return r'type = InfrastructureManager; token = "%s"\nid = dummy; type = Dummy' % (value or token(**claims))


def template(behaviour=None, document=None):
    document = yaml.safe_load(document or TEMPLATE)
    if behaviour is not None:
        document.setdefault("metadata", {})["im_simulator"] = behaviour
    return yaml.safe_dump(document)


def start(version):
    folder = process.make_folder(tempfile.mkdtemp(prefix=live.FOLDERS, dir="/tmp"))
    process.write(os.path.join(folder, "owner.pid"), "%d\n" % os.getpid())
    server = httpd.Httpd("simulator", folder, os.path.join(process.CHECKOUT, "tests/stack/simulator.conf"),
                         process.free_port(), {"module": os.path.join(BUILD, ".libs", "mod_im_simulator.so")},
                         more="IMSimulatorVersion %s\nIMSimulatorIssuer %s" % (version, ISSUER))
    server.start()
    return Simulator(server, int(version[0]))


def end(made):
    made.server.stop()
    with open(made.server.error_log, encoding="utf-8") as file:
        complaints = [text for text in file if ":notice]" not in text and ":info]" not in text]
    with open(made.server.output_log, encoding="utf-8") as file:
        complaints += [text for text in file if "Sanitizer" in text or "runtime error" in text]
    shutil.rmtree(made.server.folder)
    assert not complaints


@pytest.fixture(scope="module", params=["1.19.1", "2.0.0"])
def running(request):
    made = start(request.param)
    yield made
    end(made)


@pytest.fixture
def im(running):
    """A simulator that has forgotten everything."""
    running.control("POST", "reset")
    yield running
    running.control("POST", "reset")


def message(answer):
    assert answer.headers["Content-Type"] == "application/json"
    assert answer.json()["code"] == answer.status_code
    return answer.json()["message"]


def text_type(im, name="text/plain"):
    return name if im.generation == 1 else name + "; charset=utf-8"


# ---- media types, errors, credentials


def test_version_needs_no_credentials(im):
    version = "1.19.1" if im.generation == 1 else "2.0.0"
    answer = requests.get(im.url + "/version", timeout=10)
    assert (answer.text, answer.headers["Content-Type"]) == (version, text_type(im))
    answer = im.call("GET", "/version", auth="")
    assert answer.json() == {"version": version}
    refused = im.call("GET", "/version", accept="image/png")
    assert refused.status_code == (415 if im.generation == 1 else 400)


def test_json_is_spelt_as_each_generation_spells_it(im):
    id = im.configured()
    assert im.get(id, "/vms/0/state").text == ('{"state": "configured"}' if im.generation == 1
                                               else '{"state":"configured"}')


@pytest.mark.parametrize("header, words", [
    (None, "No authentication data provided"),
    ("id = dummy; type = Dummy", "Error Getting Inf. List: No credentials provided for the InfrastructureManager."),
    ("Bearer abc", "Error Getting Inf. List: No credentials provided for the InfrastructureManager."),
    ("garbage", "Error Getting Inf. List: No credentials provided for the InfrastructureManager."),
    ("type = InfrastructureManager; username = __OPENID__x; password = y",
     "Error Getting Inf. List: Invalid username used for the InfrastructureManager."),
])
def test_bad_credentials_are_refused(im, header, words):
    answer = im.session.get(im.url + "/infrastructures", timeout=10,
                            headers={"Accept": "application/json", **({"Authorization": header} if header else {})})
    assert (answer.status_code, message(answer)) == (401, words)


def test_an_expired_token_is_401_on_list_and_create_and_400_elsewhere(im):
    id = im.create()
    expired = bearer(exp=1000)
    words = "Invalid InfrastructureManager credentials. OIDC auth Token expired."
    answer = im.call("GET", "/infrastructures", auth=expired)
    assert (answer.status_code, message(answer)) == (401, "Error Getting Inf. List: " + words)
    answer = im.call("POST", "/infrastructures", template(), auth=expired)
    prefix = "Error Creating Inf. info: " if im.generation == 1 else "Error Creating Inf.: "
    assert (answer.status_code, message(answer)) == (401, prefix + words)
    assert im.call("GET", "/clouds/dummy/quotas", auth=expired).status_code == 401
    for method, path, prefix in (("GET", "/state", "Error Getting Inf. prop: "),
                                 ("DELETE", "", "Error Destroying Inf: "), ("GET", "/vms/0", "Error Getting VM info: "),
                                 ("PUT", "/stop", "Error in stop operation: ")):
        answer = im.call(method, "/infrastructures/" + id + path, auth=expired)
        assert (answer.status_code, message(answer)) == (400, prefix + words)


def test_a_token_of_another_issuer_or_no_token_at_all(im):
    answer = im.call("GET", "/infrastructures", auth=bearer(iss="https://other.example/"))
    assert (answer.status_code, message(answer)) == (
        401, "Error Getting Inf. List: Invalid InfrastructureManager credentials. Issuer not accepted.")
    answer = im.call("GET", "/infrastructures", auth=bearer(token({"iss": ISSUER, "sub": "u1"})))
    assert message(answer) == ("Error Getting Inf. List: Invalid InfrastructureManager credentials. "
                               "OIDC auth Error getting token info.")
    answer = im.call("GET", "/infrastructures", auth=bearer(iss="https://other.example/", exp=1))
    assert message(answer).endswith("Issuer not accepted." if im.generation == 1 else "OIDC auth Token expired.")
    answer = im.call("GET", "/infrastructures", auth=bearer("abc"))
    assert (answer.status_code, message(answer)) == (
        400, "Error Getting Inf. List: Error trying to decode OIDC auth token: list index out of range")


def test_the_subject_of_a_token_owns_whatever_the_token(im):
    id = im.create(auth=bearer())
    assert im.state(id, auth=bearer(jti="another")) != 403
    answer = im.get(id, "/state", auth=bearer(sub="u2", preferred_username="user-u2"))
    assert (answer.status_code,
            message(answer)) == (403, "Error Getting Inf. prop: Access to this infrastructure not granted.")
    assert im.get(id, "/authorization", auth=bearer()).json() == {"authorization": ["__OPENID__user-u1"]}
    assert im.call("GET", "/infrastructures", auth=bearer(sub="u2")).json() == {"uri-list": []}
    assert im.ledger(id)["owner"] == "__OPENID__user-u1"


@pytest.mark.parametrize("auth", [
    r'type = InfrastructureManager; username = alice; password = "a;b=c"\nid = dummy; type = Dummy',
    r"type = InfrastructureManager; username = alice; password = 'a;b=c'\nid=dummy;type=Dummy",
    r"""# a remark\n\ntype = InfrastructureManager; username = 'ali'"ce"; password = 'a;b=c'\n"""
    "id = dummy; type = Dummy",
    '[{"type":"InfrastructureManager","username":"alice","password":"a;b=c"},{"id":"dummy","type":"Dummy"}]',
])
def test_the_header_is_read_by_the_rules_of_im(im, auth):
    id = im.create(auth=r'type = InfrastructureManager; username = alice; password = "a;b=c"\nid = dummy; type = Dummy')
    assert im.get(id, "/authorization", auth=auth).json() == {"authorization": ["alice"]}


def test_an_unquoted_equals_sign_drops_the_rest_of_the_line(im):
    answer = im.call("GET", "/infrastructures", auth="type = InfrastructureManager; username = a; password = b=c")
    assert message(answer) == "Error Getting Inf. List: No credentials provided for the InfrastructureManager."
    answer = im.call("GET", "/infrastructures",
                     auth="type = InfrastructureManager; username = a; password = it's; id = x")
    assert answer.status_code == 200, "an apostrophe swallows the rest, the credentials stay"


def test_long_headers_are_taken(im):
    assert im.call("GET", "/infrastructures", auth=line(password="x" * 60000)).status_code == 200


def test_errors_come_in_the_shape_that_is_accepted(im):
    words = "Error Getting Inf. prop: " + GONE
    answer = im.get("does-not-exist", "/state")
    assert (answer.status_code, message(answer)) == (404, words)
    answer = im.get("does-not-exist", "/contmsg", accept="*/*")
    assert (answer.text, answer.headers["Content-Type"]) == (words, "text/plain; charset=utf-8")
    answer = im.get("does-not-exist", "/state", accept="text/html")
    assert answer.status_code == 415 and "<h1>Code: 415.</h1>" in answer.text
    answer = im.call("GET", "/infrastructures", accept="text/yaml")
    words = "Unsupported Accept Media Types: text/yaml"
    assert (answer.status_code, answer.text) == ((415, words) if im.generation == 1
                                                 else (400, "Error Getting Inf. List: 415: " + words))
    answer = im.get("does-not-exist", "/state", accept="text/plain")
    assert (answer.status_code, answer.text) == (415, "Unsupported Accept Media Types: ['text/plain']")


def test_unknown_routes(im):
    for method, path, second in (("GET", "/nosuchroute", (404, {"detail": "Not Found"})),
                                 ("PATCH", "/infrastructures", (405, {"detail": "Method Not Allowed"}))):
        answer = im.call(method, path)
        if im.generation == 1:
            assert (answer.status_code, message(answer)) == (405, "The method is not allowed for the requested URL.")
        else:
            assert (answer.status_code, answer.json()) == second
    id = im.create()
    for method, path, name, first in (
            ("GET", "/infrastructures/%s/nosuch" % id, "prop", (404, "Incorrect infrastructure property")),
            ("PUT", "/infrastructures/%s/nosuch" % id, "op", (400, "Error in nosuch operation: 404 Not Found: ")),
            ("PUT", "/infrastructures/%s/vms/0/nosuch" % id, "op", (400, "Error in nosuch op in VM: 404 Not Found: ")),
            ("GET", "/clouds/dummy/nosuch", "param", (404, "Incorrect cloud property"))):
        answer = im.call(method, path)
        if im.generation == 1:
            assert answer.status_code == first[0] and message(answer).startswith(first[1])
        else:
            (detail,) = answer.json()["detail"]
            assert (answer.status_code, detail["type"], detail["loc"], detail["input"]) == (
                422, "literal_error", ["path", name], "nosuch")


# ---- creation


def test_creation_answers_with_the_uri_and_the_id(im):
    answer = im.call("POST", "/infrastructures", template(), **{"async": "true"})
    id = answer.headers["InfID"]
    assert answer.json() == {"uri": "%s/infrastructures/%s" % (im.url, id)}
    answer = im.call("POST", "/infrastructures", template(), accept="*/*", **{"async": "true"})
    assert answer.headers["Content-Type"] == text_type(im, "text/uri-list")
    assert answer.text == "%s/infrastructures/%s" % (im.url, answer.headers["InfID"])
    ids = [one["uri"].rsplit("/", 1)[1] for one in im.call("GET", "/infrastructures").json()["uri-list"]]
    assert ids == [answer.headers["InfID"], id], "newest first"


def test_a_creation_that_is_not_asynchronous_lasts_until_the_launch(im):
    began = time.monotonic()
    id = im.create({"launch_ms": 300}, asynchronous=False)
    assert time.monotonic() - began >= 0.3
    assert im.state(id)["state"] == "configured"


def test_like_the_dummy_it_is_pending_and_then_configured(im):
    id = im.create({"launch_ms": 60000})
    assert im.state(id) == {"state": "pending", "vm_states": {}}
    im.advance(60000)
    assert im.state(id) == {"state": "configured", "vm_states": {"0": "configured", "1": "configured"}}


@pytest.mark.parametrize("body, words", [
    ("x: [", "Error parsing TOSCA template: while parsing a flow node\n"),
    ("just: a map", 'MissingRequiredFieldError: Template is missing required field "tosca_definitions_version"'),
    ("[1, 2]", "Error parsing TOSCA template: 'list' object has no attribute 'get'"),
    (VERSION, ": 'ToscaTemplate' object has no attribute 'nodetemplates'"),
    (VERSION + "topology_template: {}", ": 'ToscaTemplate' object has no attribute 'nodetemplates'"),
    (VERSION + "topology_template: a", "Error parsing TOSCA template: 'str' object has no attribute 'get'"),
    (template().replace("tosca.nodes.indigo.Compute", "5"), ": 'int' object has no attribute 'startswith'"),
    (template().replace("get_input: num_nodes", "get_input: other"), "UnknownInputError"),
])
def test_bad_templates_are_refused(im, body, words):
    answer = im.call("POST", "/infrastructures", body)
    assert answer.status_code == 400
    assert message(answer).startswith("Error Creating Inf.: " if im.generation == 1 else "Error parsing request body: ")
    assert words in message(answer)
    assert im.control("GET", "ledger") == []


def test_a_refused_template_brings_kilobytes_of_stack(im):
    words = message(im.call("POST", "/infrastructures",
                            VERSION + "topology_template: {node_templates: {n: {type: tosca.nodes.No}}}"))
    assert 'Type "tosca.nodes.No" is not a valid type.' in words and "\t\tFile " in words and len(words) > 2048


def test_an_empty_body(im):
    answer = im.call("POST", "/infrastructures", "")
    if im.generation == 1:
        assert (message(answer) == "Error Creating Inf.: Error parsing TOSCA template: argument of type 'NoneType' is "
                                   "not iterable")
    else:
        assert im.state(answer.headers["InfID"]) == {"state": "failed", "vm_states": {}}


def test_wrong_types_flags_and_clouds_of_a_creation(im):
    answer = im.call("POST", "/infrastructures", template(), headers={"Content-Type": "application/xml"})
    assert (answer.status_code, message(answer)) == (415, "Unsupported Media Type ['application/xml']")
    answer = im.call("POST", "/infrastructures", template(), **{"async": "maybe"})
    if im.generation == 1:
        assert (answer.status_code, message(answer)) == (400, "Incorrect value in async parameter")
    else:
        assert answer.status_code == 422 and answer.json()["detail"][0]["loc"] == ["query", "async"]
    foo = line(cloud="id = x; type = Foo")
    answer = im.call("POST", "/infrastructures", template(), auth=foo)
    assert message(answer) == ("Error Creating Inf.: Cloud provider not supported: Foo "
                               "(error: No module named 'IM.connectors.Foo')")
    assert im.state(im.configured(auth=foo))["state"] == "failed"
    id = im.configured(auth=line(cloud=""))
    assert im.state(id) == {"state": "failed", "vm_states": {}}
    assert "No VMI obtained from Sites to system 'simple_node'" in im.get(id, "/contmsg").json()["contmsg"]


def test_dry_run_makes_nothing(im):
    answer = im.call("POST", "/infrastructures", template(), dry_run="true")
    assert answer.json() == {"dummy": {"cloudType": "Dummy", "cloudEndpoint": "http://:80", "storage": [],
                                       "compute": [{"cpuCores": 1, "memoryInMegabytes": 1000}] * 2}}
    assert im.control("GET", "ledger") == []


# ---- what tosca-parser says of a template


def document(nodes=None, inputs=None, outputs=None, topology="", root=""):
    """A template of these sections, as YAML in flow style: `one` is a compute node unless nodes say otherwise."""
    sections = {"inputs": inputs, "node_templates": nodes or "{one: {type: tosca.nodes.Compute}}", "outputs": outputs}
    return VERSION + root + "topology_template:\n" + "".join(
        "  %s: %s\n" % (name, value) for name, value in sections.items() if value) + topology


def compute(capability="", more="", type="tosca.nodes.indigo.Compute"):
    """The node templates with one compute node."""
    return "{one: {type: %s, capabilities: {%s}%s}}" % (type, capability, more)


def scalable(**properties):
    return "scalable: {properties: {%s}}" % ", ".join("%s: %s" % one for one in properties.items())


def post(im, text):
    return im.call("POST", "/infrastructures", text.encode(), **{"async": "true"})


def read_one_back(im):
    """From now on the IM verifies nothing: it has read an infrastructure back from its database."""
    im.create(document=document())
    assert im.control("POST", "forget", {"read_back": True})["verifies"] is False


def outputs_of(im, text):
    """The outputs of this very text, or IM's words."""
    answer = post(im, text)
    assert answer.status_code == 200, answer.text
    im.advance(60)
    answer = im.get(answer.headers["InfID"], "/outputs")
    return answer.json()["outputs"] if answer.status_code == 200 else message(answer)


def unknown(what, field):
    return '%s contains unknown field "%s". Refer to the definition to verify valid values.' % (what, field)


def default(type, value, more=""):
    return document(inputs="{x: {type: %s, default: %s%s}}" % (type, value, more))


NO_TARGET = 'InvalidGroupTargetException: "Target member "%s" is not found in node_templates"'
VERSIONS = ('Valid versions are "tosca_simple_yaml_1_0", "tosca_simple_yaml_1_2", "tosca_simple_yaml_1_3", '
            '"tosca_simple_profile_for_mec_1_0_0", "tosca_simple_profile_for_nfv_1_0_0".')

# What is collected, and the words of it.
COLLECTED = [
    (document().replace("1_0", "1_1"),
     'InvalidTemplateVersion: The template version "tosca_simple_yaml_1_1" is invalid. ' + VERSIONS),
    (document().replace("tosca_simple_yaml_1_0", "tosca_2_0"), 'The template version "tosca_2_0" is invalid.'),
    (document().replace("tosca_simple_yaml_1_0", "1.10"), 'The template version "1.1" is invalid.'),
    (document().replace(VERSION, ""), 'Template is missing required field "tosca_definitions_version".'),
    (document(root="foo: 1\n"), "UnknownFieldError: " + unknown("Template", "foo")),
    (document(root="inputs: {}\nbar: 1\n"), "UnknownFieldError: " + unknown("Template", "bar")),
    (document(topology="  foo: 1\n"), unknown("Template", "foo")),
    (document(topology="  5: 1\n"), unknown("Template", "5")),
    (document(topology="  workflows: {}\n"), unknown("Template", "workflows")),
    (document(topology="  substitution_mappings: {node_type: my.Type}\n"),
     'InvalidNodeTypeError: Node type "my.Type" is not a valid type.'),
    (document(root="repositories: {r: {url: x, z: 1}}\n"), unknown('repositories "r"', "z")),
    (document("{one: {type: tosca.nodes.Compute, foo: 1}}"), unknown('Node template "one"', "foo")),
    (document("{one: {properties: {}}}"),
     'MissingRequiredFieldError: Template "one" is missing required field "type".'),
    (document("{one: {type: my.Type}}"), 'InvalidTypeError: Type "my.Type" is not a valid type.'),
    (document(compute(more=", requirements: [{dependency: {node: one, foo: 1}}]")),
     unknown('"requirements" of template "one"', "foo")),
    (document(outputs="{o: {}}"), 'MissingRequiredFieldError: Output "o" is missing required field "value".'),
    (document(outputs="{o: {value: 1, type: string}}"), unknown('Output "o"', "type")),
    (document(topology="  groups: {g: {type: tosca.groups.Root, members: [one, nobody]}}\n"), NO_TARGET % "nobody"),
    (document(topology="  groups: {g: {type: tosca.groups.Root, members: [one, one]}}\n"),
     "\"Member nodes \"['one', 'one']\" should be >= 1"),
    (document(topology="  groups: {g: {type: tosca.groups.Root, members: one}}\n"), 'ValueError: "one" is not a list.'),
    (document(topology="  groups: {g: {type: tosca.groups.Root, foo: 1}}\n"), unknown('Groups "g"', "foo")),
    (document(topology="  policies: [{p: {type: tosca.policies.Root, targets: [nobody]}}]\n"), NO_TARGET % "nobody"),
    (document(topology="  policies: [{p: {type: tosca.policies.Root, foo: 1}}]\n"), unknown('Policy "p"', "foo")),
    (default("string", "a", ", descritpion: b"), unknown('Input "x"', "descritpion")),
    (default("bool", "false"), "ValueError: Invalid type \"<class 'type'>\"."),
    (default("integer", "abc"), 'ValueError: "abc" is not an integer.'),
    (default("integer", "'0x10'"), '"0x10" is not an integer.'),
    (default("integer", "[1, {a: \"it's\"}]"), "\"[1, {'a': \"it's\"}]\" is not an integer."),
    (default("float", "1"), 'ValueError: "1" is not a float.'),
    (default("float", "'1.0'"), '"1.0" is not a float.'),
    (default("number", "'1'"), '"1" is not a numeric.'),
    (default("boolean", "'yes'"), '"yes" is not a boolean.'),
    (default("boolean", "1"), '"1" is not a boolean.'),
    (default("list", "{a: NO}"), "\"{'a': False}\" is not a list."),
    (default("map", "[0640, ~]"), "\"[416, None]\" is not a map."),
    (default("range", "[2, 1]"), '"[2, 1]" is not a valid range.'),
    (default("timestamp", "2020-01-01"),
     '"2020-01-01" is not a valid timestamp. "Parser must be a string or character stream, not date"'),
    (default("scalar-unit.size", "4096"),
     "The unit \"6\" is not valid. Valid units are \"['B', 'GB', 'GiB', 'KiB', 'MB', 'MiB', 'TB', 'TiB', 'kB']\"."),
    (default("scalar-unit.time", "1 GB"), '"1 GB" is not a valid scalar-unit.'),
    (default("version", "1.2.a"),
     'InvalidTOSCAVersionPropertyException: Value of TOSCA version property "1.2.a" is invalid.'),
    (default("PortDef", "99999"),
     'ValidationError: The value "99999" of property "None" is out of range "(min:1, max:65535)".'),
    (document(outputs="{o: {value: {get_input: nothing}}}"), 'UnknownInputError: Unknown input "nothing".'),
    (document(compute("host: {properties: {num_cpus: {get_input: nothing}}}")), 'Unknown input "nothing".'),
    (document("{d: {type: tosca.nodes.BlockStorage, properties: {size: {get_input: nothing}}}}"),
     'Unknown input "nothing".'),
    (document(compute(more=", requirements: [{d: {node: one, relationship: {type: a, properties: {b: {get_input: "
                           "nothing}}}}}]")),
     'Unknown input "nothing".'),
    (document(outputs="{o: {value: {get_attribute: [nobody, x]}}}"),
     "KeyError: 'Node template \"nobody\" was not found.'"),
    (document(outputs="{o: {value: {get_attribute: [one, nothing]}}}"),
     'KeyError: \'Attribute "nothing" was not found in node template "one".\''),
    (document(outputs="{o: {value: {get_attribute: [one, private_address, 0]}}}"),
     'Unexpected attribute/index value "0"'),
    (document(outputs="{o: {value: {concat: []}}}"),
     'Invalid arguments for function "concat". Expected at least one arguments.'),
    (document(outputs="{o: {value: {token: [a, bc, d]}}}"), "Expected single char value as second argument."),
]


@pytest.mark.parametrize("text, words", COLLECTED)
def test_what_is_collected_is_refused_until_an_infrastructure_was_read_back(im, text, words):
    answer = post(im, text)
    assert answer.status_code == 400
    assert ("Error parsing TOSCA template: \nThe pre-parsed input failed validation with the following error(s): "
            "\n\n\t" in message(answer))
    assert words in message(answer)
    read_one_back(im)
    answer = post(im, text)
    assert answer.status_code == 200, answer.text


PARSING = "Error parsing TOSCA template: "
NO_TEXT = PARSING + "'in <string>' requires string as left operand, not "
NO_COUNT = "unsupported operand type(s) for -: '%s' and 'int'"
UNCOMPARABLE = PARSING + "'<=' not supported between instances of '%s' and '%s'"

# What the parser, or the translation to RADL, dies of.
CRASHES = [
    (document(root="22: ssh\n"), NO_TEXT + "int"),
    (document("{one: {type: tosca.nodes.Compute, yes: 1}}"), NO_TEXT + "bool"),
    (document(root="description: 5\n"), PARSING + "'int' object has no attribute 'rstrip'"),
    (document(root="metadata: [a]\n"), "'list' object has no attribute 'get'"),
    (document(nodes="[a]"), PARSING + "list indices must be integers or slices, not str"),
    (document("{one: [a]}"), PARSING + "'list' object has no attribute 'get'"),
    (document("{one: {type: 5}}"), PARSING + "'int' object has no attribute 'startswith'"),
    (document(outputs="{o: 5}"), PARSING + "'int' object has no attribute 'get'"),
    (document(topology="  groups: {g: {type: tosca.groups.Root, members: 5}}\n"),
     PARSING + "object of type 'int' has no len()"),
    (document(topology="  groups: {g: {type: my.Group}}\n"), PARSING + "argument of type 'NoneType' is not iterable"),
    (document(topology="  policies: [{p: {type: my.Policy}}]\n"),
     PARSING + "'NoneType' object has no attribute 'keys'"),
    (document(topology="  relationship_templates: {r: {}}\n"), PARSING + "'type'"),
    (default("bool", "true"), PARSING + "'bool' object has no attribute 'keys'"),
    (default("str", "a"), PARSING + "'str' object has no attribute 'keys'"),
    (default("[a]", "a"), PARSING + "unhashable type: 'list'"),
    (document(inputs="{x: {default: a}}"), PARSING + "'type'"),
    (default("range", "[1]"), PARSING + "list index out of range"),
    (document(compute("host: {properties: {num_cpus: two}}")),
     PARSING + "'>=' not supported between instances of 'str' and 'int'"),
    (document(compute("host: {}")), PARSING + "'properties'"),
    (document(compute("host: 5")), PARSING + "argument of type 'int' is not iterable"),
    (document(compute("host: {properties: [a]}")),
     PARSING + "dictionary update sequence element #0 has length 1; 2 is required"),
    (document(root="metadata: {a: b}\n").replace("tosca_simple_yaml_1_0", "[1.0]"),
     PARSING + "unhashable type: 'list'"),
    (document(compute(more=", interfaces: {Standard: {configure: {inputs: {a: b}}}}")),
     "join() argument must be str, bytes, or os.PathLike object, not 'NoneType'"),
    (document(topology="  substitution_mappings: a\n"), PARSING + "'str' object has no attribute 'keys'"),
    (document(compute(scalable(count="'2'"))), NO_COUNT % "str"),
    (document(compute(scalable(count="{get_input: x}")), "{x: {type: integer, default: '2'}}"), NO_COUNT % "str"),
    (document(compute(scalable(count="{concat: [2]}"))), NO_COUNT % "str"),
    (document(compute(scalable(default_instances=2))), UNCOMPARABLE % ("NoneType", "int")),
    (document(compute(scalable(min_instances=1, default_instances="{get_input: x}", max_instances=3)),
              "{x: {type: integer, default: 2}}"),
     UNCOMPARABLE % ("int", "dict")),
    (document(compute("host: {properties: {mem_size: {get_input: x}}}"), "{x: {type: string, default: '4096'}}"),
     '"4096" is not a valid scalar-unit.'),
    (document(compute("os: {properties: {type: {concat: [a, {get_input: nothing}]}}}")), 'Unknown input "nothing".'),
    (document(compute(more=", interfaces: {Standard: {configure: {implementation: x, inputs: {a: {get_input: x}}}}}"),
              "{x: {type: integer}}"),
     "input value for a in interface configure of node one not valid"),
    (document(inputs="{x: {type: map, default: {get_input: x}}}",
              nodes=compute("os: {properties: {type: {get_input: x}}}")),
     "maximum recursion depth exceeded in comparison"),
    (document(outputs="{o: {value: {get_property: [nobody, x]}}}"), PARSING + "'list' object has no attribute 'name'"),
]


@pytest.mark.parametrize("text, words", CRASHES)
def test_what_crashes_is_refused_always(im, text, words):
    prefix = "Error Creating Inf.: " if im.generation == 1 else "Error parsing request body: "
    answer = post(im, text)
    assert (answer.status_code, message(answer)) == (400, prefix + words)
    read_one_back(im)
    answer = post(im, text)
    assert (answer.status_code, message(answer)) == (400, prefix + words)


def test_a_requirement_of_no_node(im):
    text = document(compute(more=", requirements: [{dependency: nobody}]"))
    words = '\'Node template "nobody" was not found in "one".\''
    assert "\tKeyError: " + words in message(post(im, text))
    read_one_back(im)
    assert message(post(im, text)).endswith(": " + words), "and then the translation dies of it"


@pytest.mark.parametrize("value, type, words", [("true", "bool", "True"), ("1", "int", "1"), ("1.10", "float", "1.1"),
                                                ("2020-01-01", "datetime.date", "2020-01-01"), ("[a]", "list", "['a']"),
                                                ("{a: b}", "dict", "{'a': 'b'}")])
def test_the_default_of_a_string_is_a_text(im, value, type, words):
    text = default("string", value)
    if im.generation == 1:
        assert 'ValueError: "%s" is not a string.' % words in message(post(im, text))
        read_one_back(im)
        assert post(im, text).status_code == 200
        return
    for _ in range(2):
        assert message(post(im, text)) == (
            "Error parsing request body: Error parsing TOSCA template: expected string or bytes-like object, got '%s'" %
            type)
        read_one_back(im)


@pytest.mark.parametrize("value, type",
                         [("~", "NoneType"), ("0", "int"), ("{get_input: y}", "dict"), ("{concat: [a, b]}", "dict")])
def test_im_1_takes_defaults_of_a_string_that_im_2_dies_of(im, value, type):
    answer = post(im, default("string", value))
    if im.generation == 1:
        assert answer.status_code == 200, answer.text
    else:
        assert message(answer).endswith("expected string or bytes-like object, got '%s'" % type)


@pytest.mark.parametrize("type, value", [
    ("integer", "'3'"), ("integer", "' 1_0 '"), ("integer", "1.5"), ("integer", "true"), ("integer", "{get_input: y}"),
    ("float", "1.0"), ("float", "0"), ("boolean", "'True'"), ("list", "[a, 1]"), ("list", "{concat: [a]}"),
    ("map", "{a: 1}"), ("version", "7"), ("version", "1.2.3.beta-4"), ("scalar-unit.size", "1 gb"),
    ("range", "[1, UNBOUNDED]"), ("timestamp", "'2020-01-01'"), ("PortDef", "22"),
    ("integer", "200, constraints: [{less_than: 3}]"), ("list", "[a], entry_schema: {type: integer}"),
    ("string", "''")])
def test_defaults_that_are_taken(im, type, value):
    assert post(im, default(type, value)).status_code == 200


def test_verification_ends_with_the_first_infrastructure_that_is_read_back(im):
    bad, id = document(root="foo: 1\n"), im.create(document=document())
    assert im.control("POST", "forget")["verifies"] is True, "a restarted IM verifies"
    for path in ("/infrastructures", "/infrastructures/nosuch/state", "/stats"):
        im.call("GET", path)
        assert post(im, bad).status_code == 400, path
    assert im.get(id, "/state", auth=bearer(exp=1)).status_code == 400
    assert post(im, bad).status_code == 400, "credentials come first"
    assert im.get(id, "/state", auth=line("bob")).status_code == 403
    assert post(im, bad).status_code == 200, "ownership does not"
    im.control("POST", "forget")
    assert post(im, bad).status_code == 400
    im.delete(id)
    assert post(im, bad).status_code == 200
    assert im.control("POST", "reset")["verifies"] is True
    assert post(im, bad).status_code == 400


def test_only_infrastructures_with_a_template_switch_verification_off(im):
    assert im.control("POST", "forget", {"read_back": True})["verifies"] is True, "there is nothing to read back"
    if im.generation == 2:
        id = post(im, "").headers["InfID"]
        assert im.control("POST", "forget", {"read_back": True})["verifies"] is True
        im.advance(60)
        assert im.state(id)["state"] == "failed"


def test_an_update_is_verified_too(im):
    id = im.configured()
    bad = template() + "foo: 1\n"
    prefix = "Error Adding resources: " if im.generation == 1 else "Error parsing request body: "
    answer = im.call("POST", "/infrastructures/" + id, bad)
    assert answer.status_code == 400 and message(answer).startswith(prefix + PARSING)
    im.control("POST", "forget")
    assert im.call("POST", "/infrastructures/" + id, bad).status_code == 200
    assert "foo: 1" in im.get(id, "/tosca").json()["tosca"]


@pytest.mark.parametrize("text", [
    document(topology="  policies: [{p: {type: tosca.policies.Root, properties: {a: {get_input: nothing}}}}]\n"),
    document(topology="  relationship_templates: {r: {type: tosca.relationships.AttachesTo, properties: {a: "
                      "{get_input: nothing}}}}\n"),
    document(topology="  groups: {g: {type: tosca.groups.Root, properties: {a: {get_input: nothing}}}}\n"),
    document(compute(more=", metadata: {a: {get_input: nothing}}, artifacts: {a: {get_input: nothing}}")),
    document(inputs="{x: {type: map, default: {get_input: nothing}}}"),
    document(outputs="{o: {value: [{get_input: nothing}]}, p: {value: {concat: [{get_input: nothing}]}}}"),
])
def test_undeclared_inputs_that_nobody_looks_at(im, text):
    assert post(im, text).status_code == 200


@pytest.mark.parametrize("text", [
    document(root="meta: 1\ndata: 2\n"),  # parts of the word metadata
    document().replace("1_0", "1_3"), document().replace("yaml_1_0", "profile_for_nfv_1_0_0"),
    document(topology="  groups: {g: {type: tosca.groups.Root, members: [one]}}\n  policies: [{p: {type: "
                      "tosca.policies.Root, targets: [g, x]}}]\n"),
    document("{one: {type: Compute}, two: {type: 'tosca:Compute'}}"),
    document(inputs="{}", outputs="{o: {value: 0, description: 5}}"),
])
def test_odd_documents_that_are_taken(im, text):
    assert post(im, text).status_code == 200


def test_sections_that_are_null(im):
    for text in (document(topology="  inputs: ~\n"), document(topology="  outputs: ~\n  groups: ~\n  policies: ~\n")):
        answer = post(im, text)
        if im.generation == 1 or "inputs" not in text:
            assert answer.status_code == 200, answer.text
        else:
            assert message(answer).endswith("'NoneType' object has no attribute 'items'")
    answer = post(im, VERSION + "topology_template: ~")
    assert message(answer).endswith("'ToscaTemplate' object has no attribute 'nodetemplates'" if im.generation == 1
                                    else "'NoneType' object has no attribute 'get'")


# ---- how many machines


@pytest.mark.parametrize("type, properties, inputs, count", [
    ("tosca.nodes.indigo.Compute", {"count": 3}, None, 3),
    ("tosca.nodes.indigo.Compute", {"count": "true"}, None, 1),
    ("tosca.nodes.indigo.Compute", {"count": 0}, None, 0),
    ("tosca.nodes.indigo.Compute", {"count": -1}, None, 0),
    ("tosca.nodes.indigo.Compute", {"count": "{get_input: x}"}, "{x: {type: integer, default: 2}}", 2),
    ("tosca.nodes.indigo.Compute", {"count": "{get_input: x}"}, "{x: {type: integer}}", 1),
    ("tosca.nodes.indigo.Compute", {"count": "{get_input: x}", "min_instances": 3}, "{x: {type: integer}}", 3),
    ("tosca.nodes.indigo.Compute", {"min_instances": 3}, None, 1),
    ("tosca.nodes.Compute", {"min_instances": 3}, None, 3),
    ("tosca.nodes.Compute", {"min_instances": 0}, None, 0),
    ("tosca.nodes.Compute", {"min_instances": "{get_input: x}"}, "{x: {type: integer, default: 2}}", 2),
    ("tosca.nodes.Compute", {"min_instances": 1, "default_instances": 2, "max_instances": 3}, None, 2),
    ("tosca.nodes.Compute", {"max_instances": 3}, None, 1),
])
def test_the_number_of_machines(im, type, properties, inputs, count):
    text = document(compute(scalable(**properties), type=type)[:-1] + ", other: {type: tosca.nodes.Compute}}", inputs)
    id = im.configured(document=text)
    assert im.ledger(id)["vms_made"] == count + 1
    assert ("deploy one %d" % count) in im.get(id, "/radl").json()["radl"]


def test_a_count_that_is_no_integer_kills_the_launch(im):
    text = document(compute(scalable(count=1.5)))
    id = im.configured(document=text)
    im.advance(100000000)
    assert im.state(id) == {"state": "pending", "vm_states": {}}
    assert im.delete(id).status_code == 409, "for ever"
    answer = im.call("POST", "/infrastructures", text)
    assert message(answer) == "Error Creating Inf.: 'float' object cannot be interpreted as an integer"
    assert len(im.control("GET", "ledger", alive="true")) == 1


CONTAINER = """
imports:
  - types: https://types.example/types.yaml
node_types:
  my.Application: {derived_from: tosca.nodes.Container.Application}
topology_template:
  node_templates:
    my_app x:
      type: TYPE
      artifacts: {image: {file: nginx, type: tosca.artifacts.Deployment.Image.Container.Docker}}
      requirements: [{host: runtime}]
      capabilities: {scalable: {properties: {count: COUNT}}}
    runtime:
      type: tosca.nodes.Container.Runtime.Docker
      capabilities:
        host:
          properties:
            {num_cpus: 2.0, mem_size: 1 GB, publish_ports: [{source: 30080}, {target: 81}],
             expose_ports: [{target: 82}]}
  outputs:
    name: {value: {get_attribute: [my_app x, tosca_name]}}
    places: {value: {get_attribute: [my_app x, endpoints]}}
"""


def container(count=1, type="tosca.nodes.Container.Application.Docker"):
    return VERSION + CONTAINER.replace("TYPE", type).replace("COUNT", str(count))


def test_an_application_in_a_container_is_a_machine(im):
    id = im.configured(document=container())
    assert im.state(id) == {"state": "configured", "vm_states": {"0": "configured"}}
    system = im.get(id, "/vms/0").json()["radl"][-1]
    assert system["id"] == "my_app x" if im.generation == 1 else re.fullmatch("my-app-x-[0-9a-f]{8}", system["id"])
    assert "instance_name" not in system
    assert (system["disk.0.image.url"], system["cpu.count_min"], system["memory.size_min"]) == ("docker://nginx", 2,
                                                                                                1000000000)
    assert "deploy %s 1" % system["id"] in im.get(id, "/radl").json()["radl"]
    assert im.get(id, "/outputs").json()["outputs"] == {
        "name": "my_app x", "places": ["vnode-0", system["net_interface.1.ip"] + ":81", system["id"] + ":82"]}


def test_an_application_keeps_its_name_in_an_update(im):
    id = im.configured(document=container())
    assert im.call("POST", "/infrastructures/" + id, container()).json() == {"uri-list": []}
    assert im.ledger(id)["vms_made"] == 1


@pytest.mark.parametrize("type", ["tosca.nodes.indigo.Container.Application.Docker.Chronos", "my.Application"])
def test_applications_of_other_types(im, type):
    id = im.configured(document=container(type=type))
    assert im.ledger(id)["vms_made"] == 1
    answer = im.get(id, "/outputs")
    assert (answer.status_code,
            message(answer)) == (400, "Error Getting Inf. prop: 'NoneType' object has no attribute 'name'")


def test_an_application_is_there_once_or_not_at_all(im):
    for count in (2, "'1'"):
        assert message(post(im, container(count))).endswith(
            ": Scalability values of tosca.nodes.Container.Application only allows 0 or 1.")
    id = im.configured(document=container(0))
    assert im.state(id) == {"state": "pending", "vm_states": {}}, "the launch of nothing dies"
    text = container(0).replace("    runtime:", "    other: {type: tosca.nodes.indigo.Compute}\n    runtime:")
    assert im.state(im.configured(document=text)) == {"state": "configured", "vm_states": {"0": "configured"}}


def test_an_application_needs_an_image(im):
    assert message(post(im,
                        container().replace("image: {file: nginx", "icon: {file: nginx").replace(".Image.",
                                                                                                 ".Icon."))).endswith(
        ": cannot access local variable 'image' where it is not associated with a value")


def test_workers_with_a_public_address_come_after_the_others(im):
    public = "{type: tosca.nodes.indigo.Compute, capabilities: {endpoint: {properties: {network_name: %s}}}}"
    id = im.configured(document=document("{private: {type: tosca.nodes.Compute}, wn: %s, front: %s}" %
                                         (public % "PUBLIC", public % "net.PUBLIC")))
    assert [im.get(id, "/vms/%d/instance_name" % n).json()["instance_name"] for n in range(3)] == ["front", "wn",
                                                                                                   "private"]


# ---- functions and plain scalars


@pytest.mark.parametrize("text, length",
                         [("random(20)", 20), ("random(5)abc", 5), ("random(0)", 0), ("random(3) random(4)", 3),
                          ("xrandom(5)", None), ("random()", None), ("random(-1)", None), ("access_token()", None)])
def test_random_texts_of_strings(im, text, length):
    word = outputs_of(im,
                      document(inputs="{x: {type: string, default: '%s'}}" % text,
                               outputs="{o: {value: {get_input: x}}}"))["o"]
    if im.generation == 1 or length is None:
        assert word == text
    else:
        assert len(word) == length and word.isalnum() == (length > 0)


def test_random_is_for_strings_alone(im):
    assert outputs_of(im,
                      document(inputs="{x: {type: list, default: [random(5)]}}",
                               outputs="{o: {value: {get_input: x}}}")) == {"o": ["random(5)"]}


INPUTS = "{s: {type: string, default: text}, x: {type: map, default: %s}}"


@pytest.mark.parametrize("value, result", [
    ("{get_input: s}", "text"), ("{concat: [a, b]}", "ab"), ("{concat: [a, {get_input: s}]}", "atext"),
    ("{a: {concat: [a, b]}, b: [{get_input: s}]}", {"a": "ab", "b": ["text"]}), ("{token: ['a,b', ',', 1]}", "b"),
    ("{get_attribute: [one, private_address]}", "10.0.0.1"),
    ("{get_artifact: [one, x]}", {"get_artifact": ["one", "x"]}),
])
def test_functions_as_defaults_are_run(im, value, result):
    assert outputs_of(im, document(inputs=INPUTS % value, outputs="{o: {value: {get_input: x}}}")) == {"o": result}


@pytest.mark.parametrize("value, result", [
    ("1.10", 1.1), ("NO", False), ("0640", 416), ("1_000", 1000), ("1:30", 90), ("1e3", "1e3"), ("1.5e+3", 1500.0),
    ("09", "09"), ("'NO'", "NO"), ("{2: a, yes: b, ~: c, 1.5: d}", {"2": "a", "true": "b", "null": "c", "1.5": "d"}),
    ("!!float 1", 1.0), ("{concat: [1.10, NO, 0640, ~, 2020-01-01, 1e-7, 1.0e+16, [x, \"it's\"], {a: 1}]}",
     "1.1False416None2020-01-011e-71e+16['x', \"it's\"]{'a': 1}"),
    ("{concat: [2001-12-14t21:59:43.10-05:00, {a: 2020-01-01}]}",
     "2001-12-14 21:59:43.100000-05:00{'a': datetime.date(2020, 1, 1)}"),
    ("{concat: abc}", "abc"), ("{token: ['a,b,c', ',', -1]}", "c"), ("{token: ['a,b,c', ',', 7]}", None),
    ("{token: [a, b, 0, c]}", None),
    ("{concat: [{token: [{concat: [a, ':', b]}, ':', 1]}, {get_attribute: [one, private_address]}]}", "b10.0.0.1"),
])
def test_what_python_makes_of_values(im, value, result):
    found = outputs_of(im, document(outputs="{o: {value: %s}}" % value))
    assert found == {"o": result} and type(found["o"]) is type(result)


@pytest.mark.parametrize("value, words", [
    ("[{get_input: nothing}]", 'Unknown input "nothing".'),
    ("{a: {get_input: nothing}, b: 1}", 'Unknown input "nothing".'),
    ("{concat: [{get_attribute: [nobody, x]}]}", "'Node template \"nobody\" was not found.'"),
    ("{concat: [{concat: []}]}", 'Invalid arguments for function "concat". Expected at least one arguments.'),
    ("{token: [[a], ',', 0]}", "'list' object has no attribute 'split'"),
    ("{get_attribute: [disk, tosca_id]}", "'NoneType' object has no attribute 'name'"),
    ("{get_attribute: [many, private_address, 2]}", "list index out of range"),
    ("{get_attribute: [many, endpoint, credential, -3]}", "list index out of range"),
    ("2020-01-01", "Object of type date is not JSON serializable"),
    ("[2020-01-01 10:00:00]", "Object of type datetime is not JSON serializable"),
    ("{2020-01-01: a}", "keys must be str, int, float, bool or None, not datetime.date"),
])
def test_all_outputs_are_lost_when_one_fails(im, value, words):
    nodes = ("{one: {type: tosca.nodes.Compute}, disk: {type: tosca.nodes.BlockStorage}, many: {type: "
             "tosca.nodes.indigo.Compute, capabilities: {%s}}}")
    text = document(nodes % scalable(count=2), outputs="{c: {value: constant}, o: {value: %s}}" % value)
    assert outputs_of(im, text) == "Error Getting Inf. prop: " + words


@pytest.mark.parametrize("value",
                         ["[{get_input: %s}, {get_input: %s}]", "{concat: [{get_input: %s}, {get_input: %s}]}"])
def test_calls_that_grow_without_end_do_no_harm(im, value):
    inputs = ["x%d: {type: list, default: %s}" % (n, value % ("x%d" % (n + 1), "x%d" % (n + 1))) for n in range(40)]
    text = document(inputs="{%s, x40: {type: list, default: [x]}}" % ", ".join(inputs),
                    outputs="{o: {value: {get_input: x0}}}")
    assert "maximum recursion depth exceeded" in outputs_of(im, text)
    assert im.call("GET", "/version").status_code == 200


def test_all_outputs_are_lost_when_an_input_is_a_date(im):
    text = document(inputs="{x: {type: map, default: {day: 2020-01-01}}}",
                    outputs="{c: {value: constant}, o: {value: {get_input: x}}}")
    assert outputs_of(im, text) == "Error Getting Inf. prop: Object of type date is not JSON serializable"
    assert outputs_of(im, text.replace("o: {value: {get_input: x}}", "o: {value: {concat: [{get_input: x}]}}")) == {
        "c": "constant", "o": "{'day': datetime.date(2020, 1, 1)}"}


def test_infinite_numbers(im):
    found = outputs_of(im, document(outputs="{o: {value: .inf}, p: {value: {concat: [.inf, -.INF, .nan]}}}"))
    if im.generation == 2:
        assert found == "Error Getting Inf. prop: Out of range float values are not JSON compliant"
    else:
        assert found["p"] == "inf-infnan"


@pytest.mark.parametrize("type, addresses",
                         [("tosca.nodes.indigo.Compute", ["10.0.0.1", "10.0.0.1"]),
                          ("tosca.nodes.other.Compute", "10.0.0.1")])
def test_attributes_of_machines(im, type, addresses):
    is_list = isinstance(addresses, list)
    calls = {"all": "private_address", "far": "private_address, 7", "last": "private_address, -1",
             "login": "endpoint, credential", "user": "endpoint, credential, 0, user", "bare": "credential",
             "id": "tosca_id", "short": "endpoint", "none": "nothing"}
    text = document(compute(scalable(count=2), type=type)[:-1] +
                    ", soft: {type: tosca.nodes.SoftwareComponent, requirements: [{host: one}]}}",
                    outputs="{%s, of: {value: {get_attribute: [soft, private_address]}}, name: {value: "
                            "{get_attribute: [soft, tosca_name]}}}" % ", ".join(
                        "%s: {value: {get_attribute: [one, %s]}}" % one for one in calls.items()))
    found = outputs_of(im, text)
    login = {"user": "username", "token": "password", "token_type": "password"}
    assert found.pop("id").isdigit()
    assert found == {"all": addresses, "far": "10.0.0.1", "last": "10.0.0.1", "login": [login, login] if is_list
                     else None, "user": "username" if is_list else None, "bare": None, "short": None, "none": None,
                     "of": "10.0.0.1", "name": "soft"}


def test_properties_of_nodes(im):
    nodes = ("{one: {type: tosca.nodes.Compute, capabilities: {host: {properties: {num_cpus: {get_input: s}}}}}, "
             "soft: {type: tosca.nodes."
             "SoftwareComponent, properties: {a: {get_property: [HOST, host, num_cpus]}, b: [x, {c: y}]}, "
             "requirements: [{host: one}]}}")
    calls = {"cpus": "one, host, num_cpus", "of_host": "soft, a", "part": "soft, b, 1, c", "all": "soft, b",
             "of_requirement": "soft, host, num_cpus"}
    outputs = "{%s}" % ", ".join("%s: {value: {get_property: [%s]}}" % one for one in calls.items())
    assert outputs_of(im, document(nodes, "{s: {type: integer, default: 4}}", outputs)) == {
        "cpus": 4, "of_host": 4, "part": "y", "all": ["x", {"c": "y"}], "of_requirement": 4}


def test_values_in_lists_stay_what_they_were_when_they_were_first_asked_for(im):
    address = "{get_attribute: [one, private_address]}"
    text = document(compute(scalable(count=1)),
                    outputs="{plain: {value: %s}, listed: {value: [%s]}}" % (address, address))
    id = im.configured(document=text)
    one, two = ["10.0.0.1"], ["10.0.0.1", "10.0.0.1"]
    assert im.get(id, "/outputs").json()["outputs"] == {"plain": one, "listed": [one]}
    im.call("POST", "/infrastructures/" + id, text.replace("count: 1", "count: 2"))
    im.advance(60)
    assert im.get(id, "/outputs").json()["outputs"] == {"plain": two,
                                                        "listed": [two]}, "an update reads the template again"
    im.call("DELETE", "/infrastructures/%s/vms/1" % id)
    assert im.get(id, "/outputs").json()["outputs"] == {"plain": one, "listed": [two]}
    im.control("POST", "forget")
    assert im.get(id, "/outputs").json()["outputs"] == {"plain": one, "listed": [one]}, "and so does reading it back"
    assert address.replace(" ", "") not in im.get(id, "/tosca").json()["tosca"] and \
        "get_attribute" in im.get(id, "/tosca").json()["tosca"]


# ---- one infrastructure


def test_outputs(im):
    outputs = im.get(im.configured(), "/outputs").json()["outputs"]
    assert len(outputs["pw"]) == 12 if im.generation == 2 else outputs["pw"] == "random(12)"
    assert outputs.pop("pw") and outputs.pop("node_id").isdigit()
    assert outputs == {"node_ip": ["10.0.0.1", "10.0.0.1"], "log": "", "pub_ip": [None, None], "second": "10.0.0.1",
                       "url": "http://None:80", "n": 2, "task": "output of a task",
                       "creds": {"user": "username", "token": "password", "token_type": "password"}}


def test_a_public_endpoint_has_an_address_of_its_own(im):
    document = TEMPLATE.replace("host:", "endpoint: {properties: {network_name: PUBLIC}}\n        host:")
    id = im.configured(document=document)
    outputs = im.get(id, "/outputs").json()["outputs"]
    assert len(set(outputs["pub_ip"])) == 2 and None not in outputs["pub_ip"]
    assert outputs["url"] == "http://%s:80" % outputs["pub_ip"][0]
    assert im.get(id, "/vms/1/net_interface.1.ip").json() == {"net_interface.1.ip": outputs["pub_ip"][1]}


def test_the_normative_type_has_single_addresses_and_default_instances(im):
    document = VERSION + """
topology_template:
  node_templates:
    one: {type: tosca.nodes.Compute}
    three:
      type: tosca.nodes.Compute
      capabilities: {scalable: {properties: {min_instances: 1, default_instances: 3, max_instances: 3}}}
    disk: {type: tosca.nodes.BlockStorage, properties: {size: 1 GB}}
    mine: {type: example.Server}
node_types:
  example.Server: {derived_from: example.Base}
  example.Base: {derived_from: tosca.nodes.Compute}
"""
    document = document.replace("node_types:",
                                "  outputs:\n    ip: {value: {get_attribute: [one, private_address]}}\nnode_types:")
    id = im.configured(document=document)
    assert list(im.state(id)["vm_states"]) == ["0", "1", "2", "3", "4"]
    assert im.get(id, "/outputs").json() == {"outputs": {"ip": "10.0.0.1"}}


def test_vms_with_a_public_address_come_first(im):
    document = VERSION + """
topology_template:
  node_templates:
    worker: {type: tosca.nodes.indigo.Compute, capabilities: {scalable: {properties: {count: 2}}}}
    front: {type: tosca.nodes.Compute, capabilities: {endpoint: {properties: {network_name: PUBLIC}}}}
"""
    id = im.configured(document=document)
    assert [im.get(id, "/vms/%d/instance_name" % n).json()["instance_name"] for n in range(3)] == ["front", "worker",
                                                                                                   "worker"]
    assert [network["id"] for network in im.get(id, "/vms/2").json()["radl"][:2]] == ["private_net", "public_net"]


def test_a_template_without_machines_fails(im):
    id = im.configured(document=VERSION + "topology_template: {node_templates: {d: {type: tosca.nodes.BlockStorage}}}")
    assert im.state(id) == {"state": "failed", "vm_states": {}}
    assert im.get(id, "/contmsg").json()["contmsg"].endswith(": Infrastructure without any deploy. Exiting.\n")


@pytest.mark.parametrize("document", [TEMPLATE, VERSION + """
topology_template:
  inputs: {}
  node_templates: {}
  policies: []
description: "text: with #signs, 'quotes' and é"
metadata:
  version: "1.0"
  other: 1.0
  day: 2020-09-08
  text: '2020-09-08'
  yes: no
  'no': 'yes'
  number: '0x1F'
  hexadecimal: 0x1F
  long: 1_000
  none: ~
  null text: 'null'
  multiline: |
    first
      second

    fourth
  base: &base {a: 1, b: [x, 'y z', ""]}
  merged: {<<: *base, a: 2}
  alias: *base
  22: ssh
  long text: """ + '"' + "word " * 60 + '"'])
def test_the_template_comes_back_sorted_and_equal(im, document):
    id = im.create(document=document)
    text = im.get(id, "/tosca").json()["tosca"]
    assert im.get(id, "/tosca", accept="*/*").text == text
    expected, found = yaml.safe_load(template(document=document)), yaml.safe_load(text)
    if im.generation == 2 and found["topology_template"]["inputs"]:
        assert len(found["topology_template"]["inputs"]["app_password"].pop("default")) == 12
        expected["topology_template"]["inputs"]["app_password"].pop("default")
    assert found == expected
    keys = [row.split(":")[0] for row in text.splitlines() if row[0] not in " -'\""]
    assert keys == sorted(keys)


def test_the_text_that_was_posted_comes_back_equal(im):
    document = VERSION + """
dsl_definitions:
  a: {<<: &x {b: 1}, c: *x, =: 1}
  d: [yes, 'yes', 1e3, 1.5, .5, 0o7, 07, 1:30, +1, 2001-01-01, .inf, !!float 1, !!int '3', !!str 1, ! 5, !!null x]
topology_template: {node_templates: {}}
"""
    answer = im.call("POST", "/infrastructures", document, **{"async": "true"})
    text = im.get(answer.headers["InfID"], "/tosca", accept="*/*").text
    assert yaml.safe_load(text) == yaml.safe_load(document)


def test_bad_documents_do_no_harm(im):
    bomb = "a: &a [x,x,x,x,x,x,x,x,x,x]\n" + "".join(
        "%s: &%s [%s]\n" % (name, name, ",".join(["*" + before] * 10)) for before, name in zip("abcdefgh", "bcdefghi"))
    for body in (bomb, "[" * 2000, "a: *b", "a: &a [*a]", "--- 1\n--- 2\n", "? [1]\n: 2", "a: !own 1", "a: !own [1]",
                 "a: =", "<<: 5", "<<: [5]", "a: 2020-13-45", "a: 2020-02-30", "a: 2020-01-01 25:00:00", "a: !!int x",
                 "a: !!float x", "\x00", "a: \xff".encode("latin-1")):
        answer = im.call("POST", "/infrastructures", body)
        assert answer.status_code == 400 and "Error" in message(answer), body
    assert im.call("GET", "/version").status_code == 200


def test_contmsg(im):
    id = im.configured()
    assert im.get(id, "/contmsg").json() == {"contmsg": "Contextualization disabled by the RADL/TOSCA template.\n\n"}
    assert im.get(id, "/contmsg", accept="*/*").headers["Content-Type"] == text_type(im)
    document = TEMPLATE.replace("      capabilities:",
                                "      interfaces: {Standard: {configure: {implementation: x.yml}}}\n      "
                                "capabilities:")
    id = im.configured(document=document)
    whole = im.get(id, "/contmsg").json()["contmsg"]
    header = im.get(id, "/contmsg", headeronly="true").json()["contmsg"]
    assert "Select master VM" in header and "VM 1:\n" in whole and whole.startswith(header) and "VM 1:" not in header


def test_radl_and_vms(im):
    id = im.configured()
    assert im.get(id).json() == {"uri-list": [{"uri": "%s/infrastructures/%s/vms/%d" % (im.url, id, n)}
                                              for n in (0, 1)]}
    assert "\ndeploy simple_node 2" in im.get(id, "/radl", accept="*/*").text
    network, system = im.get(id, "/vms/0").json()["radl"]
    assert network == {"class": "network", "id": "private_net", "outbound": "no"}
    assert len(system.pop("disk.0.os.credentials.new.password")) == 8
    assert system == {
        "class": "system", "id": "simple_node", "instance_name": "simple_node", "disk.0.os.name": "linux",
        "disk.0.os.flavour": "ubuntu", "cpu.count_min": 1, "memory.size_min": 1000000000,
        "net_interface.0.connection": "private_net", "state": "configured", "provider.type": "Dummy",
        "net_interface.0.ip": "10.0.0.1", "disk.0.os.credentials.username": "username",
        "disk.0.os.credentials.password": "password", "net_interface.0.dns_name": "vnode-0",
        "net_interface.0.dns.0.name": "vnode-0"}
    assert "cpu.count >= 1 and\nmemory.size >= 1000000000B and" in im.get(id, "/vms/0", accept="*/*").text
    assert im.get(id, "/vms/0/cpu.count").json() == {"cpu.count": 1}
    assert im.get(id, "/vms/0/contmsg").json() == {"contmsg": ""}
    answer = im.get(id, "/vms/0/nope")
    assert (answer.status_code, message(answer)) == (404, "Incorrect property nope for VM ID 0")
    for bad in ("99", "abc", "-1"):
        answer = im.get(id, "/vms/" + bad)
        assert (answer.status_code, message(answer)) == (404, "Error Getting VM. info: Invalid VM ID")


def test_a_stop_shows_later_and_a_start_brings_another_address(im):
    document = TEMPLATE.replace("host:", "endpoint: {properties: {network_name: PUBLIC}}\n        host:")
    id = im.configured({"power_ms": 1000, "new_ip": 1}, document=document)
    put = lambda path: im.call("PUT", "/infrastructures/" + id + path)  # noqa: E731
    address = lambda: im.get(id, "/vms/0/net_interface.1.ip").json()["net_interface.1.ip"]  # noqa: E731
    before = address()
    assert put("/vms/0/stop").status_code == 200
    assert im.state(id)["vm_states"]["0"] == "configured"
    im.advance(1000)
    assert im.state(id)["vm_states"]["0"] == "stopped" and address() == before
    put("/vms/0/start")
    im.advance(1000)
    assert im.state(id)["vm_states"]["0"] == "configured" and address() != before
    put("/vms/0/reboot")
    assert im.ledger(id)["power"] == {"start": 1, "stop": 1, "reboot": 1}


def test_a_cloud_refuses_to_stop(im):
    id = im.configured({"power_refused": 1})
    answer = im.call("PUT", "/infrastructures/%s/vms/0/stop" % id)
    assert (answer.status_code, message(answer)) == (400, "Error in stop op in VM: the cloud refuses it")
    assert im.state(id)["vm_states"]["0"] == "configured"
    assert im.call("PUT", "/infrastructures/%s/vms/0/stop" % id).status_code == 200


def test_stop_start_and_reboot(im):
    id = im.configured()
    put = lambda path: im.call("PUT", "/infrastructures/" + id + path)  # noqa: E731
    answer = put("/stop")
    assert (answer.status_code, answer.text, answer.headers["Content-Type"]) == (200, "", text_type(im))
    assert im.state(id) == {"state": "stopped", "vm_states": {"0": "stopped", "1": "stopped"}}
    put("/start")
    put("/vms/1/stop")
    assert im.state(id) == {"state": "configured", "vm_states": {"0": "configured", "1": "stopped"}}
    put("/vms/1/start")
    put("/vms/0/stop")
    assert im.state(id) == {"state": "stopped", "vm_states": {"0": "stopped", "1": "configured"}}
    assert put("/vms/1/reboot").status_code == 200
    assert put("/vms/7/stop").status_code == 404
    answer = put("/reconfigure")
    assert (answer.status_code, answer.headers["InfID"]) == (200, id)
    answer = im.call("PUT", "/infrastructures/%s/reconfigure" % id, vm_list="x")
    assert (answer.status_code, message(answer)) == (400, "Incorrect vm_list format.")


def test_scaling_out_and_in(im):
    def scale(count, removal_list=None):
        document = yaml.safe_load(TEMPLATE)
        node = document["topology_template"]["node_templates"]["simple_node"]
        scalable = node["capabilities"]["scalable"]["properties"]
        scalable["count"] = count
        if removal_list is not None:
            scalable["removal_list"] = removal_list
        answer = im.call("POST", "/infrastructures/" + id, yaml.safe_dump(document))
        im.advance(60)
        return answer
    id = im.configured()
    answer = scale(4)
    assert [one["uri"].rsplit("/", 1)[1] for one in answer.json()["uri-list"]] == ["2", "3"]
    assert answer.headers["InfID"] == id
    assert scale(3, ["2"]).json() == {"uri-list": []}
    assert list(im.state(id)["vm_states"]) == ["0", "1", "3"]
    answer = scale(2, [])
    assert (answer.status_code, message(answer)) == (400,
                                                     "Error Adding resources: Deleted VM."), "the old list survives"
    scale(2, ["0"])
    assert im.state(id) == {"state": "configured", "vm_states": {"1": "configured", "3": "configured"}}
    assert scale(1, ["1"]).status_code == 200
    assert list(im.state(id)["vm_states"]) == ["3"]


def scaled(count):
    document = yaml.safe_load(TEMPLATE)
    node = document["topology_template"]["node_templates"]["simple_node"]
    node["capabilities"]["scalable"]["properties"]["count"] = count
    return yaml.safe_dump(document)


@pytest.mark.parametrize("failed, status, states", [
    (1, 200, {"0": "configured", "1": "configured", "2": "configured", "3": "failed"}),
    (2, 400, {"0": "configured", "1": "configured"})])
def test_vms_that_an_update_adds_and_that_fail(im, failed, status, states):
    id = im.configured({"failed_adds": failed})
    answer = im.call("POST", "/infrastructures/" + id, scaled(4))
    im.advance(60)
    assert answer.status_code == status
    assert im.state(id)["vm_states"] == states
    if status == 400:
        assert message(answer).startswith("Error Adding resources: Error adding VMs: ")
        assert "count: 4" not in im.get(id, "/tosca").json()["tosca"]


def test_an_update_that_adds_vms_needs_the_credentials_of_their_cloud(im):
    id = im.configured()
    other = line(cloud="id = other; type = Dummy")
    refused = im.call("POST", "/infrastructures/" + id, scaled(3), auth=other)
    assert refused.status_code == 400
    assert message(refused) == "Error Adding resources: No auth data for cloud with ID: dummy"
    assert len(im.state(id)["vm_states"]) == 2
    assert im.call("POST", "/infrastructures/" + id, scaled(1), auth=other).status_code == 200
    assert len(im.state(id)["vm_states"]) == 1


def test_an_update_that_is_done_by_halves(im):
    id = im.configured()
    im.control("POST", "fault", {"fault": "update_half", "first": 1})
    with pytest.raises(requests.exceptions.ConnectionError):
        im.call("POST", "/infrastructures/" + id, scaled(3))
    im.advance(60)
    assert len(im.state(id)["vm_states"]) == 3 and "count: 3" not in im.get(id, "/tosca").json()["tosca"]
    assert im.call("POST", "/infrastructures/" + id, scaled(3)).json() == {"uri-list": []}
    assert "count: 3" in im.get(id, "/tosca").json()["tosca"]


def test_deleting_vms(im):
    id = im.configured()
    remove = lambda which: im.call("DELETE", "/infrastructures/%s/vms/%s" % (id, which))  # noqa: E731
    assert remove("0,9").status_code == 404
    assert list(im.state(id)["vm_states"]) == ["0", "1"]
    assert remove("1").status_code == 200
    answer = im.get(id, "/vms/1")
    assert (answer.status_code, message(answer)) == (404, "Error Getting VM. info: Deleted VM.")
    remove("0")
    assert im.state(id) == {"state": "unknown", "vm_states": {}}
    assert im.get(id, "/outputs").json()["outputs"]["node_ip"] is None


def test_owners(im):
    id = im.create()
    path = "/infrastructures/%s/authorization" % id
    bob = line("bob", "hunter2")
    answer = im.get(id, "/state", auth=bob)
    assert (answer.status_code,
            message(answer)) == (403, "Error Getting Inf. prop: Access to this infrastructure not granted.")
    body = json.dumps({"username": "bob", "password": "hunter2"})
    assert im.call("POST", path, body, headers={"Content-Type": "application/json"}).text == ""
    assert im.call("GET", path).json() == {"authorization": ["alice", "bob"]}
    assert im.get(id, "/state", auth=bob).status_code == 200
    answer = im.call("POST", path, "{}", headers={"Content-Type": "application/json"})
    assert (answer.status_code, message(answer)) == (
        400, "Error modifying infrastructure owner: Invalid new infrastructure data provided: "
        "No username nor token for the InfrastructureManager.")
    im.call("POST", path, body, overwrite="true")
    assert im.get(id, "/state").status_code == 403


def test_clouds_and_statistics(im):
    assert im.call("GET", "/clouds/dummy/images").json()["images"][0] == {
        "uri": "mock0://linux.for.ev.er/image1", "name": "Image Name1"}
    assert im.call("GET", "/clouds/dummy/quotas").json()["quotas"]["cores"] == {"used": 1, "limit": 10}
    answer = im.call("GET", "/clouds/nope/quotas")
    assert (answer.status_code, message(answer)) == (400, "Error getting cloud info: Cloud ID nope not found.")
    id = im.create()
    (one,) = im.call("GET", "/stats").json()["stats"]
    assert (one["inf_id"], one["im_user"], one["vm_count"], one["deleted"]) == (id, "alice", 2, False)
    assert im.call("GET", "/stats", init_date="xx").status_code == 400


# ---- deletion


def test_asynchronous_deletion_passes_through_deleting_to_404(im):
    id = im.configured({"delete_ms": 60000})
    answer = im.delete(id, **{"async": "true"})
    assert (answer.status_code, answer.text) == (200, "")
    assert im.state(id)["state"] == "deleting"
    assert im.delete(id, **{"async": "true"}).status_code == 200, "again while it runs"
    im.advance(60000)
    answer = im.get(id, "/state")
    assert (answer.status_code, message(answer)) == (404, "Error Getting Inf. prop: " + GONE)
    answer = im.delete(id)
    assert (answer.status_code, message(answer)) == (404, "Error Destroying Inf: " + GONE)
    entry = im.ledger(id)
    assert (entry["alive"], entry["deletes"], entry["deleted_at"] is None) == (False, 2, False)


def test_a_deletion_that_is_not_asynchronous_is_over_when_it_answers(im):
    id = im.configured()
    assert im.delete(id).status_code == 200
    assert im.state(id) == 404


def test_deletion_while_adding_is_409(im):
    id = im.create({"launch_ms": 60000})
    answer = im.delete(id, **{"async": "true"})
    assert (answer.status_code, message(answer)) == (409,
                                                     "Error Destroying Inf: Invalid State to perform this operation.")
    im.advance(60000)
    assert im.delete(id).status_code == 200


# ---- behaviours


def test_slow_boot(im):
    id = im.create({"behaviour": "slow_boot", "launch_ms": 200000, "boot_ms": 300000, "config_ms": 400000})
    seen = []
    for ms in (0, 100000, 100000, 300000, 400000):
        im.advance(ms)
        seen.append(im.state(id))
    assert seen == [{"state": "pending", "vm_states": {}}, {"state": "pending", "vm_states": {"0": "pending"}},
                    {"state": "pending", "vm_states": {"0": "pending", "1": "pending"}},
                    {"state": "running", "vm_states": {"0": "running", "1": "running"}},
                    {"state": "configured", "vm_states": {"0": "configured", "1": "configured"}}]


def test_the_line_of_the_cloud_chooses_too_and_the_metadata_wins(im):
    cloud = line(cloud="id = one; type = Dummy; behaviour = slow_boot; boot_ms = 60000; launch_ms = 0")
    slow, quick = im.create(auth=cloud), im.create({"behaviour": "normal", "boot_ms": 0}, auth=cloud)
    im.advance(100)
    assert im.state(slow)["state"] == "pending"
    assert im.state(quick)["state"] == "configured"
    assert (im.ledger(slow)["behaviour"], im.ledger(slow)["cloud_id"]) == ("slow_boot", "one")


def test_one_vm_failed(im):
    id = im.configured({"behaviour": "one_vm_failed"})
    assert im.state(id) == {"state": "failed", "vm_states": {"0": "configured", "1": "failed"}}
    assert [one["uri"][-6:] for one in im.get(id).json()["uri-list"]] == ["/vms/0"]
    assert im.get(id, "/outputs").json()["outputs"]["node_ip"] == ["10.0.0.1", None]


def test_all_vms_failed(im):
    id = im.configured({"behaviour": "all_vms_failed"})
    assert im.state(id) == {"state": "failed", "vm_states": {}}
    assert "All VMs failed. No contextualize." in im.get(id, "/contmsg").json()["contmsg"]
    answer = im.call("POST", "/infrastructures", template({"behaviour": "all_vms_failed"}))
    assert answer.status_code == 400 and message(answer).startswith("Error Creating Inf.: Error adding VMs: ")
    assert [entry["id"] for entry in im.control("GET", "ledger", alive="true")] == [id]


def test_unconfigured(im):
    document = TEMPLATE.replace("      capabilities:",
                                "      interfaces: {Standard: {configure: {implementation: x.yml}}}\n      "
                                "capabilities:")
    id = im.configured({"behaviour": "unconfigured"}, document=document)
    assert im.state(id) == {"state": "unconfigured", "vm_states": {"0": "unconfigured", "1": "unconfigured"}}
    assert "Contextualization Error" in im.get(id, "/contmsg").json()["contmsg"]


def test_configured_then_unconfigured(im):
    id = im.configured({"behaviour": "configured_then_unconfigured", "unconfigured_ms": 60000})
    assert im.state(id)["state"] == "configured"
    im.advance(60000)
    assert im.state(id)["state"] == "unconfigured"
    assert "Error waiting all the VMs to have all the requested IPs" in im.get(id, "/contmsg").json()["contmsg"]


def test_pending_for_ever_can_be_deleted(im):
    id = im.create({"behaviour": "pending_for_ever"})
    im.advance(100000000)
    assert im.state(id) == {"state": "pending", "vm_states": {}}
    assert im.delete(id).status_code == 200


def test_no_outputs_at_first(im):
    id = im.configured({"behaviour": "no_outputs_at_first", "outputs_ms": 60000})
    assert im.state(id)["state"] == "configured"
    assert im.get(id, "/outputs").json()["outputs"]["node_ip"] is None
    im.advance(60000)
    assert im.get(id, "/outputs").json()["outputs"]["node_ip"] == ["10.0.0.1", "10.0.0.1"]


def test_unknown_heals(im):
    id = im.configured({"behaviour": "unknown_state", "unknown_ms": 60000})
    assert im.state(id) == {"state": "unknown", "vm_states": {"0": "unknown", "1": "unknown"}}
    im.advance(60000)
    assert im.state(id)["state"] == "configured"


def test_a_vm_goes(im):
    id = im.configured({"behaviour": "vm_gone", "gone_ms": 60000})
    im.advance(60000)
    assert im.state(id) == {"state": "configured", "vm_states": {"1": "configured"}}
    assert message(im.get(id, "/vms/0")) == "Error Getting VM. info: Deleted VM."


def test_a_refused_deletion(im):
    id = im.configured({"behaviour": "delete_refused", "delete_ms": 60000})
    assert im.delete(id, **{"async": "true"}).status_code == 200
    assert im.state(id)["state"] == "deleting"
    im.advance(60000)
    assert im.state(id)["state"] == "configured", "and contmsg says nothing"
    id = im.configured({"behaviour": "delete_refused"})
    answer = im.delete(id)
    assert answer.status_code == 400 and "Error destroying the infrastructure: \n" in message(answer)
    assert im.delete(id, force="true").status_code == 200
    assert im.state(id) == 404
    assert (im.ledger(id)["alive"], im.ledger(id)["orphaned"]) == (False, True)


@pytest.mark.parametrize("shown, states", [("unknown", {"state": "unknown", "vm_states": {}}),
                                           ("configured",
                                            {"state": "configured",
                                             "vm_states": {"0": "configured", "1": "configured"}})])
def test_a_lost_deletion_works_when_it_is_repeated(im, shown, states):
    id = im.configured({"behaviour": "delete_lost", "lost": 2, "lost_as": shown})
    for _ in range(2):
        assert im.delete(id, **{"async": "true"}).status_code == 200
        im.advance(60)
        assert im.state(id) == states
        assert im.ledger(id)["alive"]
    im.delete(id, **{"async": "true"})
    im.advance(60)
    assert im.state(id) == 404


def test_back_after_404(im):
    id = im.configured({"behaviour": "back_after_404", "back_ms": 60000})
    im.delete(id)
    assert im.state(id) == 404
    assert im.call("GET", "/infrastructures").json() == {"uri-list": []}
    assert (im.ledger(id)["alive"], im.ledger(id)["visible"]) == (True, False)
    im.advance(60000)
    assert im.state(id)["state"] == "configured"
    assert len(im.call("GET", "/infrastructures").json()["uri-list"]) == 1
    im.delete(id)
    im.advance(60000)
    assert im.state(id) == 404
    assert not im.ledger(id)["alive"]


def test_delete_409_for_a_while(im):
    id = im.configured({"behaviour": "delete_409", "busy_ms": 60000})
    assert im.delete(id).status_code == 409
    im.advance(60000)
    assert im.delete(id).status_code == 200


@pytest.mark.parametrize("bad, words",
                         [({"behaviour": "nosuch"}, "unknown behaviour: nosuch"), ({"boot": 1}, "unknown key: boot"),
                          ({"boot_ms": -1}, "boot_ms is no number"), ({"fault": "x"}, "unknown fault: x"),
                          ({"fault": "hang", "on": "create,x"}, "unknown route in on: create,x"),
                          ({"fault": "hang", "fraction": 2}, "fraction is no number"), ("text", "is no map"),
                          ({"faults": [{}]}, "fault is missing"), ({"faults": {}}, "faults is a list")])
def test_a_slip_in_the_metadata_is_told(im, bad, words):
    answer = im.call("POST", "/infrastructures", template(bad))
    assert answer.status_code == 400 and words in message(answer)


# ---- faults


@pytest.mark.parametrize("status", [500, 503])
def test_http_errors_for_the_first_calls(im, status):
    id = im.configured({"fault": "http_%d" % status, "on": "state", "first": 2, "after": 1})
    assert [im.get(id, "/state").status_code for _ in range(5)] == [200, status, status, 200, 200]
    assert im.get(id, "/outputs").status_code == 200


def test_a_fraction_of_the_calls_fails(im):
    id = im.configured({"fault": "http_503", "on": "state", "fraction": 0.25})
    assert [im.get(id, "/state").status_code for _ in range(8)].count(503) == 2


def test_a_fault_for_a_time(im):
    im.control("POST", "fault", {"fault": "http_502", "for_ms": 60000})
    assert im.call("GET", "/infrastructures").status_code == 502
    im.advance(60000)
    assert im.call("GET", "/infrastructures").status_code == 200


def test_a_cloud_line_fails_the_first_creations(im):
    auth = line(cloud="id = one; type = Dummy; fault = http_503; on = create; first = 2")
    statuses = [im.call("POST", "/infrastructures", template(), auth=auth, **{"async": "1"}).status_code
                for _ in range(4)]
    assert statuses == [503, 503, 200, 200]
    assert len(im.control("GET", "ledger")) == 2
    assert im.call("POST", "/infrastructures", template(), auth=auth.replace("alice", "bob")).status_code == 503


def test_faults_of_the_control_surface_may_ask_for_a_cloud(im):
    im.control("POST", "fault",
               [{"fault": "http_503", "on": "create", "cloud": "one"}, {"fault": "read_only", "on": "delete"}])
    id = im.create()
    im.advance(60)
    assert im.call("POST", "/infrastructures", template(), auth=line(cloud="id = one; type = Dummy")).status_code == 503
    answer = im.delete(id)
    assert (answer.status_code, message(answer)) == (403, "Error Destroying Inf: Function currently disabled.")
    im.control("DELETE", "fault")
    assert im.delete(id).status_code == 200


@pytest.mark.parametrize("kind, list_status, state_status, words", [
    ("token_expired", 401, 400, "OIDC auth Token expired."), ("token_401", 401, 401, "OIDC auth Token expired."),
    ("token_400", 400, 400, "OIDC auth Token expired."), ("iam_outage", 401, 400, "Code: 503. Message: ")])
def test_credential_errors(im, kind, list_status, state_status, words):
    id = im.create()
    im.control("POST", "fault", {"fault": kind})
    for path, status in (("/infrastructures", list_status), ("/infrastructures/%s/state" % id, state_status)):
        answer = im.call("GET", path)
        assert answer.status_code == status
        assert "Invalid InfrastructureManager credentials. " + words in message(answer)


def test_bad_template_and_bad_json(im):
    im.control("POST", "fault", [{"fault": "bad_template"}, {"fault": "bad_json", "on": "state"}])
    assert im.call("POST", "/infrastructures", template()).status_code == 400
    im.control("POST", "fault", {"fault": "bad_json", "on": "state"})
    answer = im.get(im.create(), "/state")
    assert answer.status_code == 200 and answer.headers["Content-Type"] == "application/json"
    with pytest.raises(ValueError):
        answer.json()


@pytest.mark.parametrize("kind, made", [("reset_before", 0), ("reset_after", 1)])
def test_the_connection_is_reset(im, kind, made):
    im.control("POST", "fault", {"fault": kind, "on": "create"})
    connection = http.client.HTTPConnection("127.0.0.1", im.server.port, timeout=10)
    connection.request("POST", "/infrastructures?async=true", template(),
                       {"Authorization": line(), "Content-Type": "text/yaml", "Accept": "application/json"})
    with pytest.raises(ConnectionResetError):
        connection.getresponse()
    assert len(im.control("GET", "ledger")) == made


@pytest.mark.parametrize("kind, made", [("hang", 0), ("hang_after", 1)])
def test_there_is_no_answer(im, kind, made):
    im.control("POST", "fault", {"fault": kind, "on": "create", "first": 1})
    connection = http.client.HTTPConnection("127.0.0.1", im.server.port, timeout=10)
    connection.request("POST", "/infrastructures?async=true", template(),
                       {"Authorization": line(), "Content-Type": "text/yaml"})
    wait_for(lambda: im.control("GET", "calls")["in_flight"] == 1, "the call")
    wait_for(lambda: len(im.control("GET", "ledger")) == made, "what the call makes")
    connection.sock.settimeout(0.3)
    with pytest.raises(TimeoutError):
        connection.getresponse()
    assert len(im.control("GET", "ledger")) == made
    connection.close()
    wait_for(lambda: im.control("GET", "calls")["in_flight"] == 0, "the hanging call to see that its client went")
    assert im.control("GET", "calls")["statuses"]["0"] == 1


def test_a_reset_releases_what_hangs(im):
    im.control("POST", "fault", {"fault": "hang"})
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        call = pool.submit(requests.get, im.url + "/version", timeout=10)
        wait_for(lambda: im.control("GET", "calls")["in_flight"] == 1, "the call")
        im.control("POST", "reset")
        with pytest.raises(requests.ConnectionError):
            call.result()


def test_a_late_answer_comes_when_the_clock_is_advanced(im):
    im.control("POST", "fault", {"fault": "slow", "ms": 60000, "on": "list"})
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        call = pool.submit(im.call, "GET", "/infrastructures")
        wait_for(lambda: requests.get(im.url + "/_simulator/calls", timeout=10).json()["in_flight"] == 1, "the call")
        assert not call.done()
        requests.post(im.url + "/_simulator/advance", json={"ms": 60000}, timeout=10)
        assert call.result().status_code == 200


def after_the_client_left(im, method, path, body=None):
    """Sends a call, waits until the simulator has it, and goes without having had an answer."""
    connection = http.client.HTTPConnection("127.0.0.1", im.server.port, timeout=10)
    connection.request(method, path, body,
                       {"Authorization": line(), "Content-Type": "text/yaml", "Accept": "application/json"})
    wait_for(lambda: im.control("GET", "calls")["in_flight"] == 1, "the call")
    connection.close()


def test_a_queue_carries_out_what_nobody_waits_for_any_more(im):
    """Both web servers of IM do: cheroot when all its threads are busy, uvicorn when its loop is."""
    im.control("POST", "fault", {"fault": "queued", "on": "create", "ms": 600000, "first": 1})
    after_the_client_left(im, "POST", "/infrastructures?async=true", template())
    other = im.create()
    assert [one["id"] for one in im.control("GET", "ledger")] == [other], "the second one was not held up"
    im.advance(600000)
    wait_for(lambda: len(im.control("GET", "ledger")) == 2, "the creation")
    wait_for(lambda: im.control("GET", "calls")["in_flight"] == 0, "the end of the call")
    assert all(one["alive"] for one in im.control("GET", "ledger"))
    im.control("POST", "fault", {"fault": "queued", "on": "delete", "ms": 600000})
    after_the_client_left(im, "DELETE", "/infrastructures/%s?async=true" % other)
    assert im.state(other)["state"] == "configured"
    im.advance(600000)
    wait_for(lambda: im.control("GET", "calls")["in_flight"] == 0, "the deletion")
    im.advance(60)
    assert im.state(other) == 404


def test_what_waits_in_a_queue_is_answered_as_ever(im):
    im.control("POST", "fault",
               [{"fault": "queued", "on": "create", "ms": 100}, {"fault": "http_503", "on": "create", "first": 1}])
    assert im.call("POST", "/infrastructures", template()).status_code == 503
    im.create()
    assert [(one["seen"], one["struck"]) for one in im.control("GET", "fault")] == [(2, 2), (2, 1)]


def test_a_template_asks_for_no_queue(im):
    """IM has read it only behind the queue."""
    answer = im.call("POST", "/infrastructures", template({"fault": "queued"}))
    assert (answer.status_code, "control surface" in message(answer)) == (400, True)


def test_a_reset_forgets_what_waits_in_a_queue(im):
    im.control("POST", "fault", {"fault": "queued", "ms": 600000})
    after_the_client_left(im, "POST", "/infrastructures?async=true", template())
    im.control("POST", "reset")
    wait_for(lambda: im.control("GET", "calls")["in_flight"] == 0, "the end of the call")
    assert im.control("GET", "ledger") == []


@pytest.mark.parametrize("what, made", [("create", 1), ("delete", 0), ("state", 0)])
def test_an_answer_is_lost(im, what, made):
    id = im.configured()
    im.control("POST", "fault", {"fault": "lost", "on": what, "first": 1})
    call = {"create": ("POST", "/infrastructures?async=true", template()),
            "delete": ("DELETE", "/infrastructures/%s?async=true" % id, None),
            "state": ("GET", "/infrastructures/%s/state" % id, None)}[what]
    connection = http.client.HTTPConnection("127.0.0.1", im.server.port, timeout=10)
    connection.request(*call, {"Authorization": line(), "Content-Type": "text/yaml", "Accept": "application/json"})
    with pytest.raises(http.client.RemoteDisconnected):
        connection.getresponse()
    im.advance(60)
    assert len(im.control("GET", "ledger")) == 1 + made
    assert im.ledger(id)["alive"] == (what != "delete")


@pytest.mark.parametrize("fault",
                         ["hang", "reset", "http_503", "lost", "bad_json", "slow", "hang_after", "reset_after"])
def test_a_fault_strikes_at_the_occurrence_that_was_asked_for(im, fault):
    id = im.configured()
    im.control("POST", "fault", {"fault": fault, "on": "state", "after": 1, "first": 1, "ms": 300})
    outcomes = []
    for _ in range(3):
        try:
            answer = requests.get("%s/infrastructures/%s/state" % (im.url, id), timeout=0.25,
                                  headers={"Authorization": line(), "Accept": "application/json"})
            outcomes.append(answer.status_code == 200 and answer.json()["state"]["state"] == "configured")
        except (requests.RequestException, ValueError):
            outcomes.append(False)
    (told,) = im.control("GET", "fault")
    assert (told["seen"], told["struck"]) == (3, 1)
    assert outcomes[1] is False


def test_a_fault_for_one_endpoint(im):
    """One simulator is several IMs for who knows it by several names."""
    other = "http://localhost:%d" % im.server.port
    im.control("POST", "fault", {"fault": "http_502", "host": "localhost:%d" % im.server.port})
    assert requests.get(other + "/version", timeout=10).status_code == 502
    assert requests.get(im.url + "/version", timeout=10).status_code == 200
    assert im.call("GET", "/infrastructures").status_code == 200


# ---- IM without its database


def database(im, away, **more):
    return im.control("POST", "database", {"away": away, **more})


def test_what_is_only_in_a_database_that_is_away_is_not_there(im):
    id = im.configured()
    database(im, True, forget=True)
    answer = im.get(id, "/state")
    assert (answer.status_code, message(answer)) == (404, "Error Getting Inf. prop: " + GONE)
    assert im.delete(id).status_code == 404
    answer = im.call("GET", "/infrastructures")
    assert (answer.status_code, answer.json()) == (200, {"uri-list": []})
    assert [im.ledger(id)[key] for key in ("alive", "visible", "deletes")] == [True, False, 0]
    database(im, False)
    assert im.state(id)["state"] == "configured"
    assert len(im.call("GET", "/infrastructures").json()["uri-list"]) == 1


def test_what_im_remembers_is_there_without_a_database_and_is_all_that_the_list_shows(im):
    im.configured()
    database(im, True, forget=True)
    id = im.configured()
    assert im.state(id)["state"] == "configured"
    assert [one["uri"].rpartition("/")[2] for one in im.call("GET", "/infrastructures").json()["uri-list"]] == [id]


def test_the_database_comes_back_by_itself(im):
    id = im.configured()
    database(im, True, forget=True, for_ms=60000)
    assert im.state(id) == 404
    im.advance(60000)
    assert im.state(id)["state"] == "configured"


def test_what_is_made_without_a_database_is_lost_with_the_memory(im):
    """It is saved when the database is back; an IM that ends before knows nothing of it, and its machines run on."""
    database(im, True)
    saved, lost = im.create(), None
    im.advance(60)
    assert im.state(saved)["state"] == "configured"
    database(im, False)
    assert len(im.call("GET", "/infrastructures").json()["uri-list"]) == 1
    database(im, True)
    lost = im.create()
    database(im, True, forget=True)
    database(im, False)
    assert [im.state(saved)["state"], im.state(lost)] == ["configured", 404]
    assert [im.ledger(lost)[key] for key in ("alive", "orphaned")] == [False, True]


def test_a_deletion_that_could_not_be_noted_is_undone(im):
    """IM drops it from its memory, and its database says for ever that it is there."""
    id = im.configured()
    database(im, True)
    assert im.delete(id, **{"async": "true"}).status_code == 200
    im.advance(60)
    assert im.state(id) == 404
    database(im, False)
    assert im.state(id)["state"] == "configured"
    assert [im.ledger(id)[key] for key in ("alive", "visible", "deletes", "deleted_at")] == [True, True, 1, None]
    im.delete(id)
    im.advance(60)
    assert not im.ledger(id)["alive"]


# ---- IM that died while it launched


@pytest.mark.parametrize("how", ["behaviour", "fault"])
def test_the_document_of_an_im_that_died_is_not_there(im, how):
    if how == "behaviour":
        id = im.create({"behaviour": "no_document"})
    else:
        im.control("POST", "fault", {"fault": "launcher_dies", "first": 1})
        with pytest.raises(requests.ConnectionError):
            im.create()
        (one,) = im.control("GET", "ledger")
        id = one["id"]
    im.advance(60)
    for what in ("tosca", "outputs"):
        answer = im.get(id, "/" + what)
        words = "'%s' infrastructure property is not valid in this infrastructure" % what
        assert (answer.status_code, message(answer)) == (
            (400, "Error Getting Inf. prop: 403 Forbidden: " + words) if im.generation == 1 else (403, words))
    assert "description desc (name = 'demo')" in im.get(id, "/radl").json()["radl"]
    assert im.state(id)["state"] == "configured"
    assert len(im.get(id).json()["uri-list"]) == 2
    assert im.delete(id).status_code == 200


def test_an_im_that_died_before_its_launch_was_over_has_no_name_either(im):
    id = im.configured({"undocumented": 1, "nameless": 1})
    assert "description" not in im.get(id, "/radl").json()["radl"]


# ---- infrastructures that come back


def back(im, id, ms):
    return im.session.post("%s/_simulator/infrastructures/%s/back" % (im.url, id), json={"ms": ms},
                           timeout=10).status_code


def test_what_was_deleted_comes_back_at_any_time(im):
    id = im.configured()
    im.delete(id)
    im.advance(600000)
    assert (im.state(id), im.ledger(id)["alive"]) == (404, False)
    assert back(im, id, 60000) == 200
    assert im.state(id) == 404
    assert [im.ledger(id)[key] for key in ("alive", "visible")] == [True, False]
    im.advance(60000)
    assert im.state(id)["state"] == "configured"
    assert im.call("GET", "/infrastructures").json()["uri-list"] == [{"uri": "%s/infrastructures/%s" % (im.url, id)}]
    assert im.ledger(id)["deleted_at"] is None
    im.delete(id)
    im.advance(60)
    assert (im.state(id), im.ledger(id)["alive"]) == (404, False)
    assert back(im, "nosuch", 1) == 404 and back(im, id, -1) == 400


def test_deletions_that_do_not_last(im):
    ids = [im.configured() for _ in range(3)]
    im.control("POST", "fault", {"fault": "resurrect", "after": 1, "first": 1, "ms": 60000})
    for id in ids:
        assert im.delete(id).status_code == 200
    im.advance(60)
    assert [im.state(id) for id in ids] == [404] * 3
    im.advance(60000)
    assert [im.state(id) == 404 for id in ids] == [True, False, True]


def test_of_those_deleted_long_ago_nothing_is_kept(im):
    first = im.configured()
    im.delete(first)
    im.advance(60)
    assert im.state(first) == 404
    for _ in range(256):
        im.control("POST", "infrastructures/%s/state" % im.create(), {"state": "gone"})
    assert back(im, first, 1) == 404


def test_a_slow_creation(im):
    began = time.monotonic()
    im.create({"fault": "slow_create", "ms": 300})
    assert time.monotonic() - began >= 0.3


# ---- the control surface


def test_the_ledger_keeps_what_was_made(im):
    behaviour = {"behaviour": "normal"}
    id = im.create(behaviour, headers={"X-Request-ID": "request-1"})
    im.advance(60)
    other = im.create()
    im.advance(60)
    im.delete(other)
    entry = im.ledger(id)
    assert entry["created_at"] > 1.7e12
    assert {key: entry[key] for key in entry if key != "created_at"} == {
        "id": id, "owner": "alice", "behaviour": "normal", "cloud_id": "dummy", "cloud_type": "Dummy",
        "tag": None, "request_id": "request-1", "metadata": {"infra_name": "demo", "im_simulator": behaviour},
        "vms_made": 2, "deletes": 0, "alive": True, "visible": True, "orphaned": False, "state": "configured",
        "power": {"start": 0, "stop": 0, "reboot": 0},
        "deleted_at": None, "vm_states": {"0": "configured", "1": "configured"}}
    assert [one["id"] for one in im.control("GET", "ledger")] == [id, other]
    tagged = im.create(document=TEMPLATE.replace("infra_name: demo", "PAAS_ATTEMPT: attempt-1"))
    assert im.ledger(tagged)["tag"] == "attempt-1"
    im.control("POST", "infrastructures/%s/state" % tagged, {"state": "gone"})
    assert [one["id"] for one in im.control("GET", "ledger", alive="true")] == [id]
    assert [one["id"] for one in im.control("GET", "ledger", alive="false")] == [other, tagged]


def test_calls_are_counted_and_never_show_credentials(im):
    id = im.create(headers={"X-Request-ID": "request-2"})
    im.state(id)
    calls = im.control("GET", "calls")
    assert (calls["routes"]["create"], calls["routes"]["state"], calls["total"], calls["most_in_flight"]) == (1, 1, 2,
                                                                                                              1)
    assert calls["last"][1]["request_id"] == "request-2"
    assert (calls["last"][0]["method"], calls["last"][0]["path"], calls["last"][0]["status"]) == (
        "GET", "/infrastructures/%s/state" % id, 200)
    assert len(im.control("GET", "calls", last=1)["last"]) == 1
    assert "secret" not in json.dumps(calls) + json.dumps(im.control("GET", "ledger"))


def test_a_state_can_be_forced(im):
    id = im.configured()
    force = lambda value: im.control("POST", "infrastructures/%s/state" % id, value)  # noqa: E731
    force({"state": "off"})
    assert im.state(id) == {"state": "off", "vm_states": {"0": "off", "1": "off"}}
    force({"state": "failed", "vm_states": {"0": "configured", "1": "failed"}})
    assert im.state(id) == {"state": "failed", "vm_states": {"0": "configured", "1": "failed"}}
    force({"state": None})
    assert im.state(id)["state"] == "configured"
    force({"state": "gone"})
    assert im.state(id) == 404
    assert im.session.post("%s/_simulator/infrastructures/%s/state" % (im.url, id), json={"state": "off"},
                           timeout=10).status_code == 404


@pytest.mark.parametrize("what, value",
                         [("fault", {"fault": "nosuch"}), ("fault", {"fault": "hang", "wrong": 1}), ("fault", []),
                          ("advance", {"ms": "1"}), ("advance", {}), ("database", {}),
                          ("database", {"away": True, "for_ms": "1"})])
def test_bad_orders_are_refused(im, what, value):
    answer = im.session.post("%s/_simulator/%s" % (im.url, what), json=value, timeout=10)
    assert answer.status_code == (200 if value == [] else 400), answer.text


def test_many_at_once(im):
    def life(n):
        session = requests.Session()
        headers = {"Authorization": line("user%d" % (n % 10)), "Accept": "application/json",
                   "Content-Type": "text/yaml"}
        uri = session.post(im.url + "/infrastructures?async=true", data=text, headers=headers, timeout=30).json()["uri"]
        for _ in range(3):
            assert session.get(uri + "/state", headers=headers, timeout=30).status_code == 200
        wait_for(lambda: session.delete(uri + "?async=true", headers=headers, timeout=30).status_code == 200, uri)
        wait_for(lambda: session.get(uri + "/state", headers=headers, timeout=30).status_code == 404, uri)
    text = template({"launch_ms": 5, "delete_ms": 5})
    with concurrent.futures.ThreadPoolExecutor(16) as pool:
        list(pool.map(life, range(200)))
    ledger = im.control("GET", "ledger")
    assert len({entry["id"] for entry in ledger}) == 200
    assert not any(entry["alive"] for entry in ledger)


@pytest.mark.shared
def test_other_peoples_templates_come_back_equal(im, shared_data):
    """Many are parts of templates, which IM refuses: they ask for nodes of the part that they are made for."""
    folder = os.path.join(shared_data, "tosca", "templates")
    taken = 0
    for name in sorted(os.listdir(folder)):
        with open(os.path.join(folder, name), encoding="utf-8") as file:
            text = file.read()
        answer = im.call("POST", "/infrastructures", text.encode(), **{"async": "true"})
        if answer.status_code != 200:
            assert "was not found" in message(answer) or "no attribute 'nodetemplates'" in message(answer), \
                (name, message(answer))
            continue
        taken += 1
        found = yaml.safe_load(im.get(answer.headers["InfID"], "/tosca").json()["tosca"])
        assert found == yaml.safe_load(text), name
        assert im.get(answer.headers["InfID"], "/outputs").status_code == 200 or "FaaS" in text, name
    assert taken > 10
