"""Every address of the site; the upper packages are named by string only. Each module of views lists its own."""

from django.urls import include, path

PAGES = (
    "governance.views.home",
    "approvals.views.queue",
    "approvals.views.backtests",
    "approvals.views.rulebookforecast",
    "workflows.views.runs",
    "workflows.views.interventions",
    "workflows.views.examples",
    "workflows.views.workflows",
    "workflows.views.drafts",
    "workflows.views.steptracks",
    "workflows.views.edges",
    "workflows.views.caught",
    "workflows.views.publishing",
    "workflows.views.whynot",
    "workflows.views.charter",
    "workflows.views.readiness",
    "workflows.views.records",
    "workflows.views.rulebook",
    "workflows.views.rulebookdraft",
    "workflows.views.rulebookparts",
    "governance.views.phrases",
    "workflows.views.allowances",
    "governance.views.register",
    "workflows.views.withdrawals",
    "governance.views.people",
    "governance.views.granting",
    "governance.views.paths",
    "workflows.views.halts",
    "workflows.views.ledger",
    "governance.views.mail",
    "governance.views.api",
)

urlpatterns = [path("", include(module)) for module in PAGES]
urlpatterns += [path("accounts/", include("governance.accounts_urls"))]
handler500 = "governance.views.outage.broke"
