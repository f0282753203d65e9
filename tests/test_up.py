"""The parts of `manage.py up`. The whole of it, with processes that really get killed: tests/faults/test_up.py."""

import os
import re
import signal
import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from governance.management.commands.up import Command
from governance.supervising import lock
from governance.supervising.address import Address, CannotListen
from governance.supervising.child import describe, pause_before_restart
from governance.supervising.journal import LARGEST_FILE, Journal

ROOT = Path(__file__).resolve().parent.parent
LOOPBACK = "127.0.0.1"


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


@pytest.mark.parametrize("port", [-1, 0, 65536, 70000])
def test_a_port_that_does_not_exist_is_refused(port: int) -> None:
    with pytest.raises(CommandError, match=rf"There is no port {port}\. Choose one from 1 to 65535"):
        call_command("up", port=port)


class StoppedTwice(Command):
    """Is told to stop while it starts, and again while it clears up."""

    def _run(self, held: ExitStack, address: Address, demo: bool) -> None:
        held.callback(os.kill, os.getpid(), signal.SIGTERM)
        os.kill(os.getpid(), signal.SIGTERM)


def test_a_second_stop_signal_does_not_cut_the_clean_up_short() -> None:
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    said = StringIO()
    try:
        StoppedTwice(stdout=said).handle(host=LOOPBACK, port=8000, demo=False)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    assert said.getvalue() == "Stopped.\n"
