"""What changed in the charter between two moments: each change with its direction, who allowed it, and when."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q
from django.urls import reverse

from governance import drafting, publishing, rulechanges
from governance.halts import Halt
from governance.people import Person
from governance.publishing import Change, Direction
from governance.register import Asset
from governance.rulebook import Rulebook
from workflows.charterpage import CharterPage
from workflows.definitions import Version
from workflows.publishing import spec_of


@dataclass(frozen=True)
class Changed:
    """One change: of what, which way, who allowed it and when; `url` is the page of what it became, if any."""

    of: str
    change: Change
    who: str
    at: datetime
    url: str = ""


def changed(then: CharterPage, now: CharterPage, titles: Mapping[str, str], opens: Collection[str]) -> list[Changed]:
    """Return what changed from one to the other, loosening first, the newest first within a direction.

    `opens`: the slugs of the workflows whose pages this reader may open; changes of others have no link.
    """
    found = [*_workflows(then, now, opens), *_rules(then, now, titles), *_register(then, now), *_halts(then, now)]
    return sorted(found, key=lambda one: (one.change.direction.rank, -one.at.timestamp()))


def _workflows(then: CharterPage, now: CharterPage, opens: Collection[str]) -> Iterator[Changed]:
    before = {version.workflow_id: version for version in then.versions}
    for version in now.versions:
        old = before.get(version.workflow_id)
        if old == version:
            continue
        slug = version.workflow.slug
        url = reverse("version", args=[slug, version.number]) if slug in opens else ""
        for change in publishing.changes(spec_of(old) if old else None, spec_of(version)):
            yield Changed(version.title, change, _allowed(version), _since(version), url)


def _rules(then: CharterPage, now: CharterPage, titles: Mapping[str, str]) -> Iterator[Changed]:
    book = now.book
    if book is None or book == then.book:
        return
    url = reverse("rulebook_version", args=[book.number])
    for change in rulechanges.changes(then.envelope, drafting.content_of(book), titles):
        yield Changed("Rulebook", change, _allowed(book), _since(book), url)


def _register(then: CharterPage, now: CharterPage) -> Iterator[Changed]:
    span = (then.moment, now.moment)
    rows = Asset.objects.filter(Q(approved_from__range=span) | Q(withdrawn_at__range=span))
    for asset in rows.select_related("approved_by", "withdrawn_by"):
        if then.moment < asset.approved_from <= now.moment:
            change = Change(Direction.LOOSENS, asset.title, f"version {asset.version} is approved")
            yield Changed("Register", change, asset.approved_by.name, asset.approved_from, reverse("register"))
        if asset.withdrawn_at and then.moment < asset.withdrawn_at <= now.moment:
            change = Change(Direction.TIGHTENS, asset.title, f"version {asset.version} was withdrawn")
            yield Changed("Register", change, _name(asset.withdrawn_by), asset.withdrawn_at, reverse("register"))


def _halts(then: CharterPage, now: CharterPage) -> Iterator[Changed]:
    span = (then.moment, now.moment)
    for halt in Halt.objects.filter(Q(at__range=span) | Q(lifted_at__range=span)).select_related("by", "lifted_by"):
        if then.moment < halt.at <= now.moment:
            change = Change(Direction.TIGHTENS, halt.words, f"halted: {halt.reason}")
            yield Changed("Halt", change, halt.who, halt.at, reverse("halts"))
        if halt.lifted_at and then.moment < halt.lifted_at <= now.moment:
            change = Change(Direction.LOOSENS, halt.words, f"the halt was lifted: {halt.lift_reason}")
            yield Changed("Halt", change, _name(halt.lifted_by), halt.lifted_at, reverse("halts"))


def _allowed(row: Version | Rulebook) -> str:
    people = (row.proposed_by or row.created_by, row.ratified_by)
    return ", ".join(person.name for person in people if person is not None)


def _since(row: Version | Rulebook) -> datetime:
    assert row.in_force_at is not None
    return row.in_force_at


def _name(person: Person | None) -> str:
    return person.name if person else "Software"
