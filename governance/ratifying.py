"""The next rulebook, from draft to force: proposed by one leader, ratified by a second where anything loosens.

What only tightens takes force on one leader's word. Where nobody else leads, one word is enough; the ledger tells.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from django.db import transaction
from django.utils.timezone import localtime
from pydantic import ValidationError

from governance import databases, drafting, publishing, signatures
from governance.drafting import NotPublishable, Stale
from governance.envelope.whole import Envelope
from governance.ledger import Entry, record
from governance.people import Actor, Person
from governance.publishing import Change, Direction
from governance.rulebook import Rulebook, Status
from governance.signatures import Kind, Signature, sign

Titles = Mapping[str, str]
Check = Callable[[Envelope], Sequence[str]]
"""What worked examples say against an envelope, in sentences."""
Unread = Callable[[Rulebook], str]
"""What somebody has not looked at yet of what must be, in a sentence."""


def subject_of(book: Rulebook) -> str:
    return f"rulebook:{book.pk}"


def needs_second(changed: Sequence[Change], person: Person) -> list[Person]:
    """Return who must ratify what this person proposes, one of them; empty where one word is enough."""
    return signatures.ratifiers(person) if publishing.overall(changed) is Direction.LOOSENS else []


def propose(
    key: int,
    person: Person,
    now: datetime,
    *,
    seen: str,
    titles: Titles,
    words: str = "",
    force_at: datetime | None = None,
    check: Check = lambda envelope: (),
) -> bool:
    """Propose the draft with this id, or put it in force where one word is enough; return whether it is in force now.

    Raises NotPublishable when somebody was first, it changes nothing or breaks an example; Stale when it is not what
    the leader saw.
    """
    with transaction.atomic():
        held = _held(key, (Status.DRAFT,))
        changed = _checked(held, seen, titles, check)
        later = force_at is not None and force_at > now
        second = needs_second(changed, person)
        if not second and not later:
            _take_force(held, person, None, now, changed, words)
            return True
        Rulebook.objects.filter(pk=held.pk).update(status=Status.PROPOSED, force_at=force_at if later else None)
        sign(subject_of(held), Kind.PROPOSED, person, now, words, _replaces())
        facts = {"rulebook": held.number, "words": words, "changes": _said(changed)}
        record(Actor.of(person), "rulebook.proposed", now, **facts)
        if not second:
            sign(subject_of(held), Kind.RATIFIED, person, now)
    return False


def ratify(
    key: int, person: Person, now: datetime, *, seen: str, titles: Titles, unread: Unread = lambda book: ""
) -> bool:
    """Give the second signature; return whether it is in force now. Raises NotPublishable, Stale."""
    with transaction.atomic():
        held = _held(key, (Status.PROPOSED,))
        proposed = _proposal(held)
        if person not in signatures.ratifiers(proposed.person):
            raise NotPublishable("You proposed this, so another leader ratifies it. Nothing was changed.")
        if seen != drafting.seen_now():
            raise Stale
        if words := unread(held):
            raise NotPublishable(f"{words} Nothing was ratified.")
        sign(subject_of(held), Kind.RATIFIED, person, now, seen=_replaces())
        facts = {"rulebook": held.number, "proposed_by": proposed.person.name}
        record(Actor.of(person), "rulebook.ratified", now, **facts)
        if held.force_at is not None and held.force_at > now:
            return False
        _take_force(held, proposed.person, person, now, drafting.differences(held, titles), proposed.words)
    return True


def send_back(key: int, person: Person, now: datetime, reason: str) -> None:
    """Make the proposal a draft again: another leader with a reason, or whoever proposed it. Raises NotPublishable."""
    if not reason.strip():
        raise NotPublishable("Say why; whoever proposed it reads that. Nothing was changed.")
    with transaction.atomic():
        held = _held(key, (Status.PROPOSED,))
        kind = Kind.WITHDRAWN if person == _proposal(held).person else Kind.SENT_BACK
        Rulebook.objects.filter(pk=held.pk).update(status=Status.DRAFT, force_at=None)
        sign(subject_of(held), kind, person, now, reason)
        record(Actor.of(person), f"rulebook.{kind.value}", now, rulebook=held.number, reason=reason)


def publish(
    key: int, person: Person, now: datetime, *, seen: str, titles: Titles, note: str = "", second: Person | None = None
) -> Rulebook:
    """Put the draft in force at once, on the word of one leader, or of two. For commands that name both.

    Raises NotPublishable, also where a second leader is missing; Stale.
    """
    with transaction.atomic():
        held = _held(key, (Status.DRAFT,))
        changed = _checked(held, seen, titles, lambda envelope: ())
        needed = needs_second(changed, person)
        if needed and second not in needed:
            names = " or ".join(other.name for other in needed)
            loose = sum(change.direction is Direction.LOOSENS for change in changed)
            raise NotPublishable(f"{loose} of the changes loosen, so a second leader must ratify: {names}.")
        if needed and second:
            facts = {"rulebook": held.number, "proposed_by": person.name}
            record(Actor.of(second), "rulebook.ratified", now, **facts)
        return _take_force(held, person, second if needed else None, now, changed, note)


def take_force_when_due(now: datetime, titles: Titles) -> int:
    """Put in force what was ratified for a time that has come; return how many. Any number of processes may ask."""
    due = Rulebook.objects.filter(status=Status.PROPOSED, force_at__lte=now)
    return sum(_due(book.pk, now, titles) for book in list(due) if signatures.ratified(subject_of(book)))


def _due(key: int, now: datetime, titles: Titles) -> bool:
    """What it would replace has changed since it was ratified: then leaders look again."""
    with transaction.atomic():
        databases.lock_exclusive(databases.HALTS)  # before any row, as everybody does who puts words in force
        held = databases.locked(Rulebook.objects.filter(pk=key, status=Status.PROPOSED), skip=True).first()
        if held is None or (second := signatures.ratified(subject_of(held))) is None:
            return False
        proposed = _proposal(held)
        if _replaces() != proposed.seen:
            words = "What is in force changed after this was ratified"
            Rulebook.objects.filter(pk=key).update(status=Status.DRAFT, force_at=None)
            sign(subject_of(held), Kind.SENT_BACK, second.person, now, words)
            record(Actor.of(second.person), "rulebook.sent_back", now, rulebook=held.number, reason=words)
            return False
        other = second.person if second.person != proposed.person else None
        _take_force(held, proposed.person, other, now, drafting.differences(held, titles), proposed.words)
    return True


def _replaces() -> str:
    """Return what stands for the rulebook in force."""
    return str(Rulebook.objects.filter(status=Status.IN_FORCE).values_list("pk", flat=True).first() or "")


def _held(key: int, statuses: tuple[Status, ...]) -> Rulebook:
    """Lock the drafts and return this one. Raises NotPublishable when it is in no such state."""
    databases.lock_exclusive(databases.HALTS)  # begins under way end first; later ones are judged by this rulebook
    drafting.lock()
    held = Rulebook.objects.filter(pk=key).first()
    if held is None or held.status not in statuses:
        raise NotPublishable(_who_was_first(held))
    return held


def _proposal(held: Rulebook) -> Signature:
    found = signatures.standing(subject_of(held))
    if found is None:
        raise NotPublishable(f"Nobody proposed {held}. Nothing was changed.")
    return found


def _checked(held: Rulebook, seen: str, titles: Titles, check: Check) -> list[Change]:
    if seen != drafting.seen_now():
        raise Stale
    try:
        envelope = Envelope.of(held.content)
    except ValidationError as error:
        raise NotPublishable(f"The draft is not sound: {error.errors()[0]['msg']}.") from None
    changed = drafting.differences(held, titles)
    if not changed:
        raise NotPublishable("This draft changes nothing of what is in force. Nothing was published.")
    if broken := check(envelope):
        said = "; ".join(broken)
        raise NotPublishable(f"It breaks what leaders agreed to expect: {said}. Change it, or the example.")
    return changed


def _take_force(
    held: Rulebook, person: Person, second: Person | None, now: datetime, changed: Sequence[Change], note: str
) -> Rulebook:
    number = held.number if held.number == drafting.next_number() - 1 else drafting.next_number()
    Rulebook.objects.filter(status=Status.IN_FORCE).update(status=Status.SUPERSEDED, superseded_at=now)
    Rulebook.objects.filter(pk=held.pk, status=held.status).update(
        status=Status.IN_FORCE,
        number=number,
        in_force_at=now,
        note=note,
        proposed_by=person,
        ratified_by=second,
        rejudged=False,
    )
    facts = {"rulebook": number, "changes": _said(changed), "note": note}
    facts |= {"ratified_by": second.name} if second else {}
    record(Actor.of(person), "rulebook.in_force", now, **facts)
    return Rulebook.objects.get(pk=held.pk)


def _said(changed: Sequence[Change]) -> list[str]:
    return [f"{change.direction.value}: {change}" for change in changed]


def _who_was_first(rulebook: Rulebook | None) -> str:
    if rulebook is None:
        return "Another leader discarded this draft before your answer arrived. Nothing was published."
    entry = entry_in_force(rulebook)
    who = entry.actor_name if entry else "Another leader"
    when = f" on {localtime(rulebook.in_force_at):%-d %b %Y at %H:%M}" if rulebook.in_force_at else ""
    return f"{who} put this in force as {rulebook}{when}, before your answer arrived. Yours was not counted."


def entry_in_force(rulebook: Rulebook) -> Entry | None:
    """Return the ledger's word on who put it in force."""
    entries = Entry.objects.filter(run=None, verb="rulebook.in_force", data__rulebook=rulebook.number)
    return entries.select_related("person").last()
