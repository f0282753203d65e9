"""The past of a workflow: its actions as they were judged, what people decided, and what was reported of them later.

Read by ranges of ids, the newest first, with no more than the columns that are needed. Nothing is written here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Q, QuerySet

from approvals.backtests.plan import Plan
from approvals.decisions import Choice, Decision
from governance.backtest import Case, Curve, Decided, Pair, Tally
from workflows.actions import Action, Proposed, Status
from workflows.outcomes import Outcome

CHUNK = 2000
NOT_PROPOSED = "Nothing could be proposed at the time"
NO_FACTS = "Nothing of what the rules saw was kept"
UNREADABLE = "What was kept of it cannot be judged"
EDITED = "Edited by a person, and judged as edited: what software had proposed was not kept at the time"
_DECIDED = {
    Choice.APPROVE: Decided.KEPT,
    Choice.EDIT: Decided.EDITED,
    Choice.LEFT_OUT: Decided.EDITED,
    Choice.REJECT: Decided.REJECTED,
    Choice.TAKE_OVER: Decided.BY_HAND,
    Choice.DONE: Decided.BY_HAND,
}


@dataclass(frozen=True)
class Window:
    """Which past: actions that were made from `since` on and before `until`, of these the `last` ones."""

    since: datetime | None = None
    until: datetime | None = None
    last: int | None = None


def actions(plan: Plan, window: Window) -> list[int]:
    """Return the ids of the actions to judge, the newest first: what was judged, or was to be and could not."""
    rows = _of(plan).filter(~Q(verdict="") | Q(status=Status.FAILED))
    if window.since is not None:
        rows = rows.filter(created_at__gte=window.since)
    if window.until is not None:
        rows = rows.filter(created_at__lt=window.until)
    return list(rows.order_by("-pk").values_list("pk", flat=True)[: window.last])


def _of(plan: Plan) -> QuerySet[Action]:
    rows = Action.objects.filter(workflow=plan.workflow, undo_of=None)
    return rows.filter(step__in=list(plan.steps), step__wait={})


def chunks(ids: Sequence[int]) -> Iterator[Sequence[int]]:
    for begin in range(0, len(ids), CHUNK):
        yield ids[begin : begin + CHUNK]


def judge_part(plan: Plan, ids: Sequence[int]) -> Tally:
    """Judge these actions again: four queries. `ids` fall, as `actions` gives them.

    What a person edited is judged as software had proposed it.
    """
    tally = Tally(Curve(plan.sweep) if plan.sweep else None)
    if not ids:
        return tally
    wanted, span = set(ids), (ids[-1], ids[0])
    decided, outcomes, proposed = _decided(plan, span), _outcomes(plan, span), _proposed(plan, span)
    rows = Action.objects.filter(workflow=plan.workflow, pk__range=span).order_by("-pk")
    for key, step, verdict, facts in rows.values_list("pk", "step_id", "verdict", "facts"):
        if key in wanted:
            pair, facts = plan.pair(step), proposed.get(key, facts)
            flaw = pair if isinstance(pair, str) else _flaw(verdict, facts)
            if flaw or isinstance(pair, str):
                tally.skip(key, flaw)
            else:
                said = decided.get(key, Decided.NOTHING)
                remark = EDITED if said is Decided.EDITED and key not in proposed else ""
                _judge(tally, pair, key, facts, said, outcomes.get(key, {}), (plan.remarks.get(step, ""), remark))
    return tally


def _judge(
    tally: Tally,
    pair: Pair,
    key: int,
    facts: dict[str, Any],
    decided: Decided,
    outcomes: Mapping[str, float | str],
    remarks: Sequence[str],
) -> None:
    try:
        facts["now"] = datetime.fromisoformat(facts["now"])
        before, after, sure = pair.verdicts(facts)
        amounts = {name: amount for name, amount in facts.get("amounts", {}).items() if _is_number(amount)}
    except (AttributeError, KeyError, TypeError, ValueError):
        tally.skip(key, UNREADABLE)
        return
    case = Case(key, before, after, decided, amounts, outcomes, pair.swept, sure)
    tally.add(case, filter(None, remarks))


def _flaw(verdict: str, facts: Any) -> str:
    if not facts:
        return NO_FACTS if verdict else NOT_PROPOSED
    return "" if verdict else NOT_PROPOSED


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _decided(plan: Plan, span: tuple[int, int]) -> dict[int, Decided]:
    """Return what people answered last, by action."""
    rows = Decision.objects.filter(review__action__workflow=plan.workflow)
    rows = rows.filter(review__action__gte=span[0], review__action__lte=span[1])
    rows = rows.filter(choice__in=list(_DECIDED)).order_by("at", "pk")
    return {action: _DECIDED[Choice(choice)] for action, choice in rows.values_list("review__action_id", "choice")}


def _proposed(plan: Plan, span: tuple[int, int]) -> dict[int, dict[str, Any]]:
    """Return what software had proposed of what was edited, by action."""
    rows = Proposed.objects.filter(action__gte=span[0], action__lte=span[1], action__workflow=plan.workflow)
    return dict(rows.values_list("action_id", "facts"))


def _outcomes(plan: Plan, span: tuple[int, int]) -> dict[int, dict[str, float | str]]:
    """Return what was reported last under each name, by action."""
    rows = Outcome.objects.filter(action__gte=span[0], action__lte=span[1], action__workflow=plan.workflow)
    found: dict[int, dict[str, float | str]] = {}
    for action, name, number, text in rows.order_by("pk").values_list("action_id", "name", "number", "text"):
        found.setdefault(action, {})[name] = text if number is None else number
    return found
