"""Schedules: workflows that start by the clock, at the moments a cron line names in its time zone."""

from __future__ import annotations

from django.db import models

from workflows.definitions import Workflow
from workflows.runs import Run


class Tick(models.Model):
    """A moment at which a schedule was due. Unique, so that two clocks start one run."""

    workflow = models.ForeignKey(Workflow, on_delete=models.CASCADE, related_name="ticks")
    at = models.DateTimeField()
    run = models.ForeignKey(Run, on_delete=models.CASCADE, null=True, blank=True, related_name="+")
    trouble = models.TextField(blank=True)

    class Meta:
        ordering = ("-at",)
        constraints = (models.UniqueConstraint(fields=["workflow", "at"], name="tick_once"),)

    def __str__(self) -> str:
        return f"{self.workflow_id} at {self.at:%Y-%m-%d %H:%M}"
