"""What waits for people at the first sign-in: unlike things, for unlike reasons, due from a while ago to this week.

None of these runs is started by Ben or Chen, so that both may decide.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from approvals.demo import posts
from approvals.demo.history import MONDAYS, SIGNAL, Fortnight
from approvals.demo.past import Past


def plan(fortnight: Fortnight) -> None:
    """Plan the runs of the last day. What they ask of people stays unanswered."""
    _late(fortnight)
    _in_two_hours(fortnight)
    _today(fortnight)
    _this_week(fortnight)
    _elsewhere(fortnight)


def _late(fortnight: Fortnight) -> None:
    """The first has gone up to the leaders already; the second goes up as soon as the clock runs."""
    _write_to(fortnight, "saltmarsh-energy-1", "audit-season", hours=4, minutes=22)
    _move(fortnight, "retargeting", "review-sites", 3_000, hours=24, minutes=5)


def _in_two_hours(fortnight: Fortnight) -> None:
    _offer_more(fortnight, "brightwell-logistics-1", 0.66, hours=3, minutes=12)
    _move(fortnight, "search-ads", "webinars", 8_000, hours=6, minutes=50)
    fortnight.past.plan(fortnight.ago(hours=2, minutes=35), lambda now: _goes_unanswered(fortnight, now))


def _today(fortnight: Fortnight) -> None:
    _write_to(fortnight, "kestrel-health-1", "audit-season", hours=2)
    _write_to(fortnight, "calder-robotics-1", "lineage-guide", minutes=95)
    _write_to(fortnight, "ostrava-steel-1", "audit-season-2025", minutes=50)
    _offer_more(fortnight, "pelham-insurance-1", 0.4, minutes=40)
    _offer_more(fortnight, "ostrava-steel-2", 0.3, minutes=30)
    _motion(fortnight, "Benelux", hours=1)


def _this_week(fortnight: Fortnight) -> None:
    _signal(fortnight, "fenwick-rail", 2, "left the company", hours=5)
    _lead(fortnight, 1, hours=7)
    _lead(fortnight, 2, hours=3)
    _motion(fortnight, "North America", hours=26)


def _elsewhere(fortnight: Fortnight) -> None:
    """For sales, customer success and legal."""
    _lead(fortnight, 3, hours=20)
    _lead(fortnight, 4, hours=1)
    _signal(fortnight, "kestrel-health", 3, "service outage", hours=1)
    program = {"program": "lineage-guide", "market": "DACH", "template": "lineage-guide"}
    fortnight.past.start(fortnight.ago(hours=8), "nurture-launch", "ada", keep=True, **program)


def _write_to(fortnight: Fortnight, contact: str, template: str, **ago: float) -> None:
    fortnight.past.start(fortnight.ago(**ago), "nurture-contact", keep=True, contact=contact, template=template)


def _offer_more(fortnight: Fortnight, contact: str, engagement: float, **ago: float) -> None:
    fortnight.past.start(fortnight.ago(**ago), "expansion-contact", keep=True, **_expansion(contact, engagement))


def _expansion(contact: str, engagement: float) -> dict[str, Any]:
    return {"contact": contact, "account": contact.rsplit("-", 1)[0], "engagement": engagement}


def _move(fortnight: Fortnight, source: str, target: str, amount: int, **ago: float) -> None:
    given: dict[str, Any] = {"source": source, "target": target, "amount": amount}
    fortnight.past.start(fortnight.ago(**ago), "budget-reallocation", keep=True, **given)


def _motion(fortnight: Fortnight, market: str, **ago: float) -> None:
    moment = fortnight.ago(**ago)
    fortnight.past.start(moment, "expansion-motion", "ada", trigger=MONDAYS, keep=True, market=market, confidence=0.86)


def _signal(fortnight: Fortnight, account: str, number: int, signal: str, **ago: float) -> None:
    given = {"contact": f"{account}-{number}", "account": account, "signal": signal}
    fortnight.past.start(fortnight.ago(**ago), "live-suppression", trigger=SIGNAL, keep=True, **given)


def _lead(fortnight: Fortnight, number: int, **ago: float) -> None:
    moment = fortnight.ago(**ago)
    fortnight.past.start(moment, "lead-routing", "eve", trigger=SIGNAL, keep=True, lead=f"lead-{number}")


def _goes_unanswered(fortnight: Fortnight, now: datetime) -> None:
    """A mail whose server took it and hung up: nobody knows whether it went out."""
    past = Past(fortnight.past.desk)
    past.start(now, "expansion-contact", keep=True, **_expansion("ventnor-bank-1", 0.5))
    with posts.silence():
        past.pass_by(now)
