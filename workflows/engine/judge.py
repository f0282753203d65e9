"""Judge: hold each proposal against what is in force now, under the run's version or today's, whichever is stricter."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from governance.envelope.guardrails import Rule
from governance.envelope.quiethours import OpenHours
from governance.envelope.stances import decided
from governance.envelope.tracks import by_key
from governance.envelope.whole import Envelope
from governance.judging import Condition, Outcome, Reason, Rules, Verdict, judge, stricter
from governance.rulebook import Rulebook, Status
from workflows.capabilities.registry import capabilities
from workflows.definitions import Step, Version
from workflows.engine.work import Work
from workflows.versions import published, terms_of


@dataclass(frozen=True)
class InForce:
    """The rulebook and the workflow versions in force, as one batch sees them."""

    rulebook: int | None
    versions: dict[int, int]

    @classmethod
    def now(cls, workflow_ids: set[int]) -> InForce:
        rulebook = Rulebook.objects.filter(status=Status.IN_FORCE).values_list("pk", flat=True).first()
        rows = Version.objects.filter(workflow__in=workflow_ids, status=Status.IN_FORCE)
        return cls(rulebook, dict(rows.values_list("workflow_id", "pk")))


def judge_one(work: Work, in_force: InForce, now: datetime) -> None:
    """Fill the verdict of the action, if it could be proposed."""
    if work.trouble:
        return
    work.verdict = verdict_on(work, in_force, now)
    action = work.action
    action.verdict = work.verdict.outcome.value
    action.reasons = [reason.as_json() for reason in work.verdict.reasons]
    action.needs = [need.as_json() for need in work.verdict.needs]
    action.judged = work.verdict.judged


def verdict_on(work: Work, in_force: InForce, now: datetime) -> Verdict:
    """Return the stricter of the verdicts under the pinned version and the one in force."""
    facts = {"usage": {}, **work.action.facts, "now": now}  # what nobody counted is beyond its allowance
    verdict = judge(facts, terms_of(work.step), rules_of(in_force.rulebook, work.step))
    current = in_force.versions.get(work.action.workflow_id)
    if current is None or current == work.step.version_id:
        return verdict
    today = published(current).steps_by_key.get(work.step.key)
    if today is None or today.capability != work.step.capability:
        return stricter(verdict, Verdict(Outcome.REVIEW, (_gone(published(current)),), 1))
    return stricter(verdict, judge(facts, terms_of(today), rules_of(in_force.rulebook, today)))


def steps_on(work: Work, in_force: InForce) -> list[Step]:
    """Return the pinned step and the same one in force, if that is another."""
    current = in_force.versions.get(work.action.workflow_id)
    if current is None or current == work.step.version_id:
        return [work.step]
    today = published(current).steps_by_key.get(work.step.key)
    return [work.step, today] if today and today.capability == work.step.capability else [work.step]


def rules_on(work: Work, in_force: InForce) -> list[Rules]:
    return [rules_of(in_force.rulebook, step) for step in steps_on(work, in_force)]


def _gone(version: Version) -> Reason:
    """No terms in force speak of the step any more, so nothing in force permits that software does it alone."""
    words = "The version in force no longer has this step, or does something else there"
    return Reason("version", Outcome.REVIEW, words, str(version))


def rules_of(rulebook_id: int | None, step: Step) -> Rules:
    """Return the rules for this step under this rulebook; compiled once a process, for neither ever changes."""
    return _rules(rulebook_id, step.version_id, step.key)


@lru_cache(maxsize=4096)
def _rules(rulebook_id: int | None, version_id: int, key: str) -> Rules:
    step = published(version_id).steps_by_key[key]
    rails = [Rule.model_validate(rail) for rail in step.guardrails]
    conditions = [_condition(rail, terms_of(step).source) for rail in rails]
    if not step.capability:  # a person does it with nothing of ours: there is nothing to approve or refuse
        return Rules("", "approved", "", conditions, uses=None)
    if rulebook_id is None:
        return Rules(step.capability, None, "No rulebook is in force", conditions)
    rulebook = Rulebook.objects.get(pk=rulebook_id)
    return narrowed(rulebook.envelope, str(rulebook), step, conditions)


def narrowed(envelope: Envelope, source: str, step: Step, conditions: Sequence[Condition]) -> Rules:
    """Return what the envelope says for this step, beside the step's own conditions. `source` names it for people."""
    place = (step.capability, step.version.workflow.slug, step.key)
    kind = (*place[:2], step.version.category)
    rails = [_condition(rail, source) for rail in envelope.guardrails if rail.applies(*place)]
    found = decided(envelope.stances, *place[:2])
    return Rules(
        step.capability,
        found.stance,
        source,
        [*conditions, *rails],
        review_by=found.review_by,
        uses=envelope.data_uses,
        classes=envelope.data_classes,
        phrases=envelope.phrases,
        allowances=[row for row in envelope.allowances if row.applies(*kind)],
        hours=hours_of(envelope, step),
        tracks=by_key(envelope.tracks),
    )


def hours_of(envelope: Envelope, step: Step) -> list[OpenHours]:
    """Return when the step's effects may happen; what has none outside our database needs no hours."""
    does = capabilities().get(step.capability)
    if does is None or not does.effect:
        return []
    kind = (step.capability, step.version.workflow.slug, step.version.category)
    return [row for row in envelope.open_hours if row.applies(*kind)]


def _condition(rail: Rule, source: str) -> Condition:
    return Condition(rail.when, Outcome(rail.effect), rail.reason, source, rail.track)
