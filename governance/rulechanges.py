"""What a new rulebook changes, in plain words, and whether each change loosens or tightens. Pure.

A change *tightens* only if there are no facts under which it lets something act that did not before. Where that cannot
be told from the words alone, it counts as loosening.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from itertools import product
from typing import Any

from governance.envelope.allowances import Allowance
from governance.envelope.data import DataUse, use_of
from governance.envelope.guardrails import Guardrail
from governance.envelope.stances import Decided, decided
from governance.envelope.whole import Envelope
from governance.publishing import Change, Direction
from governance.rulewords import NEVER, allowance_words, hours_words, rail_words, track_words, tripwire_words

LOOSENS, TIGHTENS, NEUTRAL = Direction.LOOSENS, Direction.TIGHTENS, Direction.NEUTRAL
STANCES = {"": "nobody has decided", "approved": "approved", "out_of_scope": "out of scope"}
EFFECTS = {"review": "a person approves", "human": "a person does it", "refuse": "refused"}
USES = {
    "": "nobody has decided, so a person is asked",
    "allowed": "allowed",
    "review": "a person is asked",
    "forbidden": "forbidden",
}
_EFFECT_RANK = {effect: rank for rank, effect in enumerate(EFFECTS)}
_USE_RANK = {"allowed": 0, "": 1, "review": 1, "forbidden": 2}
Titles = Mapping[str, str]


def changes(old: Envelope, new: Envelope, titles: Titles) -> list[Change]:
    """Return every difference, loosening first, then tightening, then neutral. `titles` names capabilities by key."""
    found = [
        *_stances(old, new, titles),
        *_tracks(old, new),
        *_guardrails(old, new, titles),
        *_classes(old, new),
        *_uses(old, new),
        *_allowances(old, new),
        *_hours(old, new),
        *_tripwires(old, new),
        *_phrases(old, new),
        *_examples(old, new),
    ]
    return sorted(found, key=lambda change: change.direction.rank)


def _stances(old: Envelope, new: Envelope, titles: Titles) -> Iterator[Change]:
    rows = (*old.stances, *new.stances)
    for capability in sorted({row.capability for row in rows}, key=lambda key: titles.get(key, key)):
        general = _stance(old, new, capability, "")
        for workflow in ("", *sorted({row.workflow for row in rows if row.capability == capability} - {""})):
            was, now = _stance(old, new, capability, workflow)
            if was != now and (not workflow or (was, now) != general):
                title = titles.get(capability, capability)
                yield _stance_change(was, now, f"{title}, in {workflow}" if workflow else title)


def _stance(old: Envelope, new: Envelope, capability: str, workflow: str) -> tuple[Decided, Decided]:
    return decided(old.stances, capability, workflow), decided(new.stances, capability, workflow)


def _stance_change(was: Decided, now: Decided, where: str) -> Change:
    if was.stance == now.stance:
        shorter = now.review_by is not None and (was.review_by is None or now.review_by < was.review_by)
        days = str(was.review_by or NEVER), str(now.review_by or NEVER)
        direction = TIGHTENS if shorter else LOOSENS
        return Change(direction, where, "Approved until:", *days, "After that day a person is asked.")
    if now.stance == "approved":
        direction, consequence = LOOSENS, "Software may do this inside the terms of a step."
    elif was.stance == "approved":
        direction, consequence = TIGHTENS, "Every action that would do this is refused from then on."
    else:
        direction, consequence = NEUTRAL, "It was refused before and is refused after."
    return Change(direction, where, "Stance:", STANCES[was.stance], STANCES[now.stance], consequence)


def _pairs(old: Sequence[Any], new: Sequence[Any], key: Callable[[Any], Hashable]) -> Iterator[tuple[Any, Any]]:
    """Yield what was and what is under each key, where they differ; None where there is nothing."""
    before, after = {key(row): row for row in old}, {key(row): row for row in new}
    for name in dict.fromkeys((*after, *before)):
        if before.get(name) != after.get(name):
            yield before.get(name), after.get(name)


def _tracks(old: Envelope, new: Envelope) -> Iterator[Change]:
    for was, now in _pairs(old.tracks, new.tracks, lambda row: row.key):
        where = (now or was).words
        if was is None:
            yield Change(NEUTRAL, where, "New track:", new=track_words(now), consequence="Rules and steps may ask it.")
        elif now is None:
            yield Change(LOOSENS, where, "Track removed:", old=track_words(was))
        elif now == was.model_copy(update={"need": now.need}) and now.need > was.need:
            yield Change(TIGHTENS, where, "How many must agree:", str(was.need), str(now.need))
        elif now == was.model_copy(update={"title": now.title}):
            yield Change(NEUTRAL, where, "Track renamed:", was.words, now.words)
        else:
            yield Change(LOOSENS, where, "Who agrees:", track_words(was), track_words(now), "Others may say yes.")


def _guardrails(old: Envelope, new: Envelope, titles: Titles) -> Iterator[Change]:
    for was, now in _pairs(old.guardrails, new.guardrails, lambda row: row.place):
        where = _scope(now or was, titles)
        if was is None:
            yield Change(TIGHTENS, where, "New guardrail:", new=rail_words(now, EFFECTS), consequence=now.when)
        elif now is None:
            yield Change(LOOSENS, where, "Guardrail removed:", old=was.reason, consequence=was.when)
        else:
            yield from _guardrail(was, now, where)


def _guardrail(was: Guardrail, now: Guardrail, where: str) -> Iterator[Change]:
    if was.effect != now.effect:
        tighter = _EFFECT_RANK[now.effect] > _EFFECT_RANK[was.effect]
        direction = TIGHTENS if tighter else LOOSENS
        yield Change(direction, where, f"“{now.reason}”:", EFFECTS[was.effect], EFFECTS[now.effect], now.when)
    if was.track != now.track:
        direction = TIGHTENS if not was.track else LOOSENS
        yield Change(direction, where, f"“{now.reason}”, asked besides:", was.track or "nobody", now.track or "nobody")
    if was.reason != now.reason:
        yield Change(NEUTRAL, where, "Guardrail reworded:", was.reason, now.reason)
    if was.owner != now.owner:
        yield Change(NEUTRAL, where, f"“{now.reason}”, answered for by:", was.owner or "nobody", now.owner or "nobody")


def _scope(rail: Guardrail, titles: Titles) -> str:
    title = titles.get(rail.capability, rail.capability) or "Every capability"
    return ", ".join(filter(None, (title, rail.workflow and f"in {rail.workflow}", rail.step)))


def _classes(old: Envelope, new: Envelope) -> Iterator[Change]:
    for was, now in _pairs(old.data_classes, new.data_classes, lambda row: row.name):
        before, after = set(was.fields if was else ()), set(now.fields if now else ())
        direction = LOOSENS if before - after else TIGHTENS if after - before else NEUTRAL
        what = "Fields of this class of data:" if was and now else "New class of data:" if now else "Class removed:"
        yield Change(direction, (now or was).name, what, _listed(before), _listed(after))


def _listed(fields: set[str]) -> str:
    return ", ".join(sorted(fields)) or "none"


def _uses(old: Envelope, new: Envelope) -> Iterator[Change]:
    rows: list[DataUse] = [*old.data_uses, *new.data_uses]
    purposes = sorted({row.purpose for row in rows})
    for data, purpose in product(sorted({row.data for row in rows}), purposes):
        was, now = use_of(old.data_uses, data, purpose), use_of(new.data_uses, data, purpose)
        if was != now:
            direction = _by_rank(_USE_RANK[was], _USE_RANK[now])
            name = "Every class of data" if data == "*" else data
            yield Change(direction, name, f"For {purpose or 'every purpose'}:", USES[was], USES[now])


def _by_rank(was: int, now: int) -> Direction:
    return TIGHTENS if now > was else LOOSENS if now < was else NEUTRAL


def _allowances(old: Envelope, new: Envelope) -> Iterator[Change]:
    for was, now in _pairs(old.allowances, new.allowances, lambda row: row.key):
        where = (now or was).title
        if was is None:
            yield Change(TIGHTENS, where, "New allowance:", new=allowance_words(now, EFFECTS))
        elif now is None:
            yield Change(LOOSENS, where, "Allowance removed:", old=allowance_words(was, EFFECTS))
        else:
            free = {"limit": now.limit, "over": now.over, "title": now.title}
            alike = now == was.model_copy(update=free)
            looser = now.limit > was.limit or _over_rank(now) < _over_rank(was)
            same = now.limit == was.limit and now.over == was.over
            direction = LOOSENS if looser or not alike else NEUTRAL if same else TIGHTENS
            yield Change(direction, where, "Allowance:", allowance_words(was, EFFECTS), allowance_words(now, EFFECTS))


def _over_rank(allowance: Allowance) -> int:
    """Waiting is the least: it begins by itself when there is room."""
    return -1 if allowance.over == "wait" else _EFFECT_RANK[allowance.over]


def _hours(old: Envelope, new: Envelope) -> Iterator[Change]:
    for was, now in _pairs(old.open_hours, new.open_hours, lambda row: row.key):
        where = (now or was).title or (now or was).key
        if was is None:
            yield Change(TIGHTENS, where, "New hours:", new=hours_words(now), consequence="Outside them it waits.")
        elif now is None:
            yield Change(LOOSENS, where, "Hours removed:", old=hours_words(was))
        else:
            free = ("opens", "closes", "days", "holidays", "title")
            alike = now == was.model_copy(update={name: getattr(now, name) for name in free})
            narrower = (
                now.opens >= was.opens
                and now.closes <= was.closes
                and set(now.days) <= set(was.days)
                and set(now.holidays) >= set(was.holidays)
            )
            direction = TIGHTENS if alike and narrower else LOOSENS
            yield Change(direction, where, "Hours:", hours_words(was), hours_words(now))


def _tripwires(old: Envelope, new: Envelope) -> Iterator[Change]:
    for was, now in _pairs(old.tripwires, new.tripwires, lambda row: row.key):
        where = (now or was).title
        if was is None:
            direction = TIGHTENS if now.armed else NEUTRAL
            yield Change(direction, where, "New tripwire:", new=tripwire_words(now))
        elif now is None:
            direction = LOOSENS if was.armed else NEUTRAL
            yield Change(direction, where, "Tripwire removed:", old=tripwire_words(was))
        else:
            alike = now == was.model_copy(update={"times": now.times, "armed": now.armed, "title": now.title})
            tighter = alike and now.times <= was.times and now.armed >= was.armed
            yield Change(TIGHTENS if tighter else LOOSENS, where, "Tripwire:", tripwire_words(was), tripwire_words(now))


def _phrases(old: Envelope, new: Envelope) -> Iterator[Change]:
    for was, now in _pairs(old.phrases, new.phrases, lambda row: row.words.lower()):
        where = f"“{(now or was).words}”"
        if was is None:
            yield Change(TIGHTENS, where, "Needs a claim:", new=now.claim or "any approved one that says it")
        elif now is None:
            yield Change(LOOSENS, where, "No longer needs a claim")
        else:
            direction = NEUTRAL if was.claim == now.claim else LOOSENS
            yield Change(direction, where, "Needs the claim:", was.claim or "any", now.claim or "any")


def _examples(old: Envelope, new: Envelope) -> Iterator[Change]:
    for was, now in _pairs(old.examples, new.examples, lambda row: row.title):
        what = "New example:" if was is None else "Example removed:" if now is None else "Example changed:"
        before, after = (row.expect if row else "" for row in (was, now))
        yield Change(NEUTRAL, (now or was).title, what, before, after)
