"""When things happen, in words: waits, joins, loops and schedules as files say them. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime
from typing import Any

from cronsim import CronSim, CronSimError

from governance import durations

Spec = Mapping[str, Any]
PRIORITIES = {"high": "before others", "normal": "in turn", "low": "after others"}
FAILURES = {"keep": "what was done stays done", "undo": "what can be undone is undone, the last first"}
_DAYS = {"mon": "Mon", "tue": "Tue", "wed": "Wed", "thu": "Thu", "fri": "Fri", "sat": "Sat", "sun": "Sun"}
_UNITS = {"d": "day", "h": "hour", "m": "minute", "s": "second"}


def wait_words(wait: Spec) -> str:
    """Return what comes after “waits”: “3 days”, “for the signal “replied”, at most 3 days”; empty without a wait."""
    if not wait:
        return ""
    timer = _timer_words(wait)
    if not wait.get("signal"):
        return timer
    about = f" about {_said(wait['key'])}" if wait.get("key") else ""
    other = f", at most {timer}" if wait.get("for") else f" or {timer}" if timer else ""
    return f"for the signal “{wait['signal']}”{about}{other}"


def sooner_words(rows: Iterable[Spec]) -> str:
    """Return “4h in the last 10 working days of a quarter”; empty without any."""
    said = [f"{row['in']} in the last {_working_days(row['last'])} of a {row['of']}" for row in rows]
    return ", ".join(said)


def _working_days(count: int) -> str:
    return f"{count} working days" if count > 1 else "working day"


def _timer_words(wait: Spec) -> str:
    if value := wait.get("for"):
        return f"as long as {_said(value)} says" if _is_cel(value) else long(value)
    place = f" ({_said(wait['zone'])})" if wait.get("zone") else ""
    if value := wait.get("until"):
        return f"until {_said(value) if _is_cel(value) else _date_words(value)}{place}"
    if value := wait.get("at"):
        days = f", on {_listed(_DAYS[day] for day in wait['days'])}" if wait.get("days") else ""
        return f"until the next {_said(value)}{place}{days}"
    return ""


def join_words(join: Spec) -> str:
    """Return when a join goes on: “when 2 of them are done; the rest is withdrawn”; empty without a join."""
    if not join:
        return ""
    rest = "goes on beside it" if join.get("rest") == "let_go" else "is withdrawn"
    done = "1 of them is" if join["need"] == 1 else f"{join['need']} of them are"
    return f"when {done} done; the rest {rest}"


def repeat_words(repeat: Spec, titles: Mapping[str, str] | None = None) -> str:
    """Return how often a loop goes round: “again from “Draft”, up to 3 times in all; then the run stops”."""
    if not repeat:
        return ""
    start = (titles or {}).get(repeat["from"], repeat["from"])
    then = "it goes on all the same" if repeat.get("then") == "go_on" else "the run stops"
    return f"again from “{start}”, up to {repeat['at_most']} times in all; then {then}"


def schedule_words(schedule: Spec | None) -> str:
    """Return when a workflow starts by itself: “at 09:00 on Monday through Friday, Europe/Berlin”."""
    if not schedule:
        return ""
    try:
        words = CronSim(schedule["cron"], datetime(2000, 1, 1, tzinfo=UTC)).explain()
    except CronSimError:
        words = f"by {schedule['cron']}"
    return f"{words[:1].lower()}{words[1:]}, {schedule['zone']}"


def long(duration: str) -> str:
    """Return `1d 12h` as “1 day 12 hours”, with no-break spaces between a number and its unit."""
    parts = durations.short(durations.seconds(duration)).split()
    return " ".join(_long(int(part[:-1]), _UNITS[part[-1]]) for part in parts)


def _long(count: int, unit: str) -> str:
    return f"{count}\u00a0{unit}{'' if count == 1 else 's'}"


def _date_words(value: str) -> str:
    """Return `2026-12-01T09:00` as “1 December 2026, 09:00”."""
    read = date.fromisoformat(value) if len(value) <= len("2026-12-01") else datetime.fromisoformat(value)
    day = f"{read.day} {read:%B %Y}"
    if not isinstance(read, datetime):
        return day
    offset = f" UTC{read:%z}" if read.tzinfo is not None else ""
    return f"{day}, {read:%H:%M}{offset}"


def _is_cel(value: str) -> bool:
    return value.startswith("=")


def _said(value: str) -> str:
    return value.removeprefix("=").strip()


def _listed(words: Iterable[str]) -> str:
    *most, last = words
    return f"{', '.join(most)} and {last}" if most else last
