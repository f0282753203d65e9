"""The charter as a document: what was in force at a moment, who had allowed it, and what is still open."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import cached_property

from django.db.models import Q, QuerySet
from django.utils import timezone

from governance import drafting
from governance.envelope.whole import Envelope
from governance.people import Person
from governance.rulebook import Rulebook
from governance.rulewords import allowance_words, hours_words, rail_words
from workflows import boundwords, trackrecord
from workflows.capabilities.registry import capabilities
from workflows.definitions import Ownership, Step, Version, Workflow
from workflows.gaps import Point, Points
from workflows.strip import Strip, strip
from workflows.trackrecord import Record

_WORDS = ("No", "One", "Two", "Three", "Four", "Five", "Six", "Seven", "Eight", "Nine", "Ten", "Eleven", "Twelve")


def as_of(day: date | None, workflows: QuerySet[Workflow], now: datetime) -> CharterPage:
    """Return the document as of the end of a day that is over; of any other day, and of none, as of now."""
    if day is None or day >= timezone.localdate(now):
        return CharterPage(now, workflows)
    end = timezone.make_aware(datetime.combine(day + timedelta(days=1), time())) - timedelta(microseconds=1)
    return CharterPage(end, workflows, is_past=True)


def counted(number: int, one: str, many: str) -> str:
    """Return “Five workflows”, “13 workflows”: words up to twelve, as a sentence begins with them."""
    said = _WORDS[number] if number < len(_WORDS) else f"{number:,}"
    return f"{said} {one if number == 1 else many}"


@dataclass(frozen=True)
class Clause:
    """One decision in the document: who answers it, within what, and what of it is open."""

    step: Step
    mark: str
    who: str
    bounds: Sequence[str]
    path: str
    gaps: Sequence[Point]

    def gaps_of(self, column: str) -> list[str]:
        return list(dict.fromkeys(point.gap for point in self.gaps if point.column == column))

    @property
    def of_question(self) -> list[str]:
        return self.gaps_of("question")

    @property
    def of_who(self) -> list[str]:
        return self.gaps_of("who")

    @property
    def of_bounds(self) -> list[str]:
        return self.gaps_of("bounds")

    @property
    def of_data(self) -> list[str]:
        return self.gaps_of("data")

    @property
    def of_path(self) -> list[str]:
        return self.gaps_of("path")


@dataclass(frozen=True)
class Section:
    """One workflow in the document."""

    number: int
    version: Version
    clauses: Sequence[Clause]
    record: Record
    gaps: Sequence[Point]

    @property
    def allowed_by(self) -> str:
        people = (self.version.proposed_by or self.version.created_by, self.version.ratified_by)
        return ", ".join(person.name for person in people if person is not None)

    @cached_property
    def strip(self) -> Strip | None:
        """The drawing, only where the order of the table does not say it all."""
        after, steps = self.version.after, self.version.ordered_steps
        is_line = all(after[step.key] == before for step, before in zip(steps, _line(steps), strict=True))
        return None if is_line else strip(after, list(after))

    @property
    def ranks(self) -> list[list[tuple[Clause | None, Step, str]]]:
        rows = {clause.step.key: clause for clause in self.clauses}
        steps = self.version.steps_by_key
        drawn = self.strip.ranks if self.strip else ()
        return [[(rows.get(key), steps[key], place) for key, place in rank] for rank in drawn]


def _line(steps: Sequence[Step]) -> list[list[str]]:
    """Return what each would come after if they simply followed one another."""
    return [[], *([step.key] for step in steps[:-1])]


@dataclass(frozen=True)
class Signer:
    """Somebody who allowed what is in force, with what they signed."""

    person: Person
    proposals: int
    ratifications: int
    last: datetime


class CharterPage:
    """The document as of a moment, with these workflows.

    `is_past`: then staffing and the register, which keep no past, are left out.
    """

    def __init__(self, moment: datetime, workflows: QuerySet[Workflow], *, is_past: bool = False) -> None:
        self.moment, self.workflows, self.is_past = moment, workflows, is_past

    @cached_property
    def book(self) -> Rulebook | None:
        rows = Rulebook.objects.select_related("proposed_by", "ratified_by", "created_by")
        return rows.filter(self._in_force).order_by("-in_force_at", "-number").first()

    @property
    def _in_force(self) -> Q:
        return Q(in_force_at__lte=self.moment) & (Q(superseded_at=None) | Q(superseded_at__gt=self.moment))

    @cached_property
    def versions(self) -> list[Version]:
        people = ("proposed_by", "ratified_by", "created_by", "workflow", "owner")
        rows = Version.objects.filter(self._in_force, workflow__in=self.workflows).select_related(*people)
        return list(rows.order_by("title", "-in_force_at"))

    @cached_property
    def envelope(self) -> Envelope:
        return drafting.content_of(self.book)

    @cached_property
    def points(self) -> Points:
        return Points(self.envelope, self.versions, self.moment)

    @cached_property
    def gaps(self) -> list[Point]:
        found = self.points.of_words if self.is_past else self.points.all
        return [point for point in found if point.gap]

    @cached_property
    def sections(self) -> list[Section]:
        return [self._section(number, version) for number, version in enumerate(self.versions, 1)]

    def _section(self, number: int, version: Version) -> Section:
        own = [point for point in self.gaps if point.version == version]
        record = trackrecord.together(trackrecord.records_of(version.workflow, self.moment))
        steps = [step for step in version.ordered_steps if not step.wait]
        return Section(number, version, [self._clause(step, own) for step in steps], record, own)

    def _clause(self, step: Step, gaps: Sequence[Point]) -> Clause:
        own = [point for point in gaps if point.step == step.key]
        bounds = list(boundwords.bounds(step, self.envelope))
        levels = self.points.levels.get(step.escalation_id or 0, [])
        path = ", ".join(f"{level.who} {level.after_words}" if level.after else level.who for level in levels)
        return Clause(step, mark_of(step), boundwords.who(step), bounds, path, own)

    @cached_property
    def tally(self) -> Counter[str]:
        return Counter(clause.mark for section in self.sections for clause in section.clauses)

    @property
    def decisions(self) -> int:
        return self.tally.total()

    @property
    def sentence(self) -> str:
        """The totals in one sentence."""
        if not self.versions:
            return "No workflow is in force, so software decides nothing."
        marks = self.tally
        verb = "is" if len(self.versions) == 1 else "are"
        said = counted(len(self.versions), "workflow", "workflows")
        whole = f"{said} {verb} in force with {self.decisions} decision{'s' if self.decisions != 1 else ''}."
        only = f" and only recommends on {marks['recommends']}" if marks["recommends"] else ""
        asks, keeps = marks["needs_approval"], marks["human_owned"]
        people = (
            f"{asks} wait{'s' if asks == 1 else ''} for a person’s approval; {keeps} belong{'s' if keeps == 1 else ''}"
        )
        gaps = counted(len(self.gaps), "gap is", "gaps are")
        return (
            f"{whole} Software takes {marks['automated']} alone within bounds{only}; {people} to people. {gaps} open."
        )

    @cached_property
    def out_of_scope(self) -> list[str]:
        """What is refused everywhere: capabilities, kinds of data, and what guardrails refuse."""
        known = capabilities()
        rows = [row for row in self.envelope.stances if row.stance == "out_of_scope"]
        titles = [known[row.capability].title if row.capability in known else row.capability for row in rows]
        stances = [
            f"{title} in {row.workflow}" if row.workflow else title for title, row in zip(titles, rows, strict=True)
        ]
        forbidden = [row for row in self.envelope.data_uses if row.use == "forbidden"]
        data = [
            f"{row.data.capitalize()}, {f'for {row.purpose}' if row.purpose else 'in any context'}" for row in forbidden
        ]
        rails = [rail.reason for rail in self.envelope.guardrails if rail.effect == "refuse" and not rail.workflow]
        return [*stances, *data, *rails]

    @cached_property
    def rules(self) -> list[tuple[str, list[str]]]:
        """What holds in every workflow, under its heading."""
        envelope, effects = self.envelope, boundwords.EFFECTS
        rails = [rail for rail in envelope.guardrails if rail.effect != "refuse" and not rail.workflow]
        uses = [row for row in envelope.data_uses if row.use != "forbidden"]
        return [
            ("A person is asked when", [rail_words(rail, effects) for rail in rails]),
            ("Allowances", [f"{row.title}: {allowance_words(row, effects)}" for row in envelope.allowances]),
            ("Effects happen only", [hours_words(row) for row in envelope.open_hours]),
            ("Data", [_use(row.data, row.use, row.purpose) for row in uses]),
        ]

    @cached_property
    def signers(self) -> list[Signer]:
        """Who allowed it: of what is in force, how much each proposed and ratified."""
        signed: dict[Person, list[tuple[bool, datetime]]] = {}
        rows: list[Version | Rulebook] = [*self.versions, *([self.book] if self.book else [])]
        for row in rows:
            assert row.in_force_at is not None
            signed.setdefault(row.proposed_by or row.created_by, []).append((False, row.in_force_at))
            if row.ratified_by:
                signed.setdefault(row.ratified_by, []).append((True, row.in_force_at))
        return [
            Signer(
                person, sum(not second for second, _ in own), sum(second for second, _ in own), max(at for _, at in own)
            )
            for person, own in signed.items()
        ]


def mark_of(step: Step) -> str:
    """Return the mark of a decision: its ownership, or that software only recommends there."""
    does = capabilities().get(step.capability)
    changes = does is None or does.changes
    recommends = step.version.recommend_only and changes and step.ownership == Ownership.AUTOMATED
    return "recommends" if recommends else step.ownership


def _use(data: str, use: str, purpose: str) -> str:
    name = "Every class" if data == "*" else data.capitalize()
    return f"{name}{f' for {purpose}' if purpose else ''}: {'allowed' if use == 'allowed' else 'a person looks'}"
