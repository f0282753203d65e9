"""The stop switch: one leader pulls, two lift; everybody reads what is halted, by whom and why."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from governance.access import leader_or_403
from governance.forms.reasons import ReasonForm
from governance.halts import AlreadyLifted, Halt, HaltLift, HaltRefused, Scope, one_of, pull
from governance.memberships import leaders_besides
from governance.people import Person
from workflows import doorbell
from workflows.aftermath import Aftermath
from workflows.scopes import Choices, Reach, began_after, choices, reach, title_of

MAY = "halt and lift"
EARLIER = 20
SCOPES = (
    (Scope.EVERYTHING, "Everything", ""),
    (Scope.WORKFLOW, "A workflow", "Workflow"),
    (Scope.STEP, "A step", "Step"),
    (Scope.CAPABILITY, "A capability", "Capability"),
    (Scope.CATEGORY, "A category", "Category"),
    (Scope.TEAM, "A team", "Team"),
    (Scope.AGENT, "An agent", "Agent"),
)


@dataclass(frozen=True)
class Wanted:
    """What a leader is about to halt: the scope, its object, and what there is to choose from."""

    scope: str
    target: str
    choices: Choices

    @classmethod
    def of(cls, person: Person, scope: str, target: str) -> Wanted:
        known = scope if scope in Scope.values else Scope.EVERYTHING.value
        found = choices(known, person)
        targets = [key for _, group in found for key, _ in group]
        return cls(known, target if target in targets else next(iter(targets), ""), found)

    @property
    def name(self) -> str:
        """The object as the button names it; empty when there is nothing of this scope."""
        if self.scope == Scope.EVERYTHING:
            return "everything"
        names = {key: f"{name} in {place}" if place else name for place, group in self.choices for key, name in group}
        return names.get(self.target, "")

    @property
    def object_label(self) -> str:
        return next(label for scope, _, label in SCOPES if scope == self.scope)

    @property
    def reach(self) -> Reach:
        return reach(self.scope, self.target)


@dataclass(frozen=True)
class Card:
    """A halt as its reader sees it. `others` are the leaders who may agree to what somebody has asked."""

    halt: Halt
    title: str
    lasted: str
    reader: Person | None = None
    asked: HaltLift | None = None
    others: tuple[Person, ...] = ()
    error: str = ""
    answer: str = ""

    @property
    def reach(self) -> Reach:
        return reach(self.halt.scope, self.halt.target)

    @property
    def began_after(self) -> int:
        return began_after(self.halt)

    @property
    def is_leader(self) -> bool:
        return self.reader is not None and self.reader.is_leader

    @property
    def is_mine(self) -> bool:
        """Whether the reader asked to lift it."""
        return self.asked is not None and self.asked.asked_by == self.reader

    @property
    def may_agree(self) -> bool:
        return self.is_leader and self.asked is not None and not self.is_mine

    @property
    def is_alone(self) -> bool:
        """Whether the reader leads and nobody else does: then one word is enough."""
        return self.is_leader and not self.others

    @property
    def other_names(self) -> str:
        return one_of(self.others)

    @property
    def lifters(self) -> str:
        """Who lifted it: the one who asked and the one who agreed."""
        lift = next((lift for lift in self.halt.lifts.all() if lift.agreed_at), None)
        names = [lift.asked_by.name] if lift else []
        names += [self.halt.lifted_by.name] if self.halt.lifted_by else []
        return " and ".join(dict.fromkeys(names)) or "nobody"


@require_http_methods(["GET", "POST"])
def halts(request: HttpRequest) -> HttpResponse:
    if request.method == "POST":
        return _pull(request)
    if getattr(request, "htmx", False) and isinstance(request.user, Person):
        return render(request, "halts/_reach.html", {"wanted": _wanted(request, request.user), "swap": True})
    return _page(request)


def _pull(request: HttpRequest) -> HttpResponse:
    person = leader_or_403(request, MAY)
    scope, target = (request.POST.get(name, "").strip() for name in ("scope", "target"))
    wanted, form = Wanted.of(person, scope, target), ReasonForm(request.POST)
    reason = request.POST.get("reason", "").strip()
    if (scope, target if wanted.choices else "") != (wanted.scope, wanted.target):
        return _page(request, error="Say what should stop. Nothing was halted.", reason=reason, status=422)
    if not form.is_valid():
        return _page(request, error=f"{form.trouble} Nothing was halted.", reason=reason, status=422)
    try:
        noticed = _moment(request.POST.get("noticed_at", ""))
        pull(person, wanted.scope, wanted.target, form.words, timezone.now(), noticed)
    except HaltRefused as error:
        return _page(request, error=str(error), reason=reason, status=422)
    return redirect("halts")


def _moment(text: str) -> datetime | None:
    """Return the local moment a form gave, if any. Raises HaltRefused."""
    try:
        found = parse_datetime(text.strip()) if text.strip() else None
    except ValueError:
        found = None
    if found is None and text.strip():
        raise HaltRefused("When the first sign was seen is no moment like 2026-03-02T09:30. Nothing was halted.")
    return timezone.make_aware(found) if found and timezone.is_naive(found) else found


@require_GET
def halt_aftermath(request: HttpRequest, pk: int) -> HttpResponse:
    """One page on what a halt stopped and what had gone out before."""
    halt = get_object_or_404(Halt.objects.select_related("by", "lifted_by"), pk=pk)
    after = Aftermath(halt)
    spans = {name: span(length) for name in ("until_stop", "lasted") if (length := getattr(after, name)) is not None}
    context = {"card": Card(halt, title_of(halt), spans.get("lasted", "")), "after": after, **spans}
    return render(request, "halts/aftermath.html", context)


@require_POST
def halt_lift(request: HttpRequest, pk: int) -> HttpResponse:
    """Ask to lift a halt; where there is no other leader that lifts it."""
    form = ReasonForm(request.POST)
    if not form.is_valid():
        leader_or_403(request, MAY)
        return _page(request, refused=(pk, form.trouble, request.POST.get("reason", "").strip()), status=422)
    return _answer(request, pk, lambda halt, person, now: halt.ask_to_lift(person, form.words, now), form.words)


@require_POST
def halt_agree(request: HttpRequest, pk: int) -> HttpResponse:
    """Agree to lift a halt, as another leader asked."""
    return _answer(request, pk, Halt.agree_to_lift)


@require_POST
def halt_keep(request: HttpRequest, pk: int) -> HttpResponse:
    """Say that a halt is to stand, or take back that one asked to lift it."""
    return _answer(request, pk, Halt.keep)


def _answer(
    request: HttpRequest, pk: int, verb: Callable[[Halt, Person, datetime], object], answer: str = ""
) -> HttpResponse:
    person = leader_or_403(request, MAY)
    halt = get_object_or_404(Halt.objects.select_related("by", "lifted_by"), pk=pk)
    try:
        verb(halt, person, timezone.now())
    except AlreadyLifted as error:
        messages.info(request, str(error))
    except HaltRefused as error:
        return _page(request, refused=(pk, str(error), answer), status=409)
    doorbell.ring()
    return redirect("halts")


@require_GET
def halt_figures(request: HttpRequest, pk: int) -> HttpResponse:
    """The three figures of a halt in force, read again while something is still in flight."""
    halt = get_object_or_404(Halt, pk=pk)
    return render(request, "halts/_figures.html", {"card": Card(halt, "", "")})


def _wanted(request: HttpRequest, person: Person) -> Wanted:
    asked = request.POST if request.method == "POST" else request.GET
    return Wanted.of(person, asked.get("scope", ""), asked.get("target", ""))


def _page(
    request: HttpRequest,
    *,
    error: str = "",
    reason: str = "",
    refused: tuple[int, str, str] = (0, "", ""),
    status: int = 200,
) -> HttpResponse:
    person, now = request.user, timezone.now()
    assert isinstance(person, Person)
    rows = Halt.objects.select_related("by", "lifted_by")
    context: dict[str, Any] = {
        "cards": [_card(halt, person, now, refused) for halt in rows.filter(lifted_at=None)],
        "earlier": [
            Card(halt, title_of(halt), span((halt.lifted_at or now) - halt.at))
            for halt in rows.exclude(lifted_at=None).prefetch_related("lifts__asked_by")[:EARLIER]
        ],
        "error": error,
        "reason": reason,
    }
    if person.is_leader:
        context |= {"wanted": _wanted(request, person), "scopes": SCOPES}
    return render(request, "halts/index.html", context, status=status)


def _card(halt: Halt, person: Person, now: datetime, refused: tuple[int, str, str]) -> Card:
    error, answer = refused[1:] if refused[0] == halt.pk else ("", "")
    asked = halt.asked
    others = leaders_besides(asked.asked_by if asked else person)
    return Card(halt, title_of(halt), span(now - halt.at), person, asked, tuple(others), error, answer)


def span(length: timedelta) -> str:
    """Return a length of time in words: “6 min”, “15 h 08”, “3 days 4 h”."""
    minutes = int(length.total_seconds()) // 60
    if minutes < 1:
        return "less than a minute"
    hours, rest = divmod(minutes, 60)
    if not hours:
        return f"{minutes}\u00a0min"
    days, hours_left = divmod(hours, 24)
    if not days:
        return f"{hours}\u00a0h\u00a0{rest:02d}"
    return f"{days}\u00a0day{'s' if days > 1 else ''} {hours_left}\u00a0h"


urlpatterns = [
    path("halts/", halts, name="halts"),
    path("halts/<int:pk>/", halt_aftermath, name="halt"),
    path("halts/<int:pk>/lift/", halt_lift, name="halt_lift"),
    path("halts/<int:pk>/agree/", halt_agree, name="halt_agree"),
    path("halts/<int:pk>/keep/", halt_keep, name="halt_keep"),
    path("halts/<int:pk>/figures/", halt_figures, name="halt_figures"),
]
