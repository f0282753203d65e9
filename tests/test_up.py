"""`manage.py up`: its parts, and (marked `faults`) the whole of it with real processes that really get killed."""

import os
import re
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

from governance.supervising import lock
from governance.supervising.address import Address, CannotListen
from governance.supervising.child import describe, pause_before_restart
from governance.supervising.journal import LARGEST_FILE, Journal

ROOT = Path(__file__).resolve().parent.parent
START, STOP = 15.0, 6.0
LOOPBACK = "127.0.0.1"


# --- the parts -----------------------------------------------------------------------------------------------------
def test_the_pause_before_a_restart_grows_and_has_an_end() -> None:
    assert [pause_before_restart(deaths) for deaths in (1, 2, 3)] == [0.2, 0.4, 0.8]
    assert pause_before_restart(50) == 30.0


def test_a_death_is_described_by_its_signal_or_its_status() -> None:
    assert describe(-9) == "was killed by SIGKILL"
    assert describe(3) == "ended with status 3"


@pytest.fixture
def echoed() -> list[str]:
    return []


@pytest.fixture
def journal(tmp_path: Path, echoed: list[str]) -> Iterator[Journal]:
    journal = Journal("web", tmp_path, echoed.append)
    yield journal
    journal.close()


def test_information_goes_to_the_file_only(journal: Journal, echoed: list[str], tmp_path: Path) -> None:
    journal.feed(b"[2026-01-02 10:00:00 +0000] [7] [INFO] Booting worker\n")
    assert echoed == []
    assert "Booting worker" in (tmp_path / "web.log").read_text()


def test_an_error_reaches_the_terminal_with_all_its_lines(journal: Journal, echoed: list[str]) -> None:
    journal.feed(b"2026-01-02 10:00:00,123 ERROR workflows: it broke\nTraceback (most rec")
    journal.feed(b"ent call last):\n2026-01-02 10:00:01,123 INFO workflows: fine again\n")
    assert echoed == [
        "web     | 2026-01-02 10:00:00,123 ERROR workflows: it broke",
        "web     | Traceback (most recent call last):",
    ]


def test_a_crash_before_logging_is_set_up_reaches_the_terminal(journal: Journal, echoed: list[str]) -> None:
    journal.feed(b"ModuleNotFoundError: No module named 'remit'\n")
    assert echoed == ["web     | ModuleNotFoundError: No module named 'remit'"]


def test_a_journal_stays_small(journal: Journal, tmp_path: Path) -> None:
    for _ in range(50):
        journal.feed(b"x" * 100_000 + b"\n")
    assert sum(file.stat().st_size for file in tmp_path.iterdir()) <= 2 * LARGEST_FILE


