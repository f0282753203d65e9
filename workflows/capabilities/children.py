"""Runs that a step starts: how deep they may nest, and waiting until enough of them have ended."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from fractions import Fraction
from math import ceil
from typing import Any

from django.db.models import Count
from pydantic import RootModel, field_validator

from governance.people import Actor
from workflows.capabilities.contract import CapabilityError, Context, Done, More, Refused, Result
from workflows.definitions import Version
from workflows.engine.starting import CannotStart, start_many, version_to_start
from workflows.runs import Run, RunStatus

DEEPEST = 10
"""How many levels deep runs may start runs; one that nobody's run started is the first."""
LOOK_AGAIN = timedelta(seconds=5)
"""When a step that waits for its runs counts them again if nothing woke it before."""
FORMS = "join is none, all, {of: 10} or {share: 0.8}"


class Join(RootModel[Any]):
    """How many of the started runs must end before the step is done: as the file says it."""

    root: Any = "none"

    @field_validator("root")
    @classmethod
    def known(cls, value: Any) -> Any:
        match value:
            case "none" | "all":
                return value
            case {"of": int(number)} if len(value) == 1 and not isinstance(number, bool) and number >= 1:
                return value
            case {"share": float() | int() as share} if len(value) == 1 and not isinstance(share, bool):
                if 0 < share <= 1:
                    return value
        raise ValueError(FORMS)

    @property
    def waits(self) -> bool:
        return bool(self.root != "none")

    def needed(self, started: int) -> int:
        """Return how many must end; a share is rounded up, and 0.28 of 25 is 7 although floats say a little more."""
        match self.root:
            case "none":
                return 0
            case "all":
                return started
            case {"of": number}:
                return int(number)
            case _:
                return ceil(Fraction(str(self.root["share"])) * started)


def begin(slug: str, inputs: list[Mapping[str, Any]], context: Context) -> list[Run]:
    """Start a run for each input, inside the caller's transaction. Raises CapabilityError."""
    try:
        return start_many(
            version_of(slug),
            inputs,
            Actor("software", "Remit", context.started_by),
            context.now,
            trigger=f"by run {context.run_id}",
            parent=context.action_id,
            root=context.root_id,
        )
    except ValueError as error:
        raise CapabilityError(f"{slug}: {error}") from None


def version_of(slug: str) -> Version:
    """Return the version in force. Raises CapabilityError."""
    try:
        return version_to_start(slug)
    except CannotStart as error:
        raise CapabilityError(str(error)) from None


def check_depth(context: Context) -> None:
    """Raise CapabilityError when one more level of runs would be too many: then they start each other in a circle."""
    run, level = context.run_id, 1
    while run != context.root_id:
        parent = Run.objects.filter(pk=run).values_list("parent__run", flat=True).first()
        if parent is None:
            return
        run, level = parent, level + 1
        if level >= DEEPEST:
            words = f"runs would start each other more than {DEEPEST} levels deep; it looks as if they went in a circle"
            raise CapabilityError(f"{words}. Nothing was started.")


def settle(slug: str, join: Join, started: int, progress: Mapping[str, Any], context: Context) -> Result:
    """Return Done once enough of the step's runs have ended, Refused when that can no longer be, else a pause."""
    if not join.waits:
        return Done({"started": started, "workflow": slug})
    if join.root == "all" and Run.objects.filter(parent=context.action_id, status=RunStatus.OPEN).exists():
        return More(progress, until=context.now + LOOK_AGAIN)  # no need to count a hundred thousand for that
    count = _count(context.action_id)
    over = count[RunStatus.STOPPED] + count[RunStatus.CANCELLED]
    if count[RunStatus.ENDED] >= join.needed(started):
        return Done({"started": started, "ended": count[RunStatus.ENDED], "stopped": over, "workflow": slug})
    if count[RunStatus.OPEN]:
        return More(progress, until=context.now + LOOK_AGAIN)
    return Refused(_too_few(slug, join.needed(started), started, count))


def _count(action: int) -> dict[str, int]:
    rows = Run.objects.filter(parent=action).order_by().values_list("status").annotate(count=Count("pk"))
    return {**dict.fromkeys(RunStatus.values, 0), **dict(rows)}


def _too_few(slug: str, needed: int, started: int, count: Mapping[str, int]) -> str:
    found = [
        f"{count[status]:,} {words}"
        for status, words in ((RunStatus.STOPPED, "stopped"), (RunStatus.CANCELLED, "cancelled"))
        if count[status]
    ]
    what = f"Of {started:,} runs of “{slug}” {count[RunStatus.ENDED]:,} ended"
    return f"{what}{''.join(f', {words}' for words in found)}; {needed:,} had to. See the runs it started."
