"""Withdrawing an asset: the page that shows what it would do, with the button below; afterwards what it did."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path, reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from governance.access import reader_of
from governance.forms.register import WithdrawalForm
from governance.register import Asset
from governance.views.register import chosen_of, owning_leader, versions_or_404
from workflows.blast import LISTED, Blast
from workflows.engine.recall import Recalled
from workflows.withdrawals import judge_again, withdraw


@require_http_methods(["GET", "POST"])
def asset_withdraw(request: HttpRequest, kind: str, key: str) -> HttpResponse:
    versions = versions_or_404(kind, key)
    if request.method == "GET":
        return _page(request, versions, chosen_of(versions, request.GET.get("version", "")))
    person = owning_leader(request, versions[0])
    asset, form = chosen_of(versions, request.POST.get("version", "")), WithdrawalForm(request.POST, label_suffix="")
    if not form.is_valid():
        return _page(request, versions, asset, form=form, status=422)
    found = withdraw(asset, person, form.cleaned_data["reason"], timezone.now())
    if found is None:
        told = "It had been withdrawn already. Nothing was changed."
        return _page(request, versions, Asset.objects.get(pk=asset.pk), told=told, status=409)
    messages.success(request, _words(found))
    return redirect(_address(asset))


@require_POST
def asset_recall(request: HttpRequest, kind: str, key: str) -> HttpResponse:
    """Judge again what still waits with a withdrawn asset, where that had broken off."""
    versions = versions_or_404(kind, key)
    person, asset = owning_leader(request, versions[0]), chosen_of(versions, request.POST.get("version", ""))
    if asset.withdrawn_at:
        messages.success(request, _words(judge_again(asset, person, timezone.now())))
    return redirect(_address(asset))


def _page(
    request: HttpRequest,
    versions: list[Asset],
    asset: Asset,
    *,
    form: WithdrawalForm | None = None,
    told: str = "",
    status: int = 200,
) -> HttpResponse:
    person = reader_of(request)
    context: dict[str, Any] = {
        "asset": asset,
        "earlier": sum(one.version < asset.version and not one.withdrawn_at for one in versions),
        "blast": Blast(asset, person, timezone.now()),
        "listed": LISTED,
        "form": form or WithdrawalForm(label_suffix=""),
        "may_change": person.leads(versions[0].owner_id),
        "told": told,
    }
    return render(request, "register/withdrawal.html", context, status=status)


def _address(asset: Asset) -> str:
    return f"{reverse('asset_withdraw', args=[asset.kind, asset.key])}?version={asset.version}"


def _words(found: Recalled) -> str:
    """Return what became of what waited: “Withdrawn. Of what waited for people, 3 were refused.”"""
    parts = [
        f"{found.refused:,} refused" if found.refused else "",
        f"{found.to_person:,} given to a person" if found.to_person else "",
        f"{found.rebadged:,} kept under new reasons" if found.rebadged else "",
    ]
    told = ", ".join(filter(None, parts))
    return f"Withdrawn. Judged again: {told}." if told else "Withdrawn. Nothing waited for people with it."


urlpatterns = [
    path("register/<slug:kind>/<slug:key>/withdrawal/", asset_withdraw, name="asset_withdraw"),
    path("register/<slug:kind>/<slug:key>/recall/", asset_recall, name="asset_recall"),
]
