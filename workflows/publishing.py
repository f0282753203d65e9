"""From file or draft to a version in force. A version in force is never changed, only superseded."""

from __future__ import annotations

import hashlib
import json
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Max

from governance import databases, durations, publishing
from governance.ledger import record
from governance.paths import EscalationPath
from governance.people import Actor, Person, Team
from governance.publishing import Change
from governance.rulebook import Status
from workflows import checks, files
from workflows.definitions import SCHEMA, Priority, Step, Version, Workflow
from workflows.files import Document, StepPart, WorkflowPart
from workflows.yamltext import FileProblems, Problem


class NotPublishable(Exception):
    """The draft cannot take force; `str()` is a sentence."""


def part_of(version: Version) -> WorkflowPart:
    """Return the version as a file says it."""
    return WorkflowPart(
        workflow=version.workflow.slug,
        title=version.title,
        purpose=version.purpose,
        owner=version.owner.slug,
        automation_allowed=version.automation_allowed,
        recommend_only=version.recommend_only,
        category=version.category,
        **_flow_of(version),
        input=version.input_schema,
        steps=[_step_part(step) for step in version.steps.select_related("reviewers", "escalation")],
    )


def _flow_of(version: Version) -> dict[str, Any]:
    return {
        "priority": Priority(version.priority).name.lower(),
        "key": version.key,
        "on_failure": version.on_failure,
        "schedule": version.schedule or None,
    }


def _step_part(step: Step) -> StepPart:
    plain = ("key", "title", "question", "capability", "params", "after", "when", "ownership", "assist")
    terms = (
        "confidence",
        "min_confidence",
        "sample_rate",
        "guardrails",
        "data",
        "limits",
        "tracks",
        "review_by",
        "lead_days",
        "due_working",
        "due_sooner",
        "on_reject",
    )
    values: dict[str, Any] = {name: getattr(step, name) for name in (*plain, *terms)}
    values.update((name, getattr(step, name) or None) for name in ("join", "repeat", "wait", "bands"))
    return StepPart(
        **values,
        reviewers=step.reviewers.slug,
        escalation=step.escalation.slug if step.escalation else "",
        due_in=durations.short(step.due_in),
        remind_in=durations.short(step.remind_in) if step.remind_in else "",
    )


def load(text: str, person: Person, now: datetime) -> list[tuple[Version, list[Change]]]:
    """Load every workflow of a file as a draft: all of them or none.

    Returns each version with its differences to what is in force. Raises FileProblems, NotPublishable.
    """
    documents = read(text, person)
    with transaction.atomic():
        return [keep(document.part, person, now) for document in documents]


def read(text: str, person: Person) -> list[Document]:
    """Return the workflows of a file that this person may load. Raises FileProblems with everything found wrong."""
    documents = files.read(text)
    found = [problem for document in documents for problem in allowed(document, person)]
    if found:
        raise FileProblems(sorted(found, key=lambda problem: problem.line))
    return documents


def allowed(document: Document, person: Person, names: checks.Names | None = None) -> list[Problem]:
    """Return what keeps this person from loading the workflow; see `checks.problems` for `names`."""
    found = checks.problems(document, names)
    team = Team.objects.filter(slug=document.part.owner).first()
    if team and not person.leads(team.pk):
        found.append(document.problem(("owner",), f"{person.name} does not lead {team.name}"))
    workflow = Workflow.objects.select_related("owner").filter(slug=document.part.workflow).first()
    if workflow and not person.leads(workflow.owner_id):
        sentence = f"“{workflow.slug}” belongs to {workflow.owner.name}, which {person.name} does not lead"
        found.append(document.problem(("workflow",), sentence))
    return found


def keep(part: WorkflowPart, person: Person, now: datetime) -> tuple[Version, list[Change]]:
    """Keep the part, which was checked, as the workflow's draft in place of any other. Raises NotPublishable."""
    workflow = workflow_of(part)
    _demand_no_proposal(workflow)
    workflow.versions.filter(status=Status.DRAFT).delete()
    version = write(workflow, part, person, now)
    return version, differences(version)


def workflow_of(part: WorkflowPart) -> Workflow:
    """Return the workflow the part is a version of, made if there is none."""
    owner = Team.objects.get(slug=part.owner)
    return Workflow.objects.get_or_create(slug=part.workflow, defaults={"title": part.title, "owner": owner})[0]


def _demand_no_proposal(workflow: Workflow) -> None:
    proposed = workflow.versions.filter(status=Status.PROPOSED).first()
    if proposed is not None:
        raise NotPublishable(
            f"Version {proposed.number} of {workflow.title} is proposed and waits to be ratified. Withdraw it or have "
            f"it sent back to change it; nothing was kept."
        )


