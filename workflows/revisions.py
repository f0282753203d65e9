"""What leaders write into a draft of a workflow, step by step. Nothing is in force by that."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import transaction
from pydantic import ValidationError

from governance import databases
from governance.jsontext import short_digest
from governance.ledger import Entry, record
from governance.people import Actor, Person
from governance.rulebook import Status
from workflows import files
from workflows.definitions import Step, Version
from workflows.files import WorkflowPart
from workflows.publishing import NotPublishable, control_flow, part_of, step_spec


class ChangedSince(NotPublishable):
    """Somebody else changed the step after one looked; `who`, and `step` as it is by now."""

    def __init__(self, who: str, step: Step) -> None:
        super().__init__(f"{who} changed {step.title} after you looked. Nothing was kept.")
        self.who, self.step = who, step


def seen_now(step: Step) -> str:
    """Return what stands for the step's terms as somebody looks at them, in a draft or in force."""
    return short_digest(step_spec(step))


def revise(
    version: Version, key: str, terms: Mapping[str, Any], person: Person, now: datetime, *, seen: str = ""
) -> None:
    """Write new terms of one step into a draft. Nothing is in force by that.

    `seen` is of what the person looked at (`seen_now`); empty where nobody looked. Raises NotPublishable, ChangedSince.
    """
    with transaction.atomic():
        held = _held_draft(version)
        step = held.steps.select_related("reviewers", "escalation").get(key=key)
        if seen and seen != seen_now(step):
            raise ChangedSince(_last_reviser(held, key), step)
        Step.objects.filter(version=held, key=key).update(**terms)
        _say_schema(held)
        record(Actor.of(person), "version.revised", now, workflow=held.workflow_id, version=held.number, step=key)


def _last_reviser(draft: Version, key: str) -> str:
    said = Entry.objects.filter(workflow=draft.workflow_id, verb="version.revised", data__version=draft.number)
    last = said.filter(data__step=key).order_by("-pk").first()
    return last.actor_name if last else "Somebody"


def revise_whole(version: Version, changed: Mapping[str, Any], person: Person, now: datetime) -> None:
    """Write into a draft what holds for the whole workflow: `automation_allowed`, `recommend_only`, `category`.

    Raises NotPublishable.
    """
    with transaction.atomic():
        held = _held_draft(version)
        try:
            WorkflowPart.model_validate({**part_of(held).model_dump(), **changed})
        except ValidationError as error:
            raise NotPublishable(f"{files.say(error.errors()[0])}. Nothing was kept.") from None
        Version.objects.filter(pk=held.pk).update(**changed)
        _say_schema(Version.objects.select_related("workflow", "owner").get(pk=held.pk))
        record(Actor.of(person), "version.revised", now, workflow=held.workflow_id, version=held.number, **changed)


def _say_schema(draft: Version) -> None:
    """Keep with the draft which form it is written in: bounds of a newer one are not for older workers."""
    Version.objects.filter(pk=draft.pk).update(schema=control_flow(part_of(draft))["schema"])


def _held_draft(version: Version) -> Version:
    held = databases.locked(Version.objects.filter(pk=version.pk, status=Status.DRAFT)).first()
    if held is None:
        raise NotPublishable(f"Draft {version.number} is no longer a draft; nothing was kept.")
    return held
