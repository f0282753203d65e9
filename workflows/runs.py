"""A Run is one workflow at work, pinned to the graph of its Version."""

from __future__ import annotations

from django.db import models

from governance.people import Person
from workflows.definitions import Version, Workflow


class RunStatus(models.TextChoices):
    OPEN = "open", "Open"
    ENDED = "ended", "Ended"
    STOPPED = "stopped", "Stopped"
    CANCELLED = "cancelled", "Cancelled"


class Run(models.Model):
    """`root` is the run everything began with (itself, for a run nobody's run started); `trigger` says how it began.

    `key` is what the run is about, for signals. Once `undo_asked_at` is set, what it did is undone, the last first.
    """

    version = models.ForeignKey(Version, on_delete=models.PROTECT, related_name="runs", db_index=False)
    workflow = models.ForeignKey(Workflow, on_delete=models.PROTECT, related_name="runs", db_index=False)
    status = models.CharField(max_length=10, choices=RunStatus.choices, default=RunStatus.OPEN)
    input = models.JSONField(default=dict)
    started_by = models.ForeignKey(Person, on_delete=models.PROTECT, null=True, related_name="+")
    key = models.CharField(max_length=200, blank=True)
    trigger = models.CharField(max_length=40, default="by hand")
    parent = models.ForeignKey("Action", on_delete=models.PROTECT, null=True, related_name="children", db_index=False)
    root = models.ForeignKey("self", on_delete=models.PROTECT, null=True, related_name="+", db_index=False)
    started_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)
    undo_asked_at = models.DateTimeField(null=True, blank=True)
    undo_asked_by = models.ForeignKey(
        Person, on_delete=models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )

    class Meta:
        ordering = ("-id",)
        indexes = (
            models.Index(fields=["workflow", "-id"], name="run_of_workflow"),
            models.Index(fields=["root", "status"], name="run_of_root"),
            models.Index(fields=["parent", "status"], name="run_of_parent"),
        )

    def __str__(self) -> str:
        return f"Run {self.pk}"
