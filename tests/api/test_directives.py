# Licensed under the Apache License, Version 2.0; see LICENSE.
"""httpd.conf: what is wrong in it is refused before anything starts, with directive and line."""

import base64
import functools
import grp
import json
import os
import pwd
import re
import shutil
import subprocess
import tempfile
import time

import pytest

from stack import httpd, keys, process

SECRET = ('<OrchestratorIssuer https://other.example>', "OrchestratorAudience x", "OrchestratorClientId x",
          "OrchestratorClientSecretFile {folder}/client.secret", "</OrchestratorIssuer>")
KEY = base64.b64encode(bytes(range(32))).decode()
HEAD = """ServerRoot "{folder}"
DefaultRuntimeDir "{folder}"
PidFile "{folder}/httpd.pid"
ErrorLog "{folder}/error.log"
ServerName http://127.0.0.1:{port}
Listen 127.0.0.1:{port}
LoadModule mpm_event_module "{modules}/mod_mpm_event.so"
LoadModule authn_core_module "{modules}/mod_authn_core.so"
LoadModule authz_core_module "{modules}/mod_authz_core.so"
LoadModule authz_host_module "{modules}/mod_authz_host.so"
LoadModule authz_user_module "{modules}/mod_authz_user.so"
LoadModule access_compat_module "{modules}/mod_access_compat.so"
LoadModule dbd_module "{modules}/mod_dbd.so"
LoadModule orchestrator_module "{build}/.libs/mod_orchestrator.so"
"""
PLACE = "<Location /api/v1>\n    SetHandler orchestrator"
AUTHENTICATED = "    AuthType Bearer\n    Require valid-user"
GOOD = {
    "DBDriver": "pgsql",
    "DBDParams": '"host=127.0.0.1 port=1 dbname=nobody connect_timeout=2"',
    "OrchestratorIM": "https://im.example/im",
    "OrchestratorProviders": "{folder}/providers.json",
    "OrchestratorSecretKeyFile": "{folder}/secret.key",
    "OrchestratorToscaTypes": "{folder}/types",
    "OrchestratorJwksFile": "{folder}/jwks.json",
    "<OrchestratorIssuer https://issuer.example>\nOrchestratorAudience orchestrator\n</OrchestratorIssuer>": "",
    PLACE + "\n" + AUTHENTICATED + "\n</Location>": "",
}
GOOD_PLACE, GOOD_ISSUER = list(GOOD)[-1], list(GOOD)[-2]
PROVIDER = {"name": "cloud", "type": "openstack", "auth": "type = Dummy", "groups": {"lab": "p"}}


@functools.lru_cache(maxsize=None)
def any_port():
    """One for all: nothing here is served, and what is reserved stays so."""
    return str(process.free_port())


class Configuration:
    def __init__(self, folder, build):
        self.folder = str(folder)
        self.build = build
        self.path = os.path.join(self.folder, "httpd.conf")
        os.mkdir(os.path.join(self.folder, "types"))
        self.write("providers.json", json.dumps({"providers": [PROVIDER]}))
        self.write("secret.key", KEY, 0o600)

    def write(self, name, text, mode=0o644):
        process.write(os.path.join(self.folder, name), text, mode)

    def test(self, *lines, without=(), **replaced):
        """`httpd -t` of a good configuration but for some directives; (exit status, what it said)."""
        text = HEAD
        for name, value in GOOD.items():
            if name not in without:
                text += "%s %s\n" % (name, replaced.get(name, value))
        text += "\n".join(lines) + "\n"
        text = re.sub(r"\{(folder|port|modules|build)\}", lambda match: {
            "folder": self.folder, "port": any_port(), "modules": httpd.modules(),
            "build": self.build}[match.group(1)], text)
        self.write("httpd.conf", text)
        self.text = text
        return self.run()

    def run(self, **options):
        """Once more, of what was written last."""
        done = subprocess.run([httpd.program(), "-t", "-f", self.path], stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, check=False, timeout=30, env=httpd.environment(),
                              **options)
        return done.returncode, done.stdout

    def line_of(self, needle):
        return next(number for number, line in enumerate(self.text.splitlines(), 1) if needle in line)


@pytest.fixture
def configuration(tmp_path, build):
    return Configuration(tmp_path, build)


def refused(configuration, needle, reason, *lines, **options):
    """The configuration is refused at the line that has `needle`, for this reason."""
    status, said = configuration.test(*lines, **options)
    assert status != 0, said
    if needle is not None:
        assert re.search(r"line %d of %s" % (configuration.line_of(needle), re.escape(configuration.path)), said), said
    assert reason in said, said


def test_a_good_configuration_is_accepted(configuration):
    assert configuration.test() == (0, "Syntax OK\n")


def test_a_module_that_nobody_uses_wants_nothing(configuration):
    status, said = configuration.test(without=tuple(GOOD))
    assert status == 0, said


@pytest.mark.parametrize("name",
                         ["OrchestratorSecretKeyFile", "OrchestratorProviders", "OrchestratorToscaTypes",
                          "OrchestratorIM", "OrchestratorJwksFile", "DBDParams", "DBDriver"])
def test_a_missing_directive_is_named(configuration, name):
    refused(configuration, None, name + " is missing", without=(name,))


@pytest.mark.parametrize("lines, good", [
    ("DBDMax 0", False), ("DBDMax 1", False), ("DBDKeep 11", False), ("DBDMin 3", False),
    ("DBDMax 4\nDBDKeep 5", False), ("DBDMax 1\nDBDKeep 1", True), ("DBDMin 0\nDBDKeep 0", True),
    ("DBDMax 1\nDBDPersist Off", True), ("<VirtualHost *:1>\nDBDMax 1\n</VirtualHost>", True)])
def test_a_pool_that_mod_dbd_would_not_make_is_refused(configuration, lines, good):
    if good:
        assert configuration.test(lines) == (0, "Syntax OK\n")
    else:
        refused(configuration, lines.splitlines()[0], "none may be more than the next one", lines)


HOST = "<VirtualHost *:1>\n    %s\n</VirtualHost>"
PATIENT, IMPATIENT = "DBDParams \"host=127.0.0.1 connect_timeout=2\"", "DBDParams \"host=127.0.0.1\""


@pytest.mark.parametrize("name, theirs", [("DBDParams", PATIENT), ("DBDriver", "DBDriver pgsql")])
def test_another_hosts_database_is_not_ours(configuration, name, theirs):
    refused(configuration, "    " + theirs, "database of that <VirtualHost> only", HOST % theirs, without=(name,))


@pytest.mark.parametrize("last, is_patient", [
    (IMPATIENT, False), (PATIENT.replace("=2", "=0"), False), (PATIENT.replace("=2", "=-1"), False),
    (PATIENT + "\n" + IMPATIENT, False), (IMPATIENT + "\n" + PATIENT, True),
    (HOST % PATIENT + "\n" + IMPATIENT, False), (IMPATIENT + "\n" + HOST % PATIENT, False), (HOST % IMPATIENT, True),
    ("<IfModule mod_dbd.c>\n<IfDefine !X>\n<IfFile {folder}>\n%s\n</IfFile>\n</IfDefine>\n</IfModule>" % IMPATIENT,
     False),
    ("<IfModule !mod_dbd.c>\n%s\n</IfModule>\n<IfDefine X>\n%s\n</IfDefine>" % (IMPATIENT, IMPATIENT), True),
    ("Include {folder}/more.conf", False), (HOST % "Include {folder}/more.conf", True)])
