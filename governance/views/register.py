"""The register's pages: everybody reads what is approved; leaders of the owning team approve and renew it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods

from governance.access import leader_or_403, reader_of
from governance.forms.register import FORMS, AssetForm
from governance.people import Person, Role, Team
from governance.register import AlreadyThere, Asset, Kind, in_use, newest
from governance.wording import PLACE

MAY = "change the register"
CHIPS = {"approved": "in_force", "future": "proposed", "expired": "warn", "withdrawn": "withdrawn"}
WORDS = {"approved": "Approved", "future": "Not approved yet", "expired": "Past its last day", "withdrawn": "Withdrawn"}
ABOUT = {
    Kind.TEMPLATE: "Words that are filled with the fields of a record.",
    Kind.OFFER: "What may be offered, and to whom.",
    Kind.CLAIM: "What may be said of what we sell.",
    Kind.TACTIC: "Ways of working that were agreed.",
}


@dataclass(frozen=True)
class Shown:
    """An asset as the page shows it now."""

    asset: Asset
    standing: str
    is_newest: bool = True

    @property
    def chip(self) -> str:
        return CHIPS[self.standing]

    @property
    def icon(self) -> str:
        return "check" if self.standing == "approved" else "clock"

    @property
    def words(self) -> str:
        return WORDS[self.standing]

    @property
    def ends_by_itself(self) -> bool:
        return self.standing in ("approved", "future")


@dataclass(frozen=True)
class Shelf:
    kind: Kind
    about: str
    rows: list[Shown]


@require_GET
def register(request: HttpRequest) -> HttpResponse:
    now = timezone.now()
    return render(request, "register/index.html", {"shelves": [_shelf(kind, now) for kind in Kind]})


def _shelf(kind: Kind, now: datetime) -> Shelf:
    teams = Team.objects.in_bulk()
    assets = newest(kind).values()
    for asset in assets:
        asset.owner = teams[asset.owner_id]
    return Shelf(kind, ABOUT[kind], [Shown(asset, asset.standing(now)) for asset in assets])


@require_GET
def asset(request: HttpRequest, kind: str, key: str) -> HttpResponse:
    versions = versions_or_404(kind, key)
    chosen, now = chosen_of(versions, request.GET.get("version", "")), timezone.now()
    context = {
        "shown": Shown(chosen, chosen.standing(now), chosen is versions[0]),
        "versions": [Shown(one, one.standing(now), one is versions[0]) for one in versions],
        "texts": [(name, pieces(str(value))) for name, value in _texts(chosen).items()],
        "places": chosen.wording.places if kind == Kind.TEMPLATE else [],
        "bounds": _bounds(chosen),
        "claims": [(key, _claim(key, now)) for key in chosen.claims],
        "holds_for": [f"{name} {', '.join(names)}" for name, names in chosen.holds_for.items() if names],
        "withdrawal": chosen.withdrawal,
        "used": in_use(versions, now),
        "may_change": reader_of(request).leads(versions[0].owner_id),
    }
    return render(request, "register/asset.html", context)


def versions_or_404(kind: str, key: str) -> list[Asset]:
    """Return every version of the asset, the newest first."""
    rows = Asset.objects.filter(kind=kind, key=key).select_related("owner", "approved_by", "withdrawn_by")
    if found := list(rows.order_by("-version")):
        return found
    raise Http404("There is no such asset in the register.")


def chosen_of(versions: Sequence[Asset], asked: str) -> Asset:
    """Return the version that was asked for; the newest, where none of them was."""
    return next((one for one in versions if str(one.version) == asked), versions[0])


LABELS = {"subject": "Subject", "body": "Body", "text": "Words", "eligible": "Who may get it", "value": "Value"}
ELSEWHERE = ("fields", "claims")
"""What of a body has a place of its own on the page."""


def _texts(asset: Asset) -> dict[str, str]:
    """Return what the asset consists of, known parts first, under the words of the page."""
    names = [name for name in LABELS if name in asset.body] + [name for name in asset.body if name not in LABELS]
    return {LABELS.get(name) or name: asset.body[name] for name in names if name not in ELSEWHERE}


def _bounds(asset: Asset) -> list[tuple[str, Sequence[str], str]]:
    """Return what may stand in the bound places of a template: name, choices, and the fixed text."""
    if asset.kind != Kind.TEMPLATE:
        return []
    choices = [(name, among, "") for name, among in asset.wording.choices.items()]
    return [*choices, *((name, (), text) for name, text in asset.wording.fixed.items())]


def _claim(key: str, now: datetime) -> Shown | None:
    """Return the claim a template makes as it stands now; None when it is not in the register."""
    found = in_use(Asset.objects.filter(kind=Kind.CLAIM, key=key).order_by("-version"), now)
    return Shown(found, found.standing(now)) if found else None


def pieces(text: str) -> list[tuple[str, bool]]:
    """Return the text in pieces; true stands beside the name of a place that a field will fill."""
    parts = re.split(PLACE, text)
    return [(part, index % 2 == 1) for index, part in enumerate(parts) if part]


def owning_leader(request: HttpRequest, asset: Asset) -> Person:
    """Return the leader of the owning team who asks. Raises PermissionDenied."""
    person = leader_or_403(request, MAY)
    if person.leads(asset.owner_id):
        return person
    raise PermissionDenied(f"Only leaders of {asset.owner.name} renew and withdraw {asset.title}. You may read it.")


def _first_team(person: Person) -> int | None:
    return next((team for team, role in person.roles if role == Role.LEADER), None)


@require_http_methods(["GET", "POST"])
def asset_add(request: HttpRequest, kind: str) -> HttpResponse:
    person = leader_or_403(request, MAY)
    if kind not in FORMS:
        raise Http404("The register has no assets of this kind.")
    form = FORMS[kind](request.POST or None, by=person, initial={"owner": _first_team(person)})
    return _approve(request, person, form)


@require_http_methods(["GET", "POST"])
def asset_renew(request: HttpRequest, kind: str, key: str) -> HttpResponse:
    versions = versions_or_404(kind, key)
    person = owning_leader(request, versions[0])
    base = chosen_of(versions, request.POST.get("base", ""))
    return _approve(request, person, FORMS[kind](request.POST or None, by=person, base=base))


def _approve(request: HttpRequest, person: Person, form: AssetForm) -> HttpResponse:
    """Show the form, or put what it says into the register."""
    status = 422 if form.is_bound else 200
    if form.is_valid():
        try:
            made = form.approve(person, timezone.now())
        except AlreadyThere as error:
            form.add_error(None, str(error))
            status = 409
        else:
            return redirect("asset", made.kind, made.key)
    return render(request, "register/form.html", {"form": form, "kind": Kind(form.kind)}, status=status)


urlpatterns = [
    path("register/", register, name="register"),
    path("register/new/<slug:kind>/", asset_add, name="asset_add"),
    path("register/<slug:kind>/<slug:key>/", asset, name="asset"),
    path("register/<slug:kind>/<slug:key>/version/", asset_renew, name="asset_renew"),
]
