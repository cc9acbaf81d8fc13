# Licensed under the Apache License, Version 2.0; see LICENSE.
"""The logs as an assertion: a warning that no test expected, or a secret anywhere, fails the test that caused it."""

import os
import re

# httpd's line format of tests/stack/httpd.conf; the simulator's httpd has the default one, which begins alike.
LEVEL = re.compile(r"^\[[^\]]+\] \[([\w-]*):(\w+)\]")
BAD = {"warn", "error", "crit", "alert", "emerg"}
CRASH = re.compile(r"exit signal|AddressSanitizer|runtime error:|LeakSanitizer")
SECRETS = re.compile(r"eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]*|-----BEGIN [A-Z ]*PRIVATE KEY")
# What mod_auth_openidc says at each start, and mod_ssl on a host whose OpenSSL is older than its own headers', where
# they are loaded.
ALWAYS = [re.compile("The OAuth 2.0 Resource Server functionality is deprecated"),
          re.compile(r"^\[[^\]]+\] \[ssl:warn\] .*AH01882: ")]


class Watcher:
    """Reads what is new in the logs of one stack since the last look."""

    def __init__(self, stack):
        self.stack = stack
        self.offsets = {}
        self.expected = []
        self.secrets = set()

    def begin(self):
        """A new test: what was logged so far is not its doing, and it expects nothing yet."""
        self.expected = []
        for path in self.stack.logs:
            self.offsets[path] = _size(path)

    def fresh(self, path):
        """The text that was added to a log since `begin`."""
        return self._added(path).decode("utf-8", "replace")

    def _added(self, path):
        try:
            with open(path, "rb") as file:
                file.seek(self.offsets.get(path, 0))
                return file.read()
        except FileNotFoundError:
            return b""

    def check(self):
        """Complaints about everything new: a list of texts."""
        complaints = []
        required = [one for one in self.expected if one[1]]
        seen = set()
        for path in self.stack.logs:
            added = self._added(path)
            added = added[:added.rfind(b"\n") + 1]  # a line that is just being written is looked at the next time
            self.offsets[path] = self.offsets.get(path, 0) + len(added)
            text = added.decode("utf-8", "replace")
            name = os.path.basename(path)
            for match in SECRETS.finditer(text):
                complaints.append("a secret stands in %s: %s..." % (name, match.group(0)[:24]))
            for secret in self.secrets:
                if secret in text:
                    complaints.append("a secret stands in %s: %s..." % (name, secret[:6]))
            if not name.endswith(("-error.log", "-output.log")):
                continue
            for line in text.splitlines():
                for pattern, must in self.expected:
                    if pattern.search(line):
                        seen.add(pattern.pattern)
                if self._unexpected(line):
                    complaints.append("unexpected in %s: %s" % (name, line))
        complaints += ["expected in a log and not there: %s" % pattern.pattern for pattern, _ in required
                       if pattern.pattern not in seen]
        # asked for once, allowed until the next test
        self.expected = [(pattern, False) for pattern, _ in self.expected]
        return complaints

    def _unexpected(self, line):
        if not line.strip():
            return False
        match = LEVEL.match(line)
        bad = match is None or match.group(2) in BAD or CRASH.search(line)
        return bad and not any(pattern.search(line) for pattern in ALWAYS + [one[0] for one in self.expected])


def _size(path):
    try:
        return os.path.getsize(path)
    except FileNotFoundError:
        return 0
