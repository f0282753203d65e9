"""The judge: facts, terms and rules in, a verdict with every reason out. Pure: no ORM, no clock, no settings.

Deny by default, the strictest rule wins, no rule loosens what another tightened, and a rule that cannot be
evaluated has tripped.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from governance.judging.agreements import Agreements
from governance.judging.checks import always, asked_of, sample
from governance.judging.terms import Condition, Rules, Terms
from governance.judging.verdict import Need, Outcome, Reason, Verdict, stricter

__all__ = ["Condition", "Facts", "Need", "Outcome", "Reason", "Rules", "Terms", "Verdict", "judge", "stricter"]

Facts = Mapping[str, Any]


def judge(facts: Facts, terms: Terms, rules: Rules) -> Verdict:
    """Return the verdict on one proposal.

    `facts` is the namespace that conditions see (see `expressions.NAMES`); of it the judge itself reads `confidence`,
    `assets` (each with kind, key, title, standing, until; in `where` the places it does not hold for; of a template
    what stands `outside` its choices, whether it was `edited`, and the `owner` who binds its words; of a claim its
    `text`), `data` (classes the step declares), `fields` (those of records it really used), `amounts`, `usage` (each
    allowance with used, limit and what this adds), `proposal` (in `says` which of its fields are words) and
    `action.id`; and `now`, by whose UTC day delegations end.
    """
    agreements = Agreements(facts, terms, rules)
    reasons = [reason for check in asked_of(facts, terms, rules) for reason in check(facts, terms, rules)]
    reasons += agreements.reasons
    if not reasons:
        reasons = sample(facts, terms)
    judged = always(facts, terms, rules) + agreements.looked_at
    if not reasons:
        return Verdict(Outcome.ACT, (), judged)
    reasons.sort(key=lambda reason: -reason.outcome.strictness)
    outcome = reasons[0].outcome
    needs = agreements.needs(reasons) if outcome == Outcome.REVIEW else ()
    return Verdict(outcome, tuple(reasons), judged, needs)
