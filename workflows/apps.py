from functools import partial

from django.apps import AppConfig
from django.conf import settings


class WorkflowsConfig(AppConfig):
    name = "workflows"

    def ready(self) -> None:
        from workflows import doorbell
        from workflows.tasks import work

        if settings.RING:
            doorbell.plug(partial(work.apply_async, expires=60))
