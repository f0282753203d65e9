"""The seven answers of a run's page. All is computed from rows; what nobody measured is said to be unmeasured."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Q
from django.utils.functional import cached_property

from governance.ledger import Entry
from governance.rulebook import Rulebook
from governance.rulebook import Status as Life
from workflows.actions import Action, Status
from workflows.definitions import Step
from workflows.gates import Door
from workflows.incidents import Incident
from workflows.results import Result, results_of
from workflows.running import Running
from workflows.runs import RunStatus
from workflows.stops import Stop, due_words, moment
from workflows.timeline import Day, tell_run
from workflows.whose import Foreign, foreign_to

WRONG = (
    "action.failed", "action.refused", "action.uncertain", "action.settled", "action.again", "action.held",
    "action.redone", "run.cancelled", "run.reopened", "run.undo_asked", "run.undone", "children.cancelled",
)  # fmt: skip
WRONG_BY_PERSON = ("action.cancelled", "action.skipped")
"""Ordinary where the flow of the run does it, telling where a leader does."""
MOST = 12
_BY_DESIGN = ("ownership", "sample")
"""Reasons that say whose a step is, not that a rule tripped."""


@dataclass(frozen=True)
class Tripped:
    step: Step
    words: str
    source: str
    value: Any
    bound: Any


@dataclass(frozen=True)
class Bound:
    """A step's confidence beside its floor; `value` is None when software has not said yet how sure it is."""

    step: Step
    floor: float
    action: Action | None

    @property
    def value(self) -> float | None:
        return self.action.confidence if self.action else None

    @property
    def is_below(self) -> bool:
        return self.value is not None and self.value < self.floor

    @property
    def is_reached(self) -> bool:
        return self.action is not None and bool(self.action.verdict)


