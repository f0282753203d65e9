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
    """One thing done with it. `workflow` and `step` are titles; `may_open`: the reader may see its run."""

    run: int
    workflow: str
    step: str
    version: int
    settled_at: datetime
    may_open: bool


WAITS = Q(status__in=(Status.IN_REVIEW, Status.WITH_PERSON))
IN_HAND = Q(status__in=(Status.READY, Status.CLAIMED))


class Blast:
    """What withdrawing the asset would do, or has done, before one reader at one moment. Counts are of actions."""

    def __init__(self, asset: Asset, reader: Person, now: datetime) -> None:
        self.asset, self.reader, self.now = asset, reader, now

    @cached_property
    def waiting(self) -> list[int]:
        """The actions that wait for people: they are judged again at once."""
        return list(self._named.filter(WAITS).order_by("pk").values_list("pk", flat=True))

    @cached_property
    def approved(self) -> int:
        """What people approved and has not begun: it will not begin."""
        return self._named.filter(IN_HAND).exclude(approved_digest="").count()

    @cached_property
    def ready(self) -> int:
        """What software has in hand without a person's word: it will not begin either."""
        return self._named.filter(IN_HAND, approved_digest="").count()

    @cached_property
    def under_way(self) -> int:
        """What has begun: it cannot be called back."""
        return self._named.filter(status__in=(Status.STARTED, Status.UNCERTAIN)).count()

    @cached_property
    def outside(self) -> int:
        """What was done with it in the last 90 days and reached somebody outside."""
        return self._done.filter(inline=False).count()

    @cached_property
    def inside(self) -> int:
        """What was done in that time and only worked something out for later steps."""
        return self._done.filter(inline=True).count()

    @property
    def gone_out(self) -> int:
        return self.outside + self.inside

    @cached_property
    def listed(self) -> list[Use]:
        """The newest of what reached somebody outside."""
        mine = set(workflows_for(self.reader).values_list("pk", flat=True))
        columns = ("facts__assets", "run_id", "workflow_id", "step__version__title", "step__title", "settled_at")
        rows = self._done.filter(inline=False).order_by("-settled_at", "-pk").values_list(*columns)[:LISTED]
        return [
            Use(run, title, step, self._version(assets), settled, flow in mine)
            for assets, run, flow, title, step, settled in rows
            if settled
        ]

    @cached_property
    def doors(self) -> list[Door]:
        """The open reviews the reader may see, the most urgent first."""
        return gate().doors(self.waiting, self.reader, self.now)

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
        live = self._named.filter(WAITS | IN_HAND | Q(status__in=(Status.STARTED, Status.UNCERTAIN)))
        versions = {step.version_id for step in self.steps}
        return Run.objects.filter(Q(pk__in=live.values("run")) | Q(version__in=versions), status=RunStatus.OPEN).count()

    @property
    def stops(self) -> int:
        return len(self.waiting) + self.approved + self.ready

    def _is_named(self, params: Any) -> bool:
        return any(self.asset.key == text or _quotes(text, self.asset.key) for text in _texts(params))

    @property
    def _done(self) -> QuerySet[Action]:
        return self._named.filter(status=Status.DONE, settled_at__gte=self.now - WINDOW)

    @cached_property
    def _named(self) -> QuerySet[Action]:
        """The actions whose facts name one of the versions. By step, so that states are found by their index."""
        steps = Step.objects.exclude(capability="").values("pk")
        condition = Q()
        for version in self._versions:
            name: dict[str, str | int] = {"kind": str(self.asset.kind), "key": self.asset.key, "version": version}
            condition |= Q(ListsOne("facts", "assets", name))
        return Action.objects.filter(condition, step__in=steps)

    @cached_property
    def _versions(self) -> list[int]:
        """Those that would be withdrawn, or were, together with this one."""
        rows = Asset.objects.filter(kind=self.asset.kind, key=self.asset.key, version__lte=self.asset.version)
        return sorted(rows.values_list("version", flat=True))

    def _version(self, assets: list[dict[str, Any]]) -> int:
        """Return the version that facts name."""
        name = (self.asset.kind, self.asset.key)
        return max(int(one["version"]) for one in assets if (one["kind"], one["key"]) == name)


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
