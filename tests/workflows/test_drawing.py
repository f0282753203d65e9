"""The line of a workflow is drawn from its graph: lanes, curves and gates, without a database."""

from itertools import pairwise

import pytest

from workflows.drawing import Curve, Down, rails, x_of

LEFT, TRUNK, RIGHT = x_of(1), x_of(2), x_of(3)
CHAIN = {"choose": [], "send": ["choose"], "count": ["send"]}
DIAMOND = {"pick": [], "build": ["pick"], "suppress": ["pick"], "choose": ["build", "suppress"], "send": ["choose"]}


def lanes(after, **kwargs):
    return [rail.lane for rail in rails(after, **kwargs)]


def test_a_chain_stays_in_the_trunk_from_dot_to_dot():
    drawn = rails(CHAIN)
    assert lanes(CHAIN) == [2, 2, 2, 2, 2]
    assert [rail.ends for rail in drawn] == [True, False, False, False, True]
    assert drawn[1].curves == (Curve(TRUNK, TRUNK),)
    assert drawn[-1].downs == ()


def test_of_two_successors_the_first_goes_left_and_the_second_right_and_the_join_comes_back():
    start, pick, build, suppress, choose, send, end = rails(DIAMOND)
    assert [rail.lane for rail in (pick, build, suppress, choose, send)] == [2, 1, 3, 2, 2]
    assert pick.downs == (Down(TRUNK),)
    assert set(build.curves) == {Curve(TRUNK, LEFT), Curve(TRUNK, RIGHT)}
    assert set(suppress.curves) == {Curve(LEFT, LEFT), Curve(RIGHT, RIGHT)}
    assert set(choose.curves) == {Curve(LEFT, TRUNK), Curve(RIGHT, TRUNK)}
    assert (start.downs, end.curves) == ((Down(TRUNK),), (Curve(TRUNK, TRUNK),))


def test_branches_that_end_apart_meet_at_the_last_dot():
    drawn = rails({"send": [], "follow": ["send"], "slow": ["send"]})
    assert set(drawn[-1].curves) == {Curve(LEFT, TRUNK), Curve(RIGHT, TRUNK)}


def test_a_condition_is_a_gate_in_the_middle_of_the_curve_that_leads_to_its_step():
    drawn = rails({"send": [], "follow": ["send"], "slow": ["send"]}, gated=["follow", "slow"])
    assert (drawn[2].gates, drawn[3].gates) == (((LEFT + TRUNK) // 2,), (RIGHT,))
    assert drawn[1].gates == ()


def test_three_successors_keep_the_usual_width_and_a_fourth_widens_the_rail():
    three = {"go": [], "a": ["go"], "b": ["go"], "c": ["go"], "end": ["a", "b", "c"]}
    four = {**three, "d": ["go"], "end": ["a", "b", "c", "d"]}
    assert lanes(three) == [2, 2, 1, 2, 3, 2, 2]
    assert {rail.width for rail in rails(three)} == {100}
    assert {rail.width for rail in rails(four)} == {124}


def test_a_shortcut_past_a_step_runs_beside_it():
    drawn = rails({"pick": [], "check": ["pick"], "send": ["pick", "check"]})
    check, send = drawn[2], drawn[3]
    assert check.lane == 1 and Down(RIGHT) in check.downs
    assert set(send.curves) == {Curve(LEFT, TRUNK), Curve(RIGHT, TRUNK)}


def test_two_beginnings_both_hang_on_the_first_dot():
    drawn = rails({"left": [], "right": [], "join": ["left", "right"]})
    assert set(drawn[1].curves) == {Curve(TRUNK, LEFT), Curve(TRUNK, RIGHT)}


WIDE = {"go": [], **{f"s{number}": ["go"] for number in range(9)}, "join": [f"s{number}" for number in range(9)]}
NESTED = {
    "a": [], "b": ["a"], "c": ["a"], "d": ["b"], "e": ["b"], "f": ["c"], "g": ["c"], "h": ["d", "e"],
    "i": ["f", "g"], "j": ["h", "i", "a"],
}  # fmt: skip


@pytest.mark.parametrize("after", [CHAIN, DIAMOND, WIDE, NESTED], ids=["chain", "diamond", "wide", "nested"])
def test_however_wide_the_graph_every_curve_begins_where_a_line_came_down_and_four_lanes_are_enough(after):
    drawn = rails(after)
    for above, row in pairwise(drawn):
        assert {curve.start for curve in row.curves} == {down.x for down in above.downs}
        assert row.x in {curve.end for curve in row.curves}
        assert max(curve.end for curve in row.curves) <= x_of(4)


def test_in_a_fan_of_nine_no_line_runs_through_the_mark_of_a_step_it_does_not_belong_to():
    for row in rails(WIDE)[2:-2]:
        passing = [curve for curve in row.curves if curve.end == row.x]
        assert len(passing) == 1
