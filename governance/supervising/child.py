"""One supervised process and the group it leads: started, watched, started again with growing pauses, ended."""

import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from governance.supervising.programs import Program

SHORTEST_PAUSE, LONGEST_PAUSE = 0.2, 30.0
STEADY_AFTER = 20.0


def pause_before_restart(deaths_in_a_row: int) -> float:
    """Return the seconds to wait: twice as long after each early death, so that a broken program does not spin."""
    return float(min(LONGEST_PAUSE, SHORTEST_PAUSE * 2 ** (deaths_in_a_row - 1)))


def describe(status: int) -> str:
    return f"was killed by {signal.Signals(-status).name}" if status < 0 else f"ended with status {status}"


class Child:
    """Times are seconds of a monotonic clock. `due` is None while the process runs."""

    def __init__(self, program: Program, folder: Path, environment: Mapping[str, str]) -> None:
        self.program = program
        self.due: float | None = 0.0
        self._folder, self._environment = folder, environment
        self._process: subprocess.Popen[bytes] | None = None
        self._started_at, self._deaths = 0.0, 0

    def start(self, now: float, lifeline: int, gate: int, *inherited: int) -> int:
        """Start the program; returns the descriptor from which its output is read until its end, then closed."""
        output, mouth = os.pipe()
        leash = (sys.executable, "-m", "governance.supervising.leash", str(lifeline), str(gate))
        self._process = subprocess.Popen(
            [*leash, self.program.module, *self.program.arguments],
            cwd=self._folder,
            env=self._environment,
            stdin=subprocess.DEVNULL,
            stdout=mouth,
            stderr=mouth,
            pass_fds=(lifeline, gate, *inherited),
            start_new_session=True,
        )
        os.close(mouth)
        self._started_at, self.due = now, None
        return output

    def buried(self, now: float) -> int | None:
        """If the process has ended, end what is left of its group, plan the next start and return the exit status."""
        if self._process is None or not self._has_ended(self._process.pid):
            return None
        status = self.end()
        self._deaths = 1 if now - self._started_at >= STEADY_AFTER else self._deaths + 1
        self.due = now + pause_before_restart(self._deaths)
        return status

    @staticmethod
    def _has_ended(pid: int) -> bool:
        """Look without reaping: until it is reaped, the group's number can belong to nobody else."""
        return os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None

    @property
    def runs(self) -> bool:
        return self._process is not None

    def ask_to_stop(self) -> None:
        if self._process is not None:
            self._process.terminate()

    def end(self) -> int | None:
        """Kill the process with all its children, and return its exit status."""
        if self._process is None:
            return None
        with suppress(PermissionError):  # what macOS says of a group that has only a dead leader
            os.killpg(self._process.pid, signal.SIGKILL)
        status = self._process.wait()
        self._process = None
        return status
