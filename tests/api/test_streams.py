# Licensed under the Apache License, Version 2.0; see LICENSE.
"""Streams on their way to clients, through a route of the tests' own (tests/streams): what a follower sees, and what
one that waits costs others."""

import concurrent.futures
import contextlib
import http.client
import os
import random
import re
import signal
import socket
import ssl
import subprocess
import zlib

import pytest
import requests

from harness.client import expect, unique
from stack import keys, process

PLACE = """
<Location /follow>
    SetHandler orchestrator-broker
    AuthType Bearer
    Require valid-user
</Location>
"""
LONG = 3600000  # as a pause: only what happens to the connection matters
DIRECTIVES = """
LoadModule socache_shmcb_module "${modules}/mod_socache_shmcb.so"
LoadModule ssl_module "${modules}/mod_ssl.so"
SSLSessionCache "shmcb:${run}/sessions(65536)"
Listen 127.0.0.1:%(port)d
<VirtualHost 127.0.0.1:%(port)d>
    ServerName https://127.0.0.1:%(port)d
    SSLEngine on
    SSLCertificateFile "%(folder)s/certificate.pem"
    SSLCertificateKeyFile "%(folder)s/key.pem"
</VirtualHost>
LoadModule streams_module "%(module)s"
<IfModule !mod_http2.c>
    LoadModule http2_module "${modules}/mod_http2.so"
</IfModule>
Protocols h2c http/1.1
<Location /streams>
    SetHandler streams
    AuthType None
    Require all granted
</Location>
AddOutputFilterByType DEFLATE application/x-ndjson
ThreadLimit 128
ThreadsPerChild 128
MaxSpareThreads 512
MaxRequestWorkers 512
Timeout 5
DBDMax 2
DBDKeep 2
"""


@pytest.fixture(scope="module")
def streaming(make_stack, build, tmp_path_factory):
    process.run(["make", "-s", "-C", build, "tests/streams/mod_streams.la"])
    folder, port = tmp_path_factory.mktemp("tls"), process.free_port()
    keys.self_signed(str(folder / "certificate.pem"), str(folder / "key.pem"))
    stack = make_stack(DIRECTIVES % {"module": os.path.join(build, "tests", "streams", ".libs", "mod_streams.so"),
                                     "folder": folder, "port": port})
    stack.tls_port = port
    return stack


@pytest.fixture
def written(streaming):
    """Makes files that streams are made of: write(text) appends to it."""
    class File:
        def __init__(self):
            self.path = os.path.join(streaming.folder, unique("stream"))
            process.write(self.path, "", 0o644)

        def write(self, text):
            with open(self.path, "a", encoding="utf-8") as file:
                file.write(text)
    return File


class Follower:
    """A client that reads line by line, on a connection of its own."""

    def __init__(self, stack, file, tls=False, method="GET", headers=None, **query):
        if tls:
            context = ssl._create_unverified_context()  # pylint: disable=protected-access
            self.connection = http.client.HTTPSConnection("127.0.0.1", stack.tls_port, context=context, timeout=60)
        else:
            self.connection = http.client.HTTPConnection("127.0.0.1", stack.ports["http"], timeout=60)
        self.path = "/streams?file=" + file.path + "".join("&%s=%s" % pair for pair in query.items())
        self.connection.request(method, self.path, headers=headers or {})
        self.answer = self.connection.getresponse()

    def line(self):
        return self.answer.readline().decode()

    def close(self):
        self.answer.close()
        self.connection.close()


def is_logged(stack, path):
    """Whether a request is over."""
    with open(stack.httpd.access_log, encoding="utf-8") as file:
        return path in file.read()


def busy_workers(stack):
    text = requests.get(stack.base_url + "/server-status?auto", timeout=30).text
    return int(re.search(r"^BusyWorkers: (\d+)", text, re.M)[1])


def sockets(stack):
    """How many httpd's children have open."""
    count = 0
    for pid in stack.httpd.children():
        for fd in os.listdir("/proc/%d/fd" % pid):
            with contextlib.suppress(FileNotFoundError):
                count += os.readlink("/proc/%d/fd/%s" % (pid, fd)).startswith("socket:")
    return count


@pytest.mark.parametrize("tls", [False, True])
def test_lines_come_as_they_are_made(streaming, written, tls):
    file = written()
    file.write("one\n")
    follower = Follower(streaming, file, tls)
    assert follower.answer.status == 200 and "Content-Length" not in follower.answer.headers
    assert follower.line() == "one\n"
    for number in range(3):
        file.write("%d\n" % number)
        assert follower.line() == "%d\n" % number
    file.write("two\nthree\nEND\n")
    assert follower.answer.read() == b"two\nthree\n"  # with its last chunk: http.client complains else
    streaming.wait_for(lambda: is_logged(streaming, file.path), 10, "the line in the access log")


