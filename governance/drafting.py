"""The draft of the next rulebook: one at a time, kept by any leader, then proposed (`ratifying`) or thrown away.

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

from governance import databases, rulechanges
from governance.envelope.whole import Envelope
from governance.ledger import record
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


def proposed() -> Rulebook | None:
    """Return the rulebook that waits to be ratified, or for the time it takes force."""
    return Rulebook.objects.filter(status=Status.PROPOSED).first()


def seen_now() -> str:
    """Return a digest of all that a leader sees while drafting: the rulebook in force and the draft."""
    books = [in_force(), current(), proposed()]
    seen = [[book.number, book.content] if book else None for book in books]
    return hashlib.sha256(json.dumps(seen, sort_keys=True).encode()).hexdigest()


def keep(content: Envelope | Mapping[str, Any], person: Person, now: datetime, *, seen: str) -> Rulebook:
    """Keep the content in the draft, which is begun if there is none. Nothing is in force by that.

    `seen` is what `seen_now` said when the form was drawn. Raises Stale when somebody was first, NotPublishable while
    a proposal stands.
    """
    said = Envelope.of(content).as_json()
    try:
        with transaction.atomic():
            lock()
            if seen != seen_now():
                raise Stale
            if (waits := proposed()) is not None:
                raise NotPublishable(
                    f"{waits} is proposed and waits to be ratified. Withdraw it or have it sent back to change it; "
                    f"nothing was kept."
                )
            draft = current() or _begin(person, now)
            Rulebook.objects.filter(pk=draft.pk).update(content=said)
    except IntegrityError:
        raise Stale from None
    return Rulebook.objects.get(pk=draft.pk)


def lock() -> None:
    """Let leaders who draft or publish wait for one another."""
    rows = Rulebook.objects.filter(status__in=(Status.DRAFT, Status.IN_FORCE)).order_by("pk")
    list(databases.locked(rows))


def _begin(person: Person, now: datetime) -> Rulebook:
    draft = Rulebook.objects.create(number=next_number(), created_by=person)
    record(Actor.of(person), "rulebook.drafted", now, rulebook=draft.number)
    return draft


def next_number() -> int:
    return int(Rulebook.objects.aggregate(last=Max("number"))["last"] or 0) + 1


def discard(person: Person, now: datetime) -> bool:
    """Throw the draft away. False when there is none."""
    with transaction.atomic():
        lock()
        draft = current()
        if draft is None:
            return False
        draft.delete()
        record(Actor.of(person), "rulebook.discarded", now, rulebook=draft.number)
    return True


def differences(draft: Rulebook, titles: Mapping[str, str]) -> list[Change]:
    """Return what the draft would change of what is in force."""
    return rulechanges.changes(content_of(in_force()), content_of(draft), titles)
