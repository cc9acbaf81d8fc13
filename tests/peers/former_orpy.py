# Licensed under the Apache License, Version 2.0; see LICENSE.
"""orpy of PyPI at the surface: every command of its command line, which takes tokens from an agent alone, and every
call of its library, which is given one."""

import json
import os
import re

from former import (ABSENT, FORBIDDEN, MANY, NOT_FOUND, TIME, UNAUTHORIZED, UUID, Agent, Client, changed, found,
                    machine, same)
from harness.live import HELD
from venvs import virtual_environment

VERSION = "1.0.4"
CALL = os.path.join(os.path.dirname(os.path.abspath(__file__)), "orpycall.py")


def environment():
    return virtual_environment("orpy-" + VERSION, ["orpy==" + VERSION])


class CommandLine(Client):
    def __init__(self, running, venv, person):
        super().__init__(running, [os.path.join(venv, "bin", "orpy")], person)
        self.agent = None

    def environment(self):
        return {"ORCHESTRATOR_URL": self.url, "OIDC_ACCOUNT": "mine", "OIDC_SOCK": self.agent.path}

    def ask(self, *arguments):
        """What a command that succeeds says."""
        said, code = self.run(*arguments)
        assert code == 0, "%s ended with %d:\n%s" % (" ".join(arguments), code, said)
        return said

    def json(self, *arguments):
        """As JSON; orpy's listers and showers know it."""
        return json.loads(self.ask(*arguments, "-f", "json"))

    def refused(self, *arguments):
        """What a command says that is refused: orpy's own word before the server's, and no crash."""
        said, code = self.run(*arguments)
        same(code, 1)
        lines = [line for line in said.splitlines() if line.strip()]
        assert len(lines) == 1 and "has no attribute" not in said and "n/a" not in said, said
        return found("^ERROR: (.+)$", said)