def test_lines_come_at_once_through_a_filter_that_packs(streaming, written):
    file = written()
    file.write("one\n")
    follower = Follower(streaming, file, headers={"Accept-Encoding": "gzip"})
    assert follower.answer.headers["Content-Encoding"] == "gzip"
    unpack = zlib.decompressobj(31)

    def read_until(end):
        text = b""
        while not text.endswith(end):
            text += unpack.decompress(follower.answer.read1())
        return text
    assert read_until(b"one\n") == b"one\n"
    file.write("two\n")
    assert read_until(b"two\n") == b"two\n"
    file.write("END\n")
    assert unpack.decompress(follower.answer.read()) == b"" and unpack.eof


def over_http_2(stack, file):
    return subprocess.Popen(["curl", "-sN", "--http2-prior-knowledge",
                             "%s/streams?file=%s" % (stack.base_url, file.path)],
                            stdout=subprocess.PIPE, text=True)


@pytest.mark.parametrize("end", ["END\n", "FAIL\n"])
def test_http_2_sees_them_too(streaming, written, end):
    file = written()
    file.write("one\n")
    streaming.expect_log(r"ORC1012: .*the test wants it")
    with over_http_2(streaming, file) as curl:
        assert curl.stdout.readline() == "one\n"
        file.write("two\n")
        assert curl.stdout.readline() == "two\n"
        file.write(end)
        assert curl.stdout.read() == "" and (curl.wait(30) == 0) == (end == "END\n")


def test_of_http_2_too_a_client_that_goes_away_is_noticed(streaming, written):
    file = written()
    file.write("one\n")
    with over_http_2(streaming, file) as curl:
        assert curl.stdout.readline() == "one\n" and not is_logged(streaming, file.path)
        curl.kill()
    streaming.wait_for(lambda: is_logged(streaming, file.path), 10, "the end of the request")


def test_a_hundred_that_wait_cost_others_nothing(streaming, written):
    file, alice = written(), streaming.person()
    file.write("begun\n")
    expect(alice.get("/users/me"), 200)
    before = sockets(streaming)
    followers = [Follower(streaming, file) for _ in range(100)]
    try:
        for follower in followers:
            assert follower.line() == "begun\n"
        assert sockets(streaming) > 100 and busy_workers(streaming) < 50
        with concurrent.futures.ThreadPoolExecutor(20) as pool:
            for answer in pool.map(lambda _: alice.get("/users/me"), range(200)):
                expect(answer, 200)
        assert Follower(streaming, file).answer.status == 503  # there are no more than a hundred places
        for text in ("one\n", "two\n"):
            file.write(text)
            assert [follower.line() for follower in followers] == [text] * 100
        followers.pop().close()

        def is_there_a_place():
            one = Follower(streaming, file)
            followers.append(one)
            return one.answer.status == 200
        streaming.wait_for(is_there_a_place, 15, "a place")
        file.write("END\n")
        for follower in followers:
            follower.answer.read()
    finally:
        for follower in followers:
            follower.close()
    streaming.wait_for(lambda: sockets(streaming) < before + 30, 20, "the end of their connections")


@pytest.mark.parametrize("tls", [False, True])
def test_a_client_that_goes_away_is_noticed(streaming, written, tls):
    file = written()
    file.write("one\n")
    follower = Follower(streaming, file, tls, pause=LONG)
    assert follower.line() == "one\n" and not is_logged(streaming, file.path)
    follower.close()
    streaming.wait_for(lambda: is_logged(streaming, file.path), 10, "the end of the request")


def test_clients_that_read_nothing_hold_no_workers(streaming, written):
    file = written()
    file.write("".join("%09d\n" % number for number in range(800000)))
    follower = Follower(streaming, file)
    with contextlib.ExitStack() as lazy:
        for _ in range(60):
            one = lazy.enter_context(socket.socket())
            one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            one.connect(("127.0.0.1", streaming.ports["http"]))
            one.sendall(b"GET /streams?file=%s HTTP/1.1\r\nHost: x\r\n\r\n" % file.path.encode())
        file.write("END\n")
        assert len(follower.answer.read()) == 8000000
        streaming.wait_for(lambda: busy_workers(streaming) < 20, 15, "workers for others")

        def are_given_up():
            with open(streaming.httpd.access_log, encoding="utf-8") as log:
                return log.read().count(file.path) == 61
        streaming.wait_for(are_given_up, 20, "their end")


def test_an_error_in_the_middle_can_be_told_from_the_end(streaming, written):
    file = written()
    file.write("one\n")
    follower = Follower(streaming, file)
    assert follower.line() == "one\n"
    streaming.expect_log(r"ORC1012: .*broken off: .*the test wants it")
    file.write("two\nFAIL\n")
    assert follower.line() == "two\n"
    with pytest.raises(http.client.IncompleteRead):
        follower.answer.read()
    streaming.wait_for(lambda: is_logged(streaming, file.path), 10, "the end of the request")
    assert streaming.log_text().count("broken off") == 1


