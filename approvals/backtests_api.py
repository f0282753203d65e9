"""Backtests in the API: ask what a draft would have done with the past, follow it, and read what came out."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db.models import QuerySet
from django.urls import path, reverse
from django.utils import timezone
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import generics, serializers, status
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from approvals.backtests.asking import (
    LONGEST,
    MOST,
    ask,
    backtest_or_404,
    backtests_for,
    rulebook_draft,
    window_of,
)
from approvals.backtests.plan import CannotPlan, to_try
from approvals.backtests.row import Asked, Backtest
from governance.api import DOES_NOT_FIT, NOT_ALLOWED, UNKNOWN, KnownFields, NewestFirst, person_of
from governance.people import Person
from workflows.access import workflow_or_404

SHARE = serializers.FloatField(min_value=0, max_value=1)


class SweepJson(KnownFields):
    step = serializers.CharField(max_length=60, required=False)
    low = serializers.FloatField(min_value=0, max_value=1, required=False)
    high = serializers.FloatField(min_value=0, max_value=1, required=False)
    by = serializers.FloatField(min_value=0.001, max_value=1, required=False)


class NewBacktestJson(KnownFields):
    """Of `days`, `last`, and `since` with `until` at most one; none is the last 90 days."""

    workflow = serializers.SlugField(max_length=80)
    version = serializers.IntegerField(
        min_value=1, max_value=2**31 - 1, required=False, help_text="its number; without it the draft"
    )
    rulebook_draft = serializers.BooleanField(default=False, help_text="try the draft of the rulebook, too")
    step = serializers.CharField(max_length=60, default="", allow_blank=True, help_text="only the actions of this step")
    floors = serializers.DictField(child=SHARE, required=False, help_text="by step, floors to try instead")
    days = serializers.IntegerField(min_value=1, max_value=LONGEST, required=False)
    last = serializers.IntegerField(min_value=1, max_value=MOST, required=False)
    since = serializers.DateTimeField(required=False)
    until = serializers.DateTimeField(required=False)
    sweep = SweepJson(required=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        ways = [name for name in ("days", "last") if name in attrs] + ["since"] * ("since" in attrs or "until" in attrs)
        if len(ways) > 1:
            raise ValidationError(f"Say the past in one way only, not by {' and '.join(ways)}.")
        if "since" in attrs and "until" in attrs and attrs["until"] <= attrs["since"]:
            raise ValidationError({"until": "It must lie after since."})
        return attrs

    def asked(self, person: Person, now: datetime) -> Asked:
        """Raises Http404, CannotPlan."""
        given = self.validated_data
        workflow = workflow_or_404(person, given["workflow"])
        return Asked(
            to_try(workflow, given.get("version")),
            rulebook_draft(given["rulebook_draft"]),
            window_of(now, given),
            given["step"],
            dict(given.get("floors", {})),
            dict(given.get("sweep", {})),
        )


class BacktestLinksJson(serializers.Serializer[Any]):
    page = serializers.CharField(help_text="for people")


class BacktestJson(serializers.ModelSerializer[Backtest]):
    """`done` of `total` actions are judged. `stale` says why the result no longer holds; empty while it does."""

    workflow = serializers.SlugRelatedField[Any](slug_field="slug", read_only=True)
    version = serializers.SlugRelatedField[Any](slug_field="number", read_only=True, allow_null=True)
    rulebook = serializers.SlugRelatedField[Any](slug_field="number", read_only=True, allow_null=True)
    asked_by = serializers.SlugRelatedField[Any](slug_field="email", read_only=True)
    options = serializers.DictField(read_only=True)
    result = serializers.DictField(read_only=True, help_text="empty until it is done")
    stale = serializers.CharField(read_only=True)
    seconds = serializers.FloatField(read_only=True, allow_null=True)
    links = serializers.SerializerMethodField()

    class Meta:
        model = Backtest
        fields: tuple[str, ...] = (
            "id", "workflow", "version", "rulebook", "under", "options", "since", "until", "last", "asked_by",
            "asked_at", "state", "done", "total", "started_at", "ended_at", "seconds", "trouble", "stale", "result",
            "links",
        )  # fmt: skip
        read_only_fields = fields

    @extend_schema_field(BacktestLinksJson)
    def get_links(self, row: Backtest) -> dict[str, str]:
        return {"page": reverse("backtest", args=[row.pk])}


class BriefBacktestJson(BacktestJson):
    """As in a list: without the result, and without asking whether it still holds."""

    class Meta(BacktestJson.Meta):
        fields: tuple[str, ...] = tuple(name for name in BacktestJson.Meta.fields if name not in ("result", "stale"))
        read_only_fields = fields


class Backtests(generics.ListAPIView[Backtest]):
    """The backtests of the workflows you see, newest first, without their results."""

    serializer_class = BriefBacktestJson
    queryset = Backtest.objects.none()
    pagination_class = NewestFirst
    filter_backends = ()

    def get_queryset(self) -> QuerySet[Backtest]:
        if getattr(self, "swagger_fake_view", False):
            return Backtest.objects.none()
        return backtests_for(person_of(self.request)).defer("result")

    @extend_schema(responses={200: BriefBacktestJson(many=True), 401: UNKNOWN[401]})
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return super().get(request, *args, **kwargs)

    @extend_schema(request=NewBacktestJson, responses={201: BacktestJson, **UNKNOWN, **NOT_ALLOWED, **DOES_NOT_FIT})
    def post(self, request: Request) -> Response:
        """Ask what a draft would have done with the past. A worker judges it; nothing is executed."""
        asked = NewBacktestJson(data=request.data)
        asked.is_valid(raise_exception=True)
        person, now = person_of(request), timezone.now()
        try:
            made = ask(asked.asked(person, now), person, now)
        except (CannotPlan, ValueError) as error:
            raise ValidationError({"non_field_errors": [str(error)]}) from None
        headers = {"Location": reverse("api_backtest", args=[made.pk])}
        return Response(BacktestJson(made).data, status=status.HTTP_201_CREATED, headers=headers)


class OneBacktest(generics.RetrieveAPIView[Backtest]):
    serializer_class = BacktestJson
    queryset = Backtest.objects.none()

    def get_object(self) -> Backtest:
        return backtest_or_404(person_of(self.request), self.kwargs["key"])

    @extend_schema(responses={200: BacktestJson, **UNKNOWN})
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Read how far it is, and once it is done what came out."""
        return super().get(request, *args, **kwargs)


urlpatterns = [
    path("backtests/", Backtests.as_view(), name="api_backtests"),
    path("backtests/<int:key>/", OneBacktest.as_view(), name="api_backtest"),
]
