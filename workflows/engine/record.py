"""Record: write what became of a batch. The only place that writes an action's state."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from governance.allowances import give_back
from governance.databases import insert_many, stamp, update_many
from governance.ledger import Entry, record_many
from workflows.actions import CAME_TO_NOTHING, TRANSITIONS, WAITING, WORKING, Action, IllegalMove, LostRace, Status
from workflows.engine.work import Work

EXPECTED = {"was": "text", "held": "integer"}
WRITTEN = {
    "status": "text",
    "not_before": "timestamptz",
    "awaits": "text",
    "settled_at": "timestamptz",
    "revision": "integer",
    "payload": "jsonb",
    "digest": "text",
    "facts": "jsonb",
    "confidence": "double precision",
    "verdict": "text",
    "reasons": "jsonb",
    "needs": "jsonb",
    "judged": "integer",
    "approved_digest": "text",
    "approved_reasons": "jsonb",
    "output": "jsonb",
    "progress": "jsonb",
    "trouble": "text",
    "attempts_made": "integer",
    "counted": "boolean",
    "claims": "integer",
    "claimed_by": "text",
    "fence": "integer",
    "lease_until": "timestamptz",
}
GIVEN_BACK = frozenset((*CAME_TO_NOTHING, Status.SKIPPED, Status.IN_REVIEW, Status.WITH_PERSON))
"""Nothing happened, for certain: what it took of an allowance is free again."""
_UNSETTLED = frozenset((*WORKING, *WAITING))


def save(works: Sequence[Work], now: datetime, closing: Iterable[Entry] = ()) -> None:
    """Write the actions and their Entries, each only if it still is in the state it was read in, or nothing at all.

    Those that are born are inserted as they stand. `closing` are Entries that come after those of the actions.
    Raises IllegalMove for a change the table does not know, LostRace when somebody else was first.
    """
    for work in works:
        _check(work)
        work.action.settled_at = None if work.action.status in _UNSETTLED else now
    returned = [work.action for work in works if work.action.counted and work.action.status in GIVEN_BACK]
    for action in returned:
        action.counted = False
    _change([work for work in works if not work.born])
    if returned:
        give_back([action.pk for action in returned], now)
    insert_many([work.action for work in works if work.born])
    record_many([*(entry for work in works for entry in work.entries), *closing])
    for work in works:
        work.was = Status(work.action.status)
        work.held = work.action.fence
        work.entries, work.changed, work.born = [], False, False


def _change(works: Sequence[Work]) -> None:
    changed = update_many(
        Action,
        WRITTEN,
        [_row(work) for work in works],
        given=EXPECTED,
        only_where="t.status = n.was AND t.fence = n.held",
    )
    if len(changed) != len(works):
        lost = sorted({work.action.pk for work in works} - set(changed))
        raise LostRace(f"Somebody else changed action {', '.join(map(str, lost))} first.")


def _check(work: Work) -> None:
    to = Status(work.action.status)
    if to != work.was and to not in TRANSITIONS[work.was]:
        raise IllegalMove(f"An action that is {work.was.label.lower()} cannot become {to.label.lower()}.")


def _row(work: Work) -> Mapping[str, Any]:
    values = vars(work.action)
    row = {name: values[name] for name in WRITTEN}
    for name in ("not_before", "settled_at", "lease_until"):
        if row[name] is not None:
            row[name] = stamp(row[name])
    row.update(id=values["id"], was=work.was.value, held=work.held)
    return row
