"""What of the queue is asked for, as an address says it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Self
from urllib.parse import urlencode

from django.db.models import QuerySet
from django.utils.dateparse import parse_datetime

from approvals.reviews import Kind, Review

KINDS = dict(Kind.choices)


@dataclass(frozen=True)
class Filters:
    """What of the queue is asked for. `after` is where the page before ended: a due time and an id."""

    tab: str = ""
    q: str = ""
    workflow: str = ""
    kind: str = ""
    after: str = ""

    @classmethod
    def of(cls, asked: Mapping[str, str]) -> Self:
        names = ("tab", "q", "workflow", "kind", "after")
        given = cls(**{name: str(asked.get(name, "")).replace("\x00", "").strip() for name in names})
        return replace(given, kind=given.kind if given.kind in KINDS else "")

    def on(self, reviews: QuerySet[Review]) -> QuerySet[Review]:
        """Return the reviews that match."""
        if self.q:
            reviews = reviews.filter(headline__icontains=self.q)
        if self.workflow:
            reviews = reviews.filter(action__workflow__slug=self.workflow)
        return reviews.filter(kind=self.kind) if self.kind else reviews

    @property
    def is_narrowed(self) -> bool:
        return bool(self.q or self.workflow or self.kind)

    @property
    def wants_decided(self) -> bool:
        return self.tab == "decided"

    @property
    def query(self) -> str:
        """The filters as the end of an address, with its question mark; empty when nothing is asked for."""
        asked = {name: value for name, value in vars(self).items() if value}
        return f"?{urlencode(asked)}" if asked else ""

    @property
    def tail(self) -> str:
        """The filters as more of an address that already asks for something."""
        return self.query.replace("?", "&", 1)

    @property
    def waiting(self) -> Self:
        return replace(self, tab="", after="")

    @property
    def first_page(self) -> Self:
        return replace(self, after="")

    @property
    def cleared(self) -> Self:
        return replace(self, q="", workflow="", kind="", after="")

    @property
    def chips(self) -> list[tuple[str, str]]:
        """Each filter in words, with the query that goes without it."""
        words = {"q": f"“{self.q}”", "workflow": self.workflow, "kind": KINDS.get(self.kind, "")}
        first = self.first_page
        return [(words[name], replace(first, **{name: ""}).query) for name in words if getattr(self, name)]

    @property
    def place(self) -> tuple[datetime, int] | None:
        moment, _, key = self.after.partition("~")
        due = parse_datetime(moment) if key.isdigit() else None
        return (due, int(key)) if due and due.tzinfo else None
