"""The charter on paper: the same document as on screen, as a PDF, with what stands at the foot of every page."""

from __future__ import annotations

import re

from django.conf import settings
from django.template.loader import render_to_string

from governance import paper
from governance.ledger import Entry
from workflows.charterpage import CharterPage


def foot() -> dict[str, str]:
    """Return the organisation and the ledger's last entry, as a style sheet may say them."""
    last = Entry.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
    return {"name": re.sub(r"[^\w .,&-]", " ", settings.ORGANISATION), "entry": f"{last:,}"}


def pdf(page: CharterPage, *, whole: bool = True) -> bytes:
    """Return the document as a PDF; paper.Unprintable says why not. `whole`: it holds every workflow."""
    context = {"page": page, "organisation": settings.ORGANISATION, "whole": whole, "opens": set(), **foot()}
    return paper.pdf_of(render_to_string("charter/paper.html", context))
