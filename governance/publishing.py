"""What a new version changes, in plain words, and whether each change loosens or tightens. Pure.

Works on workflows as the files say them (`workflows.files.spec_of`), so that it needs neither database nor clock.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from governance import boundchanges, flowchanges
from governance.change import Change, Direction
from governance.flowwords import sooner_words, wait_words

__all__ = ["OWNERSHIPS", "Change", "Direction", "changes", "number", "overall", "percent", "step_changes"]

Spec = Mapping[str, Any]


OWNERSHIPS = {"automated": "automated", "needs_approval": "needs approval", "human_owned": "human-owned"}
_FREEDOM = {"human_owned": 0, "needs_approval": 1, "automated": 2}
_CONSEQUENCE = {
    "needs_approval": "Software proposes, a person decides each one.",
    "human_owned": "A person decides and does it.",
}
_EFFECTS = {"review": 1, "human": 2, "refuse": 3}
_EFFECT_WORDS = {"review": "a person approves", "human": "a person does it", "refuse": "refused"}
_ASSISTS = {"none": "nothing", "insight": "facts", "recommendation": "a proposal"}
_REJECTIONS = {
    "stop": "the run stops",
    "skip": "the step is skipped",
    "redo": "it is proposed again",
    "leave": "their part is left out, the rest goes on",
}
_OTHERS_ANSWER = "Other people may say yes from then on."


def changes(old: Spec | None, new: Spec) -> list[Change]:
    """Return every difference, loosening first, then tightening, then neutral; `old` is None before a first version."""
    found = [*_first(new)] if old is None else [*_of_workflow(old, new), *_of_steps(old, new)]
    return sorted(found, key=lambda change: change.direction.rank)


def step_changes(old: Spec, new: Spec) -> list[Change]:
    """Return what changes of one step, ordered in the same way."""
    return sorted(_of_step(old, new), key=lambda change: change.direction.rank)


def overall(found: Sequence[Change]) -> Direction:
    """Return what the changes are together: one that loosens makes the whole loosen."""
    return min((change.direction for change in found), key=lambda direction: direction.rank, default=Direction.NEUTRAL)


def _first(new: Spec) -> Iterator[Change]:
    yield from _eligibility(False, new["automation_allowed"])
    yield from flowchanges.of_workflow({}, new)
    if new.get("recommend_only"):
        yield from boundchanges.of_workflow({}, new)
    for step in new["steps"]:
        yield _new_step(step)


def _of_workflow(old: Spec, new: Spec) -> Iterator[Change]:
    yield from _eligibility(old["automation_allowed"], new["automation_allowed"])
    yield from flowchanges.of_workflow(old, new)
    yield from boundchanges.of_workflow(old, new)
    if old["owner"] != new["owner"]:
        yield Change(Direction.LOOSENS, "", "Owner:", old["owner"], new["owner"], _OTHERS_ANSWER)
    for name, words in (("title", "Title:"), ("purpose", "Purpose:")):
        if old[name] != new[name]:
            yield Change(Direction.NEUTRAL, "", words, old[name] or "none", new[name] or "none")
    if old["input"] != new["input"]:
        yield Change(Direction.NEUTRAL, "", "What a run takes as input changed")


def _eligibility(was: bool, now: bool) -> Iterator[Change]:
    if now and not was:
        words = "Its automated steps act alone inside their bounds."
        yield Change(Direction.LOOSENS, "", "Software may act alone:", "no", "yes", words)
    if was and not now:
        yield Change(Direction.TIGHTENS, "", "Software may act alone:", "yes", "no", "Every action is asked.")


def _of_steps(old: Spec, new: Spec) -> Iterator[Change]:
    before = {step["key"]: step for step in old["steps"]}
    after = {step["key"]: step for step in new["steps"]}
    for key, step in after.items():
        if key not in before:
            yield _new_step(step)
        else:
            yield from _of_step(before[key], step)
    for key, step in before.items():
        if key not in after:
            words = "What came after it no longer waits for it."
            yield Change(Direction.LOOSENS, step["title"], "The step is removed", consequence=words)
    if list(before) != list(after) and set(before) == set(after):
        yield Change(Direction.NEUTRAL, "", "The steps are written in another order")


def _new_step(step: Spec) -> Change:
    if step.get("wait"):
        return Change(Direction.NEUTRAL, step["title"], "New wait,", "", wait_words(step["wait"]))
    direction = Direction.NEUTRAL if step["ownership"] == "human_owned" else Direction.LOOSENS
    return Change(direction, step["title"], "New step,", "", OWNERSHIPS[step["ownership"]], _consequence(step))


def _of_step(old: Spec, new: Spec) -> Iterator[Change]:
    yield from _ownership(old, new)
    yield from _floor(old, new)
    yield from _sampling(old, new)
    yield from _lead(old, new)
    yield from _guardrails(old, new)
    yield from boundchanges.of_step(old, new)
    yield from _work(old, new)
    yield from flowchanges.of_step(old, new)
    yield from _people(old, new)


def _ownership(old: Spec, new: Spec) -> Iterator[Change]:
    was, now = old["ownership"], new["ownership"]
    if was != now:
        direction = Direction.LOOSENS if _FREEDOM[now] > _FREEDOM[was] else Direction.TIGHTENS
        yield Change(direction, new["title"], "Who decides:", OWNERSHIPS[was], OWNERSHIPS[now], _consequence(new))
    if old["assist"] != new["assist"]:
        yield Change(
            Direction.NEUTRAL, new["title"], "Software may offer:", _ASSISTS[old["assist"]], _ASSISTS[new["assist"]]
        )


def _consequence(step: Spec) -> str:
    """Return what the ownership comes to, with the bounds it has."""
    if step["ownership"] != "automated":
        return _CONSEQUENCE[step["ownership"]]
    floor, rate = step["min_confidence"], step["sample_rate"]
    bound = "when no rule trips" if floor is None else f"at confidence {number(floor)} or more, when no rule trips"
    sample = f"; of those, {percent(rate)} are asked all the same" if rate else ""
    return f"Software acts alone {bound}{sample}. Everything else goes to a person."


def _floor(old: Spec, new: Spec) -> Iterator[Change]:
    was, now = old["min_confidence"], new["min_confidence"]
    if was != now:
        # a floor of 0 is still a floor: an action that says nothing of how sure it is stays below it
        higher = now is not None and (was is None or now > was)
        direction = Direction.TIGHTENS if higher else Direction.LOOSENS
        yield Change(direction, new["title"], "Confidence floor:", number(was), number(now))
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
        yield Change(direction, new["title"], "Of what it would do alone, still asked:", percent(was), percent(now))


def _lead(old: Spec, new: Spec) -> Iterator[Change]:
    was, now = old.get("lead_days", 0), new.get("lead_days", 0)
    if was != now:
        direction = Direction.TIGHTENS if now > was else Direction.LOOSENS
        yield Change(direction, new["title"], "Earliest after the last approval:", _days(was), _days(now))


def _days(days: int) -> str:
    return f"{days} working day{'s' if days > 1 else ''}" if days else "at once"


def _guardrails(old: Spec, new: Spec) -> Iterator[Change]:
    before, after = _strictest(old["guardrails"]), _strictest(new["guardrails"])
    for when, rail in after.items():
        if when not in before:
            words = f"{rail['reason']}: {_EFFECT_WORDS[rail['effect']]}"
            yield Change(Direction.TIGHTENS, new["title"], "New rule:", new=words, rule=when)
            continue
        was = before[when]
        if rail["effect"] != was["effect"]:
            tighter = _EFFECTS[rail["effect"]] > _EFFECTS[was["effect"]]
            yield Change(
                Direction.TIGHTENS if tighter else Direction.LOOSENS,
                new["title"],
                f"Rule “{rail['reason']}”:",
                _EFFECT_WORDS[was["effect"]],
                _EFFECT_WORDS[rail["effect"]],
                rule=when,
            )
        yield from _rule(was, rail, new["title"])
    for when, rail in before.items():
        if when not in after:
            words = f"{rail['reason']}: {_EFFECT_WORDS[rail['effect']]}"
            yield Change(Direction.LOOSENS, new["title"], "Rule removed:", old=words, rule=when)


def _rule(was: Spec, rail: Spec, where: str) -> Iterator[Change]:
    """What else is said of a rule: its words, who is asked besides, and who answers for it."""
    if rail["reason"] != was["reason"]:
        yield Change(Direction.NEUTRAL, where, "Rule reworded:", was["reason"], rail["reason"], rule=rail["when"])
    before, after = was.get("track", ""), rail.get("track", "")
    if before != after:
        direction = Direction.LOOSENS if before else Direction.TIGHTENS
        words = f"Rule “{rail['reason']}”, asked besides:"
        yield Change(direction, where, words, before or "nobody", after or "nobody", rule=rail["when"])
    if was.get("owner", "") != rail.get("owner", ""):
        words = f"Rule “{rail['reason']}”, answered for by:"
        yield Change(Direction.NEUTRAL, where, words, was.get("owner") or "nobody", rail.get("owner") or "nobody")


def _strictest(rails: Sequence[Spec]) -> dict[str, Spec]:
    """Return the rules by their condition; of two with the same one the stricter counts, as it does for the judge."""
    found: dict[str, Spec] = {}
    for rail in rails:
        known = found.get(rail["when"])
        if known is None or _EFFECTS[rail["effect"]] > _EFFECTS[known["effect"]]:
            found[rail["when"]] = rail
    return found


def _work(old: Spec, new: Spec) -> Iterator[Change]:
    """What the step does, and when it applies: changing it may release anything, so it counts as loosening."""
    names = (("capability", "Does"), ("params", "With"), ("when", "Only if"), ("after", "After"), ("data", "Data"))
    for name, words in names:
        if old[name] != new[name]:
            yield Change(Direction.LOOSENS, new["title"], f"{words}:", _plain(old[name]), _plain(new[name]))


def _people(old: Spec, new: Spec) -> Iterator[Change]:
    if old["reviewers"] != new["reviewers"]:
        yield Change(Direction.LOOSENS, new["title"], "Reviewers:", old["reviewers"], new["reviewers"], _OTHERS_ANSWER)
    names = (
        ("question", "Question:"),
        ("title", "Title:"),
        ("escalation", "If nobody answers:"),
        ("due_in", "Due after:"),
    )
    for name, words in names:
        if old[name] != new[name]:
            yield Change(Direction.NEUTRAL, new["title"], words, old[name] or "nobody", new[name] or "nobody")
    yield from _time(old, new)
    yield from _rejection(old, new)


def _time(old: Spec, new: Spec) -> Iterator[Change]:
    """What an answer's time is counted in, and when those asked are reminded: a timeout never approves."""
    counted = ["days of the calendar", "working days"]
    was, now = counted[old.get("due_working", False)], counted[new.get("due_working", False)]
    if was != now:
        yield Change(Direction.NEUTRAL, new["title"], "Due after so much time of:", was, now)
    soon, sooner = (sooner_words(spec.get("due_sooner", ())) or "never" for spec in (old, new))
    if soon != sooner:
        yield Change(Direction.NEUTRAL, new["title"], "Due sooner:", soon, sooner)
    before, after = old.get("remind_in") or "never", new.get("remind_in") or "never"
    if before != after:
        yield Change(Direction.NEUTRAL, new["title"], "Reminded after:", before, after)


def _rejection(old: Spec, new: Spec) -> Iterator[Change]:
    """Skipping lets what comes after go on in spite of a no, leaving out lets the rest go; the others hold it back."""
    was, now = old["on_reject"], new["on_reject"]
    if was == now:
        return
    lenient = ("skip", "leave")
    gone = Direction.TIGHTENS if was in lenient else Direction.NEUTRAL
    direction = Direction.LOOSENS if now in lenient else gone
    yield Change(direction, new["title"], "After a rejection:", _REJECTIONS[was], _REJECTIONS[now])


def number(value: float | None) -> str:
    """Return a floor as people read it: two places, more only where they are used."""
    if value is None:
        return "none"
    return f"{value:.2f}" if round(value, 2) == value else f"{value:g}"


def percent(share: float) -> str:
    """Return 0.05 as “5 %”, with a no-break space."""
    return f"{share * 100:g}\u00a0%"


def _plain(value: Any) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{key}: {_plain(item)}" for key, item in value.items()) or "nothing"
    if isinstance(value, list):
        return ", ".join(map(_plain, value)) or "nothing"
    return str(value) or "nothing"
