"""A whole Remit with everything around it, each part a process of its own on a port of its own."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from governance.supervising import programs
from tests.faults.parts import Keeper, Part, Postgres, Redis, listens, python, until
from tests.live import ROOT, environment, free_port

FAKETIME = "/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1"
DISK = "3g"
ATTEMPT_SECONDS = 8
"""How long an attempt may take here; a minute outside. Of that the last five seconds are for the way back."""


class Disk:
    """A small disk for the database, whose size can be cut to what is used: then it is full."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir()
        words = ["mount", "-t", "tmpfs", "-o", f"size={DISK},mode=755", "remit-faults", str(folder)]
        self.is_ours = subprocess.run(words, capture_output=True, check=False).returncode == 0

    def fill(self) -> None:
        used = shutil.disk_usage(self.folder).used
        self._resize(str(used + 256 * 1024))

    def clear(self) -> None:
        self._resize(DISK)

    def _resize(self, size: str) -> None:
        subprocess.run(["mount", "-o", f"remount,size={size}", str(self.folder)], check=True)

    def remove(self) -> None:
        if self.is_ours:
            subprocess.run(["umount", "-l", str(self.folder)], check=False)


class System:
    """`up()` starts all of it, `down()` ends all of it and leaves nothing behind but the logs if `keep` is set."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="remit-faults-"))
        self.folder.chmod(0o755)
        (self.folder / "witnesses").mkdir()
        self.disk = Disk(self.folder / "disk")
        self.postgres = Postgres(self.folder / "disk" / "pg", free_port())
        self.redis = Redis(self.folder, free_port())
        self.ports = {name: free_port() for name in ("web", "line", "http", "smtp")}
        self.listener = socket.create_server(("127.0.0.1", self.ports["web"]), backlog=512)
        self.faults, self.cut = self.folder / "faults", self.folder / "cut"
        self.witnesses = [self._witness("http"), self._witness("smtp")]
        to = ("127.0.0.1", str(self.postgres.port), str(self.folder))
        self.line = self._part("line", python("tests.faults.proxy", str(self.ports["line"]), *to), kept=False)
        self.web = self._program(programs.web(self.listener.fileno()), self.listener.fileno())
        self.workers = [self._program(programs.worker(number)) for number in (1, 2)]
        self.clock = self._program(programs.clock())
        self.parts = [self.web, *self.workers, self.clock]
        self.keeper = Keeper([*self.parts, self.redis.part])

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.ports['web']}"

    @property
    def witness_url(self) -> str:
        return f"http://127.0.0.1:{self.ports['http']}"

    def environment(self, database: str) -> dict[str, str]:
        return {
            **environment(self.folder / "state", self.ports["web"]),
            "DATABASE_URL": database,
            "REDIS_URL": self.redis.url,
            "EMAIL_URL": f"smtp://127.0.0.1:{self.ports['smtp']}",
            "HTTP_ALLOWED_HOSTS": "127.0.0.1",
            "SITE_URL": self.url,
            "REMIT_ATTEMPT_SECONDS": str(ATTEMPT_SECONDS),
            "PYTHONUNBUFFERED": "1",
        }

    @property
    def of_driver(self) -> dict[str, str]:
        """The environment of whoever drives the schedule: straight to the database, and nothing arms it."""
        return {**self.environment(self.postgres.url), "REMIT_RING": "false"}

    def _part(self, name: str, command: list[str], *, kept: bool = True, inherited: tuple[int, ...] = ()) -> Part:
        through = f"postgres://remit@127.0.0.1:{self.ports['line']}/remit"
        surroundings = {**self.environment(through), "REMIT_FAULT_FILE": str(self.faults)}
        return Part(name, command, surroundings, self.folder / f"{name}.log", kept=kept, inherited=inherited)

    def _program(self, program: programs.Program, *inherited: int) -> Part:
        return self._part(program.name, python(program.module, *program.arguments), inherited=inherited)

    def _witness(self, kind: str) -> Part:
        words = (kind, "127.0.0.1", str(self.ports[kind]), str(self.folder / "witnesses"))
        return self._part(kind, python("tests.faults.witness", *words), kept=False)

    def servers_up(self) -> None:
        """Start what Remit needs, and migrate the database."""
        self.redis.start()
        for part in (*self.witnesses, self.line):
            part.start()
        self.postgres.create()
        until(lambda: all(listens(self.ports[name]) for name in ("line", "http", "smtp")), 20)
        self.manage("migrate", "--verbosity", "0")

    def remit_up(self) -> None:
        for part in self.parts:
            part.start()
        self.keeper.start()
        until(self.workers_listen, 60)

    def workers_listen(self) -> bool:
        """Whether both workers wait at Redis for the doorbell."""
        lines = self.redis.ask("CLIENT", "LIST").splitlines()
        return sum("cmd=brpop" in line for line in lines) >= len(self.workers)

    def allows(self, need: str) -> bool:
        return {"": True, "faketime": Path(FAKETIME).exists(), "a disk of its own": self.disk.is_ours}[need]

    def manage(self, *words: str) -> None:
        command = [sys.executable, "manage.py", *words]
        done = subprocess.run(
            command, cwd=ROOT, env=self.of_driver, capture_output=True, text=True, timeout=300, check=False
        )
        if done.returncode:
            raise RuntimeError(f"manage.py {' '.join(words)}: {done.stderr[-2000:]}")

    def arm(self, fault: str) -> Path:
        """Let the next process that passes there break; return the file that says it has."""
        return self._write(self.faults, fault)

    def arm_line(self, how: str) -> Path:
        return self._write(self.cut, how)

    def _write(self, file: Path, words: str) -> Path:
        fired = file.with_name(f"{file.name}.fired")
        fired.unlink(missing_ok=True)
        fresh = file.with_name(f"{file.name}.new")
        fresh.write_text(words)
        fresh.replace(file)
        return fired

    def disarm(self) -> None:
        for file in (self.faults, self.cut):
            file.unlink(missing_ok=True)

    def mood(self, kind: str) -> Path:
        return self.folder / "witnesses" / f"{kind}.mood"

    def down(self, *, keep: bool = False) -> None:
        if self.keeper.is_alive():
            self.keeper.end()
        for part in (*self.parts, self.line, *self.witnesses, self.redis.part):
            part.kept = False
            part.kill()
        self.postgres.stop()
        self.listener.close()
        self.disk.remove()
        if not keep:
            shutil.rmtree(self.folder, ignore_errors=True)


@contextmanager
def running(*, keep: bool = False) -> Iterator[System]:
    """A system whose servers are up and whose own processes are not yet. SIGTERM ends it as Ctrl-C does."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    system = System()
    try:
        system.servers_up()
        os.environ.update(system.of_driver)
        yield system
    finally:
        system.down(keep=keep)
