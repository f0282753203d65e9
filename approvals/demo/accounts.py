"""Whom Tideway sells to: 300 accounts and 1,200 contacts, all invented, the same ones every time.

Contacts carry the fields of their account that rules and templates ask for, because a rule sees one record only.
Accounts and contacts are shared by everybody: all teams of Tideway work with them.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import cycle, product
from random import Random
from typing import Any

from approvals.demo.names import FIRST_NAMES, FIRST_WORDS, LAST_NAMES, SECOND_WORDS
from workflows.records import Record

SEED = 20260309
ACCOUNTS = 300
MARKETS = ("Nordics", "DACH", "Benelux", "UK and Ireland", "North America")
ROLES = (
    ("champion", "Head of Data"),
    ("economic buyer", "Chief Financial Officer"),
    ("user", "Data Engineer"),
    ("finance", "Accounts Payable"),
)
PROGRAMS = ("audit-season", "lineage-guide", "quiet-nights", "none")
SELLERS = ("Eve Marsh", "Sam Okafor")
ALLOWANCES = {"Team": 45_000, "Business": 140_000, "Enterprise": 600_000}
PRICES = {"Team": 9_600, "Business": 31_200, "Enterprise": 118_000}

GROWTH = {"North America": 0.22}
"""Where usage grows faster than elsewhere, on average."""

Fields = dict[str, Any]

KNOWN_ACCOUNTS: dict[str, Fields] = {
    "Brightwell Logistics": {"market": "UK and Ireland", "plan": "Team", "usage_percent": 92, "usage_growth": 0.38},
    "Kestrel Health": {"market": "Nordics", "plan": "Business", "usage_percent": 64, "usage_growth": 0.12},
    "Saltmarsh Energy": {"market": "UK and Ireland", "plan": "Enterprise", "arr": 46_200, "renewal_days": 41},
    "Pelham Insurance": {
        "market": "UK and Ireland", "plan": "Business", "usage_percent": 77, "usage_growth": 0.27,
        "open_escalations": 1, "renewal_days": 210,
    },
    "Ventnor Bank": {"market": "UK and Ireland", "plan": "Enterprise", "arr": 92_000, "renewal_days": 45},
    "Fenwick Rail": {"market": "Benelux", "plan": "Business", "usage_growth": 0.09},
    "Calder Robotics": {"market": "DACH", "plan": "Team", "usage_percent": 71, "usage_growth": 0.22},
    "Ostrava Steel": {
        "market": "DACH", "plan": "Enterprise", "arr": 131_000, "usage_percent": 58, "usage_growth": 0.18,
        "open_escalations": 0, "renewal_days": 140,
    },
}  # fmt: skip
"""Accounts the story of the fortnight speaks of, with what the story needs of them."""

KNOWN_CONTACTS: dict[str, Fields] = {
    "brightwell-logistics-1": {"name": "Priya Raman", "fit": 0.71, "engagement": 0.66},
    "kestrel-health-1": {"name": "Tom Vance", "fit": 0.83},
    "saltmarsh-energy-1": {"name": "Ines Duarte", "fit": 0.88},
    "pelham-insurance-1": {"name": "Maud Ferris", "fit": 0.91},
    "ventnor-bank-1": {"name": "Leon Achterberg", "fit": 0.93},
    "fenwick-rail-2": {"name": "Clara Winther", "fit": 0.86},
    "calder-robotics-1": {"name": "Jonas Reuter", "fit": 0.79},
    "ostrava-steel-1": {"name": "Vera Novak", "fit": 0.77},
    "ostrava-steel-2": {"name": "Marek Kowalski", "fit": 0.89},
}


def write() -> None:
    """Write every account and contact: two statements a thousand records."""
    draw = Random(SEED)
    accounts = [_account(draw, name, market) for name, market in zip(_names(), cycle(MARKETS), strict=False)]
    Record.objects.bulk_create(Record(kind="account", key=_key(fields["name"]), fields=fields) for fields in accounts)
    Record.objects.bulk_create(
        Record(kind="contact", key=key, fields=fields) for fields in accounts for key, fields in _contacts(draw, fields)
    )


def _names() -> list[str]:
    """Return 300 names: those the story knows, then first and second words in ever new pairs."""
    pairs = [f"{first} {second}" for first, second in product(FIRST_WORDS, SECOND_WORDS)]
    Random(SEED).shuffle(pairs)
    return list(dict.fromkeys([*KNOWN_ACCOUNTS, *pairs]))[:ACCOUNTS]


def _key(name: str) -> str:
    return name.lower().replace(" ", "-")


def _account(draw: Random, name: str, market: str) -> Fields:
    plan = draw.choices(("Team", "Business", "Enterprise"), (5, 4, 1))[0]
    percent = min(99, max(8, round(draw.gauss(62, 20))))
    fields: Fields = {
        "name": name,
        "market": market,
        "industry": name.split()[-1],
        "plan": plan,
        "seats": draw.randint(3, 60),
        "arr": int(PRICES[plan] * draw.uniform(0.8, 1.7)) // 100 * 100,
        "usage_percent": percent,
        "usage_growth": round(min(0.9, max(-0.4, draw.gauss(GROWTH.get(market, 0.14), 0.2))), 2),
        "health": min(100, max(5, round(draw.gauss(74, 16)))),
        "open_escalations": draw.choices((0, 1, 2), (85, 12, 3))[0],
        "renewal_days": draw.randint(31, 360),
        "engagement": round(draw.betavariate(2.2, 2.4), 2),
        "fit": round(draw.betavariate(9, 2), 2),
        "owner": draw.choice(SELLERS),
        "sends": "on",
    }
    fields |= KNOWN_ACCOUNTS.get(name, {})
    fields["checks"] = f"{ALLOWANCES[fields['plan']] * fields['usage_percent'] // 100:,}"
    fields["growth_percent"] = round(fields["usage_growth"] * 100)
    return fields


SHARED = (
    "market", "plan", "arr", "usage_percent", "usage_growth", "growth_percent", "checks", "health",
    "open_escalations", "renewal_days",
)  # fmt: skip
"""What a contact repeats of its account."""


def _contacts(draw: Random, account: Fields) -> Iterator[tuple[str, Fields]]:
    people = draw.sample(range(len(FIRST_NAMES) * len(LAST_NAMES)), len(ROLES))
    for number, ((role, job), person) in enumerate(zip(ROLES, people, strict=True), start=1):
        key = f"{_key(account['name'])}-{number}"
        first, last = FIRST_NAMES[person % len(FIRST_NAMES)], LAST_NAMES[person // len(FIRST_NAMES)]
        fields: Fields = {
            "name": f"{first} {last}",
            "job": job,
            "role": role,
            "account": _key(account["name"]),
            "account_name": account["name"],
            "consent": draw.random() < 0.94,
            "fit": round(min(0.99, max(0.3, account["fit"] + draw.gauss(0, 0.06))), 2),
            "engagement": round(min(1.0, max(0.0, account["engagement"] + draw.gauss(0, 0.15))), 2),
            "program": draw.choices(PROGRAMS, (3, 3, 3, 2))[0],
            "cadence": "fortnightly",
            "suppressed": False,
            **{name: account[name] for name in SHARED},
        }
        if key in KNOWN_CONTACTS:
            fields |= {"consent": True, "program": PROGRAMS[0], **KNOWN_CONTACTS[key]}
        fields["first_name"] = fields["name"].split()[0]
        fields["email"] = _address(fields, role, _key(account["name"]))
        yield key, fields


def _address(fields: Fields, role: str, domain: str) -> str:
    local = "billing" if role == "finance" else fields["name"].lower().replace(" ", ".").replace("'", "")
    return f"{local}@{domain}.example"
