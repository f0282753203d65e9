"""The parts of a running system, each a process (or a tree of them) that can be killed, frozen and started again.

Whatever is signalled was started here and is named by its pid or by the process group it leads.
"""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from tests.live import ROOT

RESTART_AFTER = 0.2
"""Seconds, as the supervisor of `manage.py up` waits."""


def until(condition: Callable[[], object], seconds: float, every: float = 0.02) -> float:
    """Wait until the condition holds and return the seconds it took; TimeoutError when it does not."""
    began, pause = time.monotonic(), threading.Event()
    while not condition():
        if time.monotonic() - began > seconds:
            raise TimeoutError(f"not within {seconds} s: {condition}")
        pause.wait(every)
    return time.monotonic() - began


def listens(port: int, host: str = "127.0.0.1") -> bool:
    with socket.socket() as probe:
        probe.settimeout(0.5)
        return probe.connect_ex((host, port)) == 0


@dataclass
class Part:
    """One process leading a group of its own. `kept`: whoever sees it dead starts it again (`Keeper`).

    `inside` is put before the command line, for example to run it in a network namespace.
    """

    name: str
    command: Sequence[str]
    environment: Mapping[str, str]
    log: Path
    folder: Path = ROOT
    kept: bool = True
    user: str | None = None
    inherited: tuple[int, ...] = ()
    inside: Sequence[str] = ()
    process: subprocess.Popen[bytes] | None = None
    starts: int = 0
    died_at: float = 0.0
    frozen: bool = False
    lock: threading.RLock = field(default_factory=threading.RLock)

    def start(self, **more: str) -> Part:
        """Start it, with `more` in its environment from now on."""
        with self.lock, self.log.open("ab") as log:
            self.environment = {**self.environment, **more}
            self.process = subprocess.Popen(
                [*self.inside, *self.command],
                cwd=self.folder,
                env=dict(self.environment),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                user=self.user,
                pass_fds=self.inherited,
                start_new_session=True,
            )
            self.starts, self.died_at, self.frozen = self.starts + 1, 0.0, False
        return self

    @property
    def pid(self) -> int:
        assert self.process is not None
        return self.process.pid

    @property
    def runs(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def signal(self, number: signal.Signals) -> None:
        """Signal the whole tree. Its number belongs to nobody else before it is reaped."""
        with self.lock, suppress(ProcessLookupError):
            if self.process is not None and self.process.returncode is None:
                os.killpg(self.process.pid, number)

    def kill(self) -> None:
        self.signal(signal.SIGKILL)
        if self.process is not None:
            self.process.wait()

    def freeze(self) -> None:
        self.signal(signal.SIGSTOP)
        self.frozen = True

    def thaw(self) -> None:
        self.signal(signal.SIGCONT)
        self.frozen = False

    def is_stopped(self) -> bool:
        """Whether the kernel has it stopped, by whoever's signal."""
        with suppress(OSError):
            return (Path("/proc") / str(self.pid) / "stat").read_text().rsplit(")", 1)[1].split()[0] == "T"
        return False


class Keeper(threading.Thread):
    """Starts again what died, as a supervisor does."""

    def __init__(self, parts: Sequence[Part]) -> None:
        super().__init__(name="keeper", daemon=True)
        self._parts, self._over = parts, threading.Event()

    def run(self) -> None:
        while not self._over.wait(0.05):
            for part in self._parts:
                with part.lock:
                    self._look(part)

    def _look(self, part: Part) -> None:
        if not part.kept or part.process is None or part.process.poll() is None:
            return
        if not part.died_at:
            with suppress(ProcessLookupError):
                os.killpg(part.process.pid, signal.SIGKILL)  # what is left of its group
            part.died_at = time.monotonic()
        elif time.monotonic() - part.died_at >= RESTART_AFTER:
            part.start()

    def end(self) -> None:
        self._over.set()
        self.join()


def python(*words: str) -> list[str]:
    return [sys.executable, "-m", *words]


def _programs() -> Path:
    """Return the folder of the newest PostgreSQL."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name))
    if not found:
        raise FileNotFoundError("There is no PostgreSQL on this machine (apt-get install postgresql).")
    return found[-1]


class Postgres:
    """A PostgreSQL of its own, as durable as in production (fsync on), run by the user postgres where we are root."""

    def __init__(self, folder: Path, port: int, host: str = "127.0.0.1") -> None:
        self.folder, self.port, self.host, self.data = folder, port, host, folder / "data"
        self.user = "postgres" if os.getuid() == 0 else None
        options = {
            **{"port": port, "listen_addresses": host, "unix_socket_directories": folder, "fsync": "on"},
            **{"max_connections": 120, "max_wal_size": "256MB", "shared_buffers": "256MB", "log_min_messages": "panic"},
        }
        words = [word for name, value in options.items() for word in ("-c", f"{name}={value}")]
        command = [str(_programs() / "postgres"), "-D", str(self.data), *words]
        self.part = Part("postgres", command, os.environ, folder.parent / "postgres.log", kept=False, user=self.user)

    @property
    def url(self) -> str:
        return f"postgres://remit@{self.host}:{self.port}/remit"

    def create(self) -> Postgres:
        self.folder.mkdir(exist_ok=True)
        if self.user:
            os.chown(self.folder, *pwd.getpwnam(self.user)[2:4])
        self._call("initdb", "-D", str(self.data), "-U", "remit", "-A", "trust", "--no-sync")
        if self.host != "127.0.0.1":
            (self.data / "pg_hba.conf").write_text("host all all 0.0.0.0/0 trust\n")
        self.start()
        self._call("createdb", "-h", self.host, "-p", str(self.port), "-U", "remit", "remit")
        return self

    def _call(self, program: str, *words: str) -> None:
        done = subprocess.run(
            [_programs() / program, *words], user=self.user, cwd="/", capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise RuntimeError(f"{program}: {done.stderr}")

    def start(self) -> None:
        """Start it, again and again while what is left of a killed one still holds its memory."""
        until(self._is_up, 60, 0.1)

    def _is_up(self) -> bool:
        if not self.part.runs:
            self.part.start()
        return self.answers()

    def answers(self) -> bool:
        words = [_programs() / "pg_isready", "-q", "-h", self.host, "-p", str(self.port)]
        return subprocess.run(words, check=False).returncode == 0

    def restart(self, how: signal.Signals) -> None:
        """SIGINT is a fast shutdown, SIGQUIT an immediate one, SIGKILL none at all."""
        assert self.part.process is not None
        self.part.process.send_signal(how)  # to the postmaster alone: its children are its own affair
        self.part.process.wait(timeout=60)
        self.start()

    def terminate(self, share: float) -> None:
        """End that share of the connections, all but the one that asks."""
        words = (
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            f"WHERE usename = 'remit' AND pid <> pg_backend_pid() AND random() < {share}"
        )
        where = ["-h", self.host, "-p", str(self.port), "-U", "remit", "remit"]
        subprocess.run([_programs() / "psql", "-qtc", words, *where], capture_output=True, check=False)

    def dump(self, file: Path) -> None:
        where = ["-h", self.host, "-p", str(self.port), "-U", "remit", "remit"]
        subprocess.run([_programs() / "pg_dump", "-Fc", "-f", str(file), *where], check=False)

    def stop(self) -> None:
        if self.part.process is not None and self.part.runs:
            self.part.process.send_signal(signal.SIGINT)
            with suppress(subprocess.TimeoutExpired):
                self.part.process.wait(timeout=20)
        self.part.kill()


class Redis:
    def __init__(self, folder: Path, port: int, host: str = "127.0.0.1") -> None:
        self.port, self.host = port, host
        program = shutil.which("redis-server") or "redis-server"
        command = [program, "--port", str(port), "--bind", host, "--save", "", "--dir", str(folder)]
        command += ["--protected-mode", "no"]
        self.part = Part("redis", command, os.environ, folder / "redis.log")

    @property
    def url(self) -> str:
        return f"redis://{self.host}:{self.port}/0"

    def start(self) -> Redis:
        self.part.start()
        until(lambda: listens(self.port, self.host), 20)
        return self

    def ask(self, *words: str) -> str:
        """Return what Redis answers, as redis-cli prints it."""
        command = ["redis-cli", "-h", self.host, "-p", str(self.port), *words]
        return subprocess.run(command, capture_output=True, text=True, timeout=10, check=False).stdout
