"""Doorways from Celery. A message says that there may be work; the work itself stands in the database."""

from functools import partial
from threading import Lock
from uuid import uuid4

from celery import Task, shared_task
from celery.utils.nodenames import worker_direct
from django.utils import timezone

from governance import databases
from governance.celery import messages_waiting
from governance.upkeep import in_turn
from workflows import coming, doorbell, rejudging, schedules, tripwires, watchdog
from workflows.engine import sweep as sweeping
from workflows.engine.drive import drive
from workflows.imports import work_off

TURN = 2.0
"""Seconds a worker drives before it lets other messages in."""
ENOUGH = 8
"""So many messages that wait say all that one more could say."""
_alone = Lock()


def announce() -> None:
    """Send one message that there is work. Raises what the broker's client raises when it is away."""
    if messages_waiting() < ENOUGH:
        work.apply_async((uuid4().hex,), expires=60)


@shared_task
def work(ring: str = "") -> None:
    """`ring` tells one message from another and nothing else. The watchdog's turn and a message's take turns."""
    with _alone:
        imported = work_off(timezone.now())
        if drive(databases.clock, seconds=TURN) or imported:
            doorbell.ring()


@shared_task(bind=True)
def echo(self: Task[..., None], to: str, hops: int) -> None:
    """What a worker sends to itself, to hear whether messages still come. A namesake's goes back into their queue."""
    if to != watchdog.SELF and hops > 0:
        self.apply_async((to, hops - 1), queue=worker_direct(str(self.request.hostname)), expires=30)


@shared_task
def refresh_statistics() -> None:
    databases.refresh_statistics()


@shared_task
def sweep() -> None:
    now = databases.clock()
    permission = (coming.take_force_when_due, rejudging.judge_again, tripwires.look)
    parts = (sweeping.sweep, schedules.tick, *permission, work_off)  # an import may take long, so it comes last
    in_turn(*(partial(part, now) for part in parts))
