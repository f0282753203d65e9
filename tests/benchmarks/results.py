"""What a benchmark found: one JSON line, printed and appended to a file, so that the table is always of a real run."""

from __future__ import annotations

import json
import math
import operator
import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tests.benchmarks import machine
from tests.live import ROOT

FILE = Path(os.environ.get("REMIT_BENCHMARK_RESULTS") or ROOT / ".remit/benchmarks.jsonl")
SCALE = float(os.environ.get("REMIT_BENCHMARK_SCALE") or 1)
"""1 for the sizes the targets are stated for; less to try whether everything works."""
PUBLISHED: list[dict[str, Any]] = []
"""What this process has measured."""
_HOLDS = {">=": operator.ge, "<=": operator.le, "==": operator.eq}


def scaled(size: int, *, least: int = 1) -> int:
    return max(least, round(size * SCALE))


def percentile(values: Sequence[float], percent: int) -> float:
    """Return the smallest value that so many percent of the values do not exceed (nearest rank)."""
    return sorted(values)[max(0, math.ceil(len(values) * percent / 100) - 1)]


@dataclass(frozen=True)
class Figure:
    """One measured value. `target` is like “>= 3000”; empty where nothing is to be reached.

    Whether it is met says only a run of the whole size.
    """

    what: str
    value: float
    unit: str
    target: str = ""

    @property
    def met(self) -> bool | None:
        if not self.target or SCALE < 1:
            return None
        relation, bound = self.target.split()
        return bool(_HOLDS[relation](self.value, float(bound)))

    def as_json(self) -> dict[str, Any]:
        return {**asdict(self), "value": float(f"{self.value:.4g}"), "met": self.met}


@dataclass
class Result:
    """`sizes` says how much was done, `notes` holds what helps to understand the figures."""

    benchmark: str
    what: str
    figures: list[Figure]
    sizes: Mapping[str, int]
    versions: Mapping[str, str] = field(default_factory=dict)
    notes: Mapping[str, Any] = field(default_factory=dict)

    def publish(self) -> None:
        found = self._as_json()
        PUBLISHED.append(found)
        line = json.dumps(found)
        FILE.parent.mkdir(parents=True, exist_ok=True)
        with FILE.open("a") as file:
            file.write(f"{line}\n")
        sys.stdout.write(f"{line}\n")
        sys.stdout.flush()

    def _as_json(self) -> dict[str, Any]:
        return {
            "benchmark": self.benchmark,
            "what": self.what,
            "figures": [figure.as_json() for figure in self.figures],
            "met": None if SCALE < 1 else all(figure.met is not False for figure in self.figures),
            "sizes": self.sizes,
            "scale": SCALE,
            "notes": self.notes,
            "versions": {**machine.versions(), **self.versions},
            "machine": machine.machine(),
            "commit": machine.commit(),
            "at": datetime.now(UTC).isoformat(timespec="seconds"),
        }