def test_the_main_servers_last_database_is_ours(configuration, last, is_patient):
    configuration.write("more.conf", "<IfModule mod_dbd.c>\n%s\n</IfModule>\n" % IMPATIENT)
    status, said = configuration.test(last)
    assert (status, "ORC1004: DBDParams on line" in said) == (0, not is_patient), said


def test_several_maintenance_windows_are_taken(configuration):
    assert configuration.test("OrchestratorMaintenanceWindow cloud-a Mon-Fri 22:00-02:00 Europe/Rome\n"
                              "OrchestratorMaintenanceWindow eu-* Sat,Sun 00:00-24:00\n"
                              "OrchestratorMaintenanceWindow * * 01:00-02:00 UTC") == (0, "Syntax OK\n")


def test_hosts_of_callbacks_are_taken(configuration):
    assert configuration.test("OrchestratorCallbackHosts dashboard.example.org 10.0.0.5:5001 [fd00::5]:8443\n"
                              "OrchestratorCallbackHosts *.science.example.org") == (0, "Syntax OK\n")


def test_a_missing_issuer_is_named(configuration):
    refused(configuration, None, "<OrchestratorIssuer> is missing",
            without=(GOOD_ISSUER,))


@pytest.mark.parametrize("line, reason", [
    ("OrchestratorIM im.example", "absolute URL"),
    ("OrchestratorIM ftp://im.example", "absolute URL"),
    ("OrchestratorIM https://user:secret@im.example", "no user"),
    ("OrchestratorPublicURL /api/v1", "absolute URL"),
    ("OrchestratorPublicURL ftp://api.example/api/v1", "absolute URL"),
    ("OrchestratorPublicURL https://api.example/api/v1?a=b", "no user, query or fragment"),
    ("OrchestratorPublicURL https://api.example/api/v1#", "no user, query or fragment"),
    ("OrchestratorPublicURL \"https://api.example/api v1\"", "without spaces"),
    ("OrchestratorPublicURL \"https://api.example /\"", "without spaces"),
    ("OrchestratorPublicURL https://api.example/<v1>", "without spaces"),
    ("OrchestratorPublicURL https://api.example/%zz", "without spaces"),
    ("OrchestratorPublicURL https://api.example/é", "without spaces"),
    ("OrchestratorPublicURL https://api.example:99999/", "a port up to 65535"),
    ("OrchestratorPublicURL https://api.example:/", "a port up to 65535"),
    ("OrchestratorPublicURL https://-/", "a host's name"),
    ("OrchestratorPublicURL https://[::1]:x/", "absolute URL"),
    ("OrchestratorIM https://im.example:0", "a port up to 65535"),
    ("OrchestratorMaintenanceWindow cloud-a * 22:00-02:00 Europe/Rome more", "takes a provider or region"),
    ("OrchestratorMaintenanceWindow cloud-a *", "takes a provider or region"),
    ("OrchestratorMaintenanceWindow \"\" * 22:00-02:00", "must not be empty"),
    ("OrchestratorMaintenanceWindow cloud-a Montag 22:00-02:00", "must be days such as Mon-Fri"),
    ("OrchestratorMaintenanceWindow cloud-a Mon-Fri 22-02", "must be two times of the day"),
    ("OrchestratorMaintenanceWindow cloud-a Mon-Fri 22:00-22:00", "it ends when it begins"),
    ("OrchestratorMaintenanceWindow cloud-a * 22:00-02:00 Mars/Base", "is no time zone of this system"),
    ("OrchestratorCallbackHosts https://a.example.org", "must be a host's name or address"),
    ("OrchestratorCallbackHosts a.example.org *", "must be a host's name or address"),
    ("OrchestratorCallbackHosts a.example.org:0", "must be a host's name or address"),
    ("OrchestratorCallbackHosts 169.254.169.254", "must be an address that one machine can have"),
    ("OrchestratorIMAuth \" \"", "must be a line such as"),
    ("OrchestratorIMAuth InfrastructureManager", "must be a line such as"),
    ("OrchestratorIMAuth \"type = InfrastructureManager; username = x; password = a==\"", "must be a line such as"),
    ("OrchestratorIMAuth \"type = X; token = {acces_token}\"", "placeholder {acces_token}"),
    ("OrchestratorIMAuth \"type = X; project = {project}\"", "placeholder {project}"),
    ("OrchestratorDatabase nowhere", "must be a connection string"),
    ("OrchestratorDatabase \"host=x pasword=y\"", "must be a connection string"),
    ("OrchestratorDatabase \"host=x connect_timeout=soon\"", "must be a connection string"),
    ("OrchestratorDatabase \"host=x keepalives_idle=99999999999\"", "must be a connection string"),
    ("OrchestratorMaxQueued \" 5\"", "whole number"),
    ("OrchestratorMaxQueued +5", "whole number"),
    ("OrchestratorLease 60sundays", "must be a time such as"),
    ("OrchestratorLease 60minutes", "must be a time such as"),
    ("OrchestratorLease 1hundred", "must be a time such as"),
    ("OrchestratorLease 9223372036854775807h", "must be a time such as"),
    ("OrchestratorDatabaseTimeout 5msx", "must be a time such as"),
    ("OrchestratorUsersInput \" \"", "must not be empty"),
    ("OrchestratorMaxQueued 0", "whole number from 1"),
    ("OrchestratorMaxQueued 5x", "whole number"),
    ("OrchestratorMaxOperations many", "whole number"),
    ("OrchestratorMaxTemplates 0", "whole number from 1"),
    ("OrchestratorMaxTemplateBytes 1000", "whole number from 1048576"),
    ("OrchestratorMaxBody 1", "whole number from 1024"),
    ("OrchestratorMaxBody 99999999999999999999", "whole number"),
    ("OrchestratorIMMaxInFlight -1", "whole number"),
    ("OrchestratorIMTimeout soon", "must be a time"),
    ("OrchestratorIMTimeout 5parsecs", "must be a time"),
    ("OrchestratorIMTimeout 0", "must be a time from"),
    ("OrchestratorIMCreateTimeout -5s", "must be a time"),
    ("OrchestratorLease 10ms", "must be a time from"),
    ("OrchestratorHealthTimeout 1h", "must be a time from"),
    ("OrchestratorDatabaseTimeout 0", "must be a time from"),
    ("OrchestratorPollInterval 30s 5s", "must not be longer"),
    ("OrchestratorPollInterval 30s", "takes two arguments"),
    ("OrchestratorDeleteRecheck 30s soon", "must be a time"),
    ("OrchestratorDeleteRecheck 1s 1s 1s 1s 1s 1s 1s 1s 1s", "takes 1 to 8 times"),
    ("OrchestratorSweepInterval 1ms", "must be a time from"),
    ("OrchestratorMigrate Maybe", "must be On or Off"),
    ("OrchestratorEngine 2", "must be On or Off"),
    ("OrchestratorTrustedProxy proxy.example", "no IP address"),
    ("OrchestratorTrustedProxy 10.0.0.0/99", "no IP address"),
    ("OrchestratorProviders {folder}/nothing.json", "nothing.json"),
    ("OrchestratorProviders {folder}", "is no file"),
    ("OrchestratorSecretKeyFile {folder}/nothing.key", "nothing.key"),
    ("OrchestratorToscaTypes {folder}/nothing", "nothing"),
    ("OrchestratorToscaTypes {folder}/providers.json", "is no folder"),
    ("OrchestratorJwksFile {folder}/nothing/jwks.json", "nothing"),
    ("OrchestratorJwksFile {folder}/types", "is no file"),
    ("OrchestratorJwksFile {folder}/types/", "must be the name of a file"),
    ("OrchestratorCAFile {folder}/nothing.pem", "nothing.pem"),
    ("OrchestratorCAFile {folder}/types", "is no file"),
    ("OrchestratorUsersInput \"\"", "takes one argument"),
    ("OrchestratorAudience x", "must be inside <OrchestratorIssuer>"),
    ("OrchestratorAdminGroup x", "must be inside <OrchestratorIssuer>"),
    ("OrchestratorNothing x", "Invalid command"),
])
def test_a_bad_value_is_refused_with_directive_and_line(configuration, line, reason):
    name = line.split()[0]
    status, said = configuration.test("# here", line)
    assert status != 0, said
    assert "line %d of %s" % (configuration.line_of("# here") + 1, configuration.path) in said, said
    assert name in said and reason in said, said


