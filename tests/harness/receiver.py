# Licensed under the Apache License, Version 2.0; see LICENSE.
"""Who is called back: receivers of callbacks, with a ledger of what came."""

import contextlib
import http.server
import json
import socket
import ssl
import threading

import pytest


class Receiver:
    """Takes callbacks and writes down what came. `answers`: what the next ones get: a status, "reset", "garbage",
    "redirect URL", "body STATUS" (with more of it than anybody reads), "endless headers", "hang" (until `released` is
    set); 200 when there is none left."""

    def __init__(self, port=0, certificate=None):
        self.came, self.answers, self.released = [], [], threading.Event()
        self.lock = threading.Lock()
        self.at_once = self.most_at_once = 0
        receiver = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                receiver.take(self, json.loads(body))

            do_GET = do_POST

            def log_message(self, *_):
                pass

        class Server(http.server.ThreadingHTTPServer):
            def handle_error(self, *_):
                pass

        self.server = Server(("127.0.0.1", port), Handler)
        self.port = self.server.server_port
        self.host = "127.0.0.1:%d" % self.port
        self.url = "%s://%s/callback" % ("https" if certificate else "http", self.host)
        if certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*certificate)
            self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True)
        self.thread.start()

    def take(self, request, object):
        with self.lock:
            self.came.append((request.headers["Callback-Id"], object, dict(request.headers)))
            answer = self.answers.pop(0) if self.answers else 200
            self.at_once += 1
            self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            self.answer(request, answer)
        finally:
            with self.lock:
                self.at_once -= 1

    def answer(self, request, answer):
        if answer == "reset":
            request.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
            request.connection.close()
        elif answer == "garbage":
            request.wfile.write(b"what?\r\n\r\n")
        elif answer == "hang":
            self.released.wait(60)
            request.send_response(200)
            request.end_headers()
        elif answer == "endless headers":
            request.send_response(200)
            with contextlib.suppress(OSError):
                while True:
                    request.send_header("X-More", "x" * 1000)
                    request.flush_headers()
        elif str(answer).startswith("body "):
            request.send_response(int(answer.partition(" ")[2]))
            request.end_headers()
            request.wfile.write(b"x" * 1000000)
        elif isinstance(answer, str):
            request.send_response(302)
            request.send_header("Location", answer.partition(" ")[2])
            request.end_headers()
        else:
            request.send_response(answer)
            request.send_header("Content-Length", "0")
            request.end_headers()

    def statuses(self, deployment):
        """What was told of a deployment, each once."""
        with self.lock:
            first = {id: object["status"] for id, object, _ in reversed(self.came) if object["uuid"] == deployment}
        return list(reversed(first.values()))

    def objects(self, deployment):
        with self.lock:
            return [object for _, object, _ in self.came if object["uuid"] == deployment]

    def count(self, deployment):
        with self.lock:
            return sum(object["uuid"] == deployment for _, object, _ in self.came)

    def ids(self, deployment):
        with self.lock:
            return [id for id, object, _ in self.came if object["uuid"] == deployment]

    def close(self):
        self.released.set()
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def receivers():
    """Makes receivers."""
    made = []

    def make(port=0, certificate=None):
        made.append(Receiver(port, certificate))
        return made[-1]
    yield make
    for one in made:
        one.close()
