# Licensed under the Apache License, Version 2.0; see LICENSE.
"""One httpd: its configuration, its processes."""

import contextlib
import functools
import os
import signal
import subprocess
import threading

from . import process
from .build import SANITIZERS

USER = "www-data"


@functools.lru_cache(maxsize=None)
def program():
    return process.need("apache2", "apache2")


@functools.lru_cache(maxsize=None)
def modules():
    """httpd's folder of modules."""
    for folder in ("/usr/lib/apache2/modules", "/usr/lib64/httpd/modules"):
        if os.path.isdir(folder):
            return folder
    raise process.StackError("httpd's modules are missing: install Debian's package apache2")


def quoted(text):
    return '"%s"' % str(text).replace("\\", "\\\\").replace('"', '\\"')


def environment():
    """What every httpd runs with: a sanitizer's runtime has to come before everything else that httpd loads."""
    preload = os.environ.get("ORCHESTRATOR_PRELOAD")
    return {**os.environ, "LANG": "C", **({"LD_PRELOAD": preload, **SANITIZERS} if preload else {})}


class Httpd:
    """`template` is a configuration that reads its paths and ports from `defines`; `more` are lines after it."""

    def __init__(self, name, folder, template, port, defines, more="", environment=None, wrapper=()):
        self.name = name
        self.folder = folder
        self.template = template
        self.port = port
        self.defines = defines
        self.more = more
        self.environment = environment or {}
        self.wrapper = list(wrapper)  # a program that runs httpd, as valgrind does
        self.configuration = os.path.join(folder, name + ".conf")
        self.pid_file = os.path.join(folder, name + ".pid")
        self.error_log = os.path.join(folder, "log", name + "-error.log")
        self.access_log = os.path.join(folder, "log", name + "-access.log")
        self.output_log = os.path.join(folder, "log", name + "-output.log")

    def _text(self):
        process.make_folder(os.path.join(self.folder, "log"))
        run = process.make_folder(os.path.join(self.folder, "run-" + self.name))
        defines = {"modules": modules(), "folder": self.folder, "run": run, "port": self.port,
                   "pid_file": self.pid_file, "error_log": self.error_log, "access_log": self.access_log,
                   **self.defines}
        lines = ["# Written at every start; what it includes is the same for every stack."]
        lines += ["Define %s %s" % (name, quoted(value)) for name, value in defines.items()]
        if process.is_root():
            lines += ["User %s" % USER, "Group %s" % USER]
        lines += ["Include %s" % quoted(self.template), self.more]
        return "\n".join(lines) + "\n"

    def write_configuration(self):
        """Writes it for the next (graceful) start, once httpd has accepted it; else StackError with httpd's words, and
        what runs keeps the one that it has."""
        candidate = self.configuration + ".next"
        process.write(candidate, self._text(), 0o600)
        done = subprocess.run([program(), "-t", "-f", candidate], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, errors="replace", cwd="/", env=self._environment(),
                              check=False)
        os.unlink(candidate)
        if done.returncode != 0:
            raise process.StackError("httpd refuses its configuration, so nothing was changed:\n" + "".join(
                "  %s\n" % line for line in done.stdout.splitlines()).replace(candidate, self.configuration))
        process.write(self.configuration, self._text(), 0o600)

    def _command(self, *arguments):
        return [*self.wrapper, program(), "-f", self.configuration, *arguments]

    def _environment(self):
        return {**environment(), **self.environment}

    @property
    def pid(self):
        return process.pid_of(self.pid_file)

    def running(self):
        return self.pid is not None

    def start(self, *inputs, timeout=30):
        """Starts it; when it runs already, stops it first if its configuration, its module or one of the files `inputs`
        is newer than it is. True when it was started."""
        self.write_configuration()
        if self.running():
            born = os.path.getmtime(self.pid_file)
            files = (self.configuration, self.template, self.defines["module"], *inputs)
            if all(os.path.getmtime(path) <= born for path in files):
                return False
            self.stop()
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self.pid_file)
        # In the foreground of a session of its own, so that its output is kept and a refused start is seen at once.
        with open(self.output_log, "a", encoding="utf-8") as output:
            start = output.tell()
            server = subprocess.Popen(self._command("-DFOREGROUND"), stdin=subprocess.DEVNULL, stdout=output,
                                      stderr=output, cwd="/", env=self._environment(), start_new_session=True)

        def ready():
            if server.poll() is not None:
                raise process.StackError("%s ended at its start (exit %d):\n%s%s" % (
                    self.name, server.returncode, _tail(self.output_log, start), _tail(self.error_log)))
            return self.running() and process.answers(self.port)
        try:
            process.wait_for(ready, timeout, "%s on port %d" % (self.name, self.port))
        except AssertionError as error:
            if isinstance(error.__cause__, process.StackError):
                raise error.__cause__
            raise
        threading.Thread(target=server.wait, daemon=True).start()  # so that it never stays a zombie of ours
        return True

    def stop(self, sig=signal.SIGTERM, timeout=20):
        return process.end(self.pid_file, sig, timeout)

    def graceful(self):
        """Reads the configuration again and replaces every child, letting running requests end. Returns once a new
        generation serves."""
        before = self.children()
        os.kill(self.pid, signal.SIGUSR1)
        process.wait_for(lambda: self.children() and not before & self.children(), 30,
                         "the new children of " + self.name)
        process.wait_for(lambda: process.answers(self.port), 10, "%s on port %d" % (self.name, self.port))

    def children(self):
        """The process ids of httpd's children, the daemon included."""
        with open("/proc/%d/task/%d/children" % (self.pid, self.pid), encoding="ascii") as file:
            return {int(pid) for pid in file.read().split()}


def _tail(path, start=0, lines=15):
    with contextlib.suppress(OSError), open(path, encoding="utf-8", errors="replace") as file:
        file.seek(start)
        return "".join("  %s\n" % line for line in file.read().splitlines()[-lines:])
    return ""
