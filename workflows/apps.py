from django.apps import AppConfig
from django.conf import settings


class WorkflowsConfig(AppConfig):
    name = "workflows"

    def ready(self) -> None:
        from workflows import doorbell
        from workflows.tasks import announce

        if settings.RING:
            doorbell.plug(doorbell.Ringer(announce))
