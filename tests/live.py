"""A whole Remit as its users run it: `manage.py up` with a state of its own on free ports, for journeys and faults."""

from __future__ import annotations

import json
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import time
import urllib.error
import urllib.request
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

RATIFIED = ("--ratified-by", "gita@tideway.example")
"""The second leader of the demo, for what loosens."""
ROOT = Path(__file__).resolve().parent.parent
STARTS_WITHIN = 90.0


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def environment(state: Path, port: int) -> dict[str, str]:
    """Return the surroundings of a system of its own: nothing of the tests' settings, databases or mail leaks in."""
    foreign = ("DATABASE_URL", "REDIS_URL", "DJANGO_SETTINGS_MODULE", "REMIT_RING", "SITE_URL", "EMAIL_URL")
    kept = {name: value for name, value in os.environ.items() if name not in foreign}
    mail_port = port + 1 if port < 65000 else port - 1
    return {**kept, "REMIT_STATE": str(state), "REMIT_MAIL_PORT": str(mail_port)}


@dataclass
class Live:
    """One running system. `stop()` ends all of it; nothing but what was started here is ever signalled."""

    state: Path
    port: int = field(default_factory=free_port)
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def up(self, *options: str) -> Live:
        with self._log_file.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "manage.py", "up", "--port", str(self.port), *options],
                cwd=ROOT,
                env=environment(self.state, self.port),
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self._wait_until_ready()
        return self

    def _wait_until_ready(self) -> None:
        stop_at = time.monotonic() + STARTS_WITHIN
        while not self.answers():
            assert self.process is not None
            assert self.process.poll() is None, self.log
            assert time.monotonic() < stop_at, self.log
            time.sleep(0.1)

    def answers(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.url}/health/", timeout=2) as answer:
                return bool(answer.status == 200)
        except (urllib.error.URLError, OSError):
            return False

    @property
    def _log_file(self) -> Path:
        return self.state.parent / f"{self.state.name}.log"

    @property
    def log(self) -> str:
        return self._log_file.read_text(errors="replace")[-4000:]

    def manage(self, *words: str, timeout: float = 300) -> subprocess.CompletedProcess[str]:
        """Run a management command against the system's state and return what it printed."""
        return subprocess.run(
            [sys.executable, "manage.py", *words],
            cwd=ROOT,
            env=environment(self.state, self.port),
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )

    def start_and_wait(self, *words: str, seconds: int) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "manage.py", "start", *words, "--wait", str(seconds)],
            cwd=ROOT,
            env=environment(self.state, self.port),
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )

    def children(self, word: str) -> list[int]:
        """Return the pids of the supervisor's own children whose command line holds the word."""
        assert self.process is not None
        found = []
        for entry in Path("/proc").iterdir():
            if not entry.name.isdigit():
                continue
            try:
                words = (entry / "cmdline").read_bytes().split(b"\0")
                parent = int((entry / "stat").read_text().rsplit(")", 1)[1].split()[1])
            except (OSError, ValueError, IndexError):
                continue
            if parent == self.process.pid and any(word.encode() in part for part in words):
                found.append(int(entry.name))
        return found

    def entries(self, verb: str, person: str) -> int:
        """Return how many ledger entries of the verb this person has caused."""
        question = "SELECT count(*) FROM governance_entry WHERE verb = ? AND actor_name = ?"
        with closing(sqlite3.connect(self.state / "remit.sqlite3")) as database:
            return int(database.execute(question, [verb, person]).fetchone()[0])

    def stop(self) -> None:
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
            self.process.wait(timeout=20)


def report(text: str) -> dict[str, object]:
    """Return the one JSON line `start --wait` printed."""
    return dict(json.loads(text.strip().splitlines()[-1]))
