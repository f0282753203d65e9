"""What the shell says of workflows on every page."""

from __future__ import annotations

from django.http import HttpRequest

from governance.rulebook import Status
from workflows.definitions import Version


def acting(request: HttpRequest) -> dict[str, int]:
    """Return how many workflows in force let software act alone in some step."""
    if not getattr(request, "user", None) or not request.user.is_authenticated:
        return {"acting": 0}
    versions = Version.objects.filter(status=Status.IN_FORCE, automation_allowed=True, steps__ownership="automated")
    return {"acting": versions.distinct().count()}
