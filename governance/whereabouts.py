"""Where an action happens: segment, market and channel, and whether an asset of the register holds there. Pure.

Segment and market are those of the step's record (`record.segment`, `record.market`), the channel is the capability's
own, or what the step's parameters say: published by leaders, none of them anything an agent can choose. Where an asset
holds for some markets only and the record names none, it is not known to hold: then it does not.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

KINDS = ("segment", "market", "channel")
Held = Mapping[str, Sequence[str]]
"""By kind, the names an asset holds for; none stands for everywhere."""


@dataclass(frozen=True)
class Whereabouts:
    """The names of each kind, by their folded form; a record may belong to several segments or markets."""

    segment: Mapping[str, str] = field(default_factory=dict)
    market: Mapping[str, str] = field(default_factory=dict)
    channel: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, record: Mapping[str, Any], channel: str) -> Whereabouts:
        return cls(names(record.get("segment")), names(record.get("market")), names(channel))

    def outside(self, held: Held) -> list[str]:
        """Return in words where an asset that holds for these does not hold: “market France”; empty when it does."""
        return [words for kind in KINDS if (words := self._outside(kind, held.get(kind, ())))]

    def _outside(self, kind: str, held: Sequence[str]) -> str:
        if not held:
            return ""
        here: Mapping[str, str] = getattr(self, kind)
        if not here:
            return f"a {kind} that is not known"
        known = names(list(held))
        beyond = [name for folded, name in here.items() if folded not in known]
        return f"{kind} {', '.join(beyond)}" if beyond else ""


def names(value: Any) -> dict[str, str]:
    """Return what a field names, by its folded form: a text is one name, of a list each."""
    found = [str(each).strip() for each in (value if isinstance(value, list | tuple) else [value]) if each is not None]
    return {name.casefold(): name for name in found if name}
