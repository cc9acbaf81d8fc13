# Licensed under the Apache License, Version 2.0; see LICENSE.
"""The local token issuer: an OpenID provider of a few routes, for development and tests only.

It has signing keys of its own, made at its first start and kept, so that tokens outlive a restart. Whoever can read its
folder can sign tokens: `Issuer.token` does that without asking the server. Anyone may be a person: a name is enough.

Routes: /.well-known/openid-configuration, /jwks, /userinfo, /introspect, /token (grants refresh_token and
token-exchange). And for tests, on loopback like the rest: GET /_issuer/calls counts the calls of each route since the
start, POST /_issuer/person {"sub": ..., <claims>} says what /userinfo knows of a subject, POST /_issuer/fault {"route":
"/jwks", "status": 500, "times": 2} breaks a route ("status": 0 hangs up without an answer, "status": -1 hangs until it
is mended, or for "seconds"; "times" left out: until "times": 0 mends it; "answer": the JSON that it answers then).
"""

import argparse
import base64
import collections
import hmac
import http.server
import json
import os
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
import uuid

from jwcrypto import jws
from jwcrypto.common import JWException

from . import keys, process

AUDIENCE = "orchestrator"
CLIENT_ID = "orchestrator"
SERVICE_ACCOUNT = "log-connector"  # a client whose own tokens may write logs
GROUPS = {"admin": ["beta-testers", "admins"], "alice": ["beta-testers"], "carol": ["beta-testers"],
          "bob": ["other-lab"]}
ADMIN_GROUP = "admins"
OTHERS = ["beta-testers"]
SUBJECT = "local-"  # a subject is this and the name, so that it tells who a person is without a table
TTL = 3600
EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"
ACCESS_TOKEN = "urn:ietf:params:oauth:token-type:access_token"


def person(name, groups=None):
    """What the issuer knows of somebody."""
    return {"sub": SUBJECT + name, "preferred_username": name, "name": "%s Example" % name.capitalize(),
            "email": "%s@example.org" % name, "groups": list(GROUPS.get(name, OTHERS) if groups is None else groups)}


def access_token(url, key, who, ttl=TTL, audience=AUDIENCE, drop=(), header=None, **claims):
    """A signed access token. `claims` are laid over the usual ones; those named in `drop` are left out."""
    now = int(time.time())
    payload = {"iss": url, "aud": audience, "iat": now, "nbf": now - 1, "exp": now + int(ttl), "jti": str(uuid.uuid4()),
               "scope": "openid profile email offline_access", **who, **claims}
    return keys.sign({name: value for name, value in payload.items() if name not in drop}, key, header)


def refresh_token(url, key, who):
    return keys.sign({"iss": url, "aud": url, "sub": who["sub"], "jti": str(uuid.uuid4())}, key, {"typ": "refresh"})


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, address, url, signing_keys, client_secret):
        super().__init__(address, Handler)
        self.url = url
        self.keys = signing_keys
        self.client_secret = client_secret
        self.people = {}
        self.faults = {}
        self.calls = collections.Counter()
        self.lock = threading.Lock()
        self.mended = threading.Condition(self.lock)

    def subject(self, sub):
        with self.lock:
            if sub in self.people:
                return self.people[sub]
        return person(sub[len(SUBJECT):]) if sub.startswith(SUBJECT) else {"sub": sub}

    def verified(self, token):
        """The claims of a token that one of our keys signed and that didn't expire, else None."""
        try:
            parsed = jws.JWS()
            parsed.deserialize(token)
            for key in self.keys:
                if key.get("kid") == parsed.jose_header.get("kid"):
                    parsed.verify(key)
                    claims = json.loads(parsed.payload)
                    return claims if claims.get("exp", time.time() + 1) > time.time() else None
        except (JWException, ValueError):
            pass
        return None


class JsonHandler(http.server.BaseHTTPRequestHandler):
    """Answers in JSON, on connections that are kept."""

    protocol_version = "HTTP/1.1"

    def answer(self, status, value):
        text = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)