class Answers:
    def __init__(self, running: Running) -> None:
        self.running, self.run, self.now = running, running.run, running.now
        self.stops: Sequence[Stop] = list(running.stops.values())

    # --- what is it doing? ---------------------------------------------------------------------------------------

    @cached_property
    def doing(self) -> tuple[str, str]:
        """The fact, and what belongs to it."""
        if self.run.status == RunStatus.OPEN:
            return self._told(self._facts() or ["nothing at this moment; the next step is being worked out"])
        when = moment(self.run.ended_at, self.now) if self.run.ended_at else ""
        undoing = self._undoing()
        begun = [f"{_titles([stop])} had begun and finishes" for stop in self.stops if stop.is_on]
        if self.run.status == RunStatus.ENDED:
            return self._told([*undoing, f"nothing more: it ended ({when})", f"of its steps {self.running.own_words}"])
        if self.run.status == RunStatus.CANCELLED:
            return self._told([*undoing, f"nothing more: it was cancelled ({when})", *self._cancelled(), *begun])
        end = [f"nothing more: it stopped ({when})", self._why_stopped(), "what comes after it did not begin"]
        return self._told([*undoing, *end, *begun])

    def _told(self, facts: Sequence[str]) -> tuple[str, str]:
        """Return the first fact, and the others with what became of the runs it started, as sentences."""
        first, *rest = [f"{fact[0].upper()}{fact[1:]}." for fact in facts]
        return first, " ".join([*rest, self._children()])

    def _facts(self) -> list[str]:
        held = [stop for stop in self.stops if stop.held]
        working = [stop for stop in self.stops if stop.is_working and not stop.held]
        facts = [f"a halt holds {_titles(held)}"] if held else []
        facts += [f"working on {_titles(working)}"] if working else []
        facts += [f"waiting for {self._who(stop)}" for stop in self.stops if stop.is_waiting]
        facts += [f"“{stop.step.title}” waits {stop.waits_for}" for stop in self.stops if stop.is_asleep]
        return facts

    def _undoing(self) -> list[str]:
        """What is being taken back, or what ended that."""
        if self.run.undo_asked_at is None or self.running.deeds.newest is None:
            return []
        newest, deeds = self.running.deeds.newest, self.running.deeds
        title = deeds.steps[newest.step_id].title
        if newest.status == Status.DONE:
            return ["undone, as far as software can"] if not deeds.left else ["being undone, the last first"]
        if deeds.is_going_on:
            return [f"being undone: “{title}” ({newest.get_status_display().lower()})"]
        return [f"undoing ended at “{title}” ({newest.get_status_display().lower()}); what came before it stays done"]

    def _cancelled(self) -> list[str]:
        ending = self.running.ending
        if ending is None:
            return []
        return [f"{ending.actor_name}: “{ending.data.get('reason', '')}”"]

    def _children(self) -> str:
        started = self.running.started
        return f"{started.open:,} of the {started.all:,} runs it started are open." if started.all else ""

    def _who(self, stop: Stop) -> str:
        if stop.door is None:
            return f"{stop.step.reviewers.name} at “{stop.step.title}”"
        hidden = stop.action is not None and stop.action.pk in self.foreign
        asked = stop.step.question if hidden else stop.door.headline
        return f"{stop.door.team}: {asked.rstrip('?')}, {due_words(stop.door.due_at, self.now)}"

    def _why_stopped(self) -> str:
        ends = (Status.REJECTED, Status.REFUSED, Status.FAILED, Status.EXPIRED)
        stop = next((stop for stop in self.stops if stop.action and stop.action.status in ends), None)
        return f"“{stop.step.title}” {stop.ended_words}" if stop else "a loop had used up its rounds"

    # --- with what data? -----------------------------------------------------------------------------------------

    @cached_property
    def declared(self) -> list[tuple[str, str]]:
        """(data class, the steps that declare it)."""
        found: dict[str, list[str]] = {}
        for stop in self.stops:
            for name in stop.step.data:
                found.setdefault(str(name), []).append(stop.step.title)
        return [(name.replace("_", " ").capitalize(), ", ".join(titles)) for name, titles in found.items()]

    @cached_property
    def undeclared(self) -> str:
        """The steps that use software and say nothing of their data."""
        steps = [stop for stop in self.stops if stop.step.capability and not stop.step.data]
        return _titles(steps)

    @cached_property
    def assets(self) -> list[Mapping[str, Any]]:
        found = [asset for action in self.running.actions for asset in action.facts.get("assets", ())]
        return list({(asset["kind"], asset["key"], asset["version"]): asset for asset in found}.values())

    @cached_property
    def records(self) -> list[Mapping[str, Any]]:
        found = [action.facts.get("record") or {} for action in self.running.actions]
        hidden = {name for foreign in self.foreign.values() for name in foreign.records}
        named = [record for record in found if record.get("kind") and record.get("key")]
        named = [record for record in named if (record["kind"], record["key"]) not in hidden]
        return list({(record["kind"], record["key"]): record for record in named}.values())

    @cached_property
    def foreign(self) -> dict[int, Foreign]:
        """By action, the records of other teams."""
        return foreign_to(self.running.person, self.running.actions)

    @cached_property
    def of_others(self) -> str:
        """“2 account records of Sales”: records of other teams, of which nothing more is shown."""
        return Foreign({name: of for foreign in self.foreign.values() for name, of in foreign.records.items()}).words

    # --- under which rules? --------------------------------------------------------------------------------------

    @cached_property
    def rulebook(self) -> Rulebook | None:
        return Rulebook.objects.filter(status=Life.IN_FORCE).first()

    @cached_property
    def judged(self) -> tuple[int, int]:
        """(how many rules, on how many actions)."""
        judged = [action.judged for action in self.running.actions if action.verdict]
        return sum(judged), len(judged)

    @cached_property
    def tripped(self) -> list[Tripped]:
        return [
            Tripped(action.step, reason["words"], reason["source"], self._value(action, reason), reason["bound"])
            for action in self.running.actions
            for reason in action.reasons
            if reason["rule"] not in _BY_DESIGN
        ]

    def _value(self, action: Action, reason: Mapping[str, Any]) -> Any:
        return None if action.pk in self.foreign else reason["value"]

    @cached_property
    def asked_by_ownership(self) -> str:
        """The steps whose terms alone put them before people."""
        steps = [stop for stop in self.stops if stop.action and _demands(stop.action)]
        return _titles(steps)

    @cached_property
    def children_judged(self) -> list[tuple[str, int]]:
        """(what the verdict lets happen, on how many actions of the runs it started)."""
        words = {"act": "may act", "review": "put to approval", "human": "put to a person", "refuse": "refused"}
        counts = [(word, sum(kind.judged(key) for kind in self.running.kinds)) for key, word in words.items()]
        return [(word, count) for word, count in counts if count]

    # --- where are the bounds? -----------------------------------------------------------------------------------

    @cached_property
    def bounds(self) -> list[Bound]:
        return [
            Bound(stop.step, stop.step.min_confidence, stop.action)
            for stop in self.stops
            if stop.step.min_confidence is not None
        ]

    @cached_property
    def samples(self) -> list[tuple[str, int]]:
        """(step, how many in a hundred are asked all the same)."""
        return [(stop.step.title, round(stop.step.sample_rate * 100)) for stop in self.stops if stop.step.sample_rate]

    @cached_property
    def conditions(self) -> list[tuple[str, Mapping[str, Any]]]:
        """(step, condition that demands a person or refuses)."""
        return [(stop.step.title, rail) for stop in self.stops for rail in stop.step.guardrail_rows]

    @cached_property
    def amounts(self) -> list[tuple[str, str, Any]]:
        """(step, what is counted, how much): nothing but conditions bounds these."""
        return [
            (action.step.title, name.replace("_", " "), int(value) if float(value).is_integer() else value)
            for action in self.running.actions
            for name, value in action.facts.get("amounts", {}).items()
        ]

    # --- how are results measured? -------------------------------------------------------------------------------

    @cached_property
    def results(self) -> list[Result]:
        return results_of(self.running.version)

    # --- where can a person step in? -----------------------------------------------------------------------------

    @cached_property
    def doors(self) -> list[Door]:
        """What waits for this very person."""
        return [door for door in self.running.doors.values() if door.mine]

    @cached_property
    def others(self) -> str:
        """Who else is asked, where this person is not."""
        return ", ".join(dict.fromkeys(door.team for door in self.running.doors.values() if not door.mine))

    @cached_property
    def touchable(self) -> list[Stop]:
        """The steps a leader can skip, cancel or have done again; none once the run is cancelled or being undone."""
        if not self.running.may_intervene or self.run.status == RunStatus.CANCELLED or self.run.undo_asked_at:
            return []
        return [stop for stop in self.stops if stop.is_skippable or stop.is_cancellable or stop.is_redoable]

    @cached_property
    def undoable(self) -> list[Stop]:
        return [stop for stop in self.stops if stop.is_undoable and self.running.may_undo(stop.step)]

    # --- what happened when something went wrong? ----------------------------------------------------------------

    @cached_property
    def wrong(self) -> list[Day]:
        by_person = Q(verb__in=WRONG_BY_PERSON, actor_kind="person", data__has_key="reason")
        rows = Entry.objects.filter(Q(verb__in=WRONG) | by_person, run=self.run.pk).select_related("person")
        return tell_run(rows.order_by("-pk")[:MOST], self.run)

    @cached_property
    def incidents(self) -> list[Incident]:
        """Open incidents with a cause that struck this run, or one of the runs it started."""
        causes = {stop.trouble[:300] for stop in self.stops if stop.trouble}
        steps = [stop.step.pk for stop in self.stops]
        rows = Incident.objects.filter(step__in=steps, cause__in=causes) if causes else Incident.objects.none()
        broken = [kind.step.pk for kind in self.running.kinds if kind.broken]
        more = Incident.objects.filter(step__in=broken, settled_at=None) if broken else Incident.objects.none()
        return [*rows.select_related("step"), *more.select_related("step")[:MOST]]

    @cached_property
    def broken_children(self) -> int:
        return sum(kind.broken for kind in self.running.kinds)


def _demands(action: Action) -> bool:
    return any(reason["rule"] in _BY_DESIGN for reason in action.reasons)


def _titles(stops: Sequence[Stop]) -> str:
    return ", ".join(f"“{stop.step.title}”" for stop in stops)
