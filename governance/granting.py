"""Giving and ending what a person may decide alone, what they are qualified for, and who stands in while they are away.

The leaders of a person's teams give it; nobody gives themselves an authority or a qualification while another leader of
their teams could. Who may not is told by PermissionDenied, what cannot be by NotPossible.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import transaction

from governance.authorities import Absence, Authority, Qualification
from governance.ledger import record
from governance.memberships import NotPossible
from governance.people import Actor, Membership, Person, Role

Grant = Authority | Qualification | Absence


def may_grant(by: Person, to: Person, *, absence: bool = False) -> bool:
    """Whether this leader may give the person something, or say that they are away."""
    leaders = Membership.objects.filter(team__in=to.team_ids, role=Role.LEADER, person__is_active=True)
    if by.pk == to.pk and not absence and leaders.exclude(person=to).exists():
        return False
    return leaders.filter(person=by).exists()


def give_authority(
    by: Person, to: Person, now: datetime, *, measure: str, at_most: float, until: date | None = None
) -> Authority:
    """Let the person agree alone up to so much of a measure; it replaces what they had of it."""
    _permit(by, to)
    with transaction.atomic():
        was = Authority.objects.filter(person=to, measure=measure).first()
        given = {"at_most": at_most, "until": until}
        made, _ = Authority.objects.update_or_create(person=to, measure=measure, defaults=given)
        facts = {"measure": measure, "at_most": _plain(at_most), "was": _plain(was.at_most) if was else None}
        _record(by, "authority.given", now, to, until=until, **facts)
    return made


def qualify(by: Person, to: Person, now: datetime, *, skill: str, until: date | None = None) -> Qualification:
    """Say that the person is qualified; with another last day it replaces what was said before."""
    _permit(by, to)
    with transaction.atomic():
        made, _ = Qualification.objects.update_or_create(person=to, skill=skill, defaults={"until": until})
        _record(by, "qualification.given", now, to, until=until, skill=skill)
    return made


def enter_absence(by: Person, to: Person, now: datetime, *, first: date, last: date, cover: Person) -> Absence:
    """Let another person cover from the first to the last day."""
    _permit(by, to, absence=True)
    if cover.pk == to.pk:
        raise NotPossible("Nobody covers themselves. Choose somebody else.")
    if last < first:
        raise NotPossible("The last day lies before the first.")
    if not cover.is_active:
        raise NotPossible(f"{cover.name} has left. Choose somebody who is here.")
    with transaction.atomic():
        made = Absence.objects.create(person=to, cover=cover, first=first, last=last)
        _record(by, "absence.entered", now, to, until=last, first=first.isoformat(), cover=cover.name)
    return made


def end(by: Person, grant: Grant, now: datetime) -> None:
    """Take back an authority, a qualification or an absence. Raises PermissionDenied."""
    to = grant.person
    if not may_grant(by, to, absence=isinstance(grant, Absence)) and by.pk != to.pk:
        raise PermissionDenied(_only_leaders(to))
    with transaction.atomic():
        if not type(grant)._default_manager.filter(pk=grant.pk).delete()[0]:
            return
        match grant:
            case Authority():
                _record(by, "authority.ended", now, to, measure=grant.measure, at_most=_plain(grant.at_most))
            case Qualification():
                _record(by, "qualification.ended", now, to, skill=grant.skill)
            case Absence():
                _record(by, "absence.ended", now, to, cover=grant.cover.name, first=grant.first.isoformat())


def _permit(by: Person, to: Person, *, absence: bool = False) -> None:
    if may_grant(by, to, absence=absence):
        return
    if by.pk == to.pk and by.is_leader:
        raise PermissionDenied("Another leader of your teams gives you this; nobody gives it to themselves.")
    raise PermissionDenied(_only_leaders(to))


def _only_leaders(to: Person) -> str:
    teams = ", ".join(to.teams.distinct().values_list("name", flat=True)) or "their teams"
    return f"Only leaders of {teams} say how far {to.name} may decide."


def _plain(number: float) -> float:
    """Return 5000.0 as 5000, as people read it in the ledger."""
    return int(number) if number.is_integer() else number


def _record(by: Person, verb: str, now: datetime, to: Person, until: date | None = None, **facts: Any) -> None:
    said: Mapping[str, Any] = {"person": to.name, "subject": to.pk, **facts}
    record(Actor.of(by), verb, now, **said, until=until.isoformat() if until else "")
