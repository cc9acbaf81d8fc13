# Licensed under the Apache License, Version 2.0; see LICENSE.
"""A real PgBouncer before a PostgreSQL of the tests."""

import os
import shutil
import subprocess

from stack import process

from . import live

INI = """[databases]
* = host=127.0.0.1 port={postgres}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
auth_type = scram-sha-256
auth_file = {passwords}
pool_mode = {mode}
default_pool_size = {size}
ignore_startup_parameters = extra_float_digits, options
logfile = {folder}/pgbouncer.log
pidfile = {folder}/pgbouncer.pid
{more}
"""


class PgBouncer:
    """Sits before a PostgreSQL, with its passwords. `mode`: session, transaction or statement; `size`: connections of
    its pool; `more`: further lines of its configuration."""

    def __init__(self, postgres, mode, size=20, more=""):
        self.folder = live.make_home()
        self.port = process.free_port()
        self._postgres = postgres
        configuration, passwords = (os.path.join(self.folder, name) for name in ("pgbouncer.ini", "passwords"))
        process.write(passwords, '"orchestrator" "%s"\n' % postgres.password(), 0o600, user="postgres")
        process.write(configuration,
                      INI.format(postgres=postgres.port, port=self.port, passwords=passwords, mode=mode, size=size,
                                 folder=self.folder, more=more))
        user = {}
        if process.is_root():  # which it refuses to be
            process.make_folder(self.folder, "postgres")
            user = {"user": "postgres", "group": "postgres", "extra_groups": []}
        with open(os.path.join(self.folder, "output.log"), "w", encoding="utf-8") as output:
            self._server = subprocess.Popen([process.need("pgbouncer", "pgbouncer"), "-q", configuration],
                                            stdin=subprocess.DEVNULL, stdout=output, stderr=output, cwd="/", **user)
        process.wait_for(self._ready, 15, "PgBouncer on port %d" % self.port)

    def _ready(self):
        if self._server.poll() is not None:
            raise process.StackError("PgBouncer ended at once; its log is in %s" % self.folder)
        return process.answers(self.port)

    def url(self, database):
        return self._postgres.url_of(database, self.port) + "&connect_timeout=10"

    def stop(self):
        self._server.terminate()
        self._server.wait(15 * process.PATIENCE)
        shutil.rmtree(self.folder, ignore_errors=True)