@pytest.mark.parametrize("inside, reason", [
    ("OrchestratorIM https://inside.example", "must not be inside <OrchestratorIssuer>"),
    ("ServerAdmin somebody", "must not be inside <OrchestratorIssuer>"),
    ("OrchestratorTokenEndpoint token", "absolute URL"),
    ("OrchestratorClientSecretFile {folder}/nothing.secret", "nothing.secret"),
    ("OrchestratorJwksUri https://issuer.example:99999/jwks", "a port up to 65535"),
    ("OrchestratorAdminGroup \" \"", "must not be empty"),
    ("OrchestratorUserGroups lab \" \"", "must not be empty"),
    ("OrchestratorAdminGroup one\norchestratoradmingroup two", "is there twice in this <OrchestratorIssuer>"),
    ("OrchestratorClientId one\nOrchestratorClientId one", "is there twice in this <OrchestratorIssuer>"),
])
def test_an_issuers_block_is_checked(configuration, inside, reason):
    refused(configuration, inside.splitlines()[0].replace("{folder}", configuration.folder), reason,
            "<OrchestratorIssuer https://other.example>", inside, "</OrchestratorIssuer>")


@pytest.mark.parametrize("name", ["TokenEndpoint", "UserInfoEndpoint", "JwksUri"])
def test_an_issuers_endpoint_may_have_a_query(configuration, name):
    def block(url):
        return "<OrchestratorIssuer https://other.example>\nOrchestratorAudience x\nOrchestrator%s %s\n" \
            "</OrchestratorIssuer>" % (name, url)
    assert configuration.test(block("https://other.example/v2.0/x?p=B2C_1_in&a=%20")) == (0, "Syntax OK\n")
    refused(configuration, "Orchestrator" + name, "no user or fragment", block("https://other.example/x?p=y#z"))
    refused(configuration, "Orchestrator" + name, "without spaces", block("https://other.example/x?p=%y"))


@pytest.mark.parametrize("lines", [("OrchestratorClientId portal", "OrchestratorServiceAccounts logs portal"),
                                   ("OrchestratorServiceAccounts portal", "OrchestratorClientId portal")])
def test_the_client_that_renews_peoples_tokens_is_no_service_account(configuration, lines):
    refused(configuration, "other.example", "OrchestratorServiceAccounts must not name the OrchestratorClientId",
            "<OrchestratorIssuer https://other.example>", *lines, "</OrchestratorIssuer>")


def test_what_an_issuer_has_several_of_may_be_told_in_several_lines(configuration):
    assert configuration.test("<OrchestratorIssuer https://other.example>",
                              *("OrchestratorAudience x", "OrchestratorUserGroups lab") * 2,
                              "</OrchestratorIssuer>") == (0, "Syntax OK\n")


def test_a_secret_without_its_client_is_refused(configuration):
    configuration.write("client.secret", "s3cret", 0o600)
    refused(configuration, "other.example", "OrchestratorClientSecretFile needs an OrchestratorClientId",
            *(line for line in SECRET if "ClientId" not in line))


@pytest.mark.parametrize("text, reason", [
    ("one\ntwo\n", "more than one line"), ("one\0two", "has a NUL"), (" \n", "is empty")])
def test_a_clients_secret_that_issuers_would_not_know_is_refused(configuration, text, reason):
    configuration.write("client.secret", text, 0o600)
    refused(configuration, "OrchestratorClientSecretFile", reason, *SECRET)


@pytest.mark.parametrize("value",
                         ["nowhere", '"host=x pasword=t0psecret"', '"host=x password=my t0psecret"',
                          '"host=x connect_timeout=soon"', "http://x", '"postgresql://x:port/"'])
def test_a_bad_connection_string_of_mod_dbd_is_refused_and_not_repeated(configuration, value):
    refused(configuration, "DBDParams", "must be a connection string as libpq knows it", DBDParams=value)
    assert "t0psecret" not in configuration.test(DBDParams=value)[1]


@pytest.mark.parametrize("value, reason", [
    ("sslmode=bogus", 'invalid sslmode value: "bogus"'), ("target_session_attrs=any-one", "target_session_attrs"),
    ("host=a,b port=1,2,3", "could not match 3 port numbers to 2 hosts"), ("gssencmode=x", "gssencmode"),
    ("host=a,b hostaddr=127.0.0.1", "could not match 2 host names to 1 hostaddr values"),
    ("ssl_min_protocol_version=9", "ssl_min_protocol_version"), ("channel_binding=x", "channel_binding"),
    ("host=a,b port=1,65536", "ports up to 65535"), ("port=0", "ports up to 65535"), ("port='1 2'", "ports up to")])
def test_a_value_that_libpq_refuses_is_refused_and_the_password_not_repeated(configuration, value, reason):
    value = '"%s password=t0psecret connect_timeout=2"' % value
    for name, lines in (("DBDParams", ()), ("OrchestratorDatabase", ("OrchestratorDatabase " + value,))):
        options = {} if lines else {"DBDParams": value}
        refused(configuration, name, reason, *lines, **options)
        assert "t0psecret" not in configuration.test(*lines, **options)[1]


@pytest.mark.parametrize("value", ['"host=x connect_timeout=2 application_name=\'a b\'"',
                                   '"postgresql://u@x:1,y:2/db?connect_timeout=2"',
                                   '"service=none connect_timeout=2 keepalives_idle=-1"', "\"connect_timeout=' 2'\"",
                                   '"host=a,b port=,2 connect_timeout=2 sslmode=verify-full gssencmode=require"',
                                   '"host=/run/a,@b hostaddr=,127.0.0.1 connect_timeout=2 channel_binding=require"'])
def test_a_connection_string_of_libpq_is_accepted(configuration, value):
    assert configuration.test("OrchestratorDatabase " + value, DBDParams=value) == (0, "Syntax OK\n")


@pytest.mark.parametrize("text, reason", [
    ("", "no certificate"), ("\0rubbish", "no certificate"),
    ("-----BEGIN CERTIFICATE-----\nbm90aGluZw==\n-----END CERTIFICATE-----\n", "no certificate")])
def test_authorities_without_a_certificate_are_refused(configuration, text, reason):
    configuration.write("ca.pem", text)
    refused(configuration, "OrchestratorCAFile", reason, "OrchestratorCAFile {folder}/ca.pem")


