"""Which changes of when things happen loosen, which tighten, and how they are said."""

import pytest

from governance.flowwords import join_words, long, repeat_words, schedule_words, wait_words
from governance.publishing import Direction, changes, step_changes
from tests.governance.test_publishing import step, workflow

LOOSENS, TIGHTENS, NEUTRAL = Direction.LOOSENS, Direction.TIGHTENS, Direction.NEUTRAL
THREE = {"after": ["a", "b", "c"]}
ROUND = {"from": "draft", "until": "steps.check.good", "at_most": 3}
MONDAYS = {"cron": "0 9 * * 1", "zone": "Europe/Berlin", "input": {"segment": "new"}}


def wait(**terms):
    return {"wait": {name.removesuffix("_"): value for name, value in terms.items()}}


@pytest.mark.parametrize(
    ("was", "now", "direction"),
    [
        (wait(for_="3d"), wait(for_="1d"), LOOSENS),
        (wait(for_="1d"), wait(for_="36h"), TIGHTENS),
        (wait(for_="1d"), wait(for_="=input.pause"), LOOSENS),
        (wait(for_="1d"), wait(until="2026-12-01"), LOOSENS),
        (wait(until="2026-12-01"), wait(until="2026-11-01"), LOOSENS),
        (wait(until="2026-12-01"), wait(until="2026-12-24"), TIGHTENS),
        (wait(until="2026-12-01T09:00", zone="Europe/Berlin"), wait(until="2026-12-01T10:00", zone="UTC"), LOOSENS),
        (wait(at="09:00", zone="Europe/Berlin"), wait(at="10:00", zone="Europe/Berlin"), LOOSENS),
        (wait(signal="replied"), wait(signal="replied", for_="3d"), LOOSENS),
        (wait(signal="replied", for_="3d"), wait(signal="replied"), TIGHTENS),
        (wait(for_="3d"), wait(signal="replied", for_="3d"), LOOSENS),
        (wait(signal="replied", for_="3d"), wait(for_="3d"), TIGHTENS),
        (wait(signal="replied", for_="3d"), wait(for_="1d"), LOOSENS),
        (wait(signal="replied"), wait(signal="clicked"), LOOSENS),
        (wait(for_="3d"), {}, LOOSENS),
        (THREE, {**THREE, "join": {"need": 2}}, LOOSENS),
        ({**THREE, "join": {"need": 2}}, THREE, TIGHTENS),
        (THREE, {**THREE, "join": {"need": 3}}, TIGHTENS),
        ({**THREE, "join": {"need": 3}}, THREE, LOOSENS),
        ({**THREE, "join": {"need": 2}}, {**THREE, "join": {"need": 1}}, LOOSENS),
        ({**THREE, "join": {"need": 1}}, {**THREE, "join": {"need": 2}}, TIGHTENS),
        ({**THREE, "join": {"need": 1}}, {**THREE, "join": {"need": 1, "rest": "let_go"}}, LOOSENS),
        ({**THREE, "join": {"need": 1, "rest": "let_go"}}, {**THREE, "join": {"need": 1}}, TIGHTENS),
        ({}, {"repeat": ROUND}, LOOSENS),
        ({"repeat": ROUND}, {}, LOOSENS),
        ({"repeat": ROUND}, {"repeat": {**ROUND, "at_most": 4}}, LOOSENS),
        ({"repeat": ROUND}, {"repeat": {**ROUND, "at_most": 2}}, TIGHTENS),
        ({"repeat": ROUND}, {"repeat": {**ROUND, "then": "go_on"}}, LOOSENS),
        ({"repeat": {**ROUND, "then": "go_on"}}, {"repeat": ROUND}, TIGHTENS),
        ({"repeat": ROUND}, {"repeat": {**ROUND, "until": "true"}}, LOOSENS),
        ({"repeat": ROUND}, {"repeat": {**ROUND, "from": "plan"}}, LOOSENS),
    ],
)
def test_one_change_of_a_step_has_one_direction(was, now, direction):
    (found,) = step_changes(step(**was), step(**now))
    assert found.direction is direction


