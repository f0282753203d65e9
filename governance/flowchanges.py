"""What a new version changes of when things happen, and whether that loosens or tightens. Pure; for `publishing`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from governance import durations
from governance.change import Change, Direction
from governance.flowwords import FAILURES, PRIORITIES, join_words, repeat_words, schedule_words, wait_words

Spec = Mapping[str, Any]
LOOSENS, TIGHTENS, NEUTRAL = Direction.LOOSENS, Direction.TIGHTENS, Direction.NEUTRAL


def of_workflow(old: Spec, new: Spec) -> Iterator[Change]:
    """Yield what changes of the schedule, the key, the priority and what follows a failure; `old` may be empty."""
    yield from _schedule(old.get("schedule") or {}, new.get("schedule") or {})
    yield from _failure(old.get("on_failure", "keep"), new.get("on_failure", "keep"))
    was, now = old.get("key", ""), new.get("key", "")
    if was != now and old:
        words = "Other signals may let its runs go on."
        yield Change(LOOSENS, "", "What a run is about:", was or "itself", now or "itself", words)
    first, then = old.get("priority", "normal"), new.get("priority", "normal")
    if first != then:
        yield Change(NEUTRAL, "", "Its turn:", PRIORITIES[first], PRIORITIES[then])


def _schedule(old: Spec, new: Spec) -> Iterator[Change]:
    """Starting by itself loosens, and so does every other time or input: nobody looks at each start."""
    was, now = schedule_words(old), schedule_words(new)
    if was and not now:
        yield Change(TIGHTENS, "", "It no longer starts by itself:", was)
    elif now and not was:
        yield Change(LOOSENS, "", "It starts by itself:", new=now)
    elif (old.get("cron"), old.get("zone")) != (new.get("cron"), new.get("zone")):
        yield Change(LOOSENS, "", "It starts by itself:", was, now)
    if was and now and old.get("input") != new.get("input"):
        said = [", ".join(f"{key}: {item}" for key, item in part.get("input", {}).items()) for part in (old, new)]
        yield Change(LOOSENS, "", "When it starts by itself, it begins with:", *(words or "nothing" for words in said))


def _failure(was: str, now: str) -> Iterator[Change]:
    """To undo is to act, often outside, and nobody asks for it each time: so it loosens, though each undoing is judged.

    Leaving things as they are lets software do less, so it tightens.
    """
    if was != now:
        direction = LOOSENS if now == "undo" else TIGHTENS
        words = "Each undoing is an action of its own, judged and logged." if now == "undo" else ""
        yield Change(direction, "", "When a run fails:", FAILURES[was], FAILURES[now], words)


def of_step(old: Spec, new: Spec) -> Iterator[Change]:
    """Yield what changes of a step's wait, join and loop."""
    yield from _wait(old.get("wait") or {}, new.get("wait") or {}, new["title"])
    yield from _join(old, new)
    yield from _repeat(old.get("repeat") or {}, new.get("repeat") or {}, new["title"])


def _wait(old: Spec, new: Spec, title: str) -> Iterator[Change]:
    if old != new:
        directions = {_timer(old, new), _signal(old, new)} if old and new else {LOOSENS}
        yield Change(min(directions, key=_rank), title, "Waits:", wait_words(old) or "not", wait_words(new) or "not")


def _rank(direction: Direction) -> int:
    return direction.rank


def _signal(old: Spec, new: Spec) -> Direction:
    """One more thing that lets it go on loosens, one less tightens; another one loosens."""
    was, now = (old.get("signal"), old.get("key")), (new.get("signal"), new.get("key"))
    if was == now:
        return NEUTRAL
    return LOOSENS if new.get("signal") else TIGHTENS


def _timer(old: Spec, new: Spec) -> Direction:
    """Going on sooner loosens, later tightens; where nobody can say which, it loosens."""
    was, now = (
        {name: spec[name] for name in ("for", "until", "at", "zone", "days") if name in spec} for spec in (old, new)
    )
    if was == now:
        return NEUTRAL
    if not now:
        return TIGHTENS
    before, after = _length(was), _length(now)
    if before is not None and after is not None:
        return TIGHTENS if after > before else LOOSENS
    if was.get("zone") == now.get("zone") and _is_date(was) and _is_date(now):
        return TIGHTENS if now["until"] > was["until"] else LOOSENS
    return LOOSENS


def _length(timer: Spec) -> int | None:
    value = str(timer.get("for", "="))
    return None if value.startswith("=") else durations.seconds(value)


def _is_date(timer: Spec) -> bool:
    """Whether it is a date, or a date and time of the clock that the zone names: those compare as text."""
    return (
        len(str(timer.get("until", ""))) in (len("2026-12-01"), len("2026-12-01T09:00")) and "=" not in timer["until"]
    )


def _join(old: Spec, new: Spec) -> Iterator[Change]:
    before, after = old.get("join") or {}, new.get("join") or {}
    if before == after:
        return
    # to wait for all is satisfied with skipped steps, too, so needing all of them to be done is more
    was = before.get("need", len(set(old["after"])) - 0.5)
    now = after.get("need", len(set(new["after"])) - 0.5)
    direction = LOOSENS if now < was or _becomes(before, after, "rest", "let_go") else TIGHTENS
    all_of_them = "when all of them are settled"
    yield Change(
        direction, new["title"], "Goes on:", join_words(before) or all_of_them, join_words(after) or all_of_them
    )


def _becomes(old: Spec, new: Spec, name: str, value: str) -> bool:
    return new.get(name) == value and old.get(name) != value


def _repeat(old: Spec, new: Spec, title: str) -> Iterator[Change]:
    """More rounds, or another way out, loosens. Fewer rounds, or stopping when they are used up, tightens."""
    if old == new:
        return
    if not old or not new:
        words = "What comes after it no longer waits for that." if old else "Each round is judged anew."
        yield Change(LOOSENS, title, "Repeats:", repeat_words(old) or "not", repeat_words(new) or "not", words)
        return
    same_way = (old["from"], old["until"]) == (new["from"], new["until"])
    freer = new["at_most"] > old["at_most"] or _becomes(old, new, "then", "go_on")
    if repeat_words(old) != repeat_words(new):
        direction = LOOSENS if freer or not same_way else TIGHTENS
        yield Change(direction, title, "Repeats:", repeat_words(old), repeat_words(new))
    if old["until"] != new["until"]:
        yield Change(LOOSENS, title, "Until:", old["until"], new["until"])
