"""The front door: where one lands, whether the site is well, and the first leader's sign-up."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib.auth import login, password_validation
from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import ValidationError
from django.db import connection, transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.utils import timezone
from django.utils.text import slugify
from django.views.decorators.http import require_GET, require_http_methods

from governance.ledger import record
from governance.people import Actor, Membership, Person, Role, Team

BACKEND = "allauth.account.auth_backends.AuthenticationBackend"


@login_not_required
@require_GET
def home(request: HttpRequest) -> HttpResponse:
    if not request.user.is_authenticated and not _has_people():
        return redirect("welcome")
    return redirect("queue")


@login_not_required
@require_GET
def health(request: HttpRequest) -> HttpResponse:
    """200 when the database answers; for load balancers and the supervisor."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return HttpResponse("ok", content_type="text/plain")


class WelcomeForm(forms.Form):
    name = forms.CharField(max_length=120, label="Your name")
    email = forms.EmailField(label="E-mail address")
    password = forms.CharField(widget=forms.PasswordInput, label="Password", help_text="At least ten characters.")
    team = forms.CharField(max_length=120, label="Your team", help_text="For example Growth or Marketing.")

    def clean_team(self) -> str:
        name: str = self.cleaned_data["team"]
        if not slugify(name):
            raise ValidationError("The name of a team needs letters or digits.")
        return name

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if "password" in cleaned:
            try:
                password_validation.validate_password(cleaned["password"])
            except ValidationError as error:
                self.add_error("password", error)
        return cleaned


@login_not_required
@require_http_methods(["GET", "POST"])
def welcome(request: HttpRequest) -> HttpResponse:
    """Sign up the first leader; afterwards there is no such page."""
    if _has_people():
        raise Http404("Somebody has signed up already.")
    form = WelcomeForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        login(request, _first_leader(form.cleaned_data), backend=BACKEND)
        return redirect("workflows")
    return render(request, "welcome.html", {"form": form})


def _has_people() -> bool:
    return Person.objects.exists()


def _first_leader(answers: dict[str, Any]) -> Person:
    now = timezone.now()
    with transaction.atomic():
        person = Person.objects.create_user(answers["email"], answers["password"], name=answers["name"])
        team = Team.objects.create(slug=slugify(answers["team"]), name=answers["team"])
        Membership.objects.create(person=person, team=team, role=Role.LEADER)
        record(Actor.of(person), "person.joined", now, person=person.name, team=team.name, role=Role.LEADER)
    return person


urlpatterns = [
    path("", home, name="home"),
    path("health/", health, name="health"),
    path("welcome/", welcome, name="welcome"),
]
