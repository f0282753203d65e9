"""The one checker: what must never be, over all that was seen. Pure; knows the promises, not how they are kept."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from tests.faults import kept, once, permitted, replay
from tests.faults.case import Case
from tests.faults.evidence import Evidence


@dataclass(frozen=True)
class Violation:
    """`promise` is `unpermitted`, `twice`, `lost` or `gap`."""

    promise: str
    sentence: str


CHECKS: dict[str, tuple[Callable[[Case], Iterator[str]], ...]] = {
    "unpermitted": (
        *(permitted.without_begin, permitted.other_content, permitted.without_approval),
        *(permitted.inside_a_halt, permitted.against_the_rules, permitted.against_newer_terms),
        *(permitted.arrived_all_the_same, kept.too_early),
    ),
    "twice": (once.done_twice, once.same_step_twice, once.pots_do_not_add_up, kept.ticks_without_run),
    "lost": (
        *(kept.nobody_has_it, kept.told_and_gone, kept.done_and_never_came),
        *(kept.notice_unsent, kept.signal_unheard),
    ),
    "gap": (replay.ledger_gaps,),
}


def check(evidence: Evidence) -> list[Violation]:
    """Return everything that is not as promised; nothing, if all is well."""
    case = Case(evidence)
    return [
        Violation(promise, sentence) for promise, checks in CHECKS.items() for each in checks for sentence in each(case)
    ]
