# Licensed under the Apache License, Version 2.0; see LICENSE.
"""Where the API answers: the place is the one of the configuration that httpd ends with, whatever an administrator puts
around it."""

import json
import os

import pytest

from stack import httpd, process

MODULES = "".join('LoadModule %s_module "%s/mod_%s.so"\n' % (name, httpd.modules(), name)
                  for name in ("rewrite", "alias", "dir", "actions", "proxy", "proxy_http", "mime", "negotiation",
                               "dav", "dav_fs", "mime_magic"))
PLACE = """
<Location %s>
    SetHandler orchestrator
    AuthType Bearer
    Require valid-user
</Location>
"""
DIRECTIVES = MODULES + """
DocumentRoot "{folder}/site"
<Directory "{folder}/site">
    Require all granted
    AllowOverride All
</Directory>
DirectoryIndex index.html
TypesConfig /dev/null
MIMEMagicFile "{folder}/magic"
RewriteEngine On
RewriteRule ^/short/(.*)$ /api/v1/$1 [PT]
RewriteRule ^/api/v1/away/(.*)$ /plain/$1 [PT]
RewriteRule ^/api/v1/closed - [F]
RewriteRule ^/api/v1/moved$ /api/v1/health [R=301,L]
Redirect 301 /api/v1/elsewhere /api/v1/health
Alias /api/v1/aliased "{folder}/site"
<Location /api/v1>
    RewriteEngine On
    RewriteRule ^me$ users/me
    RewriteRule ^alive$ health
    RewriteRule rewritten/(.*)$ http://127.0.0.1:{port}/plain/$1 [P]
    ErrorDocument 404 /error.html
    ErrorDocument 401 "nobody knows you"
    ErrorDocument 403 /error.html
</Location>
<Location /api/v1/docs>
    SetHandler None
    AuthType None
    Require all granted
</Location>
Alias /api/v1/docs "{folder}/site"
<Location /api/v1>
    <If "%{{QUERY_STRING}} == 'page'">
        SetHandler None
        AuthType None
        Require all granted
    </If>
</Location>
Alias /api/v1/conditional.html "{folder}/site/index.html"
<LocationMatch "^/api/v1/(?<collection>users)/matched$">
    Require all denied
</LocationMatch>
Action orchestrator /index.html virtual
ProxyPass /api/v1/behind http://127.0.0.1:{port}/plain
ProxyPass /api/v1/encoded http://127.0.0.1:{port}/plain/index.html?x= mapping=encoded
<Location /plain>
    SetHandler None
    Require all granted
</Location>
Alias /plain "{folder}/site"
<Location /limited>
    SetHandler orchestrator
    AuthType Bearer
    AuthzSendForbiddenOnFailure On
    Require user somebody-else
    RewriteEngine On
    RewriteRule rewritten/(.*)$ http://127.0.0.1:{port}/plain/$1 [P]
</Location>
<Location /network>
    SetHandler orchestrator
    AuthType Bearer
    <RequireAll>
        Require valid-user
        Require ip 192.0.2.1
    </RequireAll>
</Location>
<Location /open>
    SetHandler orchestrator
    AuthType Bearer
    Require valid-user
    Dav On
</Location>
RewriteRule ^/open/(health|openapi.json|handled)$ - [H=orchestrator-status]
<Location /multi>
    SetHandler orchestrator
    AuthType Bearer
    Require valid-user
    Options +MultiViews +Indexes
    FallbackResource /index.html
</Location>
<Location /elsewhere>
    SetHandler orchestrator
    AuthType Bearer
    Require all denied
    ErrorDocument 403 http://elsewhere.example/
</Location>
Alias /error "{folder}/site/error"
<Location /error/health>
    ErrorDocument 404 /api/v1/health
</Location>
<Location /error/me>
    ErrorDocument 404 /api/v1/users/me
</Location>
DavLockDB "{folder}/davlock"
<Location /evaluated>
    SetHandler "%{{tolower:ORCHESTRATOR}}"
    Require all granted
</Location>
""" + PLACE % '"/with space/é"' + PLACE % "/api/v1/below" + PLACE % "/Slash/" + \
    PLACE.replace("orchestrator", "Orchestrator") % "/case"


