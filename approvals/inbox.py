"""Answers to mails: nothing is decided by mail, and whoever tries is told so, and where to decide. Once a day.

The explanation goes to the address the mail had been sent to and nowhere else. What is no answer of that person is
swallowed without a word. The ledger is not told: nothing happened.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import datetime, timedelta
from email.utils import parseaddr

from django.conf import settings
from django.db import IntegrityError, transaction
from django.template.loader import render_to_string
from django.urls import reverse

from approvals.notifications import Notification
from approvals.replies import Reply, is_signed_for
from approvals.reviews import Review, visible_to
from governance.incoming import is_answer
from governance.people import Person

log = logging.getLogger(__name__)
PAUSE = timedelta(days=1)
"""From one explanation of the same to the next."""


def receive(
    content: bytes, now: datetime, sender: str | None = None, recipients: Sequence[str] = ()
) -> Notification | None:
    """Read one message and write the mail that explains it to the outbox; return that, or None if it was swallowed.

    Raises ValueError for what is no mail.
    """
    reply = Reply.parse(content, sender, recipients)
    first = None if reply.mechanical or _is_own(reply.sender) else _answered(reply)
    person = Person.objects.filter(email__iexact=first.to, is_active=True).first() if first else None
    if first is None or person is None or _was_explained(first, now):
        log.info("A mail was swallowed: it answers nothing of ours, or was explained already.")
        return None
    return _explain(first, person, now)


def _is_own(sender: str) -> bool:
    return sender == parseaddr(settings.DEFAULT_FROM_EMAIL)[1].lower() or is_answer(sender)


def _answered(reply: Reply) -> Notification | None:
    """Return the mail that this answers, if its address was signed for whoever writes."""
    for key, signature in reply.tokens:
        if reply.sender and is_signed_for(key, reply.sender, signature):
            return Notification.objects.filter(pk=key, to__iexact=reply.sender).select_related("review").first()
    return None


def _was_explained(first: Notification, now: datetime) -> bool:
    about = {"review": first.review} if first.review else {"answers": first}
    given = Notification.objects.filter(**about, to__iexact=first.to, answers__isnull=False)
    return given.filter(due_at__gt=now - PAUSE).exists()


def _explain(first: Notification, person: Person, now: datetime) -> Notification | None:
    """Write the explanation. The key holds that of two answers at the same moment one is explained."""
    review = first.review if first.review and _may_see(first.review, person, now) else None
    what = review.headline if review else first.subject
    about = f"review:{first.review_id}" if first.review_id else f"mail:{first.pk}"
    try:
        with transaction.atomic():
            return Notification.objects.create(
                key=f"answer:{about}:person:{person.pk}:{now:%Y-%m-%d}",
                to=first.to,
                subject=f"Nothing was decided by your mail: {what}"[:300],
                body=_words(first, review, person, now),
                team=first.team,
                review=first.review,
                answers=first,
                due_at=now,
            )
    except IntegrityError:
        return None


def _words(first: Notification, review: Review | None, person: Person, now: datetime) -> str:
    link = f"{settings.SITE_URL}{reverse('review', args=[review.pk])}" if review else ""
    given = {"first": first, "person": person, "review": review, "now": now, "link": link}
    return render_to_string("mails/answer.txt", given)


def _may_see(review: Review, person: Person, now: datetime) -> bool:
    return visible_to(person, now).filter(pk=review.pk).exists()
