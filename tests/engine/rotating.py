# Licensed under the Apache License, Version 2.0; see LICENSE.
"""A token issuer that takes a refresh token once: it rotates them, and takes a second use for a theft. It can be held,
so that answers come when a test wants them."""

import collections
import http.server
import threading
import urllib.parse
import uuid

from stack.issuer import JsonHandler


class RotatingIssuer(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, real):
        self.real = real  # makes the access tokens, which IM takes
        self.current = {}  # name: refresh token
        self.uses = collections.Counter()
        self.answered = 0
        self.lock = threading.Lock()
        self.open = threading.Event()
        self.open.set()
        super().__init__(("127.0.0.1", 0), _Handler)
        self.url = "http://127.0.0.1:%d" % self.server_address[1]
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def entry(self):
        """What a daemon's configuration says of it."""
        return {"url": self.url, "client_id": "orchestrator", "client_secret": "secret"}

    def hold(self):
        self.open.clear()

    def release(self):
        self.open.set()

    def calls(self, name=None):
        """How many refresh tokens were spent, of one person or of all."""
        with self.lock:
            return sum(count for token, count in self.uses.items() if name is None or token.startswith(name + ":"))

    def spent_twice(self):
        with self.lock:
            return [token for token, count in self.uses.items() if count > 1]

    def give(self, name):
        """A first refresh token."""
        with self.lock:
            self.current[name] = "%s:%s" % (name, uuid.uuid4())
            return self.current[name]

    def rotate(self, token):
        """What takes the place of a token; None when it is none that may be used."""
        name = token.partition(":")[0]
        with self.lock:
            self.uses[token] += 1
            if self.current.get(name) != token:
                return None
            self.current[name] = "%s:%s" % (name, uuid.uuid4())
            return self.current[name]

    def close(self):
        self.release()
        self.shutdown()
        self.server_close()


class _Handler(JsonHandler):
    def log_message(self, *_):  # pylint: disable=arguments-differ
        pass

    def do_GET(self):
        url = self.server.url
        self.answer(200, {"issuer": url, "token_endpoint": url + "/token", "userinfo_endpoint": url + "/userinfo",
                          "jwks_uri": url + "/jwks"})

    def do_POST(self):
        server = self.server
        form = urllib.parse.parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
        given = form["refresh_token"][0]
        fresh = server.rotate(given)
        server.open.wait()
        if fresh is None:
            self.answer(400, {"error": "invalid_grant"})
        else:
            self.answer(200, {"access_token": server.real.token(given.partition(":")[0], ttl=3600), "expires_in": 3600,
                              "refresh_token": fresh, "token_type": "Bearer"})
        with server.lock:
            server.answered += 1