class Site:
    """Requests without the contract's checks, because some of what comes is not ours."""

    def __init__(self, stack, person):
        self.stack, self.person = stack, person

    def get(self, path, token=True, method="GET", headers=None, port=None):
        headers = dict(headers or {})
        if token:
            headers["Authorization"] = "Bearer " + self.person.token
        lines = ["%s %s HTTP/1.1" % (method, path), "Host: " + headers.pop("Host", "127.0.0.1"), "Connection: close"]
        lines += ["%s: %s" % pair for pair in headers.items()]
        return self.stack.raw("\r\n".join(lines).encode("latin-1") + b"\r\n\r\n")

    def is_me(self, path):
        status, _, body = self.get(path)
        return status == 200 and json.loads(body)["id"] == self.person.id

    def problem(self, path, wanted, **options):
        status, headers, body = self.get(path, **options)
        assert (status, headers["Content-Type"]) == (wanted, "application/problem+json"), (path, status, body)
        value = json.loads(body)
        assert value["status"] == wanted and value["instance"] == headers["X-Request-ID"]
        return headers


@pytest.fixture(scope="module")
def made(make_stack):
    stack = make_stack()
    process.make_folder(stack.path("site"))
    process.write(stack.path("site", "index.html"), "a page\n")
    process.write(stack.path("site", "error.html"), "an error page\n")
    process.write(stack.path("magic"), "0 string GIF image/gif\n")
    stack.reconfigure(DIRECTIVES.format(folder=stack.folder, port=stack.ports["http"]))
    stack.wait_for(stack.ready, 30, "health")
    return stack


@pytest.fixture
def site(made, _watch):
    return Site(made, made.person())


def test_a_rewrite_to_the_place_is_served(site):
    assert site.is_me("/short/users/me")
    assert site.get("/short/health", token=False)[0] == 200
    site.problem("/short/users/me", 401, token=False)
    site.problem("/short/nothing", 404)
    site.problem("/short/nothing", 401, token=False)


def test_a_rewrite_away_from_the_place_is_not_ours(site):
    status, headers, body = site.get("/api/v1/away/index.html", token=False)
    assert (status, body, "Cache-Control" in headers) == (200, b"a page\n", False)


def test_what_a_rewrite_forbids_is_a_problem(site):
    site.problem("/api/v1/closed", 403, token=False)


@pytest.mark.parametrize("path", ["/api/v1/moved", "/api/v1/elsewhere"])
def test_a_redirect_comes_before_us(site, path):
    status, headers, _ = site.get(path, token=False)
    assert (status, headers["Location"].endswith("/api/v1/health")) == (301, True)


def test_an_internal_redirect_below_the_place_is_authenticated_anew(site):
    status, headers, _ = site.get("/api/v1/alive")
    assert (status, headers.get_all("Cache-Control")) == (200, ["no-cache"])
    for path in ("/api/v1/alive", "/api/v1/me"):
        site.problem(path, 401, token=False)


def test_an_alias_does_not_turn_our_paths_into_files(site):
    site.problem("/api/v1/aliased/index.html", 404)
    site.problem("/api/v1/aliased/index.html", 401, token=False)


def test_another_handler_below_the_place_serves(site):
    for path in ("/api/v1/docs/index.html", "/api/v1/docs/", "/api/v1/conditional.html?page"):
        status, headers, body = site.get(path, token=False)
        assert (status, body) == (200, b"a page\n"), path
        assert "Cache-Control" not in headers
    site.problem("/api/v1/conditional.html", 401, token=False)


def test_sections_with_a_pattern_count(site):
    site.person.stack.expect_log("AH01630")
    site.problem("/api/v1/users/matched", 403)


def test_an_error_document_is_not_for_our_clients(site):
    site.problem("/api/v1/nothing", 404)
    site.problem("/api/v1/users/me", 401, token=False)
    status, _, body = site.get("/nothing", token=False)
    assert (status, b"Not Found" in body) == (404, True)


def test_a_proxy_below_the_place_is_behind_our_authentication(site):
    assert site.get("/api/v1/behind/index.html")[::2] == (200, b"a page\n")
    site.problem("/api/v1/behind/index.html", 401, token=False)
    assert site.get("/api/v1/encoded/a%2fb")[::2] == (200, b"a page\n")
    site.problem("/api/v1/encoded/a%2fb", 401, token=False)


@pytest.mark.parametrize("path, method", [("behind/index.html", "OPTIONS"), ("rewritten/index.html", "OPTIONS"),
                                          ("rewritten/index.html", "GET")])
def test_a_proxys_routes_are_not_open(site, path, method):
    site.problem("/api/v1/" + path, 401, token=False, method=method)
    assert site.get("/api/v1/" + path, method=method)[0] == 200


