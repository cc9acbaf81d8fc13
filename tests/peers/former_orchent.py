# Licensed under the Apache License, Version 2.0; see LICENSE.
"""orchent at the surface: every command that it has, with every option. It is in no registry: the variable ORCHENT is
the path of its program."""

import json
import os
import re
import subprocess

from former import (ABSENT, FORBIDDEN, MANY, NOT_FOUND, TIME, UNAUTHORIZED, UUID, Agent, Client, changed, found,
                    machine, same)
from harness.live import HELD
from venvs import Unavailable

BLOCK = r"^Deployment \[(%s)\]:\n  status: (\w+)\n  creation time: (%s)\n  update time: %s$" % (UUID, TIME, TIME)


def program():
    path = os.environ.get("ORCHENT")
    if not path:
        raise Unavailable("ORCHENT names none; it is in no registry, and one Go file to build")
    path = os.path.abspath(path)
    try:
        subprocess.run([path, "--version"], env={"ORCHENT_URL": "http://localhost"}, check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError) as error:
        raise Unavailable("ORCHENT does not name an orchent that runs here: %s" % error) from error
    return path


class Orchent(Client):
    def environment(self):
        return {"ORCHENT_URL": self.url, "ORCHENT_TOKEN": self.person.token}

    def ask(self, *arguments, **environment):
        """What a command says, in which there is no word of an error: it ends with 0 whatever happens."""
        said, code = self.run(*arguments, **environment)
        assert code == 0 and not re.search("error|panic|EOF|WARNING|%!", said), said
        return said

    def refused(self, *arguments, **environment):
        """What it says of an error, all in all: title, code and message."""
        said, code = self.run(*arguments, **environment)
        assert code == 0 and "successfully" not in said and "panic" not in said, said
        return found(r"Error '([A-Z][\w ]+)' \[(\d+)\]: (\S.+)$", said)

    def listed(self, *options):
        """(id, status, creation time) of each deployment of a list, which is one page."""
        said = self.ask("depls", *options)
        blocks = re.findall(BLOCK, said, re.M)
        same(said.count("Deployment ["), len(blocks))
        if not blocks:
            same(said, "retrieving deployment list:\n")
            return blocks
        same(found(r"^  page: (\d+)/(\d+) \[ #Elements: (\d+), size: (\d+) \]$", said),
             ("0", "1", str(len(blocks)), str(len(blocks))))
        same(re.findall(r"^    (\w+) \[(http://.+)\]$", said, re.M)[0][0], "self")
        return blocks

    def ids(self, *options):
        return [one[0] for one in self.listed(*options)]

    def create(self, content, parameters, *options):
        """The id of a new deployment."""
        said = self.ask("depcreate", *options, self.file(content), parameters)
        uuid, status, _ = found(BLOCK, said)
        same(status, "CREATE_IN_PROGRESS")
        found(r"^  outputs: \n  \{\}$", said)
        return uuid

    def resource(self, deployment):
        """The id of a deployment's one resource, and all that its list says."""
        said = self.ask("resls", deployment)
        return found(r"^Resource \[(%s)\]:$" % UUID, said), said


