"""Who is here: teams, their people and roles. Everybody reads it; a team's leaders change it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import Prefetch
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from governance import granting, memberships
from governance.access import leader_or_403, reader_of
from governance.forms.granting import AbsenceForm, AuthorityForm, QualificationForm
from governance.forms.people import MembershipForm, PersonForm, RoleForm, TeamForm
from governance.memberships import NotPossible
from governance.people import Actor, Membership, Person, Role, Team

MAY = "change who is here"


@require_GET
def people(request: HttpRequest) -> HttpResponse:
    seats = Membership.objects.filter(person__is_active=True).select_related("person").order_by("person__name", "role")
    context = {
        "teams": Team.objects.prefetch_related(Prefetch("memberships", seats)),
        "teamless": Person.objects.filter(is_active=True, memberships=None),
        "gone": Person.objects.filter(is_active=False),
    }
    return render(request, "people/index.html", context)


@never_cache
@require_http_methods(["GET", "POST"])
def person_add(request: HttpRequest) -> HttpResponse:
    """Add a person. Their first password is in the answer to the form and nowhere else."""
    leader = leader_or_403(request, MAY)
    form = PersonForm(request.POST or None, by=leader, initial=_place(request.GET.get("team", "")))
    if form.is_valid():
        try:
            person, password = memberships.add_person(Actor.of(leader), timezone.now(), **form.cleaned_data)
        except (NotPossible, ValidationError) as error:
            form.add_error(None, error.messages if isinstance(error, ValidationError) else str(error))
        else:
            return render(request, "people/added.html", {"person": person, "password": password}, status=201)
    return render(request, "people/add.html", {"form": form}, status=422 if form.is_bound else 200)


def _place(team: str) -> dict[str, str]:
    """Return where a newcomer is put unless told otherwise: in the team asked for, which may need a leader first."""
    if not team.isdecimal() or len(team) > 9:
        return {}
    alone = memberships.without_leader().filter(pk=int(team)).exists()
    return {"team": team, "role": Role.LEADER if alone else Role.REVIEWER}


@require_http_methods(["GET", "POST"])
def team_add(request: HttpRequest) -> HttpResponse:
    actor = Actor.of(leader_or_403(request, MAY))
    form = TeamForm(request.POST or None, label_suffix="")
    if form.is_valid():
        try:
            memberships.add_team(actor, timezone.now(), **form.cleaned_data)
        except NotPossible as error:
            form.add_error(None, str(error))
        else:
            return redirect("people")
    return render(request, "people/add_team.html", {"form": form}, status=422 if form.is_bound else 200)


@require_GET
def person(request: HttpRequest, pk: int) -> HttpResponse:
    return person_page(request, get_object_or_404(Person, pk=pk))


def person_page(
    request: HttpRequest, shown: Person, told: str = "", status: int = 200, given: Any = None, **more: Any
) -> HttpResponse:
    """The page of a person; `given` are forms of what may be granted, filled in and found wrong, by kind."""
    reader = reader_of(request)
    seats = [
        (seat, _role_form(seat) if reader.leads(seat.team_id) else None)
        for seat in shown.memberships.select_related("team").order_by("team__name", "role")
    ]
    context = {
        "shown": shown,
        "seats": seats,
        "form": MembershipForm(by=reader, to=shown) if reader.is_leader else None,
        "may_let_go": memberships.may_let_go(reader, shown),
        "told": told,
        **_granted(reader, shown, given or {}),
        **more,
    }
    return render(request, "people/person.html", context, status=status)


def _granted(reader: Person, shown: Person, given: Mapping[str, Any]) -> dict[str, Any]:
    """How far the person may decide and who covers, with the forms to change it."""
    kinds = {"authorities": AuthorityForm, "qualifications": QualificationForm}
    plain = {kind: form(prefix=kind, label_suffix="") for kind, form in kinds.items()}
    return {
        "absences": shown.absences.filter(last__gte=timezone.localdate()).select_related("cover"),
        "may_grant": granting.may_grant(reader, shown),
        "may_enter_absence": granting.may_grant(reader, shown, absence=True),
        "grants": {**plain, "absences": AbsenceForm(prefix="absences", label_suffix="", to=shown), **given},
    }


def _role_form(seat: Membership) -> RoleForm:
    return RoleForm(initial={"role": seat.role}, auto_id=f"id_{seat.pk}_%s", label_suffix="")


def try_change(request: HttpRequest, shown: Person, change: Callable[[Person], object]) -> HttpResponse:
    """Let a leader make the change, and come back to the person's page; say why it cannot be made."""
    leader = leader_or_403(request, MAY)
    try:
        change(leader)
    except NotPossible as error:
        return person_page(request, get_object_or_404(Person, pk=shown.pk), str(error), status=409)
    return redirect("person", shown.pk)


@require_POST
def membership_add(request: HttpRequest, pk: int) -> HttpResponse:
    shown = get_object_or_404(Person, pk=pk)
    form = MembershipForm(request.POST, by=leader_or_403(request, MAY), to=shown)
    if not form.is_valid():
        return person_page(request, shown, form=form, status=422)
    team, role, now = form.cleaned_data["team"], form.cleaned_data["role"], timezone.now()
    return try_change(request, shown, lambda by: memberships.give_role(Actor.of(by), shown, team, role, now))


@require_POST
def membership_role(request: HttpRequest, pk: int) -> HttpResponse:
    seat, form = _seat(pk), RoleForm(request.POST)
    leader_or_403(request, MAY)
    if not form.is_valid():
        return person_page(request, seat.person, "There is no such role. Nothing was changed.", status=422)
    role, now = form.cleaned_data["role"], timezone.now()
    return try_change(request, seat.person, lambda by: memberships.change_role(Actor.of(by), seat, role, now))


@require_POST
def membership_end(request: HttpRequest, pk: int) -> HttpResponse:
    seat, now = _seat(pk), timezone.now()
    return try_change(request, seat.person, lambda by: memberships.leave(Actor.of(by), seat, now))


def _seat(pk: int) -> Membership:
    return get_object_or_404(Membership.objects.select_related("person", "team"), pk=pk)


@require_POST
def person_deactivate(request: HttpRequest, pk: int) -> HttpResponse:
    shown, now = get_object_or_404(Person, pk=pk), timezone.now()
    return try_change(request, shown, lambda by: memberships.deactivate(by, shown, now))


@require_POST
def person_reactivate(request: HttpRequest, pk: int) -> HttpResponse:
    shown, now = get_object_or_404(Person, pk=pk), timezone.now()
    return try_change(request, shown, lambda by: memberships.reactivate(by, shown, now))


urlpatterns = [
    path("people/", people, name="people"),
    path("people/new/", person_add, name="person_add"),
    path("people/teams/new/", team_add, name="team_add"),
    path("people/<int:pk>/", person, name="person"),
    path("people/<int:pk>/memberships/", membership_add, name="membership_add"),
    path("people/<int:pk>/deactivation/", person_deactivate, name="person_deactivate"),
    path("people/<int:pk>/activation/", person_reactivate, name="person_reactivate"),
    path("people/memberships/<int:pk>/role/", membership_role, name="membership_role"),
    path("people/memberships/<int:pk>/removal/", membership_end, name="membership_end"),
]
