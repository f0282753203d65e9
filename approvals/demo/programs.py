"""What growth works with besides accounts: tactics with budgets, nurture programmes, and the leads that came in."""

from __future__ import annotations

from random import Random
from typing import Any

from approvals.demo.accounts import MARKETS, SEED
from approvals.demo.company import Company
from approvals.demo.names import FIRST_NAMES, FIRST_WORDS, LAST_NAMES, SECOND_WORDS
from governance.people import Team
from workflows.records import Record

LEADS = 48

TACTICS = (
    ("search-ads", "Search", 42_000, 31_400, 236, "Gita Rao"),
    ("webinars", "Webinars", 18_000, 12_900, 88, "Ada Lund"),
    ("retargeting", "Retargeting", 15_000, 11_200, 310, "Gita Rao"),
    ("partner-newsletter", "Partner newsletter", 9_000, 4_100, 74, "Ada Lund"),
    ("field-events", "Field events", 36_000, 27_500, 402, "Gita Rao"),
    ("content-syndication", "Content syndication", 12_000, 8_800, 265, "Ada Lund"),
    ("podcast", "Podcast", 7_500, 2_300, 121, "Gita Rao"),
    ("review-sites", "Review sites", 14_000, 6_700, 96, "Ada Lund"),
)
"""Key, name, budget and spent in euros this quarter, cost per lead in euros, owner."""

PROGRAMMES = (
    ("audit-season", "Audit season", "planned"),
    ("lineage-guide", "The lineage guide", "planned"),
    ("quiet-nights", "Quiet nights", "planned"),
    ("winter-offer", "Winter offer", "ended"),
)

KNOWN_LEADS: dict[int, dict[str, Any]] = {
    1: {"name": "Arbor Freight", "person": "Nadia Ferro", "fit": 0.62, "employees": 480, "customer": True},
    2: {"name": "Halden Pharma", "person": "Otto Brandt", "fit": 0.91, "employees": 6_400, "customer": False},
    3: {"name": "Wexcombe Media", "person": "Bea Lowe", "fit": 0.9, "employees": 85, "customer": False},
    4: {"name": "Tamar Foods", "person": "Kofi Osei", "fit": 0.94, "employees": 240, "customer": False},
}


def write(company: Company) -> None:
    """Write them: tactics and programmes are Growth’s, leads belong to Sales, who calls them."""
    growth, sales = company.teams["growth"], company.teams["sales"]
    Record.objects.bulk_create(
        [
            *(Record(kind="tactic", key=row[0], team=growth, fields=_tactic(*row[1:])) for row in TACTICS),
            *(
                Record(kind="program", key=key, team=growth, fields={"name": name, "status": s})
                for key, name, s in PROGRAMMES
            ),
            *_leads(Random(SEED + 1), sales),
        ]
    )


def _tactic(name: str, budget: int, spent: int, cost_per_lead: int, owner: str) -> dict[str, Any]:
    return {
        "name": name,
        "budget": budget,
        "spent": spent,
        "cost_per_lead": cost_per_lead,
        "leads": spent // cost_per_lead,
        "owner": owner,
        "owner_email": f"{owner.split()[0].lower()}@tideway.example",
        "status": "running",
    }


def _leads(draw: Random, sales: Team) -> list[Record]:
    numbers = range(1, LEADS + 1)
    return [Record(kind="lead", key=f"lead-{number}", team=sales, fields=_lead(draw, number)) for number in numbers]


def _lead(draw: Random, number: int) -> dict[str, Any]:
    fields = {
        "name": f"{draw.choice(FIRST_WORDS)} {draw.choice(SECOND_WORDS)}",
        "person": f"{draw.choice(FIRST_NAMES)} {draw.choice(LAST_NAMES)}",
        "source": draw.choice(("demo request", "webinar", "search", "partner", "review site")),
        "employees": draw.choice((25, 60, 140, 380, 900, 2_400)),
        "customer": draw.random() < 0.35,
        "market": draw.choice(MARKETS),
        "fit": round(draw.betavariate(9, 1.6), 2),
        "status": "new",
        "owner": "",
    }
    fields |= KNOWN_LEADS.get(number, {})
    domain = str(fields["name"]).lower().replace(" ", "-")
    return {**fields, "email": f"{str(fields['person']).lower().replace(' ', '.')}@{domain}.example"}
