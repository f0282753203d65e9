"""The Celery application: it carries doorbells, the database carries the work."""

import os

from celery import Celery
from celery.signals import celeryd_init

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "governance.settings")

app = Celery("remit")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks(["workflows", "approvals"])
app.conf.beat_schedule = {
    "sweep": {"task": "workflows.tasks.sweep", "schedule": 2.0, "options": {"expires": 2.0}},
    "statistics": {"task": "workflows.tasks.refresh_statistics", "schedule": 300.0, "options": {"expires": 300.0}},
    "escalate": {"task": "approvals.tasks.sweep", "schedule": 2.0, "options": {"expires": 2.0}},
}


@celeryd_init.connect
def give_way(**kwargs: object) -> None:
    """On a shared machine a person's click goes before a batch."""
    os.nice(10)