def test_a_taken_port_is_refused_with_a_way_out() -> None:
    with socket.create_server((LOOPBACK, 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(CannotListen, match=rf"Port {port} on {LOOPBACK} is taken .* --port {port + 1}"):
            Address(LOOPBACK, port).listen()


def test_a_port_that_a_dying_child_still_holds_is_awaited() -> None:
    other = socket.create_server((LOOPBACK, 0))
    port = other.getsockname()[1]
    release = threading.Timer(0.3, other.close)
    release.start()
    with Address(LOOPBACK, port).listen(patience=5.0) as listener:
        assert listener.getsockname()[1] == port
    release.join()


def test_an_unknown_host_is_refused_in_a_sentence() -> None:
    with pytest.raises(CannotListen, match=r"Cannot listen on 192\.0\.2\.1"):
        Address("192.0.2.1", 18999).listen()


@pytest.mark.parametrize(
    ("host", "url"),
    [("0.0.0.0", "http://127.0.0.1:80"), ("::", "http://[::1]:80"), ("localhost", "http://localhost:80")],
)
def test_the_printed_address_can_be_opened_on_this_machine(host: str, url: str) -> None:
    assert Address(host, 80).url == url


def test_one_folder_is_held_once(tmp_path: Path) -> None:
    with (
        lock.hold(tmp_path / "up.lock", "http://here") as was_killed,
        pytest.raises(lock.AlreadyRunning, match=rf"already running .*http://here, process {os.getpid()}"),
        lock.hold(tmp_path / "up.lock", "http://there"),
    ):
        pass
    assert not was_killed


def test_a_lock_given_back_leaves_no_trace(tmp_path: Path) -> None:
    with lock.hold(tmp_path / "up.lock", "http://here"):
        pass
    with lock.hold(tmp_path / "up.lock", "http://here") as was_killed:
        assert not was_killed


def test_a_lock_lost_by_a_kill_is_noticed(tmp_path: Path) -> None:
    (tmp_path / "up.lock").write_text("http://here, process 1\n")
    with lock.hold(tmp_path / "up.lock", "http://here") as was_killed:
        assert was_killed


def test_every_variable_that_the_settings_read_is_described() -> None:
    read = set(re.findall(r'env\.(?!read)\w+\(\s*"([A-Z_]+)"', (ROOT / "governance" / "settings.py").read_text()))
    described = set(re.findall(r"^#([A-Z_]+)=", (ROOT / ".env.example").read_text(), re.MULTILINE))
    assert read
    assert described - {"REMIT_MAIL_PORT", "POSTGRES_PASSWORD"} == read - {"REMIT_MAIL_PORT"}


# --- the whole -----------------------------------------------------------------------------------------------------
def until(condition: Callable[[], bool], seconds: float) -> float:
    """Wait for the condition, and return how long that took."""
    began, pause = time.monotonic(), threading.Event()
    while not condition():
        assert time.monotonic() - began < seconds, f"not within {seconds} s"
        pause.wait(0.05)
    return time.monotonic() - began


def free_port() -> int:
    with socket.create_server((LOOPBACK, 0)) as probe:
        return int(probe.getsockname()[1])


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
                env=os.environ | {"REMIT_STATE": str(self.state)},
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


@pytest.mark.faults
@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGTERM])
def test_it_answers_within_15_seconds_and_stops_within_6(remit: Remit, stop: signal.Signals) -> None:
    started = until(remit.start().answers, START)
    until(lambda: f"Remit is ready: http://{LOOPBACK}:{remit.port}" in remit.output.read_text(), 5)
    until(remit.complete, START)
    remit.supervisor.send_signal(stop)
    stopped = until(remit.gone, STOP)
    assert remit.supervisor.returncode == 0
    print(f"started in {started:.1f} s, stopped in {stopped:.1f} s")  # noqa: T201


@pytest.mark.faults
def test_a_second_one_in_the_same_folder_is_refused(remit: Remit) -> None:
    until(remit.start().answers, START)
    second = Remit(remit.state, free_port()).start()
    assert second.supervisor.wait(START) == 1
    assert "Remit is already running" in remit.output.read_text()
    assert remit.answers()


@pytest.mark.faults
def test_a_taken_port_is_refused_before_anything_starts(remit: Remit) -> None:
    with socket.create_server((LOOPBACK, remit.port)):
        assert remit.start().supervisor.wait(START) == 1
    assert f"Port {remit.port} on {LOOPBACK} is taken" in remit.output.read_text()
    assert remit.processes() == {}


@pytest.mark.faults
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


@pytest.mark.faults
def test_killing_the_supervisor_leaves_nothing_and_the_next_one_works(remit: Remit) -> None:
    until(remit.start().answers, START)
    until(remit.complete, START)
    remit.supervisor.kill()
    vanished = until(remit.gone, 2)
    until(remit.start().answers, START)
    assert "taken" not in remit.output.read_text()
    print(f"nothing left after {vanished:.2f} s")  # noqa: T201


@pytest.mark.faults
def test_killing_supervisor_and_masters_together_leaves_nothing(remit: Remit) -> None:
    until(remit.start().answers, START)
    until(remit.complete, START)
    masters = [remit.of(words)[0] for words in (" gunicorn ", "=worker1@", "=worker2@", " beat ")]
    for number in (*masters, remit.supervisor.pid):
        os.kill(number, signal.SIGKILL)
    until(remit.gone, 2)
