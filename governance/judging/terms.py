"""What the judge holds an action against: the terms of its step and the organisation's rules, compiled once. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from governance.envelope.allowances import Allowance
from governance.envelope.data import DataClass, DataUse, use_of
from governance.envelope.limits import Limit
from governance.envelope.phrases import Phrase
from governance.envelope.quiethours import OpenHours
from governance.envelope.tracks import Bands, Track
from governance.expressions import Conditions
from governance.judging.verdict import Outcome


@dataclass(frozen=True)
class Terms:
    """Under which a step may act. `source` names the version and step, for people.

    `changes` says that its capability changes something, outside or in a record; `purpose` what its data serve;
    `reviewers` and `owner` are teams, by slug. From the day `review_by` software acts no longer alone.
    """

    ownership: str
    source: str
    workflow: str = ""
    automation_allowed: bool = False
    recommend_only: bool = False
    changes: bool = True
    min_confidence: float | None = None
    sample_rate: float = 0.0
    purpose: str = ""
    review_by: date | None = None
    limits: Sequence[Limit] = ()
    bands: Bands | None = None
    tracks: Sequence[Track] = ()
    reviewers: str = ""
    owner: str = ""


@dataclass(frozen=True)
class Condition:
    """A guardrail: when its CEL is true (or fails), `outcome` is the least that is demanded, and `track` is asked."""

    when: str
    outcome: Outcome
    reason: str
    source: str
    track: str = ""


@dataclass(frozen=True)
class Rules:
    """What the organisation says, narrowed to one capability and step, compiled once."""

    capability: str
    stance: str | None
    source: str
    conditions: Sequence[Condition] = ()
    review_by: date | None = None
    uses: Sequence[DataUse] | None = ()
    """None where nothing of it is asked: a person does the step with nothing of ours."""
    classes: Sequence[DataClass] = ()
    phrases: Sequence[Phrase] = ()
    allowances: Sequence[Allowance] = ()
    hours: Sequence[OpenHours] = ()
    """When its effects may happen; only of what has an effect outside."""
    tracks: Mapping[str, Track] = field(default_factory=dict)
    compiled: Conditions = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "compiled", Conditions([condition.when for condition in self.conditions]))

    def use(self, data: str, purpose: str) -> str:
        return "allowed" if self.uses is None else use_of(self.uses, data, purpose)
