"""What follows when steps settle: tables of small graphs, and random graphs played to their end."""

from dataclasses import dataclass, field
from types import SimpleNamespace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workflows.flow import NOT_BEGUN, UNDER_WAY, Shape, plan
from workflows.shape import flaws


def step(key, after="", when="", on_reject="stop", need=None, rest="withdraw", repeat=None):
    join = {"need": need, "rest": rest} if need else {}
    return SimpleNamespace(
        key=key, after=after.split(), when=when, on_reject=on_reject, join=join, repeat=repeat or {}
    )  # fmt: skip


def back(start, until="ok", at_most=3, then="stop"):
    return {"from": start, "until": until, "at_most": at_most, "then": then}


def known(text):
    """Read `a:done b:ready/2` as what exists of a run."""
    words = (word.split(":") for word in text.split())
    states = ((key, *state.partition("/")) for key, state in words)
    return {key: {"status": status, "round": int(number or 1)} for key, status, _, number in states}


def holds(text, seen):
    """`ok` and `yes` are true, `no` is false, `broken` fails, `b=done` asks for the status of b."""
    if text == "broken":
        raise ValueError("there is no “score”")
    key, _, status = text.partition("=")
    return seen[key]["status"] == status if status else text in ("ok", "yes")


def follows(steps, text):
    """Return births, what is withdrawn, and how the run stands, in words like `c:ready/2`."""
    found = plan(Shape.of(steps), known(text), holds)
    births = " ".join(
        f"{birth.key}:{birth.status}{f'/{birth.round}' if birth.round > 1 else ''}" for birth in found.births
    )
    end = "open" if not found.over else "fine" if found.fine else "stopped"
    return births, " ".join(sorted(found.withdrawn)), end


CHAIN = [step("a"), step("b", "a"), step("c", "b")]
DIAMOND = [step("a"), step("b", "a"), step("c", "a"), step("d", "b c")]
LENIENT = [step("a", on_reject="skip"), step("b", "a")]
CHECKED = [step("a"), step("b", "a", when="no"), step("c", "b"), step("d", "a", when="yes")]


@pytest.mark.parametrize(
    ("steps", "text", "expected"),
    [
        (CHAIN, "", ("a:ready", "", "open")),
        (CHAIN, "a:started", ("", "", "open")),
        (CHAIN, "a:done", ("b:ready", "", "open")),
        (CHAIN, "a:done b:failed", ("", "", "stopped")),
        (CHAIN, "a:done b:uncertain", ("", "", "open")),
        (CHAIN, "a:done b:expired", ("", "", "stopped")),
        (CHAIN, "a:done b:done c:done", ("", "", "fine")),
        (CHAIN, "a:skipped", ("b:skipped c:skipped", "", "fine")),
        (CHAIN, "a:cancelled", ("b:cancelled c:cancelled", "", "fine")),
        (CHAIN, "a:rejected", ("", "", "stopped")),
        (DIAMOND, "a:done", ("b:ready c:ready", "", "open")),
        (DIAMOND, "a:done b:done c:ready", ("", "", "open")),
        (DIAMOND, "a:done b:done c:cancelled", ("d:ready", "", "open")),
        (DIAMOND, "a:done b:skipped c:cancelled", ("d:cancelled", "", "fine")),
        (DIAMOND, "a:done b:skipped c:skipped", ("d:skipped", "", "fine")),
        (DIAMOND, "a:done b:failed c:ready", ("", "", "open")),
        (DIAMOND, "a:done b:rejected c:ready", ("", "", "stopped")),
        (LENIENT, "a:rejected", ("b:ready", "", "open")),
        (CHECKED, "a:done", ("b:skipped c:skipped d:ready", "", "open")),
    ],
)
def test_steps_one_after_another_and_side_by_side(steps, text, expected):
    assert follows(steps, text) == expected


def test_a_condition_that_cannot_be_checked_refuses_the_step_and_says_why():
    found = plan(Shape.of([step("a"), step("b", "a", when="broken")]), known("a:done"), holds)
    assert found.births[0].status == "refused"
    assert found.births[0].trouble == (
        "Whether this step applies could not be checked: broken: there is no “score”"
    )  # fmt: skip
    assert (found.over, found.fine) == (True, False)


