"""Judge: hold each proposal against what is in force now, under the run's version or today's, whichever is stricter."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from governance.judging import Condition, Outcome, Reason, Rules, Verdict, judge, stricter
from governance.rulebook import Rulebook, Status
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


def judge_all(works: Sequence[Work], in_force: InForce, now: datetime) -> None:
    """Fill the verdict of each action that could be proposed."""
    for work in works:
        if work.trouble:
            continue
        work.verdict = verdict_on(work, in_force, now)
        action = work.action
        action.verdict = work.verdict.outcome.value
        action.reasons = [reason.as_json() for reason in work.verdict.reasons]
        action.judged = work.verdict.judged


def verdict_on(work: Work, in_force: InForce, now: datetime) -> Verdict:
    """Return the stricter of the verdicts under the pinned version and the one in force."""
    facts = {**work.action.facts, "now": now}
    verdict = judge(facts, terms_of(work.step), rules_of(in_force.rulebook, work.step))
    current = in_force.versions.get(work.action.workflow_id)
    if current is None or current == work.step.version_id:
        return verdict
    today = published(current).steps_by_key.get(work.step.key)
    if today is None or today.capability != work.step.capability:
        return stricter(verdict, Verdict(Outcome.REVIEW, (_gone(published(current)),), 1))
    return stricter(verdict, judge(facts, terms_of(today), rules_of(in_force.rulebook, today)))


def _gone(version: Version) -> Reason:
    """No terms in force speak of the step any more, so nothing in force permits that software does it alone."""
    words = "The version in force no longer has this step, or does something else there"
    return Reason("version", Outcome.REVIEW, words, str(version))


def rules_of(rulebook_id: int | None, step: Step) -> Rules:
    """Return the rules for this step under this rulebook; compiled once a process, for neither ever changes."""
    return _rules(rulebook_id, step.version_id, step.key)


@lru_cache(maxsize=4096)
def _rules(rulebook_id: int | None, version_id: int, key: str) -> Rules:
    rulebook = Rulebook.objects.get(pk=rulebook_id) if rulebook_id is not None else None
    return rules_under(rulebook, published(version_id).steps_by_key[key])


def rules_under(rulebook: Rulebook | None, step: Step) -> Rules:
    """Return the rules for this step under this rulebook as both stand now; drafts, which do change, are asked so."""
    conditions = [
        Condition(rail["when"], Outcome(rail["effect"]), rail["reason"], terms_of(step).source)
        for rail in step.guardrails
    ]
    if not step.capability:  # a person does it with nothing of ours: there is nothing to approve or refuse
        return Rules("", "approved", "", conditions)
    if rulebook is None:
        return Rules(step.capability, None, "No rulebook is in force", conditions)
    rails = [rail for rail in rulebook.guardrails.all() if rail.capability in ("", step.capability)]
    conditions += [Condition(rail.when, Outcome(rail.effect), rail.reason, str(rulebook)) for rail in rails]
    stance = rulebook.stances.filter(capability=step.capability).values_list("stance", flat=True).first()
    return Rules(step.capability, stance, str(rulebook), conditions)
