"""The load of a schedule: what people and agents do all day, drawn step by step."""

from __future__ import annotations

import logging
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from io import StringIO
from typing import Any

from django.db import DatabaseError, connection
from django.utils import timezone
from ruamel.yaml import YAML

from governance.drafting import NotPublishable as RulebookStands
from governance.drafting import Stale
from tests.faults.desk import Desk
from tests.faults.world import POTS, PROGRAMS, World
from workflows.publishing import NotPublishable

log = logging.getLogger(__name__)
WORKFLOWS = {
    **{"calls": 3, "pings": 3, "offers": 2, "letters": 2, "notices": 2, "moves": 3, "fans": 2, "urgent": 1},
    **{"pauses": 1, "replies": 2, "drafts": 1, "families": 1, "crowds": 1, "trips": 2, "agreements": 1},
}
"""By name, how often it is drawn. Those with every minute's schedule start by themselves."""
HAS_AMOUNT = "has(proposal.body) && has(proposal.body.amount)"
BETWEEN_POTS = ("moves", "trips")
CHANGED = {"calls": "call", "pings": "ping", "notices": "notice", "offers": "offer"}
"""The steps whose ownership new versions change."""


@dataclass
class Town:
    """The world and its clients. `failed` counts what could not be done because something was down."""

    world: World
    desk: Desk
    failed: dict[str, int] = field(default_factory=dict)
    published: int = 0

    def start(self, draw: random.Random) -> None:
        for _ in range(draw.randrange(1, 5)):
            (workflow,) = draw.choices(list(WORKFLOWS), list(WORKFLOWS.values()))
            more: dict[str, Any] = {}
            if workflow in BETWEEN_POTS:
                more["source"], more["target"] = draw.sample(POTS[1:], 2)
            self.desk.start(workflow, draw, **more)

    def urgent(self, draw: random.Random) -> None:
        self.desk.start("urgent", draw)

    def decide(self, draw: random.Random) -> None:
        waiting = self.desk.waiting()
        for review in draw.sample(waiting, min(len(waiting), 4)):
            if draw.random() < 0.5:
                self.desk.both_answer(review, draw)
            else:
                self.desk.answer(draw.choice(("ben", "chen")), review, draw)

    def flip(self, draw: random.Random) -> None:
        """Put another rulebook in force: none of the rails, or one that stops, asks, or keeps for people."""
        over = draw.randrange(40, 95)
        effect = draw.choice(("", "review", "refuse", "human"))
        rail = {
            "when": f"{HAS_AMOUNT} && proposal.body.amount > {over}",
            "effect": effect,
            "reason": f"More than {over}",
            "capability": "http.request",
        }
        self._directly("flip", lambda: self.world.rule([rail] if effect else [], timezone.now()))

    def forbid(self, draw: random.Random) -> None:
        """Refuse every call that has an amount."""
        rail = {"when": HAS_AMOUNT, "effect": "refuse", "reason": "None at all", "capability": "http.request"}
        self._directly("flip", lambda: self.world.rule([rail], timezone.now()))

    def allow(self, draw: random.Random) -> None:
        self._directly("flip", lambda: self.world.rule([], timezone.now()))

    def distrust(self, draw: random.Random) -> None:
        """Want every call approved that ran alone."""
        for slug in ("calls", "pings"):
            self._version(slug, "needs_approval")

    def publish(self, draw: random.Random) -> None:
        """Put a new version of one workflow in force while runs of the old one are under way."""
        self._version(draw.choice(sorted(CHANGED)), draw.choice(("automated", "automated", "needs_approval")))

    def _version(self, slug: str, ownership: str) -> None:
        self.published += 1
        text = version_of(slug, f"Change {self.published}", ownership)
        self._directly("publish", lambda: self.world.publish(text, timezone.now()))

    def halt(self, draw: random.Random) -> None:
        self.desk.halt(draw)

    def lift(self, draw: random.Random) -> None:
        self.desk.lift_all()

    def signal(self, draw: random.Random) -> None:
        if draw.random() < 0.5:
            self.desk.start("replies", draw)
        self.desk.signal(draw)

    def intervene(self, draw: random.Random) -> None:
        self.desk.intervene(draw)

    def _directly(self, name: str, do: Callable[[], object]) -> None:
        """Do it as a command would, in this process; a database that is away is what this is about."""
        try:
            do()
        except (DatabaseError, NotPublishable, RulebookStands, Stale) as error:
            log.info("%s: %s", name, error)
            self.failed[name] = self.failed.get(name, 0) + 1
            connection.close()


def version_of(slug: str, purpose: str, ownership: str) -> str:
    """Return the workflow's YAML with another purpose, and another ownership of its effect."""
    yaml = YAML()
    documents = [document for document in yaml.load_all(PROGRAMS.read_text()) if document["workflow"] == slug]
    (document,) = documents
    document["purpose"] = purpose
    for step in document["steps"]:
        if step["key"] == CHANGED[slug]:
            step["ownership"] = ownership
    text = StringIO()
    yaml.dump(document, text)
    return text.getvalue()


LOADS: dict[str, tuple[int, Callable[[Town, random.Random], None]]] = {
    "start": (12, Town.start),
    "decide": (6, Town.decide),
    "flip": (1, Town.flip),
    "publish": (1, Town.publish),
    "halt": (1, Town.halt),
    "lift": (1, Town.lift),
    "signal": (2, Town.signal),
    "intervene": (1, Town.intervene),
    "urgent": (0, Town.urgent),
    "forbid": (0, Town.forbid),
    "allow": (0, Town.allow),
    "distrust": (0, Town.distrust),
}
"""By name: how often it is drawn (what is never drawn is asked for), and what it does."""