def choice(first, second):
    return [step("x", "a", when="otherwise"), step("a"), step("b", "a", when=first), step("c", "a", when=second)]


@pytest.mark.parametrize(
    ("first", "second", "births"),
    [
        ("yes", "no", "b:ready c:skipped x:skipped"),
        ("yes", "yes", "b:ready c:ready x:skipped"),
        ("no", "no", "b:skipped c:skipped x:ready"),
        ("no", "broken", "b:skipped c:refused x:skipped"),
    ],
)
def test_otherwise_applies_when_no_alternative_does_and_never_on_a_doubt(first, second, births):
    assert follows(choice(first, second), "a:done")[0] == births


def three(**join):
    return [step("a"), step("b"), step("b2", "b"), step("c"), step("j", "a b2 c", **join), step("k", "j")]


@pytest.mark.parametrize(
    ("join", "text", "expected"),
    [
        ({"need": 2}, "a:done b:ready c:ready", ("", "", "open")),
        ({"need": 2}, "a:done b:ready c:done", ("j:ready b2:cancelled", "b", "open")),
        ({"need": 1}, "a:in_review b:with_person c:done", ("j:ready b2:cancelled", "a b", "open")),
        ({"need": 1}, "a:started b:uncertain c:done", ("j:ready", "", "open")),
        ({"need": 1, "rest": "let_go"}, "a:in_review b:ready c:done", ("j:ready", "", "open")),
        ({"need": 1, "rest": "let_go"}, "a:in_review b:done c:done", ("j:ready b2:ready", "", "open")),
        ({"need": 1}, "a:in_review b:done c:done", ("j:ready b2:cancelled", "a", "open")),
        ({"need": 1}, "a:done b:done b2:cancelled c:cancelled j:done", ("k:ready", "", "open")),
        ({"need": 1}, "a:done b:done c:started j:done k:done", ("b2:cancelled", "", "open")),
        ({"need": 1}, "a:done b:done b2:cancelled c:in_review j:done k:done", ("", "c", "fine")),
        ({"need": 2}, "a:done b:done b2:skipped c:skipped", ("j:skipped k:skipped", "", "fine")),
        ({"need": 2}, "a:cancelled b:done b2:skipped c:skipped", ("j:cancelled k:cancelled", "", "fine")),
        ({"need": 2}, "a:done b:failed c:ready", ("", "", "open")),
        ({"need": 2}, "a:done b:failed c:done", ("j:ready", "", "open")),
        ({"need": 2}, "a:done b:failed c:done j:done k:done", ("", "", "fine")),
        ({"need": 2}, "a:done b:failed c:failed", ("", "", "stopped")),
        ({"need": 3}, "a:done b:done b2:done c:skipped", ("j:skipped k:skipped", "", "fine")),
        ({}, "a:done b:done b2:done c:cancelled", ("j:ready", "", "open")),
    ],
)
def test_a_join_goes_on_when_enough_is_done_and_withdraws_or_lets_go_the_rest(join, text, expected):
    assert follows(three(**join), text) == expected


def test_what_leads_elsewhere_too_is_not_withdrawn():
    steps = [step("a"), step("b"), step("j", "a b", need=1), step("other", "b")]
    assert follows(steps, "a:done b:ready") == ("j:ready", "", "open")


def test_of_two_joins_in_a_row_the_later_one_withdraws_the_earlier():
    steps = [step("a"), step("b"), step("x"), step("j", "a b", need=1), step("k", "j x", need=1)]
    assert follows(steps, "a:done b:ready x:done") == ("k:ready j:cancelled", "b", "open")


def revising(at_most=3, then="stop", until="review=done", on_reject="stop"):
    return [
        step("plan"),
        step("draft", "plan"),
        step("check", "draft"),
        step("review", "check", repeat=back("draft", until, at_most, then), on_reject=on_reject),
        step("send", "review"),
    ]


FIRST = "plan:done draft:done check:done"
SECOND = "plan:done draft:done/2 check:done/2"


