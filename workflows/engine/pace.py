"""Pace: when something that is permitted may begin. Open hours and lead times let it wait; they never fail it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import chain

from governance import durations
from governance.envelope.openings import in_last_days, opening, told, working_days_later, working_time_later
from governance.envelope.quiethours import OpenHours
from governance.judging import Facts
from workflows.definitions import Step
from workflows.engine.judge import InForce, rules_on, steps_on
from workflows.engine.rules import rules_of
from workflows.engine.work import Work

LOOK_AGAIN = timedelta(days=1)
"""Where no opening is in sight, so that hours that are changed are noticed."""
LONGEST = timedelta(days=800)
"""Where no calendar has so many working days ahead."""


@dataclass(frozen=True)
class Wait:
    """Until when something waits, and why in few words."""

    until: datetime
    why: str


def for_hours(work: Work, rows: Sequence[OpenHours], now: datetime) -> Wait | None:
    """Return until when an effect waits for all these hours to be open. An approved one waits, too; an undoing, which
    somebody asked for, does not."""
    if work.action.is_undo:
        return None
    rows = told(rows, work.action.facts)  # because of any other a person was asked, who said yes
    opens = opening(rows, work.action.facts, now)
    if opens == now:
        return None
    names = ", ".join(row.title or row.key for row in rows)
    return Wait(opens or now + LOOK_AGAIN, f"quiet hours ({names})")


def hours_on(work: Work, in_force: InForce) -> list[OpenHours]:
    rows = chain.from_iterable(rules.hours for rules in rules_on(work, in_force))
    return list({row.key: row for row in rows}.values())


def for_lead(work: Work, in_force: InForce, now: datetime) -> Wait | None:
    """Return until when it waits if its last approval is given at this moment: so many working days.

    The terms it was proposed under or those in force, whichever lets it wait longer.
    """
    days = 0 if work.action.is_undo else max(step.lead_days for step in steps_on(work, in_force))
    if not days:
        return None
    rows = told(hours_on(work, in_force), work.action.facts)
    until = working_days_later(rows, work.action.facts, now, days)
    return Wait(until or now + LONGEST, f"{days} working day{'s' if days > 1 else ''} after the last approval")


def due_at(step: Step, facts: Facts, rulebook: int | None, now: datetime) -> datetime:
    """Return when the answer to what is asked now is due. `rulebook` is the one in force."""
    if not step.due_working and not step.due_sooner:
        return now + timedelta(seconds=step.due_in)
    rows = told(rules_of(rulebook, step).hours, facts)
    near = [row["in"] for row in step.due_sooner if in_last_days(rows, facts, now, row["last"], row["of"])]
    span = timedelta(seconds=min([step.due_in, *map(durations.seconds, near)]))
    if not step.due_working:
        return now + span
    return working_time_later(rows, facts, now, span) or now + LONGEST


def once_approved(work: Work, now: datetime) -> Wait | None:
    """Return until when it would wait if it were approved at this moment; None when it would begin at once."""
    in_force = InForce.now({work.action.workflow_id})
    lead = for_lead(work, in_force, now)
    hours = for_hours(work, hours_on(work, in_force), lead.until if lead else now)
    if lead and hours:
        return Wait(hours.until, f"{lead.why}, then {hours.why}")
    return lead or hours
