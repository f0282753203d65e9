"""Everything the checker looks at, as plain rows: what clients were told, the database, the ledger, the witnesses.

`read` needs Django to be set up on the database in question; it is the only thing here that touches it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from django.db import connection

from approvals.decisions import Decision
from approvals.notifications import Notification
from approvals.reviews import Review
from governance.halts import Halt
from governance.ledger import Entry
from governance.rulebook import Rulebook
from tests.faults.witness import Arrival
from workflows.actions import Action, Attempt
from workflows.capabilities.registry import capabilities
from workflows.definitions import Step, Workflow
from workflows.records import Record
from workflows.runs import Run
from workflows.schedules import Tick
from workflows.scopes import BY_API
from workflows.signals import Signal


@dataclass(frozen=True)
class Told:
    """One answer a client got: `op` is what was asked for, `facts` what the answer named. `code` 0: none came."""

    op: str
    code: int
    at: float
    facts: Mapping[str, Any]


@dataclass(frozen=True)
class StepRow:
    workflow: str
    version: int
    key: str
    capability: str
    ownership: str
    teams: frozenset[str]


@dataclass(frozen=True)
class AttemptRow:
    number: int
    digest: str
    begun_at: datetime
    result: str


@dataclass
class ActionRow:
    id: int
    run: int
    step: StepRow
    round: int
    status: str
    inline: bool
    undo_of: int | None
    payload: dict[str, Any]
    digest: str
    retry_safe: bool
    not_before: datetime
    lease_until: datetime | None
    settled_at: datetime | None
    attempts_made: int
    attempts: list[AttemptRow] = field(default_factory=list)
    open_reviews: int = 0
    """Those with a team and a time by which they are due."""


@dataclass
class RunRow:
    id: int
    status: str
    version: int
    workflow: str
    input: dict[str, Any]
    agent: str
    """The address of whoever started it, or the run it all began with, over the API; else empty."""
    trigger: str
    parent: int | None = None
    """The action that started it."""


@dataclass(frozen=True)
class EntryRow:
    id: int
    kind: str
    verb: str
    run: int | None
    action: int | None
    workflow: str
    data: Mapping[str, Any]


@dataclass(frozen=True)
class HaltRow:
    id: int
    scope: str
    target: str
    lifted: bool


@dataclass(frozen=True)
class RailRow:
    rulebook: int
    when: str
    effect: str
    capability: str


@dataclass
class Evidence:
    """`now` is the moment of reading by the database's clock; `skew` how wrong any process's clock was, in seconds."""

    now: datetime
    actions: dict[int, ActionRow]
    runs: dict[int, RunRow]
    entries: list[EntryRow]
    halts: dict[int, HaltRow]
    rails: list[RailRow]
    steps: dict[tuple[str, int, str], StepRow]
    decisions: dict[int, tuple[int, str, str]]
    """By review: the action, the choice, the person's address."""
    pots: dict[str, int]
    notices: dict[str, datetime | None] = field(default_factory=dict)
    """Mails to colleagues, by Message-ID: by when each is due, None once it was sent."""
    signals: frozenset[int] = frozenset()
    ticks: int = 0
    """How many moments of schedules have a run."""
    arrivals: list[Arrival] = field(default_factory=list)
    told: list[Told] = field(default_factory=list)
    skew: float = 0.0


def read(arrivals: Iterable[Arrival] = (), told: Iterable[Told] = (), skew: float = 0.0) -> Evidence:
    """Read the database in one snapshot's worth of queries; call it when nothing is under way."""
    steps = _steps()
    by_id = {pk: row for pk, row, _ in steps}
    runs = _runs()
    return Evidence(
        now=_database_clock(),
        actions=_actions(by_id),
        runs=runs,
        entries=list(_entries()),
        halts={
            pk: HaltRow(pk, scope, target, lifted_at is not None)
            for pk, scope, target, lifted_at in Halt.objects.values_list("pk", "scope", "target", "lifted_at")
        },
        rails=[
            RailRow(book.number, rail.when, rail.effect, rail.capability)
            for book in Rulebook.objects.order_by("number")
            for rail in book.envelope.guardrails
        ],
        steps={(row.workflow, row.version, row.key): row for _, row, _ in steps},
        decisions={
            review: (action, choice, person)
            for review, action, choice, person in Decision.objects.values_list(
                "review", "review__action", "choice", "person__email"
            )
        },
        pots={record.key: int(record.fields.get("amount", 0)) for record in Record.objects.filter(kind="pot")},
        notices={
            f"<notification-{pk}@remit>": None if sent_at else due_at
            for pk, due_at, sent_at in Notification.objects.values_list("pk", "due_at", "sent_at")
        },
        signals=frozenset(Signal.objects.values_list("pk", flat=True)),
        ticks=Tick.objects.filter(run__isnull=False).count(),
        arrivals=list(arrivals),
        told=list(told),
        skew=skew,
    )


