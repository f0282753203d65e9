"""What pages are drawn with: icons, ownership marks, state chips, bars, faces, and times and numbers in words.

The drawings are the templates in `templates/parts/`; the rules behind them are sections 5 to 7 of `look/queue.md`.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Protocol

from django.template import Library
from django.utils import timezone

register = Library()

Number = int | float | Decimal
NBSP = "\u00a0"

OWNERSHIPS = {
    "automated": "Automated",
    "recommends": "Automated, only recommends",
    "needs_approval": "Needs approval",
    "human_owned": "Human-owned",
    "out_of_scope": "Out of scope",
    "undecided": "Nobody has decided",
    "waits": "Waits",
}

# state: (tone, icon, word)
STATES = {
    "waits": ("neutral", "clock", "Waits"),
    "waits_you": ("live", "clock", "Waits"),
    "live": ("live", "eye", "You are on it"),
    "running": ("live", "player-play", "Running"),
    "approved": ("good", "check", "Approved"),
    "signed": ("good", "check", "Signed"),
    "edited": ("neutral", "pencil", "Edited"),
    "changes": ("warn", "message-2", "Changes asked"),
    "rejected": ("bad", "x", "Rejected"),
    "refused": ("bad", "ban", "Refused"),
    "taken_over": ("neutral", "hand-grab", "Taken over"),
    "with_person": ("neutral", "user-exclamation", "With a person"),
    "escalated": ("warn", "stairs-up", "Escalated"),
    "overdue": ("bad", "clock", "Overdue"),
    "snoozed": ("neutral", "moon", "Snoozed"),
    "revision": ("warn", "refresh", "Revision"),
    "done": ("neutral", "check", "Done"),
    "failed": ("bad", "alert-triangle", "Failed"),
    "uncertain": ("dashed", "help-hexagon", "Uncertain"),
    "halted": ("solid", "hand-stop", "Halted"),
    "skipped": ("line", "", "Skipped"),
    "withdrawn": ("line", "", "Withdrawn"),
    "superseded": ("line", "", "Superseded"),
    "draft": ("neutral", "pencil", "Draft"),
    "proposed": ("live", "", "Proposed, not in force"),
    "in_force": ("neutral", "check", "In force"),
    "loosens": ("warn", "loosens", "Loosens"),
    "tightens": ("neutral", "tightens", "Tightens"),
    "equal": ("neutral", "equal", "Neutral"),
    "warn": ("warn", "alert-triangle", ""),
    "bad": ("bad", "alert-triangle", ""),
    "good": ("good", "check", ""),
    "neutral": ("neutral", "", ""),
}


class Faced(Protocol):
    """Who can be shown as a face: a person or an agent."""

    name: str

    @property
    def initials(self) -> str: ...


@register.inclusion_tag("parts/icon.html")
def icon(name: str, size: int = 16, words: str = "", tone: str = "") -> dict[str, object]:
    """An icon of the sprite; decoration unless `words` name it. `tone` is warn, bad or good."""
    return {"name": name, "size": size, "words": words, "tone": tone}


@register.inclusion_tag("parts/mark.html")
def mark(
    ownership: str, size: int = 16, label: bool = True, muted: bool = False, hidden: bool = False
) -> dict[str, object]:
    """The mark of an ownership; its word stands beside it, or is its accessible name when it is alone.

    `muted` is for a step not reached yet; `hidden` for a mark whose word the page says itself, right beside it.
    """
    known = ownership if ownership in OWNERSHIPS else "undecided"
    words = OWNERSHIPS[known]
    return {"kind": known, "words": words, "size": size, "label": label, "muted": muted, "hidden": hidden or label}


@register.inclusion_tag("parts/chip.html")
def chip(state: str, text: str = "") -> dict[str, object]:
    """The chip of a state, in its own word or in `text`; an unknown state is neutral and without an icon."""
    tone, sign, word = STATES.get(state, STATES["neutral"])
    return {"tone": tone, "icon": sign, "text": text or word or state}


@register.inclusion_tag("parts/bar.html")
def bar(value: Number, bound: Number, kind: str = "limit", words: str = "") -> dict[str, object]:
    """A value against its `limit` or `floor`; only the distance outside the bound has colour.

    A floor is drawn on a scale from 0 to 1 (or to 125 % of a greater bound), a limit at four fifths of the bar, or
    the value there if it lies farther out. `share` is the use of an allowance: the bound is the whole bar.
    """
    number, edge = float(value), float(bound)
    if kind == "floor":
        whole = 1.0 if max(number, edge) <= 1 else max(number, edge) * 1.25
    elif kind == "share":
        whole = max(number, edge)
    else:
        whole = (number if number > edge * 1.25 else edge) * 1.25
    at, tick = _percent(number, whole), _percent(edge, whole)
    short, over = kind == "floor" and number < edge, kind != "floor" and number > edge
    return {
        "fill": tick if over else at,
        "tick": tick,
        "gap": round(tick - at, 2) if short else 0,
        "gap_at": at,
        "over": round(at - tick, 2) if over else 0,
        "plain": kind == "share" and not over,
        "words": words or f"{value} of {bound}" if kind == "share" else words or f"{value}, {kind} {bound}",
    }


def _percent(number: float, whole: float) -> float:
    return round(max(0.0, min(1.0, number / whole)) * 100, 2) if whole > 0 else 0.0


@register.inclusion_tag("parts/avatar.html")
def avatar(person: Faced, size: int = 20, agent: bool = False) -> dict[str, object]:
    """The initials of a person (round) or an agent (square). The name always stands beside it, so it is decoration."""
    return {"person": person, "size": size, "agent": agent}


@register.filter
def due(when: datetime | None, now: datetime) -> str:
    """The time left: "22 min late", "48 min", "1 h 10", from two hours on "14:00", then "Thu", then "3 Dec"."""
    if when is None:
        return ""
    left = when - now
    if left < timedelta(0):
        return _join(f"{_span(-left)} late")
    if left < timedelta(hours=1):
        return _join(f"{_minutes(left)} min")
    if left < timedelta(hours=2):
        return _join(f"1 h {_minutes(left) - 60:02d}")
    there, here = timezone.localtime(when), timezone.localtime(now)
    if there.date() == here.date():
        return f"{there:%H:%M}"
    return f"{there:%a}" if there.date() - here.date() < timedelta(days=7) else _join(f"{there.day} {there:%b}")


@register.filter
def due_tone(when: datetime | None, now: datetime) -> str:
    """`late`, `soon` (below one hour), or nothing: the class of a due time."""
    if when is None or when - now >= timedelta(hours=1):
        return ""
    return "soon" if when >= now else "late"


@register.filter
def thousands(number: Number | str | None) -> str:
    """1482 as "1,482", with a true minus; what is no number stays as it is."""
    return str(number or "") if isinstance(number, str | None) else f"{number:,}".replace("-", "−")


@register.filter
def at(counts: Mapping[str, int] | None, key: str) -> int | None:
    """What stands under the key."""
    return (counts or {}).get(key)


@register.filter
def a_or_an(words: str) -> str:
    """Return the words after their article: “a track”, “an allowance”."""
    return f"{'an' if words[:1].lower() in 'aeio' else 'a'} {words}"


@register.filter
def nbsp(words: object) -> str:
    """The words with no-break spaces, so that "38 %" or "€ 8,000" stays on one line."""
    return _join(str(words))


def _span(length: timedelta) -> str:
    if length < timedelta(hours=1):
        return f"{_minutes(length)} min"
    if length < timedelta(days=1):
        return f"{_minutes(length) // 60} h"
    return f"{length.days} day" if length.days == 1 else f"{length.days} days"


def _minutes(length: timedelta) -> int:
    return int(length.total_seconds() // 60)


def _join(words: str) -> str:
    return words.replace(" ", NBSP)