@pytest.mark.parametrize(
    ("steps", "text", "expected"),
    [
        (revising(), f"{FIRST} review:done", ("send:ready", "", "open")),
        (revising(), f"{FIRST} review:rejected", ("draft:ready/2", "", "open")),
        (revising(), "plan:done draft:ready/2 check:done review:rejected", ("", "", "open")),
        (revising(), "plan:done draft:done/2 check:done review:rejected", ("check:ready/2", "", "open")),
        (revising(), f"{SECOND} review:rejected", ("review:ready/2", "", "open")),
        (revising(), f"{SECOND} review:done/2", ("send:ready", "", "open")),
        (revising(at_most=2), f"{SECOND} review:rejected/2", ("", "", "stopped")),
        (revising(at_most=2, then="go_on"), f"{SECOND} review:rejected/2", ("", "", "stopped")),
        (revising(at_most=2, on_reject="skip"), f"{SECOND} review:rejected/2", ("", "", "stopped")),
        (
            revising(at_most=2, then="go_on", on_reject="skip"),
            f"{SECOND} review:rejected/2",
            ("send:ready", "", "open"),
        ),
        (revising(until="no"), f"{FIRST} review:done", ("draft:ready/2", "", "open")),
        (revising(until="no", at_most=2), f"{SECOND} review:done/2", ("", "", "stopped")),
        (revising(until="no", at_most=2, then="go_on"), f"{SECOND} review:done/2", ("send:ready", "", "open")),
        (revising(until="no"), f"{FIRST} review:skipped", ("send:skipped", "", "fine")),
        (revising(until="no"), f"{FIRST} review:cancelled", ("send:cancelled", "", "fine")),
        (revising(until="no"), f"{FIRST} review:failed", ("", "", "stopped")),
        (revising(until="no"), f"{FIRST} review:done send:started", ("", "", "open")),
        (revising(), "plan:done draft:done check:rejected", ("draft:ready/2", "", "open")),
        (revising(), "plan:done draft:rejected", ("draft:ready/2", "", "open")),
        (revising(), "plan:rejected", ("", "", "stopped")),
        (revising(on_reject="redo", at_most=1), f"{FIRST} review:rejected", ("", "", "stopped")),
    ],
)
def test_a_loop_goes_round_until_it_is_well_or_the_rounds_are_used_up(steps, text, expected):
    assert follows(steps, text) == expected


def test_a_loop_whose_end_cannot_be_checked_begins_no_round_and_says_why():
    found = plan(Shape.of(revising(until="broken")), known(f"{FIRST} review:done"), holds)
    (birth,) = found.births
    assert (birth.key, birth.round, birth.status) == ("draft", 2, "refused")
    assert birth.trouble == "Whether another round is needed could not be checked: broken: there is no “score”"
    assert (found.over, found.fine) == (True, False)


def test_a_loop_that_was_left_goes_round_no_more_when_a_leader_has_its_end_done_again():
    left = f"{FIRST} send:done"
    assert follows(revising(), f"{left} review:done/2") == ("", "", "fine")
    assert follows(revising(), f"{left} review:rejected/2") == ("", "", "stopped")


def test_a_loop_whose_end_cannot_be_checked_is_not_over_before_what_it_let_go_is():
    steps = [
        step("draft"),
        step("slow", "draft"),
        step("quick", "draft"),
        step("pick", "slow quick", need=1, rest="let_go", repeat=back("draft", "broken")),
    ]
    assert follows(steps, "draft:done slow:started quick:done pick:done") == ("", "", "open")
    assert follows(steps, "draft:done slow:done quick:done pick:done") == ("draft:refused/2", "", "stopped")


FORKED = [
    step("draft"),
    step("legal", "draft"),
    step("brand", "draft"),
    step("agree", "legal brand", repeat=back("draft", "ok")),
]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("draft:done legal:rejected brand:in_review", ("draft:ready/2", "brand", "open")),
        ("draft:done legal:rejected brand:started", ("", "", "open")),
        ("draft:done legal:rejected brand:done", ("draft:ready/2", "", "open")),
        ("draft:done/2 legal:rejected brand:cancelled", ("legal:ready/2 brand:ready/2", "", "open")),
    ],
)
def test_a_no_in_one_branch_of_a_loop_withdraws_the_other_and_waits_for_what_has_begun(text, expected):
    assert follows(FORKED, text) == expected