def commands(running):
    """Checks of the commands, each of which stands on those before it."""
    path, person = program(), running.person()
    orchent, content = Orchent(running, [path], person), machine()
    made = {}

    def probe():
        same(orchent.ask("test"), "looks like the orchent url is valid\n")
        said, _ = orchent.run("test", ORCHENT_TOKEN=None)
        assert "WARNING" in said and "looks like the orchent url is valid" in said, said
        assert "not correct" in orchent.run("test", ORCHENT_URL=orchent.url + "/nowhere")[0]
        assert "is valid" in orchent.ask("test", ORCHENT_URL=orchent.url + "/")

    def configuration():
        same(orchent.ask("showconf"),
             "retrieving orchestrator configuration:\n    im_url: %s\n" % running.im_url)

    def create():
        same(orchent.listed(), [])
        made["id"] = orchent.create(content, '{"num_cpus": 2}')
        same(person.wait_for_status(made["id"], "CREATE_COMPLETE")["keep_last_attempt"], True)
        plain = orchent.create(machine(), "null", "-g", person.group)
        said = orchent.ask("depcreate", "--ojson", "--callback", "https://a.example/b", "--maxProvidersRetry", "3",
                           "--keepLastAttempt", "false", "--user_group", person.group, orchent.file(machine()), "{}")
        value = json.loads(said)
        same((value["status"], value["callback"], value["userGroup"], value["createdBy"]["issuer"]),
             ("CREATE_IN_PROGRESS", "https://a.example/b", person.group, running.issuer.url.rstrip("/")))
        theirs = person.wait_for_status(value["uuid"], "CREATE_COMPLETE")
        same((theirs["max_providers"], theirs["keep_last_attempt"]), (3, False))
        person.wait_for_status(plain, "CREATE_COMPLETE")
        made["others"], made["subject"] = [value["uuid"], plain], value["createdBy"]["subject"]
        made["issuer"] = value["createdBy"]["issuer"]

    def listing():
        stored = person.store_template()
        made["others"] += [person.deploy(stored) for _ in range(MANY)]
        for one in made["others"]:
            person.wait_for_status(one, "CREATE_COMPLETE")
        everything = {made["id"], *made["others"]}
        myself = made["subject"] + "@" + made["issuer"]
        for options in ((), ("--created_by", "me"), ("-c", myself), ("-c", myself + "/"), ("-g", person.group),
                        ("-c", "me", "-g", person.group, "-x", "DELETE_COMPLETE,CREATE_FAILED"),
                        ("--after", "200001010000"), ("-b", "300001010000", "-a", "200001010000")):
            same(set(orchent.ids(*options)), everything)
        for options in (("-x", "CREATE_COMPLETE"), ("--excludedstatus", "CREATE_FAILED,CREATE_COMPLETE"),
                        ("--before", "200001010000"), ("--after", "300001010000")):
            same(orchent.listed(*options), [])
        same(orchent.refused("depls", "--user_group", "nobodys")[:2], ("Forbidden", "403"))
        boss = Orchent(running, [path], running.person(admin=True))
        same(set(boss.ids("-c", myself)), everything)
        assert set(boss.ids()) >= everything

    def show():
        said = orchent.ask("depshow", made["id"])
        same(found(BLOCK, said)[:2], (made["id"], "CREATE_COMPLETE"))
        outputs = json.loads(found(r"^  outputs: \n((?:.|\n)+\})\s*\Z", said))
        assert outputs["node_ip"], said
        theirs = person.deployment(made["id"])
        said = orchent.ask("depshow", "--verbose", made["id"])
        for line in ("physical id: " + theirs["im_infra_id"], "user group: " + person.group, "task: finished",
                     "created by:   { issuer: %s; subject: %s }" % (made["issuer"], made["subject"]),
                     "CloudProviderName: " + theirs["target_provider"]):
            assert "\n  %s\n" % line in said, (line, said)
        assert '"cpEndpoint": ' in said, said
        for rel, end in (("self", ""), ("resources", "/resources"), ("template", "/template")):
            assert "    %s [%s/deployments/%s%s]\n" % (rel, orchent.url, made["id"], end) in said, (rel, said)
        extra = said.partition("  ====== Deployment extra information: ======\n")[2]
        assert json.loads(extra) is not None, said
        value = json.loads(orchent.ask("depshow", "--ojson", made["id"]))
        same((value["uuid"], value["status"], value["outputs"]), (made["id"], "CREATE_COMPLETE", outputs))

    def held_creation():
        uuid = orchent.create(machine(im_simulator={"launch_ms": HELD}), "{}")
        found(r"^  status: CREATE_IN_PROGRESS$", orchent.ask("depshow", "--verbose", uuid))
        found(r"^  state: (INITIAL|CREATING)$", orchent.resource(uuid)[1])
        same(orchent.refused("depreset", uuid)[:2], ("Conflict", "409"))
        orchent.goes_on(uuid)

    def texts():
        same(orchent.ask("deptemplate", made["id"]), content)
        said, _ = orchent.run("deplog", made["id"])
        assert len(said.splitlines()) > 1 and not said.startswith(("{", "[", '"')), said

    def resources():
        made["resource"], said = orchent.resource(made["id"])
        found(r"^retrieving resource list:\n  page: 0/1 \[ #Elements: 1, size: 1 \]$", said)
        shown = orchent.ask("resshow", made["id"], made["resource"])
        for words in (said, shown):
            found(r"^Resource \[%s\]:\n  creation time: %s\n  state: STARTED\n  toscaNodeType: tosca.nodes.Compute\n"
                  r"  toscaNodeName: simple_node\n  requiredBy:\n  links:\n    deployment \[http.+\]\n"
                  r"    self \[http.+\]$" % (made["resource"], TIME), words)

    def machines():
        both = made["id"], made["resource"]
        for command, state in (("vmstop", "STOPPED"), ("vmstart", "STARTED")):
            same(orchent.ask(command, *both), "VM action done: %s\n" % command[2:])
            running.wait_for(lambda state=state: "state: " + state in orchent.ask("resshow", *both), 60, state)
        found(r"resource state is STARTED", orchent.run("vmstart", *both)[0])

    def update():
        more = content.replace("  outputs:", "    second_node:\n      type: tosca.nodes.Compute\n  outputs:")
        for text, inputs in ((content, '{"num_cpus": 4}'), (changed(content), "{}"), (more, "null")):
            same(orchent.ask("depupdate", "--keepLastAttempt", "false", "--maxProvidersRetry", "2",
                             "--callback", "https://a.example/c", made["id"], orchent.file(text), inputs),
                 "update of deployment %s successfully triggered\n" % made["id"])
            person.wait_for_status(made["id"], "UPDATE_COMPLETE")
            same(orchent.ask("deptemplate", made["id"]), text)
        same(person.deployment(made["id"])["template_inputs"]["num_cpus"], 4)
        same(len(re.findall(r"^  state: STARTED$", orchent.ask("resls", made["id"]), re.M)), 2)

    def delete():
        for uuid, options in ((made["id"], ()), (made["others"][0], ("--force",)), (made["id"], ("--no-force",))):
            same(orchent.ask("depdel", *options, uuid), "deletion of deployment %s successfully triggered\n" % uuid)
            person.wait_for_status(uuid, "DELETE_COMPLETE")
        found(r"^  status: DELETE_COMPLETE$", orchent.ask("depshow", "--verbose", made["id"]))
        assert made["id"] in orchent.ids() and made["id"] not in orchent.ids("-x", "DELETE_COMPLETE")
        boss = Orchent(running, [path], running.person(groups=[person.group], admin=True))
        boss.ask("depdel", "--force", made["others"][1])
        running.wait_for(lambda: "[404]" in orchent.run("depshow", made["others"][1])[0], 60, "its end")

    def reset():
        other = Orchent(running, [path], running.person(behaviour="delete_lost"))
        uuid = other.create(machine(im_simulator={"delete_ms": HELD}), "{}")
        other.person.wait_for_status(uuid, "CREATE_COMPLETE")
        other.ask("depdel", uuid)
        same(other.ask("depreset", uuid), "reset of deployment %s successfully triggered\n" % uuid)
        found(r"^  status: DELETE_FAILED$", other.ask("depshow", uuid))
        same(other.refused("depreset", "--status", "DELETE_FAILED", uuid)[:2], ("Conflict", "409"))
        running.expect_log("may be left at IM")

    def refusals():
        foreign, file = running.person().deploy(), orchent.file(content)
        for uuid, title, code, word in ((ABSENT, "Not Found", "404", NOT_FOUND),
                                        (foreign, "Forbidden", "403", FORBIDDEN)):
            for command in (("depshow", uuid), ("depshow", "--ojson", uuid), ("depupdate", uuid, file, "{}"),
                            ("depdel", uuid), ("depreset", uuid), ("deptemplate", uuid), ("deplog", uuid),
                            ("resls", uuid), ("resshow", uuid, ABSENT), ("vmstart", uuid, ABSENT)):
                told = orchent.refused(*command)
                same(told[:2], (title, code))
                found(word, told[2])
        for text, inputs, name in ((content, '{"num_cpus": "many"}', "num_cpus"), ("a: 1\n", "{}", "template")):
            title, code, said = orchent.refused("depcreate", orchent.file(text), inputs)
            same((title, code), ("Bad Request", "400"))
            found(name, said)
        both = Orchent(running, [path], running.person(groups=["one", "another"]))
        title, code, said = both.refused("depcreate", file, "{}")
        assert (title, code) == ("Forbidden", "403") and "one" in said and "another" in said, said
        for token in ("nonsense", None):
            title, code, said = orchent.refused("depls", ORCHENT_TOKEN=token)
            same((title, code), ("Unauthorized", "401"))
            found(UNAUTHORIZED, said)

    def agent():
        with Agent(running.folder, person.token) as answering:
            said = orchent.ask("depls", ORCHENT_TOKEN=None, ORCHENT_AGENT_ACCOUNT="mine", OIDC_SOCK=answering.path)
            assert made["id"] in said and answering.asked[0]["account"] == "mine", (said, answering.asked)

    yield "orchent test", probe
    yield "orchent showconf", configuration
    yield "orchent depcreate", create
    yield "orchent depls", listing
    yield "orchent depshow", show
    yield "orchent depcreate, depshow of what is being made", held_creation
    yield "orchent deptemplate, deplog", texts
    yield "orchent resls, resshow", resources
    yield "orchent vmstop, vmstart", machines
    yield "orchent depupdate", update
    yield "orchent depdel", delete
    yield "orchent depreset", reset
    yield "orchent, what is refused", refusals
    yield "orchent with a token of an agent", agent
