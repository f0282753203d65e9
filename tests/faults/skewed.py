"""Runs a Python module with a clock that libfaketime set wrong.

    LD_PRELOAD=…/libfaketimeMT.so.1 FAKETIME=+1h FAKETIME_DONT_FAKE_MONOTONIC=1 python -m tests.faults.skewed MODULE …

libfaketime mistakes the moment until which Python's `time.sleep` wants to sleep, by the clock that is not wrong, and
answers with an error. So those who sleep wait for an event that never comes.
"""

import runpy
import sys
import threading
import time


def main() -> None:
    time.sleep = lambda seconds: threading.Event().wait(seconds)
    sys.argv = sys.argv[1:]
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