def command_line(running):
    """Checks of the command line, each of which stands on those before it."""
    venv, person = environment(), running.person()
    orpy, content = CommandLine(running, venv, person), machine()
    made = {}

    def info():
        value = orpy.json("info")
        assert value["url"] == orpy.url + "/" and "version" in str(value), value

    def configuration():
        same(orpy.json("configuration", "show"), {"im_url": running.im_url, "url": orpy.url + "/"})

    def create():
        value = orpy.json("dep", "create", "--max-providers-retry", "2", "--callback-url", "https://a.example/b",
                          orpy.file(content), "num_cpus=2")
        assert re.fullmatch(UUID, value["uuid"]) and re.fullmatch(TIME, value["creationTime"]), value
        same((value["status"], value["inputs"], value["userGroup"], value["callback"]),
             ("CREATE_IN_PROGRESS", {"num_cpus": 2}, person.group, "https://a.example/b"))
        same(person.deployment(value["uuid"])["max_providers"], 2)
        made["id"] = value["uuid"]
        person.wait_for_status(value["uuid"], "CREATE_COMPLETE")

    def held_creation():
        """In its table, every member of a deployment that is being made."""
        text = machine(im_simulator={"launch_ms": HELD})
        for options in ((), ("--keep-last-attempt", "yes")):
            said = orpy.ask("deployment", "create", *options, orpy.file(text))
            uuid = found(r"\| uuid +\| (%s) +\|" % UUID, said)
            for form in (("-l",), ()):
                found(r"\| status +\| CREATE_IN_PROGRESS +\|", orpy.ask("dep", "show", *form, uuid))
            orpy.goes_on(uuid)

    def show():
        for form in ("json", "yaml", "shell", "value"):
            assert "CREATE_COMPLETE" in orpy.ask("dep", "show", "-f", form, made["id"])
        value = orpy.json("dep", "show", "-l", made["id"])
        assert value["outputs"]["node_ip"] and value["physicalId"] and value["cloudProviderEndpoint"]["cpEndpoint"]
        same((value["uuid"], value["cloudProviderName"]),
             (made["id"], person.deployment(made["id"])["target_provider"]))
        said = orpy.ask("dep", "show", made["id"])
        found(r"\| uuid +\| %s +\|" % made["id"], said)
        found(r"\| createdBy +\| issuer: %s" % re.escape(running.issuer.url.rstrip("/")), said)
        found(r"cpEndpoint: ", orpy.ask("dep", "show", "--long", made["id"]))

    def listing():
        stored = person.store_template()
        others = [person.deploy(stored) for _ in range(MANY)]
        listed = {one["uuid"]: one for one in orpy.json("dep", "list")}
        assert set(listed) > {made["id"], *others}, listed
        one = listed[made["id"]]
        same((one["status"], one["cloudProviderName"]),
             ("CREATE_COMPLETE", person.deployment(made["id"])["target_provider"]))
        found(r"\| %s \| CREATE_COMPLETE \| finished \| %s \| issuer: " % (made["id"], TIME), re.sub(
            " +", " ", orpy.ask("deployment", "list")))
        for other in others:
            person.wait_for_status(other, "CREATE_COMPLETE")

    def template():
        for word in ("dep", "deployment"):
            same(orpy.json(word, "template", made["id"]), {"template": content})

    def resources():
        [one] = orpy.json("resource", "list", made["id"])
        same((one["state"], one["toscaNodeType"], one["toscaNodeName"], one["requiredBy"]),
             ("STARTED", "tosca.nodes.Compute", "simple_node", []))
        assert one["uuid"] in orpy.ask("resource", "list", made["id"])
        value = orpy.json("resource", "show", made["id"], one["uuid"])
        same((value["uuid"], value["state"]), (one["uuid"], "STARTED"))
        assert json.loads(value["metadata"]["VirtualMachineInfo"])["vmProperties"], value
        found(r"\| toscaNodeName +\| simple_node", orpy.ask("resource", "show", made["id"], one["uuid"]))

    def update():
        for text, inputs in ((content, ["num_cpus=4"]), (changed(content), [])):
            value = orpy.json("dep", "update", made["id"], orpy.file(text), *inputs)
            same((value["uuid"], value["status"]), (made["id"], "UPDATE_IN_PROGRESS"))
            person.wait_for_status(made["id"], "UPDATE_COMPLETE")
        value = orpy.json("dep", "show", made["id"])
        same((value["status"], value["inputs"]), ("UPDATE_COMPLETE", {"num_cpus": 4}))
        same(orpy.json("dep", "template", made["id"])["template"], changed(content))

    def delete():
        same(orpy.ask("dep", "delete", made["id"]), "")
        person.wait_for_status(made["id"], "DELETE_COMPLETE")
        same(orpy.ask("deployment", "delete", made["id"]), "")
        found(r"\| status +\| DELETE_COMPLETE +\|", orpy.ask("dep", "show", "-l", made["id"]))

    def refusals():
        theirs = running.person()
        foreign, file = theirs.deploy(), orpy.file(content)
        for said, words in ((NOT_FOUND, ABSENT), (FORBIDDEN, foreign)):
            for command in (("dep", "show", words), ("dep", "delete", words), ("dep", "template", words),
                            ("dep", "update", words, file), ("resource", "list", words),
                            ("resource", "show", words, ABSENT)):
                found(said, orpy.refused(*command))
        found(r"num_cpus", orpy.refused("dep", "create", file, "num_cpus=many"))
        found(r"template", orpy.refused("dep", "create", orpy.file("a: 1\n")))
        theirs.wait_for_status(foreign, "CREATE_COMPLETE")

    def tokens():
        """A token with a space before it is what users of other servers give; one that is none is told so."""
        for token, status in ((" " + person.token, 200), ("nonsense", 401)):
            with Agent(running.folder, token) as orpy.agent:
                if status == 200:
                    assert orpy.json("dep", "list")
                else:
                    found(UNAUTHORIZED, orpy.refused("dep", "list"))

    with Agent(running.folder, person.token) as orpy.agent:
        yield "orpy info", info
        yield "orpy configuration show", configuration
        yield "orpy dep create", create
        yield "orpy dep create, dep show of what is being made", held_creation
        yield "orpy dep show", show
        yield "orpy dep list", listing
        yield "orpy dep template", template
        yield "orpy resource list, resource show", resources
        yield "orpy dep update", update
        yield "orpy dep delete", delete
        yield "orpy, what is refused", refusals
    yield "orpy, other tokens", tokens


