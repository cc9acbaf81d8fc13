# Licensed under the Apache License, Version 2.0; see LICENSE.
"""Processes, ports and folders of a stack."""

import contextlib
import os
import pwd
import random
import shutil
import signal
import socket
import subprocess
import time

CHECKOUT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
# Below Linux's range of ephemeral ports, so that no outgoing connection takes one between our choice and our use.
PORTS = range(20000, 32000)
RESERVED = []  # sockets, see free_port
# All time limits are that much longer: everything is slow inside of valgrind.
PATIENCE = int(os.environ.get("ORCHESTRATOR_PATIENCE", "1"))


class StackError(Exception):
    """Something that the person at the keyboard has to know; its text is shown as it is."""


def is_root():
    return os.geteuid() == 0


def wait_for(condition, timeout=30.0, what="the condition", interval=0.02):
    """Calls `condition` until it returns something true, and returns that. Its last exception is part of the error."""
    timeout *= PATIENCE
    deadline = time.monotonic() + timeout
    last = None
    while True:
        try:
            value = condition()
            if value:
                return value
            last = None
        except Exception as error:  # pylint: disable=broad-except
            last = error
        if time.monotonic() >= deadline:
            reason = "" if last is None else ": %s: %s" % (type(last).__name__, last)
            raise AssertionError("%s did not come true within %g s%s" % (what, timeout, reason)) from last
        time.sleep(interval)


def free_port(taken=()):
    """A loopback port that nobody listens on. Until this process ends, no other one gets it from here: between the
    choice and the listening, and whenever its server is stopped for a while, it would look free."""
    while True:
        port = random.choice(PORTS)
        if port not in taken and _reserve(port) and port_is_free(port):
            return port


def _reserve(port):
    """False when somebody has it reserved. An abstract socket is known to the whole machine, and gone with its
    process."""
    mark = socket.socket(socket.AF_UNIX)
    try:
        mark.bind("\0mod_orchestrator-port-%d" % port)
    except OSError:
        mark.close()
        return False
    RESERVED.append(mark)
    return True


def port_is_free(port):
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def answers(port):
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
        return True
    return False


def run(command, log=None, **options):
    """Runs a command to its end; its output goes to the end of the file `log`, or is returned. StackError when it
    fails."""
    options.setdefault("stdin", subprocess.DEVNULL)
    if log is None:
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False,
                              **options)
        output = done.stdout
    else:
        with open(log, "a", encoding="utf-8", errors="replace") as file:
            start = file.tell()
            done = subprocess.run(command, stdout=file, stderr=subprocess.STDOUT, check=False, **options)
        with open(log, encoding="utf-8", errors="replace") as file:
            file.seek(start)
            output = file.read()
    if done.returncode != 0:
        tail = "\n".join("  " + line for line in output.strip().splitlines()[-15:])
        where = "" if log is None else "\n(all of it: %s)" % log
        raise StackError("%s failed (exit %d):\n%s%s" % (" ".join(command[:4]), done.returncode, tail, where))
    return output


def lives(pid):
    """Whether a process is there and is more than a zombie."""
    try:
        with open("/proc/%d/stat" % pid, encoding="utf-8", errors="replace") as stat:
            return stat.read().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


def pid_of(file, word=None):
    """The process whose id is in a file, or None when it doesn't live. Its command line has to contain `word`, by
    default the file's folder: after a reboot the id may be anybody's."""
    try:
        with open(file, encoding="ascii") as handle:
            pid = int(handle.readline())
        with open("/proc/%d/cmdline" % pid, encoding="utf-8", errors="replace") as command:
            # One that is just dying has no command line any more, but its sockets still.
            line = command.read()
    except (OSError, ValueError):
        return None
    return pid if lives(pid) and (not line or (os.path.dirname(file) if word is None else word) in line) else None


def end(file, sig=signal.SIGTERM, timeout=15.0):
    """Ends the process of a pid file and waits until it is gone: httpd takes its file away before it closes its ports.
    False when there was none."""
    pid = pid_of(file)
    if pid is None:
        return False
    os.kill(pid, sig)
    wait_for(lambda: not lives(pid), timeout, "the end of process %d (%s)" % (pid, file))
    return True


def reachable(folder):
    """Whether every user of the machine can enter a folder: PostgreSQL and httpd's children run as users of their
    own."""
    while True:
        if not os.path.isdir(folder) or not os.stat(folder).st_mode & 0o001:
            return False
        parent = os.path.dirname(folder)
        if parent == folder:
            return True
        folder = parent


def make_folder(path, user=None, mode=0o755):
    os.makedirs(path, exist_ok=True)
    if os.stat(path).st_uid == os.geteuid():
        os.chmod(path, mode)
    if user and is_root():
        account = pwd.getpwnam(user)
        os.chown(path, account.pw_uid, account.pw_gid)
    return path


def write(path, text, mode=0o644, user=None):
    """Writes a file as a whole; nobody sees half of it, and a secret never has a mode wider than its own. A file that
    holds just this already stays as it is, with its time. `user`: whose it is, when we are root."""
    with contextlib.suppress(OSError), open(path, encoding="utf-8") as file:
        if file.read() == text and os.stat(path).st_mode & 0o777 == mode:
            return
    fresh = "%s.%d" % (path, os.getpid())
    with contextlib.suppress(FileNotFoundError):
        os.unlink(fresh)
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "w", encoding="utf-8") as file:
        os.fchmod(file.fileno(), mode)
        if user and is_root():
            account = pwd.getpwnam(user)
            os.fchown(file.fileno(), account.pw_uid, account.pw_gid)
        file.write(text)
    os.replace(fresh, path)


def need(program, package):
    path = shutil.which(program, path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")
    if path is None:
        raise StackError("%s is missing: install Debian's package %s" % (program, package))
    return path
