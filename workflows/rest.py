"""Has a run come to rest? What `start --wait` reports, over a run and all runs it started."""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from typing import Any

from django.db.models import Count, Q, QuerySet

from workflows.actions import WORKING, Action, Status
from workflows.runs import Run


def tree(run: Run) -> QuerySet[Action]:
    """Return the actions of the run and of every run it started, however deep."""
    return Action.objects.filter(Q(run=run) | Q(run__root=run))


def is_resting(run: Run, now: datetime) -> bool:
    """Whether nothing in the tree is for software to do now: all is settled or waits for people or for its time."""
    return not tree(run).filter(status__in=WORKING, not_before__lte=now).exists()


def counts(run: Run) -> list[dict[str, Any]]:
    """Return how many actions stand where: `{workflow, step, verdict, status, count}`."""
    rows = (
        tree(run)
        .values("workflow__slug", "step__key", "verdict", "status")
        .annotate(count=Count("pk"))
        .order_by("workflow__slug", "step__key", "verdict", "status")
    )
    return [
        {
            "workflow": row["workflow__slug"],
            "step": row["step__key"],
            "verdict": row["verdict"],
            "status": row["status"],
            "count": row["count"],
        }
        for row in rows
    ]


def troubles(run: Run) -> list[tuple[str, int]]:
    """Return why actions failed or were refused, each sentence with how many it stopped, the most frequent first."""
    stopped = tree(run).filter(status__in=(Status.FAILED, Status.REFUSED)).values_list("trouble", "reasons")
    sentences = Counter(
        trouble or next((str(reason["words"]) for reason in reasons), "no reason was kept")
        for trouble, reasons in stopped.order_by("pk").iterator()
    )
    return sentences.most_common()
