# Licensed under the Apache License, Version 2.0; see LICENSE.
"""Templates: stored, read, found, changed, deleted."""

import concurrent.futures
import hashlib
import os

import pytest

from harness.client import expect, template, unique

FIELDS = {"id", "created_at", "created_by", "updated_at", "updated_by", "content", "checksum", "name", "version",
          "target_provider_type", "tosca_definition_version"}
NOBODY = "00000000-0000-7000-8000-000000000000"
YAML = ["text/yaml", "text/x-yaml", "application/yaml"]


def unnamed():
    """A template without metadata.template_name, different at every call."""
    return "# %s\n" % unique() + "\n".join(
        line for line in template().splitlines() if "template_name" not in line and "template_version" not in line
        and line != "metadata:") + "\n"


def read(person, id):
    return expect(person.get("/templates/" + id), 200).json()


def named(problem):
    return {entry.get("pointer", entry.get("parameter")) for entry in problem.json()["errors"]}


def post_yaml(person, text, kind="text/yaml", **parameters):
    data = text if isinstance(text, bytes) else text.encode()
    return person.post("/templates", data=data, headers={"Content-Type": kind}, params=parameters)


# creating

def test_a_template_is_stored(stack):
    person = stack.person()
    content = template("web server")
    answer = expect(person.post("/templates", json={"content": content}), 201)
    assert set(answer.json()) == {"id"}
    id = answer.json()["id"]
    assert answer.headers["Location"] == stack.url + "/templates/" + id
    stored = read(person, id)
    assert set(stored) == FIELDS
    assert stored["name"] == "web server"
    assert stored["version"] == "1.0.0"
    assert stored["target_provider_type"] == "openstack"
    assert stored["tosca_definition_version"] == "tosca_simple_yaml_1_0"
    assert stored["created_by"] == stored["updated_by"] == person.id
    assert stored["created_at"] == stored["updated_at"]


def test_content_is_kept_byte_for_byte(stack):
    person = stack.person()
    content = "# ünïcödé \U0001f600\r\n" + template().replace("\n", "\r\n") + "\n\n  \n# end, without a newline"
    stored = read(person, expect(person.post("/templates", json={"content": content}), 201).json()["id"])
    assert stored["content"] == content
    assert stored["checksum"] == hashlib.sha256(content.encode()).hexdigest()


@pytest.mark.parametrize("kind", YAML + ["text/yaml; charset=utf-8", "Text/YAML"])
def test_the_yaml_itself_may_be_the_body(stack, kind):
    person = stack.person()
    content = template("bare", note=unique()) + "\r\n"
    stored = read(person, expect(post_yaml(person, content, kind), 201).json()["id"])
    assert (stored["content"], stored["name"]) == (content, "bare")


def test_a_byte_order_mark_is_kept_and_no_mistake(stack):
    person = stack.person()
    content = "\ufeff" + template()
    ids = [person.store_template(content), expect(post_yaml(person, "\ufeff" + template()), 201).json()["id"]]
    value = expect(person.get("/templates/" + ids[0]), 200).json()
    assert value["content"] == content
    assert value["checksum"] == hashlib.sha256(content.encode()).hexdigest()
    for id in ids:
        person.wait_for_status(person.deploy(id), "CREATE_COMPLETE")


def test_a_bare_yaml_gets_its_name_from_the_query(stack):
    person = stack.person()
    id = expect(post_yaml(person, unnamed(), name="näme & more"), 201).json()["id"]
    assert read(person, id)["name"] == "näme & more"


def test_a_template_without_a_version_has_none(stack):
    person = stack.person()
    stored = read(person, expect(person.post("/templates", json={"content": unnamed(), "name": "n"}), 201).json()["id"])
    assert (stored["name"], stored["version"]) == ("n", None)


@pytest.mark.parametrize("version", ["tosca_simple_yaml_1_0", "tosca_simple_yaml_1_1", "tosca_simple_yaml_1_2",
                                     "tosca_simple_yaml_1_3", "tosca_2_0"])
