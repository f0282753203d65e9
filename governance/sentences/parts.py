"""What the sentences about entries are made of. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, Protocol

Data = Mapping[str, Any]
MANY = 2
"""So many reasons are written out, further ones are counted."""


class Fact(Protocol):
    """What an Entry says."""

    verb: str
    actor_kind: str
    actor_name: str
    data: Any


Teller = Callable[[Fact, str, Data], str]
"""Makes the sentence of an entry, of the words for its step, and of its facts."""


def spelled(key: str) -> str:
    """Return a key as words: `choose_offer` as “Choose offer”."""
    words = key.replace("_", " ").replace("-", " ").replace(".", " ").strip()
    return words[:1].upper() + words[1:]


def moment(text: object) -> str:
    """Return a moment of an Entry as “24 Nov, 08:00 UTC”."""
    try:
        when = datetime.fromisoformat(str(text)).astimezone(UTC)
    except ValueError:
        return str(text)
    return f"{when.day} {when:%b, %H:%M} UTC"


def by_person(fact: Fact) -> bool:
    return fact.actor_kind == "person"


def after(words: object) -> str:
    """Return the words behind a colon; nothing for none."""
    return f": {words}" if words else ""


def quoted(words: object) -> str:
    return f": “{words}”" if words else ""


def reasons(data: Data) -> str:
    found = [str(reason) for reason in data.get("reasons", ()) if reason] or [str(data.get("trouble", ""))]
    more = len(found) - MANY
    return after("; ".join(filter(None, found[:MANY]))) + (f"; and {more} more" if more > 0 else "")


def said(verb: str, field: str = "note") -> Teller:
    """Return a sentence of who did what to the step, and the words they gave in that field."""
    return lambda fact, step, data: f"{fact.actor_name} {verb} {step}{quoted(data.get(field))}"
