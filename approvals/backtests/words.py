"""What a backtest found, as lines for a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from governance.backtest import Share

VERDICTS = {"act": "act alone", "review": "to review", "human": "to a person", "refuse": "refused"}
DECIDED = {
    "kept": "approved unchanged",
    "edited": "approved after an edit",
    "rejected": "rejected",
    "by_hand": "done by people themselves",
    "nothing": "never answered by people",
}


def share(found: Mapping[str, Any]) -> Share:
    return Share(found["hits"], found["of"])


def amount(number: float) -> str:
    """Return 12500.0 as “12,500” and 0.25 as “0.25”."""
    return f"{number:,.0f}" if float(number).is_integer() else f"{number:,.2f}"


def lines(result: Mapping[str, Any]) -> Iterator[str]:
    """Yield the findings, the most important first."""
    coverage, released, rejected = (share(result[name]) for name in ("coverage", "released", "rejected"))
    yield f"{coverage.hits:,} of {coverage.of:,} past actions could be judged ({coverage.percent})."
    yield from (f"  {count:,} could not: {reason}" for reason, count in result["unjudged"].items())
    yield from (f"  {count:,}: {remark}" for remark, count in result["remarks"].items())
    yield f"{released.hits:,} of {released.of:,} would newly act alone: {released.percent}, {released.between}."
    if held := result["held_back"]["hits"]:
        yield f"{held:,} that software did alone would not act alone any more."
    if released.hits:
        said = f"{rejected.percent}, {rejected.between}" if rejected.of else "nobody knows"
        yield f"People had rejected {rejected.hits:,} of the {rejected.of:,} released ones they answered: {said}."
        yield from (f"  {count:,} {DECIDED[name]}" for name, count in result["decided"].items() if count)
    yield from _verdicts(result["verdicts"])
    yield from _amounts(result["amounts"])
    yield from _outcomes(result["outcomes"])
    yield from _sweep(result["sweep"])


def _verdicts(verdicts: Mapping[str, Any]) -> Iterator[str]:
    yield f"{'':14}{'before':>10}{'after':>10}{'difference':>12}"
    for name, counts in verdicts.items():
        before, after = counts["before"], counts["after"]
        yield f"{VERDICTS[name]:14}{before:>10,}{after:>10,}{after - before:>+12,}".replace("-", "−")


def _amounts(amounts: Mapping[str, Any]) -> Iterator[str]:
    for name, judged in amounts["judged"].items():
        freed = amounts["released"].get(name, {"sum": 0, "count": 0})
        yield f"{name}: {amount(freed['sum'])} of {amount(judged['sum'])} released, in {freed['count']:,} actions"


def _outcomes(outcomes: Mapping[str, Any]) -> Iterator[str]:
    for name, found in outcomes["released"].items():
        for value, counts in found.get("values", {}).items():
            part = share(counts)
            yield f"{name} {value}: {part.hits:,} of {part.of:,} released, {part.percent}, {part.between}"
        if numbers := found.get("numbers"):
            yield f"{name}: {amount(numbers['sum'])} in {numbers['count']:,} released"


def _sweep(sweep: Mapping[str, Any] | None) -> Iterator[str]:
    if sweep is None:
        return
    yield f"Floor of {sweep['step']}, {sweep['of']:,} actions:"
    yield f"{'floor':>7}{'released':>10}{'share':>9}{'rejected':>10}{'answered':>10}  95 % interval"
    for point in sweep["points"]:
        released, rejected = share(point["released"]), share(point["rejected"])
        known = f"{rejected.percent:>8}  {rejected.between}" if rejected.of else ""
        row = f"{point['floor']:>7.2f}{released.hits:>10,}{released.percent:>9}{rejected.hits:>10,}{rejected.of:>10,}"
        yield f"{row}  {known}"
        for name in point["outcomes"]:
            said = (
                f"{value} {share(part).hits:,} of {part['of']:,}" for value, part in point["outcomes"][name].items()
            )
            yield f"{'':9}{name}: {', '.join(said)}"