class Handler(JsonHandler):
    timeout = 30

    def do_GET(self):
        self.serve({"/.well-known/openid-configuration": self.configuration, "/jwks": self.jwks,
                    "/userinfo": self.userinfo, "/introspect": self.introspect,
                    "/_issuer/calls": lambda body: (200, dict(self.server.calls))})

    def do_POST(self):
        self.serve({"/token": self.token, "/userinfo": self.userinfo, "/introspect": self.introspect,
                    "/_issuer/person": self.set_person, "/_issuer/fault": self.set_fault})

    def serve(self, routes):
        # IM puts "/.well-known/..." behind an issuer that ends with a slash already.
        path = "/" + self.path.partition("?")[0].strip("/")
        base = urllib.parse.urlsplit(self.server.url).path.rstrip("/")
        path = path[len(base):] if base and path.startswith(base) else path
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if not path.startswith("/_issuer/"):
            with self.server.lock:
                self.server.calls[path] += 1
                fault = self.server.faults.get(path)
                if fault and fault["times"] is not None:
                    fault["times"] -= 1
                    if fault["times"] <= 0:
                        del self.server.faults[path]
                if fault and fault["status"] < 0:
                    self.server.mended.wait_for(lambda: self.server.faults.get(path) is not fault,
                                                fault["seconds"])
                    fault = None
            if fault:
                if fault["status"] == 0:
                    self.close_connection = True
                    self.connection.shutdown(socket.SHUT_RDWR)
                    return
                self.answer(fault["status"], fault["answer"])
                return
        route = routes.get(path)
        try:
            status, value = route(body) if route else (404, {"error": "not_found"})
        except (ValueError, KeyError, TypeError) as error:
            status, value = 400, {"error": "invalid_request", "error_description": str(error)}
        self.answer(status, value)

    def configuration(self, _):
        base = self.server.url.rstrip("/")
        return 200, {"issuer": self.server.url, "jwks_uri": base + "/jwks", "userinfo_endpoint": base + "/userinfo",
                     "token_endpoint": base + "/token", "introspection_endpoint": base + "/introspect",
                     "authorization_endpoint": base + "/authorize",
                     "grant_types_supported": ["refresh_token", EXCHANGE], "response_types_supported": ["code"],
                     "subject_types_supported": ["public"], "id_token_signing_alg_values_supported": ["RS256", "ES256"],
                     "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"]}

    def jwks(self, _):
        return 200, keys.public(self.server.keys)

    def userinfo(self, _):
        scheme, _, token = self.headers.get("Authorization", "").partition(" ")
        claims = self.server.verified(token.strip()) if scheme.lower() == "bearer" else None
        if claims is None or "sub" not in claims:
            return 401, {"error": "invalid_token"}
        known = self.server.subject(claims["sub"])
        # The token's own groups count here too: a token with groups of its choice is how a test makes a person.
        return 200, {**known, **{name: claims[name] for name in ("groups",) if name in claims}}

    def introspect(self, body):
        """RFC 7662. IM takes no discovery document that doesn't name it, and asks with GET."""
        form = urllib.parse.parse_qs(body.decode() or urllib.parse.urlsplit(self.path).query)
        claims = self.server.verified(form.get("token", [""])[0])
        return 200, {"active": False} if claims is None else {"active": True, **claims}

    def token(self, body):
        form = {name: values[0] for name,
                values in urllib.parse.parse_qs(body.decode(), keep_blank_values=True).items()}
        user, password = form.get("client_id", ""), form.get("client_secret", "")
        if self.headers.get("Authorization", "").lower().startswith("basic "):
            text = base64.b64decode(self.headers["Authorization"].split(None, 1)[1]).decode()
            user, _, password = (urllib.parse.unquote_plus(part) for part in text.partition(":"))
        if user != CLIENT_ID or not hmac.compare_digest(password, self.server.client_secret):
            return 401, {"error": "invalid_client"}
        grant = form.get("grant_type")
        given = {"refresh_token": "refresh_token", EXCHANGE: "subject_token"}.get(grant)
        if given is None:
            return 400, {"error": "unsupported_grant_type"}
        claims = self.server.verified(form.get(given, ""))
        if claims is None or (grant == "refresh_token" and claims.get("aud") != self.server.url):
            return 400, {"error": "invalid_grant"}
        who = self.server.subject(claims["sub"])
        if "groups" in claims:
            who = {**who, "groups": claims["groups"]}
        key = self.server.keys[0]
        answer = {"access_token": access_token(self.server.url, key, who, audience=form.get("audience", AUDIENCE)),
                  "token_type": "Bearer", "expires_in": TTL, "scope": "openid profile email offline_access"}
        if grant == EXCHANGE:
            answer["issued_token_type"] = ACCESS_TOKEN
        if grant == "refresh_token" or "offline_access" in form.get("scope", "").split():
            answer["refresh_token"] = refresh_token(self.server.url, key, who)
        return 200, answer

    def set_person(self, body):
        value = json.loads(body)
        with self.server.lock:
            self.server.people[value["sub"]] = value
        return 200, value

    def set_fault(self, body):
        value = json.loads(body)
        with self.server.lock:
            if value.get("times") == 0:
                self.server.faults.pop(value["route"], None)
                self.server.mended.notify_all()
            else:
                self.server.faults[value["route"]] = {"status": int(value["status"]), "times": value.get("times"),
                                                      "seconds": value.get("seconds"),
                                                      "answer": value.get("answer",
                                                                          {"error": "temporarily_unavailable"})}
        return 200, value