def authorities(folder):
    path = os.path.join(folder, "ca.pem")
    keys.self_signed(path, os.path.join(folder, "ca.key"))
    return path


def test_authorities_with_a_certificate_are_accepted(configuration):
    authorities(configuration.folder)
    assert configuration.test("OrchestratorCAFile {folder}/ca.pem") == (0, "Syntax OK\n")


@pytest.mark.parametrize("name, lines", [("secret.key", ()), ("providers.json", ()), ("linked.key", ()),
                                         ("ca.pem", ("OrchestratorCAFile {folder}/ca.pem",))])
def test_keys_are_not_written_over_another_file(configuration, name, lines):
    authorities(configuration.folder)
    os.link(os.path.join(configuration.folder, "secret.key"), os.path.join(configuration.folder, "linked.key"))
    refused(configuration, "OrchestratorJwksFile", "would write over", *lines, OrchestratorJwksFile="{folder}/" + name)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root becomes somebody else")
def test_httpds_user_must_be_able_to_use_what_it_has_to(configuration):
    nobody = pwd.getpwnam("nobody")
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)
        lines = "User nobody", "Group #%d" % nobody.pw_gid, "OrchestratorCAFile " + authorities(folder)
        wanted = {"OrchestratorJwksFile": os.path.join(folder, "jwks.json")}
        refused(configuration, "OrchestratorJwksFile", "can't write into " + folder, *lines, **wanted)
        os.chown(folder, nobody.pw_uid, 0)
        os.chmod(os.path.join(folder, "ca.pem"), 0o644)
        assert configuration.test(*lines, **wanted) == (0, "Syntax OK\n")
        os.chmod(os.path.join(folder, "ca.pem"), 0o600)
        refused(configuration, "OrchestratorCAFile", "can't read " + folder, *lines, **wanted)


@pytest.mark.parametrize("opening, reason", [
    ("<OrchestratorIssuer issuer>", "absolute URL"),
    ("<OrchestratorIssuer https://issuer.example/>", "is there twice"),
    ("<OrchestratorIssuer https://a.example https://b.example>", "takes one argument"),
])
def test_an_issuers_url_is_checked(configuration, opening, reason):
    refused(configuration, opening, reason, opening, "</OrchestratorIssuer>")


def test_directives_are_global(configuration):
    refused(configuration, "OrchestratorMaxQueued", "cannot occur within <VirtualHost>",
            "<VirtualHost *:1>", "OrchestratorMaxQueued 5", "</VirtualHost>")
    refused(configuration, "OrchestratorMaxQueued", "not allowed", "<Location /x>", "OrchestratorMaxQueued 5",
            "</Location>")


@pytest.mark.parametrize("text, reason", [
    ("{", "providers.json: The JSON is not valid: line 1, column 1:"),
    ('{"providers": [\n  x]}', "providers.json: The JSON is not valid: line 2, column 3:"),
    ("", "providers.json: The JSON is not valid: line 1, column 0:"),
    ('{"providers": [{"name": "x"}]}', "/providers/0"),
    ('{"providers": [], "more": 1}', "/more"),
    (json.dumps({"providers": [{**PROVIDER, "issuers": []}]}), "/providers/0/issuers must name an issuer"),
])
def test_a_bad_provider_file_is_refused_with_the_place(configuration, text, reason):
    configuration.write("providers.json", text)
    refused(configuration, "OrchestratorProviders", reason)


@pytest.mark.parametrize("text", ["short", "", KEY + "\n" + KEY, KEY + "\nshort\n"])
def test_a_bad_key_is_refused(configuration, text):
    configuration.write("secret.key", text, 0o600)
    refused(configuration, "OrchestratorSecretKeyFile", "OrchestratorSecretKeyFile")
    assert KEY not in configuration.test()[1]


FILES = [pytest.param("secret.key", KEY, "OrchestratorSecretKeyFile", id="key"),
         pytest.param("client.secret", "s3cret", "OrchestratorClientSecretFile", id="client")]


@pytest.mark.parametrize("name, text, directive", FILES)
@pytest.mark.parametrize("mode", [0o644, 0o604, 0o660, 0o620, 0o602, 0o601, 0o666])
def test_a_secret_that_others_may_read_or_change_is_refused(configuration, name, text, directive, mode):
    configuration.write("client.secret", "s3cret", 0o600)
    configuration.write(name, text, mode)
    refused(configuration, directive, "chmod 600", *SECRET)


@pytest.mark.parametrize("name, text, directive", FILES)
@pytest.mark.parametrize("mode", [0o600, 0o400, 0o640])
def test_a_secret_for_its_owner_and_a_group_is_accepted(configuration, name, text, directive, mode):
    configuration.write("client.secret", "s3cret", 0o600)
    configuration.write(name, text, mode)
    status, said = configuration.test(*SECRET)
    assert status == 0, (directive, said)


@pytest.mark.parametrize("name, text, directive", FILES)
def test_a_secret_of_httpd_s_group_is_refused(configuration, name, text, directive):
    configuration.write("client.secret", "s3cret", 0o600)
    configuration.write(name, text, 0o640)
    path = os.path.join(configuration.folder, name)
    if os.geteuid() == 0:
        os.chown(path, 0, grp.getgrnam("nogroup").gr_gid)
    # Group may stand behind the directives.
    refused(configuration, directive, "the Group of httpd", *SECRET, "Group #%d" % os.stat(path).st_gid)


# Debian's postgres is in ssl-cert; any such pair will do.
MEMBERS = [(group.gr_gid, group.gr_mem[0]) for group in grp.getgrall()
           if group.gr_gid and "root" not in group.gr_mem and group.gr_mem]


@pytest.mark.skipif(os.geteuid() != 0 or not MEMBERS,
                    reason="only root gives files away, and somebody has to be in another group")
def test_a_secret_of_another_group_of_httpd_s_user_is_refused(configuration):
    group, member = MEMBERS[0]
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)
        os.mkdir(os.path.join(folder, "jwks"))
        os.chown(os.path.join(folder, "jwks"), pwd.getpwnam(member).pw_uid, 0)
        key = os.path.join(folder, "secret.key")
        with open(key, "w", encoding="ascii") as file:
            file.write(KEY)
        os.chmod(key, 0o640)
        os.chown(key, 0, group)
        lines = "User " + member, "Group nogroup"
        wanted = {"OrchestratorSecretKeyFile": key, "OrchestratorJwksFile": os.path.join(folder, "jwks", "jwks.json")}
        refused(configuration, "OrchestratorSecretKeyFile", "the User of httpd", *lines, **wanted)
        os.chown(key, 0, 0)
        assert configuration.test(*lines, **wanted) == (0, "Syntax OK\n")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
@pytest.mark.parametrize("name, text, directive", FILES)
def test_a_secret_of_httpd_s_user_is_refused(configuration, name, text, directive):
    configuration.write("client.secret", "s3cret", 0o600)
    configuration.write(name, text, 0o600)
    os.chown(os.path.join(configuration.folder, name), pwd.getpwnam("nobody").pw_uid, 0)
    refused(configuration, directive, "neither root", *SECRET, "User nobody")


@pytest.mark.skipif(os.geteuid() != 0 or not process.reachable(process.CHECKOUT),
                    reason="only root becomes somebody else, who has to reach the module")