def test_every_tosca_version_is_taken(stack, version):
    person = stack.person()
    content = template(note=unique()).replace("tosca_simple_yaml_1_0", version)
    stored = read(person, expect(person.post("/templates", json={"content": content}), 201).json()["id"])
    assert stored["tosca_definition_version"] == version


def test_exactly_one_name(stack):
    person = stack.person()
    assert named(expect(person.post("/templates", json={"content": template(), "name": "x"}), 422)) == {"/name"}
    assert named(expect(person.post("/templates", json={"content": unnamed()}), 422)) == {"/name"}
    assert named(expect(post_yaml(person, template(), name="x"), 422)) == {"name"}
    assert named(expect(post_yaml(person, unnamed()), 422)) == {"name"}


@pytest.mark.parametrize("name", ["", "x" * 256, None, 1, ["x"]])
def test_a_name_has_1_to_255_characters(stack, name):
    assert "/name" in named(expect(stack.person().post("/templates", json={"content": unnamed(), "name": name}), 422))


def test_characters_are_counted_not_bytes(stack):
    person = stack.person()
    expect(person.post("/templates", json={"content": unnamed(), "name": "ä" * 255}), 201)
    expect(post_yaml(person, unnamed(), name="ä" * 255), 201)
    assert named(expect(post_yaml(person, unnamed(), name="ä" * 256), 422)) == {"name"}


def test_a_name_in_the_content_has_1_to_255_characters(stack):
    person = stack.person()
    expect(person.post("/templates", json={"content": template("x" * 255, note=unique())}), 201)
    assert named(expect(person.post("/templates", json={"content": template("x" * 256)}), 422)) == {"/content"}


def test_the_same_content_is_there_already(stack):
    first, second = stack.person(), stack.person()
    content = template()
    id = first.store_template(content)
    answer = expect(second.post("/templates", json={"content": content}), 409)
    assert answer.headers["Location"] == stack.url + "/templates/" + id
    assert expect(post_yaml(first, content), 409).headers["Location"] == stack.url + "/templates/" + id


@pytest.mark.parametrize("content", [
    "", "a: [", "just text", "- a\n- b\n", "a: 1\n", "tosca_definitions_version: tosca_simple_yaml_1_0\n",
    "tosca_definitions_version: tosca_9\ntopology_template: {}\n",
    template("x") + template("y"), template("x").replace("num_cpus: {", "num_cpus: &a [*a] #", 1),
    template("x") + "metadata: {}\n", "%s---\n%s" % (template("a"), template("b")),
    "a: &a [*a]\n", "{" * 5000, "\tx: 1\n",
])
def test_what_is_no_tosca_document_is_refused(stack, content):
    person = stack.person()
    problem = expect(person.post("/templates", json={"content": content}), 422)
    assert named(problem) == {"/content"}
    assert person.get("/templates", params={"created_by": "me"}).json()["data"] == []


def test_a_refusal_says_line_and_column(stack):
    content = template() + "  broken: [\n"
    entry = expect(stack.person().post("/templates", json={"content": content}), 422).json()["errors"][0]
    assert "line" in entry["detail"] and "column" in entry["detail"]


def test_content_has_at_most_one_mebibyte(stack):
    person = stack.person()
    content = template(note=unique())
    full = content + "#" + "x" * (1024 * 1024 - len(content) - 1)
    expect(person.post("/templates", json={"content": full}), 201)
    assert named(expect(person.post("/templates", json={"content": full + "x"}), 422)) == {"/content"}
    assert named(expect(post_yaml(person, full + "x"), 422)) == {"/content"}


@pytest.mark.parametrize("data", [b"\xff\xfe", b"a: \x00\n", "tosca_definitions_version: 1".encode("utf-16")])
def test_bytes_that_are_no_text_are_refused(stack, data):
    assert named(expect(post_yaml(stack.person(), data, name="x"), 422)) == {"/content"}


