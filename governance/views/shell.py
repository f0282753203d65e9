"""What every page shows around its content: places, halts, who is signed in."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse

from governance.halts import Halt

PLACES = (
    ("Queue", "queue", "inbox"),
    ("Runs", "runs", "player-play"),
    ("Workflows", "workflows", "sitemap"),
    ("Charter", "charter", "file-text"),
    ("Readiness", "readiness", "chart-dots"),
    ("Rulebook", "rulebook", "file-certificate"),
    ("Records", "records", "database"),
    ("Ledger", "ledger", "history"),
)
ALSO = {"workflows": "/backtests/"}
"""What else lies within a place, though its address does not begin like it."""


def shell(request: HttpRequest) -> dict[str, Any]:
    """Return `shell` for templates; empty for somebody who has not signed in."""
    person = getattr(request, "user", None)
    if person is None or not person.is_authenticated:
        return {"shell": None, "organisation": settings.ORGANISATION}
    halts = [
        {"key": halt.pk, "words": halt.words, "url": reverse("halts")} for halt in Halt.objects.filter(lifted_at=None)
    ]
    return {
        "organisation": settings.ORGANISATION,
        "shell": {
            "places": [_place(request, *place) for place in PLACES],
            "more": _more(request),
            "halts": halts,
            "halt_url": reverse("halts") if person.is_leader else "",
            "person": person,
        },
    }


def _place(request: HttpRequest, name: str, url_name: str, icon: str) -> dict[str, Any]:
    url = reverse(url_name)
    current = request.path.startswith((url, ALSO.get(url_name, url)))
    return {"name": name, "url": url, "icon": icon, "current": current, "key": url_name}


def _more(request: HttpRequest) -> list[dict[str, Any]]:
    names = [
        ("Register", "register", "book-2"),
        ("Escalation", "paths", "stairs-up"),
        ("People", "people", "users"),
    ]
    if settings.MAIL_CATCHER:
        names.append(("Mail", "mail", "mail"))
    return [_place(request, *name) for name in names]
