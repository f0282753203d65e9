"""Workflows as leaders define them: a Workflow has Versions, a Version has Steps. A published Version is frozen."""

from __future__ import annotations

from functools import cached_property
from typing import Any

from django.db import models
from django.db.models import Q

from governance.boundchanges import bands_words, limit_words
from governance.durations import short
from governance.envelope.limits import Limit
from governance.envelope.rows import Rows
from governance.envelope.tracks import Bands
from governance.flowwords import sooner_words
from governance.paths import EscalationPath
from governance.people import Person, Team
from governance.rulebook import Effect, Status
from workflows import graph
from workflows.fields import named
from workflows.flow import Shape


class Ownership(models.TextChoices):
    AUTOMATED = "automated", "Automated"
    NEEDS_APPROVAL = "needs_approval", "Needs approval"
    HUMAN_OWNED = "human_owned", "Human-owned"


class Assist(models.TextChoices):
    NONE = "none", "Nothing"
    INSIGHT = "insight", "Facts"
    RECOMMENDATION = "recommendation", "A proposal"


class OnReject(models.TextChoices):
    STOP = "stop", "The run stops"
    SKIP = "skip", "The step is skipped"
    REDO = "redo", "It is proposed again"
    LEAVE = "leave", "Their part is left out, the rest goes on"
    """Where those who said no answer for a part of it only; else the run stops."""


SCHEMA = 3
"""The newest form of workflows this code knows. A worker leaves alone what was published in a newer one."""


class Priority(models.IntegerChoices):
    HIGH = 0, "High"
    NORMAL = 1, "Normal"
    LOW = 2, "Low"


class OnFailure(models.TextChoices):
    KEEP = "keep", "What was done stays done"
    UNDO = "undo", "What can be undone is undone, the last first"


class Workflow(models.Model):
    """Title and owner are those of the version in force, kept here for lists."""

    slug = models.SlugField(max_length=80, unique=True)
    title = models.CharField(max_length=160)
    owner = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="workflows")

    class Meta:
        ordering = ("title",)

    def __str__(self) -> str:
        return self.title

    @cached_property
    def version_in_force(self) -> Version | None:
        return self.versions.filter(status=Status.IN_FORCE).first()

    @cached_property
    def draft(self) -> Version | None:
        return self.versions.filter(status=Status.DRAFT).first()


