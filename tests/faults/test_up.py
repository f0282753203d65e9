"""`manage.py up` as a whole, with real processes that really get killed."""

import os
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from tests.live import ROOT, environment, free_port

pytestmark = pytest.mark.faults

START, STOP = 60.0, 6.0
LOOPBACK = "127.0.0.1"


def until(condition: Callable[[], bool], seconds: float) -> float:
    """Wait for the condition, and return how long that took."""
    began, pause = time.monotonic(), threading.Event()
    while not condition():
        assert time.monotonic() - began < seconds, f"not within {seconds} s"
        pause.wait(0.05)
    return time.monotonic() - began


class Remit:
    """One real `up` with its own state folder; knows every process that was started for that folder."""

    def __init__(self, state: Path, port: int) -> None:
        self.state, self.port = state, port
        self.output = state.with_suffix(".out")

    def start(self, *options: str) -> "Remit":
        with self.output.open("ab") as output:
            self.supervisor = subprocess.Popen(
                [sys.executable, "manage.py", "up", "--port", str(self.port), *options],
                cwd=ROOT,
                env=environment(self.state, self.port),
                stdout=output,
                stderr=output,
            )
        return self

    def processes(self) -> dict[int, str]:
        """Return the command line of each living process of this folder, by its number."""
        mark = f"REMIT_STATE={self.state}".encode()
        found = {}
        for folder in Path("/proc").glob("[0-9]*"):
            try:
                if mark in (folder / "environ").read_bytes().split(b"\0"):
                    found[int(folder.name)] = (folder / "cmdline").read_text().replace("\0", " ")
            except OSError:
                continue
        return found

    def of(self, words: str) -> list[int]:
        """Return the numbers of a program's processes, the one that leads them first."""
        numbers = sorted(number for number, line in self.processes().items() if words in line)
        return sorted(numbers, key=lambda number: os.getpgid(number) != number)

    def answers(self) -> bool:
        try:
            with urllib.request.urlopen(f"http://{LOOPBACK}:{self.port}/health/", timeout=START) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False

    def complete(self) -> bool:
        return [len(self.of(words)) for words in (" gunicorn ", " worker ", " beat ")] == [3, 2, 1]

    def gone(self) -> bool:
        return self.supervisor.poll() is not None and not self.processes()


@pytest.fixture
def remit(tmp_path: Path) -> Iterator[Remit]:
    remit = Remit(tmp_path / "a state", free_port())
    yield remit
    for number in remit.processes():
        with suppress(ProcessLookupError):
            os.kill(number, signal.SIGKILL)
    remit.supervisor.wait()
    print(remit.output.read_text())  # noqa: T201 (pytest shows it with a failure)


@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGTERM])
def test_it_answers_and_a_signal_stops_all_of_it_within_6_seconds(remit: Remit, stop: signal.Signals) -> None:
    started = until(remit.start().answers, START)
    until(lambda: f"Remit is ready: http://{LOOPBACK}:{remit.port}" in remit.output.read_text(), 5)
    until(remit.complete, START)
    remit.supervisor.send_signal(stop)
    stopped = until(remit.gone, STOP)
    assert remit.supervisor.returncode == 0
    print(f"started in {started:.1f} s, stopped in {stopped:.1f} s")  # noqa: T201


def test_a_second_one_in_the_same_folder_is_refused(remit: Remit) -> None:
    until(remit.start().answers, START)
    second = Remit(remit.state, free_port()).start()
    assert second.supervisor.wait(START) == 1
    assert "Remit is already running" in remit.output.read_text()
    assert remit.answers()


def test_a_taken_port_is_refused_before_anything_starts(remit: Remit) -> None:
    with socket.create_server((LOOPBACK, remit.port)):
        assert remit.start().supervisor.wait(START) == 1
    assert f"Port {remit.port} on {LOOPBACK} is taken" in remit.output.read_text()
    assert remit.processes() == {}


@pytest.mark.parametrize(
    ("words", "place"),
    [(" gunicorn ", 0), (" gunicorn ", 1), ("=worker1@", 0), ("=worker2@", 0), (" beat ", 0)],
    ids=["web", "web process", "first worker", "second worker", "clock"],
)
def test_what_is_killed_comes_back(remit: Remit, words: str, place: int) -> None:
    until(remit.start().answers, START)
    until(remit.complete, START)
    victims = remit.of(words) if place == 0 else [remit.of(words)[place]]
    os.kill(victims[0], signal.SIGKILL)
    back = until(lambda: remit.complete() and not set(victims) & set(remit.of(words)), START)
    assert remit.answers()
    print(f"complete again after {back:.1f} s")  # noqa: T201


def test_killing_the_supervisor_leaves_nothing_and_the_next_one_works(remit: Remit) -> None:
    until(remit.start().answers, START)
    until(remit.complete, START)
    remit.supervisor.kill()
    vanished = until(remit.gone, 2)
    until(remit.start().answers, START)
    assert "taken" not in remit.output.read_text()
    print(f"nothing left after {vanished:.2f} s")  # noqa: T201


def test_killing_supervisor_and_masters_together_leaves_nothing(remit: Remit) -> None:
    until(remit.start().answers, START)
    until(remit.complete, START)
    masters = [remit.of(words)[0] for words in (" gunicorn ", "=worker1@", "=worker2@", " beat ")]
    for number in (*masters, remit.supervisor.pid):
        os.kill(number, signal.SIGKILL)
    until(remit.gone, 2)
