"""The test world: named people of a small company, and the verbs tests speak in."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.test import Client, TransactionTestCase

from governance.envelope.whole import Envelope
from governance.ledger import Entry
from governance.paths import EscalationPath, Level
from governance.people import Membership, Person, Role, Team
from governance.register import Asset
from governance.rulebook import Rulebook, Status, in_force
from workflows.actions import Action
from workflows.capabilities.registry import capabilities
from workflows.engine.drive import drive
from workflows.engine.rules import _rules
from workflows.engine.starting import start
from workflows.ratifying import load_in_force
from workflows.records import Record, owner_named, teams_by_slug
from workflows.runs import Run
from workflows.versions import published

SLOW = {"benchmarks", "faults", "journeys", "model", "starters"}
"""Folders with tests that a plain `pytest` leaves out (`addopts`); who names one wants all of it, in one process."""
FEW = 2
"""So many files are run sooner than a second process has started."""
ANY_DATA = [{"data": "*", "use": "allowed"}]
NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


def _asked(config: pytest.Config) -> tuple[list[Path], bool]:
    """The paths of the command line (those of options and ids are among them), and whether marks are named there."""
    words = [str(word) for word in config.invocation_params.args]
    return [Path(word.split("::")[0]) for word in words if not word.startswith("-")], "-m" in words


def _names_slow(paths: list[Path]) -> bool:
    return bool(SLOW & {part for path in paths for part in path.parts})


def pytest_configure(config: pytest.Config) -> None:
    paths, marked = _asked(config)
    if _names_slow(paths) and not marked:
        config.option.markexpr = ""


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int | None:
    """A worker for each core; one process for what loads the machine by itself, and for a file or two."""
    paths, marked = _asked(config)
    files = [path for path in paths if path.suffix == ".py"]
    return 0 if marked or _names_slow(paths) or 0 < len(files) <= FEW else None


@dataclass
class World:
    """Ada and Lea lead Growth; Ben and Chen review there; Dora is Legal; Eve leads Sales; Olga audits."""

    now: datetime = NOON
    people: dict[str, Person] = field(default_factory=dict)

    def __getattr__(self, name: str) -> Person:
        try:
            return self.people[name]
        except KeyError:
            raise AttributeError(name) from None

    def later(self, **amount: float) -> datetime:
        """Let time pass, and return the new moment."""
        self.now += timedelta(**amount)
        return self.now

    def load(self, text: str, person: str = "ada") -> None:
        """Put the workflows of a YAML text in force."""
        load_in_force(text, self.people[person], self.now, self.ada if person == "lea" else self.lea)

    def start(self, slug: str, person: str = "ada", **given: Any) -> Run:
        return start(slug, given, self.people[person], self.now)

    def work(self) -> None:
        """Let a worker drive until nothing is ready."""
        drive(lambda: self.now)

    def run(self, slug: str, person: str = "ada", **given: Any) -> Run:
        """Start a run and drive it until it rests."""
        made = self.start(slug, person, **given)
        self.work()
        made.refresh_from_db()
        return made

    def action(self, run: Run, step: str) -> Action:
        return Action.objects.get(run=run, step__key=step, undo_of=None)

    def verbs(self, run: Run) -> list[str]:
        """What the ledger says of the run, in order."""
        return list(Entry.objects.filter(run=run.pk).values_list("verb", flat=True))

    def record(self, kind: str, key: str, **fields: Any) -> Record:
        """Make a record as an import for everybody does: whose team its `owner` names."""
        return Record.objects.create(kind=kind, key=key, fields=fields, team_id=owner_named(fields, teams_by_slug()))

    def asset(self, kind: str, key: str, **fields: Any) -> Asset:
        values = {
            "title": key.replace("-", " ").capitalize(),
            "owner": Team.objects.get(slug="growth"),
            "approved_by": self.people["ada"],
            "approved_from": NOON - timedelta(days=30),
            "body": {},
        }
        return Asset.objects.create(kind=kind, key=key, **{**values, **fields})

    def guardrail(self, when: str, effect: str, reason: str, capability: str = "") -> None:
        """Put a new rulebook in force that has this guardrail besides what the old one says."""
        rail = {"when": when, "effect": effect, "reason": reason, "capability": capability}
        self.rules(guardrails=[*in_force().content.get("guardrails", ()), rail])

    def undefine(self, capability: str) -> None:
        """Put a new rulebook in force that says nothing of the capability."""
        self.rules(stances=[row for row in in_force().content["stances"] if row["capability"] != capability])

    def rules(self, **parts: Any) -> Rulebook:
        """Put a new rulebook in force in which these parts of the old one are replaced."""
        old = in_force()
        Rulebook.objects.filter(pk=old.pk).update(status=Status.SUPERSEDED)
        return self.rulebook({**old.content, **parts}, old.number + 1)

    def rulebook(self, content: dict[str, Any], number: int = 1) -> Rulebook:
        return Rulebook.objects.create(
            number=number,
            status=Status.IN_FORCE,
            created_by=self.people["ada"],
            in_force_at=self.now,
            content=Envelope.of(content).as_json(),
        )


PEOPLE = (
    ("ada", "Ada Lund", "growth", Role.LEADER),
    ("lea", "Lea Roth", "growth", Role.LEADER),
    ("ben", "Ben Hartley", "growth", Role.REVIEWER),
    ("chen", "Chen Wei", "growth", Role.REVIEWER),
    ("dora", "Dora Klein", "legal", Role.REVIEWER),
    ("eve", "Eve Marsh", "sales", Role.LEADER),
    ("olga", "Olga Petrov", "legal", Role.AUDITOR),
)


@pytest.fixture
def world(db: None) -> World:
    return founded()


def founded() -> World:
    """The people, teams, an escalation path, and a rulebook that approves every capability."""
    published.cache_clear()
    _rules.cache_clear()
    made = World()
    teams = {
        slug: Team.objects.create(slug=slug, name=slug.replace("-", " ").capitalize())
        for slug in ("growth", "legal", "sales", "customer-success")
    }
    for key, name, team, role in PEOPLE:
        person = Person.objects.create(email=f"{key}@tideway.example", name=name, password="!")
        Membership.objects.create(person=person, team=teams[team], role=role)
        made.people[key] = person
    path = EscalationPath.objects.create(slug="growth-default", title="Growth, then Ada")
    Level.objects.create(path=path, position=1, team=teams["growth"], role=Role.LEADER, after=0)
    Level.objects.create(path=path, position=2, person=made.people["ada"], after=4 * 3600)
    made.rulebook({"stances": dict.fromkeys(capabilities(), "approved"), "data_uses": ANY_DATA})
    return made


@pytest.fixture
def sign_in(world: World) -> Callable[[str], Client]:
    """Return a browser-like client of the named person: `sign_in("ben").get("/queue/")`."""

    def browser(name: str) -> Client:
        client = Client()
        client.force_login(world.people[name], backend="allauth.account.auth_backends.AuthenticationBackend")
        return client

    return browser


class _LedgerTriggersOff:
    """Tests that commit are cleaned up by deleting every row, which the ledger's triggers forbid to all others."""

    def __enter__(self) -> None:
        with connection.cursor() as cursor:
            if connection.vendor == "postgresql":
                cursor.execute("ALTER TABLE governance_entry DISABLE TRIGGER USER")
                return
            cursor.execute(
                "SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'governance_entry'"
            )
            self.triggers = cursor.fetchall()
            for name, _ in self.triggers:
                cursor.execute(f"DROP TRIGGER {name}")

    def __exit__(self, *error: object) -> None:
        with connection.cursor() as cursor:
            if connection.vendor == "postgresql":
                cursor.execute("ALTER TABLE governance_entry ENABLE TRIGGER USER")
                return
            for _, sql in self.triggers:
                cursor.execute(sql)


_teardown = TransactionTestCase._fixture_teardown


def _without_triggers(self: TransactionTestCase) -> None:
    with _LedgerTriggersOff():
        _teardown(self)


TransactionTestCase._fixture_teardown = _without_triggers
