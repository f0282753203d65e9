"""`company CONTACTS FILE...`: an empty database becomes Tideway's, with the workflows of the files in force."""

from pathlib import Path

from django.core.management import call_command
from django.db import transaction
from django.utils import timezone

from governance import databases
from governance.paths import EscalationPath, Level
from governance.people import Membership, Person, Role, Team
from governance.rulebook import Rulebook, Status
from workflows.ratifying import load_in_force
from workflows.records import Record
from workflows.rulebookfiles import read

PEOPLE = (
    ("ada", "Ada Lund", Role.LEADER),
    ("lea", "Lea Roth", Role.LEADER),
    ("ben", "Ben Hartley", Role.REVIEWER),
    ("chen", "Chen Wei", Role.REVIEWER),
)
COUNTRIES = ("DE", "FR", "GB", "SE", "US")
RULEBOOK = Path(__file__).parent.parent / "files/rulebook.yaml"


def settle() -> Person:
    """Found the company; return Ada."""
    growth = Team.objects.create(slug="growth", name="Growth")
    for key, name, role in PEOPLE:
        person = Person.objects.create(email=f"{key}@tideway.example", name=name, password="!")
        Membership.objects.create(person=person, team=growth, role=role)
    path = EscalationPath.objects.create(slug="growth-default", title="Growth, then Ada")
    Level.objects.create(path=path, position=1, team=growth, role=Role.LEADER, after=0)
    return Person.objects.get(email="ada@tideway.example")


def rule(ada: Person) -> None:
    content = read(RULEBOOK.read_text())
    Rulebook.objects.create(
        number=1, status=Status.IN_FORCE, created_by=ada, in_force_at=timezone.now(), content=content.as_json()
    )


def meet(number: int) -> None:
    """Write down that many contacts, each a little different, none of whom trips a rule."""
    Record.objects.bulk_create(
        (
            Record(
                kind="contact",
                key=f"c{index}",
                fields={
                    "name": f"Contact {index}",
                    "email": f"contact{index}@client.example",
                    "country": COUNTRIES[index % len(COUNTRIES)],
                    "consent": True,
                    "suppressed": False,
                    "vip": False,
                    "age": 18 + index % 60,
                    "visits": index % 17,
                    "opens": index % 9,
                    "balance": 100 + index % 900,
                    "open_escalations": 0,
                    "last_contact": "2025-11-03T09:00:00Z",
                    "even": index % 2 == 0,
                    "score": 0.6 + index % 40 / 100,
                },
            )
            for index in range(number)
        ),
        batch_size=2000,
    )


def main(contacts: str, *files: str) -> dict[str, int]:
    call_command("migrate", verbosity=0, interactive=False)
    with transaction.atomic():
        ada = settle()
        rule(ada)
        meet(int(contacts))
        for file in files:
            load_in_force(Path(file).read_text(), ada, timezone.now(), Person.objects.get(email="lea@tideway.example"))
    databases.refresh_statistics()
    return {"contacts": Record.objects.count()}
