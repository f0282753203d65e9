"""The people, pots and workflows a schedule works with. Needs Django set up on an empty, migrated database."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from django.db import connection
from django.utils import timezone

from governance import drafting
from governance.paths import EscalationPath, Level
from governance.people import Membership, Person, Role, Team
from governance.ratifying import publish
from governance.tokens import Token
from tests.faults.once import START
from workflows.capabilities.registry import capabilities
from workflows.ratifying import load_in_force
from workflows.records import Record

PROGRAMS = Path(__file__).with_name("programs.yaml")
FLOWS = Path(__file__).with_name("flows.yaml")
ANY_DATA = [{"data": "*", "use": "allowed"}]
POTS = ("till", *(f"pot-{letter}" for letter in "abcdefgh"))
PEOPLE = (
    ("ada", "Ada Lund", Role.LEADER),
    ("lea", "Lea Roth", Role.LEADER),
    ("ben", "Ben Hartley", Role.REVIEWER),
    ("chen", "Chen Wei", Role.REVIEWER),
    ("max", "Max", Role.REVIEWER),
)


def address(key: str) -> str:
    return f"{key}@tideway.example"


@dataclass
class World:
    """`tokens` by person; `witness` is the address calls go to."""

    witness: str
    tokens: dict[str, str]

    @classmethod
    def found(cls, witness: str) -> World:
        """Write everything: Ada and Lea lead Growth, Ben, Chen and Max (an agent) are in it."""
        now = timezone.now()
        growth = Team.objects.create(slug="growth", name="Growth")
        people = {key: Person.objects.create(email=address(key), name=name, password="!") for key, name, _ in PEOPLE}
        Membership.objects.bulk_create(
            Membership(person=people[key], team=growth, role=role) for key, _, role in PEOPLE
        )
        path = EscalationPath.objects.create(slug="growth-default", title="Growth, then Ada")
        Level.objects.create(path=path, position=1, team=growth, role=Role.LEADER, after=0)
        Record.objects.bulk_create(Record(kind="pot", key=key, fields={"amount": START}) for key in POTS)
        world = cls(witness, {key: Token.issue(person, "faults", now) for key, person in people.items()})
        world.rule([], now)
        for file in (PROGRAMS, FLOWS):
            world.publish(file.read_text(), now)
        return world

    def person(self, key: str) -> Person:
        return Person.objects.get(email=address(key))

    def publish(self, text: str, now: datetime) -> None:
        text = text.replace("WITNESS", self.witness)
        load_in_force(text, self.person("ada"), now, self.person("lea"))

    def rule(self, rails: list[dict[str, str]], now: datetime) -> int:
        """Put a rulebook in force that approves every capability and has these guardrails; return its number."""
        content = {"stances": dict.fromkeys(capabilities(), "approved"), "guardrails": rails, "data_uses": ANY_DATA}
        ada = self.person("ada")
        if drafting.current() is not None:  # of an attempt that broke half-way
            drafting.discard(ada, now)
        draft = drafting.keep(content, ada, now, seen=drafting.seen_now())
        return publish(draft.pk, ada, now, seen=drafting.seen_now(), titles={}, second=self.person("lea")).number


def forget_connection() -> None:
    """Begin with a new connection, after the database went away."""
    connection.close()