class Issuer:
    """An issuer as its users see it: starts and stops the server, makes tokens."""

    def __init__(self, folder, port, signing_keys=None):
        """`signing_keys` instead of an RSA and an EC key of its own making."""
        self.folder = folder
        self.port = port
        # With the slash that INDIGO IAM's issuers end in.
        self.url = "http://127.0.0.1:%d/" % port
        self.log = os.path.join(folder, "issuer.log")
        self.pid_file = os.path.join(folder, "issuer.pid")
        self.secret_file = os.path.join(folder, "client.secret")
        self._keys = None
        self._faulty = set()
        if signing_keys:
            keys.write(os.path.join(process.make_folder(folder), "keys.json"), signing_keys)

    @property
    def keys(self):
        """The signing keys."""
        if self._keys is None:
            process.make_folder(self.folder)
            self._keys = keys.load(os.path.join(self.folder, "keys.json"))
        return self._keys

    @property
    def client_secret(self):
        with open(self.secret_file, encoding="ascii") as file:
            return file.read().strip()

    def running(self):
        return process.pid_of(self.pid_file) is not None

    def start(self):
        if self.running():
            return
        assert self.keys
        if not os.path.exists(self.secret_file):
            process.write(self.secret_file, keys.base64url(os.urandom(24)) + "\n", 0o600)
        environment = {**os.environ, "PYTHONPATH": os.path.join(process.CHECKOUT, "tests")}
        with open(self.log, "a", encoding="utf-8") as log:
            server = subprocess.Popen([sys.executable, "-m", "stack.issuer", "--folder", self.folder, "--port",
                                       str(self.port)],
                                      stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd="/", env=environment,
                                      start_new_session=True)
        process.write(self.pid_file, "%d\n" % server.pid)

        def ready():
            if server.poll() is not None:
                raise process.StackError("the token issuer ended at once; its log: %s" % self.log)
            with urllib.request.urlopen(self.url + "jwks", timeout=5) as answer:
                return answer.status == 200
        process.wait_for(ready, 15, "the token issuer on port %d" % self.port)
        threading.Thread(target=server.wait, daemon=True).start()  # so that it never stays a zombie of ours

    def stop(self):
        return process.end(self.pid_file)

    def token(self, name="alice", groups=None, ttl=TTL, audience=AUDIENCE, key=None, **more):
        """A token for anyone. `more`: claims laid over the usual ones, `drop` (names of claims to leave out),
        `header`."""
        return access_token(self.url, key or self.keys[0], person(name, groups), ttl, audience, **more)

    def client_token(self, name, client, groups=None, ttl=TTL, audience=AUDIENCE):
        """The token that a client has for itself: of nobody's name, and of no group unless given."""
        return self.token(name, groups, ttl, audience, client_id=client,
                          drop=["name", "preferred_username", "email"] + (["groups"] if groups is None else []))

    def refresh_token(self, name="alice", groups=None):
        return refresh_token(self.url, self.keys[0], person(name, groups))

    def control(self, what, value=None):
        """Calls /_issuer/<what>: with a value it is a POST."""
        if what == "fault":
            self._faulty.add(value["route"])
        data = None if value is None else json.dumps(value).encode()
        with urllib.request.urlopen(self.url + "_issuer/" + what, data=data, timeout=10) as answer:
            return json.load(answer)

    def mend(self):
        """Takes all faults away that this object set."""
        for route in list(self._faulty):
            self.control("fault", {"route": route, "status": 500, "times": 0})
        self._faulty.clear()


def main():
    parser = argparse.ArgumentParser(description="The local token issuer.")
    parser.add_argument("--folder", required=True)
    parser.add_argument("--port", type=int, required=True)
    options = parser.parse_args()
    issuer = Issuer(options.folder, options.port)
    Server(("127.0.0.1", options.port), issuer.url, issuer.keys, issuer.client_secret).serve_forever()


if __name__ == "__main__":
    main()