def test_a_place_may_have_any_path(site):
    assert site.is_me("/with%20space/%c3%a9/users/me")
    assert site.is_me("/Slash/users/me")
    assert site.is_me("/case/users/me")
    assert site.get("/slash/users/me")[0] == 404
    assert site.is_me("/api/v1/below/users/me")
    site.problem("/api/v1/below/nothing", 404)


@pytest.mark.parametrize("name, text", [
    ("handler", "SetHandler orchestrator"), ("added", "AddHandler orchestrator .html"),
    ("type", "ForceType orchestrator"), ("rewritten", "RewriteEngine On\nRewriteRule ^ - [H=orchestrator]"),
    ("status", "SetHandler orchestrator-status"), ("status-added", "AddHandler orchestrator-status .html"),
    ("condition", "<If true>\nSetHandler orchestrator\n</If>"),
    ("files", "<Files *>\nSetHandler orchestrator\n</Files>")])
def test_a_handler_from_an_access_file_answers_nothing_and_says_why(site, made, name, text):
    process.make_folder(made.path("site", name))
    process.write(made.path("site", name, ".htaccess"), text + "\n")
    process.write(made.path("site", name, "index.html"), "a page\n")
    made.expect_log("ORC1011", required=True)
    assert site.get("/%s/index.html" % name)[0] == 404
    made.wait_for_log("ORC1011: /%s/index.html.*not by the SetHandler of a <Location>" % name)


def test_a_handler_that_an_expression_makes_answers_nothing_and_says_why(site, made):
    made.expect_log("ORC1011", required=True)
    for path in ("/evaluated", "/evaluated/users/me", "/evaluated/health"):
        assert site.get(path)[0] == 404


def test_open_routes_are_open_whatever_users_are_required(site):
    site.person.stack.expect_log("AH01631")
    for path in ("/limited/health", "/limited/openapi.json"):
        for token in (False, True):
            assert site.get(path, token=token)[0] == 200
    assert site.get("/limited/users/me", token=False, method="OPTIONS")[0] == 204
    site.problem("/limited/users/me", 401, token=False)
    site.problem("/limited/users/me", 403)


def test_open_routes_are_as_closed_as_their_network(site):
    site.person.stack.expect_log("AH01630")
    for path in ("/network/health", "/network/users/me"):
        site.problem(path, 403, token=False)


def test_a_proxy_on_an_open_route_asks_for_the_users_that_are_required(site):
    site.person.stack.expect_log("AH01631")
    site.problem("/limited/rewritten/index.html", 401, token=False, method="OPTIONS")
    site.problem("/limited/rewritten/index.html", 403, method="OPTIONS")


def test_no_other_handler_takes_the_place(site, made):
    for path in ("/open/health", "/open/openapi.json"):
        assert site.get(path, token=False)[0] == 200
    site.problem("/open/handled", 401, token=False)
    site.problem("/open/handled", 404)
    assert site.is_me("/open/users/me")
    site.problem("/open/templates", 401, token=False, method="PROPFIND")
    for method, path in (("PROPFIND", ""), ("PUT", made.path("site", "put.html")),
                         ("MKCOL", made.path("site", "made"))):
        assert site.get("/open" + path, method=method, headers={"Content-Length": "0"})[0] in (404, 405)
    assert not os.path.exists(made.path("site", "put.html")) and not os.path.exists(made.path("site", "made"))
    assert site.get("/open/users/me", token=False, method="OPTIONS")[0] == 204


def test_options_of_folders_do_not_count(site):
    for path in ("/multi/health", "/multi/openapi.json"):
        assert site.get(path, token=False)[0] == 200
    assert site.is_me("/multi/users/me")
    site.problem("/multi/nothing", 404)


def test_nobody_looks_for_the_type_of_a_file(site):
    """mod_mime_magic would open one."""
    assert site.get("/api/v1/health", token=False)[0] == 200
    assert site.is_me("/api/v1/users/me")
    etag = site.get("/api/v1/users/me")[1]["ETag"]
    status, headers, _ = site.get("/api/v1/users/me", headers={"If-None-Match": etag})
    assert (status, headers["Content-Type"]) == (304, None)


def test_an_error_document_elsewhere_is_no_redirect_of_ours(site):
    site.person.stack.expect_log("AH01630|AH01797")
    site.problem("/elsewhere/users/me", 403)
    site.problem("/elsewhere/health", 403, token=False)
    site.problem("/elsewhere/a%2fb", 403)


