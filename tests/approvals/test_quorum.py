"""Enough agreement: every person counts once, and the best seating is found."""

from itertools import combinations, permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from approvals.quorum import open_needs, seated
from governance.judging import Need
from governance.powers import Powers

BEN, CHEN, DORA, EVE = 1, 2, 3, 4


def needs(**wanted):
    return [Need(key, key, team=key, need=number) for key, number in wanted.items()]


@pytest.mark.parametrize(
    ("what", "wanted", "may", "open_"),
    [
        ("nobody agreed", {"owner": 1}, {}, ["owner"]),
        ("Ben fills the one seat", {"owner": 1}, {BEN: ["owner"]}, []),
        ("Ben counts once", {"owner": 1, "community": 1}, {BEN: ["owner", "community"]}, ["community"]),
        ("Chen fills the other", {"owner": 1, "community": 1}, {BEN: ["owner", "community"], CHEN: ["owner"]}, []),
        ("two of one team", {"owner": 2}, {BEN: ["owner"]}, ["owner"]),
        ("the director alone", {"owner": 1, "pr": 1, "director": 1}, {DORA: ["director"]}, ["owner", "pr"]),
        ("who may fill nothing", {"owner": 1}, {EVE: []}, ["owner"]),
    ],
)
def test_what_is_still_open(what, wanted, may, open_):
    asked = needs(**wanted)
    assert [need.key for need in open_needs(asked, seated(asked, may))] == open_, what


@given(
    st.dictionaries(st.sampled_from("abc"), st.integers(1, 2), min_size=1),
    st.dictionaries(st.integers(1, 5), st.sets(st.sampled_from("abc"))),
)
def test_no_seating_fills_more(wanted, may):
    asked = needs(**wanted)
    taken = seated(asked, may)
    people = [person for found in taken.values() for person in found]
    assert len(people) == len(set(people))
    assert all(key in may[person] for key, found in taken.items() for person in found)
    assert all(len(found) <= wanted[key] for key, found in taken.items())
    places = [key for key, number in wanted.items() for _ in range(number)]
    assert len(people) == most(places, may)


def most(places, may):
    """As many of the places as can be filled, by trying everything."""
    for size in range(min(len(places), len(may)), 0, -1):
        for chosen in combinations(range(len(places)), size):
            for people in permutations(may, size):
                if all(places[place] in may[person] for place, person in zip(chosen, people, strict=True)):
                    return size
    return 0


LEADER = Powers(BEN, "ben@x.example", frozenset({("growth", "leader")}))
REVIEWER = Powers(CHEN, "chen@x.example", frozenset({("growth", "reviewer")}))
MANAGER = Powers(DORA, "dora@x.example", skills=frozenset({"legal"}), authority={"amounts.pct": 20.0})
COVER = Powers(EVE, "eve@x.example", authority={"amounts.pct": 12.0}, covers=(MANAGER,))
STRANGER = Powers(5, "x@x.example", frozenset({("growth", "auditor"), ("sales", "leader")}))


@pytest.mark.parametrize(
    ("need", "may"),
    [
        (Need("a", "", team="growth"), [LEADER, REVIEWER]),
        (Need("a", "", team="growth", role="leader"), [LEADER]),
        (Need("a", "", team="growth", role="reviewer"), [LEADER, REVIEWER]),
        (Need("a", "", person="Ben@x.example"), [LEADER]),
        (Need("a", "", skill="legal"), [MANAGER, COVER]),
        (Need("a", "", authority="amounts.pct", at_least=12), [MANAGER, COVER]),
        (Need("a", "", authority="amounts.pct", at_least=20), [MANAGER]),
        (Need("a", "", authority="amounts.pct", at_least=20.01), []),
        (Need("a", "", authority="amounts.other", at_least=1), []),
        (Need("a", ""), []),
    ],
)
def test_who_may_fill_it(need, may):
    assert [each for each in (LEADER, REVIEWER, MANAGER, COVER, STRANGER) if each.may_fill(need)] == may
