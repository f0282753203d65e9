from django.apps import AppConfig


class ApprovalsConfig(AppConfig):
    name = "approvals"

    def ready(self) -> None:
        from approvals.backtests.openings import Openings
        from approvals.gate import Reviews
        from approvals.inbox import receive
        from governance import incoming
        from workflows import gates, scrutiny

        gates.plug(Reviews())
        scrutiny.plug(Openings())
        incoming.plug(receive)
