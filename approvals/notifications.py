"""The outbox: mails written in the transaction that causes them, sent after it, tried again until they are out."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime, timedelta

from django.conf import settings
from django.core.mail import EmailMessage
from django.db import models
from django.db.models import F, Q

from approvals.replies import reply_address
from governance.faultpoints import fault_point
from governance.mailcatcher import TEAM
from workflows.retries import backoff

log = logging.getLogger(__name__)
LEASE = timedelta(seconds=60)


class Notification(models.Model):
    """One mail to one person. `key` says what it is about, so that the same is never written twice.

    `review` is what it asks about, if it does; `answers` the mail whose answer it explains.
    """

    key = models.CharField(max_length=160, unique=True)
    to = models.EmailField()
    subject = models.CharField(max_length=300)
    body = models.TextField()
    team = models.SlugField(blank=True, help_text="whose affair it is")
    review = models.ForeignKey("approvals.Review", on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    answers = models.ForeignKey("self", on_delete=models.SET_NULL, null=True, blank=True, related_name="explanations")
    due_at = models.DateTimeField()
    tries = models.PositiveIntegerField(default=0)
    sent_at = models.DateTimeField(null=True, blank=True)
    trouble = models.TextField(blank=True)

    class Meta:
        ordering = ("id",)
        indexes = (models.Index(fields=["due_at"], condition=Q(sent_at=None), name="notification_to_send"),)

    def __str__(self) -> str:
        return f"“{self.subject}” to {self.to}"

    def message(self) -> EmailMessage:
        subject = " ".join(self.subject.split())
        headers = {"Message-ID": f"<notification-{self.pk}@remit>", TEAM: self.team, "Auto-Submitted": "auto-generated"}
        if self.answers_id:
            headers |= {"Auto-Submitted": "auto-replied", "In-Reply-To": f"<notification-{self.answers_id}@remit>"}
        reply_to = [reply_address(self.answers_id or self.pk, self.to)] if settings.REPLY_ADDRESS else None
        return EmailMessage(subject, self.body, to=[self.to], reply_to=reply_to, headers=headers)


def deliver(clock: Callable[[], datetime], limit: int = 50) -> int:
    """Send what is due; return how many went out. A mail that cannot be sent is tried again, ever more slowly.

    The first that cannot be sent ends the turn: a mail server that hangs must not keep the worker from other work.
    """
    due = Notification.objects.filter(sent_at=None, due_at__lte=clock())
    sent = 0
    for key in list(due.values_list("pk", flat=True)[:limit]):
        went = _deliver(key, clock)
        if went is None:
            break
        sent += went
    return sent


def _deliver(key: int, clock: Callable[[], datetime]) -> int | None:
    """Send one mail; return 1, 0 when another worker has it, None when it could not be sent."""
    now = clock()
    taken = Notification.objects.filter(pk=key, sent_at=None, due_at__lte=now).update(
        due_at=now + LEASE, tries=F("tries") + 1
    )
    if not taken:
        return 0
    notification = Notification.objects.get(pk=key)
    try:
        notification.message().send()
        fault_point("outbox.sent")
    except Exception as error:  # whatever it is, the others must not wait for it
        log.warning("Notification %s was not sent: %s", key, error)
        Notification.objects.filter(pk=key).update(
            due_at=clock() + backoff(notification.tries, 0.5), trouble=str(error)
        )
        return None
    Notification.objects.filter(pk=key).update(sent_at=clock(), trouble="")
    return 1