@pytest.mark.parametrize("query", [{}, {"kind": "finite"}])
def test_an_error_at_the_beginning_is_an_answer(streaming, written, query):
    file = written()
    file.write("FAIL\n")
    streaming.expect_log(r"ORC1012: .*the test wants it")
    follower = Follower(streaming, file, **query)
    assert follower.answer.status == 500
    assert b"the test" not in follower.answer.read()


def test_head_asks_for_nothing(streaming, written):
    file = written()
    file.write("FAIL\n")
    follower = Follower(streaming, file, method="HEAD")
    assert follower.answer.status == 200 and follower.answer.read() == b""
    follower.connection.request("HEAD", follower.path)
    assert follower.connection.getresponse().status == 200


def test_what_does_not_wait_keeps_its_connection(streaming, written):
    file = written()
    file.write("".join("%09d\n" % number for number in range(100000)))
    follower = Follower(streaming, file, kind="finite")
    for _ in range(3):
        text = follower.answer.read()
        assert len(text) == 1000000 and text.endswith(b"000099999\n")
        follower.connection.request("GET", follower.path)
        follower.answer = follower.connection.getresponse()
    follower.close()


def test_a_restart_ends_them_and_clients_can_tell(streaming, written):
    file = written()
    file.write("one\n")
    followers = [Follower(streaming, file, pause=LONG) for _ in range(5)]
    for follower in followers:
        assert follower.line() == "one\n"
    streaming.graceful()  # waits for the old children's end
    for follower in followers:
        with pytest.raises(http.client.IncompleteRead):
            follower.answer.read()
    again = Follower(streaming, file)
    assert again.line() == "one\n"
    again.close()


def test_many_come_and_go(streaming, written):
    children, before = streaming.httpd.children(), sockets(streaming)
    choose = random.Random(7)

    def follow(how):
        file = written()
        file.write("one\n")
        follower = Follower(streaming, file, tls=how[0])
        with contextlib.closing(follower):
            assert follower.line() == "one\n"
            if how[1]:
                file.write("END\n")
                assert follower.answer.read() == b""
        return file.path
    with concurrent.futures.ThreadPoolExecutor(30) as pool:
        paths = list(pool.map(follow, [(choose.random() < 0.3, choose.random() < 0.5) for _ in range(300)]))
    streaming.wait_for(lambda: all(is_logged(streaming, path) for path in paths), 20, "the end of all of them")
    streaming.wait_for(lambda: sockets(streaming) < before + 30, 20, "the end of their connections")
    assert streaming.httpd.children() == children


# Whose streams they are: a surface of the tests' own, through all of the module.

class Person:
    """Follows; each answer has its first line when it is there, or is refused."""

    def __init__(self, stack):
        self.stack, self.person, self.answers = stack, stack.person(), []

    def follow(self):
        answer = requests.get(self.stack.base_url + "/follow/follow", stream=True, timeout=60,
                              headers={"Authorization": "Bearer " + self.person.token})
        if answer.status_code == 200:
            assert answer.raw.readline() == b'"begun"\n'
            self.answers.append(answer)
        return answer

    def follow_as_much_as_allowed(self):
        answer = self.follow()
        while answer.status_code == 200:
            answer = self.follow()
        assert answer.status_code == 429 and answer.json() == {"wrong": 429} and int(answer.headers["Retry-After"]) > 0
        return len(self.answers)

    def end(self, number=None):
        for answer in self.answers[:number]:
            answer.close()
        del self.answers[:number]


def status(stack):
    return requests.get(stack.base_url + "/orchestrator-status?json", timeout=30).json()


@pytest.mark.parametrize("mpm", ["event", "prefork"])
def test_one_person_leaves_places_to_others(make_stack, build, mpm):
    # A child of prefork that is slow to begin may be the last of few.
    stack = make_stack(PLACE, mpm=mpm, module=os.path.join(build, "tests", "api", ".libs", "mod_two_surfaces.so"),
                       expect=["server reached MaxRequestWorkers"])
    stack.expect_log("exit signal Killed|AH00052|AH10392|server reached MaxRequestWorkers")
    alice, bob = Person(stack), Person(stack)
    share = alice.follow_as_much_as_allowed()
    assert share <= max(1, status(stack)["follower_places"] // 4)
    assert bob.follow_as_much_as_allowed() == share
    stack.wait_for(lambda: status(stack)["followers"] == 2 * share, 20, "the followers in the status")
    assert "OrchestratorFollowers: %d\n" % (2 * share) in requests.get(stack.base_url + "/server-status?auto",
                                                                       timeout=30).text
    alice.end(1)
    stack.wait_for(lambda: alice.follow().status_code == 200, 20, "the place of one that ended")
    for pid in stack.httpd.children() - {stack.daemon_pid()}:
        os.kill(pid, signal.SIGKILL)
    stack.wait_for(lambda: bob.person.get("/users/me").status_code == 200, 60, "new children")
    bob.end()
    assert bob.follow_as_much_as_allowed() == share
    bob.end()
    alice.end()