@pytest.mark.parametrize(
    ("was", "now", "direction", "words"),
    [
        ({}, {"schedule": MONDAYS}, LOOSENS, "It starts by itself: at 09:00 on Monday, Europe/Berlin"),
        (
            {"schedule": MONDAYS},
            {"schedule": None},
            TIGHTENS,
            "It no longer starts by itself: at 09:00 on Monday, Europe/Berlin",
        ),
        (
            {"schedule": MONDAYS},
            {"schedule": {**MONDAYS, "cron": "0 9 1 * *"}},
            LOOSENS,
            "It starts by itself: at 09:00 on Monday, Europe/Berlin → "
            "at 09:00 on the first day of every month, Europe/Berlin",
        ),
        (
            {"schedule": MONDAYS},
            {"schedule": {**MONDAYS, "input": {}}},
            LOOSENS,
            "When it starts by itself, it begins with: segment: new → nothing",
        ),
        ({}, {"priority": "high"}, NEUTRAL, "Its turn: in turn → before others"),
        ({}, {"key": "=input.contact"}, LOOSENS, "What a run is about: itself → =input.contact"),
        (
            {},
            {"on_failure": "undo"},
            LOOSENS,
            "When a run fails: what was done stays done → what can be undone is undone, the last first",
        ),
        (
            {"on_failure": "undo"},
            {"on_failure": "keep"},
            TIGHTENS,
            "When a run fails: what can be undone is undone, the last first → what was done stays done",
        ),
    ],
)
def test_one_change_of_a_workflow_has_one_direction_and_is_said_in_plain_words(was, now, direction, words):
    (found,) = changes(workflow(**was), workflow(**now))
    assert (found.direction, str(found)) == (direction, words)


def test_a_first_version_that_starts_by_itself_says_so():
    found = changes(None, workflow(step(ownership="human_owned"), schedule=MONDAYS, automation_allowed=False))
    assert [str(change) for change in found if change.direction is LOOSENS] == [
        "It starts by itself: at 09:00 on Monday, Europe/Berlin"
    ]


def test_a_new_wait_is_neutral_for_nothing_is_done_by_it():
    (found,) = changes(workflow(), workflow(step(), step("pause", ownership="automated", **wait(for_="3d"))))
    assert (found.direction, str(found)) == (NEUTRAL, "Pause: New wait, 3\u00a0days")


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        ({}, ""),
        ({"for": "3d"}, "3\u00a0days"),
        ({"for": "=input.pause"}, "as long as input.pause says"),
        ({"until": "2026-12-01"}, "until 1 December 2026"),
        ({"until": "2026-12-01T09:00", "zone": "Europe/Berlin"}, "until 1 December 2026, 09:00 (Europe/Berlin)"),
        ({"until": "2026-12-01T09:00+05:30"}, "until 1 December 2026, 09:00 UTC+0530"),
        ({"until": "=input.date"}, "until input.date"),
        (
            {"at": "09:00", "zone": "Europe/Berlin", "days": ["mon", "tue", "fri"]},
            "until the next 09:00 (Europe/Berlin), on Mon, Tue and Fri",
        ),
        ({"signal": "replied"}, "for the signal “replied”"),
        (
            {"signal": "replied", "key": "=input.contact", "for": "1d 12h"},
            "for the signal “replied” about input.contact, at most 1\u00a0day 12\u00a0hours",
        ),
        ({"signal": "replied", "until": "2026-12-01"}, "for the signal “replied” or until 1 December 2026"),
    ],
)
def test_a_wait_is_said_in_words(spec, words):
    assert wait_words(spec) == words


def test_joins_loops_and_schedules_are_said_in_words():
    assert join_words({"need": 2}) == "when 2 of them are done; the rest is withdrawn"
    assert join_words({"need": 1, "rest": "let_go"}) == "when 1 of them is done; the rest goes on beside it"
    assert repeat_words(ROUND, {"draft": "Draft"}) == "again from “Draft”, up to 3 times in all; then the run stops"
    assert schedule_words({"cron": "*/15 * * * *", "zone": "UTC"}) == "every 15th minute of every hour, UTC"
    assert schedule_words(None) == join_words({}) == repeat_words({}) == ""
    assert long("90s") == "1\u00a0minute 30\u00a0seconds"
