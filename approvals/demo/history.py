"""The fortnight before today, made by the engine itself, and all of it answered."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

from django.db.models import F

from approvals.demo import shelf
from approvals.demo.company import Company
from approvals.demo.desk import Desk
from approvals.demo.past import Past
from governance import halts
from governance.people import Actor
from workflows import files, publishing
from workflows.actions import Action
from workflows.engine import answers
from workflows.ratifying import load_in_force

PACKS = Path(publishing.__file__).parent / "packs"
NAMES = ("expansion-motion", "nurture-launch", "lead-routing", "budget-reallocation", "live-suppression")
SIGNAL = "on a signal"
MONDAYS = "on schedule, Mondays at 07:00"
SIGNALS = ("hard bounce", "left the company", "service outage", "hard bounce", "complaint")
UNTOUCHED = 22
"""The first leads are not routed in the fortnight: four come in at its end, the others are left to try things with."""


class Fortnight:
    """Fourteen days up to `today`; `day(3, 9, 30)` is half past nine three days ago."""

    def __init__(self, company: Company, today: datetime) -> None:
        self.company, self.today = company, today
        self.past = Past(Desk(company))

    def day(self, ago: int, hour: int, minute: int = 0) -> datetime:
        moment = (self.today - timedelta(days=ago)).replace(hour=hour, minute=minute, second=0, microsecond=0)
        return min(moment, self.today - timedelta(hours=30)) if ago <= 2 else moment

    def ago(self, **amount: float) -> datetime:
        return self.today - timedelta(**amount)

    def plan(self) -> None:
        """Plan all that happened until yesterday, and that people have answered what it asked of them."""
        self._publish()
        self._motions()
        self._routine()
        self._stops()
        for ago in range(13, 1, -1):
            for hour, minute in ((10, 20), (13, 10), (16, 30)):
                self.past.sit(self.day(ago, hour, minute))
        self.past.sit(self.ago(hours=29))
        self.past.sit(self.ago(hours=28, minutes=45))
        self.past.sit(self.ago(hours=28, minutes=30))

    def _publish(self) -> None:
        for number, name in enumerate(NAMES):
            text = (PACKS / f"{name}.yaml").read_text(encoding="utf-8")
            first = more_careful(text) if name == "expansion-motion" else text
            self._load(first, "ada", self.day(14, 9, 10 * number))
            if first != text:
                self._load(text, "gita", self.day(10, 11))

    def _load(self, text: str, by: str, moment: datetime) -> None:
        person = self.company.people[by]
        second = self.company.people["ada" if by == "gita" else "gita"]
        self.past.plan(moment, lambda now: load_in_force(text, person, now, second))

    def _motions(self) -> None:
        begin = self.past.start
        motion, trigger = "expansion-motion", MONDAYS
        begin(self.day(12, 7), motion, trigger=trigger, market="Nordics", confidence=0.84)
        begin(self.day(8, 7), motion, trigger=trigger, market="DACH", confidence=0.88)
        begin(self.day(5, 7), motion, "ada", trigger=trigger, market="UK and Ireland", confidence=0.71)
        nurture = "nurture-launch"
        begin(self.day(13, 8), nurture, program="audit-season", market="Benelux", template="audit-season")
        begin(self.day(9, 8), nurture, "ada", program="quiet-nights", market="Nordics", template="quiet-nights")
        begin(self.day(6, 9), "nurture-contact", contact="calder-robotics-1", template="winter-offer")
        begin(self.day(6, 18), "nurture-contact", contact="fenwick-rail-2", template="lineage-guide")

    def _routine(self) -> None:
        begin = self.past.start
        for number in range(48, UNTOUCHED, -1):
            moment = self.day(13 - (48 - number) // 2, 8 + number % 4, 7 * number % 60)
            begin(moment, "lead-routing", "eve", trigger=SIGNAL, lead=f"lead-{number}")
        accounts = ("northgate-software", "ostrava-steel", "calder-robotics", "kestrel-health", "fenwick-rail")
        for number, signal in enumerate(SIGNALS):
            account = accounts[number] if number else "pelham-insurance"
            contact = f"{account}-{3 + number % 2}"
            moment = self.day(12 - 2 * number, 11, 15)
            begin(moment, "live-suppression", trigger=SIGNAL, contact=contact, account=account, signal=signal)
        moves = (
            (13, "content-syndication", "partner-newsletter", 1_800),
            (11, "retargeting", "review-sites", 2_600),
            (8, "field-events", "webinars", 9_000),
            (7, "podcast", "webinars", 4_800),
            (4, "podcast", "search-ads", 4_200),
            (3, "search-ads", "partner-newsletter", 1_200),
        )
        for ago, source, target, amount in moves:
            begin(self.day(ago, 9, 40), "budget-reallocation", source=source, target=target, amount=amount)

    def _stops(self) -> None:
        """A halt of forty minutes, a template that was withdrawn, and something taken back."""
        ada, gita, chen = (self.company.people[key] for key in ("ada", "gita", "chen"))
        reason = "The mail provider reports bounces it cannot explain"
        self.past.plan(self.day(7, 9, 30), lambda now: halts.pull(ada, "capability", "email.send", reason, now))
        mended = "Their filter was at fault; mended since 10:02"
        self.past.plan(self.day(7, 10, 6), lambda now: halts.Halt.objects.get().ask_to_lift(gita, mended, now))
        self.past.plan(self.day(7, 10, 10), lambda now: halts.Halt.objects.get().agree_to_lift(ada, now))
        self.past.plan(self.day(9, 12), lambda now: shelf.withdraw_the_winter_offer(self.company, now))
        self.past.plan(self.day(4, 12), lambda now: answers.undo(_moved_last(), Actor.of(chen), now))


def _moved_last() -> int:
    """Return the last move of budget that software made alone."""
    moved = Action.objects.filter(step__capability="records.transfer", status="done", approved_digest="")
    key: int = moved.order_by(F("settled_at").desc()).values_list("pk", flat=True)[0]
    return key


def more_careful(text: str) -> str:
    """Return the pack as it was in its first days: every mail of it was looked at by a person."""
    parts = [document.part for document in files.read(text)]
    for step in parts[0].steps:
        if step.capability == "email.send":
            step.ownership, step.min_confidence = "needs_approval", None
    return files.write(parts)
