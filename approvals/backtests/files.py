"""A draft that only stands in a file: read, or loaded and taken back before anybody could see it.

A workflow is checked and written by the same code as ever, in a transaction that never commits. So a backtest of a file
judges by exactly what loading it would make, and leaves no trace.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

from django.db import transaction

from approvals.backtests.plan import CannotPlan, fresh
from governance.people import Membership, Person, Role
from governance.rulebook import Rulebook
from workflows import publishing, rulebookfiles
from workflows.definitions import Version, Workflow


@contextmanager
def taken_back() -> Iterator[None]:
    """Whatever is written inside never happened."""
    with transaction.atomic():
        point = transaction.savepoint()
        try:
            yield
        finally:
            transaction.savepoint_rollback(point)


def version_from(text: str, workflow: Workflow, person: Person, now: datetime) -> Version:
    """Return the version that the file would make; call it inside `taken_back`.

    Raises FileProblems, and CannotPlan when the file does not speak of the workflow.
    """
    for document in publishing.read(text, person):
        if document.part.workflow == workflow.slug:
            return fresh(publishing.write(workflow, document.part, person, now, aside=True).pk)
    raise CannotPlan(f"The file does not speak of “{workflow.slug}”.")


def rulebook_from(text: str) -> Rulebook:
    """Return the rulebook of the file, which stands nowhere else. Raises FileProblems."""
    return Rulebook(number=0, content=rulebookfiles.read(text).as_json())


def somebody_for(workflow: Workflow) -> Person:
    """Return a leader in whose name a file can be tried. Raises CannotPlan when the team has none."""
    led = Membership.objects.filter(team=workflow.owner_id, role=Role.LEADER, person__is_active=True)
    if (membership := led.select_related("person").order_by("pk").first()) is None:
        raise CannotPlan(f"{workflow.owner.name} has no leader in whose name the file could be tried.")
    return membership.person
