"""The line to the database breaks during a COMMIT: the server has heard it or not, the client cannot know."""

import socket
import threading
from contextlib import contextmanager

import pytest

from tests.faults.parts import Part, listens, python, until
from tests.faults.proxy import COMMIT
from tests.live import environment, free_port

pytestmark = pytest.mark.faults


class Server(threading.Thread):
    """Says yes to whatever it hears, and remembers it."""

    def __init__(self):
        super().__init__(daemon=True)
        self.door = socket.create_server(("127.0.0.1", 0))
        self.heard = []

    def run(self):
        while True:
            line, _ = self.door.accept()
            threading.Thread(target=self.serve, args=(line,), daemon=True).start()

    def serve(self, line):
        with line:
            try:
                while data := line.recv(1000):
                    self.heard.append(data)
                    line.sendall(b"yes")
            except ConnectionError:
                return


@pytest.fixture
def server():
    made = Server()
    made.start()
    return made


@pytest.fixture
def line(server, tmp_path):
    """Return a function that opens a line to the server through the proxy."""
    port = free_port()
    words = python("tests.faults.proxy", str(port), "127.0.0.1", str(server.door.getsockname()[1]), str(tmp_path))
    part = Part("line", words, environment(tmp_path, port), tmp_path / "line.log").start()

    @contextmanager
    def opened():
        with socket.create_connection(("127.0.0.1", port), timeout=5) as client:
            yield client

    try:
        until(lambda: listens(port), 20)
        yield opened
    finally:
        part.kill()


def says(client, words):
    """Say it and return the answer; nothing when the line broke."""
    try:
        client.sendall(words)
        return client.recv(1000)
    except ConnectionError:
        return b""


def test_all_passes_while_nobody_armed_it(line, server):
    with line() as client:
        assert [says(client, b"one"), says(client, COMMIT)] == [b"yes", b"yes"]
    assert server.heard == [b"one", COMMIT]


@pytest.mark.parametrize(("how", "heard"), [("before", 1), ("after", 2), ("all", 1)])
def test_the_armed_commit_breaks_the_line(line, server, tmp_path, how, heard):
    with line() as client:
        assert says(client, COMMIT) == b"yes"
        (tmp_path / "cut").write_text(f"{how}:1")
        assert says(client, COMMIT) == b""
    until(lambda: len(server.heard) == heard, 2)
    assert (tmp_path / "cut.fired").exists()


def test_only_the_commit_that_was_named_breaks_and_others_go_on(line, tmp_path):
    (tmp_path / "cut").write_text("after:2")
    with line() as first, line() as second:
        assert [says(first, COMMIT), says(second, COMMIT), says(first, COMMIT)] == [b"yes", b"", b"yes"]
