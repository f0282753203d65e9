"""Workflows as YAML files: the format, and where in a file something is wrong. Needs no database."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from governance import durations
from workflows.yamltext import DIGITS, FileProblems, Place, Problem, Tree, dump, parse, short

STEPS = 200
LONGEST_WAIT = 10 * 366 * 86400
"""Seconds."""


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
    """One workflow of a file, and where in it each thing stands."""

    part: WorkflowPart
    tree: Tree

    def problem(self, place: Place, sentence: str) -> Problem:
        return self.tree.problem(place, sentence)


def read(text: str) -> list[Document]:
    """Return the workflows of a YAML text. Raises FileProblems with everything found wrong in its form."""
    trees = parse(text)
    if not trees:
        raise FileProblems([Problem(1, "", "the file holds no workflow")])
    return [_document(tree) for tree in trees]


def _document(tree: Tree) -> Document:
    if not isinstance(tree.value, dict):
        raise FileProblems([tree.problem((), "a workflow is a mapping with the key workflow")])
    try:
        return Document(WorkflowPart.model_validate(tree.value), tree)
    except ValidationError as error:
        raise FileProblems([tree.problem(item["loc"], _say(item)) for item in error.errors()]) from None


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
    return f", not {short(repr(item['input']))}" if isinstance(item["input"], str | int | float | bool | None) else ""


def write(parts: Sequence[WorkflowPart]) -> str:
    """Return the YAML text of the workflows; what is as by default is left out, so that loading it gives the same."""
    return dump([_lean(part) for part in parts])


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
