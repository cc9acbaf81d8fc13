# Licensed under the Apache License, Version 2.0; see LICENSE.
"""What stands between a daemon and PostgreSQL, or IM, and holds up what passes."""

import contextlib
import queue
import select
import socket
import threading
import time


def readable(*sockets):
    """Those that have something to read: waits for it. Not select(), which knows no descriptor above 1023."""
    poll = select.poll()
    by_number = {one.fileno(): one for one in sockets}
    for number in by_number:
        poll.register(number, select.POLLIN)
    return [by_number[number] for number, _ in poll.poll()]


class _Server:
    """Takes connections and serves each in a thread of its own."""

    def __init__(self, target):
        self.target = target
        self._server = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.port = self._server.getsockname()[1]
        self._closed = threading.Event()
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while not self._closed.is_set():
            try:
                client, _ = self._server.accept()
            except OSError:
                return
            threading.Thread(target=self._guarded, args=(client,), daemon=True).start()

    def _guarded(self, client):
        with contextlib.suppress(OSError), client:
            self.serve(client)

    def serve(self, client):
        raise NotImplementedError

    def close(self):
        self._closed.set()
        self._server.close()


class Standstill(_Server):
    """Before PostgreSQL: when the n-th message with these bytes comes, its connection stands still until `go` is set,
    and then breaks. `is_after`: who it is for has got that message, and nobody sees an answer. `of_server`: it is one
    of PostgreSQL's. `arm`: counts anew."""

    def __init__(self, target, pattern, number, is_after=False, of_server=False):
        self.stands, self.go = threading.Event(), threading.Event()
        self._pattern, self._left, self._is_after, self._of_server = pattern, number, is_after, of_server
        super().__init__(target)

    def arm(self, number):
        self._left = number

    def _passes(self, data):
        if self.go.is_set() or self._pattern not in data:
            return True
        self._left -= data.count(self._pattern)
        return self._left > 0

    def _stand_still(self, other, data):
        """Whether the connection goes on."""
        if self._is_after:
            other.sendall(data)
        self.stands.set()
        self.go.wait()
        return False

    def serve(self, client):
        with socket.create_connection(("127.0.0.1", self.target)) as server:
            for one in (client, server):
                one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            while True:
                for one in readable(client, server):
                    data, other = one.recv(65536), server if one is client else client
                    if not data:
                        return
                    if (one is server) != self._of_server or self._passes(data):
                        other.sendall(data)
                    elif not self._stand_still(other, data):
                        return


class Deaf(Standstill):
    """Before PostgreSQL: the n-th of its notifications is lost; everything else passes."""

    NOTIFICATION = b"orchestrator\0\0"  # how the message ends: channel and payload
    BEGINNING = 9  # what is before: type, length, process

    def __init__(self, target, number):
        super().__init__(target, self.NOTIFICATION, number, of_server=True)

    def _stand_still(self, other, data):
        end = data.index(self.NOTIFICATION)
        other.sendall(data[:end - self.BEGINNING] + data[end + len(self.NOTIFICATION):])
        self.stands.set()
        self.go.set()
        return True


class Far(_Server):
    """Before PostgreSQL: every answer comes `seconds` later than it would. Counts the round trips on whose way there
    these bytes are."""

    def __init__(self, target, seconds, pattern=b""):
        self.trips = 0
        self._half, self._pattern = seconds / 2, pattern
        super().__init__(target)

    def _carry(self, source, target, passed):
        """One direction: what comes leaves half of the time later, in its order."""
        waiting = queue.SimpleQueue()

        def deliver():
            with contextlib.suppress(OSError):
                while True:
                    at, data = waiting.get()
                    time.sleep(max(0, at - time.monotonic()))
                    if not data:
                        target.shutdown(socket.SHUT_WR)
                        return
                    target.sendall(data)
        thread = threading.Thread(target=deliver, daemon=True)
        thread.start()
        data = b"-"
        while data:
            try:
                data = source.recv(65536)
            except OSError:
                data = b""
            passed(data)
            waiting.put((time.monotonic() + self._half, data))
        thread.join()

    def serve(self, client):
        is_counted = False

        def there(data):
            nonlocal is_counted
            if self._pattern and self._pattern in data and not is_counted:
                is_counted = True
                self.trips += 1

        def back(_):
            nonlocal is_counted
            is_counted = False
        with socket.create_connection(("127.0.0.1", self.target)) as server:
            for one in (client, server):
                one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            other = threading.Thread(target=self._carry, args=(server, client, back), daemon=True)
            other.start()
            self._carry(client, server, there)
            other.join()


class Late(_Server):
    """Before IM: the first creations wait in a queue until `go` is set, and reach IM whether or not their client is
    still there. Everything else passes."""

    def __init__(self, target, first=1):
        self.go, self.delivered = threading.Event(), threading.Event()
        self._left = first
        super().__init__(target)

    @staticmethod
    def _read(client):
        data = b""
        while b"\r\n\r\n" not in data:
            part = client.recv(65536)
            if not part:
                return None, b""
            data += part
        head, _, body = data.partition(b"\r\n\r\n")
        lines = head.split(b"\r\n")
        length = sum(int(line.split(b":")[1]) for line in lines if line.lower().startswith(b"content-length:"))
        while len(body) < length:
            body += client.recv(65536)
        return [line for line in lines if not line.lower().startswith(b"connection:")], body

    def serve(self, client):
        lines, body = self._read(client)
        if lines is None:
            return
        is_late = lines[0].startswith(b"POST /infrastructures?") and self._left > 0
        if is_late:
            self._left -= 1
            self.go.wait()
        with socket.create_connection(("127.0.0.1", self.target)) as server:
            server.sendall(b"\r\n".join(lines) + b"\r\nConnection: close\r\n\r\n" + body)
            answer = b"".join(iter(lambda: server.recv(65536), b""))
        if is_late:
            self.delivered.set()
        client.sendall(answer)