def test_a_step_can_repeat_itself():
    steps = [step("poll", repeat=back("poll", "no", at_most=2)), step("next", "poll")]
    assert follows(steps, "poll:done") == ("poll:ready/2", "", "open")
    assert follows(steps, "poll:done/2") == ("", "", "stopped")


def test_a_round_begins_behind_every_round_a_leader_had_done_again():
    assert follows(revising(), "plan:done draft:done check:done/2 review:rejected") == ("draft:ready/3", "", "open")


def test_a_loop_on_a_branch_that_was_withdrawn_goes_round_no_more():
    steps = [step("a", repeat=back("a", "no")), step("b"), step("j", "a b", need=1)]
    assert follows(steps, "a:started b:done") == ("j:ready", "", "open")
    assert follows(steps, "a:done b:done j:done") == ("", "", "fine")


@pytest.mark.parametrize(
    ("steps", "key", "place", "words"),
    [
        ([step("a"), step("j", "a", need=1)], "j", "join", "comes after “a” alone"),
        ([step("j", need=1)], "j", "join", "comes after nothing"),
        (three(need=4), "j", "join.need", "1 to 3 of the steps before it, not 4"),
        ([step("a", when="otherwise")], "a", "when", "needs another step at the beginning"),
        ([step("a"), step("b", "a", when="otherwise")], "b", "when", "that comes after “a” and has a condition"),
        ([step("a"), step("b", repeat=back("a"))], "b", "repeat.from", "it can go back to b, not to “a”"),
        ([step("a", repeat=back("x"))], "a", "repeat.from", "it can go back to a, not to “x”"),
        ([*revising(), step("log", "check")], "log", "after", "let this step come after “review”"),
        ([step("x"), step("a"), step("b", "a x", need=1, repeat=back("a"))], "b", "join", "this join cannot count it"),
        (
            [step("a"), step("b", "a", repeat=back("a")), step("c", "b", repeat=back("a"))],
            "c",
            "repeat",
            "share “a” and “b”",
        ),
    ],
)
def test_what_could_not_work_is_found_before_it_is_published(steps, key, place, words):
    where, inner, sentence = next(flaws(steps))
    assert (where, inner) == (key, place)
    assert words in sentence


# Random graphs, played to their end.


WHENS = [*[""] * 6, "yes", "no", "broken", "otherwise"]


@st.composite
def graphs(draw, joins=True, whens=True, stops=True):
    steps = []
    for index in range(draw(st.integers(1, 8))):
        keys = [earlier.key for earlier in steps]
        after = draw(st.lists(st.sampled_from(keys), max_size=3, unique=True)) if keys else []
        steps.append(
            step(
                f"s{index}",
                " ".join(after),
                when=draw(st.sampled_from(WHENS)) if whens else "",
                on_reject=draw(st.sampled_from(["stop", "skip", "redo"] if stops else ["skip"])),
                need=draw(st.sampled_from([None, 1, len(after) - 1, len(after)])) if joins and len(after) > 1 else None,
                rest=draw(st.sampled_from(["withdraw", "let_go"])),
            )
        )
    for index, tail in enumerate(steps):
        if draw(st.booleans()):
            start = draw(st.sampled_from(steps[max(0, index - 3) : index + 1])).key
            until = draw(st.sampled_from(["ok", "no", "no", *(["broken"] if stops else [])]))
            tail.repeat = back(
                start, until, draw(st.integers(2, 3)), draw(st.sampled_from(["stop", "go_on"] if stops else ["go_on"]))
            )
            mend(steps)
    mend(steps)
    return steps


def mend(steps):
    """Take away what could not work."""
    while found := next(flaws(steps), None):
        spoilt = next(made for made in steps if made.key == found[0])
        spoilt.repeat = {}
        spoilt.when = "" if spoilt.when == "otherwise" else spoilt.when
        for made in steps:
            made.repeat = {} if found[1] in ("after", "join") else made.repeat


