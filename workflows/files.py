"""Workflows as YAML files: the format, and where in a file something is wrong. Needs no database."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from io import StringIO
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator
from ruamel.yaml import YAML
from ruamel.yaml.composer import Composer
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.events import AliasEvent
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode
from ruamel.yaml.reader import ReaderError

from governance import durations

Place = tuple[str | int, ...]

LIMIT = 1_000_000
"""Characters of a text."""
DEPTH = 30
DIGITS = 100
STEPS = 200
LONGEST_WAIT = 10 * 366 * 86400
"""Seconds."""
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


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid")


def _storable(value: dict[str, Any]) -> dict[str, Any]:
    """Return the mapping as JSON will give it back. YAML knows dates, sets and .nan; JSON does not."""
    try:
        return dict(json.loads(json.dumps(value, allow_nan=False)))
    except (TypeError, ValueError):
        words = "only text, numbers, true, false, lists and mappings can stand here; put a date in quotes"
        raise ValueError(words) from None


def _on_one_line(value: str) -> str:
    if value and value.splitlines() != [value]:
        raise ValueError("this must stand on one line, without a line break")
    return value


Storable = Annotated[dict[str, Any], AfterValidator(_storable)]
Line = Annotated[str, AfterValidator(_on_one_line)]


class GuardrailPart(_Part):
    when: str = Field(min_length=1)
    effect: Literal["review", "human", "refuse"]
    reason: Line = Field(min_length=1, max_length=240)


class StepPart(_Part):
    key: str = Field(pattern=r"^[a-z][a-z0-9_]*$", max_length=60)
    title: Line = Field("", max_length=120)
    question: Line = Field("", max_length=240)
    capability: str = ""
    params: Storable = {}
    after: list[str] = []
    when: str = ""
    ownership: Literal["automated", "needs_approval", "human_owned"]
    assist: Literal["none", "insight", "recommendation"] = "insight"
    confidence: str = ""
    min_confidence: float | None = Field(None, ge=0, le=1)
    sample_rate: float = Field(0, ge=0, le=1)
    guardrails: list[GuardrailPart] = []
    data: list[str] = []
    reviewers: str = ""
    escalation: str = ""
    due_in: str = "1d"
    on_reject: Literal["stop", "skip", "redo"] = "stop"

    @field_validator("due_in", mode="before")
    @classmethod
    def duration(cls, value: Any) -> str:
        if len(str(value)) > DIGITS or (seconds := durations.seconds(value)) > LONGEST_WAIT:
            raise ValueError("this is longer than ten years")
        return durations.short(seconds)

    @model_validator(mode="after")
    def fill(self) -> StepPart:
        self.title = self.title or self.key.replace("_", " ").capitalize()
        self.question = self.question or f"{self.title}?"
        if not self.capability and self.ownership != "human_owned":
            raise ValueError("a step that software takes part in needs a capability")
        return self


class WorkflowPart(_Part):
    workflow: str = Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=80)
    title: Line = Field(min_length=1, max_length=160)
    purpose: str = ""
    owner: str
    automation_allowed: bool = False
    input: Storable = {}
    steps: list[StepPart] = Field(min_length=1, max_length=STEPS)

    @model_validator(mode="after")
    def fill(self) -> WorkflowPart:
        for step in self.steps:
            step.reviewers = step.reviewers or self.owner
        return self


@dataclass(frozen=True)
class Document:
    """One workflow of a file, with the line of every place in it."""

    part: WorkflowPart
    lines: Mapping[Place, int]

    def problem(self, place: Place, sentence: str) -> Problem:
        return Problem(line_of(self.lines, place), _dotted(place), sentence)


class _Composer(Composer):
    """Refuses, before anything grows from it, what no workflow needs: aliases, tags and deep nesting."""

    def __init__(self, loader: Any = None) -> None:
        super().__init__(loader)
        self.warn_double_anchors = False  # no alias can take the wrong one

    def compose_node(self, parent: Any, index: Any) -> Any:
        event = self.parser.peek_event()
        if isinstance(event, AliasEvent):
            sentence = f"aliases (*{_short(event.anchor)}) are not allowed; write it out here"
        elif event.ctag is not None:
            tag = str(event.ctag).replace(_TAGS, "!!", 1)
            sentence = f"tags ({_short(tag)}) are not allowed; write the value without"
        elif self.depth >= DEPTH:
            sentence = f"this is nested too deep: at most {DEPTH} levels"
        else:
            return super().compose_node(parent, index)
        raise FileProblems([Problem(event.start_mark.line + 1, "", _printable(sentence))])


def _yaml() -> YAML:
    """YAML 1.2: `no` is a word, and a question mark may stand in a flow mapping."""
    yaml = YAML(typ="safe", pure=True)
    yaml.Composer = _Composer
    yaml.default_flow_style = None
    yaml.sort_base_mapping_type_on_output = False  # type: ignore[assignment]
    yaml.allow_unicode = True
    yaml.width = 110
    return yaml


def read(text: str) -> list[Document]:
    """Return the workflows of a YAML text. Raises FileProblems with everything found wrong in its form."""
    if len(text) > LIMIT:
        raise FileProblems([Problem(1, "", f"the text is longer than {LIMIT:,} characters, which is the limit")])
    try:
        nodes = [node for node in _yaml().compose_all(text) if node is not None]
    except _BROKEN as error:
        raise FileProblems([_not_yaml(error, text)]) from None
    if not nodes:
        raise FileProblems([Problem(1, "", "the file holds no workflow")])
    return [_document(node) for node in nodes]


def _not_yaml(error: Exception, text: str) -> Problem:
    line, words = 1, str(error)
    if isinstance(error, MarkedYAMLError):
        mark = error.problem_mark or error.context_mark
        line, words = mark.line + 1 if mark else 1, error.problem or error.context or ""
    elif isinstance(error, ReaderError):
        line = text.count("\n", 0, error.position) + 1
        words = f"the character #x{ord(text[error.position]):04x} is not allowed"
    return Problem(line, "", _printable(f"this is not YAML: {words or type(error).__name__}"))


def _document(node: Node) -> Document:
    lines: dict[Place, int] = {}
    if wrong := list(_walk(node, (), lines)):
        raise FileProblems(wrong)
    if not isinstance(node, MappingNode):
        raise FileProblems([Problem(node.start_mark.line + 1, "", "a workflow is a mapping with the key workflow")])
    try:
        value = _yaml().constructor.construct_document(node)
    except _BROKEN as error:
        raise FileProblems([_not_yaml(error, "")]) from None
    try:
        return Document(WorkflowPart.model_validate(value), lines)
    except ValidationError as error:
        found = [Problem(line_of(lines, item["loc"]), _dotted(item["loc"]), _say(item)) for item in error.errors()]
        raise FileProblems(found) from None


def _walk(node: Node, place: Place, lines: dict[Place, int]) -> Iterator[Problem]:
    """Note the line of every place; yield a problem for each key that stands twice and each value JSON cannot hold."""
    lines.setdefault(place, node.start_mark.line + 1)
    if isinstance(node, MappingNode):
        for key, value in node.value:
            if sentence := _no_key(key):
                yield Problem(key.start_mark.line + 1, _dotted(place), sentence)
                continue
            inner = (*place, key.value)
            if inner in lines:
                yield Problem(key.start_mark.line + 1, _dotted(inner), "this key stands here twice")
            lines[inner] = key.start_mark.line + 1
            yield from _walk(value, inner, lines)
    elif isinstance(node, SequenceNode):
        for index, value in enumerate(node.value):
            yield from _walk(value, (*place, index), lines)
    elif sentence := _no_value(node):
        yield Problem(node.start_mark.line + 1, _dotted(place), sentence)


def _no_key(node: Node) -> str:
    """Return why this cannot be a key; empty when it can."""
    if not isinstance(node, ScalarNode):
        return "a key must be text, not a list or a mapping"
    if _kind(node) != "str":
        return f"a key must be text; quote it: '{_short(node.value)}'"
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
            return f"a date must be text; quote it: '{_short(text)}'"
        case _:
            return f"“{_short(text)}” has a meaning of its own in YAML; quote it: '{_short(text)}'"


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


def _short(text: str) -> str:
    return _printable(text if len(text) <= DIGITS else f"{text[:DIGITS]}…")


def _printable(text: str) -> str:
    """Return the text with what no page can show written as an escape."""
    return text.replace("\0", "\\0").encode("utf-8", "backslashreplace").decode()


def line_of(lines: Mapping[Place, int], place: Place) -> int:
    """Return the line of the place, or of the nearest one around it."""
    while place and place not in lines:
        place = place[:-1]
    return lines.get(place, 1)


def _dotted(place: Sequence[str | int]) -> str:
    return _printable(".".join(str(part + 1) if isinstance(part, int) else part for part in place))


def _say(item: Any) -> str:
    match item["type"]:
        case "missing":
            return "this key is missing"
        case "extra_forbidden":
            return f"“{item['loc'][-1]}” is not a key of the format; see the README for those there are"
        case "string_pattern_mismatch":
            return f"“{item['input']}” must be lower case letters, digits and hyphens (in step keys: underscores)"
        case "too_long":
            return f"at most {item['ctx']['max_length']} can stand here, not {len(item['input'])}"
        case _:
            return str(item["msg"]).removeprefix("Value error, ") + _given(item)


def _given(item: Any) -> str:
    return f", not {_short(repr(item['input']))}" if isinstance(item["input"], str | int | float | bool | None) else ""


def write(parts: Sequence[WorkflowPart]) -> str:
    """Return the YAML text of the workflows; what is as by default is left out, so that loading it gives the same."""
    stream = StringIO()
    _yaml().dump_all([_lean(part) for part in parts], stream)
    return stream.getvalue()


def _lean(part: WorkflowPart) -> dict[str, Any]:
    whole = part.model_dump()
    whole["steps"] = [
        {
            name: value
            for name, value in step.model_dump().items()
            if name in ("key", "ownership") or value != StepPart.model_fields[name].get_default()
        }
        for step in part.steps
    ]
    return {name: value for name, value in whole.items() if value not in ("", {}) or name == "owner"}
