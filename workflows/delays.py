"""Delays: what may begin and waits for its hours, for room, or for its lead time; in words, for the pages."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from django.utils import timezone

from governance.ledger import Entry
from workflows.actions import Action, Status
from workflows.engine.pace import Wait

_VERBS = ("action.waits", "action.approved")


def delays_of(actions: Iterable[Action], now: datetime) -> dict[int | None, Wait]:
    """Return by action until when those wait that may begin, and why: one query, and none where nothing waits."""
    found = {action.pk: action for action in actions if action.status == Status.READY and action.not_before > now}
    waiting = {key: action for key, action in found.items() if not action.progress}
    if not waiting:
        return {}
    rows = Entry.objects.filter(run__in={action.run_id for action in waiting.values()}, verb__in=_VERBS)
    told = {entry.action: entry.data for entry in rows.order_by("pk") if entry.data.get("until")}
    return {
        key: Wait(action.not_before, str(told[key].get("why", "")))
        for key, action in waiting.items()
        if key in told and datetime.fromisoformat(told[key]["until"]) == action.not_before
    }


def until_words(when: datetime, now: datetime) -> str:
    """Return “14:00” today, else “Tue 10 Mar, 17:00”."""
    there, here = timezone.localtime(when), timezone.localtime(now)
    if there.date() == here.date():
        return f"{there:%H:%M}"
    return f"{there:%a} {there.day} {there:%b}{'' if there.year == here.year else f' {there.year}'}, {there:%H:%M}"
