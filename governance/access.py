"""Who may see and do what. Views and commands ask here; a foreign id is a 404."""

from __future__ import annotations

from django.core.exceptions import PermissionDenied
from django.core.management.base import CommandError
from django.http import HttpRequest

from governance.people import Person


def person_by_email(email: str) -> Person:
    """Return the person a command acts for. Raises CommandError."""
    person = Person.objects.filter(email=email.lower(), is_active=True).first()
    if person is None:
        raise CommandError(f"There is no person with the address {email}.")
    return person


def reader_of(request: HttpRequest) -> Person:
    """Return the person who asks; every page but the front door wants one who has signed in."""
    assert isinstance(request.user, Person)
    return request.user


def leader_or_403(request: HttpRequest, what: str) -> Person:
    """Return the leader who asks. Raises PermissionDenied: “Only leaders WHAT. Everybody may read it.”"""
    if isinstance(request.user, Person) and request.user.is_leader:
        return request.user
    raise PermissionDenied(f"Only leaders {what}. Everybody may read it.")
