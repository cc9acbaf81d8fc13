# Licensed under the Apache License, Version 2.0; see LICENSE.
"""A PostgreSQL cluster of our own."""

import contextlib
import glob
import os
import secrets
import urllib.parse

import psycopg2

from . import httpd, process

USER = "orchestrator"
ADMIN = "postgres"
# mod_dbd's pool and the daemon share it: a server that is gone is noticed, and no statement or transaction hangs for
# ever.
CONNINFO = ("host=127.0.0.1 port={port} user=orchestrator dbname=orchestrator passfile={passfile} "
            "connect_timeout={timeout} "
            "keepalives_idle=30 keepalives_interval=5 keepalives_count=3 tcp_user_timeout=10000 "
            "application_name=orchestrator "
            "options='-c statement_timeout={timeout}s -c lock_timeout={lock}s -c "
            "idle_in_transaction_session_timeout={idle}s'")


def programs():
    """Debian's folder of initdb and pg_ctl, of the newest version that is installed."""
    found = [path for path in glob.glob("/usr/lib/postgresql/*/bin") if os.path.exists(path + "/initdb")]
    if not found:
        raise process.StackError("PostgreSQL is missing: install Debian's package postgresql")
    return max(found, key=lambda path: float(path.split("/")[4]))


class Postgres:
    def __init__(self, folder, port, durable):
        self.folder = folder
        self.port = port
        self.durable = durable  # else a power failure may lose rows: right for tests, wrong for anything else
        self.settings = {}  # of postgresql.conf, beside those that every stack has
        self.data = os.path.join(folder, "data")
        self.log = os.path.join(folder, "postgresql.log")
        self.passfile = os.path.join(folder, "passwords")  # libpq's, for whoever httpd's children run as
        self.pid_file = os.path.join(self.data, "postmaster.pid")

    @property
    def conninfo(self):
        return CONNINFO.format(port=self.port, passfile=self.passfile, timeout=5 * process.PATIENCE,
                               lock=2 * process.PATIENCE, idle=10 * process.PATIENCE)

    @property
    def url(self):
        return self.url_of(USER)

    def url_of(self, database, port=None):
        """The service's own role in another database, or behind another port: a pooler's."""
        return self._url(USER, database, port)

    @property
    def admin_url(self):
        """The superuser's: for what a service never does."""
        return self._url(ADMIN, "postgres")

    def _url(self, user, database, port=None):
        passfile = urllib.parse.quote(self.passfile, safe="")
        return "postgresql://%s@127.0.0.1:%d/%s?passfile=%s" % (user, port or self.port, database, passfile)

    def _call(self, program, *arguments):
        command = [os.path.join(programs(), program), *arguments]
        if process.is_root():
            command = ["runuser", "-u", "postgres", "--", *command]
        process.run(command, cwd="/")

    def running(self):
        return process.pid_of(self.pid_file) is not None

    def _make_cluster(self):
        """Other users of this host get nothing of it: passwords that only our own processes can read, and a role for
        the service that may do nothing outside of its database."""
        passwords = {user: secrets.token_hex(16) for user in (ADMIN, USER)}
        first = os.path.join(self.folder, "first-password")
        process.write(first, passwords[ADMIN] + "\n", 0o600, user="postgres")
        self._call("initdb", "-D", self.data, "-A", "scram-sha-256", "--pwfile", first, "-U", ADMIN, "-E", "UTF8",
                   "--locale=C.UTF-8", "--no-sync")
        os.unlink(first)
        process.write(self.passfile, "".join("127.0.0.1:*:*:%s:%s\n" % pair for pair in passwords.items()), 0o600,
                      user=httpd.USER)

    def password(self):
        """The role's."""
        with open(self.passfile, encoding="ascii") as file:
            return dict(row.split(":")[3:5] for row in file.read().splitlines())[USER]

    def _make_database(self):
        with contextlib.closing(psycopg2.connect(self.admin_url)) as connection:
            connection.autocommit = True
            with connection.cursor() as cursor:
                cursor.execute("SELECT 1 FROM pg_database WHERE datname = %s", (USER,))
                if cursor.fetchone() is None:
                    cursor.execute('CREATE ROLE "%s" LOGIN PASSWORD %%s' % USER, (self.password(),))
                    cursor.execute('CREATE DATABASE "%s" OWNER "%s"' % (USER, USER))

    def start(self):
        process.make_folder(self.folder, user="postgres")
        if not os.path.exists(os.path.join(self.data, "PG_VERSION")):
            self._make_cluster()
        if not self.running():
            options = ("-c listen_addresses=127.0.0.1 -p %d -c unix_socket_directories='' -c logging_collector=off "
                       "-c max_connections=100 -c log_line_prefix='%%m [%%p] '" % self.port)
            if not self.durable:
                options += " -c fsync=off -c full_page_writes=off"
            options += "".join(" -c %s=%s" % setting for setting in self.settings.items())
            self._call("pg_ctl", "-D", self.data, "-w", "-s", "-l", self.log, "-o", options, "start")
        self._make_database()

    def stop(self, mode="fast"):
        if not self.running():
            return False
        self._call("pg_ctl", "-D", self.data, "-w", "-s", "-m", mode, "stop")
        return True
