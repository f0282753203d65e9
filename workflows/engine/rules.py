"""The rules for one step: what the rulebook in force says of it, beside the step's own conditions."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

from governance.envelope.guardrails import Rule
from governance.envelope.quiethours import OpenHours
from governance.envelope.stances import decided
from governance.envelope.tracks import by_key
from governance.envelope.whole import Envelope
from governance.judging import Condition, Outcome, Rules
from governance.rulebook import Rulebook
from workflows.capabilities.registry import capabilities
from workflows.definitions import Step
from workflows.versions import published, terms_of


def rules_of(rulebook_id: int | None, step: Step) -> Rules:
    """Return the rules for this step under this rulebook; compiled once a process, for neither ever changes."""
    return _rules(rulebook_id, step.version_id, step.key)


@lru_cache(maxsize=4096)
def _rules(rulebook_id: int | None, version_id: int, key: str) -> Rules:
    rulebook = Rulebook.objects.get(pk=rulebook_id) if rulebook_id is not None else None
    return rules_under(rulebook, published(version_id).steps_by_key[key])


def rules_under(rulebook: Rulebook | None, step: Step) -> Rules:
    """Return the rules for this step under this rulebook as both stand now; drafts, which do change, are asked so."""
    own = [condition(Rule.model_validate(rail), terms_of(step).source) for rail in step.guardrails]
    if step.capability and rulebook is None:
        return Rules(step.capability, None, "No rulebook is in force", own)
    envelope = rulebook.envelope if rulebook else Envelope.of({})
    version = step.version
    place = Place(step.capability, version.workflow.slug, step.key, version.category)
    return narrowed(envelope, str(rulebook), place, own)


class Place(NamedTuple):
    """Where something is done: what holds there depends on all of these."""

    capability: str
    workflow: str
    step: str
    category: str = ""


def narrowed(envelope: Envelope, source: str, place: Place, own: Sequence[Condition]) -> Rules:
    """Return what the envelope says for a place. `source` names the envelope for people.

    Where a person works with nothing of ours, there is nothing to approve or refuse.
    """
    if not place.capability:
        return Rules("", "approved", "", own, uses=None)
    rails = [condition(rail, source) for rail in envelope.guardrails if rail.applies(*place[:3])]
    found = decided(envelope.stances, place.capability, place.workflow)
    kind = (place.capability, place.workflow, place.category)
    return Rules(
        place.capability,
        found.stance,
        source,
        [*own, *rails],
        review_by=found.review_by,
        uses=envelope.data_uses,
        classes=envelope.data_classes,
        phrases=envelope.phrases,
        allowances=[row for row in envelope.allowances if row.applies(*kind)],
        hours=_hours(envelope, kind),
        tracks=by_key(envelope.tracks),
    )


def _hours(envelope: Envelope, kind: tuple[str, str, str]) -> list[OpenHours]:
    """Return when the place's effects may happen; what has none outside our database needs no hours."""
    does = capabilities().get(kind[0])
    if does is None or not does.effect:
        return []
    return [row for row in envelope.open_hours if row.applies(*kind)]


def condition(rail: Rule, source: str) -> Condition:
    return Condition(rail.when, Outcome(rail.effect), rail.reason, source, rail.track)
