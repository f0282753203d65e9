"""`starter WORKFLOW RUNS [NAME=VALUE...]`: starts the runs, a few hundred in a transaction, and says when."""

import time

from django.db import transaction
from django.utils import timezone

from governance.people import Actor, Person
from workflows.engine.starting import start_many, version_to_start
from workflows.records import Record

TOGETHER = 250


def main(workflow: str, runs: str, *more: str) -> dict[str, float]:
    version, actor = version_to_start(workflow), Actor.of(Person.objects.get(email="ada@tideway.example"))
    contacts, total = Record.objects.filter(kind="contact").count(), int(runs)
    given = {"campaign": "spring", "budget": 500, **dict(word.split("=", 1) for word in more)}
    first = time.monotonic()
    for begin in range(0, total, TOGETHER):
        numbers = range(begin, min(begin + TOGETHER, total))
        inputs = [{**given, "contact": f"c{number % contacts}"} for number in numbers]
        with transaction.atomic():
            start_many(version, inputs, actor, timezone.now(), trigger="by hand")
    return {"first": first, "last": time.monotonic()}