def test_an_answer_of_ours_as_an_error_document_stays_an_error(site):
    assert [site.get("/error/" + name, token=False)[0] for name in ("health", "me")] == [404, 404]


@pytest.mark.parametrize("path, wanted", [("/users%2fme", 404), ("/users%2Fme/", 404), ("/templates/a%2fb", 422),
                                          ("/users/%00", 422), ("/no%2fthing", 404)])
def test_a_path_that_httpd_would_not_decode_is_for_those_who_may_know(site, path, wanted):
    assert "WWW-Authenticate" in site.problem("/api/v1" + path, 401, token=False)
    site.problem("/api/v1" + path, wanted)
    for beside in ("/beside%2fit", "/api/v1/behind%2findex.html", "/api/v1/behind/%2findex.html",
                   "/api/v1/docs%2f/index.html", "/api/v1/docs/%2findex.html"):
        assert site.get(beside)[0] == 404


@pytest.mark.parametrize("method, path, more, wanted", [
    ("GET", "/no/such/path", {}, 404), ("GET", "/users%2fme", {}, 404), ("DELETE", "/templates", {}, 405),
    ("POST", "/templates", {"Content-Length": "9999999", "Content-Type": "application/json"}, 413),
    ("GET", "/templates?a=%zz", {}, 422), ("GET", "/%ff", {}, 400)])
def test_a_first_request_that_fails_registers_the_person(made, _watch, method, path, more, wanted):
    person = made.client("first-%s-%d-%d" % (method, wanted, len(path)), groups=["lab"])
    Site(made, person).problem("/api/v1" + path, wanted, method=method, headers=more)
    assert made.sql("SELECT count(*) FROM users WHERE sub LIKE %s", ("%-" + person.name,)) == [(1,)]


def test_hosts_by_name_have_places_of_their_own(make_stack):
    stack = make_stack()
    stack.expect_log("AH01630")
    hosts = "".join("<VirtualHost 127.0.0.1:%d>\nServerName http://%s:%d\n%s</VirtualHost>\n" %
                    (stack.ports["http"], name, stack.ports["http"], place)
                    for name,
                    place in (("127.0.0.1", ""), ("one.example", PLACE % "/one"), ("two.example", PLACE % "/two")))
    stack.reconfigure("OrchestratorTrustedProxy ::1\n" + hosts)
    stack.wait_for(stack.ready, 30, "health")
    site = Site(stack, stack.person())
    for host, path, wanted in (("one.example", "/one", 200), ("two.example", "/two", 200),
                               ("one.example", "/api/v1", 200)):
        status, _, body = site.get(path + "/users/me", headers={"Host": host})
        assert (status, json.loads(body)["id"]) == (wanted, site.person.id)
    for host, path in (("one.example", "/two"), ("two.example", "/one"), ("127.0.0.1", "/one")):
        assert site.get(path + "/users/me", headers={"Host": host})[0] == 403
    assert stack.places() == [("orchestrator", "http://%s:%d%s" % (name, stack.ports["http"], path)) for name, path in (
        ("127.0.0.1", "/api/v1"), ("one.example", "/one"), ("two.example", "/two"))]


def test_the_root_is_a_place_too(make_stack):
    stack = make_stack()
    port = stack.ports["http"]
    stack.reconfigure("<VirtualHost 127.0.0.1:%d>\nServerName http://127.0.0.1:%d\n%s</VirtualHost>\n" %
                      (port, port, PLACE % "/"))
    site = Site(stack, stack.person())
    stack.wait_for(lambda: site.get("/health", token=False)[0] == 200, 30, "health")
    site.problem("/users/me", 401, token=False)
    assert site.get("/users/me")[0] == 200
    site.problem("/api/v1/users/me", 404)
    site.problem("/" + "x" * 70000, 414)  # of which httpd reads no path: all of the host is ours


TINY = PLACE.replace("orchestrator", "orchestrator-broker")


