"""What a capability is: one class that proposes without acting, and executes exactly what was proposed."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict

from governance import register
from governance.register import Asset
from governance.whereabouts import Whereabouts
from workflows.reach import Reach


class CapabilityError(Exception):
    """The capability cannot propose or do this; `str()` is a sentence for people."""


class Shape(BaseModel):
    """Base of params and payloads: unknown fields are errors."""

    model_config = ConfigDict(extra="forbid")


class RecordRef(Shape):
    kind: str
    key: str


class Shelf:
    """The register as one batch sees it: each kind read once, when first asked for.

    What a worker read of it before its begin may be old by then; `engine.standings` looks again under the halts' lock.
    """

    def __init__(self, now: datetime) -> None:
        self.now = now
        self._kinds: dict[str, dict[str, list[Asset]]] = {}

    def asset(self, kind: str, key: str, version: int = 0) -> Asset | None:
        """Return this version of it; without one (0) that which new proposals use now. None: there is none."""
        if kind not in self._kinds:
            self._kinds[kind] = register.versions_of(kind)
        versions = self._kinds[kind].get(key, ())
        if version:
            return next((one for one in versions if one.version == version), None)
        return register.in_use(versions, self.now)

    def facts(self, kind: str, key: str, version: int = 0, place: Whereabouts | None = None) -> dict[str, Any]:
        """Return what the judge must know of the asset; one that is not in the register is `unknown`."""
        asset = self.asset(kind, key, version)
        if asset is None:
            return {"kind": kind, "key": key, "version": version, "title": key, "standing": "unknown", "until": None}
        return asset.facts(self.now, place)


@dataclass(frozen=True)
class Context:
    """Where a capability works: everything it may look at besides its params."""

    action_id: int
    idempotency_key: str
    now: datetime
    run_id: int
    root_id: int
    workflow: str
    step: str
    team: str
    input: Mapping[str, Any]
    steps: Mapping[str, Any]
    record: Mapping[str, Any]
    shelf: Shelf
    reach: Reach
    started_by: int | None = None
    progress: Mapping[str, Any] = field(default_factory=dict)
    deadline: float | None = None
    """The moment of the monotonic clock after which an effect must not set out any more."""

    def place(self, channel: str) -> Whereabouts:
        """Return where this happens, for what the register says holds somewhere only."""
        return Whereabouts.of(self.record, channel)

    @property
    def in_time(self) -> bool:
        return self.deadline is None or time.monotonic() < self.deadline


@dataclass(frozen=True)
class Proposal:
    payload: Mapping[str, Any]
    confidence: float | None = None


@dataclass(frozen=True)
class Facts:
    """What a payload uses and moves, for the judge: assets of the register, and numbers rules can bound."""

    assets: Sequence[Mapping[str, Any]] = ()
    amounts: Mapping[str, float] = field(default_factory=dict)
    fields: Sequence[str] = ()
    """Fields of the step's record that went into it, besides those the step's own expressions name."""
    contacts: Sequence[str] = ()
    """Whom it really reaches, by the addresses that stand in the payload."""
    touches: Sequence[tuple[str, str]] = ()
    """Records it is about besides the step's own, as (kind, key). When one changes, what waits is judged again; where
    owners must agree, Readiness names those without one."""
    says: Sequence[str] = ()
    """Names of the payload's fields that others will read as words; none: any text of it might be."""


@dataclass(frozen=True)
class Preview:
    """What will happen, for the item page: `kind` names the template `parts/previews/KIND.html`."""

    kind: str
    data: Mapping[str, Any]


@dataclass(frozen=True)
class Done:
    output: Mapping[str, Any]


@dataclass(frozen=True)
class More:
    """Not finished: go on from `progress` in a further transaction. Only without an outside effect.

    `until` lets it sleep so long at most; the end of a run it started wakes it sooner.
    """

    progress: Mapping[str, Any]
    until: datetime | None = None


@dataclass(frozen=True)
class NotSent:
    """Certain that nothing left: may be tried again."""

    trouble: str


@dataclass(frozen=True)
class Refused:
    """Certain that it was not done, and trying again would not help."""

    trouble: str


@dataclass(frozen=True)
class Unknown:
    """It may have happened. Waits for a person unless repeating is safe."""

    trouble: str


@dataclass(frozen=True)
class Outdated:
    """The world has changed since this was proposed; it must be proposed again. Only without an outside effect."""

    trouble: str


Result = Done | More | NotSent | Refused | Unknown | Outdated


class Capability:
    """Something software can do.

    `effect`: it reaches outside our database, so it is begun, executed and recorded in three separate moments.
    `changes`: it leaves something behind, outside or in a record; what only works something out does not.
    `reversible`: `inverse` gives the payload that undoes it. `retry_safe`: repeating with the same key does no harm.
    """

    key: ClassVar[str]
    title: ClassVar[str]
    icon: ClassVar[str] = "bolt"
    effect: ClassVar[bool] = False
    changes: ClassVar[bool] = False
    """Whether something stays changed, outside or in a record; only that is kept back by “recommend only”."""
    reversible: ClassVar[bool] = False
    deferred: ClassVar[frozenset[str]] = frozenset()
    """Params whose expressions the capability evaluates itself."""
    expressions: ClassVar[frozenset[str]] = frozenset()
    """Params that are CEL themselves, over each record."""
    editable: ClassVar[tuple[str, ...]] = ()
    """Fields of the payload a reviewer may change."""

    class Params(Shape):
        pass

    class Payload(Shape):
        pass

    def propose(self, params: Any, context: Context) -> Proposal:
        """Say what would be done. Must not do it. Raises CapabilityError."""
        raise NotImplementedError

    def complete(self, payload: Any, context: Context) -> Mapping[str, Any]:
        """Return a person's edit of a payload with everything that follows from the edit worked out again."""
        return dict(payload.model_dump(mode="json"))

    def without(self, payload: Any, owner: str, context: Context) -> Mapping[str, Any] | None:
        """Return the payload without the part that this team owns; None when it has no parts or nothing is left."""
        return None

    def facts(self, payload: Any, context: Context) -> Facts:
        return Facts()

    def execute(self, payload: Any, context: Context) -> Result:
        """Do exactly what the payload says."""
        raise NotImplementedError

    def inverse(self, payload: Any, output: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return the payload that undoes what was done; only for reversible capabilities."""
        raise CapabilityError(f"{self.title} cannot be undone")

    def retry_safe(self, payload: Any) -> bool:
        return not self.effect

    def host(self, payload: Any) -> str:
        """Return whom an effect talks to; so many talk to one host at once. Empty: nobody who could be crowded."""
        return ""

    def headline(self, payload: Any, context: Context) -> str:
        """Return the decision as a question in few words: “Send “Your plan” to Priya Raman?”"""
        return f"{self.title}?"

    def doubt(self, payload: Any, context: Context) -> str:
        """Return the question of fact, when it is not known whether it was done: “Was “Your plan” sent to Priya?”"""
        return f"Did this happen? {self.headline(payload, context).removesuffix('?')}"

    def summary(self, output: Mapping[str, Any]) -> str:
        """Return the result in two or three words, for the chain of a run."""
        return ""

    def preview(self, payload: Any, context: Context) -> Preview:
        return Preview("fields", payload.model_dump(mode="json"))