class Library(Client):
    """Each call is one of `orpycall.py` in orpy's own environment."""

    def __init__(self, running, venv, person):
        super().__init__(running, [os.path.join(venv, "bin", "python"), CALL], person)

    def environment(self):
        return {"ORCHESTRATOR_URL": self.url, "ORCHESTRATOR_TOKEN": self.person.token}

    def call(self, name, *arguments, **named):
        said, code = self.run(name, json.dumps(arguments), json.dumps(named))
        assert code == 0, said
        return json.loads(said)

    def ask(self, name, *arguments, **named):
        """What a call returns."""
        answer = self.call(name, *arguments, **named)
        assert "returned" in answer, answer
        return answer["returned"]

    def refused(self, error, name, *arguments, **named):
        """What the exception of that name says."""
        answer = self.call(name, *arguments, **named)
        same(answer.get("raised"), error)
        return answer["said"]


def library(running):
    """Checks of the library, each of which stands on those before it."""
    person, content = running.person(), machine()
    orpy, made = Library(running, environment(), person), {}

    def ends(status):
        person.wait_for_status(made["id"], status)
        value = orpy.ask("deployments.show", made["id"])
        same((value["uuid"], value["status"]), (made["id"], status))
        return value

    def whole_life():
        assert orpy.ask("info.get")["url"] == orpy.url + "/"
        same(orpy.ask("config.get")["im_url"], running.im_url)
        same(orpy.ask("deployments.list"), [])
        value = orpy.ask("deployments.create", content, parameters={"num_cpus": 2}, keep_last_attemp=False)
        made["id"] = value["uuid"]
        same((value["status"], value["inputs"]), ("CREATE_IN_PROGRESS", {"num_cpus": 2}))
        assert ends("CREATE_COMPLETE")["outputs"]["node_ip"]
        same([one["uuid"] for one in orpy.ask("deployments.list")], [made["id"]])
        same(orpy.ask("deployments.get_template", made["id"])["template"], content)
        [one] = orpy.ask("resources.list", made["id"])
        same(orpy.ask("resources.show", made["id"], one["uuid"]), one)
        value = orpy.ask("deployments.update", made["id"], changed(content), parameters={"num_cpus": "3"})
        same((value["uuid"], value["status"]), (made["id"], "UPDATE_IN_PROGRESS"))
        same(ends("UPDATE_COMPLETE")["inputs"], {"num_cpus": 3})
        same(orpy.ask("deployments.delete", made["id"]), None)
        same(ends("DELETE_COMPLETE")["cloudProviderEndpoint"], {})

    def errors():
        found(NOT_FOUND, orpy.refused("NotFoundError", "deployments.show", ABSENT))
        foreign = running.person().deploy()
        found(FORBIDDEN, orpy.refused("ForbiddenError", "resources.list", foreign))
        found("template", orpy.refused("BadRequestError", "deployments.create", "a: 1"))
        found("deleted", orpy.refused("ConflictError", "deployments.update", made["id"], content))
        orpy.person = running.client_with("nonsense")
        found(UNAUTHORIZED, orpy.refused("UnauthorizedError", "deployments.list"))
        orpy.refused("InvalidUrlError", "config.get")
        assert orpy.ask("info.get")  # for which it sends none

    yield "a whole life with orpy's library", whole_life
    yield "errors of orpy's library", errors
