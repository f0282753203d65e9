"""The words that need a claim, and a text to try them on. Read only: they are changed with the rulebook."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from governance.envelope.phrases import Phrase, spoken
from governance.forms.phrases import TryForm
from governance.register import Asset, Kind, in_use, versions_of
from governance.rulebook import Rulebook, Status


@dataclass(frozen=True)
class Tried:
    """A phrase the text holds. `claims` are the approved ones that would back it, were they named."""

    words: str
    phrase: Phrase
    claims: list[Asset]


@require_http_methods(["GET", "POST"])
def phrases(request: HttpRequest) -> HttpResponse:
    book, claims = Rulebook.objects.filter(status=Status.IN_FORCE).first(), _approved(timezone.now())
    known = book.envelope.phrases if book else []
    form = TryForm(request.POST or None, label_suffix="")
    tried = _tried(form.cleaned_data["text"], known, claims) if form.is_valid() else None
    rows = [(phrase, claims.get(phrase.claim)) for phrase in known]
    context = {"book": book, "rows": rows, "form": form, "tried": tried}
    return render(request, "register/phrases.html", context, status=422 if form.errors else 200)


def _approved(now: datetime) -> dict[str, Asset]:
    """Return the claims in use now that are approved, by key."""
    found = {key: in_use(versions, now) for key, versions in versions_of(Kind.CLAIM).items()}
    return {key: claim for key, claim in found.items() if claim and claim.standing(now) == "approved"}


def _tried(text: str, known: list[Phrase], claims: dict[str, Asset]) -> list[Tried]:
    words = {key: str(claim.body.get("text", "")) for key, claim in claims.items()}
    return [
        Tried(found.words, found.phrase, [claims[key] for key in found.backed_by])
        for found in spoken(known, [text], words)
    ]


urlpatterns = [path("register/phrases/", phrases, name="register_phrases")]
