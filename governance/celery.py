"""The Celery application: it carries doorbells, the database carries the work."""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "governance.settings")

app = Celery("remit")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks(["workflows", "approvals"])
app.conf.beat_schedule = {
    "sweep": {"task": "workflows.tasks.sweep", "schedule": 2.0, "options": {"expires": 2.0}},
    "escalate": {"task": "approvals.tasks.sweep", "schedule": 2.0, "options": {"expires": 2.0}},
}
