"""YAML as Remit reads it: plain mappings, lists, text, numbers, true and false, and the line of each. Pure.

Whatever else YAML knows (aliases, tags, dates, not-a-number) is refused with a sentence before anything grows from it.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from io import StringIO
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.composer import Composer
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.events import AliasEvent
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode
from ruamel.yaml.reader import ReaderError

Place = tuple[str | int, ...]

LIMIT = 300_000
"""Characters of a text."""
DEPTH = 30
DIGITS = 100
_TAGS = "tag:yaml.org,2002:"
_BROKEN = (YAMLError, ValueError, KeyError, TypeError, AttributeError, AssertionError, RecursionError, OverflowError)
"""What ruamel.yaml raises for texts that are not YAML."""


@dataclass(frozen=True)
class Problem:
    """Something wrong in a file: the line (from 1), the key as a dotted path, and a sentence."""

    line: int
    key: str
    sentence: str

    def at(self, file: str) -> str:
        return f"{file}, line {self.line}{f', {self.key}' if self.key else ''}: {self.sentence}"


class FileProblems(Exception):
    """A file cannot be loaded; `problems` says why, place by place."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("\n".join(problem.at("file") for problem in problems))
        self.problems = list(problems)


class _Composer(Composer):
    """Refuses, before anything grows from it, what no workflow needs: aliases, tags and deep nesting."""

    def __init__(self, loader: Any = None) -> None:
        super().__init__(loader)
        self.warn_double_anchors = False  # no alias can take the wrong one

    def compose_node(self, parent: Any, index: Any) -> Any:
        event = self.parser.peek_event()
        if isinstance(event, AliasEvent):
            sentence = f"aliases (*{short(event.anchor)}) are not allowed; write it out here"
        elif event.ctag is not None:
            tag = str(event.ctag).replace(_TAGS, "!!", 1)
            sentence = f"tags ({short(tag)}) are not allowed; write the value without"
        elif self.depth >= DEPTH:
            sentence = f"this is nested too deep: at most {DEPTH} levels"
        else:
            return super().compose_node(parent, index)
        raise FileProblems([Problem(event.start_mark.line + 1, "", printable(sentence))])


def _yaml() -> YAML:
    """YAML 1.2: `no` is a word, and a question mark may stand in a flow mapping."""
    yaml = YAML(typ="safe", pure=True)
    yaml.Composer = _Composer
    yaml.default_flow_style = None
    yaml.sort_base_mapping_type_on_output = False  # type: ignore[assignment]
    yaml.allow_unicode = True
    yaml.width = 110
    return yaml


@dataclass(frozen=True)
class Tree:
    """One document of a YAML text: its plain value, and the line (from 1) of every place in it."""

    value: Any
    lines: Mapping[Place, int]

    def line_of(self, place: Place) -> int:
        """Return the line of the place, or of the nearest one around it."""
        while place and place not in self.lines:
            place = place[:-1]
        return self.lines.get(place, 1)

    def problem(self, place: Place, sentence: str) -> Problem:
        return Problem(self.line_of(place), dotted(place), sentence)


NOWHERE = Tree(None, {})
"""Where things stand that come from no text."""


def parse(text: str, limit: int = LIMIT) -> list[Tree]:
    """Return the documents of a YAML text. Raises FileProblems with the lines of what cannot be read."""
    if len(text) > limit:
        raise FileProblems([Problem(1, "", f"the text is longer than {limit:,} characters, which is the limit")])
    try:
        nodes = [node for node in _yaml().compose_all(text) if node is not None]
    except _BROKEN as error:
        raise FileProblems([_not_yaml(error, text)]) from None
    return [_tree(node) for node in nodes]


def _tree(node: Node) -> Tree:
    lines: dict[Place, int] = {}
    if wrong := list(_walk(node, (), lines)):
        raise FileProblems(wrong)
    try:
        return Tree(_yaml().constructor.construct_document(node), lines)
    except _BROKEN as error:
        raise FileProblems([_not_yaml(error, "")]) from None


