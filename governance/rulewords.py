"""The parts of a rulebook in few words, for what changes, the charter and the board. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from math import floor, log10
from typing import Any

from governance.envelope.allowances import Allowance, Window
from governance.envelope.guardrails import Guardrail
from governance.envelope.quiethours import OpenHours
from governance.envelope.tracks import Track
from governance.envelope.tripwires import Tripwire
from governance.flowwords import long

NEVER = "without an end"
WAITS = "it waits for room"
_PER = {
    "": "",
    "workflow": " for each workflow",
    "capability": " for each kind of action",
    "contact": " to one contact",
    "content": " of the same text",
    "run": " for each run",
}
_DAYS = {"mon": "Mon", "tue": "Tue", "wed": "Wed", "thu": "Thu", "fri": "Fri", "sat": "Sat", "sun": "Sun"}


def track_words(track: Track) -> str:
    """Return who must agree: “2 of Legal”, “whoever may decide so many recipients alone”."""
    match track:
        case Track(team=team, role="leader") if team:
            who = f"a leader of {team}"
        case Track(team=team) if team:
            who = f"team {team}"
        case Track(person=person) if person:
            who = person
        case Track(skill=skill) if skill:
            who = f"somebody qualified for {skill}"
        case Track(authority=measure, at_least=rung) if measure and rung is not None:
            who = f"somebody who may decide {number(rung)} {measure_words(measure)} alone"
        case Track(authority=measure) if measure:
            who = f"somebody who may decide so much alone ({measure})"
        case _:
            who = f"each team that owns a part ({track.owners})"
    return f"{track.need} of {who}" if track.need > 1 else who


def rail_words(rail: Guardrail, effects: Mapping[str, str]) -> str:
    return f"{rail.reason}: {effects[rail.effect]}{f', {rail.track} besides' if rail.track else ''}"


def number(value: float) -> str:
    """Return 100000.0 as 100,000 and 99999.99 as 99,999.99."""
    return f"{int(value):,}" if float(value).is_integer() else f"{value:,}"


def measure_words(measure: str) -> str:
    return measure.removeprefix("amounts.").replace("_", " ")


def valued(measure: str, *values: float) -> str:
    """Return values of a measure as people read them, in order: “1,000 to 1,200 recipients”, “10 to 12 % discount”."""
    name = measure_words(measure)
    bare = name.removesuffix(" pct").removesuffix(" percent")
    said = " to ".join(map(number, values))
    return f"{said} {name}" if bare == name else f"{said}\u00a0% {bare}"


def rounded(value: float, digits: int = 3) -> float:
    """Return the value to so many significant digits, for people: 8.9666… is 8.97; a sum of money keeps its units."""
    if value == 0:
        return 0.0
    places = digits - 1 - floor(log10(abs(value)))
    return round(value, max(places, 0))


def window_words(window: Window) -> str:
    """Return “a day (Europe/Berlin)”, “7 days, rolling”, “a year from 04-01”; empty when it never comes back."""
    if not window.every:
        return ""
    if window.kind == "rolling":
        return f"any {window.count} {window.every}s" if window.count > 1 else f"any {window.every}"
    begins = f" from {window.begins}" if window.begins else ""
    place = "" if window.zone == "UTC" else f" ({window.zone})"
    return f"{'an' if window.every == 'hour' else 'a'} {window.every}{begins}{place}"


def allowance_words(allowance: Allowance, effects: Mapping[str, str]) -> str:
    """Return “at most 2 items to one contact in any 7 days; beyond: a person approves”."""
    per = _PER.get(allowance.per, f" for each {allowance.per.removeprefix('record.').replace('_', ' ')}")
    span = window_words(allowance.window)
    within = f" in {span}" if span else " in all"
    track = f", {allowance.track} is asked" if allowance.track else ""
    bound = "less than" if allowance.below else "at most"
    limit, measure = number(allowance.limit), measure_words(allowance.measure)
    counted = allowance.measure in ("items", "contacts")
    what = f"{bound} {limit} {measure}" if counted else f"{measure} of {bound} {limit}"
    return f"{what}{per}{within}; beyond: {effects.get(allowance.over, WAITS)}{track}"


def over_words(allowance: Allowance, usage: Mapping[str, Any]) -> str:
    """Return the sum that goes beyond: “Programme spend (spring): 60,000 + 40,000 ≥ 100,000 in a year from 04-01”."""
    name = "" if allowance.per in ("", "content") else f" ({usage['name']})"
    span = window_words(allowance.window)
    sign = "≥" if allowance.below else ">"
    total = f"{number(usage['used'])} + {number(usage['adds'])} {sign} {number(allowance.limit)}"
    return f"{allowance.title}{name}: {total}{f' in {span}' if span else ''}"


def hours_words(hours: OpenHours) -> str:
    """Return “Mon, Tue, 08:00–18:00, Europe/Berlin, not on 3 holidays”."""
    place = hours.zone_field or hours.zone
    off = f", not on {len(hours.holidays)} holiday{'s' if len(hours.holidays) > 1 else ''}" if hours.holidays else ""
    return f"{', '.join(_DAYS[day] for day in hours.days)}, {hours.opens}–{hours.closes}, {place}{off}"


def tripwire_words(wire: Tripwire) -> str:
    """Return “3 bounced within 1 hour halt the step”."""
    share = f", if that is {wire.share * 100:g}\u00a0% or more of what was done," if wire.share else ""
    armed = "" if wire.armed else " (not armed: only counted)"
    what = f"{number(wire.times)} {measure_words(wire.seen)}{share} within {long(wire.within)}"
    return f"{what} halt the {wire.halts}{armed}"
