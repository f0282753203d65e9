"""Parts of pages fetched by htmx, where they need another answer than whole pages."""

from __future__ import annotations

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import resolve_url
from django_htmx.http import HttpResponseClientRedirect

Answer = Callable[[HttpRequest], HttpResponse]


def whole_page_sign_in(get_response: Answer) -> Answer:
    """When a session has ended, send the whole page to sign in, instead of drawing the form into a part of it."""

    def answer(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        sign_in = resolve_url(settings.LOGIN_URL)
        if getattr(request, "htmx", False) and response.headers.get("Location", "").startswith(sign_in):
            return HttpResponseClientRedirect(response.headers["Location"])
        return response

    return answer
