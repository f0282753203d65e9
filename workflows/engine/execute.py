"""Execute: do exactly what was proposed and permitted. Effects run outside every transaction, side by side."""

from __future__ import annotations

import logging
import random
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from functools import partial

from workflows import retries
from workflows.actions import Attempt, Status, describe
from workflows.capabilities.contract import CapabilityError, Done, More, NotSent, Outdated, Refused, Result, Unknown
from workflows.engine.work import Work

log = logging.getLogger(__name__)
SIDE_BY_SIDE = 8
PATIENCE = 30.0
"""Seconds after which no effect of a batch starts any more, so that all are over before the lease is."""
_KINDS = {Done: "ok", NotSent: "not_sent", Refused: "refused", Unknown: "unknown", Outdated: "unknown", More: "unknown"}


def execute_inline(works: Sequence[Work], now: datetime) -> None:
    """Execute actions without an outside effect, inside the caller's transaction, and note what became of each."""
    for work in works:
        result = _run(work) if work.capability else Done({})
        match result:
            case More(progress):
                work.action.progress = describe(dict(progress))
            case Done(output):
                work.action.output = describe(dict(output))
                work.move(Status.DONE, "action.done", now, output=_brief(work))
            case Outdated(trouble) if not work.action.is_undo:
                work.action.digest, work.action.approved_digest, work.action.trouble = "", "", trouble
            case NotSent(trouble) | Refused(trouble) | Unknown(trouble) | Outdated(trouble):
                work.action.trouble = trouble
                work.move(Status.FAILED, "action.failed", now, trouble=trouble)


def execute_effects(works: Sequence[Work]) -> list[Result]:
    """Execute begun actions in threads and return their results in order. No transaction is open."""
    stop_at = time.monotonic() + PATIENCE
    with ThreadPoolExecutor(max_workers=SIDE_BY_SIDE) as pool:
        return list(pool.map(partial(_run_effect, stop_at=stop_at), works))


def _run(work: Work) -> Result:
    assert work.capability is not None and work.context is not None
    try:
        return work.capability.execute(work.capability.Payload.model_validate(work.action.payload), work.context)
    except CapabilityError as error:
        return Refused(str(error))


def _run_effect(work: Work, stop_at: float) -> Result:
    """An effect that breaks in a way nobody foresaw may have happened; one that had to queue too long has not."""
    if time.monotonic() > stop_at:
        return NotSent("what began beside it took too long; it was left for later")
    try:
        return _run(work)
    except Exception as error:
        log.exception("Action %s broke while acting", work.action.pk)
        return Unknown(f"it broke while acting: {type(error).__name__}: {error}")


def settle(work: Work, result: Result, now: datetime) -> None:
    """Write the attempt's result into the action: done, again later, failed, or uncertain."""
    assert work.capability is not None and work.attempt is not None
    action, kind = work.action, _KINDS[type(result)]
    trouble = "" if isinstance(result, Done) else getattr(result, "trouble", "")
    work.attempt.result, work.attempt.ended_at = kind, now
    work.attempt.answer = describe(dict(result.output)) if isinstance(result, Done) else {"trouble": trouble}
    unknown = action.attempts.filter(result=Attempt.Result.UNKNOWN).exists() if action.attempts_made > 1 else False
    then = retries.after(
        kind,
        action.attempts_made,
        retry_safe=work.capability.retry_safe(work.capability.Payload.model_validate(action.payload)),
        earlier_unknown=unknown,
        draw=random.random(),
    )
    action.trouble = trouble
    match then.then:
        case "done":
            assert isinstance(result, Done)
            action.output = describe(dict(result.output))
            action.trouble = ""
            work.move(Status.DONE, "action.done", now, attempt=action.attempts_made, output=_brief(work))
        case "again":
            action.not_before = now + then.delay
            work.move(Status.READY, "action.again", now, attempt=action.attempts_made, trouble=trouble)
        case "failed":
            work.move(Status.FAILED, "action.failed", now, attempt=action.attempts_made, trouble=trouble)
        case _:
            work.move(Status.UNCERTAIN, "action.uncertain", now, attempt=action.attempts_made, trouble=trouble)


def _brief(work: Work) -> str:
    return work.capability.summary(work.action.output) if work.capability else ""
