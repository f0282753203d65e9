"""Who may see and do what. Views and commands ask here; a foreign id is a 404."""

from __future__ import annotations

from django.core.management.base import CommandError

from governance.people import Person


def person_by_email(email: str) -> Person:
    """Return the person a command acts for. Raises CommandError."""
    person = Person.objects.filter(email=email.lower(), is_active=True).first()
    if person is None:
        raise CommandError(f"There is no person with the address {email}.")
    return person
