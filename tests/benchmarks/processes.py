"""Processes of a benchmark: started with a log each, watched, measured by what the kernel says of them, ended."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from governance.supervising.programs import Program
from tests.live import ROOT

TICKS = os.sysconf("SC_CLK_TCK")
GRACE = 10.0


def tied(command: Sequence[str], how: str = "TERM") -> list[str]:
    """Return the command so that its process is ended when this one is killed, where the system can do that."""
    tie = shutil.which("setpriv")
    return [tie, "--pdeathsig", how, *command] if tie else list(command)


class Died(Exception):
    """A process ended that should go on; `str()` holds the end of its log."""


@dataclass
class Process:
    name: str
    process: subprocess.Popen[bytes]
    log: Path

    @property
    def pid(self) -> int:
        return self.process.pid

    def check(self) -> None:
        if self.process.poll() is not None:
            raise Died(f"{self.name} ended with {self.process.returncode}:\n{self.log.read_text()[-3000:]}")

    def pause(self) -> None:
        self.process.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        self.process.send_signal(signal.SIGCONT)

    @property
    def rss(self) -> int:
        """Bytes of memory it holds now."""
        return self._status("VmRSS")

    @property
    def most_rss(self) -> int:
        """The most bytes it held since `forget_peak`."""
        return self._status("VmHWM")

    def forget_peak(self) -> None:
        Path(f"/proc/{self.pid}/clear_refs").write_text("5")

    def _status(self, name: str) -> int:
        lines = Path(f"/proc/{self.pid}/status").read_text().splitlines()
        return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(f"{name}:"))


@dataclass
class Processes:
    """What was started here and nothing else; each dies with this process, however this one dies."""

    logs: Path
    running: list[Process] = field(default_factory=list)
    _lifeline: tuple[int, int] | None = None

    def program(self, program: Program, environment: Mapping[str, str]) -> Process:
        """Start a program of the product exactly as its supervisor does."""
        if self._lifeline is None:
            self._lifeline = os.pipe()
        gate, mouth = os.pipe()
        os.close(mouth)  # the gate stands open: the database is ready
        lifeline = self._lifeline[0]
        leash = [sys.executable, "-m", "governance.supervising.leash", str(lifeline), str(gate)]
        made = self.start(program.name, [*leash, program.module, *program.arguments], environment, (lifeline, gate))
        os.close(gate)
        return made

    def start(
        self, name: str, command: Sequence[str], environment: Mapping[str, str], inherited: tuple[int, ...] = ()
    ) -> Process:
        self.logs.mkdir(parents=True, exist_ok=True)
        log = self.logs / f"{name}.log"
        with log.open("ab") as output:
            process = subprocess.Popen(
                tied(command),
                cwd=ROOT,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                pass_fds=inherited,
            )
        made = Process(name, process, log)
        self.running.append(made)
        return made

    def check(self) -> None:
        for process in self.running:
            process.check()

    def stop(self) -> None:
        for process in self.running:
            process.process.terminate()
        for process in self.running:
            try:
                process.process.wait(timeout=GRACE)
            except subprocess.TimeoutExpired:
                process.process.kill()
                process.process.wait()
        self.running.clear()
        if self._lifeline is not None:
            for end in self._lifeline:
                os.close(end)
            self._lifeline = None


def cpu_seconds(pids: Iterable[int]) -> float:
    """Return the processor time these processes, and their children that have ended, took so far."""
    total = 0
    for pid in pids:
        try:
            fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
        except FileNotFoundError:
            continue
        total += sum(map(int, fields[11:15]))
    return total / TICKS


def family(pid: int) -> list[int]:
    """Return the process and its children."""
    children: list[int] = []
    for task in Path(f"/proc/{pid}/task").iterdir():
        children += map(int, (task / "children").read_text().split())
    return [pid, *children]
