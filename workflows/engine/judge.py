"""Judge: hold each proposal against what is in force now, under the run's version or today's, whichever is stricter."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from governance.judging import Outcome, Reason, Rules, Verdict, judge, stricter
from governance.rulebook import Rulebook, Status
from workflows.definitions import Step, Version
from workflows.engine.rules import rules_of
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
