"""Reach: which records the software of a workflow may read and change. People have `access.records_for` instead.

Software is no person and sits in no team; what it may touch follows from the workflow it works for. It reaches the
records of the team that owns the workflow, of the teams that review one of its steps (they have a say in it and see
its runs), and those everybody shares. A workflow with a track of `owners` (“whoever owns a part of it agrees”) reaches
all records, because it asks their teams. A run that gave a record to another team goes on with that one. What lies
beyond is for the workflow as if it were not there.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from django.db.models import Q, QuerySet

from workflows.definitions import Version
from workflows.records import Record, find


@dataclass(frozen=True)
class Reach:
    """`teams` are the ids of those whose records it reaches besides the shared; None: of all. `given` are the records,
    by (kind, key), that the run itself gave to another team."""

    teams: frozenset[int] | None
    given: frozenset[tuple[str, str]] = frozenset()

    def holds(self, name: tuple[str, str], team: int | None) -> bool:
        return self.teams is None or team is None or team in self.teams or name in self.given

    def records(self) -> QuerySet[Record]:
        if self.teams is None:
            return Record.objects.all()
        reached = Q(team=None) | Q(team__in=self.teams)
        for kind, key in self.given:
            reached |= Q(kind=kind, key=key)
        return Record.objects.filter(reached)

    def title(self, kind: str, key: str) -> str:
        """Return what people call the record; its key where it has no name, or is not reached."""
        fields, team = find([(kind, key)]).get((kind, key), ({}, None))
        return str((self.holds((kind, key), team) and fields.get("name")) or key)


def reach_of(version: Version, known: Mapping[str, Mapping[str, Any]]) -> Reach:
    """Return the reach of a run of a published version, worked out once; `known` is what its steps gave so far."""
    found: Reach | None = vars(version).get("_reach")
    if found is None:
        found = vars(version)["_reach"] = _reach(version)
    given = {_gave(version, step, output) for step, output in known.items() if "whose" in output}
    return replace(found, given=frozenset(filter(None, given))) if given else found


def _gave(version: Version, step: str, output: Mapping[str, Any]) -> tuple[str, str] | None:
    """Return the record that software gave away there; what a person says they did by hand gives no reach."""
    software = version.steps_by_key[step].capability == "records.update" and "by" not in output
    return (str(output.get("kind", "")), str(output.get("record", ""))) if software else None


def _reach(version: Version) -> Reach:
    if any(track.get("owners") for step in version.ordered_steps for track in step.tracks):
        return Reach(None)
    return Reach(frozenset({version.owner_id, *(step.reviewers_id for step in version.ordered_steps)}))
