"""Runs and actions in the API: start one, read what it did. The same verbs and sentences as the pages."""

from __future__ import annotations

from functools import cached_property
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from django.urls import path, reverse
from django.utils import timezone
from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import generics, serializers, status
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from governance.api import (
    CONFLICT,
    DOES_NOT_FIT,
    NOT_ALLOWED,
    UNKNOWN,
    KnownFields,
    NewestFirst,
    ObjectField,
    person_of,
    tells,
)
from workflows.access import may_start, run_or_404, runs_for, workflow_or_404
from workflows.actions import Action, Attempt, IllegalMove, LostRace
from workflows.capabilities.contract import CapabilityError
from workflows.engine.answers import EditRefused, Stale
from workflows.engine.starting import CannotStart, start
from workflows.runs import Run, RunStatus
from workflows.scopes import BY_API, going_on, halts_of_run, said_of
from workflows.whose import Foreign, foreign_to

tells(CannotStart, 409, "cannot_start")
tells(IllegalMove, 409, "illegal_move")
tells(LostRace, 409, "lost_race")
tells(Stale, 409, "stale", words="What you looked at has changed since; nothing was decided. Read it again.")
tells(CapabilityError, 422, "does_not_fit")
tells(EditRefused, 422, "edit_refused", lambda error: {"reasons": [each.as_json() for each in error.verdict.reasons]})


class LinksJson(serializers.Serializer[Any]):
    page = serializers.CharField(help_text="for people")
    actions = serializers.CharField()


class HaltedJson(serializers.Serializer[Any]):
    halts = serializers.ListField(child=serializers.CharField(), help_text="what holds it: since when, who and why")
    not_halted = serializers.ListField(child=serializers.CharField(), help_text="workflows you see that go on")


class RunJson(serializers.ModelSerializer[Run]):
    """`halted`, in the answer about one run: what keeps a ready action of it from beginning; null when nothing does."""

    workflow = serializers.SlugRelatedField[Any](slug_field="slug", read_only=True)
    version = serializers.SlugRelatedField[Any](slug_field="number", read_only=True)
    started_by = serializers.SlugRelatedField[Any](slug_field="email", read_only=True, allow_null=True)
    part_of = serializers.IntegerField(source="root_id", allow_null=True, help_text="the run it all began with")
    links = serializers.SerializerMethodField()
    halted = serializers.SerializerMethodField()

    class Meta:
        model = Run
        fields = (
            "id", "workflow", "version", "status", "input", "key", "trigger", "started_by", "part_of", "started_at",
            "ended_at", "undo_asked_at", "links", "halted",
        )  # fmt: skip
        read_only_fields = fields

    @extend_schema_field(LinksJson)
    def get_links(self, run: Run) -> dict[str, str]:
        return {"page": reverse("run", args=[run.pk]), "actions": reverse("api_run_actions", args=[run.pk])}

    @extend_schema_field(HaltedJson(allow_null=True))
    def get_halted(self, run: Run) -> dict[str, list[str]] | None:
        if not isinstance(self.context.get("view"), OneRun) or not (found := halts_of_run(run)):
            return None
        return {"halts": [said_of(halt) for halt in found], "not_halted": going_on(person_of(self.context["request"]))}


class NewRunJson(KnownFields):
    workflow = serializers.SlugField(max_length=80)
    input = ObjectField(default=dict)


class AttemptJson(serializers.ModelSerializer[Attempt]):
    class Meta:
        model = Attempt
        fields = ("number", "begun_at", "deadline", "result", "ended_at")
        read_only_fields = fields


class ActionJson(serializers.ModelSerializer[Action]):
    """`withheld` says which records of other teams it is about: then `payload`, `output` and the values of the
    `reasons` are left out. Who is asked to decide reads them with the review."""

    workflow = serializers.SlugRelatedField[Any](slug_field="slug", read_only=True)
    step = serializers.SlugRelatedField[Any](slug_field="key", read_only=True)
    question = serializers.CharField(source="step.question", read_only=True)
    capability = serializers.CharField(source="step.capability", read_only=True)
    ownership = serializers.CharField(source="step.ownership", read_only=True)
    undo_of = serializers.IntegerField(source="undo_of_id", allow_null=True, read_only=True)
    attempts = AttemptJson(many=True, read_only=True)
    withheld = serializers.SerializerMethodField()

    class Meta:
        model = Action
        fields = (
            "id", "run", "workflow", "step", "round", "question", "capability", "ownership", "status", "undo_of",
            "not_before", "awaits", "revision", "payload", "digest", "confidence", "verdict", "reasons", "judged",
            "output", "trouble", "created_at", "settled_at", "attempts", "withheld",
        )  # fmt: skip
        read_only_fields = fields

    def get_withheld(self, action: Action) -> str:
        found = self._foreign.get(action.pk)
        return found.words if found else ""

    @cached_property
    def _foreign(self) -> dict[int, Foreign]:
        """Of the one action, or of all of a page together."""
        listed = [self.instance] if isinstance(self.instance, Action) else getattr(self.parent, "instance", None) or ()
        return foreign_to(person_of(self.context["request"]), listed)

    def to_representation(self, instance: Action) -> dict[str, Any]:
        shown = super().to_representation(instance)
        if shown["withheld"]:
            reasons = [{**reason, "value": None} for reason in instance.reasons]
            shown |= {"payload": {}, "output": {}, "reasons": reasons}
        return shown


