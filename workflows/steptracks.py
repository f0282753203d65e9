"""Who must agree at a step of a draft, side by side: tracks of the step's own, added, changed, removed."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from pydantic import ValidationError

from governance.envelope.tracks import Track
from governance.jsontext import short_digest
from governance.people import Person
from workflows import checks, publishing
from workflows.definitions import Step, Workflow
from workflows.files import Document, StepPart, say
from workflows.revisions import revise
from workflows.yamltext import NOWHERE


class CannotStand(ValueError):
    """The step would not be whole; `str()` is a sentence."""


class ChangedSince(Exception):
    """Somebody else changed who must agree there since one looked. Nothing was kept."""

    def __init__(self, step: Step) -> None:
        now = ", ".join(track.words for track in tracks_of(step)) or f"any one of {step.reviewers.name}"
        super().__init__(f"Somebody changed who must agree here since you looked; now it is: {now}. Nothing was kept.")
        self.step = step


def tracks_of(step: Step) -> list[Track]:
    return [Track.model_validate(row) for row in step.tracks]


def seen_now(step: Step) -> str:
    """Return what stands for the step's tracks as somebody looks at them."""
    return short_digest(step.tracks)


def as_before(step: Step) -> Track:
    """Return the agreement that is asked while the step names none: any one of its reviewers."""
    team = step.reviewers
    return Track.model_validate({"key": team.slug, "title": team.name, "team": team.slug})


def put(
    workflow: Workflow,
    key: str,
    old: str,
    track: Track | None,
    person: Person,
    now: datetime,
    *,
    seen: str,
    besides: bool = False,
) -> None:
    """Put the track in place of the step's track `old` (empty: add it; None: remove that) in the workflow's draft.

    `besides`: where it is the step's first, its reviewers are asked as before, too.

    Raises ChangedSince, CannotStand, and NotPublishable where there can be no draft now.
    """
    with transaction.atomic():
        draft = publishing.draft(workflow, person, now)  # holds the workflow's row, so that one edits at a time
        step = draft.steps.get(key=key)
        if seen != seen_now(step):
            raise ChangedSince(step)
        rows = [row for row in step.tracks if row["key"] != old]
        place = next((place for place, row in enumerate(step.tracks) if row["key"] == old), len(rows))
        if besides and not step.tracks:
            rows, place = [as_before(step).model_dump(mode="json")], 1
        if track is not None:
            rows.insert(place, track.model_dump(mode="json"))
        _check(step, rows)
        revise(draft, key, {"tracks": rows}, person, now)


def _check(step: Step, rows: list[dict[str, object]]) -> None:
    """Hold the step as it would be against the same checks as a file."""
    keys = [row["key"] for row in rows]
    if len(set(keys)) < len(keys):
        raise CannotStand("This step has a track of that key already; give it another.")
    whole = publishing.part_of(step.version)
    index = next(index for index, each in enumerate(whole.steps) if each.key == step.key)
    try:
        whole.steps[index] = StepPart.model_validate({**whole.steps[index].model_dump(), "tracks": rows})
    except ValidationError as error:
        raise CannotStand(f"{say(error.errors()[0])}.") from None
    for problem in checks.problems(Document(whole, NOWHERE)):
        if problem.key.split(".")[:2] == ["steps", str(index + 1)]:
            raise CannotStand(f"{problem.sentence[:1].upper()}{problem.sentence[1:]}.")
