"""Demands: how much of an allowance one action would use up, and under whose name it counts. Pure.

No name here is one an agent can choose. `workflow`, `capability` and `run` (the run at the root, so that the runs it
starts count with it) are the engine's own; who may begin runs decides how many there are, so an allowance for each run
bounds a campaign, not an agent. `contact` is whom the effect will really reach, said by the capability's code from the
very payload that is sent, or else the record itself. `record.x` is read from the stored record, which people and
imports write. `content` is made of the text that goes out. A run's input, an agent's own tags and the free fields of a
proposal never name a counter. What cannot be told counts as beyond the allowance.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from hashlib import sha256
from math import isfinite
from typing import Any

from governance.envelope.allowances import Allowance, as_written
from governance.envelope.fingerprints import fingerprint

ONE = Decimal(1)
EVERYTHING = ("",)
LONGEST = 200
"""Longer addresses are counted under their SHA-256."""
NAME = 40
"""Longer values of a record are no names that are filled into a text, and would take too many of its words away."""


@dataclass(frozen=True)
class Reach:
    """What is known of an action: where it stands, whom it reaches, what it says and moves."""

    workflow: str
    capability: str
    run: str
    record: Mapping[str, Any] = field(default_factory=dict)
    amounts: Mapping[str, Any] = field(default_factory=dict)
    contacts: Sequence[str] = ()
    text: str = ""


@dataclass(frozen=True)
class Demand:
    """`names` are whom it counts for (the fullest of them decides), `amount` how much; `contacts` where different ones
    are counted. `trouble` says in a sentence why it cannot be counted."""

    allowance: Allowance
    names: tuple[str, ...] = ()
    amount: Decimal = ONE
    contacts: tuple[str, ...] = ()
    trouble: str = ""


def demand(allowance: Allowance, reach: Reach) -> Demand:
    """Return what the action would use of the allowance."""
    try:
        names = _names(allowance, reach)
        if allowance.measure == "contacts":
            return Demand(allowance, names, contacts=contacts_of(reach))
        return Demand(allowance, names, _amount(allowance.measure, reach))
    except LookupError as error:
        return Demand(allowance, trouble=f"{allowance.title}: {error.args[0]}, so it cannot be counted")


def _names(allowance: Allowance, reach: Reach) -> tuple[str, ...]:
    match allowance.per:
        case "":
            return EVERYTHING
        case "workflow" | "capability" | "run" as own:
            return (str(getattr(reach, own)),)
        case "contact":
            return contacts_of(reach)
        case "content":
            return _content(reach)
    return (_field(allowance.per.removeprefix("record."), reach.record),)


def contacts_of(reach: Reach) -> tuple[str, ...]:
    """Return whom it reaches, each once. Raises LookupError."""
    found = dict.fromkeys(map(contact, reach.contacts))
    if not found and reach.record.get("kind") and reach.record.get("key"):
        found = {f"{reach.record['kind']}/{reach.record['key']}": None}
    if not found or "" in found:
        raise LookupError("it does not say whom it reaches")
    return tuple(each if len(each) <= LONGEST else sha256(each.encode()).hexdigest() for each in found)


def contact(address: str) -> str:
    """Return the address as it is counted: one mailbox, however it is written.

    Case does not count, nor what follows a plus (`tom+news@x.example` is `tom@x.example`: RFC 5233), nor a display
    name's white space. Dots do: for most providers they make another mailbox.
    """
    bare = address.strip().casefold()
    name, at, host = bare.rpartition("@")
    return f"{name.split('+')[0] or name}@{host.rstrip('.')}" if at else bare


def _content(reach: Reach) -> tuple[str, ...]:
    known = [value for value in reach.record.values() if isinstance(value, str) and len(value) <= NAME]
    names = fingerprint(reach.text, known) or fingerprint(reach.text)
    if not names:
        raise LookupError("it has no text of its own")
    return names


def _field(name: str, record: Mapping[str, Any]) -> str:
    value = record.get(name)
    if isinstance(value, str) and value.strip():
        return " ".join(value.split()).casefold()
    if isinstance(value, bool | int):
        return str(value).lower()
    raise LookupError(f"the record has no “{name}”" if record else f"there is no record with a “{name}”")


def _amount(measure: str, reach: Reach) -> Decimal:
    if measure == "items":
        return ONE
    name = measure.removeprefix("amounts.")
    value = reach.amounts.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float) or not isfinite(value):
        raise LookupError(f"it does not say how much {name.replace('_', ' ')}")
    if value < 0:
        raise LookupError(f"it takes {name.replace('_', ' ')} away ({value:g})")
    return as_written(value)
