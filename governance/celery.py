"""The Celery application: it carries doorbells, the database carries the work."""

import gc
import os
from typing import Any

from amqp.exceptions import ChannelError
from celery import Celery
from celery.concurrency import solo
from celery.signals import celeryd_after_setup, celeryd_init
from django.utils.module_loading import import_string

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "governance.settings")

app = Celery("remit")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks(["workflows", "approvals"])
app.conf.beat_schedule = {
    "sweep": {"task": "workflows.tasks.sweep", "schedule": 2.0, "options": {"expires": 30.0}},
    "statistics": {"task": "workflows.tasks.refresh_statistics", "schedule": 300.0, "options": {"expires": 300.0}},
    "escalate": {"task": "approvals.tasks.sweep", "schedule": 2.0, "options": {"expires": 30.0}},
}


@celeryd_init.connect
def give_way(**kwargs: object) -> None:
    """On a shared machine a person's click goes before a batch."""
    os.nice(10)


@celeryd_after_setup.connect
def collect_less_often(**kwargs: object) -> None:
    """What is loaded by now stays: the garbage collector need not walk it again for every batch of rows."""
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)


@celeryd_after_setup.connect
def watch(instance: Any, **kwargs: object) -> None:
    """Let the worker watch itself, before it looks for the broker. Other pools than solo work in other processes."""
    if issubclass(instance.pool_cls, solo.TaskPool):
        import_string("workflows.watchdog.start")(app, instance.hostname)


def messages_waiting() -> int:
    """Return how many messages no worker has taken yet. Raises what the broker's client raises when it is away."""
    with app.producer_or_acquire() as producer:
        try:
            return int(producer.channel.queue_declare(app.conf.task_default_queue, passive=True).message_count)
        except ChannelError:  # Redis has no empty queues
            return 0