class Version(models.Model):
    """`key` is CEL over the input: what a run is about, for signals. `schedule` is {cron, zone, input} or empty.

    `schema` is the form it was published in. Once in force, `proposed_by` and `ratified_by` say who allowed it, `note`
    why; `rejudged` whether what waited for people then has been judged again. `force_at` is the earliest moment a
    proposal takes force. `category` is the purpose its data serve and its messages count under.
    """

    workflow = models.ForeignKey(Workflow, on_delete=models.CASCADE, related_name="versions")
    number = models.PositiveIntegerField()
    status = models.CharField(max_length=12, choices=Status.choices, default=Status.DRAFT)
    title = models.CharField(max_length=160)
    purpose = models.TextField(blank=True)
    owner = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="+")
    schema = models.PositiveSmallIntegerField(default=SCHEMA)
    automation_allowed = models.BooleanField(default=False)
    recommend_only = models.BooleanField(default=False)
    category = models.CharField(max_length=80, blank=True)
    input_schema = models.JSONField(default=dict)
    key = models.TextField(blank=True)
    priority = models.PositiveSmallIntegerField(choices=Priority.choices, default=Priority.NORMAL)
    schedule = models.JSONField(default=dict)
    on_failure = models.CharField(max_length=8, choices=OnFailure.choices, default=OnFailure.KEEP)
    created_by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    proposed_by = models.ForeignKey(Person, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    ratified_by = models.ForeignKey(Person, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    note = models.TextField(blank=True)
    force_at = models.DateTimeField(null=True, blank=True)
    in_force_at = models.DateTimeField(null=True, blank=True)
    superseded_at = models.DateTimeField(null=True, blank=True)
    rejudged = models.BooleanField(default=True)

    class Meta:
        ordering = ("workflow", "-number")
        constraints = (
            models.UniqueConstraint(fields=["workflow", "number"], name="version_number_once"),
            models.UniqueConstraint(
                fields=["workflow"], condition=Q(status="in_force"), name="one_version_in_force_each"
            ),
            models.UniqueConstraint(fields=["workflow"], condition=Q(status="draft"), name="one_draft_each"),
        )

    def __str__(self) -> str:
        return f"{self.title} v{self.number}"

    @cached_property
    def ordered_steps(self) -> list[Step]:
        """The steps in topological order."""
        steps = {step.key: step for step in self.steps.select_related("reviewers", "escalation")}
        for step in steps.values():
            step.version = self
        return [steps[key] for key in graph.order({key: step.after for key, step in steps.items()})]

    @cached_property
    def after(self) -> dict[str, list[str]]:
        return {step.key: step.after for step in self.ordered_steps}

    @cached_property
    def shape(self) -> Shape:
        return Shape.of(self.ordered_steps)

    @cached_property
    def successors(self) -> dict[str, list[str]]:
        return graph.successors(self.after)

    @cached_property
    def steps_by_key(self) -> dict[str, Step]:
        return {step.key: step for step in self.ordered_steps}

    @cached_property
    def steps_by_id(self) -> dict[int, Step]:
        return {step.pk: step for step in self.ordered_steps}


class Step(models.Model):
    """One decision. `due_in` is in seconds; `after` lists keys; `guardrails` lists {when, effect, reason}.

    What was approved begins `lead_days` working days after the last approval. With `due_working` the time until an
    answer is due passes on working days only; `due_sooner` ([{in, last, of}], as the file says them) shortens it near
    the end of a period; after `remind_in` seconds (0: never) those asked are reminded.

    `limits`, `bands` and `tracks` are as `governance.envelope` says them; from `review_by` on, software asks again.

    `join` ({need, rest}), `repeat` ({from, until, at_most, then}) and `wait` are as the file says them, empty without.
    """

    version = models.ForeignKey(Version, on_delete=models.CASCADE, related_name="steps")
    position = models.PositiveSmallIntegerField()
    key = models.SlugField(max_length=60)
    title = models.CharField(max_length=120)
    question = models.CharField(max_length=240)
    capability = models.CharField(max_length=80, blank=True)
    params = models.JSONField(default=dict)
    after = models.JSONField(default=list)
    when = models.TextField(blank=True)
    join = models.JSONField(default=dict)
    repeat = models.JSONField(default=dict)
    wait = models.JSONField(default=dict)
    ownership = models.CharField(max_length=16, choices=Ownership.choices)
    assist = models.CharField(max_length=16, choices=Assist.choices, default=Assist.INSIGHT)
    confidence = models.TextField(blank=True)
    min_confidence = models.FloatField(null=True, blank=True)
    sample_rate = models.FloatField(default=0)
    guardrails = models.JSONField(default=list)
    data = models.JSONField(default=list)
    limits = models.JSONField(default=list)
    bands = models.JSONField(default=dict)
    tracks = models.JSONField(default=list)
    review_by = models.DateField(null=True, blank=True)
    lead_days = models.PositiveSmallIntegerField(default=0)
    reviewers = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="+")
    escalation = models.ForeignKey(EscalationPath, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    due_in = models.PositiveIntegerField(default=86400)
    due_working = models.BooleanField(default=False)
    due_sooner = models.JSONField(default=list)
    remind_in = models.PositiveIntegerField(default=0)
    on_reject = models.CharField(max_length=8, choices=OnReject.choices, default=OnReject.STOP)

    class Meta:
        ordering = ("version", "position")
        constraints = (
            models.UniqueConstraint(fields=["version", "key"], name="step_key_once"),
            models.CheckConstraint(
                condition=Q(min_confidence__isnull=True) | Q(min_confidence__gte=0, min_confidence__lte=1),
                name="floor_between_0_and_1",
            ),
            models.CheckConstraint(
                condition=Q(sample_rate__gte=0, sample_rate__lte=1), name="sample_rate_between_0_and_1"
            ),
            models.CheckConstraint(
                condition=~Q(capability="") | Q(ownership="human_owned") | ~Q(wait={}),
                name="software_steps_name_a_capability",
            ),
        )

    def __str__(self) -> str:
        return self.title

    @cached_property
    def fields(self) -> frozenset[str]:
        """The fields of its record that its own expressions use."""
        return named(self.params, self.confidence)

    @property
    def due_words(self) -> str:
        usual = f"{short(self.due_in)} of working days" if self.due_working else short(self.due_in)
        return f"{usual}; {sooner_words(self.due_sooner)}" if self.due_sooner else usual

    @property
    def counts_days(self) -> bool:
        """Whether when an answer is due depends on which days are working days."""
        return self.due_working or bool(self.due_sooner)

    @property
    def bound_words(self) -> list[str]:
        """Its limits, who must agree by how much, and the last day of its delegation."""
        words = [limit_words(Limit.model_validate(row)) for row in self.limits]
        words += [bands_words(Bands.model_validate(self.bands))] if self.bands else []
        return words + ([f"acts alone until {self.review_by:%-d %b %Y}"] if self.review_by else [])

    @property
    def guardrail_rows(self) -> list[dict[str, Any]]:
        """Each with its effect in words, and what it says in words where it was built of rows."""
        return [
            {
                **rail,
                "effect_words": Effect(rail["effect"]).label,
                "words": Rows.model_validate(rail["rows"]).words if rail.get("rows") else "",
            }
            for rail in self.guardrails
        ]
