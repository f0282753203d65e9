"""The pages of backtests: asking for one, how far it is, what came out, and the actions it is made of."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.db.models import F
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from approvals.backtests import asking
from approvals.backtests.forecast import Forecast, latest
from approvals.backtests.forms import BacktestForm
from approvals.backtests.lists import PAGE, actions_of, chosen, page_of
from approvals.backtests.openings import open_one
from approvals.backtests.plan import CannotPlan, to_try
from approvals.backtests.row import Backtest
from approvals.backtests.words import DECIDED, VERDICTS
from governance.access import reader_of
from workflows.access import workflow_or_404
from workflows.actions import Action
from workflows.definitions import Workflow
from workflows.publishing import NotPublishable

SHOWN = 20
FOUND = {name: F(f"result__released__{name}") for name in ("hits", "of")}
"""Of each result of a list no more than these is read."""


@require_http_methods(["GET", "POST"])
def backtests(request: HttpRequest, slug: str) -> HttpResponse:
    """The form that asks for one, and those asked for before."""
    person, found = reader_of(request), workflow_or_404(reader_of(request), slug)
    try:
        form = BacktestForm(to_try(found), request.POST if request.method == "POST" else None)
    except CannotPlan as error:
        messages.info(request, str(error))
        return redirect("workflow", slug)
    if request.method == "POST":
        asking.check_may_ask(person, found)
    made = _ask(request, form) if form.is_valid() else None
    return redirect("backtest", made.pk) if made else _index(request, found, form)


def _ask(request: HttpRequest, form: BacktestForm) -> Backtest | None:
    now = timezone.now()
    try:
        return asking.ask(form.asked(now), reader_of(request), now)
    except (CannotPlan, ValueError) as error:
        form.add_error(None, str(error))
        return None


def _index(request: HttpRequest, found: Workflow, form: BacktestForm) -> HttpResponse:
    person = reader_of(request)
    context = {
        "workflow": found,
        "form": form,
        "may_ask": person.leads(found.owner_id),
        "rows": asking.backtests_for(person).filter(workflow=found).annotate(**FOUND).defer("result")[:SHOWN],
    }
    return render(request, "backtests/index.html", context, status=422 if form.is_bound else 200)


@require_GET
def backtest(request: HttpRequest, key: int) -> HttpResponse:
    """The whole page; for htmx, which asks while it is judged and when the plot's line is moved, its middle."""
    row = asking.backtest_or_404(reader_of(request), key)
    part = getattr(request, "htmx", False) and not request.htmx.history_restore_request  # type: ignore[attr-defined]
    return render(request, "backtests/_backtest.html" if part else "backtests/backtest.html", _context(request, row))


def _context(request: HttpRequest, row: Backtest) -> dict[str, Any]:
    return {
        "row": row,
        "workflow": row.workflow,
        "forecast": Forecast(row, _floor(request)) if row.is_done else None,
        "may_ask": reader_of(request).leads(row.workflow.owner_id),
    }


def _floor(request: HttpRequest) -> float | None:
    """Return the floor the plot's line was moved to; None where it stands at the draft's own."""
    try:
        floor = float(request.GET.get("floor", ""))
    except ValueError:
        return None
    return floor if 0 <= floor <= 1 else None


@require_POST
def again(request: HttpRequest, key: int) -> HttpResponse:
    person = reader_of(request)
    row = asking.backtest_or_404(person, key)
    asking.check_may_ask(person, row.workflow)
    try:
        return redirect("backtest", asking.again(row, person, timezone.now()).pk)
    except (CannotPlan, ValueError) as error:
        messages.error(request, f"{error} Nothing was judged again.")
        return redirect("backtest", key)


@require_POST
def open_action(request: HttpRequest, key: int, action: int) -> HttpResponse:
    """Open one of the rejected actions that the draft would release; that it was opened is kept."""
    person = reader_of(request)
    row = asking.backtest_or_404(person, key)
    if not open_one(row, action, person, timezone.now()):
        raise Http404("This forecast asks nobody to open that action.")
    return redirect("run", get_object_or_404(Action, pk=action).run_id)


@require_GET
def figures(request: HttpRequest, key: int) -> HttpResponse:
    """What the plot shows, as a table."""
    row = asking.backtest_or_404(reader_of(request), key)
    return render(request, "backtests/figures.html", _context(request, row))


@require_GET
def actions(request: HttpRequest, key: int) -> HttpResponse:
    """The actions of a backtest, page by page: `?of=` names which, `?from=` where the page begins."""
    row = asking.backtest_or_404(reader_of(request), key)
    which, begin = request.GET.get("of", "changed"), _number(request.GET.get("from", ""))
    lists = chosen(row.lists.defer("actions"), which)
    size = sum(each.size for each in lists)
    context = {
        **_context(request, row),
        "which": which,
        "size": size,
        "begin": begin,
        "last": min(size, begin + PAGE),
        "rows": actions_of(page_of(lists, begin)),
        "newer": max(0, begin - PAGE) if begin else None,
        "older": begin + PAGE if begin + PAGE < size else None,
        "verdicts": VERDICTS,
        "decided": DECIDED,
    }
    return render(request, "backtests/actions.html", context)


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0


@require_GET
def forecast(request: HttpRequest, slug: str) -> HttpResponse:
    """The newest forecast of what would be published, as a part for the page that publishes it."""
    found = workflow_or_404(reader_of(request), slug)
    try:
        row = latest(to_try(found))
    except CannotPlan:
        row = None
    may_ask = reader_of(request).leads(found.owner_id)
    context = _context(request, row) if row else {"workflow": found, "may_ask": may_ask}
    return render(request, "backtests/_forecast_card.html", context)


@require_POST
def release(request: HttpRequest, slug: str, key: str) -> HttpResponse:
    """Let the step act alone in the draft, and ask what that would have done. Nothing is in force by it."""
    person, found, now = reader_of(request), workflow_or_404(reader_of(request), slug), timezone.now()
    asking.check_may_ask(person, found)
    try:
        asking.release(found, key, person, now)
    except (CannotPlan, NotPublishable, ValueError) as error:
        messages.error(request, str(error))
        return redirect("workflow", slug)
    return redirect("draft", slug)


urlpatterns = [
    path("workflows/<slug:slug>/steps/<slug:key>/release/", release, name="release"),
    path("workflows/<slug:slug>/backtests/", backtests, name="backtests"),
    path("workflows/<slug:slug>/forecast/", forecast, name="forecast"),
    path("backtests/<int:key>/", backtest, name="backtest"),
    path("backtests/<int:key>/again/", again, name="backtest_again"),
    path("backtests/<int:key>/actions/<int:action>/opening/", open_action, name="backtest_open"),
    path("backtests/<int:key>/figures/", figures, name="backtest_figures"),
    path("backtests/<int:key>/actions/", actions, name="backtest_actions"),
]
