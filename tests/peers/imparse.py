# Licensed under the Apache License, Version 2.0; see LICENSE.
"""IM's own parser, without the rest of IM and without a network: a document a line in, what it makes of it a line out.

usage: imparse.py TYPE_FILES...      (in a venv with IM)
in:  {"text": the document, "verify": false for what IM does once it has read an infrastructure back from its database}
out: {"inputs": {name: default}, "machines": {node: number}, "radl": text}, or {"refused": why}, or {"broken": how it
ended}

Each document has a process of its own: IM switches its verification off for a whole process. An import by URL is the
type file whose name begins with the repository's owner; an artifact is an empty play, or an empty script."""

import copy
import json
import os
import signal
import socket
import sys
import tempfile
from urllib.parse import urlparse

import requests_cache
import toscaparser.imports
import yaml

from IM.tosca.Tosca import Tosca

LONGEST = 2000  # characters of a refusal
LONGEST_TIME = 120  # seconds for a document


class Artifact:
    """What IM gets instead of a file from the network."""

    status_code = 200

    def __init__(self, url):
        self.text = "---\n- hosts: all\n  tasks: []\n" if url.endswith((".yml", ".yaml")) else "#!/bin/sh\n"


class Session:
    def __init__(self, *_, **__):
        pass

    @staticmethod
    def get(url, **_):
        return Artifact(url)


def no_network(*_):
    raise OSError("there is no network here")


class Library:
    """The type files, each read once."""

    def __init__(self, paths):
        self.types = {}
        for path in paths:
            with open(path, encoding="utf-8") as file:
                self.types[os.path.basename(path).partition("_")[0]] = yaml.safe_load(file)
        self.other = next(iter(self.types.values()), None)

    def load(self, url, a_file=True):  # pylint: disable=unused-argument
        owner = urlparse(url).path.strip("/").partition("/")[0].partition("-")[0]
        found = self.types.get(owner, self.other)
        if found is None:
            raise OSError("no type file for %s" % url)
        return copy.deepcopy(found)


def plain(value):
    """What JSON has no word for, as text that says so."""
    if isinstance(value, dict):
        return {str(key): plain(one) for key, one in value.items()}
    if isinstance(value, list):
        return [plain(one) for one in value]
    return value if value is None or isinstance(value, (bool, int, float, str)) else repr(value)


def parse(text, verify):
    try:
        tosca = Tosca(text, verify)
        _, radl = tosca.to_radl()
        return {"inputs": {one.name: plain(one.default) for one in tosca.tosca.inputs},
                "machines": {one.id: one.vm_number for one in radl.deploys}, "radl": str(radl)}
    except Exception as error:  # pylint: disable=broad-except
        return {"refused": ("%s: %s" % (type(error).__name__, error))[:LONGEST]}


def answer(line):
    """In a process of its own: the answer to a line, and away."""
    signal.alarm(LONGEST_TIME)
    status = 1
    try:
        wish = json.loads(line)
        print(json.dumps(parse(wish["text"], wish["verify"])), flush=True)
        status = 0
    finally:
        os._exit(status)


def main():
    requests_cache.CachedSession = Session
    toscaparser.imports.YAML_LOADER = Library(sys.argv[1:]).load
    socket.socket.connect = no_network
    os.chdir(tempfile.gettempdir())
    for line in sys.stdin:
        child = os.fork()
        if not child:
            answer(line)
        _, status = os.waitpid(child, 0)
        if status:
            print(json.dumps({"broken": "the parser's process ended with status %d" % status}), flush=True)


main()
