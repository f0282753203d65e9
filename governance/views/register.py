"""The register's pages: everybody reads what is approved; leaders of the owning team approve, renew and withdraw."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from governance.access import leader_or_403, reader_of
from governance.forms.register import FORMS, AssetForm, WithdrawalForm
from governance.ledger import Entry
from governance.people import Person, Role, Team
from governance.register import AlreadyThere, Asset, Kind, newest
from governance.wording import PLACE, places

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
    return _page(request, kind, key)


def _page(
    request: HttpRequest, kind: str, key: str, form: WithdrawalForm | None = None, told: str = "", status: int = 200
) -> HttpResponse:
    versions = _versions(kind, key)
    asked = request.GET.get("version", "")
    chosen = next((one for one in versions if str(one.version) == asked), versions[0])
    now = timezone.now()
    context = {
        "shown": Shown(chosen, chosen.standing(now), chosen is versions[0]),
        "versions": [Shown(one, one.standing(now), one is versions[0]) for one in versions],
        "texts": [(name, pieces(str(value))) for name, value in _texts(chosen).items()],
        "places": places(_texts(chosen)) if kind == Kind.TEMPLATE else [],
        "withdrawal": _withdrawal(chosen),
        "form": form or WithdrawalForm(label_suffix=""),
        "may_change": reader_of(request).leads(versions[0].owner_id),
        "told": told,
    }
    return render(request, "register/asset.html", context, status=status)


def _versions(kind: str, key: str) -> list[Asset]:
    rows = Asset.objects.filter(kind=kind, key=key).select_related("owner", "approved_by", "withdrawn_by")
    if found := list(rows.order_by("-version")):
        return found
    raise Http404("There is no such asset in the register.")


LABELS = {"subject": "Subject", "body": "Body", "text": "Words", "eligible": "Who may get it", "value": "Value"}


def _texts(asset: Asset) -> dict[str, str]:
    """Return what the asset consists of, known parts first, under the words of the page."""
    names = [name for name in LABELS if name in asset.body] + [name for name in asset.body if name not in LABELS]
    return {LABELS.get(name) or name: asset.body[name] for name in names}


def pieces(text: str) -> list[tuple[str, bool]]:
    """Return the text in pieces; true stands beside the name of a place that a field will fill."""
    parts = re.split(PLACE, text)
    return [(part, index % 2 == 1) for index, part in enumerate(parts) if part]


def _withdrawal(asset: Asset) -> Entry | None:
    if asset.withdrawn_at is None:
        return None
    facts = {"data__kind": asset.kind, "data__key": asset.key, "data__version": asset.version}
    return Entry.objects.filter(run=None, verb="asset.withdrawn", **facts).last()


def _leader_of(request: HttpRequest, asset: Asset) -> Person:
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
    versions = _versions(kind, key)
    person = _leader_of(request, versions[0])
    asked = request.POST.get("base", "")
    base = next((one for one in versions if str(one.version) == asked), versions[0])
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


@require_POST
def asset_withdraw(request: HttpRequest, kind: str, key: str) -> HttpResponse:
    newest_one = _versions(kind, key)[0]
    person = _leader_of(request, newest_one)
    form = WithdrawalForm(request.POST, label_suffix="")
    if not form.is_valid():
        return _page(request, kind, key, form, status=422)
    if not newest_one.withdraw(person, form.cleaned_data["reason"], timezone.now()):
        return _page(request, kind, key, form, told="It had been withdrawn already. Nothing was changed.", status=409)
    return redirect("asset", kind, key)


urlpatterns = [
    path("register/", register, name="register"),
    path("register/new/<slug:kind>/", asset_add, name="asset_add"),
    path("register/<slug:kind>/<slug:key>/", asset, name="asset"),
    path("register/<slug:kind>/<slug:key>/version/", asset_renew, name="asset_renew"),
    path("register/<slug:kind>/<slug:key>/withdrawal/", asset_withdraw, name="asset_withdraw"),
]
