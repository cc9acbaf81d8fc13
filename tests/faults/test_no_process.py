# Licensed under the Apache License, Version 2.0; see LICENSE.
"""The system has no process left for the daemon: httpd goes on serving, and starts the daemon as soon as it can."""

import os

from stack import process


def test_the_daemon_starts_when_there_is_a_process_for_it_again(make_stack, build, tmp_path):
    mark = tmp_path / "no-fork"
    os.chmod(tmp_path, 0o755)
    library = os.path.join(build, "tests", "faults", ".libs", "no_fork.so")
    preload = " ".join(filter(None, [os.environ.get("ORCHESTRATOR_PRELOAD"), library]))
    stack = make_stack(environment={"LD_PRELOAD": preload, "NO_FORK": str(mark)})
    stack.expect_log("the daemon can not be forked; it is tried again")
    process.write(mark, "")
    stack.kill_daemon(wait=False)
    stack.wait_for(lambda: "can not be forked" in stack.watcher.fresh(stack.httpd.error_log), 15, "a refused fork")
    alice = stack.person()
    deployment = alice.deploy()
    assert stack.daemon_pid() is None
    os.unlink(mark)
    stack.wait_for(stack.daemon_pid, 30, "the daemon")
    alice.wait_for_status(deployment, "CREATE_COMPLETE")