def dump(values: Sequence[Any]) -> str:
    """Return the values as the documents of a YAML text, keys in their order."""
    stream = StringIO()
    _yaml().dump_all(list(values), stream)
    return stream.getvalue()


def _not_yaml(error: Exception, text: str) -> Problem:
    line, words = 1, str(error)
    if isinstance(error, MarkedYAMLError):
        mark = error.problem_mark or error.context_mark
        line, words = mark.line + 1 if mark else 1, error.problem or error.context or ""
    elif isinstance(error, ReaderError):
        line = text.count("\n", 0, error.position) + 1
        words = f"the character #x{ord(text[error.position]):04x} is not allowed"
    return Problem(line, "", printable(f"this is not YAML: {words or type(error).__name__}"))


def _walk(node: Node, place: Place, lines: dict[Place, int]) -> Iterator[Problem]:
    """Note the line of every place; yield a problem for each key that stands twice and each value JSON cannot hold."""
    lines.setdefault(place, node.start_mark.line + 1)
    if isinstance(node, MappingNode):
        for key, value in node.value:
            if sentence := _no_key(key):
                yield Problem(key.start_mark.line + 1, dotted(place), sentence)
                continue
            inner = (*place, key.value)
            if inner in lines:
                yield Problem(key.start_mark.line + 1, dotted(inner), "this key stands here twice")
            lines[inner] = key.start_mark.line + 1
            yield from _walk(value, inner, lines)
    elif isinstance(node, SequenceNode):
        for index, value in enumerate(node.value):
            yield from _walk(value, (*place, index), lines)
    elif sentence := _no_value(node):
        yield Problem(node.start_mark.line + 1, dotted(place), sentence)


def _no_key(node: Node) -> str:
    """Return why this cannot be a key; empty when it can."""
    if not isinstance(node, ScalarNode):
        return "a key must be text, not a list or a mapping"
    if _kind(node) != "str":
        return f"a key must be text; quote it: '{short(node.value)}'"
    return _no_value(node)


def _no_value(node: Node) -> str:
    """Return why JSON and the database cannot hold this scalar; empty when they can."""
    text = str(node.value)
    match _kind(node):
        case "str":
            odd = next((mark for mark in text if mark == "\0" or "\ud800" <= mark <= "\udfff"), "")
            return f"the character #x{ord(odd):04x} is not allowed" if odd else ""
        case "null" | "bool":
            return ""
        case "int" | "float" as kind:
            return _no_number(text, kind)
        case "timestamp":
            return f"a date must be text; quote it: '{short(text)}'"
        case _:
            return f"“{short(text)}” has a meaning of its own in YAML; quote it: '{short(text)}'"


def _no_number(text: str, kind: str) -> str:
    if len(text) > DIGITS:
        return f"a number has at most {DIGITS} digits"
    if kind == "float" and (text.lower().endswith((".inf", ".nan")) or not _is_finite(text)):
        return f"“{text}” is not a number that can be kept; quote it: '{text}'"
    return ""


def _is_finite(text: str) -> bool:
    try:
        return math.isfinite(float(text.replace("_", "")))
    except ValueError:
        return False


def _kind(node: Node) -> str:
    """Return what YAML takes the node for: `str`, `int`, `timestamp` …"""
    return str(node.ctag).removeprefix(_TAGS)


def short(text: str) -> str:
    """Return the beginning of a text, fit for a sentence."""
    return printable(text if len(text) <= DIGITS else f"{text[:DIGITS]}…")


def printable(text: str) -> str:
    """Return the text with what no page can show written as an escape."""
    return text.replace("\0", "\\0").encode("utf-8", "backslashreplace").decode()


def dotted(place: Sequence[str | int]) -> str:
    """Return the place as people write it, counted from 1: `steps.2.when`."""
    return printable(".".join(str(part + 1) if isinstance(part, int) else part for part in place))
