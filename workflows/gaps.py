"""What ought to be settled before software acts, point by point, and which of it is not: one list for all pages.

The six questions are management's; every answer is computed from what is in force, none is typed in.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from functools import cached_property
from typing import Any

from django.urls import reverse

from governance.envelope.data import use_of
from governance.envelope.stances import decided
from governance.envelope.whole import Envelope
from governance.paths import EscalationPath, Level
from governance.people import Membership, Role
from governance.register import Asset, in_use, versions_of
from workflows.capabilities.registry import capabilities
from workflows.definitions import Ownership, Step, Version
from workflows.outcomes import Outcome
from workflows.unowned import owner_tracks, unowned

PAST = timedelta(days=90)
SOON = timedelta(days=14)
_KINDS = {"template": "template", "offers": "offer", "claims": "claim", "tactic": "tactic"}
"""The params by which a step names what it uses, and what that is in the register."""
_QUOTED = re.compile(r"""['"]([\w-]+)['"]""")


class Question(Enum):
    """A management question, as the statement that should be true."""

    RIGHTS = "Decision rights are defined"
    REASONS = "Every step says why and who"
    STAFFED = "Templates, tactics and paths are approved and staffed"
    OWNERS = "Ownership by team is clear"
    BOUNDS = "Boundaries are decided"
    MEASURED = "Enough is measured to step in"


@dataclass(frozen=True)
class Point:
    """One thing that ought to be settled. `gap` says in words what is not; `column` is where the charter shows it.

    `url` leads to where it can be mended, `mend` says so in a word or two.
    """

    question: Question
    version: Version | None
    step: str = ""
    column: str = ""
    gap: str = ""
    about: str = ""
    mend: str = ""
    url: str = ""

    @property
    def where(self) -> str:
        """What the gap is a gap of, for a list without its table."""
        return f"{self.version.title}: {self.about}" if self.version else self.about


