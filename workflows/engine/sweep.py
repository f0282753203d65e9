"""Sweep: find what nobody announced. Leases that ran out, attempts nobody finished, signals, ready work without a bell.

Any number of processes may sweep at once; each takes what no other holds.
"""

from __future__ import annotations

import logging
from contextlib import suppress
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q

from governance import databases
from governance.faultpoints import fault_point
from workflows import doorbell, signals
from workflows.actions import Action, Attempt, Status
from workflows.capabilities.contract import CapabilityError
from workflows.engine.advance import Runs
from workflows.engine.cancelling import may_have_happened
from workflows.engine.claim import MOST_CLAIMS
from workflows.engine.work import Work, capability_of
from workflows.retries import MOST_ATTEMPTS

log = logging.getLogger(__name__)
GRACE = timedelta(seconds=5)
"""How long after its deadline an attempt may still be on its way back."""
MOST = 200


def sweep(now: datetime) -> int:
    """Mend what stands still and ring if work is ready; return how many actions were mended."""
    mended = _mend_expired(now)
    fault_point("sweep.mended")
    signals.tell(now)
    if Action.objects.filter(status=Status.READY, not_before__lte=now).exists():
        doorbell.ring()
    return mended


def _mend_expired(now: datetime) -> int:
    """A claim has done nothing yet and is free at once; a begun attempt gets its grace first."""
    expired = Q(status=Status.CLAIMED, lease_until__lt=now) | Q(status=Status.STARTED, lease_until__lt=now - GRACE)
    found = dict(Action.objects.filter(expired).values_list("pk", "run_id")[:MOST])
    if not found:
        return 0
    with transaction.atomic():
        runs = Runs.lock(found.values(), now, skip=True)
        rows = Action.objects.filter(expired, pk__in=found, run__in=runs.by_id).order_by("pk")
        works = runs.works(databases.locked(rows, skip=True))
        doubtful = may_have_happened(work.action for work in works)
        for work in works:
            work.doubtful = work.action.pk in doubtful
            _mend(work, now)
        runs.write([*works, *runs.settled(works)])
    return len(works)


def _mend(work: Work, now: datetime) -> None:
    with suppress(CapabilityError):  # one that is no longer installed: then nothing is safe to repeat
        work.capability = capability_of(work.step)
    work.action.fence += 1
    if work.was == Status.CLAIMED:
        _release(work, now)
    else:
        _doubt(work, now)


def _release(work: Work, now: datetime) -> None:
    action = work.action
    if action.claims < MOST_CLAIMS:
        work.move(Status.READY, "action.unclaimed", now, worker=action.claimed_by)
        return
    action.trouble = f"{action.claims} workers took it and none came to begin it"
    if work.doubtful:
        work.move(Status.UNCERTAIN, "action.uncertain", now, trouble=action.trouble)
    else:
        work.move(Status.FAILED, "action.failed", now, trouble=action.trouble)


def _doubt(work: Work, now: datetime) -> None:
    """Whoever began it did not say what became of it: again with the same key where that is safe, else a person."""
    action = work.action
    trouble = f"{action.claimed_by} went away after it had begun"
    action.attempts.filter(result="").update(result=Attempt.Result.UNKNOWN, ended_at=now, answer={"trouble": trouble})
    action.trouble = trouble
    if _is_safe(work) and action.attempts_made < MOST_ATTEMPTS:
        work.move(Status.READY, "action.again", now, trouble=trouble)
    else:
        work.move(Status.UNCERTAIN, "action.uncertain", now, trouble=trouble)


def _is_safe(work: Work) -> bool:
    try:
        return work.capability is not None and work.capability.retry_safe(work.typed(work.capability))
    except Exception:  # the capability's payload has another shape by now, or its own code breaks
        log.exception("Whether action %s may be repeated could not be asked", work.action.pk)
        return False