def test_an_httpd_that_is_not_started_by_root_may_have_its_secrets_from_a_group(configuration):
    user = pwd.getpwnam(httpd.USER)
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)
        os.mkdir(os.path.join(folder, "types"))
        for name in ("providers.json", "secret.key"):
            shutil.copy(os.path.join(configuration.folder, name), folder)
        os.chmod(os.path.join(folder, "secret.key"), 0o440)
        for path in (folder, os.path.join(folder, "secret.key")):
            os.chown(path, 0 if path != folder else user.pw_uid, user.pw_gid)
        configuration.folder, configuration.path = folder, os.path.join(folder, "httpd.conf")
        lines = "User " + httpd.USER, "Group #%d" % user.pw_gid
        refused(configuration, "OrchestratorSecretKeyFile", "the Group of httpd", *lines)
        os.chmod(configuration.path, 0o644)
        assert configuration.run(user=user.pw_uid, group=user.pw_gid, extra_groups=[]) == (0, "Syntax OK\n")


def test_a_bad_type_file_is_refused_with_file_and_line(configuration):
    configuration.write("types/mine.yaml", "tosca_definitions_version: tosca_simple_yaml_1_0\nnode_types: [\n")
    refused(configuration, "OrchestratorToscaTypes", "mine.yaml")


@pytest.mark.parametrize("place",
                         ["<LocationMatch ^/x>", "<Location /x*>", "<Location ~ /x>", "<Directory /x>", "<Files x>",
                          "<If true>", "<Location /x>\n<If true>", "<Location /x>\n<Limit GET>", "<VirtualHost *:1>",
                          ""])
def test_a_surface_is_bound_directly_in_a_location_without_a_pattern(configuration, place):
    opened = re.findall(r"^<(\w+)", place, re.M)
    refused(configuration, "        SetHandler orchestrator", "must stand directly in a <Location>",
            place, "        SetHandler orchestrator", *("</%s>" % name for name in reversed(opened)))


@pytest.mark.parametrize("line", [
    "AddHandler Orchestrator .x", "AddType orchestrator .x", "<Files x>\nForceType orchestrator\n</Files>",
    "RewriteRule ^/x - [H=orchestrator]", 'RewriteRule "^/a b" "-" "[NC,handler=orchestrator,L]"',
    "RewriteRule ^/x - [PT,T=orchestrator]", "<VirtualHost *:1>\nRewriteRule ^/x - [H=orchestrator]\n</VirtualHost>"])
def test_a_surface_is_bound_by_nothing_else(configuration, line):
    needle = next(part for part in line.splitlines() if "rchestrator" in part)
    refused(configuration, needle, "must stand directly in a <Location>",
            "".join('LoadModule %s_module "{modules}/mod_%s.so"\n' % (name, name) for name in ("mime", "rewrite")) +
            line)


def test_another_handler_may_be_bound_in_any_way(configuration):
    said = configuration.test("".join('LoadModule %s_module "{modules}/mod_%s.so"\n' % (name, name)
                                      for name in ("mime", "rewrite")) +
                              "AddHandler cgi-script orchestrator\nRewriteRule ^/orchestrator - "
                              "[H=orchestrator-status,E=T:orchestrator]")
    assert said == (0, "Syntax OK\n")


@pytest.mark.parametrize("place",
                         ["<Location /x>", '<Location "/x y/">', "<location /é>", "<VirtualHost *:1>\n<Location />",
                          "<IfModule mod_dbd.c>\n<Location /x>"])
def test_a_surface_may_be_bound_at_several_places(configuration, place):
    opened = re.findall(r"^<(\w+)", place, re.M)
    said = configuration.test(place, "SetHandler orchestrator", AUTHENTICATED,
                              *("</%s>" % name for name in reversed(opened)))
    assert said == (0, "Syntax OK\n")


@pytest.mark.parametrize("path",
                         ["/api/%76%31", "/api%2fv1", "/api//v1", "/api/./v1", "/api/../v1", "/api/v1/.",
                          "/x y/%c3%a9"])
def test_a_path_that_no_request_has_is_refused(configuration, path):
    refused(configuration, "<Location \"" + path, "no request has this path", '<Location "%s">' % path,
            "SetHandler orchestrator", AUTHENTICATED, "</Location>")


@pytest.mark.parametrize("path", ["/100%", "/a%zz", "/a;b=c", "/...", "/.a", "/~x"])
def test_an_odd_path_that_requests_have_is_accepted(configuration, path):
    assert configuration.test('<Location "%s">' % path, "SetHandler orchestrator", AUTHENTICATED,
                              "</Location>") == (0, "Syntax OK\n")


@pytest.mark.parametrize("order", [1, -1])
def test_a_file_that_two_hosts_include_is_looked_at_in_each(configuration, order):
    configuration.write("place.conf", place(BOUND, TYPE, VALID) + "\n")
    hosts = ["<VirtualHost *:%d>\nServerName h%d\nInclude {folder}/place.conf\n%s</VirtualHost>" % (port, port, more)
             for port, more in (
        (1, ""), (2, "<Location /api>\n    Require all granted\n</Location>\n"))]
    refused(configuration, "    Require all", "lets everybody in", *hosts[::order], without=(GOOD_PLACE,))
    assert configuration.test(hosts[0], hosts[0].replace("1", "3"), without=(GOOD_PLACE,)) == (0, "Syntax OK\n")


def place(*lines, path="/api/v1"):
    return "\n".join(["<Location %s>" % path, *lines, "</Location>"])


@pytest.mark.parametrize("name, text", [
    ("place", "{place}"), ("host", "<VirtualHost *:${{number}}>\nServerName h${{number}}\n{place}\n</VirtualHost>")])
def test_a_file_that_is_included_twice_is_looked_at_each_time(configuration, name, text):
    configuration.write(name + ".conf", text.format(place=place(BOUND, TYPE, "Require ${whom}")) + "\n")
    lines = ["Define number %d\nDefine whom \"%s\"\nInclude {folder}/" + name + ".conf"] * 2
    good = [line % (number, "valid-user") for number, line in enumerate(lines, 1)]
    assert configuration.test(*good, without=(GOOD_PLACE,)) == (0, "Syntax OK\n")
    refused(configuration, None, "lets everybody in", good[0], lines[1] % (2, "all granted"), without=(GOOD_PLACE,))
    refused(configuration, None, "lets everybody in",
            *[line % (number, "all granted") for number, line in enumerate(lines, 1)], without=(GOOD_PLACE,))


@pytest.mark.parametrize("path", ["/api/v1", "/"])
def test_many_hosts_are_looked_at_in_good_time(configuration, path):
    hosts = "\n".join("<VirtualHost *:80>\nServerName h%d\n<Location /private>\nRequire user "
                      "x\n</Location>\n</VirtualHost>" % number
                      for number in range(4000))
    began = time.monotonic()
    assert configuration.test(place(BOUND, TYPE, VALID, path=path), hosts, without=(GOOD_PLACE,)) == (0, "Syntax OK\n")
    assert time.monotonic() - began < 10


PROXY = "".join('LoadModule %s_module "{modules}/mod_%s.so"\n' % (name, name) for name in ("proxy", "proxy_http"))
SSL = "".join('LoadModule %s_module "{modules}/mod_%s.so"\n' % (name, name) for name in ("socache_shmcb", "ssl"))
BOUND, TYPE, VALID = "SetHandler orchestrator", "AuthType Bearer", "Require valid-user"


