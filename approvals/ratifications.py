"""Telling whoever may ratify a proposal, once, that it waits for them."""

from __future__ import annotations

from datetime import datetime

from django.conf import settings
from django.db import transaction
from django.template.loader import render_to_string
from django.urls import reverse

from approvals.notifications import Notification
from governance import signatures
from governance.people import Person
from governance.rulebook import Rulebook, Status
from governance.signatures import Kind, Signature
from workflows import ratifying
from workflows.definitions import Version


def tell_ratifiers(now: datetime) -> int:
    """Write a mail to each leader who may ratify a proposal that stands; return how many proposals were told of."""
    untold = Signature.objects.filter(kind=Kind.PROPOSED, told_at=None).select_related("person")
    return sum(_tell(proposed, now) for proposed in list(untold))


def _tell(proposed: Signature, now: datetime) -> int:
    with transaction.atomic():
        if not Signature.objects.filter(pk=proposed.pk, told_at=None).update(told_at=now):
            return 0
        found = _about(proposed)
        if found is None:
            return 0
        title, link, people = found
        Notification.objects.bulk_create(
            Notification(
                key=f"proposal:{proposed.pk}:person:{person.pk}",
                to=person.email,
                subject=f"Asked to ratify: {title}"[:300],
                body=render_to_string(
                    "mails/ratification.txt", {"proposed": proposed, "title": title, "person": person, "link": link}
                ),
                due_at=now,
            )
            for person in people
        )
    return 1


def _about(proposed: Signature) -> tuple[str, str, list[Person]] | None:
    """Return what is proposed, where, and who may ratify it; None when it no longer waits for anybody."""
    if signatures.ratified(proposed.subject) or signatures.standing(proposed.subject) != proposed:
        return None
    kind, key = proposed.subject.split(":")
    if kind == "version":
        version = Version.objects.select_related("workflow").filter(pk=key, status=Status.PROPOSED).first()
        if version is None:
            return None
        link = reverse("draft", args=[version.workflow.slug])
        return str(version), f"{settings.SITE_URL}{link}", ratifying.ratifiers(version, proposed.person)
    book = Rulebook.objects.filter(pk=key, status=Status.PROPOSED).first()
    if book is None:
        return None
    link = f"{settings.SITE_URL}{reverse('rulebook_publish')}"
    return str(book), link, signatures.ratifiers(proposed.person)
