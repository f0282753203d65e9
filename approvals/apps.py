from django.apps import AppConfig


class ApprovalsConfig(AppConfig):
    name = "approvals"

    def ready(self) -> None:
        from approvals.gate import Reviews
        from workflows import gates

        gates.plug(Reviews())
