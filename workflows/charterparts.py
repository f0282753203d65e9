"""The head of a charter file: teams, escalation paths, the register, and where the rulebook stands. Pure.

The workflows follow as documents of their own, in the format of `files`.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, Field, field_validator, model_validator

from governance import durations
from governance.envelope.parts import Line, Part
from workflows import waits
from workflows.fileparts import Storable

FORM = 1
"""The form of charter files that this code writes and reads."""
Slug = Annotated[str, Field(pattern=r"^[-a-zA-Z0-9_]+$", max_length=80)]
"""As the database takes it for the keys of teams, paths and assets."""


class TeamPart(Part):
    slug: Slug
    name: Line = Field(min_length=1, max_length=120)


class LevelPart(Part):
    """One rung: a team (of it the role, or leaders and reviewers) or a person's address, and how much later."""

    team: str = ""
    role: Literal["", "leader", "reviewer"] = ""
    person: str = ""
    after: str = "0s"

    @field_validator("after", mode="before")
    @classmethod
    def duration(cls, value: Any) -> str:
        return durations.short(int(waits.span(value).total_seconds()))

    @model_validator(mode="after")
    def one(self) -> LevelPart:
        if bool(self.team) == bool(self.person):
            raise ValueError("a level is either a team or a person")
        return self

    @property
    def seconds(self) -> int:
        return durations.seconds(self.after)


class PathPart(Part):
    slug: Slug
    title: Line = Field(min_length=1, max_length=120)
    levels: list[LevelPart] = Field(min_length=1, max_length=30)


class AssetPart(Part):
    """One approved version of something in the register, as `governance.register.Asset` says it."""

    kind: Literal["template", "claim", "offer", "tactic"]
    key: Slug
    version: int = Field(1, ge=1)
    title: Line = Field(min_length=1, max_length=160)
    owner: str
    approved_from: AwareDatetime
    approved_until: AwareDatetime | None = None
    segments: list[str] = []
    markets: list[str] = []
    channels: list[str] = []
    evidence: str = ""
    evidence_link: str = ""
    body: Storable = {}

    @property
    def name(self) -> tuple[str, str, int]:
        return self.kind, self.key, self.version


class HeadPart(Part):
    """`rulebook` is an Envelope; it is read where the file's lines are known."""

    charter: Literal[1]
    teams: list[TeamPart] = Field([], max_length=500)
    paths: list[PathPart] = Field([], max_length=500)
    register_: list[AssetPart] = Field([], alias="register", max_length=5000)
    rulebook: dict[str, Any]
