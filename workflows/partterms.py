"""A workflow as files say it, judged without a database: for worked examples and for checking a charter."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from governance.envelope.whole import Envelope
from governance.judging import Condition, Outcome, Rules, Terms, Verdict, judge
from workflows.capabilities.registry import capabilities
from workflows.engine.rules import Place, narrowed
from workflows.files import StepPart, WorkflowPart


def terms_of_part(workflow: WorkflowPart, step: StepPart) -> Terms:
    """Return the terms a step of a file would have in force."""
    does = capabilities().get(step.capability)
    return Terms(
        ownership=step.ownership,
        source=f"{workflow.title} · {step.title}",
        workflow=workflow.workflow,
        automation_allowed=workflow.automation_allowed,
        recommend_only=workflow.recommend_only,
        changes=does is None or does.changes,
        min_confidence=step.min_confidence,
        sample_rate=step.sample_rate,
        purpose=workflow.category,
        review_by=step.review_by,
        limits=step.limits,
        bands=step.bands,
        tracks=step.tracks,
        reviewers=step.reviewers,
        owner=workflow.owner,
    )


def rules_of_part(envelope: Envelope, source: str, workflow: WorkflowPart, step: StepPart) -> Rules:
    """Return the rules that would hold for a step of a file."""
    own = [
        Condition(rail.when, Outcome(rail.effect), rail.reason, f"{workflow.title} · {step.title}", rail.track)
        for rail in step.guardrails
    ]
    place = Place(step.capability, workflow.workflow, step.key, workflow.category)
    return narrowed(envelope, source, place, own)


def verdict_on_part(
    facts: Mapping[str, Any], envelope: Envelope, source: str, workflow: WorkflowPart, step: StepPart
) -> Verdict:
    """Return the verdict on these facts under a step and an envelope as files say them."""
    return judge(facts, terms_of_part(workflow, step), rules_of_part(envelope, source, workflow, step))
