"""The last results as a Markdown table: `uv run python -m tests.benchmarks.table [RESULTS.jsonl]`."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from tests.benchmarks.results import FILE

ORDER = ("pure-steps", "embedded", "effect-steps", "one-run", "judge", "fan-out", "scale", "halt")
"""Then the peers, in the order in which they were measured."""
HEAD = "| measured | target | figure | |\n|---|---|---|---|"
RELATIONS = {">=": "≥", "<=": "≤", "==": ""}
Line = dict[str, Any]


def latest(lines: Sequence[Line]) -> list[Line]:
    """Return the last whole run of each benchmark; one of a smaller size only where there is no whole one."""
    found: dict[str, Line] = {}
    for line in lines:
        before = found.get(line["benchmark"])
        if before is None or line["scale"] >= 1 or before["scale"] < 1:
            found[line["benchmark"]] = line
    known = [found.pop(name) for name in ORDER if name in found]
    return known + list(found.values())


def rows(line: Line) -> Iterator[str]:
    """Yield a row for what was measured and one for each of its figures."""
    size = "" if line["scale"] >= 1 else f" (at {line['scale']:g} of its size)"
    yield f"| **{line['what']}**{size} | | | |"
    for figure in line["figures"]:
        word = {True: "met", False: "**missed**", None: ""}[figure["met"]]
        target = _target(figure["target"])
        yield f"| {figure['what']} | {target} | {number(figure['value'])} {figure['unit']} | {word} |"


def number(value: float) -> str:
    """Return the number with as many places as it was measured with: 3,215 or 12.4 or 0.93."""
    return f"{value:,.0f}" if value >= 100 or value == int(value) else f"{value:.3g}"


def _target(text: str) -> str:
    if not text:
        return ""
    relation, bound = text.split()
    return f"{RELATIONS[relation]} {number(float(bound))}".strip()


def surroundings(lines: Sequence[Line]) -> Iterator[str]:
    """Yield where, when and with which versions it was measured; more than one if the lines differ."""
    seen = []
    for line in lines:
        box = line["machine"]
        words = (
            f"{box['cpu']}, {box['cores']} cores, {box['ram_gb']:g} GB, {box['system']}; "
            f"commit {line['commit']}, {line['at'][:10]}"
        )
        if words not in seen:
            seen.append(words)
    yield from seen
    versions = {name: version for line in lines for name, version in line["versions"].items()}
    yield ", ".join(f"{name} {version}" for name, version in versions.items())


def table(lines: Sequence[Line]) -> str:
    chosen = latest(lines)
    body = [row for line in chosen for row in rows(line)]
    return "\n".join([HEAD, *body, "", *(f"{words}." for words in surroundings(chosen))])


def main(file: Path) -> str:
    if not file.exists():
        return f"There are no results in {file} yet. Measure with: uv run pytest -m benchmark"
    return table([json.loads(line) for line in file.read_text().splitlines() if line])


if __name__ == "__main__":
    sys.stdout.write(main(Path(sys.argv[1]) if len(sys.argv) > 1 else FILE) + "\n")
