"""How long backtests are kept: as long as somebody may rely on them, and then for a while."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db.models import Q

from approvals.backtests.row import Backtest
from governance.rulebook import Status

KEPT = timedelta(days=90)
AT_ONCE = 20
STANDS = Q(version__status__in=(Status.DRAFT, Status.PROPOSED)) | Q(
    rulebook__status__in=(Status.DRAFT, Status.PROPOSED)
)


def forget_old(now: datetime) -> int:
    """Delete the oldest that nobody relies on; return how many. Each sweep takes a few.

    One of a draft or proposal stays as long as that, and for ever what somebody opened rejected actions from before
    they ratified: it is what they had looked at.
    """
    old = Backtest.objects.filter(asked_at__lt=now - KEPT, openings=None).exclude(STANDS).order_by("pk")
    found = list(old.values_list("pk", flat=True)[:AT_ONCE])
    return Backtest.objects.filter(pk__in=found).delete()[0] and len(found)
