"""Allowances: what is used of each, for leaders and auditors. Names of people only to those who see their workflow."""

from __future__ import annotations

from dataclasses import replace

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path
from django.utils import timezone
from django.views.decorators.http import require_GET

from governance.access import reader_of
from governance.people import Person
from governance.rulebook import in_force
from governance.usage import Account, Used, accounts
from workflows.access import workflows_for


@require_GET
def allowances(request: HttpRequest) -> HttpResponse:
    person, book = reader_of(request), in_force()
    if not (person.is_leader or person.is_auditor):
        raise PermissionDenied("Only leaders and auditors see what is used of the allowances.")
    rows = accounts(book.envelope.allowances, timezone.now()) if book else []
    context = {"accounts": [shown_to(person, row) for row in rows], "book": book}
    return render(request, "allowances/index.html", context)


def shown_to(person: Person, account: Account) -> Account:
    """Return the account as the person may see it: without the names of workflows that are not theirs and of contacts
    these may have written to. A text is called by the beginning of its fingerprint."""
    allowance = account.allowance
    if allowance.per == "content":
        return replace(account, top=[replace(each, name=f"Text {each.name[2:8]}") for each in account.top])
    if allowance.per == "run":
        return replace(account, top=[replace(each, name=f"Run {each.name}") for each in account.top])
    if allowance.per in ("", "capability") or allowance.per.startswith("record."):
        return account
    if person.is_auditor or (allowance.workflow and workflows_for(person).filter(slug=allowance.workflow).exists()):
        return account
    return replace(account, top=[_masked(person, allowance.per, each) for each in account.top])


def _masked(person: Person, per: str, used: Used) -> Used:
    if per == "workflow" and workflows_for(person).filter(slug=used.name).exists():
        return used
    name = used.name.partition("@")
    hidden = f"{name[0][:1]}…@{name[2]}" if per == "contact" and name[1] else f"{used.name[:1]}…"
    return replace(used, name=hidden)


urlpatterns = [path("allowances/", allowances, name="allowances")]