@pytest.mark.parametrize("needle, reason, lines", [
    ("<Location", "AuthType Bearer is missing", place(BOUND, VALID)),
    ("<Location", "Require valid-user is missing", place(BOUND, TYPE)),
    ("AuthType Basic", "must be Bearer", place(BOUND, "AuthType Basic", VALID)),
    ("AuthType None", "must be Bearer", place(BOUND, TYPE, VALID) + "\n" + place("AuthType None", path="/api")),
    ("Require all", "lets everybody in", place(BOUND, TYPE, "Require all granted")),
    ("Require all", "lets everybody in", place(BOUND, TYPE, VALID, "Require all granted")),
    ("Require all", "lets everybody in",
     place(BOUND, TYPE, "<RequireAny>", "Require all granted", VALID, "</RequireAny>")),
    ("Require not", "lets everybody in",
     place(BOUND, TYPE, "<RequireAll>", "Require not ip 10", "Require all granted", "</RequireAll>")),
    ("Require all", "lets everybody in", place(BOUND, TYPE, VALID) + "\n" + place("Require all granted", path="/")),
    ("Require all", "lets everybody in",
     place(BOUND, TYPE, VALID) + "\n<LocationMatch \"^/(?<a>api)/\">\nRequire all granted\n</LocationMatch>"),
    ("Require all", "lets everybody in",
     place(BOUND, TYPE, VALID) + "\n<Location ~ \"^/api/\">\nRequire all granted\n</Location>"),
    ("Require all", "lets everybody in",
     place(BOUND, TYPE, VALID) + "\n" + place("Require all granted", "AuthMerging Or", path="/api")),
    ("Require all", "lets everybody in",
     place(BOUND, TYPE, VALID) + "\n" + place("Require all granted", path="/api/v1/users")),
    ("Require all", "lets everybody in",
     place(BOUND, TYPE, VALID) + "\n<LocationMatch \"/templates/[0-9a-f-]+$\">\nRequire all granted\n</LocationMatch>"),
    ("Require all", "lets everybody in", place(BOUND, TYPE, VALID) + "\n" + HOST % place("Require all granted")),
    ("Require all", "lets everybody in",
     place(BOUND, TYPE, VALID) + "\n" + HOST % place("Require all granted", path="/api/v1/templates")),
    ("Require all", "lets everybody in",
     PROXY + place(BOUND, TYPE, VALID, "Require all granted") +
     '\nProxyPass /api/v1 !\nProxyPass / "http://a.example/"'),
    ("Require all", "lets everybody in",
     PROXY + place(BOUND, TYPE, "Require all granted") + '\nProxyPass /ap "http://a.example/"'),
    ("AuthType Basic", "must be Bearer",
     place(BOUND, TYPE, VALID) + "\n" + place("AuthType Basic", path="/api/v1/users")),
    ("AuthType None", "must be Bearer",
     place(BOUND, TYPE, VALID) + "\n" + place("AuthType None", "Require all granted", path="/api/v1/manual")),
    ("AuthType None", "must be Bearer", place(BOUND, TYPE, VALID, "<Limit GET>", "AuthType None", "</Limit>")),
    ("AuthType None", "must be Bearer", place(BOUND, TYPE, VALID, "<If true>", "AuthType None", "</If>")),
    ("AuthType None", "must be Bearer",
     place(BOUND, TYPE, VALID, "<If true>", "Require ip 10", "</If>", "<Else>", "<If false>", "AuthType None", "</If>",
           "</Else>")),
    ("AuthType None", "must be Bearer",
     place(BOUND, TYPE, VALID) + "\n" + place("<If true>", "AuthType None", "</If>", path="/api/v1/users")),
    ("AuthType Basic", "must be Bearer",
     place(BOUND, TYPE, VALID) + "\n" + HOST % place("<If true>", "AuthType Basic", "</If>")),
    ("AuthType Basic", "must be Bearer", HOST % place(BOUND, VALID) + "\n" + place("AuthType Basic", path="/")),
    ("AuthType Basic", "must be Bearer", place(BOUND, TYPE, VALID) + "\n" + HOST % place("AuthType Basic")),
    ("Require all", "lets everybody in", HOST % (place(BOUND, TYPE, VALID) + "\n" + place("Require all granted",
                                                                                          path="/"))),
])
def test_a_place_where_nobody_is_asked_for_a_token_is_refused(configuration, needle, reason, lines):
    refused(configuration, needle, reason, lines, without=(GOOD_PLACE,))


@pytest.mark.parametrize("handler", ["orchestrator-orchrun", "orchestrator-broker"])
def test_the_places_of_other_surfaces_are_looked_at_as_the_first_one_s(configuration, handler):
    bound = "SetHandler " + handler
    assert configuration.test(place(bound, TYPE, VALID, path="/other")) == (0, "Syntax OK\n")
    for lines, needle, reason in (
            (place(bound, VALID, path="/other"), None, "AuthType Bearer is missing"),
            (place(bound, TYPE, path="/other"), None, "Require valid-user is missing"),
            (place(bound, TYPE, "Require all granted", path="/other"), "Require all", "lets everybody in"),
            (place(bound, TYPE, VALID, path="/other") + "\n" + place("Require all granted", path="/other/%s" % (
                "logs" if handler.endswith("orchrun") else "platforms")), "Require all", "lets everybody in"),
            ("<LocationMatch ^/other>\n%s\n</LocationMatch>" % bound, bound, "directly in a <Location>")):
        refused(configuration, needle, reason, lines)


