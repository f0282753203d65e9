"""What a new rulebook changes, in plain words, and whether each change loosens or tightens. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TypedDict

from governance.publishing import Change, Direction


class Rail(TypedDict):
    """A guardrail as files and forms say it; an empty `capability` means every capability."""

    when: str
    effect: str
    reason: str
    capability: str


class Content(TypedDict):
    """What a rulebook says. A capability without a stance is undecided."""

    stances: dict[str, str]
    guardrails: list[Rail]


STANCES = {"": "nobody has decided", "approved": "approved", "out_of_scope": "out of scope"}
EFFECTS = {"review": "a person approves", "human": "a person does it", "refuse": "refused"}
_STRICTNESS = {effect: rank for rank, effect in enumerate(EFFECTS)}


def changes(old: Content, new: Content, titles: Mapping[str, str]) -> list[Change]:
    """Return every difference, loosening first, then tightening, then neutral. `titles` names capabilities by key."""
    found = [*_stances(old["stances"], new["stances"], titles), *_guardrails(old, new, titles)]
    return sorted(found, key=lambda change: change.direction.rank)


def _stances(old: Mapping[str, str], new: Mapping[str, str], titles: Mapping[str, str]) -> Iterator[Change]:
    for key in sorted({*old, *new}, key=lambda key: titles.get(key, key)):
        was, now = old.get(key, ""), new.get(key, "")
        if was == now:
            continue
        if now == "approved":
            direction, consequence = Direction.LOOSENS, "Software may do this inside the terms of a step."
        elif was == "approved":
            direction, consequence = Direction.TIGHTENS, "Every action that would do this is refused from then on."
        else:
            direction, consequence = Direction.NEUTRAL, "It was refused before and is refused after."
        yield Change(direction, titles.get(key, key), "Stance:", STANCES[was], STANCES[now], consequence)


def _guardrails(old: Content, new: Content, titles: Mapping[str, str]) -> Iterator[Change]:
    before, after = _by_condition(old), _by_condition(new)
    for key, rail in after.items():
        where = titles.get(rail["capability"], rail["capability"]) or "Every capability"
        if key not in before:
            words = f"{rail['reason']}: {EFFECTS[rail['effect']]}"
            yield Change(Direction.TIGHTENS, where, "New guardrail:", new=words, consequence=rail["when"])
            continue
        was, now = before[key]["effect"], rail["effect"]
        if was != now:
            direction = Direction.TIGHTENS if _STRICTNESS[now] > _STRICTNESS[was] else Direction.LOOSENS
            yield Change(direction, where, f"“{rail['reason']}”:", EFFECTS[was], EFFECTS[now], rail["when"])
        if before[key]["reason"] != rail["reason"]:
            yield Change(Direction.NEUTRAL, where, "Guardrail reworded:", before[key]["reason"], rail["reason"])
    for key, rail in before.items():
        if key not in after:
            where = titles.get(rail["capability"], rail["capability"]) or "Every capability"
            yield Change(Direction.LOOSENS, where, "Guardrail removed:", old=rail["reason"], consequence=rail["when"])


def _by_condition(content: Content) -> dict[tuple[str, str], Rail]:
    """Return the guardrails by condition and scope; of two alike, the stricter."""
    found: dict[tuple[str, str], Rail] = {}
    for rail in sorted(content["guardrails"], key=lambda rail: _STRICTNESS[rail["effect"]]):
        found[rail["when"], rail["capability"]] = rail
    return found
