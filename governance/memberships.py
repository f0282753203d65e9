"""Who joins, in which role, and who leaves. The organisation never loses its last leader.

Roles in a team are its leaders' to give, change and take. Who may not is told by PermissionDenied, what cannot be by
NotPossible. An actor who is no person is the operator at the command line, who may do all of it.
"""

from __future__ import annotations

import secrets
from datetime import datetime

from django.contrib.auth import password_validation
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction
from django.db.models import QuerySet

from governance import databases
from governance.ledger import record
from governance.people import Actor, Membership, Person, Role, Team


class NotPossible(Exception):
    """This change cannot be made; `str()` is a sentence."""


def initial_password() -> str:
    """Return a password to hand over once: about 96 bits, easy to read out."""
    letters = "abcdefghjkmnpqrstuvwxyz23456789"
    return "-".join("".join(secrets.choice(letters) for _ in range(5)) for _ in range(4))


def leaders_besides(person: Person) -> list[Person]:
    """Return the other leaders who can sign in."""
    others = Person.objects.filter(memberships__role=Role.LEADER, is_active=True).exclude(pk=person.pk)
    return list(others.distinct())


def without_leader() -> QuerySet[Team]:
    """Return the teams that nobody leads who can sign in."""
    led = Membership.objects.filter(role=Role.LEADER, person__is_active=True)
    return Team.objects.exclude(pk__in=led.values("team"))


def teams_to_give(by: Person, to: Person | None) -> QuerySet[Team]:
    """Return the teams in which this leader may give roles (to a newcomer: None), also those that need a first one."""
    led = Team.objects.filter(pk__in=by.memberships.filter(role=Role.LEADER).values("team"))
    return led if by == to else led | without_leader()


def may_let_go(by: Person, person: Person) -> bool:
    """Whether this person may deactivate and reactivate the other: by leading every team of theirs that has leaders."""
    others = Membership.objects.filter(team__in=person.team_ids, role=Role.LEADER, person__is_active=True).exclude(
        person=person
    )
    return by.is_leader and all(by.leads(team) for team in set(others.values_list("team_id", flat=True)))


def add_person(
    actor: Actor, now: datetime, *, email: str, name: str, team: Team, role: str, password: str = ""
) -> tuple[Person, str]:
    """Add a person with a first role; return them and the password to hand over.

    Raises PermissionDenied, NotPossible when the address is taken, ValidationError for a weak password.
    """
    password = password or initial_password()
    password_validation.validate_password(password)
    try:
        with transaction.atomic():
            _permit(actor, team, role)
            person = Person.objects.create_user(email, password, name=name)
            Membership.objects.create(person=person, team=team, role=role)
            record(actor, "person.joined", now, person=name, subject=person.pk, team=team.name, role=role)
    except IntegrityError:
        raise NotPossible(f"There is a person with the address {email} already.") from None
    return person, password


def add_team(actor: Actor, now: datetime, *, name: str, slug: str) -> Team:
    """Add a team, which whoever adds it leads. Raises NotPossible when there is one of that slug."""
    try:
        with transaction.atomic():
            team = Team.objects.create(name=name, slug=slug)
            record(actor, "team.added", now, team=name, slug=slug)
            if actor.person_id is not None:
                Membership.objects.create(person_id=actor.person_id, team=team, role=Role.LEADER)
                facts = {"person": actor.name, "subject": actor.person_id}
                record(actor, "person.joined", now, **facts, team=name, role=Role.LEADER)
    except IntegrityError:
        raise NotPossible(f"There is a team “{slug}” already.") from None
    return team


def give_role(actor: Actor, person: Person, team: Team, role: str, now: datetime) -> Membership:
    """Give the person a role in a team. Raises PermissionDenied, NotPossible when they hold it already."""
    with transaction.atomic():
        _permit(actor, team, role, person)
        membership, made = Membership.objects.get_or_create(person=person, team=team, role=role)
        if not made:
            raise NotPossible(f"{person.name} is {membership.get_role_display().lower()} in {team.name} already.")
        record(actor, "person.joined", now, person=person.name, subject=person.pk, team=team.name, role=role)
    return membership


