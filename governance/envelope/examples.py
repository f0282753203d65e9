"""Worked examples: facts of an action and the verdict leaders expect on it. They are run at every publication. Pure."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from governance.envelope.parts import Line, Part, Slug


class Example(Part):
    """`facts` as conditions see them (`proposal`, `amounts`, `record`, `confidence` …) for a step of a workflow."""

    title: Line = Field(min_length=1, max_length=200)
    workflow: Slug
    step: str = Field(min_length=1, max_length=60)
    facts: dict[str, Any] = {}
    expect: Literal["act", "review", "human", "refuse"]
    tracks: list[str] | None = None
    """By key, in any order; None when it does not matter who is asked."""
