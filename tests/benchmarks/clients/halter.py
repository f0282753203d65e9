"""`halter HALTS URL`: Ada pulls a halt while a fan-out is at work, Lea lifts it, again and again."""

import random
import time
from typing import Any

from django.db import connection
from django.utils import timezone

from governance.halts import Halt, Scope, pull
from governance.ledger import Entry
from governance.people import Person
from workflows import doorbell
from workflows.definitions import Workflow
from workflows.engine.starting import start
from workflows.runs import Run, RunStatus

STANDS = 0.05
"""Seconds each halt stands."""
BEGUN = """
    SELECT count(*) FROM governance_entry e JOIN workflows_action a ON a.id = e.action
    WHERE a.workflow_id = %s AND e.id > %s
    AND (e.verb = 'action.started' OR (e.verb = 'action.done' AND a.inline))
"""


PROGRAMS = (("fan-out", "each"), ("halted", "both"))
"""Each starts a run of the other for every contact: steps inside the database only, and steps of both kinds."""


def main(halts: str, url: str) -> dict[str, Any]:
    people = Person.objects.in_bulk(["ada@tideway.example", "lea@tideway.example"], field_name="email")
    ada, lea = people["ada@tideway.example"], people["lea@tideway.example"]
    found = []
    for number in range(int(halts)):
        program, slug = PROGRAMS[number * len(PROGRAMS) // int(halts)]
        workflow = Workflow.objects.get(slug=slug)
        _wait_for_work(workflow, ada, program, {"url": url} if program == "halted" else {})
        scope, target = (Scope.WORKFLOW, slug) if number % 2 else (Scope.EVERYTHING, "")
        found.append({"workflow": slug, **_one(ada, lea, workflow, scope, target)})
    return {"halts": found}


def _wait_for_work(workflow: Workflow, ada: Person, program: str, given: dict[str, str]) -> None:
    """Wait until something begins after the last lift; start another fan-out when all is over."""
    base = _last_entry()
    while not _begun(workflow, base):
        if not Run.objects.filter(status=RunStatus.OPEN).exists():
            start(program, given, ada, timezone.now())
        time.sleep(0.005)
    time.sleep(random.uniform(0, 0.08))


def _one(ada: Person, lea: Person, workflow: Workflow, scope: str, target: str) -> dict[str, Any]:
    begun = time.perf_counter()
    halt = pull(ada, scope, target, "A measured halt", timezone.now())
    took = (time.perf_counter() - begun) * 1000
    pulled = _last_entry(verb="halt.pulled")
    before = _begun(workflow, 0)
    time.sleep(STANDS)
    after = _begun(workflow, 0)
    _lift(halt, lea, ada)
    doorbell.ring()  # as the page does
    return {
        "scope": scope,
        "milliseconds": took,
        "pulled": pulled,
        "lifted": _last_entry(verb="halt.lifted"),
        "seen_to_begin": after - before,
    }


def _lift(halt: Halt, *leaders: Person) -> None:
    """One leader asks to lift it, the next one agrees."""
    for leader in leaders:
        if Halt.objects.get(pk=halt.pk).lift(leader, "It was only measured", timezone.now()):
            return
    raise AssertionError(f"{halt} was not lifted")


def _begun(workflow: Workflow, since: int) -> int:
    with connection.cursor() as cursor:
        cursor.execute(BEGUN, [workflow.pk, since])
        return int(cursor.fetchone()[0])


def _last_entry(**which: str) -> int:
    return Entry.objects.filter(**which).order_by("-pk").values_list("pk", flat=True).first() or 0
