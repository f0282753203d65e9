"""Counting: what a batch uses of allowances, and until when what may act has to wait for room."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from itertools import chain
from typing import Any

from pydantic import ValidationError

from governance.envelope.allowances import Allowance, as_written
from governance.envelope.demands import Demand, Reach, demand
from governance.rulewords import over_words
from governance.till import State, Till
from workflows.capabilities.contract import CapabilityError
from workflows.engine.judge import InForce, rules_on
from workflows.engine.pace import Wait, for_hours, hours_on
from workflows.engine.propose import sentence
from workflows.engine.work import Work, capability_of


class Counter:
    """The till of a batch. Where no allowance applies there is none, and nothing is asked of the database."""

    def __init__(self, works: Sequence[Work], in_force: InForce, now: datetime) -> None:
        self._now = now
        steps = {work.step.pk: work for work in works}
        self._hours = {step: found for step, work in steps.items() if (found := hours_on(work, in_force))}
        rows = {step: applying for step, work in steps.items() if (applying := allowances_on(work, in_force))}
        self._demands = {work.action.pk: demands_of(work, rows[work.step.pk]) for work in works if work.step.pk in rows}
        counted = [work.action.pk for work in works if work.action.counted]
        doubtful = {work.action.pk for work in works if work.doubtful}
        self._till = Till(self._demands, counted, now, doubtful) if self._demands or counted else None

    @property
    def counts(self) -> bool:
        return self._till is not None

    def look(self, work: Work) -> None:
        """Put what is used at this moment among the facts, for the judge."""
        if self._till is not None and self._demands.get(work.action.pk):
            work.action.facts["usage"] = self._till.usage(work.action.pk)

    def wait(self, work: Work) -> Wait | None:
        """Return until when what may act has to wait."""
        hours = self._hours.get(work.step.pk)
        waits = [*self._for_room(work), for_hours(work, hours, self._now) if hours else None]
        return max(filter(None, waits), key=lambda wait: wait.until, default=None)

    def _for_room(self, work: Work) -> list[Wait]:
        if self._till is None:
            return []
        found, usage = [], work.action.facts.get("usage", {})
        for each in self._demands.get(work.action.pk, ()):
            rule = f"allowance:{each.allowance.key}"
            told = usage[each.allowance.key]
            seen = rule in work.action.approved_reasons
            if each.allowance.over == "wait" and not each.trouble and not seen and not _fits(each.allowance, told):
                words = over_words(each.allowance, told)
                found.append(Wait(self._till.room_at(work.action.pk, each), words))
        return found

    def take(self, work: Work) -> None:
        """Count what acts."""
        if self._till is not None and self._till.take(work.action.pk, State.USED):
            work.action.counted = True

    def commit(self, work: Work) -> None:
        """Count what was approved, where an allowance counts from the approval: if there is room, or the approval saw
        that there is none. Otherwise the begin will ask."""
        if self._till is None:
            return
        usage, seen = self._till.usage(work.action.pk), work.action.approved_reasons
        chosen = [
            each
            for each in self._demands.get(work.action.pk, ())
            if each.allowance.counted_from == "approval" and not each.trouble
            if f"allowance:{each.allowance.key}" in seen or _fits(each.allowance, usage[each.allowance.key])
        ]
        if self._till.take(work.action.pk, State.COMMITTED, chosen):
            work.action.counted = True

    def write(self) -> None:
        if self._till is not None:
            self._till.write()


def counts(work: Work) -> bool:
    """Whether an allowance applied to it."""
    return "usage" in work.action.facts


def _fits(allowance: Allowance, told: Mapping[str, Any]) -> bool:
    return bool(told["held"]) or allowance.permits(as_written(told["would_be"]))


def allowances_on(work: Work, in_force: InForce) -> list[Allowance]:
    """Return those that apply to the step as it was published, or as it is in force."""
    rows = chain.from_iterable(rules.allowances for rules in rules_on(work, in_force))
    return list({row.key: row for row in rows}.values())


def demands_of(work: Work, allowances: Sequence[Allowance]) -> list[Demand]:
    """Return what the action would use up. Taking something back uses nothing."""
    if work.trouble or work.action.is_undo:
        return []
    reach = reach_of(work)
    return [demand(allowance, reach) for allowance in allowances]


def reach_of(work: Work) -> Reach:
    said = work.said
    return Reach(
        workflow=work.step.version.workflow.slug,
        capability=work.step.capability,
        run=str(work.run.root_id or work.run.pk),
        record=work.record,
        amounts=work.action.facts.get("amounts", {}),
        contacts=said.contacts if said else (),
        text="\n".join(_words(work.action.payload, said.says)) if said else "",
    )


def _words(payload: Mapping[str, Any], names: Sequence[str]) -> list[str]:
    return [value for name in names if isinstance(value := payload.get(name), str)]


def ask_again(work: Work) -> None:
    """Ask the capability once more what it says of the payload, where nothing was proposed in this transaction."""
    work.capability = work.capability or capability_of(work.step)
    if work.said is None and work.capability is not None and work.action.payload:
        if work.context is None:
            raise CapabilityError("there is nothing to look at")
        try:
            work.said = work.capability.facts(work.typed(work.capability), work.context)
        except ValidationError as error:
            raise CapabilityError(sentence(error)) from None
