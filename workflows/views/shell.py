"""What the shell says of workflows on every page."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest

from governance.halts import Halt
from governance.rulebook import Status
from workflows.definitions import Version
from workflows.scopes import title_of


def acting(request: HttpRequest) -> dict[str, Any]:
    """Return how many workflows in force let software act alone in some step, and the names of what is halted."""
    if not getattr(request, "user", None) or not request.user.is_authenticated:
        return {"acting": 0, "halted": {}}
    versions = Version.objects.filter(status=Status.IN_FORCE, automation_allowed=True, steps__ownership="automated")
    halted = {halt.pk: title_of(halt) for halt in Halt.objects.filter(lifted_at=None)}
    return {"acting": versions.distinct().count(), "halted": halted}
