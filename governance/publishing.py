"""What a new version changes, in plain words, and whether each change loosens or tightens. Pure.

Works on workflows as the files say them (`workflows.files.spec_of`), so that it needs neither database nor clock.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

Spec = Mapping[str, Any]


class Direction(StrEnum):
    LOOSENS = "loosens"
    TIGHTENS = "tightens"
    NEUTRAL = "neutral"

    @property
    def rank(self) -> int:
        return list(Direction).index(self)


@dataclass(frozen=True)
class Change:
    """One change: where (a step's title, or "" for the workflow), what, the old and the new value in words."""

    direction: Direction
    where: str
    what: str
    old: str = ""
    new: str = ""
    consequence: str = ""

    def __str__(self) -> str:
        place = f"{self.where}: " if self.where else ""
        values = f" {self.old} → {self.new}" if self.old and self.new else f" {self.new or self.old}"
        return f"{place}{self.what}{values if (self.old or self.new) else ''}".strip()


OWNERSHIPS = {"automated": "automated", "needs_approval": "needs approval", "human_owned": "human-owned"}
_FREEDOM = {"human_owned": 0, "needs_approval": 1, "automated": 2}
_CONSEQUENCE = {
    "automated": "Software acts alone inside the bounds; people are asked at the edge.",
    "needs_approval": "Software proposes, a person decides each one.",
    "human_owned": "A person decides and does it.",
}
_EFFECTS = {"review": 1, "human": 2, "refuse": 3}
_ASSISTS = {"none": "nothing", "insight": "facts", "recommendation": "a proposal"}
_REJECTIONS = {"stop": "the run stops", "skip": "the step is skipped", "redo": "it is proposed again"}


def changes(old: Spec | None, new: Spec) -> list[Change]:
    """Return every difference, loosening first, then tightening, then neutral. A first version loosens as a whole."""
    if old is None:
        found = [
            Change(Direction.LOOSENS, step["title"], "New step,", new=OWNERSHIPS[step["ownership"]])
            for step in new["steps"]
        ]
    else:
        found = [*_of_workflow(old, new), *_of_steps(old, new)]
    return sorted(found, key=lambda change: change.direction.rank)


def _of_workflow(old: Spec, new: Spec) -> Iterator[Change]:
    if old["automation_allowed"] != new["automation_allowed"]:
        if new["automation_allowed"]:
            yield Change(Direction.LOOSENS, "", "Now eligible for automation")
        else:
            yield Change(Direction.TIGHTENS, "", "No longer eligible for automation; every action is asked")
    for name, words in (("title", "Title"), ("purpose", "Purpose"), ("owner", "Owner")):
        if old[name] != new[name]:
            yield Change(Direction.NEUTRAL, "", f"{words}:", old[name], new[name])
    if old["input"] != new["input"]:
        yield Change(Direction.NEUTRAL, "", "What a run takes as input changed")


def _of_steps(old: Spec, new: Spec) -> Iterator[Change]:
    before = {step["key"]: step for step in old["steps"]}
    after = {step["key"]: step for step in new["steps"]}
    for key, step in after.items():
        if key not in before:
            direction = Direction.NEUTRAL if step["ownership"] == "human_owned" else Direction.LOOSENS
            yield Change(direction, step["title"], "New step,", new=OWNERSHIPS[step["ownership"]])
        else:
            yield from _of_step(before[key], step)
    for key, step in before.items():
        if key not in after:
            yield Change(Direction.LOOSENS, step["title"], "The step is removed; what came after it no longer waits")
    if list(before) != list(after) and set(before) == set(after):
        yield Change(Direction.NEUTRAL, "", "The steps are written in another order")


def _of_step(old: Spec, new: Spec) -> Iterator[Change]:
    yield from _ownership(old, new)
    yield from _floor(old, new)
    yield from _sampling(old, new)
    yield from _guardrails(old, new)
    yield from _work(old, new)
    yield from _people(old, new)


def _ownership(old: Spec, new: Spec) -> Iterator[Change]:
    was, now = old["ownership"], new["ownership"]
    if was != now:
        direction = Direction.LOOSENS if _FREEDOM[now] > _FREEDOM[was] else Direction.TIGHTENS
        yield Change(direction, new["title"], "Who decides:", OWNERSHIPS[was], OWNERSHIPS[now], _CONSEQUENCE[now])
    if old["assist"] != new["assist"] and now == "human_owned":
        yield Change(
            Direction.NEUTRAL, new["title"], "Software may offer:", _ASSISTS[old["assist"]], _ASSISTS[new["assist"]]
        )


def _floor(old: Spec, new: Spec) -> Iterator[Change]:
    was, now = old["min_confidence"], new["min_confidence"]
    if was != now:
        direction = Direction.TIGHTENS if (now or 0) > (was or 0) else Direction.LOOSENS
        yield Change(direction, new["title"], "Confidence floor:", _number(was), _number(now))
    if old["confidence"] != new["confidence"]:
        yield Change(
            Direction.LOOSENS,
            new["title"],
            "Where confidence comes from:",
            old["confidence"] or "nowhere",
            new["confidence"] or "nowhere",
        )


def _sampling(old: Spec, new: Spec) -> Iterator[Change]:
    was, now = old["sample_rate"], new["sample_rate"]
    if was != now:
        direction = Direction.TIGHTENS if now > was else Direction.LOOSENS
        yield Change(direction, new["title"], "Still ask a person:", f"{was:.0%}", f"{now:.0%}")


def _guardrails(old: Spec, new: Spec) -> Iterator[Change]:
    before = {rail["when"]: rail for rail in old["guardrails"]}
    after = {rail["when"]: rail for rail in new["guardrails"]}
    for when, rail in after.items():
        if when not in before:
            yield Change(Direction.TIGHTENS, new["title"], "New rule:", new=rail["reason"], consequence=when)
        elif _EFFECTS[rail["effect"]] != _EFFECTS[before[when]["effect"]]:
            tighter = _EFFECTS[rail["effect"]] > _EFFECTS[before[when]["effect"]]
            yield Change(
                Direction.TIGHTENS if tighter else Direction.LOOSENS,
                new["title"],
                f"Rule “{rail['reason']}”:",
                before[when]["effect"],
                rail["effect"],
            )
        elif rail["reason"] != before[when]["reason"]:
            yield Change(Direction.NEUTRAL, new["title"], "Rule reworded:", before[when]["reason"], rail["reason"])
    for when, rail in before.items():
        if when not in after:
            yield Change(Direction.LOOSENS, new["title"], "Rule removed:", old=rail["reason"], consequence=when)


def _work(old: Spec, new: Spec) -> Iterator[Change]:
    """What the step does, and when it applies: changing it may release anything, so it counts as loosening."""
    names = (("capability", "Does"), ("params", "With"), ("when", "Only if"), ("after", "After"), ("data", "Data"))
    for name, words in names:
        if old[name] != new[name]:
            yield Change(Direction.LOOSENS, new["title"], f"{words}:", _plain(old[name]), _plain(new[name]))


def _people(old: Spec, new: Spec) -> Iterator[Change]:
    names = (
        ("question", "Question:"),
        ("title", "Title:"),
        ("reviewers", "Reviewers:"),
        ("escalation", "If nobody answers:"),
        ("due_in", "Due after:"),
    )
    for name, words in names:
        if old[name] != new[name]:
            yield Change(Direction.NEUTRAL, new["title"], words, old[name] or "nobody", new[name] or "nobody")
    if old["on_reject"] != new["on_reject"]:
        yield Change(
            Direction.NEUTRAL,
            new["title"],
            "After a rejection:",
            _REJECTIONS[old["on_reject"]],
            _REJECTIONS[new["on_reject"]],
        )


def _number(value: float | None) -> str:
    return "none" if value is None else f"{value:g}"


def _plain(value: Any) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{key}: {_plain(item)}" for key, item in value.items()) or "nothing"
    if isinstance(value, list):
        return ", ".join(map(_plain, value)) or "nothing"
    return str(value) or "nothing"
