"""Enough agreement? Each person counts once, however many of the needs they could fill. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from governance.judging.verdict import Need

Seats = dict[str, list[int]]
"""By need, who fills it."""


def seated(needs: Sequence[Need], may: Mapping[int, Collection[str]]) -> Seats:
    """Return who fills which need, so that as many agreements as possible are given.

    `may` says which needs (by key) each person who agreed could fill. A maximum bipartite matching by augmenting paths
    (Kuhn 1955), in the order of the persons, so that it comes out the same every time.
    """
    room = {need.key: need.need for need in needs}
    taken: Seats = {need.key: [] for need in needs}
    for person in may:
        _seat(person, may, room, taken, set())
    return taken


def _seat(
    person: int, may: Mapping[int, Collection[str]], room: Mapping[str, int], taken: Seats, tried: set[str]
) -> bool:
    for key in taken:
        if key not in may[person] or key in tried:
            continue
        tried.add(key)
        if len(taken[key]) < room[key]:
            taken[key].append(person)
            return True
        for other in list(taken[key]):
            if _seat(other, may, room, taken, tried):
                taken[key].remove(other)
                taken[key].append(person)
                return True
    return False


def open_needs(needs: Sequence[Need], taken: Seats) -> list[Need]:
    """Return the needs that are not filled yet."""
    return [need for need in needs if len(taken.get(need.key, ())) < need.need]
