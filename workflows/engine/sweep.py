"""Sweep: find what nobody announced. Leases that ran out, attempts nobody finished, ready work without a bell."""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime, timedelta

from django.db import transaction

from governance import databases
from workflows import doorbell
from workflows.actions import Action, Attempt, Status
from workflows.capabilities.contract import CapabilityError
from workflows.engine.advance import advance
from workflows.engine.begin import ask_people
from workflows.engine.claim import MOST_CLAIMS
from workflows.engine.record import save
from workflows.engine.work import Work, capability_of, gather
from workflows.retries import MOST_ATTEMPTS

GRACE = timedelta(seconds=5)
MOST = 200


def sweep(now: datetime) -> int:
    """Mend what stands still and ring if work is ready; return how many actions were mended."""
    with transaction.atomic():
        stuck = Action.objects.filter(
            status__in=(Status.CLAIMED, Status.STARTED), lease_until__lt=now - GRACE
        ).order_by("pk")
        works = gather(list(databases.locked(stuck, skip=True)[:MOST]), now)
        for work in works:
            _mend(work, now)
        moved = [work for work in works if work.changed]
        save(works, now)
        ask_people(moved, now)
        advance({work.action.run_id for work in moved if work.action.settled_at}, now)
    if Action.objects.filter(status=Status.READY, not_before__lte=now).exists():
        doorbell.ring()
    return len(works)


def _mend(work: Work, now: datetime) -> None:
    action = work.action
    with suppress(CapabilityError):  # one that is no longer installed: then nothing is safe to repeat
        work.capability = capability_of(work.step)
    action.fence += 1
    if work.was == Status.CLAIMED:
        if action.claims < MOST_CLAIMS:
            work.move(Status.READY, "action.unclaimed", now, worker=action.claimed_by)
        else:
            action.trouble = f"{action.claims} workers took it and none came to begin it"
            work.move(Status.FAILED, "action.failed", now, trouble=action.trouble)
        return
    trouble = f"{action.claimed_by} went away after it had begun"
    action.attempts.filter(result="").update(result=Attempt.Result.UNKNOWN, ended_at=now, answer={"trouble": trouble})
    action.trouble = trouble
    safe = work.capability is not None and work.capability.retry_safe(
        work.capability.Payload.model_validate(action.payload)
    )
    if safe and action.attempts_made < MOST_ATTEMPTS:
        work.move(Status.READY, "action.again", now, trouble=trouble)
    else:
        work.move(Status.UNCERTAIN, "action.uncertain", now, trouble=trouble)
