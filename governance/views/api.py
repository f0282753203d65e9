"""The API's addresses: version 1 of every resource, its schema, and its documentation to click through."""

from django.urls import include, path
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerView

RESOURCES = (
    "workflows.api",
    "workflows.signals_api",
    "workflows.interventions_api",
    "workflows.halts_api",
    "approvals.api",
    "workflows.outcomes_api",
    "approvals.backtests_api",
)

urlpatterns = [
    *(path("api/v1/", include(module)) for module in RESOURCES),
    path("api/schema/", SpectacularAPIView.as_view(), name="schema"),
    path("api/docs/", SpectacularSwaggerView.as_view(url_name="schema"), name="api_docs"),
]
