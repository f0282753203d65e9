"""The blast radius of a withdrawal: what uses an asset of the register now, and what went out with it.

Found by what each action's facts name, in the versions that would be withdrawn: the one looked at and all before it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any

from django.db.models import Q, QuerySet

from governance import rulebook
from governance.databases import ListsOne
from governance.people import Person
from governance.register import Asset, Kind
from workflows.access import workflows_for
from workflows.actions import Action, Status
from workflows.definitions import Step
from workflows.gates import Door, gate
from workflows.runs import Run, RunStatus

WINDOW = timedelta(days=90)
LISTED = 20
"""So many of each are listed; all are counted."""


@dataclass(frozen=True)
class Use:
    """One action that names it. `workflow` and `step` are titles; `may_open`: the reader may see its run.

    `inline`: it has no effect outside.
    """

    action: int
    run: int
    workflow: str
    step: str
    status: str
    version: int
    settled_at: datetime | None
    inline: bool
    may_open: bool


class Blast:
    """What withdrawing the asset would do, or has done, before one reader at one moment."""

    def __init__(self, asset: Asset, reader: Person, now: datetime) -> None:
        self.asset, self.reader, self.now = asset, reader, now

    @cached_property
    def waiting(self) -> list[Use]:
        """What waits for people: it is judged again at once."""
        return self._uses(Q(status__in=(Status.IN_REVIEW, Status.WITH_PERSON)))

    @cached_property
    def approved(self) -> list[Use]:
        """What people approved and has not begun: it will not begin."""
        return self._uses(Q(status__in=(Status.READY, Status.CLAIMED)) & ~Q(approved_digest=""))

    @cached_property
    def ready(self) -> list[Use]:
        """What software has in hand without a person's word: it will not begin either."""
        return self._uses(Q(status__in=(Status.READY, Status.CLAIMED), approved_digest=""))

    @cached_property
    def under_way(self) -> list[Use]:
        """What has begun: it cannot be called back."""
        return self._uses(Q(status__in=(Status.STARTED, Status.UNCERTAIN)))

    @cached_property
    def gone_out(self) -> list[Use]:
        """What was done with it in the last 90 days, the newest first: outside, or as words other steps then used."""
        found = self._uses(Q(status=Status.DONE, settled_at__gte=self.now - WINDOW))
        return sorted(found, key=lambda use: (use.settled_at or self.now, use.action), reverse=True)

    @property
    def outside(self) -> list[Use]:
        """Those of `gone_out` that reached somebody outside."""
        return [use for use in self.gone_out if not use.inline]

    @property
    def inside(self) -> list[Use]:
        """Those that only worked something out for later steps."""
        return [use for use in self.gone_out if use.inline]

    @cached_property
    def doors(self) -> list[Door]:
        """The open reviews the reader may see, the most urgent first."""
        return gate().doors([use.action for use in self.waiting], self.reader)

    @cached_property
    def steps(self) -> list[Step]:
        """The steps of versions in force that name it themselves."""
        rows = Step.objects.filter(version__status=rulebook.Status.IN_FORCE).exclude(capability="")
        rows = rows.select_related("version__workflow").order_by("version__title", "position")
        return [step for step in rows if self._is_named(step.params)]

    @cached_property
    def templates(self) -> list[Asset]:
        """The templates whose approval rests on this claim."""
        if self.asset.kind != Kind.CLAIM:
            return []
        rows = Asset.objects.filter(kind=Kind.TEMPLATE, withdrawn_at=None).order_by("key", "version")
        return [row for row in rows if self.asset.key in row.claims]

    @cached_property
    def open_runs(self) -> int:
        """How many open runs go through one of these steps, or have something that names it."""
        named = [use.run for use in (*self.waiting, *self.approved, *self.ready, *self.under_way)]
        versions = {step.version_id for step in self.steps}
        return Run.objects.filter(Q(pk__in=named) | Q(version__in=versions), status=RunStatus.OPEN).count()

    @property
    def stops(self) -> int:
        return len(self.waiting) + len(self.approved) + len(self.ready)

    def _is_named(self, params: Any) -> bool:
        return any(self.asset.key == text or _quotes(text, self.asset.key) for text in _texts(params))

    def _uses(self, which: Q) -> list[Use]:
        mine = set(workflows_for(self.reader).values_list("pk", flat=True))
        columns = (
            "pk",
            "run_id",
            "workflow_id",
            "step__version__title",
            "step__title",
            "status",
            "settled_at",
            "inline",
        )
        rows = self._actions(which).order_by("pk").values_list("facts__assets", *columns)
        return [
            Use(pk, run, title, step, Status(status).label, version, settled, inline, flow in mine)
            for assets, pk, run, flow, title, step, status, settled, inline in rows
            if (version := self._version(assets))
        ]

    def _actions(self, which: Q) -> QuerySet[Action]:
        wanted = {"kind": str(self.asset.kind), "key": self.asset.key}
        steps = Step.objects.exclude(capability="").values("pk")
        return Action.objects.filter(which, ListsOne("facts", "assets", wanted), step__in=steps)

    def _version(self, assets: list[dict[str, Any]]) -> int:
        """Return the version the action names, where it would be withdrawn; else 0."""
        same = [each for each in assets if (each["kind"], each["key"]) == (self.asset.kind, self.asset.key)]
        return max((each["version"] for each in same if each["version"] <= self.asset.version), default=0)


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for inner in value.values():
            yield from _texts(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _texts(inner)


def _quotes(text: str, key: str) -> bool:
    """Whether an expression holds the key as a text of its own."""
    return text.startswith("=") and (f"'{key}'" in text or f'"{key}"' in text)