def _database_clock() -> datetime:
    if connection.vendor != "postgresql":
        return datetime.now(UTC)
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        return cursor.fetchone()[0]


def _entries() -> Iterable[EntryRow]:
    slugs = dict(Workflow.objects.values_list("pk", "slug"))
    rows = Entry.objects.order_by("pk").values_list("pk", "actor_kind", "verb", "run", "action", "workflow", "data")
    for *values, workflow, data in rows.iterator(chunk_size=5000):
        yield EntryRow(*values, slugs.get(workflow, ""), data)


def _steps() -> list[tuple[int, StepRow, int]]:
    rows = Step.objects.select_related("version__workflow", "version__owner", "reviewers")
    return [
        (
            step.pk,
            StepRow(
                workflow=step.version.workflow.slug,
                version=step.version.number,
                key=step.key,
                capability=step.capability,
                ownership=step.ownership,
                teams=frozenset({step.version.owner.slug, step.reviewers.slug}),
            ),
            step.version_id,
        )
        for step in rows
    ]


def _runs() -> dict[int, RunRow]:
    rows = Run.objects.values_list(
        *("pk", "status", "version__number", "workflow__slug", "input", "trigger"),
        *("parent", "root__trigger", "started_by__email"),
    )
    return {
        pk: RunRow(pk, status, version, slug, given, email or "" if BY_API in (trigger, first) else "", trigger, parent)
        for pk, status, version, slug, given, trigger, parent, first, email in rows.iterator(chunk_size=5000)
    }


def _actions(steps: Mapping[int, StepRow]) -> dict[int, ActionRow]:
    names = (
        *("id", "run_id", "step_id", "round", "status", "inline", "undo_of_id", "payload", "digest"),
        *("not_before", "lease_until", "settled_at", "attempts_made"),
    )
    attempts, reviews = _attempts(), _open_reviews()
    found = {}
    for row in Action.objects.order_by("pk").values(*names).iterator(chunk_size=2000):
        step = steps[row["step_id"]]
        found[row["id"]] = ActionRow(
            id=row["id"],
            run=row["run_id"],
            step=step,
            round=row["round"],
            status=row["status"],
            inline=row["inline"],
            undo_of=row["undo_of_id"],
            payload=row["payload"],
            digest=row["digest"],
            retry_safe=_retry_safe(step.capability, row["payload"]),
            not_before=row["not_before"],
            lease_until=row["lease_until"],
            settled_at=row["settled_at"],
            attempts_made=row["attempts_made"],
            attempts=attempts.get(row["id"], []),
            open_reviews=reviews.get(row["id"], 0),
        )
    return found


def _retry_safe(key: str, payload: dict[str, Any]) -> bool:
    known = capabilities().get(key)
    if known is None or not payload:
        return True
    return known.retry_safe(known.Payload.model_validate(payload))


def _attempts() -> dict[int, list[AttemptRow]]:
    found: dict[int, list[AttemptRow]] = defaultdict(list)
    rows = Attempt.objects.order_by("action", "number")
    for action, *values in rows.values_list("action", "number", "digest", "begun_at", "result").iterator(
        chunk_size=5000
    ):
        found[action].append(AttemptRow(*values))
    return found


def _open_reviews() -> dict[int, int]:
    found: dict[int, int] = defaultdict(int)
    rows = Review.objects.filter(status="open", team__isnull=False, due_at__isnull=False)
    for action in rows.values_list("action", flat=True):
        found[action] += 1
    return found
