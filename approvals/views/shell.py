"""What the shell says of the queue on every page."""

from __future__ import annotations

from django.http import HttpRequest
from django.utils import timezone

from approvals.queue import waiting
from governance.people import Person


def counts(request: HttpRequest) -> dict[str, dict[str, int]]:
    """Return `counts`: by key of a place how much waits there for the person."""
    person = getattr(request, "user", None)
    return {"counts": {"queue": waiting(person, timezone.now())} if isinstance(person, Person) else {}}
