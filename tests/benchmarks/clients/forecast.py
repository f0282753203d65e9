"""`forecast`: Ada asks what the draft would have done with all calls, and one process judges as a worker does."""

from typing import Any

from django.utils import timezone

from approvals.backtests import plan
from approvals.backtests.row import Asked, Backtest, work_off
from governance.people import Person
from workflows.definitions import Version

SWEEP = {"step": "call", "low": 0.05, "high": 0.6, "by": 0.05}


def main() -> dict[str, Any]:
    ada = Person.objects.get(email="ada@tideway.example")
    version = plan.fresh(Version.objects.get(status="draft").pk)
    row = Backtest.objects.ask(Asked(version, sweep=SWEEP), ada, timezone.now())
    work_off(timezone.now)
    row.refresh_from_db()
    return {"seconds": row.seconds, "state": row.state, "total": row.total, "result": row.result}
