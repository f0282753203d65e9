"""Tideway, a company that sells checks for data pipelines: its teams, people, escalation paths and rulebook."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.contrib.auth.hashers import make_password

from approvals.demo.rules import rules
from governance import drafting
from governance.ledger import entry, record_many
from governance.paths import EscalationPath, Level
from governance.people import SOFTWARE, Membership, Person, Role, Team
from governance.ratifying import publish
from workflows.capabilities.registry import capabilities

PASSWORD = "tideway-demo"
FOUR_HOURS = 4 * 3600
TEAMS = {
    "growth": "Growth",
    "sales": "Sales",
    "customer-success": "Customer success",
    "legal": "Legal",
}
PEOPLE = (
    ("ada", "Ada Lund", "growth", Role.LEADER),
    ("gita", "Gita Rao", "growth", Role.LEADER),
    ("ben", "Ben Hartley", "growth", Role.REVIEWER),
    ("chen", "Chen Wei", "growth", Role.REVIEWER),
    ("eve", "Eve Marsh", "sales", Role.LEADER),
    ("sam", "Sam Okafor", "sales", Role.REVIEWER),
    ("hanna", "Hanna Lindqvist", "customer-success", Role.LEADER),
    ("idris", "Idris Bello", "customer-success", Role.REVIEWER),
    ("dora", "Dora Klein", "legal", Role.LEADER),
    ("olga", "Olga Petrov", "legal", Role.AUDITOR),
)
"""Key (the address is key@tideway.example), name, team, role. Max, the agent that scores accounts, does not sign in."""


def email(key: str) -> str:
    return f"{key}@tideway.example"


@dataclass(frozen=True)
class Company:
    people: dict[str, Person]
    teams: dict[str, Team]

    @property
    def ada(self) -> Person:
        return self.people["ada"]


def found(now: datetime) -> Company:
    """Write teams, people and paths. One password hash serves all: it is the same password, and hashing is slow."""
    hashed = make_password(PASSWORD)
    teams = {slug: Team.objects.create(slug=slug, name=name) for slug, name in TEAMS.items()}
    people = {key: Person.objects.create(email=email(key), name=name, password=hashed) for key, name, _, _ in PEOPLE}
    Membership.objects.bulk_create(
        Membership(person=people[key], team=teams[team], role=role) for key, _, team, role in PEOPLE
    )
    record_many(entry(SOFTWARE, "team.added", now, team=name, slug=slug) for slug, name in TEAMS.items())
    record_many(
        entry(SOFTWARE, "person.joined", now, person=name, subject=people[key].pk, team=TEAMS[team], role=role)
        for key, name, team, role in PEOPLE
    )
    company = Company(people, teams)
    _paths(company)
    return company


def _paths(company: Company) -> None:
    """For each team: its leaders as soon as an answer is due, and one of them by name four hours later."""
    above = {"growth": "ada", "sales": "eve", "customer-success": "hanna", "legal": "dora"}
    for slug, key in above.items():
        person, team = company.people[key], company.teams[slug]
        path = EscalationPath.objects.create(slug=f"{slug}-default", title=f"{team.name}, then {person.first_name}")
        Level.objects.create(path=path, position=1, team=team, role=Role.LEADER, after=0)
        Level.objects.create(path=path, position=2, person=person, after=FOUR_HOURS)


def agree_on_rules(company: Company, now: datetime) -> None:
    """Put rulebook 1 in force."""
    draft = drafting.keep(rules(), company.ada, now, seen=drafting.seen_now())
    titles = {key: capability.title for key, capability in capabilities().items()}
    note = "The first rules we agreed on"
    seen, gita = drafting.seen_now(), company.people["gita"]
    publish(draft.pk, company.ada, now, seen=seen, titles=titles, note=note, second=gita)
