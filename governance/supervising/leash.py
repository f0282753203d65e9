"""Runs a Python module so that it, and all it forks, die at once with the supervisor, however the supervisor died.

The supervisor alone holds the write end of a pipe, the lifeline. Every process under it waits in a thread for the end
of that pipe: the kernel closes it even after `kill -9`. Unlike PR_SET_PDEATHSIG this reaches grandchildren (gunicorn's
workers), whichever thread forked them, needs no `preexec_fn`, and works outside Linux too.

The gate is a second pipe: the program loads the application, then goes no further before the supervisor has closed it.
So web is ready the moment the database is.

    python -m governance.supervising.leash LIFELINE GATE MODULE [ARGUMENT ...]
"""

import importlib
import os
import runpy
import signal
import sys
import threading


def _wait_for_end_of(pipe: int) -> None:
    while os.read(pipe, 1):
        pass


def _die_at_end_of(lifeline: int) -> None:
    _wait_for_end_of(lifeline)
    os.kill(os.getpid(), signal.SIGKILL)


def _watch(lifeline: int) -> None:
    threading.Thread(target=_die_at_end_of, args=(lifeline,), name="leash", daemon=True).start()


def hold(lifeline: int) -> None:
    """Tie this process and every later fork of it to the lifeline."""
    os.register_at_fork(after_in_child=lambda: _watch(lifeline))
    _watch(lifeline)


def main() -> None:
    lifeline, gate, module = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
    hold(lifeline)
    importlib.import_module("governance.wsgi")
    _wait_for_end_of(gate)
    os.close(gate)
    sys.argv = [module, *sys.argv[4:]]
    runpy.run_module(module, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