def test_no_import_is_downloaded_and_a_fragment_can_be_stored(stack):
    person = stack.person()
    content = template() .replace("topology_template:",
                                  "imports:\n  - http://127.0.0.1:1/types.yaml\ntopology_template:")
    content = content.replace("      type: tosca.nodes.Compute\n",
                              "      type: tosca.nodes.Compute\n      requirements:\n        - local_storage: "
                              "elsewhere\n")
    id = expect(person.post("/templates", json={"content": content}), 201).json()["id"]
    answer = expect(person.post("/deployments",
                                json={"template_id": id, "template_inputs": {}, "user_group": person.group}), 422)
    assert answer.json()["errors"]


def test_everything_that_is_wrong_is_named_at_once(stack):
    person = stack.person()
    problem = expect(person.post("/templates", params={"nane": "x"}, json={"content": "a: [", "name": 1, "nme": "x"}),
                     422)
    assert named(problem) == {"nane", "/content", "/name", "/nme"}
    assert named(expect(post_yaml(person, "a: [", name="x" * 256), 422)) == {"name", "/content"}


def test_bodies_that_are_not_taken(stack):
    person = stack.person()
    answer = expect(person.post("/templates", data=b"x", headers={"Content-Type": "text/plain"}), 415)
    assert answer.json()["detail"] == ("The Content-Type must be application/json, text/yaml, text/x-yaml or "
                                       "application/yaml.")
    expect(person.post("/templates", data=b"x"), 415)
    expect(person.post("/templates", data=b"", headers={"Content-Type": "application/json"}), 400)
    expect(person.post("/templates"), 400)
    expect(person.post("/templates", data=b"", headers={"Content-Type": "text/yaml"}), 400)
    expect(person.post("/templates", data=b"{", headers={"Content-Type": "application/json"}), 400)
    expect(person.post("/templates", json=[]), 422)
    expect(person.post("/templates", json={}), 422)
    expect(person.post("/templates", params={"name": "x"}, json={"content": unnamed()}), 422)


def test_real_templates_are_taken(stack, shared_data):
    person = stack.person()
    folder = os.path.join(shared_data, "tosca", "templates")
    for path in sorted(os.path.join(at, name) for at, _, names in os.walk(folder) for name in names)[:10]:
        with open(path, "rb") as file:
            text = file.read()
        answer = post_yaml(person, text)
        if answer.status_code == 422 and named(answer) == {"name"}:
            answer = post_yaml(person, text, name=os.path.basename(path))
        if answer.status_code == 201:
            assert read(person, answer.json()["id"])["content"].encode() == text
        else:
            assert answer.status_code in (409, 422)


# reading

def test_everybody_reads_templates(stack):
    first, second = stack.person(), stack.person()
    content = template()
    id = first.store_template(content)
    assert read(second, id)["content"] == content
    found = expect(second.get("/templates", params={"checksum": hashlib.sha256(content.encode()).hexdigest()}),
                   200).json()
    assert [entry["id"] for entry in found["data"]] == [id]


def test_an_unknown_template_is_not_found(stack):
    person = stack.person()
    expect(person.get("/templates/" + NOBODY), 404)
    assert named(expect(person.get("/templates/x"), 422)) == {"template_id"}


# changing

@pytest.mark.parametrize("who", ["creator", "admin"])
def test_a_template_is_changed(stack, who):
    creator = stack.person()
    changer = creator if who == "creator" else stack.person(admin=True)
    id = creator.store_template()
    before = read(creator, id)
    body = {"name": "new", "version": "2", "target_provider_type": "kubernetes",
            "tosca_definition_version": "tosca_2_0"}
    assert expect(changer.patch("/templates/" + id, json=body), 204).content == b""
    after = read(creator, id)
    assert {name: after[name] for name in body} == body
    assert (after["content"], after["created_at"], after["created_by"]) == (
        before["content"], before["created_at"], before["created_by"])
    assert after["updated_by"] == changer.id and after["updated_at"] > before["updated_at"]


