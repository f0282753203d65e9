"""The draft of the next rulebook: one at a time, kept by any leader, then put in force or thrown away.

A rulebook in force never changes; workers keep its rules compiled by its id.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Max
from django.utils.timezone import localtime
from pydantic import ValidationError

from governance import databases, rulechanges
from governance.envelope.whole import Envelope
from governance.ledger import Entry, record
from governance.people import Actor, Person
from governance.publishing import Change
from governance.rulebook import Rulebook, Status, in_force


class NotPublishable(Exception):
    """The draft cannot take force; `str()` is a sentence."""


class Stale(Exception):
    """What was seen has changed since; `str()` is a sentence."""

    def __init__(self) -> None:
        super().__init__("This changed since you looked: another leader kept other answers. Nothing of yours was kept.")


def content_of(rulebook: Rulebook | None) -> Envelope:
    """Return what the rulebook says; before the first one, nothing."""
    return rulebook.envelope if rulebook else Envelope()


def current() -> Rulebook | None:
    """Return the draft; None when nobody began one."""
    return Rulebook.objects.filter(status=Status.DRAFT).first()


def seen_now() -> str:
    """Return a digest of all that a leader sees while drafting: the rulebook in force and the draft."""
    books = [in_force(), current()]
    seen = [[book.number, book.content] if book else None for book in books]
    return hashlib.sha256(json.dumps(seen, sort_keys=True).encode()).hexdigest()


def keep(content: Envelope | Mapping[str, Any], person: Person, now: datetime, *, seen: str) -> Rulebook:
    """Keep the content in the draft, which is begun if there is none. Nothing is in force by that.

    `seen` is what `seen_now` said when the form was drawn. Raises Stale when somebody was first.
    """
    said = Envelope.of(content).as_json()
    try:
        with transaction.atomic():
            _lock()
            if seen != seen_now():
                raise Stale
            draft = current() or _begin(person, now)
            Rulebook.objects.filter(pk=draft.pk).update(content=said)
    except IntegrityError:
        raise Stale from None
    return Rulebook.objects.get(pk=draft.pk)


def _lock() -> None:
    """Let leaders who draft or publish wait for one another."""
    rows = Rulebook.objects.filter(status__in=(Status.DRAFT, Status.IN_FORCE)).order_by("pk")
    list(databases.locked(rows))


def _begin(person: Person, now: datetime) -> Rulebook:
    draft = Rulebook.objects.create(number=_next_number(), created_by=person)
    record(Actor.of(person), "rulebook.drafted", now, rulebook=draft.number)
    return draft


def _next_number() -> int:
    return int(Rulebook.objects.aggregate(last=Max("number"))["last"] or 0) + 1


def discard(person: Person, now: datetime) -> bool:
    """Throw the draft away. False when there is none."""
    with transaction.atomic():
        _lock()
        draft = current()
        if draft is None:
            return False
        draft.delete()
        record(Actor.of(person), "rulebook.discarded", now, rulebook=draft.number)
    return True


def differences(draft: Rulebook, titles: Mapping[str, str]) -> list[Change]:
    """Return what the draft would change of what is in force."""
    return rulechanges.changes(content_of(in_force()), content_of(draft), titles)


def publish(
    key: int, person: Person, now: datetime, *, seen: str, titles: Mapping[str, str], note: str = ""
) -> Rulebook:
    """Put the draft with this id in force and supersede the rulebook before it.

    Raises NotPublishable when somebody was first or it changes nothing, Stale when it is not what the leader saw.
    """
    with transaction.atomic():
        databases.lock_exclusive(databases.HALTS)  # begins under way end first; later ones are judged by this rulebook
        _lock()
        draft = Rulebook.objects.filter(pk=key).first()
        if draft is None or draft.status != Status.DRAFT:
            raise NotPublishable(_who_was_first(draft))
        if seen != seen_now():
            raise Stale
        _check_sound(draft)
        changed = differences(draft, titles)
        if not changed:
            raise NotPublishable("This draft changes nothing of what is in force. Nothing was published.")
        number = draft.number if draft.number == _next_number() - 1 else _next_number()
        databases.lock_exclusive(databases.HALTS)  # begins under way end first; later ones are judged by this rulebook
        Rulebook.objects.filter(status=Status.IN_FORCE).update(status=Status.SUPERSEDED, superseded_at=now)
        Rulebook.objects.filter(pk=key).update(status=Status.IN_FORCE, number=number, in_force_at=now, note=note)
        said = [f"{change.direction.value}: {change}" for change in changed]
        record(Actor.of(person), "rulebook.in_force", now, rulebook=number, changes=said, note=note)
        return Rulebook.objects.get(pk=key)


def _check_sound(draft: Rulebook) -> None:
    try:
        Envelope.of(draft.content)
    except ValidationError as error:
        raise NotPublishable(f"The draft is not sound: {error.errors()[0]['msg']}.") from None


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
