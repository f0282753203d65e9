"""What a draft of the rulebook would have done, as a part of the page that publishes it."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from approvals.backtests import everywhere
from approvals.backtests.plan import CannotPlan
from governance import drafting
from governance.access import leader_or_403
from workflows.views.rulebook import MAY


@require_http_methods(["GET", "POST"])
def rulebook_forecast(request: HttpRequest) -> HttpResponse:
    """GET: the newest forecasts. POST: judge the past under the draft, in every workflow that one leads."""
    person, book = leader_or_403(request, MAY), drafting.current() or drafting.proposed()
    if book is None:
        raise Http404("There is no draft of the rulebook.")
    if request.method == "POST":
        try:
            everywhere.ask(book, person, timezone.now())
        except (CannotPlan, ValueError) as error:
            messages.error(request, f"{error} Nothing was judged.")
        return redirect("rulebook_publish")
    found = everywhere.lines(book, person)
    context = {
        "lines": found,
        "asked": [line for line in found if line.row],
        "is_open": any(line.row and line.row.is_open for line in found),
        "may_ask": any(person.leads(line.version.workflow.owner_id) for line in found),
    }
    return render(request, "backtests/_rulebook_card.html", context)


urlpatterns = [path("rulebook/draft/forecast/", rulebook_forecast, name="rulebook_forecast")]
