"""The shape of a version's graph: its steps, joins and loops, and what follows from how they lie. Pure; for `flow`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from workflows import graph

OTHERWISE = "otherwise"
_PASSES = frozenset({"done", "skipped", "cancelled"})


@dataclass(frozen=True)
class Repeat:
    back_to: str
    until: str
    at_most: int
    go_on: bool = False


@dataclass(frozen=True)
class Node:
    """One step as the flow sees it. `need` is None where all steps before it are waited for."""

    key: str
    after: tuple[str, ...] = ()
    when: str = ""
    on_reject: str = "stop"
    need: int | None = None
    withdraw: bool = False
    repeat: Repeat | None = None


@dataclass(frozen=True)
class Loop:
    """`exits` are the steps that cannot begin before the loop is left."""

    head: str
    tail: str
    body: tuple[str, ...]
    repeat: Repeat
    exits: tuple[str, ...]


@dataclass(frozen=True)
class Shape:
    """A version's graph with all that `plan` needs of it, worked out once.

    `nodes` stand in topological order, what applies otherwise behind its alternatives. `passing` says which states of
    a step let go on what comes after it; `feeders` which steps lead to nothing but a join that needs N.
    """

    nodes: tuple[Node, ...]
    by_key: Mapping[str, Node]
    passing: Mapping[str, frozenset[str]]
    alternatives: Mapping[str, tuple[str, ...]]
    feeders: Mapping[str, frozenset[str]]
    loops: tuple[Loop, ...]
    loop_of: Mapping[str, Loop]

    @classmethod
    def of(cls, steps: Iterable[Any]) -> Shape:
        """Return the shape of steps with .key .after .when .on_reject .join .repeat. Raises graph.GraphError."""
        nodes = {step.key: _node(step) for step in steps}
        after = {key: node.after for key, node in nodes.items()}
        alternatives = {key: _alternatives(node, nodes.values()) for key, node in nodes.items() if _is_other(node)}
        order = graph.order({key: (*befores, *alternatives.get(key, ())) for key, befores in after.items()})
        loops = tuple(_loop(node, after, nodes) for node in nodes.values() if node.repeat)
        return cls(
            nodes=tuple(nodes[key] for key in order),
            by_key=nodes,
            passing={key: _passing(node) for key, node in nodes.items()},
            alternatives=alternatives,
            feeders={key: frozenset(graph.only_to(after, key)) for key, node in nodes.items() if node.need is not None},
            loops=loops,
            loop_of={key: loop for loop in loops for key in loop.body},
        )


def _node(step: Any) -> Node:
    join, repeat = step.join, step.repeat
    return Node(
        key=step.key,
        after=tuple(step.after),
        when=step.when,
        on_reject=str(step.on_reject),
        need=join["need"] if join else None,
        withdraw=bool(join) and join.get("rest", "withdraw") == "withdraw",
        repeat=Repeat(repeat["from"], repeat["until"], repeat["at_most"], repeat.get("then") == "go_on")
        if repeat
        else None,
    )


def _passing(node: Node) -> frozenset[str]:
    return _PASSES | {"rejected"} if node.on_reject == "skip" else _PASSES


def _is_other(node: Node) -> bool:
    return node.when == OTHERWISE


def _alternatives(other: Node, nodes: Iterable[Node]) -> tuple[str, ...]:
    befores = (set(other.after), other.need)
    same = (node for node in nodes if (set(node.after), node.need) == befores)
    return tuple(node.key for node in same if node.when and not _is_other(node))


def _loop(tail: Node, after: Mapping[str, tuple[str, ...]], nodes: Mapping[str, Node]) -> Loop:
    assert tail.repeat is not None
    exits = [key for key in graph.successors(after)[tail.key] if nodes[key].need is None]
    body = graph.between(after, tail.repeat.back_to, tail.key)
    return Loop(tail.repeat.back_to, tail.key, tuple(body), tail.repeat, tuple(exits))


def flaws(steps: Iterable[Any]) -> Iterator[tuple[str, str, str]]:
    """Yield (step key, where in it, a sentence) for each join, choice and loop that could not work.

    The steps are known to form a graph without circles.
    """
    nodes = {step.key: _node(step) for step in steps}
    after = {key: node.after for key, node in nodes.items()}
    for node in nodes.values():
        if node.need is not None:
            yield from _join_flaws(node)
        if _is_other(node) and not _alternatives(node, nodes.values()):
            others = f"that comes after {_listed(node.after)}" if node.after else "at the beginning"
            yield node.key, "when", f"“otherwise” needs another step {others} and has a condition in `when`"
    loops = []
    for node in nodes.values():
        if node.repeat:
            found = list(_repeat_flaws(node, after))
            yield from found
            loops += [] if found else [_loop(node, after, nodes)]
    for index, loop in enumerate(loops):
        yield from _overlaps(loop, loops[:index])
        yield from _side_exits(loop, after)
        yield from _early_joins(loop, nodes)


def _join_flaws(node: Node) -> Iterator[tuple[str, str, str]]:
    count = len(set(node.after))
    if count < 2:
        words = f"{_listed(node.after)} alone" if count else "nothing"
        yield node.key, "join", f"a join brings several steps together; this one comes after {words}"
    elif not 1 <= (node.need or 0) <= count:
        words = f"it comes after {_listed(node.after)}"
        yield node.key, "join.need", f"it can need 1 to {count} of the steps before it, not {node.need}; {words}"


def _repeat_flaws(node: Node, after: Mapping[str, tuple[str, ...]]) -> Iterator[tuple[str, str, str]]:
    assert node.repeat is not None
    start, earlier = node.repeat.back_to, graph.ancestors(after, node.key)
    if start != node.key and start not in earlier:
        known = ", ".join(key for key in after if key in earlier or key == node.key)
        yield node.key, "repeat.from", f"it can go back to {known}, not to “{start}”"


def _overlaps(loop: Loop, others: Iterable[Loop]) -> Iterator[tuple[str, str, str]]:
    for other in others:
        shared = [key for key in loop.body if key in other.body]
        if shared:
            yield (
                loop.tail,
                "repeat",
                f"its loop and that of “{other.tail}” share {_listed(shared)}; loops stand apart. Give the inner one a "
                "workflow of its own, started with workflows.start, or let both end in one step",
            )


def _side_exits(loop: Loop, after: Mapping[str, tuple[str, ...]]) -> Iterator[tuple[str, str, str]]:
    for key, befores in after.items():
        inside = [before for before in befores if before in loop.body and before != loop.tail]
        if inside and key not in loop.body:
            words = f"“{inside[0]}” is done again while “{loop.tail}” repeats; let this step come after “{loop.tail}”"
            yield key, "after", words


def _early_joins(loop: Loop, nodes: Mapping[str, Node]) -> Iterator[tuple[str, str, str]]:
    """A join that what stands before the loop can satisfy would not wait for the next round."""
    for node in (nodes[key] for key in loop.body if key != loop.head):
        outside = [key for key in node.after if key not in loop.body]
        if outside and node.need is not None:
            words = f"“{outside[0]}” is not done again while “{loop.tail}” repeats, so this join cannot count it"
            yield node.key, "join", f"{words}; let “{loop.head}” come after “{outside[0]}”"


def _listed(keys: Iterable[str]) -> str:
    return " and ".join(f"“{key}”" for key in keys)