class RunFilter(filters.FilterSet):  # type: ignore[misc]
    workflow = filters.CharFilter(field_name="workflow__slug")
    status = filters.ChoiceFilter(choices=RunStatus.choices)
    part_of = filters.NumberFilter(
        field_name="root",
        min_value=1,
        max_value=2**53,
        decimal_places=0,
        help_text="only runs that this run started, however deep",
    )

    class Meta:
        model = Run
        fields = ("workflow", "status", "part_of")


class Runs(generics.ListAPIView[Run]):
    """The runs of the workflows your teams own or review, newest first."""

    serializer_class = RunJson
    queryset = Run.objects.none()
    pagination_class = NewestFirst
    filterset_class = RunFilter

    def get_queryset(self) -> QuerySet[Run]:
        if getattr(self, "swagger_fake_view", False):
            return Run.objects.none()
        return runs_for(person_of(self.request)).select_related("workflow", "version", "started_by")

    @extend_schema(responses={200: RunJson(many=True), 401: UNKNOWN[401]})
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return super().get(request, *args, **kwargs)

    @extend_schema(request=NewRunJson, responses={201: RunJson, **UNKNOWN, **NOT_ALLOWED, **DOES_NOT_FIT, **CONFLICT})
    def post(self, request: Request) -> Response:
        """Start a run of the version in force. What it may do is judged step by step."""
        asked = NewRunJson(data=request.data)
        asked.is_valid(raise_exception=True)
        person, given = person_of(request), asked.validated_data["input"]
        workflow = workflow_or_404(person, asked.validated_data["workflow"])
        if not may_start(person, workflow):
            raise PermissionDenied(f"Only leaders and reviewers of {workflow.owner.name} start this workflow.")
        try:
            run = start(workflow.slug, given, person, timezone.now(), trigger=BY_API)
        except ValueError as error:
            raise ValidationError({"input": [str(error)]}) from None
        headers = {"Location": reverse("api_run", args=[run.pk])}
        return Response(RunJson(run).data, status=status.HTTP_201_CREATED, headers=headers)


class OneRun(generics.RetrieveAPIView[Run]):
    serializer_class = RunJson
    queryset = Run.objects.none()

    def get_object(self) -> Run:
        return run_or_404(person_of(self.request), self.kwargs["key"])

    @extend_schema(responses={200: RunJson, **UNKNOWN})
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Read one run, and what holds it."""
        return super().get(request, *args, **kwargs)


class RunActions(generics.ListAPIView[Action]):
    serializer_class = ActionJson
    pagination_class = NewestFirst
    queryset = Action.objects.none()
    filter_backends = ()

    def get_queryset(self) -> QuerySet[Action]:
        if getattr(self, "swagger_fake_view", False):
            return Action.objects.none()
        run = run_or_404(person_of(self.request), self.kwargs["key"])
        return run.actions.select_related("workflow", "step").prefetch_related("attempts")

    @extend_schema(responses={200: ActionJson(many=True), **UNKNOWN})
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Read what a run did and proposes, newest first: payloads, verdicts with every reason, attempts."""
        return super().get(request, *args, **kwargs)


class OneAction(generics.RetrieveAPIView[Action]):
    serializer_class = ActionJson
    queryset = Action.objects.none()

    def get_object(self) -> Action:
        rows = Action.objects.filter(run__in=runs_for(person_of(self.request)))
        return get_object_or_404(rows.select_related("workflow", "step"), pk=self.kwargs["key"])

    @extend_schema(responses={200: ActionJson, **UNKNOWN})
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Read one action."""
        return super().get(request, *args, **kwargs)


urlpatterns = [
    path("runs/", Runs.as_view(), name="api_runs"),
    path("runs/<int:key>/", OneRun.as_view(), name="api_run"),
    path("runs/<int:key>/actions/", RunActions.as_view(), name="api_run_actions"),
    path("actions/<int:key>/", OneAction.as_view(), name="api_action"),
]
