"""What a figure was measured on: the machine, the versions, the state of the code."""

from __future__ import annotations

import os
import platform
import subprocess
from importlib.metadata import version
from pathlib import Path
from typing import Any

from tests.live import ROOT

PACKAGES = ("django", "celery", "psycopg", "redis", "cel-expr-python")

LOAD = os.getloadavg()[0]
"""How busy the machine was before anything was measured; more than a little makes every figure worse."""


def machine() -> dict[str, Any]:
    return {
        "cpu": _line("/proc/cpuinfo", "model name") or platform.processor(),
        "cores": len(os.sched_getaffinity(0)),
        "ram_gb": round(int(_line("/proc/meminfo", "MemTotal").split()[0] or 0) / 2**20, 1),
        "system": f"{platform.system()} {platform.release()}",
        "load": round(LOAD, 2),
    }


def _line(file: str, name: str) -> str:
    """Return what stands behind the name in a file of `name: value` lines, or `0`."""
    for line in Path(file).read_text().splitlines():
        if line.startswith(name):
            return line.partition(":")[2].strip()
    return "0"


def versions() -> dict[str, str]:
    return {"python": platform.python_version(), **{name: version(name) for name in PACKAGES}}


def commit() -> str:
    """Return the commit of the code, with a `+` if files differ from it."""
    head = _git("rev-parse", "--short=12", "HEAD")
    return f"{head}+" if _git("status", "--porcelain") else head


def _git(*words: str) -> str:
    found = subprocess.run(["git", *words], cwd=ROOT, capture_output=True, text=True, check=False)
    return found.stdout.strip()
