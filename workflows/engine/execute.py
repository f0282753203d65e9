"""Execute: do exactly what was proposed and permitted, and say what came of it. Waits are carried out here, too."""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import datetime

from governance.jsontext import described
from workflows import retries
from workflows.actions import Attempt, Status
from workflows.capabilities.contract import CapabilityError, Done, More, NotSent, Outdated, Refused, Result, Unknown
from workflows.engine.work import Work

_KINDS = {Done: "ok", NotSent: "not_sent", Refused: "refused", Unknown: "unknown", Outdated: "unknown", More: "unknown"}


def execute_inline(works: Sequence[Work], now: datetime) -> None:
    """Execute actions without an outside effect, inside the caller's transaction, and note what became of each."""
    for work in works:
        result = run(work) if work.capability else Done({})
        match result:
            case More(progress, until):
                work.action.progress = described(dict(progress))
                work.action.not_before = until or now
            case Done(output):
                work.action.output = described(dict(output))
                work.move(Status.DONE, "action.done", now, output=_brief(work))
            case Outdated(trouble) if not work.action.is_undo:
                work.action.digest, work.action.approved_digest, work.action.trouble = "", "", trouble
            case NotSent(trouble) | Refused(trouble) | Unknown(trouble) | Outdated(trouble):
                work.action.trouble = trouble
                work.move(Status.FAILED, "action.failed", now, trouble=trouble)


def run(work: Work) -> Result:
    """Let the capability do it."""
    assert work.capability is not None and work.context is not None
    try:
        return work.capability.execute(work.typed(work.capability), work.context)
    except CapabilityError as error:
        return Refused(str(error))


def unknown_before(works: Sequence[Work]) -> set[int]:
    """Return those of which an earlier attempt is not known to have had no effect: one query for the batch."""
    again = [work.action.pk for work in works if work.action.attempts_made > 1]
    if not again:
        return set()
    rows = Attempt.objects.filter(action__in=again, result=Attempt.Result.UNKNOWN)
    return set(rows.values_list("action_id", flat=True))


def settle(work: Work, result: Result, now: datetime, *, unknown: bool) -> None:
    """Write the attempt's result into the action: done, again later, failed, or uncertain.

    `unknown`: an earlier attempt is not known to have had no effect.
    """
    assert work.capability is not None and work.attempt is not None
    action, kind = work.action, _KINDS[type(result)]
    trouble = "" if isinstance(result, Done) else getattr(result, "trouble", "")
    work.attempt.result, work.attempt.ended_at = kind, now
    work.attempt.answer = described(dict(result.output)) if isinstance(result, Done) else {"trouble": trouble}
    then = retries.after(
        kind,
        action.attempts_made,
        retry_safe=work.capability.retry_safe(work.typed(work.capability)),
        earlier_unknown=unknown,
        draw=random.random(),
    )
    action.trouble = trouble
    match then.then:
        case "done":
            action.output, action.trouble = work.attempt.answer, ""
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