def test_a_surface_is_bound_where_its_handler_is(make_stack, build):
    stack = make_stack(TINY % "/tiny" + TINY % "/api/v1/tiny" + PLACE % "/second",
                       module=os.path.join(build, "tests", "api", ".libs", "mod_two_surfaces.so"))
    site = Site(stack, stack.person())
    for place in ("/tiny", "/api/v1/tiny"):
        status, _, body = site.get(place + "/me")
        assert (status,
                json.loads(body)) == (200, {"who": "local-" + site.person.name, "url": stack.base_url + place + "/me"})
        assert site.get(place + "/open", token=False)[::2] == (200, b'"orchestrator-broker"')
    for path, token, wanted in (("/me", False, 401), ("/health", True, 404), ("/me?a=%zz", True, 422),
                                ("/a%2fb", True, 404), ("/" + "x" * 70000, True, 414)):
        status, headers, body = site.get("/tiny" + path, token)
        expected = b'{"wrong":%d}' % wanted
        if wanted == 414:  # httpd has not read the path: nobody knows whose it is
            assert status == wanted and json.loads(body)["status"] == wanted
        else:
            assert (status, headers["Content-Type"], body) == (wanted, "application/json", expected), path
    for place in ("/api/v1", "/second"):
        assert site.is_me(place + "/users/me")
        site.problem(place + "/me", 404)
    base = stack.base_url
    assert stack.places() == [("orchestrator", base + "/api/v1"), ("orchestrator-broker", base + "/tiny"),
                              ("orchestrator-broker", base + "/api/v1/tiny"), ("orchestrator", base + "/second")]


SHARED_HOST = """
<VirtualHost 127.0.0.1:${host_port}>
    ServerName ${host_name}
    <Location /shared>
        SetHandler ${host_handler}
        AuthType ${host_type}
        Require ${host_who}
    </Location>
</VirtualHost>
"""


def test_a_hosts_file_may_be_included_again_with_other_variables(make_stack, tmp_path):
    file, port = tmp_path / "host.conf", process.free_port()
    file.write_text(SHARED_HOST, encoding="utf-8")
    hosts = {"nothing.example": ("None", "None", "all granted"),
             "api.example": ("orchestrator", "Bearer", "valid-user"),
             "broker.example": ("orchestrator-broker", "Bearer", "valid-user"),
             "gone.example": ("None", "None", "all granted")}
    stack = make_stack("Listen 127.0.0.1:%d\nDefine host_port %d\n" % (port, port) + "".join(
        'Define host_name %s\nDefine host_handler %s\nDefine host_type %s\nDefine host_who "%s"\nInclude "%s"\n' % (
            name, *values, file) for name, values in hosts.items()))
    alice = stack.person()

    def ask(name):
        return alice.get("http://127.0.0.1:%d/shared/users/me" % port, headers={"Host": name})
    assert ask("api.example").json()["sub"]
    assert ask("broker.example").json()["error"] == "not_found"
    for name in ("nothing.example", "gone.example"):
        assert ask(name).status_code == 404 and "text/html" in ask(name).headers["Content-Type"]


def test_the_last_handler_of_a_section_counts_also_of_one_line(make_stack, tmp_path):
    file = tmp_path / "handler.conf"
    file.write_text("SetHandler ${place_handler}\n", encoding="utf-8")
    guarded = "    AuthType Bearer\n    Require valid-user\n</Location>\n"
    include = '    Include "%s"\n' % file
    directives = ("Define place_handler None\n<Location /twice>\n" + include +
                  "    Define place_handler orchestrator\n" + include + guarded +
                  "<Location /over>\n" + include + "    SetHandler None\n" + guarded +
                  "Define place_handler orchestrator-broker\n<Location /over>\n" + include + guarded)
    stack = make_stack(directives)
    alice = stack.person()
    assert alice.get(stack.base_url + "/twice/users/me").json()["sub"]
    assert alice.get(stack.base_url + "/over/users/me").json()["error"] == "not_found"


def test_an_access_file_does_not_show_the_status_page_where_a_line_names_it_elsewhere(make_stack, tmp_path):
    file = tmp_path / "handler.conf"
    file.write_text("SetHandler ${page_handler}\n", encoding="utf-8")
    stack = make_stack("""
LoadModule mime_module "${modules}/mod_mime.so"
LoadModule alias_module "${modules}/mod_alias.so"
TypesConfig /dev/null
Alias /files "${folder}/files"
Define page_handler orchestrator-status
<Location /page>
    Include "%s"
    Require local
</Location>
Define page_handler None
<Directory "${folder}/files">
    Include "%s"
    AllowOverride FileInfo
    Require all granted
</Directory>
""" % (file, file))
    process.make_folder(stack.path("files"))
    process.write(stack.path("files", ".htaccess"), "AddHandler orchestrator-status .html\n")
    process.write(stack.path("files", "a.html"), "a page\n")
    stack.expect_log("ORC1011: /files/a.html", required=True)
    nobody = stack.client(None)
    assert nobody.get(stack.base_url + "/page?auto").status_code == 200
    assert nobody.get(stack.base_url + "/files/a.html").status_code == 404
