"""`calls NUMBER`: so many past calls of the bank, the first by the engine and the others beside it, and a draft to try.

People had answered every second one, and rejected every tenth of those.
"""

from django.db import transaction
from django.utils import timezone

from approvals.decisions import Choice, Decision
from approvals.reviews import Review, Status
from governance import databases
from governance.people import Person
from tests import bank
from workflows import publishing
from workflows.actions import Action
from workflows.ratifying import load_in_force


def main(number: str) -> dict[str, int]:
    ada, now = Person.objects.get(email="ada@tideway.example"), timezone.now()
    rows = bank.clients()
    rows = (rows * (int(number) // len(rows) + 1))[: int(number)]
    lea = Person.objects.get(email="lea@tideway.example")
    load_in_force(bank.PROGRAM, ada, now, lea)
    bank.write_records(rows[:1])
    bank.run_all(rows[:1], ada, now)
    one = Action.objects.select_related("run").get()
    with transaction.atomic():
        ids = bank.copy(rows[1:], one)
        bank.tell([(key, row["y"]) for key, row in zip(ids, rows[1:], strict=True)])
        answer(ids, Review.objects.get(), now)
    publishing.load(bank.DRAFT, ada, now)
    databases.refresh_statistics()
    return {"actions": Action.objects.count()}


def answer(ids: list[int], asked: Review, now: object) -> None:
    chen = Person.objects.get(email="chen@tideway.example")
    fields = [field.attname for field in Review._meta.concrete_fields if not field.primary_key]
    same = {name: getattr(asked, name) for name in fields}
    reviews = [
        databases.fresh(Review, {**same, "action_id": key, "status": Status.DECIDED, "closed_at": now})
        for key in ids[::2]
    ]
    databases.insert_many(reviews)
    choices = [Choice.REJECT, *[Choice.APPROVE] * 9]
    made = [
        databases.fresh(
            Decision, {"review_id": review.pk, "person_id": chen.pk, "choice": choices[place % 10].value, "at": now}
        )
        for place, review in enumerate(reviews)
    ]
    databases.insert_many(made)