def write(workflow: Workflow, part: WorkflowPart, person: Person, now: datetime, *, aside: bool = False) -> Version:
    """Write a new draft as the part says, or, `aside`, one that goes straight on into force. The part was checked."""
    teams = {team.slug: team for team in Team.objects.all()}
    paths = {path.slug: path for path in EscalationPath.objects.all()}
    number = (workflow.versions.aggregate(last=Max("number"))["last"] or 0) + 1
    version = Version.objects.create(
        workflow=workflow,
        number=number,
        status=Status.PROPOSED if aside else Status.DRAFT,
        title=part.title,
        purpose=part.purpose,
        owner=teams[part.owner],
        automation_allowed=part.automation_allowed,
        recommend_only=part.recommend_only,
        category=part.category,
        **control_flow(part),
        input_schema=part.input,
        created_by=person,
    )
    Step.objects.bulk_create(
        Step(
            version=version,
            position=position,
            **_values(step),
            reviewers=teams[step.reviewers],
            escalation=paths.get(step.escalation),
            due_in=durations.seconds(step.due_in),
            remind_in=durations.seconds(step.remind_in) if step.remind_in else 0,
        )
        for position, step in enumerate(part.steps)
    )
    record(Actor.of(person), "version.drafted", now, workflow=workflow.pk, version=version.number)
    return version


def control_flow(part: WorkflowPart) -> dict[str, Any]:
    """Return what says when runs begin and go on. What uses none of it stays readable for older workers."""
    return {
        "schema": SCHEMA if part.has_envelope else 2 if part.has_control_flow else 1,
        "priority": Priority[part.priority.upper()],
        "key": part.key,
        "on_failure": part.on_failure,
        "schedule": part.schedule.model_dump() if part.schedule else {},
    }


def _values(step: StepPart) -> dict[str, Any]:
    values = step.model_dump(mode="json", exclude={"reviewers", "escalation", "due_in", "remind_in", "review_by"})
    return {
        **values,
        **{name: values[name] or {} for name in ("join", "repeat", "wait", "bands")},
        "review_by": step.review_by,
    }


def draft(workflow: Workflow, person: Person, now: datetime, like: Version | None = None) -> Version:
    """Return the workflow's draft, made from the version in force (or from `like`, an older one) if there is none.

    Raises NotPublishable while a proposal stands, or where there is nothing to start from.
    """
    with transaction.atomic():
        databases.locked(Workflow.objects.filter(pk=workflow.pk)).get()
        existing = workflow.versions.filter(status=Status.DRAFT).first()
        if existing and like:
            raise NotPublishable(f"Draft {existing.number} stands. Publish or discard it first; nothing was changed.")
        if existing:
            return existing
        _demand_no_proposal(workflow)
        source = like or workflow.versions.filter(status=Status.IN_FORCE).first()
        if source is None:
            raise NotPublishable(f"{workflow.title} has no version to start a draft from.")
        return write(workflow, part_of(source), person, now)


def discard(version: Version, person: Person, now: datetime) -> None:
    """Throw a draft away."""
    with transaction.atomic():
        if Version.objects.filter(pk=version.pk, status=Status.DRAFT).delete()[0]:
            record(Actor.of(person), "version.discarded", now, workflow=version.workflow_id, version=version.number)


def spec_of(version: Version) -> dict[str, Any]:
    """Return the version for `governance.publishing.changes`: as a file says it, but teams and paths by their names."""
    spec = part_of(version).model_dump(exclude={"steps"})
    steps = version.steps.select_related("reviewers", "escalation")
    return {**spec, "owner": version.owner.name, "steps": [step_spec(step) for step in steps]}


def step_spec(step: Step) -> dict[str, Any]:
    """Return one step in the same way."""
    path = step.escalation.title if step.escalation else ""
    return {**_step_part(step).model_dump(), "reviewers": step.reviewers.name, "escalation": path}


def parts_in_force() -> dict[str, WorkflowPart]:
    """Return every workflow in force as a file says it, by slug."""
    versions = Version.objects.filter(status=Status.IN_FORCE).select_related("workflow", "owner")
    return {version.workflow.slug: part_of(version) for version in versions}


def predecessor(version: Version) -> Version | None:
    """Return what the version replaced or would replace: the one in force before it, or now."""
    others = version.workflow.versions.select_related("workflow", "owner").exclude(pk=version.pk)
    if version.in_force_at is None:
        return others.filter(status=Status.IN_FORCE).first()
    return others.filter(superseded_at=version.in_force_at).order_by("-number").first()


def differences(version: Version) -> list[Change]:
    """Return what this version changes of what was in force before it, or is now."""
    before = predecessor(version)
    return publishing.changes(spec_of(before) if before else None, spec_of(version))


def fingerprint(version: Version) -> str:
    """Return what stands for this draft and what it would replace, to publish exactly what was looked at."""
    before = predecessor(version)
    content = json.dumps([before.number if before else 0, part_of(version).model_dump(mode="json")], sort_keys=True)
    return hashlib.sha256(content.encode()).hexdigest()


def is_outdated(version: Version) -> bool:
    """Whether a draft was begun from an older version than the one in force; publishing it undoes what came since."""
    return version.workflow.versions.filter(status=Status.IN_FORCE, number__gt=version.number).exists()