@pytest.mark.parametrize("lines", [
    place(BOUND, path="/x") + "\n" + place(TYPE, VALID, path="/"),
    place(TYPE, "Require all granted", path="/") + "\n" + place(BOUND, VALID), place(BOUND, TYPE, "Require all denied"),
    place(BOUND, "AuthType bearer", "require valid-user"),
    place(BOUND, TYPE, "Require user somebody", "<RequireAll>", "Require ip 10", VALID, "</RequireAll>"),
    place(BOUND, TYPE, "<RequireAll>", "Require not ip 10", VALID, "</RequireAll>"),
    place(BOUND, TYPE, "<RequireAll>", VALID, "<RequireNone>", "Require ip 10", "</RequireNone>", "</RequireAll>"),
    place(BOUND, TYPE, VALID) + "\n" + place("Require all granted", "AuthMerging And", path="/api"),
    place(BOUND, TYPE, VALID) + "\n" + place("Require all granted", path="/ap"),
    place(BOUND, TYPE, VALID) + "\n" + place("AuthType None", "Require all granted", path="/api/v1/health"),
    place(BOUND, TYPE, VALID) + "\n" +
    place("SetHandler None", "AuthType None", "Require all granted", path="/api/v1/docs"),
    place(BOUND, TYPE, VALID) + "\n" + place("Require user x", path="/api/v1/users"),
    place(BOUND, TYPE, VALID) + "\n" + HOST % place("SetHandler None", "AuthType None", "Require all granted"),
    place(BOUND, TYPE, VALID, "<If true>", "SetHandler None", "AuthType None", "Require all granted", "</If>"),
    PROXY + place(BOUND, TYPE, VALID) + "\n" +
    place("AuthType None", "Require all granted", 'ProxyPass "http://a.example/"', path="/api/v1/docs"),
    PROXY + place(BOUND, TYPE, VALID) + "\n" + place("AuthType None", "Require all granted", path="/api/v1/users") +
    '\nProxyPass /api/v1/users "http://a.example/"', HOST % place(BOUND, VALID) + "\n" + place(TYPE, path="/"),
    place(BOUND, TYPE, VALID) + "\n" + place("SetHandler None", "AuthType None", "Require all granted"),
    place(BOUND, TYPE, "<Limit GET POST>", VALID, "</Limit>", "<LimitExcept POST GET>", "Require all denied",
          "</LimitExcept>"),
    place(BOUND, TYPE, "<LimitExcept GET>", VALID, "</LimitExcept>", "<LimitExcept X>", VALID, "</LimitExcept>"),
    place(BOUND, TYPE, "<LimitExcept OPTIONS>", VALID, "</LimitExcept>"),
    place(BOUND, TYPE, "Require method OPTIONS", VALID),
    place(BOUND, TYPE, "<Limit OPTIONS>", "Require all granted", "</Limit>", "<LimitExcept OPTIONS>", VALID,
          "</LimitExcept>"),
    place(BOUND, TYPE, VALID) + "\n" + place("AuthMerging Off", "Require user x", path="/api/v1/users"),
    place(TYPE, "Require all granted", path="/") + "\n" + place("AuthMerging Off", path="/api") + "\n" + place(BOUND,
                                                                                                               VALID),
    place(BOUND, TYPE, VALID) + "\n" + place("AuthMerging Or", path="/api/v1/users"),
    place(BOUND, TYPE, VALID) + "\n" + place("AuthType None", "AuthMerging Off", path="/api/v1/health"),
    place(BOUND, TYPE, VALID) + "\n" + place("AuthType None", "Require ip 10", path="/api/v1/health"),
    place(BOUND, TYPE, VALID) + "\n" + place("<If false>", "Require all granted", "</If>", path="/api/v1/health"),
    place(BOUND, TYPE, VALID, "<RequireAny>", "AuthMerging Off", VALID, "</RequireAny>"),
    '<AuthzProviderAlias user somebody "a b">\n</AuthzProviderAlias>\n' + place(BOUND, TYPE, "Require somebody"),
    place(BOUND, 'AuthType "%{req:x}"', VALID), place("SetHandler Orchestrator", TYPE, "<Limit POST>", "Require user x",
                                                      "</Limit>", VALID),
])
def test_a_place_that_asks_for_a_token_in_another_way_is_accepted(configuration, lines):
    assert configuration.test(lines, without=(GOOD_PLACE,)) == (0, "Syntax OK\n")


@pytest.mark.parametrize("needle, lines", [
    ("Require ip", place(BOUND, TYPE, VALID, "Require ip 10")), ("Require local", place(BOUND, TYPE, "Require local")),
    ("Require inside",
     "<AuthzProviderAlias ip inside 10>\n</AuthzProviderAlias>\n" + place(BOUND, TYPE, "Require inside")),
    ("<Limit", place(BOUND, TYPE, "<Limit POST>", VALID, "</Limit>")),
    ("<LimitExcept",
     place(BOUND, TYPE, "<Limit GET>", VALID, "</Limit>", "<LimitExcept GET X>", VALID, "</LimitExcept>")),
    ("<LimitExcept", place(BOUND, TYPE, "<LimitExcept GET>", VALID, "</LimitExcept>")),
    ("<LimitExcept", place(BOUND, TYPE, "<LimitExcept GET OPTIONS>", VALID, "</LimitExcept>")),
    ("Require method", place(BOUND, TYPE, VALID, "Require method OPTIONS HEAD")),
    ("<Limit OPTIONS", place(BOUND, TYPE, "<Limit OPTIONS>", "Require all granted", "</Limit>")),
    ("Require ssl", SSL + place(BOUND, TYPE, VALID, "Require ssl")),
    ("Require ssl-verify-client", SSL + place(BOUND, TYPE, "Require ssl-verify-client")),
    ("Require all", place(BOUND, TYPE, "<Limit GET>", VALID, "</Limit>", "<LimitExcept GET>", "Require all granted",
                          "</LimitExcept>")),
    ("Require all", place(BOUND, TYPE, VALID) + "\n" + HOST % place("Require all granted", path="/")),
    ("Require all", place(BOUND, TYPE, VALID) + "\n" + HOST % place(TYPE, "Require all granted", path="/api")),
    ("Require all", place(BOUND, TYPE, VALID, "<Limit GET>", "Require all granted", "</Limit>")),
    ("Require all", place(BOUND, TYPE, VALID) + "\n" + place("Require all granted", path="/api/v1/manual")),
    ("Require all", place(BOUND, TYPE, "<If true>", "Require all granted", "</If>", "<Else>", VALID, "</Else>")),
    ("Require local", place(BOUND, TYPE, VALID) + "\n" + HOST % place("Require local", path="/api/v1/users/")),
    ("Satisfy", place(BOUND, TYPE, VALID, "Satisfy Any", "Allow from all")),
])
def test_whom_a_place_lets_in_without_a_token_is_warned_of(configuration, needle, lines):
    status, said = configuration.test(lines, without=(GOOD_PLACE,))
    assert status == 0 and re.search(r"ORC1001: \S+ on line %d of .* not asked for a token" %
                                     configuration.line_of(needle), said), said
    assert said.count("ORC1001") == 1


@pytest.mark.parametrize("lines", [
    place(BOUND, TYPE, VALID) + "\n" + place("AuthMerging Off", path="/"),
    place(BOUND, TYPE, VALID) + "\n" + place("AuthMerging Off", path="/api/v1/users"),
    place(BOUND, TYPE, VALID) + "\n" + place("<Limit GET>", "AuthMerging Off", "</Limit>", path="/api/v1/users"),
    place(BOUND, TYPE, VALID) + "\n" + place("<LimitExcept GET>", "AuthMerging Off", "</LimitExcept>", path="/api/v1"),
    place(BOUND, TYPE, VALID) + "\n" + place("AuthMerging Off", path="/api/v1/health"),
    HOST % (place(BOUND, TYPE, VALID) + "\n" + place("AuthMerging Off", path="/"))])
def test_a_place_without_any_require_that_is_left_is_refused(configuration, lines):
    refused(configuration, "AuthMerging Off", "leaves no Require", lines, without=(GOOD_PLACE,))


@pytest.mark.parametrize("lines", [place(BOUND, TYPE, VALID) + "\n" + HOST % place("AuthMerging Off", path="/"),
                                   place(BOUND, TYPE, VALID, "<If false>", "AuthMerging Off", "</If>"),
                                   place(BOUND, TYPE, VALID) + "\n" +
                                   place("<If false>", "AuthMerging Off", "</If>", path="/api/v1/health"),
                                   place(BOUND, TYPE, VALID) + "\n" + place("AuthMerging Off", path="/api/v1/manual")])
def test_where_no_require_may_be_left_is_warned_of(configuration, lines):
    status, said = configuration.test(lines, without=(GOOD_PLACE,))
    line = configuration.line_of("AuthMerging Off")
    assert status == 0 and re.search(r"ORC1001: AuthMerging on line %d of .* leaves no Require" % line, said), said
    assert said.count("ORC1001") == 1