@dataclass
class Game:
    """A run played by hand: `past` keeps every action, by step and round."""

    steps: list
    choose: object
    past: dict = field(default_factory=dict)
    calls: int = 0

    def __post_init__(self):
        self.shape = Shape.of(self.steps)
        self.nodes = self.shape.by_key

    @property
    def known(self):
        newest = {}
        for (key, number), status in sorted(self.past.items(), key=lambda item: item[0][1]):
            newest[key] = {"status": status, "round": number}
        return newest

    def play(self):
        while True:
            found = self.plan()
            if found.over:
                return found
            live = [place for place, status in self.past.items() if status in UNDER_WAY]
            assert live, "nothing is under way, yet the run is not over"
            self.choose(self, sorted(live))
            self.calls += 1
            assert self.calls < 400

    def plan(self):
        before = self.known
        found = plan(self.shape, before, holds)
        for key in found.withdrawn:
            assert before[key]["status"] in NOT_BEGUN
            self.past[key, before[key]["round"]] = "cancelled"
        for birth in found.births:
            assert (birth.key, birth.round) not in self.past
            assert not any(status in UNDER_WAY for (key, _), status in self.past.items() if key == birth.key)
            self.past[birth.key, birth.round] = birth.status
        for birth in found.births:
            assert birth.status != "ready" or self.allows(birth)
        again = plan(self.shape, self.known, holds)
        assert (again.births, again.withdrawn, again.over, again.fine) == ((), (), found.over, found.fine)
        return found

    def allows(self, birth):
        """Say by other means than the plan whether the step may begin."""
        node, loop = self.nodes[birth.key], self.shape.loop_of.get(birth.key)
        known = {key: found["status"] for key, found in self.known.items()}
        if loop is not None:
            known = {
                key: status
                for key, status in known.items()
                if key not in loop.body or self.known[key]["round"] >= birth.round
            }
        states = [known.get(key, "") for key in node.after]
        if node.need is not None:
            return states.count("done") >= node.need
        lenient = [self.nodes[key].on_reject == "skip" for key in node.after]
        return all(
            state in ("done", "skipped", "cancelled") or (state == "rejected" and skips)
            for state, skips in zip(states, lenient, strict=True)
        )


OUTCOMES = ["done"] * 5 + ["rejected", "failed", "cancelled", "skipped", "started", "in_review", "uncertain"]


@settings(max_examples=400, deadline=None)
@given(graphs(), st.data())
def test_every_run_ends_and_nothing_is_born_twice_or_too_early(steps, data):
    def choose(game, live):
        place = data.draw(st.sampled_from(live))
        kinds = OUTCOMES if game.past[place] == "ready" else [kind for kind in OUTCOMES if kind not in UNDER_WAY]
        game.past[place] = data.draw(st.sampled_from(kinds))

    game = Game(steps, choose)
    found = game.play()
    rejected = any(status == "rejected" for status in game.past.values())
    capped = any(loop.repeat.until == "no" for loop in game.shape.loops)
    if found.fine or not (rejected or capped):
        assert UNDER_WAY.isdisjoint(game.past.values())
    for loop in game.shape.loops:
        for key in loop.body:
            assert sum(place[0] == key for place in game.past) <= loop.repeat.at_most + 1


@settings(max_examples=200, deadline=None)
@given(graphs(), st.data())
def test_a_join_of_n_begins_once_a_round_however_late_the_rest_settles(steps, data):
    def choose(game, live):
        game.past[data.draw(st.sampled_from(live))] = "done"

    game = Game(steps, choose)
    game.play()
    for node in game.shape.nodes:
        rounds = [number for key, number in game.past if key == node.key]
        assert len(rounds) == len(set(rounds))
        if node.key not in game.shape.loop_of:
            assert len(rounds) <= 1


@settings(max_examples=200, deadline=None)
@given(graphs(joins=False, stops=False), st.data(), st.randoms(use_true_random=False))
def test_where_all_is_waited_for_the_order_of_settling_changes_nothing(steps, data, chance):
    fates = {
        step.key: data.draw(st.sampled_from(["done", "done", "rejected", "cancelled", "failed"])) for step in steps
    }

    def choose(pick):
        def settle(game, live):
            key, number = pick(live)
            game.past[key, number] = fates[key]

        return settle

    first, other = Game(steps, choose(min)), Game(steps, choose(chance.choice))
    ends = [first.play(), other.play()]
    assert first.past == other.past
    assert (ends[0].over, ends[0].fine) == (ends[1].over, ends[1].fine)
