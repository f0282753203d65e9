"""From a draft to a version in force: proposed by one leader, ratified by a second where anything loosens.

What only tightens takes force on one leader's word. A proposal is frozen; it is sent back to be changed. Where nobody
else leads, one word is enough, and the ledger says whose.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

from django.db import transaction
from django.utils.timezone import localtime

from governance import databases, publishing, signatures
from governance.ledger import record
from governance.people import Actor, Person
from governance.publishing import Change, Direction
from governance.rulebook import Status, in_force
from governance.signatures import Kind, Signature, sign
from workflows import checks, examples
from workflows.definitions import Version, Workflow
from workflows.files import Document, WorkflowPart
from workflows.publishing import (
    NotPublishable,
    differences,
    fingerprint,
    part_of,
    predecessor,
    read,
    workflow_of,
    write,
)
from workflows.scrutiny import scrutiny
from workflows.yamltext import NOWHERE


def subject_of(version: Version) -> str:
    return f"version:{version.pk}"


def ratifiers(version: Version, proposer: Person) -> list[Person]:
    """Return who may give the second signature."""
    return signatures.ratifiers(proposer, version.workflow.owner_id)


def needs_second(version: Version, changed: Sequence[Change], person: Person) -> list[Person]:
    """Return who must ratify what this person proposes, one of them; empty where one word is enough."""
    return ratifiers(version, person) if publishing.overall(changed) is Direction.LOOSENS else []


def propose(
    version: Version,
    person: Person,
    now: datetime,
    *,
    seen: str = "",
    words: str = "",
    force_at: datetime | None = None,
    accepts: Collection[str] = (),
) -> bool:
    """Propose the draft, or put it in force where one word is enough; return whether it is in force now.

    `force_at` is when it takes force, at the earliest; `accepts` names worked examples that are known to break.
    Raises NotPublishable when it is no draft, unsound, changes nothing, breaks an example, or is not what was `seen`.
    """
    with transaction.atomic():
        held = _held(version, (Status.DRAFT,))
        _check(held, seen, accepts)
        changed = differences(held)
        later = force_at is not None and force_at > now
        Version.objects.filter(pk=held.pk).update(force_at=force_at if later else None)
        if not needs_second(held, changed, person) and not later:
            _take_force(held, person, None, now, words)
            return True
        Version.objects.filter(pk=held.pk).update(status=Status.PROPOSED)
        sign(subject_of(held), Kind.PROPOSED, person, now, words, fingerprint(held))
        facts = {"version": held.number, "words": words, "accepts": sorted(accepts), "changes": _said(changed)}
        record(Actor.of(person), "version.proposed", now, workflow=held.workflow_id, **facts)
        if later and not needs_second(held, changed, person):
            sign(subject_of(held), Kind.RATIFIED, person, now)
    return False


def ratify(version: Version, person: Person, now: datetime, *, seen: str) -> bool:
    """Give the second signature; return whether it is in force now, and not only at the time it names.

    Raises NotPublishable for who must not, and for what is not what was `seen`.
    """
    with transaction.atomic():
        held = _held(version, (Status.PROPOSED,))
        proposed = _proposal(held)
        if person not in ratifiers(held, proposed.person):
            raise NotPublishable(_must_not(held, proposed, person))
        if seen != fingerprint(held):
            raise NotPublishable("What is in force changed after you looked. Look again; nothing was ratified.")
        if (looked := scrutiny().to_open(held, person)) is not None and looked.left:
            raise NotPublishable(f"{looked.words} Nothing was ratified.")
        sign(subject_of(held), Kind.RATIFIED, person, now, seen=seen)
        facts = {"version": held.number, "proposed_by": proposed.person.name}
        record(Actor.of(person), "version.ratified", now, workflow=held.workflow_id, **facts)
        if held.force_at is not None and held.force_at > now:
            return False
        _take_force(held, proposed.person, person, now, proposed.words)
    return True


def _must_not(version: Version, proposed: Signature, person: Person) -> str:
    if person == proposed.person:
        return "You proposed this, so another leader ratifies it. Nothing was changed."
    names = " or ".join(other.name for other in ratifiers(version, proposed.person))
    return f"{names} may ratify this, not {person.name}. Nothing was changed."


def send_back(version: Version, person: Person, now: datetime, reason: str) -> None:
    """Make the proposal a draft again: another leader with a reason, or whoever proposed it. Raises NotPublishable."""
    if not reason.strip():
        raise NotPublishable("Say why; whoever proposed it reads that. Nothing was changed.")
    with transaction.atomic():
        held = _held(version, (Status.PROPOSED,))
        proposed = _proposal(held)
        if person != proposed.person and person not in ratifiers(held, proposed.person):
            raise NotPublishable("Only whoever may ratify it sends it back. Nothing was changed.")
        kind = Kind.WITHDRAWN if person == proposed.person else Kind.SENT_BACK
        Version.objects.filter(pk=held.pk).update(status=Status.DRAFT)
        sign(subject_of(held), kind, person, now, reason)
        facts = {"version": held.number, "reason": reason}
        record(Actor.of(person), f"version.{kind.value}", now, workflow=held.workflow_id, **facts)


def publish(
    version: Version, person: Person, now: datetime, *, second: Person | None = None, seen: str = "", words: str = ""
) -> list[Change]:
    """Put a draft in force at once, on the word of one leader, or of two; return what changed.

    For commands and programs that name both. Raises NotPublishable, also where a second leader is missing.
    """
    with transaction.atomic():
        held = _held(version, (Status.DRAFT, Status.PROPOSED))
        _check(held, seen, ())
        changed = differences(held)
        needed = needs_second(held, changed, person)
        if needed and second not in needed:
            names = " or ".join(other.name for other in needed)
            loose = sum(change.direction is Direction.LOOSENS for change in changed)
            raise NotPublishable(f"{loose} of the changes loosen, so a second leader must ratify: {names}.")
        if needed and second:
            facts = {"version": held.number, "proposed_by": person.name}
            record(Actor.of(second), "version.ratified", now, workflow=held.workflow_id, **facts)
        _take_force(held, person, second if needed else None, now, words)
    return changed


def load_in_force(
    text: str, person: Person, now: datetime, second: Person | None = None
) -> list[tuple[Version, list[Change]]]:
    """Put every workflow of a file in force: all of them or none; what is in force already stays (no changes).

    Raises FileProblems, NotPublishable.
    """
    documents = read(text, person)
    with transaction.atomic():
        return [put_in_force(document.part, person, now, second) for document in documents]


def put_in_force(
    part: WorkflowPart, person: Person, now: datetime, second: Person | None
) -> tuple[Version, list[Change]]:
    """Put the part, which was checked, in force unless it is so already (no changes). Raises NotPublishable."""
    workflow = workflow_of(part)
    current = workflow.version_in_force
    if current is not None and part_of(current) == part:
        return current, []
    version = write(workflow, part, person, now, aside=True)
    return version, publish(version, person, now, second=second)


def take_force_when_due(now: datetime) -> int:
    """Put in force what was ratified for a time that has come; return how many. Any number of processes may ask."""
    due = Version.objects.filter(status=Status.PROPOSED, force_at__lte=now)
    return sum(_due(version.pk, now) for version in list(due) if signatures.ratified(subject_of(version)))


def _due(key: int, now: datetime) -> bool:
    """What it would replace has changed since it was ratified: then leaders look again."""
    with transaction.atomic():
        databases.lock_exclusive(databases.HALTS)  # before any row, as everybody does who puts words in force
        row = databases.locked(Version.objects.filter(pk=key, status=Status.PROPOSED), skip=True).first()
        if row is None or (second := signatures.ratified(subject_of(row))) is None:
            return False
        held, proposed = _held(row, (Status.PROPOSED,)), _proposal(row)
        if fingerprint(held) != proposed.seen:
            Version.objects.filter(pk=key).update(status=Status.DRAFT, force_at=None)
            words = "What is in force changed after this was ratified"
            sign(subject_of(held), Kind.SENT_BACK, second.person, now, words)
            facts = {"version": held.number, "reason": words}
            record(Actor.of(second.person), "version.sent_back", now, workflow=held.workflow_id, **facts)
            return False
        other = second.person if second.person != proposed.person else None
        _take_force(held, proposed.person, other, now, proposed.words)
    return True


def _held(version: Version, statuses: tuple[Status, ...]) -> Version:
    """Lock the workflow and return the version as it stands. Raises NotPublishable when it is in no such state."""
    databases.lock_exclusive(databases.HALTS)  # begins under way end first; later ones are judged by what comes now
    databases.locked(Workflow.objects.filter(pk=version.workflow_id)).get()
    held = Version.objects.select_related("workflow", "owner").filter(pk=version.pk).first()
    if held is None:
        raise NotPublishable(f"Draft {version.number} was discarded meanwhile. Nothing was changed.")
    if held.status not in statuses:
        when = f" since {localtime(held.in_force_at):%-d %b %Y, %H:%M}" if held.in_force_at else ""
        raise NotPublishable(f"Version {held.number} is {held.get_status_display().lower()} already{when}.")
    return held


def _proposal(version: Version) -> Signature:
    found = signatures.standing(subject_of(version))
    if found is None:
        raise NotPublishable(f"Nobody proposed version {version.number}. Nothing was changed.")
    return found


def _check(version: Version, seen: str, accepts: Collection[str]) -> None:
    if seen and seen != fingerprint(version):
        raise NotPublishable("Somebody changed the draft, or what is in force, after you looked. Look again.")
    found = checks.problems(Document(part_of(version), NOWHERE))
    if found:
        raise NotPublishable("; ".join(f"{problem.key}: {problem.sentence}" for problem in found))
    current = predecessor(version)
    if current is not None and part_of(current) == part_of(version):
        raise NotPublishable(f"Draft {version.number} is the same as version {current.number}, which is in force.")
    new = [one for one in newly_broken(version) if one.example.title not in accepts]
    if new:
        said = "; ".join(map(str, new))
        raise NotPublishable(f"It breaks what leaders agreed to expect: {said}. Change it, or accept that knowingly.")


def newly_broken(version: Version) -> list[examples.Broken]:
    """Return the worked examples that hold today and would no longer."""
    book, current = in_force(), predecessor(version)
    if book is None or not book.envelope.examples:
        return []
    slug = version.workflow.slug
    before = examples.broken(book.envelope, {slug: part_of(current)} if current else {})
    known = {one.example.title for one in before}
    own = book.envelope.model_copy(
        update={"examples": [example for example in book.envelope.examples if example.workflow == slug]}
    )
    return [one for one in examples.broken(own, {slug: part_of(version)}) if one.example.title not in known]


def _take_force(version: Version, person: Person, second: Person | None, now: datetime, words: str) -> None:
    changed = differences(version)
    others = version.workflow.versions.filter(status=Status.IN_FORCE)
    others.update(status=Status.SUPERSEDED, superseded_at=now)
    moved = Version.objects.filter(pk=version.pk, status=version.status)
    signed = {"proposed_by": person, "ratified_by": second, "note": words}
    moved.update(status=Status.IN_FORCE, in_force_at=now, rejudged=False, **signed)
    Workflow.objects.filter(pk=version.workflow_id).update(title=version.title, owner=version.owner)
    facts = {"version": version.number, "changes": _said(changed), "note": words}
    facts |= {"ratified_by": second.name} if second else {}
    record(Actor.of(person), "version.in_force", now, workflow=version.workflow_id, **facts)


def _said(changed: Sequence[Change]) -> list[str]:
    return [f"{change.direction.value}: {change}" for change in changed]
