"""Signals: something happened that runs may wait for. Kept for good, so that one that comes early is found later."""

from __future__ import annotations

from django.db import models

from governance.people import Person
from workflows.runs import Run


class Signal(models.Model):
    """`key` says what it is about, as `Run.key` does; one meant for a single run has `run` instead."""

    name = models.CharField(max_length=120)
    key = models.CharField(max_length=200, blank=True)
    run = models.ForeignKey(Run, on_delete=models.CASCADE, null=True, blank=True, related_name="signals")
    data = models.JSONField(default=dict)
    at = models.DateTimeField()
    by = models.ForeignKey(Person, on_delete=models.PROTECT, null=True, blank=True, related_name="+")

    class Meta:
        ordering = ("id",)
        indexes = (
            models.Index(fields=["name", "key", "id"], name="signal_by_name"),
            models.Index(fields=["run", "name", "id"], name="signal_of_run"),
        )

    def __str__(self) -> str:
        return f"{self.name} {self.key}".strip()


class Taken(models.Model):
    """A run has taken this signal; each run takes each signal once."""

    signal = models.ForeignKey(Signal, on_delete=models.CASCADE, related_name="+")
    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="+")

    class Meta:
        constraints = (models.UniqueConstraint(fields=["run", "signal"], name="signal_taken_once"),)

    def __str__(self) -> str:
        return f"{self.signal_id} by run {self.run_id}"
