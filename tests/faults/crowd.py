"""Ten thousand runs for three hosts: starts them, breaks two hosts on the way, and looks whether all of it ended."""

from __future__ import annotations

import logging
import time
from collections import Counter
from collections.abc import Callable
from typing import Any

from django.core.management import call_command
from django.db import connection, transaction
from django.utils import timezone

from approvals.reviews import Review
from governance.people import Actor
from tests.faults.checker import check
from tests.faults.desk import Seen
from tests.faults.evidence import read
from tests.faults.hosts import Site
from tests.faults.parts import until
from tests.faults.witness import arrivals
from tests.faults.world import World
from workflows.actions import Action
from workflows.engine.starting import start_many, version_to_start
from workflows.runs import Run, RunStatus

log = logging.getLogger(__name__)
AT_ONCE = 500
CHAIN = """
workflow: chain
title: Pure steps
owner: growth
automation_allowed: true
input: {type: object, required: [order, amount], properties: {order: {type: string}, amount: {type: integer}}}
steps:
  - {key: first, capability: data.set, params: {values: {order: "=input.order"}}, ownership: automated}
  - key: second
    after: [first]
    capability: data.set
    params: {values: {once: "=steps.first.order"}}
    ownership: automated
  - key: third
    after: [second]
    capability: data.set
    params: {values: {twice: "=steps.second.once"}}
    ownership: automated
"""


class Crowd:
    def __init__(self, site: Site, runs: int, effects: int) -> None:
        self.site, self.pure, self.effects = site, runs - effects, effects
        call_command("migrate", verbosity=0, interactive=False)
        self.world = World.found(site.witness_url)
        self.world.publish(CHAIN, timezone.now())
        self.seen = Seen(site.folder / "witnesses")

    def run(self, seconds: float) -> dict[str, Any]:
        self.site.hosts_up()
        began = time.monotonic()
        for workflow, count in (("calls", self.effects // 2), ("pings", self.effects - self.effects // 2)):
            self._start(workflow, count)
        self._start("chain", self.pure)
        killed = self._when(0.3, lambda: self.site.kill_host(0))
        cut = self._when(0.5, lambda: self.site.cut_from_redis(1))
        stands = ""
        try:
            until(self._all_ended, seconds, 0.2)
        except TimeoutError:
            stands = self._what_stands()
        ended_after = time.monotonic() - began
        evidence = read(arrivals(self.site.folder / "witnesses"))
        violations = [f"{found.promise}: {found.sentence}" for found in check(evidence)]
        return {
            "fine": not (violations or stands),
            "runs": len(evidence.runs),
            "effects": self.effects,
            "host_killed_at_runs": killed,
            "host_cut_off_from_redis_at_runs": cut,
            "all_ended_after": round(ended_after, 1),
            "arrivals": len(evidence.arrivals),
            "uncertain_and_settled_by_ben": len(evidence.decisions),
            "does_not_end": stands,
            "violations": violations[:10],
        }

    def _start(self, workflow: str, count: int) -> None:
        version, actor = version_to_start(workflow), Actor.of(self.world.person("max"))
        for begin in range(0, count, AT_ONCE):
            numbers = range(begin, min(begin + AT_ONCE, count))
            inputs = [{"order": f"{workflow}-{number}", "amount": 1} for number in numbers]
            with transaction.atomic():
                start_many(version, inputs, actor, timezone.now(), trigger="by hand")

    def _when(self, share: float, do: Callable[[], None]) -> int:
        """Wait until so much of it has ended, break something, and return how many runs had ended then."""
        until(lambda: self._ended() >= share * (self.pure + self.effects), 120, 0.05)
        do()
        return self._ended()

    def _what_stands(self) -> str:
        """Return where the actions stand, and which connections to the database hold a transaction open."""
        counts = Action.objects.filter(run__status=RunStatus.OPEN).values_list("status", "workflow__slug")
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT host(client_addr), state, now() - xact_start, left(query, 60) FROM pg_stat_activity "
                "WHERE xact_start < now() - interval '5 s' AND pid <> pg_backend_pid()"
            )
            return f"{dict(Counter(counts))}; {cursor.fetchall()}"

    def _ended(self) -> int:
        return Run.objects.exclude(status=RunStatus.OPEN).count()

    def _all_ended(self) -> bool:
        """Let Ben say what became of what is uncertain, as the witness's journal has it."""
        for review in Review.objects.filter(status="open", kind="uncertain"):
            choice = "happened" if self.seen.took(review.action_id) else "try_again"
            review.decide(self.world.person("ben"), choice, timezone.now(), note="As the receiver's journal says")
        return not Run.objects.filter(status=RunStatus.OPEN).exclude(workflow__slug="minutes").exists()