def change_role(actor: Actor, membership: Membership, role: str, now: datetime) -> None:
    """Let the person hold another role in the same team. Raises PermissionDenied, NotPossible."""
    person, team, was = membership.person, membership.team, membership.role
    try:
        with transaction.atomic():
            _permit(actor, team, role, person)
            if role == was:
                return
            if was == Role.LEADER:
                _keep_a_leader(person, team)
            if not Membership.objects.filter(pk=membership.pk, role=was).update(role=role):
                raise NotPossible(
                    f"{person.name}’s role in {team.name} was changed meanwhile. Nothing was changed now."
                )
            facts = {"person": person.name, "subject": person.pk, "team": team.name}
            record(actor, "person.role_changed", now, **facts, old=was, role=role)
    except IntegrityError:
        raise NotPossible(f"{person.name} is {Role(role).label.lower()} in {team.name} already.") from None


def leave(actor: Actor, membership: Membership, now: datetime) -> None:
    """End a membership. Raises PermissionDenied, NotPossible for the last leader."""
    person, team = membership.person, membership.team
    with transaction.atomic():
        _permit(actor, team)
        if membership.role == Role.LEADER:
            _keep_a_leader(person, team)
        if Membership.objects.filter(pk=membership.pk).delete()[0]:
            facts = {"person": person.name, "subject": person.pk, "team": team.name}
            record(actor, "person.left_team", now, **facts, role=membership.role)


def deactivate(by: Person, person: Person, now: datetime) -> None:
    """Let the person no longer sign in; what they did stays.

    Raises PermissionDenied, NotPossible for oneself and the last leader.
    """
    if by.pk == person.pk:
        raise NotPossible("You cannot deactivate your own account. Another leader can.")
    _permit_to_let_go(by, person)
    with transaction.atomic():
        _keep_a_leader(person, None)
        if Person.objects.filter(pk=person.pk, is_active=True).update(is_active=False):
            record(Actor.of(by), "person.deactivated", now, person=person.name, subject=person.pk)


def reactivate(by: Person, person: Person, now: datetime) -> None:
    """Let the person sign in again. Raises PermissionDenied."""
    _permit_to_let_go(by, person)
    with transaction.atomic():
        if Person.objects.filter(pk=person.pk, is_active=False).update(is_active=True):
            record(Actor.of(by), "person.reactivated", now, person=person.name, subject=person.pk)


def _permit(actor: Actor, team: Team, role: str = "", to: Person | None = None) -> None:
    """Refuse those who do not lead the team, unless they give its first leader, another than themselves.

    The team is locked first, so that of two who give a first leader the second is refused.
    """
    if actor.person_id is None:
        return
    list(databases.locked(Team.objects.filter(pk=team.pk)))
    if Membership.objects.filter(person=actor.person_id, team=team, role=Role.LEADER).exists():
        return
    if not without_leader().filter(pk=team.pk).exists():
        raise PermissionDenied(f"Only leaders of {team.name} give, change and take roles in it.")
    if role != Role.LEADER:
        raise PermissionDenied(f"{team.name} has no leader yet. Give it one first, who then gives the other roles.")
    if to is not None and to.pk == actor.person_id:
        raise PermissionDenied(f"Nobody gives themselves a role in a team they do not lead, such as {team.name}.")


def _permit_to_let_go(by: Person, person: Person) -> None:
    if may_let_go(by, person):
        return
    teams = ", ".join(person.teams.distinct().values_list("name", flat=True))
    whose = f"leaders of {teams} let" if teams else "leaders let"
    raise PermissionDenied(f"Only {whose} {person.name} sign in or not.")


def _keep_a_leader(person: Person, team: Team | None) -> None:
    """Refuse to take the role of leader (in the team, or everywhere) from the last who holds it.

    The rows are locked first and read after, so that of two leaders who remove each other the second is refused.
    """
    leading = Membership.objects.filter(role=Role.LEADER).order_by("pk")
    list(databases.locked(leading))
    if not person.is_active:
        return
    rest = leading.filter(person__is_active=True)
    taken = rest.filter(person=person) if team is None else rest.filter(person=person, team=team)
    if taken.exists() and not rest.exclude(pk__in=taken.values("pk")).exists():
        raise NotPossible(
            f"{person.name} is the last leader here. Make somebody else a leader first; nothing was changed."
        )
