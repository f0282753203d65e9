"""The rulebook of Tideway: something of every part of an envelope."""

from __future__ import annotations

from typing import Any

from workflows.capabilities.registry import capabilities

OUT_OF_SCOPE = {"http.request"}
"""No workflow of Tideway calls another system, so nobody agreed to it."""

GUARDRAILS = (
    (
        "has(record.consent) && record.consent == false",
        "refuse",
        "This person asked not to be written to",
        "email.send",
    ),
    ("has(record.suppressed) && record.suppressed", "refuse", "This person is suppressed", "email.send"),
    (
        "has(record.open_escalations) && record.open_escalations > 0",
        "review",
        "The account has an open service escalation",
        "email.send",
    ),
    (
        "proposal.body.matches('(?i)(guarantee|money back|risk-free)')",
        "review",
        "The words promise something that Legal has to read",
        "email.send",
    ),
    ("amounts.amount > 50000", "refuse", "More than € 50,000 needs a new budget, not a move", "records.transfer"),
)
"""Condition, effect, reason, capability."""
PHRASES = [
    {"words": "three times the allowance", "claim": "three-times"},
    {"words": "/a third of (the|their) time/", "claim": "third-of-time"},
    {"words": "number one", "why": "Nobody has measured it"},
    {"words": "/guarantee[ds]?/", "why": "Legal: only what the contract says"},
]
"""What no text says without an approved claim."""
DATA_USES = [
    *({"data": name, "use": "allowed"} for name in ("budgets", "engagement", "pipeline", "usage")),
    {"data": "contact details", "use": "allowed", "why": "For those who may be written to at all"},
    {"data": "service cases", "use": "allowed", "why": "To leave people alone, not to sell to them"},
    {"data": "financial", "use": "review", "why": "What a customer owes is nobody's selling point"},
    {"data": "health", "use": "forbidden", "why": "We hold none and want none"},
]
WEEK = {"every": "day", "count": 7, "kind": "rolling"}
ALLOWANCES = [
    {
        "key": "marketing-a-person",
        "title": "Marketing mails to one person in a week",
        "measure": "items",
        "limit": 2,
        "per": "contact",
        "window": WEEK,
        "over": "wait",
        "capability": "email.send",
        "category": "marketing",
    },
    {
        "key": "mails-a-day",
        "title": "Mails of all workflows in a day",
        "measure": "items",
        "limit": 200,
        "window": {"every": "day", "zone": "Europe/Berlin"},
        "capability": "email.send",
    },
    {
        "key": "budget-moved",
        "title": "Budget moved in a quarter",
        "measure": "amounts.amount",
        "limit": 150_000,
        "window": {"every": "quarter", "zone": "Europe/Berlin"},
        "capability": "records.transfer",
    },
]
TRIPWIRES = [
    {
        "key": "unsubscribed",
        "title": "People who leave",
        "seen": "unsubscribed",
        "times": 5,
        "share": 0.02,
        "within": "1d",
        "halts": "workflow",
    },
]
EXAMPLES = [
    {
        "title": f"Software moves {words}",
        "workflow": "budget-reallocation",
        "step": "move",
        "facts": {"amounts": {"amount": amount}},
        "expect": expect,
    }
    for amount, words, expect in (
        (5_000, "€ 5,000: alone", "act"),
        (5_001, "€ 5,001: a person approves", "review"),
        (20_001, "€ 20,001: a person does it", "human"),
    )
]


def rules() -> dict[str, Any]:
    """Return the content of the rulebook."""
    names = ("when", "effect", "reason", "capability")
    return {
        "stances": {key: "out_of_scope" if key in OUT_OF_SCOPE else "approved" for key in capabilities()},
        "guardrails": [dict(zip(names, rail, strict=True)) for rail in GUARDRAILS],
        "data_uses": DATA_USES,
        "allowances": ALLOWANCES,
        "tripwires": TRIPWIRES,
        "phrases": PHRASES,
        "examples": EXAMPLES,
    }