class Points:
    """Every point of these versions under an envelope at a moment. Five queries, however many steps, and three for each
    that asks owners."""

    def __init__(self, envelope: Envelope, versions: Sequence[Version], now: datetime) -> None:
        self.envelope, self.versions, self.now = envelope, versions, now

    @cached_property
    def all(self) -> list[Point]:
        return [*self.of_words, *self._assets(), *self._staff(), *self._measures()]

    @cached_property
    def of_words(self) -> list[Point]:
        """Those that follow from rulebook and versions alone, and so can be asked of any day."""
        return [point for version in self.versions for step in _decisions(version) for point in self._words(step)]

    @property
    def gaps(self) -> list[Point]:
        return [point for point in self.all if point.gap]

    def _words(self, step: Step) -> Iterator[Point]:
        yield from self._rights(step)
        yield self._reason(step)
        yield from self._bounds(step)
        yield from self._data(step)

    def _rights(self, step: Step) -> Iterator[Point]:
        if not step.capability:
            return
        stance = decided(self.envelope.stances, step.capability, step.version.workflow.slug)
        gap = "" if stance.stance else f"Nobody has decided whether software may use {step.capability}"
        if stance.review_by and stance.review_by <= self.now.date():
            gap = f"The approval of {step.capability} was to be reviewed by {stance.review_by:%-d %b %Y}"
        yield _point(Question.RIGHTS, step, "bounds", gap, "Decide", reverse("rulebook"))

    def _reason(self, step: Step) -> Point:
        gap = "" if step.version.purpose.strip() else "The workflow says no purpose"
        return _point(Question.REASONS, step, "question", gap, "Say it", _workflow(step))

    def _bounds(self, step: Step) -> Iterator[Point]:
        does = capabilities().get(step.capability)
        if step.ownership != Ownership.AUTOMATED or does is None:
            return
        place = (step.capability, step.version.workflow.slug, step.version.category)
        held = step.limits or step.bands or any(row.applies(*place) for row in self.envelope.allowances)
        gap = "" if held or not does.effect else "No limit set"
        if step.review_by and step.review_by <= self.now.date():
            gap = f"Was to be reviewed by {step.review_by:%-d %b %Y}; it asks again since"
        yield _point(Question.BOUNDS, step, "bounds", gap, "Set it", _terms(step))

    def _data(self, step: Step) -> Iterator[Point]:
        for name in step.data:
            use = use_of(self.envelope.data_uses, name, step.version.category)
            gap = "" if use else f"Nobody has decided on {name}"
            yield _point(Question.BOUNDS, step, "data", gap, "Decide", reverse("rulebook"))

    def _assets(self) -> Iterator[Point]:
        for version in self.versions:
            for step in _decisions(version):
                for kind, key in dict.fromkeys(_named(step.params, self._shelf)):
                    gap = self._asset_gap(kind, key)
                    url = reverse("asset", args=[kind, key]) if key in self._shelf[kind] else reverse("register")
                    yield _point(Question.STAFFED, step, "bounds", gap, "Mend it", url)

    def _asset_gap(self, kind: str, key: str) -> str:
        asset = in_use(self._shelf[kind].get(key, ()), self.now)
        if asset is None:
            return f"The {kind} “{key}” is not in the register"
        match asset.standing(self.now):
            case "withdrawn":
                return f"The {kind} “{asset.title}” was withdrawn"
            case "expired":
                return f"The {kind} “{asset.title}” is past its last day"
            case "future":
                return f"The {kind} “{asset.title}” is not approved yet"
        if asset.last_moment and asset.last_moment <= self.now + SOON:
            return f"The {kind} “{asset.title}” expires on {asset.last_moment:%-d %b}"
        return ""

    @cached_property
    def _shelf(self) -> dict[str, dict[str, list[Asset]]]:
        return {kind: versions_of(kind) for kind in _KINDS.values()}

    def _staff(self) -> Iterator[Point]:
        for version in self.versions:
            for step in _decisions(version):
                gap = "" if step.reviewers_id in self._answering else f"Nobody in {step.reviewers.name} can answer"
                yield _point(Question.OWNERS, step, "who", gap, "Give a role", reverse("people"))
                yield self._path(step)
                yield from self._owners(step)

    def _owners(self, step: Step) -> Iterator[Point]:
        """Where owners must agree, what software met in 90 days has one who can answer."""
        tracks = owner_tracks(step, self.envelope.tracks)
        if not tracks:
            return
        found = unowned(step, tracks, self.now)
        for one in found:
            yield _point(Question.OWNERS, step, "who", one.words, "Give it an owner", one.url)
        if not found:
            yield _point(Question.OWNERS, step, "who", "", "", "")

    @cached_property
    def _answering(self) -> set[int]:
        held = Membership.objects.filter(role__in=(Role.LEADER, Role.REVIEWER), person__is_active=True)
        return set(held.values_list("team", flat=True))

    def _path(self, step: Step) -> Point:
        if step.escalation_id is None:
            return _point(Question.STAFFED, step, "path", "Nobody else is asked", "Name a path", _terms(step))
        levels = self.levels.get(step.escalation_id, [])
        empty = [level for level in levels if not self._is_staffed(level)]
        gap = f"Nobody: {step.escalation} is empty" if not levels else ""
        if empty:
            ends = "Ends at" if empty[-1] == levels[-1] else "Passes"
            person = empty[-1].person
            gap = f"{ends} {person.name}, who left" if person else f"{ends} {empty[-1].who}, who are nobody"
        return _point(Question.STAFFED, step, "path", gap, "Mend the path", reverse("paths"))

    @cached_property
    def levels(self) -> dict[int, list[Level]]:
        rows = EscalationPath.objects.prefetch_related("levels__team", "levels__person")
        return {path.pk: list(path.levels.all()) for path in rows}

    def _is_staffed(self, level: Level) -> bool:
        if level.person is not None:
            return level.person.is_active
        return (level.team_id, level.role) in self._roles or (not level.role and level.team_id in self._answering)

    @cached_property
    def _roles(self) -> set[tuple[int | None, str]]:
        return set(Membership.objects.filter(person__is_active=True).values_list("team", "role"))

    def _measures(self) -> Iterator[Point]:
        """Whoever is to step in must hear what became of it: an effect outside wants outcomes reported."""
        for version in self.versions:
            for step in _decisions(version):
                does = capabilities().get(step.capability)
                if does is not None and does.effect:
                    gap = "" if (version.workflow_id, step.key) in self._reported else "Reports no outcome"
                    yield _point(Question.MEASURED, step, "question", gap, "See its record", _workflow(step))

    @cached_property
    def _reported(self) -> set[tuple[int, str]]:
        rows = Outcome.objects.filter(at__gt=self.now - PAST, at__lte=self.now)
        return set(rows.values_list("action__workflow", "action__step__key").distinct())


def _point(question: Question, step: Step, column: str, gap: str, mend: str, url: str) -> Point:
    return Point(question, step.version, step.key, column, gap, f"“{step.question}”", mend, url)


def _decisions(version: Version) -> list[Step]:
    return [step for step in version.ordered_steps if not step.wait]


def _workflow(step: Step) -> str:
    return reverse("workflow", args=[step.version.workflow.slug])


def _terms(step: Step) -> str:
    return reverse("terms", args=[step.version.workflow.slug, step.key])


def _named(params: dict[str, Any], shelf: dict[str, dict[str, list[Asset]]]) -> Iterator[tuple[str, str]]:
    """Yield what the params name of the register: as it stands there, and of CEL the keys that are in it."""
    for name, kind in _KINDS.items():
        value = params.get(name)
        for text in value if isinstance(value, list) else [value]:
            if isinstance(text, str) and text.startswith("="):
                yield from ((kind, key) for key in _QUOTED.findall(text) if key in shelf[kind])
            elif isinstance(text, str) and text:
                yield kind, text
