"""Entries of the ledger as people read them: by day, each with its sentence, and in pages by key."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import groupby

from django.db.models import F, Q, QuerySet
from django.utils import timezone

from governance.ledger import Entry
from governance.people import Person
from governance.sentences import sentence
from workflows.access import workflows_for
from workflows.definitions import Step, Workflow
from workflows.runs import Run
from workflows.versions import published

PAGE = 50
LARGEST = 2**63 - 1


@dataclass(frozen=True)
class Told:
    """An entry in words. `ownership` is that of its step, for software's own deeds."""

    entry: Entry
    words: str
    ownership: str = ""
    workflow: Workflow | None = None

    @property
    def by_person(self) -> bool:
        return self.entry.actor_kind == "person" and self.entry.person is not None

    @property
    def is_uncertain(self) -> bool:
        return self.entry.verb == "action.uncertain"

    @property
    def icon(self) -> str:
        return {"clock": "clock", "person": "user"}.get(self.entry.actor_kind, "robot")


@dataclass(frozen=True)
class Day:
    date: date
    told: Sequence[Told]


@dataclass(frozen=True)
class Page:
    """A page of entries, newest first; `newer` and `older` are the ids its neighbours are asked with, 0 for none."""

    entries: Sequence[Entry]
    newer: int
    older: int


def entries_for(person: Person) -> QuerySet[Entry]:
    """Return what the person may see: entries of their workflows, and those of none for leaders and auditors."""
    rows = Entry.objects.select_related("person")
    if person.is_auditor:
        return rows
    # `+ 0` keeps the database from reading every entry of these workflows to sort them: it goes back entry by entry
    rows = rows.alias(belongs=F("workflow") + 0)
    mine = Q(belongs__in=list(workflows_for(person).values_list("pk", flat=True)))
    return rows.filter(mine | Q(workflow=None) if person.is_leader else mine)


def page_of(entries: QuerySet[Entry], asked: Mapping[str, str]) -> Page:
    """Return the page that `?before=ID` or `?after=ID` asks for, else the newest."""
    before, after = _id(asked.get("before", "")), _id(asked.get("after", ""))
    if after:
        found = list(entries.filter(pk__gt=after).order_by("pk")[: PAGE + 1])
        more, found = len(found) > PAGE, found[:PAGE][::-1]
        return Page(found, newer=found[0].pk if more else 0, older=found[-1].pk if found else 0)
    rows = entries.filter(pk__lt=before) if before else entries
    found = list(rows.order_by("-pk")[: PAGE + 1])
    more, found = len(found) > PAGE, found[:PAGE]
    return Page(found, newer=found[0].pk if before and found else 0, older=found[-1].pk if more else 0)


def _id(text: str) -> int:
    return min(int(text), LARGEST) if text.isascii() and text.isdigit() else 0


def tell(entries: Sequence[Entry], reader: Person) -> list[Day]:
    """Return the entries by day, each as a sentence with its workflow: three queries, whatever their number."""
    ids = {entry.workflow for entry in entries if entry.workflow}
    workflows = workflows_for(reader).in_bulk(ids)
    runs = Run.objects.filter(pk__in={entry.run for entry in entries if entry.run})
    versions = dict(runs.values_list("pk", "version"))
    told = []
    for entry in entries:
        steps = published(versions[entry.run]).steps_by_key if entry.run in versions else {}
        told.append(_told(entry, steps, workflows.get(entry.workflow or 0)))
    return by_day(told)


def tell_run(entries: Iterable[Entry], run: Run) -> list[Day]:
    """Return the entries of one run by day."""
    steps = published(run.version_id).steps_by_key
    return by_day(_told(entry, steps) for entry in entries)


def _told(entry: Entry, steps: Mapping[str, Step], workflow: Workflow | None = None) -> Told:
    step = steps.get(str(entry.data.get("step", "")))
    titles = {key: each.title for key, each in steps.items()}
    return Told(entry, sentence(entry, titles), step.ownership if step else "", workflow)


def by_day(told: Iterable[Told]) -> list[Day]:
    days = groupby(told, key=lambda each: timezone.localtime(each.entry.at).date())
    return [Day(day, list(entries)) for day, entries in days]
