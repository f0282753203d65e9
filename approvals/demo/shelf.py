"""What Tideway has approved: templates, offers and claims, one of each kind of life."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from approvals.demo.company import Company
from governance import register
from governance.register import Asset

TEMPLATES: dict[str, tuple[str, str, str]] = {
    "usage-milestone": (
        "Usage milestone",
        "Your team ran {{ growth_percent }} % more checks this quarter",
        "Hi {{ first_name }},\n\n{{ account_name }} ran {{ checks }} checks in Tideway this quarter, "
        "{{ growth_percent }} % more than last. That is {{ usage_percent }} % of the {{ plan }} plan.\n\n"
        "Two ways to keep them moving:\n\n- a larger plan, with three times the allowance\n"
        "- stay where you are, and we show you which checks nobody reads\n\n"
        "Does Thursday at 14:00 suit for 30 minutes?",
    ),
    "plan-ceiling": (
        "Plan ceiling",
        "{{ usage_percent }} % of your {{ plan }} plan is in use",
        "Hi {{ first_name }},\n\n{{ account_name }} uses {{ usage_percent }} % of its {{ plan }} plan: "
        "{{ checks }} checks this quarter. Some nightly runs could wait in line from next month.\n\n"
        "Business plan: three times the allowance, from € 1,450 a month.\n\n"
        "Does Thursday at 14:00 suit for 30 minutes?",
    ),
    "renewal-terms": (
        "Renewal terms",
        "Renewal terms for {{ account_name }}",
        "Hi {{ first_name }},\n\nyour contract ends in {{ renewal_days }} days. The terms stay as they are: the "
        "{{ plan }} plan, the same price, the same people to call.\n\n"
        "Tell me if anything should change before I send the papers.",
    ),
    "audit-season": (
        "Audit season",
        "Audit season, without the late nights",
        "Hi {{ first_name }},\n\nin the weeks before an audit teams like yours at {{ account_name }} spend about a "
        "third of their time on proving that the numbers are right.\n\nOur audit pack writes the evidence while the "
        "checks run: what was checked, when, by which rule, with what result.\n\nShall I send you a sample report?",
    ),
    "lineage-guide": (
        "The lineage guide",
        "Where does this number come from, {{ first_name }}?",
        "Hi {{ first_name }},\n\nit is the question every data team hears on a Monday. Our guide shows on six pages "
        "how to answer it in a minute: from the report back to the table, the load and the person.\n\n"
        "It is free, and written with three teams of the size of {{ account_name }}.",
    ),
    "quiet-nights": (
        "Quiet nights",
        "Fewer alarms at {{ account_name }}",
        "Hi {{ first_name }},\n\nhalf of all alarms are checks nobody needs any more. We went through a week of "
        "nights with four teams and wrote down which ones they could switch off, and why.\n\n"
        "Would a look at yours help? It takes 20 minutes.",
    ),
    "audit-season-2025": (
        "Audit season 2025",
        "Last year's audit, this year's checklist",
        "Hi {{ first_name }},\n\nhere is the checklist {{ account_name }} asked for: eleven points the auditors looked "
        "at in 2025, each with the check that covers it.",
    ),
    "winter-offer": (
        "Winter offer",
        "Two months free until the end of winter",
        "Hi {{ first_name }},\n\nwho moves {{ account_name }} to the Business plan this winter pays for ten months.",
    ),
    "welcome-existing": (
        "Who looks after you",
        "{{ person }}, you already have somebody here",
        "Hello {{ person }},\n\nthank you for writing. {{ name }} works with Tideway already, so your question went to "
        "the people who know you: customer success answers within a working day.",
    ),
    "budget-moved": (
        "Budget moved",
        "{{ name }} has a new budget: € {{ budget }}",
        "Hello {{ owner }},\n\nthe budget of {{ name }} was changed to € {{ budget }}. "
        "The reason and the people who agreed stand in the ledger.",
    ),
    # No places: the register's example serves records of any shape.
    "term-deposit-intro": (
        "Term deposit, introduction",
        "A fixed rate for what you have put aside",
        "Good morning,\n\nmoney you do not need for a year can earn more than it does now. With a term deposit the "
        "rate is agreed on the first day and stays the same until the last.\n\n"
        "Answer this mail, and somebody calls you at a time that suits you.",
    ),
}
"""Key → title, subject, body."""

OFFERS: dict[str, tuple[str, dict[str, Any]]] = {
    "renewal-15": (
        "15 % on the renewal",
        {"eligible": "record.renewal_days < 60 && record.plan == 'Enterprise'", "value": 6930},
    ),
    "business-plan": (
        "Business plan",
        {"eligible": "record.plan == 'Team' && record.usage_percent >= 70", "value": 1450},
    ),
    "audit-pack": ("Audit pack", {"eligible": "record.plan != 'Team'", "value": 3200}),
    "annual-prepay": ("Annual prepay", {"eligible": "record.health >= 80", "value": 2400}),
    "term-deposit": ("Term deposit", {"eligible": "record.age >= 18", "value": 250}),
}

CLAIMS = {
    "three-times": (
        "Three times the allowance",
        "The Business plan has three times the allowance of the Team plan.",
        "Price list of March 2026: 30,000 checks a month against 10,000.",
    ),
    "third-of-time": (
        "A third of the time",
        "Before audits teams spend a third of their time on proofs.",
        "Survey of 64 teams in autumn 2025; median 32 % of the working hours of the last six weeks.",
    ),
}
"""Key → title, text, evidence."""

MADE = {"usage-milestone": "three-times", "plan-ceiling": "three-times", "audit-season": "third-of-time"}
"""Template → the claim it makes."""

EXPIRED = {"audit-season-2025": timedelta(days=3)}
"""How long ago the last day was."""
EXPIRING = {"renewal-15": timedelta(days=3), "quiet-nights": timedelta(days=20)}
"""How soon the last day is."""


def fill(company: Company, now: datetime, today: datetime) -> None:
    """Approve everything as of `now`; the lives end around `today`. One offer runs out soon, one template just did."""
    for key, (title, subject, body) in TEMPLATES.items():
        claims = {"claims": [MADE[key]]} if key in MADE else {}
        _approve(company, "template", key, title, {"subject": subject, "body": body, **claims}, now, today)
    for key, (title, body_of_offer) in OFFERS.items():
        _approve(company, "offer", key, title, body_of_offer, now, today)
    for key, (title, text, evidence) in CLAIMS.items():
        _approve(company, "claim", key, title, {"text": text}, now, today, evidence)


def _approve(
    company: Company,
    kind: str,
    key: str,
    title: str,
    body: dict[str, Any],
    now: datetime,
    today: datetime,
    evidence: str = "",
) -> None:
    until = today + EXPIRING[key] if key in EXPIRING else today - EXPIRED[key] if key in EXPIRED else None
    owner = "customer-success" if key == "welcome-existing" else "growth"
    register.approve(
        Asset(
            kind=kind,
            key=key,
            title=title,
            body=body,
            evidence=evidence,
            owner=company.teams[owner],
            approved_by=company.people["dora" if kind == "claim" else "ada"],
            approved_from=now,
            approved_until=until,
        ),
        now,
    )


def withdraw_the_winter_offer(company: Company, now: datetime) -> None:
    offer = Asset.objects.get(kind="template", key="winter-offer")
    offer.withdraw(company.ada, "The winter is over, and the price list changed", now)