def test_what_a_patch_leaves_out_stays(stack):
    person = stack.person()
    id = person.store_template()
    before = read(person, id)
    expect(person.patch("/templates/" + id, json={}), 204)
    assert read(person, id) == before
    expect(person.patch("/templates/" + id, json={"version": before["version"], "name": before["name"]}), 204)
    assert read(person, id) == before
    expect(person.patch("/templates/" + id, json={"target_provider_type": "aws"}), 204)
    after = read(person, id)
    assert (after["name"], after["version"], after["target_provider_type"]) == (before["name"], before["version"],
                                                                                "aws")


def test_what_a_put_leaves_out_goes_back_to_its_default(stack):
    person = stack.person()
    id = person.store_template()
    before = read(person, id)
    expect(person.patch("/templates/" + id, json={"version": "9", "target_provider_type": "aws",
                                                  "tosca_definition_version": "tosca_2_0"}), 204)
    expect(person.put("/templates/" + id, json={"name": "put"}), 204)
    after = read(person, id)
    assert after["name"] == "put"
    for name in ("version", "target_provider_type", "tosca_definition_version", "content", "checksum"):
        assert after[name] == before[name]


def test_a_put_needs_a_name(stack):
    person = stack.person()
    assert named(expect(person.put("/templates/" + person.store_template(), json={"version": "1"}), 422)) == {"/name"}


@pytest.mark.parametrize("method", ["patch", "put"])
def test_new_content_keeps_the_name(stack, method):
    person = stack.person()
    id = person.store_template(template("first"))
    content = template("second", note=unique()).replace("template_version: 1.0.0", "template_version: 2.5").replace(
        "tosca_simple_yaml_1_0", "tosca_simple_yaml_1_3")
    body = {"content": content} if method == "patch" else {"content": content, "name": "first"}
    expect(getattr(person, method)("/templates/" + id, json=body), 204)
    after = read(person, id)
    assert (after["name"], after["content"]) == ("first", content)
    assert after["checksum"] == hashlib.sha256(content.encode()).hexdigest()
    assert (after["version"], after["tosca_definition_version"]) == ("2.5", "tosca_simple_yaml_1_3")


def test_content_stays_while_a_deployment_uses_it(stack):
    person = stack.person()
    content = template()
    id = person.store_template(content)
    person.deploy(id)
    expect(person.patch("/templates/" + id, json={"content": template()}), 409)
    assert read(person, id)["content"] == content
    expect(person.patch("/templates/" + id, json={"content": content, "name": "others may change"}), 204)
    assert read(person, id)["name"] == "others may change"


def test_new_content_must_not_be_there_already(stack):
    person = stack.person()
    content = template()
    other = person.store_template(content)
    answer = expect(person.patch("/templates/" + person.store_template(), json={"content": content}), 409)
    assert answer.headers["Location"] == stack.url + "/templates/" + other


@pytest.mark.parametrize("body, pointers", [
    ({"name": ""}, {"/name"}), ({"name": None}, {"/name"}), ({"name": "x" * 256}, {"/name"}),
    ({"version": None}, {"/version"}), ({"target_provider_type": 1}, {"/target_provider_type"}),
    ({"tosca_definition_version": "x"}, {"/tosca_definition_version"}), ({"content": "a: ["}, {"/content"}),
    ({"content": None}, {"/content"}), ({"checksum": "x"}, {"/checksum"}),
    ({"content": "", "version": 1, "x": 1}, {"/content", "/version", "/x"}),
    ({"content": "a: [", "version": 1}, {"/content", "/version"}),
])
def test_a_bad_change_names_every_field(stack, body, pointers):
    person = stack.person()
    id = person.store_template()
    before = read(person, id)
    assert named(expect(person.patch("/templates/" + id, json=body), 422)) == pointers
    assert read(person, id) == before


