# Licensed under the Apache License, Version 2.0; see LICENSE.
"""The command line clients of the former orchestrator, unmodified, at the surface that they know: what both need.

What is checked is what they print; one of them ends with 0 whatever happened."""

import contextlib
import json
import os
import re
import socketserver
import subprocess
import threading

from harness.client import template, unique
from harness.live import LiveStack
from stack import local, process

UUID = r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
TIME = r"\d{4}-\d\d-\d\dT\d\d:\d\d\+0000"
ABSENT = "00000000-0000-7000-8000-000000000000"
MANY = 12  # the former server had 10 on a page
PATIENCE = 120
# What the messages of errors say.
NOT_FOUND, FORBIDDEN, UNAUTHORIZED = "[Nn]o such|not", "not yours", "token"


@contextlib.contextmanager
def stack():
    """A running stack with all surfaces."""
    running = LiveStack(local.bindings())
    try:
        running.start()
        yield running
    finally:
        running.close()


class Agent(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    """What oidc-agent is to its clients: a socket that hands out a token. `with agent:` while it is there."""

    daemon_threads = True

    def __init__(self, folder, token):
        self.token, self.asked = token, []
        self.path = os.path.join(folder, unique("agent"))
        super().__init__(self.path, Answer)

    def __enter__(self):
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.shutdown()
        self.server_close()
        os.unlink(self.path)


class Answer(socketserver.BaseRequestHandler):
    def handle(self):
        self.server.asked.append(json.loads(self.request.recv(4096)))
        self.request.sendall(json.dumps({"status": "success", "access_token": self.server.token}).encode())


class Client:
    """A client in somebody's hands."""

    def __init__(self, running, program, person):
        self.stack, self.program, self.person = running, program, person
        self.url = running.base_url + local.BESIDE["orchestrator-legacy"]
        self.home = process.make_folder(os.path.join(running.folder, "home"))

    def environment(self):
        """Where the server is and who asks: variables."""
        raise NotImplementedError

    def run(self, *arguments, **environment):
        """What a command says (all of it) and the code that it ends with. `environment`: over its own; None takes a
        variable away."""
        variables = {"HOME": self.home, "PATH": os.environ["PATH"], "LANG": "C.UTF-8", **self.environment(),
                     **environment}
        done = subprocess.run([*self.program, *arguments], cwd=self.home, stdin=subprocess.DEVNULL, timeout=PATIENCE,
                              env={name: value for name, value in variables.items() if value is not None},
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
        assert self.person.token not in done.stdout
        return done.stdout, done.returncode

    def goes_on(self, deployment):
        """Lets a creation go on to its end that the simulator holds, as soon as it does."""
        self.stack.wait_for(lambda: self.person.deployment(deployment)["im_infra_id"], 60, "an infrastructure")
        self.stack.control.release()
        self.person.wait_for_status(deployment, "CREATE_COMPLETE")

    def file(self, content):
        """The path of a file in which a template is."""
        path = os.path.join(self.home, unique("template") + ".yaml")
        process.write(path, content)
        return path


def machine(**metadata):
    """The text of a template with one machine, that nobody has deployed."""
    return template(name=unique("former"), **metadata)


def changed(content):
    """The same with more memory, which is no input."""
    assert "mem_size: 1 GB" in content
    return content.replace("mem_size: 1 GB", "mem_size: 2 GB")


def found(pattern, text):
    """What the pattern's groups hold; a text that does not match is told as a whole."""
    match = re.search(pattern, text, re.M)
    assert match, "no %r in:\n%s" % (pattern, text)
    return match.groups() if match.re.groups != 1 else match.group(1)


def same(value, expected):
    assert value == expected, "%r, not %r" % (value, expected)
