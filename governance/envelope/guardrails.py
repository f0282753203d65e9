"""Guardrails: conditions under which a person is needed or nothing happens. Pure."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field, model_validator

from governance.envelope.parts import Condition, Line, Name, Part
from governance.envelope.rows import Rows


class Rule(Part):
    """A condition with its effect and the reason in plain words. Said in `rows`, the CEL in `when` follows from them.

    `track` names whoever must agree besides; `owner` is the team that answers for the rule.
    """

    when: Condition
    effect: Literal["review", "human", "refuse"]
    reason: Line = Field(min_length=1, max_length=240)
    rows: Rows | None = None
    owner: Name = ""
    track: Name = ""

    @model_validator(mode="before")
    @classmethod
    def from_rows(cls, given: Any) -> Any:
        if isinstance(given, dict) and given.get("rows"):
            rows = given["rows"] if isinstance(given["rows"], Rows) else Rows.model_validate(given["rows"])
            return {**given, "rows": rows, "when": rows.cel}
        return given


class Guardrail(Rule):
    """A rule of the rulebook. It holds everywhere, or only for a capability, a workflow, or a step of that."""

    capability: str = Field("", max_length=80)
    workflow: Name = ""
    step: str = Field("", max_length=60)

    @model_validator(mode="after")
    def step_has_workflow(self) -> Guardrail:
        if self.step and not self.workflow:
            raise ValueError("a step is one of a workflow; name the workflow, too")
        return self

    @property
    def place(self) -> tuple[str, str, str, str]:
        return self.when, self.capability, self.workflow, self.step

    def applies(self, capability: str, workflow: str, step: str) -> bool:
        return self.capability in ("", capability) and self.workflow in ("", workflow) and self.step in ("", step)