def test_an_open_route_where_nobody_can_be_asked_for_the_user_that_is_required_is_warned_of(configuration):
    status, said = configuration.test(place(BOUND, TYPE, VALID) + "\n" + place("AuthType None", path="/api/v1/health"),
                                      without=(GOOD_PLACE,))
    line = configuration.line_of("AuthType None")
    assert status == 0 and re.search(r"ORC1001: AuthType on line %d of .* is a 500" % line, said), said
    assert said.count("ORC1001") == 1


WELL_KNOWN = "<If \"%{REQUEST_URI} =~ m#^/.well-known/#\">\nAuthType None\nRequire all granted\n</If>"


@pytest.mark.parametrize("lines", [
    place(BOUND, TYPE, VALID) + "\n" + WELL_KNOWN, place(BOUND, TYPE, VALID) + "\n" + HOST % WELL_KNOWN,
    HOST % (place(BOUND, TYPE, VALID) + "\n" + WELL_KNOWN),
    place(BOUND, TYPE, VALID) + "\n" + place(WELL_KNOWN, path="/"),
    place(BOUND, TYPE, VALID) + "\n<LocationMatch ^/>\n" + WELL_KNOWN + "\n</LocationMatch>",
    place(BOUND, TYPE, VALID) + "\n<If false>\n</If>\n<Else>\n" + WELL_KNOWN + "\n</Else>",
    place(BOUND, TYPE, VALID) + "\n" + HOST % place("AuthType None", "Require all granted", path="/")])
def test_an_authtype_that_may_never_hold_for_the_place_is_warned_of(configuration, lines):
    status, said = configuration.test(lines, without=(GOOD_PLACE,))
    line = configuration.line_of("AuthType None")
    assert status == 0 and re.search(r"ORC1001: AuthType on line %d of .* where it holds for orchestrator" % line,
                                     said), said
    assert said.count("ORC1001") == 1


@pytest.mark.parametrize("proxy", ['ProxyPass / "http://a.example/"', place('ProxyPass "http://a.example/"', path="/"),
                                   'ProxyPassMatch ^/(.*) "http://a.example/$1"'])
def test_a_place_that_a_proxy_answers_is_warned_of(configuration, proxy):
    status, said = configuration.test(PROXY, HOST % (proxy + "\n" + place(BOUND, TYPE, VALID)), without=(GOOD_PLACE,))
    line = configuration.line_of("ProxyPass")
    assert status == 0 and re.search(r"ORC1001: \S+ on line %d of .* answers all requests for orchestrator" % line,
                                     said), said
    for good in (HOST % (proxy + "\n" + place(BOUND, TYPE, VALID, "ProxyPass !")),
                 place(BOUND, TYPE, VALID) + "\n" + HOST % proxy):
        assert configuration.test(PROXY, good, without=(GOOD_PLACE,)) == (0, "Syntax OK\n")


@pytest.mark.parametrize("later", [place(BOUND, TYPE, VALID, path="/"), place("SetHandler default-handler", path="/"),
                                   place("SetHandler None", path="/api"),
                                   '<LocationMatch "^/api/">\nSetHandler None\n</LocationMatch>'])
def test_a_place_that_a_later_section_leaves_nothing_is_warned_of(configuration, later):
    status, said = configuration.test(place(BOUND, TYPE, VALID) + "\n\n" + later, without=(GOOD_PLACE,))
    line = max(number for number, text in enumerate(configuration.text.splitlines(), 1) if "SetHandler" in text)
    assert status == 0 and re.search(r"ORC1001: SetHandler on line %d of .* counts instead of SetHandler orchestrator" %
                                     line, said), said
    assert said.count("ORC1001") == 1
    for good in (later + "\n" + place(BOUND, TYPE, VALID), place(BOUND, TYPE, VALID) + "\n" + HOST % later,
                 place(BOUND, TYPE, VALID) + "\n" + place(BOUND, path="/api/v1/"),
                 place(BOUND, TYPE, VALID) + "\n" + place("SetHandler None", path="/api/v1/users")):
        assert configuration.test(good, without=(GOOD_PLACE,)) == (0, "Syntax OK\n")


@pytest.mark.parametrize("first, second", [("orchestrator", "orchestrator-broker"),
                                           ("orchestrator-broker", "orchestrator-orchrun")])
def test_of_two_surfaces_at_one_path_the_one_that_answers_nothing_is_warned_of(configuration, first, second):
    status, said = configuration.test(place("SetHandler " + first, TYPE, VALID, path="/v1"),
                                      place("SetHandler " + second, TYPE, VALID, path="/v1/"), without=(GOOD_PLACE,))
    assert status == 0 and re.search(r"ORC1001: SetHandler on line %d of .* counts instead of SetHandler %s \(" % (
        configuration.line_of("SetHandler " + second), first), said), said
    assert said.count("ORC1001") == 1


STATUS = "SetHandler orchestrator-status"


@pytest.mark.parametrize("lines", [
    place(STATUS, path="/status"), place(STATUS, TYPE, path="/status"), HOST % place(STATUS, TYPE, path="/status"),
    place("Require local", path="/stat") + "\n" + place(STATUS, path="/status"),
    place(STATUS, "<If true>", "Header set A b", "</If>", path="/status"),
    '<LocationMatch "^/status$">\n%s\n</LocationMatch>' % STATUS])
def test_a_status_page_for_which_nothing_is_required_is_warned_of(configuration, lines):
    status, said = configuration.test('LoadModule headers_module "{modules}/mod_headers.so"', lines)
    assert status == 0 and re.search(r"ORC1001: SetHandler on line %d of .* has no Require beside it" %
                                     configuration.line_of(STATUS), said), said
    assert said.count("ORC1001") == 1


@pytest.mark.parametrize("lines", [
    place(STATUS, "Require local", path="/status"), place(STATUS, "Require all granted", path="/status"),
    place(STATUS, TYPE, VALID, path="/status"), place(STATUS, "Order deny,allow", "Deny from all", path="/status"),
    place("Require user x", path="/") + "\n" + HOST % place(STATUS, path="/status"),
    place("Require user x", path="/") + '\n<LocationMatch "^/status$">\n%s\n</LocationMatch>' % STATUS,
    '<Location ~ "^/status$">\n%s\nRequire local\n</Location>' % STATUS,
    place(STATUS, "<If true>", "Require local", "</If>", path="/status"),
    place(STATUS, path="/status") + "\n" + place("SetHandler None", path="/status")])
def test_a_status_page_of_which_it_is_said_who_reads_it_is_accepted(configuration, lines):
    assert configuration.test(lines) == (0, "Syntax OK\n")


def test_an_issuer_without_an_audience_is_warned_of(configuration):
    status, said = configuration.test("<OrchestratorIssuer https://other.example>", "</OrchestratorIssuer>")
    assert (status == 0
            and "ORC1005: <OrchestratorIssuer> on line %d of" % configuration.line_of("other.example") in said), said
    assert said.count("ORC1005") == 1


def test_a_provider_of_an_unknown_issuer_is_warned_of(configuration):
    issuers = ["https://issuer.example/", "https://isuer.example"]
    configuration.write("providers.json", json.dumps({"providers": [dict(PROVIDER, issuers=issuers)]}))
    status, said = configuration.test()
    assert (status, said.count("ORC1006")) == (0, 1), said
    assert re.search(r"ORC1006: OrchestratorProviders on line %d of .*\"cloud\" serves the issuer "
                     r"https://isuer.example, which has no"
                     % configuration.line_of("OrchestratorProviders"), said), said
