"""Workflows as YAML files: the format, and where in a file something is wrong. Needs no database."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from io import StringIO
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator
from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, SequenceNode

from governance import durations

Place = tuple[str | int, ...]


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


Storable = Annotated[dict[str, Any], AfterValidator(_storable)]


class GuardrailPart(_Part):
    when: str = Field(min_length=1)
    effect: Literal["review", "human", "refuse"]
    reason: str = Field(min_length=1, max_length=240)


class StepPart(_Part):
    key: str = Field(pattern=r"^[a-z][a-z0-9_]*$", max_length=60)
    title: str = Field("", max_length=120)
    question: str = Field("", max_length=240)
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
        return durations.short(durations.seconds(value))

    @model_validator(mode="after")
    def fill(self) -> StepPart:
        self.title = self.title or self.key.replace("_", " ").capitalize()
        self.question = self.question or f"{self.title}?"
        if not self.capability and self.ownership != "human_owned":
            raise ValueError("a step that software takes part in needs a capability")
        return self


class WorkflowPart(_Part):
    workflow: str = Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=80)
    title: str = Field(min_length=1, max_length=160)
    purpose: str = ""
    owner: str
    automation_allowed: bool = False
    input: Storable = {}
    steps: list[StepPart] = Field(min_length=1)

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


def _yaml() -> YAML:
    """YAML 1.2: `no` is a word, and a question mark may stand in a flow mapping."""
    yaml = YAML(typ="safe", pure=True)
    yaml.default_flow_style = None
    yaml.sort_base_mapping_type_on_output = False  # type: ignore[assignment]
    yaml.allow_unicode = True
    yaml.width = 110
    return yaml


def read(text: str) -> list[Document]:
    """Return the workflows of a YAML text. Raises FileProblems with everything found wrong in its form."""
    try:
        nodes = [node for node in _yaml().compose_all(text) if node is not None]
    except MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise FileProblems([Problem(line, "", f"this is not YAML: {error.problem}")]) from None
    except YAMLError as error:
        raise FileProblems([Problem(1, "", f"this is not YAML: {error}")]) from None
    if not nodes:
        raise FileProblems([Problem(1, "", "the file holds no workflow")])
    return [_document(node) for node in nodes]


def _document(node: Node) -> Document:
    lines: dict[Place, int] = {}
    duplicates = list(_walk(node, (), lines))
    if duplicates:
        raise FileProblems(duplicates)
    if not isinstance(node, MappingNode):
        raise FileProblems([Problem(node.start_mark.line + 1, "", "a workflow is a mapping with the key workflow")])
    value = _yaml().constructor.construct_document(node)
    try:
        return Document(WorkflowPart.model_validate(value), lines)
    except ValidationError as error:
        found = [Problem(line_of(lines, item["loc"]), _dotted(item["loc"]), _say(item)) for item in error.errors()]
        raise FileProblems(found) from None


def _walk(node: Node, place: Place, lines: dict[Place, int]) -> Iterator[Problem]:
    """Note the line of every place; yield a problem for each key that stands twice in one mapping."""
    lines.setdefault(place, node.start_mark.line + 1)
    if isinstance(node, MappingNode):
        for key, value in node.value:
            inner = (*place, str(key.value))
            if inner in lines:
                yield Problem(key.start_mark.line + 1, _dotted(inner), "this key stands here twice")
            lines[inner] = key.start_mark.line + 1
            yield from _walk(value, inner, lines)
    elif isinstance(node, SequenceNode):
        for index, value in enumerate(node.value):
            yield from _walk(value, (*place, index), lines)


def line_of(lines: Mapping[Place, int], place: Place) -> int:
    """Return the line of the place, or of the nearest one around it."""
    while place and place not in lines:
        place = place[:-1]
    return lines.get(place, 1)


def _dotted(place: Sequence[str | int]) -> str:
    return ".".join(str(part + 1) if isinstance(part, int) else part for part in place)


def _say(item: Any) -> str:
    match item["type"]:
        case "missing":
            return "this key is missing"
        case "extra_forbidden":
            return f"“{item['loc'][-1]}” is not a key of the format; see the README for those there are"
        case "string_pattern_mismatch":
            return f"“{item['input']}” must be lower case letters, digits and hyphens (in step keys: underscores)"
        case _:
            return str(item["msg"]).removeprefix("Value error, ") + _given(item)


def _given(item: Any) -> str:
    return f", not {item['input']!r}" if isinstance(item["input"], str | int | float | bool | None) else ""


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
