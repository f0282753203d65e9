"""What a worker has in its hands, written down before it begins, so that what kills a worker is found out."""

from __future__ import annotations

from django.db import models


class Turn(models.Model):
    """Actions without an effect that a worker took to finish in one transaction; the row goes with that transaction."""

    worker = models.CharField(max_length=80)
    actions = models.JSONField(default=list)
    at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.worker}: {len(self.actions)}"
