# Licensed under the Apache License, Version 2.0; see LICENSE.
"""A real IM whose database is taken away in the middle of something, and given back: nothing is lost, nothing is there
twice, and what operations and deployments say is true."""

import contextlib
import os
import signal

from lives import Crowd
from venvs import say

COUNT = 30
PATIENCE = 3  # minutes; IM 2.0 may leave a row that is older than another, and what it reads back is pending for ever
BEGUN = 3  # IM has begun with, while its database is there
FELT = 8   # more without it, when IM remembers


def _count(crowd, condition):
    """How many of the person's infrastructures (i), with their deployments' last operations (o), are so."""
    return crowd.stack.sql("SELECT count(*) FROM infrastructures i LEFT JOIN deployments d ON d.id = i.deployment_id"
                           " LEFT JOIN operations o ON o.id = d.last_operation_id"
                           " WHERE i.user_id = %s AND (" + condition + ")", (crowd.person.id,))[0][0]


@contextlib.contextmanager
def _frozen(stack):
    """With an engine that stands still, so that it asks IM for nothing."""
    pid = stack.daemon_pid()
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


def _outage(crowd, begun, doubted):
    """Takes the database away in the middle of what is under way, until the engine has felt it; says so. An IM that
    forgets has forgotten all of it before the engine goes on."""
    wait_for = crowd.stack.wait_for
    wait_for(lambda: _count(crowd, begun) >= BEGUN, 120, "the middle")
    with crowd.im.without_database():
        before = _count(crowd, begun)
        assert before + FELT <= COUNT, "the database was there for too long"
        if crowd.im.memory:
            with _frozen(crowd.stack):
                wait_for(lambda: not crowd.im.infrastructures(crowd.person), 60, "an IM that forgot", interval=1)
            wait_for(lambda: _count(crowd, doubted) >= BEGUN, 120, "an engine that doubts IM")
        else:
            wait_for(lambda: _count(crowd, begun) >= before + FELT, 120, "more that IM does without it")
        say("    away at %d of %d, back at %d, with %d in doubt" % (
            before, COUNT, _count(crowd, begun), _count(crowd, doubted)))


def in_deletion(stack, im):
    """What is wanted stays, what is not goes, though IM says meanwhile that it knows none of them."""
    crowd = Crowd(stack, im, per_provider_timeout_mins=PATIENCE)
    kept, *doomed = crowd.submit_many(1 + COUNT)
    crowd.wait([kept, *doomed], "CREATE_COMPLETE")
    crowd.delete_many(doomed)
    _outage(crowd, "i.standing IN ('deleting', 'gone')",
            "i.unwanted_at IS NOT NULL AND (i.tries > 0 OR i.note IS NOT NULL)")
    crowd.wait(doomed, "DELETE_COMPLETE")
    crowd.settle([kept])
    say("    %d came back after their deletion" % crowd.came_back())
    crowd.delete(kept)
    crowd.wait([kept], "DELETE_COMPLETE")
    crowd.settle()


def in_creation(stack, im):
    """Each deployment has its infrastructure, and there is no other one."""
    crowd = Crowd(stack, im, per_provider_timeout_mins=PATIENCE)
    deployments = crowd.submit_many(COUNT)
    _outage(crowd, "i.infra_id IS NOT NULL", "o.description LIKE '%%does not know it%%' OR i.unwanted_at IS NOT NULL")
    crowd.wait(deployments, "CREATE_COMPLETE")
    crowd.settle(deployments)
    say("    %d infrastructures were made for %d deployments" % (im.made(crowd.person), COUNT))
    crowd.delete_many(deployments)
    crowd.wait(deployments, "DELETE_COMPLETE")
    crowd.settle()