@pytest.mark.parametrize("method", ["patch", "put", "delete"])
def test_others_change_nothing(stack, method):
    creator, other = stack.person(), stack.person()
    id = creator.store_template()
    body = {} if method == "delete" else {"json": {"name": "mine"}}
    expect(getattr(other, method)("/templates/" + id, **body), 403)
    expect(getattr(other, method)("/templates/" + NOBODY, **body), 404)
    assert read(creator, id)["name"] != "mine"


def test_the_shape_comes_before_who_may(stack):
    id = stack.person().store_template()
    expect(stack.person().patch("/templates/" + id, json={"name": 1}), 422)


# removing

def test_a_template_is_removed_by_who_made_it_or_an_administrator(stack):
    person, admin = stack.person(), stack.person(admin=True)
    for remover in (person, admin):
        id = person.store_template()
        assert expect(remover.delete("/templates/" + id), 204).content == b""
        expect(person.get("/templates/" + id), 404)
        expect(remover.delete("/templates/" + id), 404)


def test_a_template_stays_while_a_deployment_refers_to_it(stack):
    person = stack.person()
    id = person.store_template()
    person.deploy(id)
    expect(person.delete("/templates/" + id), 409)
    read(person, id)


# how much a person may keep

@pytest.fixture(scope="module")
def narrow(make_stack):
    """Three templates a person, of 1 MiB together."""
    return make_stack("OrchestratorMaxTemplates 3\nOrchestratorMaxTemplateBytes 1048576\n")


def of_size(kibibytes):
    return "# %s\n%s\n" % (unique(), "#" * (kibibytes * 1024)) + template()


def is_full(answer):
    problem = expect(answer, 429).json()
    assert "delete some" in problem["detail"] and "Retry-After" not in answer.headers


def test_a_person_keeps_so_many_templates(narrow):
    alice, bob = narrow.person(), narrow.person()
    kept = [alice.store_template() for _ in range(3)]
    is_full(alice.post("/templates", json={"content": template()}))
    expect(alice.patch("/templates/" + kept[0], json={"name": "another"}), 204)
    bob.store_template()
    expect(alice.delete("/templates/" + kept[0]), 204)
    alice.store_template()
    is_full(alice.post("/templates", json={"content": template()}))
    assert narrow.sql("SELECT count(*) FROM templates WHERE created_by = %s", (alice.id,)) == [(3,)]


def test_it_is_exact_however_many_come_at_once(narrow):
    alice = narrow.person()
    with concurrent.futures.ThreadPoolExecutor(12) as pool:
        answers = list(pool.map(lambda _: alice.post("/templates", json={"content": template()}), range(12)))
    assert sorted(answer.status_code for answer in answers) == [201] * 3 + [429] * 9
    assert alice.get("/templates", params={"created_by": "me"}).json()["page"]["total_elements"] == 3


def test_a_person_keeps_so_many_bytes(narrow):
    alice, admin = narrow.person(), narrow.person(admin=True)
    first, second = alice.store_template(of_size(600)), alice.store_template(of_size(300))
    is_full(alice.post("/templates", json={"content": of_size(200)}))
    for who in (alice, admin):  # whoever changes it, it stays hers
        is_full(who.patch("/templates/" + second, json={"content": of_size(500)}))
    assert len(read(alice, second)["content"]) < 400 * 1024
    admin.store_template(of_size(600))
    expect(alice.patch("/templates/" + first, json={"content": of_size(100)}), 204)
    expect(alice.patch("/templates/" + second, json={"content": of_size(500)}), 204)


def test_who_keeps_too_much_already_may_make_it_less(narrow):
    alice = narrow.person()
    kept = [alice.store_template(of_size(300)) for _ in range(3)]
    narrow.sql("UPDATE templates SET content = content || repeat('#', 1048576) WHERE id = %s", (kept[0],))
    is_full(alice.patch("/templates/" + kept[1], json={"content": of_size(301)}))
    expect(alice.patch("/templates/" + kept[1], json={"content": of_size(299)}), 204)
