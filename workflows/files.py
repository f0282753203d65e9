"""Workflows as YAML files: the format, and where in a file something is wrong. Needs no database."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal

from pydantic import Field, ValidationError, field_validator, model_validator

from governance import durations
from governance.envelope.guardrails import Rule
from governance.envelope.limits import Limit
from governance.envelope.parts import Line, Name
from governance.envelope.tracks import Bands, Track
from workflows import waits
from workflows.fileparts import JoinPart, Part, RepeatPart, SchedulePart, SoonerPart, Storable, WaitPart
from workflows.shape import OTHERWISE
from workflows.yamltext import FileProblems, Place, Problem, Tree, dump, parse, short

STEPS = 200


class StepPart(Part):
    key: str = Field(pattern=r"^[a-z][a-z0-9_]*$", max_length=60)
    title: Line = Field("", max_length=120)
    question: Line = Field("", max_length=240)
    capability: str = ""
    params: Storable = {}
    after: list[str] = []
    join: JoinPart | None = None
    when: str = ""
    repeat: RepeatPart | None = None
    wait: WaitPart | None = None
    ownership: Literal["automated", "needs_approval", "human_owned"]
    assist: Literal["none", "insight", "recommendation"] = "insight"
    confidence: str = ""
    min_confidence: float | None = Field(None, ge=0, le=1)
    sample_rate: float = Field(0, ge=0, le=1)
    guardrails: list[Rule] = []
    data: list[str] = []
    limits: list[Limit] = Field(default=[], max_length=30)
    bands: Bands | None = None
    tracks: list[Track] = Field(default=[], max_length=30)
    review_by: date | None = None
    lead_days: int = Field(0, ge=0, le=250)
    reviewers: str = ""
    escalation: str = ""
    due_in: str = "1d"
    due_working: bool = False
    due_sooner: list[SoonerPart] = Field([], max_length=5)
    remind_in: str = ""
    on_reject: Literal["stop", "skip", "redo", "leave"] = "stop"

    @field_validator("due_in", mode="before")
    @classmethod
    def duration(cls, value: Any) -> str:
        return durations.short(int(waits.span(value).total_seconds()))

    @field_validator("remind_in", mode="before")
    @classmethod
    def reminder(cls, value: Any) -> str:
        return durations.short(int(waits.span(value).total_seconds())) if value else ""

    @field_validator("wait", mode="before")
    @classmethod
    def shorthand(cls, value: Any) -> Any:
        return {"for": value} if isinstance(value, str | int) else value

    @model_validator(mode="before")
    @classmethod
    def unowned(cls, given: Any) -> Any:
        """A wait decides nothing, so nobody need own it."""
        if isinstance(given, dict) and given.get("wait"):
            return {"ownership": "automated", **given}
        return given

    @model_validator(mode="after")
    def fill(self) -> StepPart:
        self.title = self.title or self.key.replace("_", " ").capitalize()
        self.question = self.question or (self.title if self.wait else f"{self.title}?")
        if not self.capability and not self.wait and self.ownership != "human_owned":
            raise ValueError("a step that software takes part in needs a capability")
        return self


class WorkflowPart(Part):
    workflow: str = Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=80)
    title: Line = Field(min_length=1, max_length=160)
    purpose: str = ""
    owner: str
    automation_allowed: bool = False
    recommend_only: bool = False
    category: Name = ""
    priority: Literal["high", "normal", "low"] = "normal"
    key: str = ""
    on_failure: Literal["keep", "undo"] = "keep"
    schedule: SchedulePart | None = None
    input: Storable = {}
    steps: list[StepPart] = Field(min_length=1, max_length=STEPS)

    @model_validator(mode="after")
    def fill(self) -> WorkflowPart:
        for step in self.steps:
            step.reviewers = step.reviewers or self.owner
        return self

    @property
    def has_envelope(self) -> bool:
        """Whether workers must know limits, bands, tracks, the end of a delegation, or that it only recommends."""
        return self.recommend_only or bool(self.category) or any(_has_envelope(step) for step in self.steps)

    @property
    def has_control_flow(self) -> bool:
        """Whether workers must know more than steps that follow one another."""
        own = self.key or self.schedule or self.priority != "normal" or self.on_failure != "keep"
        return bool(own) or any(
            step.join or step.repeat or step.wait or step.when == OTHERWISE for step in self.steps
        )  # fmt: skip


def _has_envelope(step: StepPart) -> bool:
    return bool(
        step.limits
        or step.bands
        or step.tracks
        or step.review_by
        or step.lead_days
        or step.due_working
        or step.due_sooner
        or step.remind_in
    )


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
    return [document_of(tree) for tree in trees]


def document_of(tree: Tree) -> Document:
    """Return the workflow a document says. Raises FileProblems with everything found wrong in its form."""
    if not isinstance(tree.value, dict):
        raise FileProblems([tree.problem((), "a workflow is a mapping with the key workflow")])
    try:
        return Document(WorkflowPart.model_validate(tree.value), tree)
    except ValidationError as error:
        raise FileProblems([tree.problem(item["loc"], say(item)) for item in error.errors()]) from None


def say(item: Any) -> str:
    """Return one finding of pydantic as a sentence."""
    match item["type"]:
        case "missing":
            return "this key is missing"
        case "extra_forbidden":
            return f"“{item['loc'][-1]}” is not a key of the format; see the README for those there are"
        case "string_pattern_mismatch":
            return f"“{item['input']}” must be lower case letters, digits and hyphens (in step keys: underscores)"
        case "too_long":
            return f"at most {item['ctx']['max_length']} can stand here, not {len(item['input'])}"
        case "model_type":
            return f"this must be a mapping{_given(item)}"
        case "value_error":
            return str(item["ctx"]["error"])
        case _:
            return str(item["msg"]) + _given(item)


def _given(item: Any) -> str:
    return f", not {short(repr(item['input']))}" if isinstance(item["input"], str | int | float | bool | None) else ""


def write(parts: Sequence[WorkflowPart]) -> str:
    """Return the YAML text of the workflows; what is as by default is left out, so that loading it gives the same."""
    return dump([lean(part) for part in parts])


def lean(part: WorkflowPart) -> dict[str, Any]:
    """Return the workflow as files write it, without what is as by default."""
    whole = part.model_dump(mode="json")
    whole["steps"] = [_lean_step(step) for step in part.steps]
    kept = ("workflow", "title", "owner", "automation_allowed", "steps")
    fields = WorkflowPart.model_fields
    return {name: value for name, value in whole.items() if name in kept or value != fields[name].get_default()}


def _lean_step(step: StepPart) -> dict[str, Any]:
    plain = {name: field.get_default() for name, field in StepPart.model_fields.items()}
    if step.wait:
        plain["ownership"] = "automated"
    return {name: value for name, value in step.model_dump(mode="json").items() if value != plain[name]}
