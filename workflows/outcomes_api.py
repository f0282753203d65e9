"""Outcomes in the API: report what came of an action, and read what was reported."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import PermissionDenied
from django.shortcuts import get_object_or_404
from django.urls import path
from django.utils import timezone
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers, status
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from governance.api import DOES_NOT_FIT, NOT_ALLOWED, UNKNOWN, KnownFields, person_of
from workflows.access import may_start, runs_for
from workflows.actions import Action
from workflows.outcomes import LONGEST, Outcome, OutcomeError, report

VALUE = {"oneOf": [{"type": "number"}, {"type": "string", "maxLength": LONGEST}, {"type": "boolean"}]}


@extend_schema_field(VALUE)
class ValueField(serializers.Field[Any, Any, Any, Any]):
    """A number, a text, or true and false."""

    def to_internal_value(self, data: Any) -> Any:
        if not isinstance(data, bool | int | float | str):
            raise ValidationError(f"This must be a number, or a text of 1 to {LONGEST} characters.")
        if isinstance(data, int) and abs(data) > 2**53:
            raise ValidationError("A number must not be greater than 2^53: send it as a text.")
        if isinstance(data, str) and ("\x00" in data or any("\ud800" <= letter <= "\udfff" for letter in data)):
            raise ValidationError("Text must not hold the character NUL or half of a surrogate pair.")
        return data

    def to_representation(self, value: Any) -> Any:
        return value


class NewOutcomeJson(KnownFields):
    name = serializers.SlugField(max_length=60, help_text="such as replied, or revenue")
    value = ValueField(help_text="a number or a text")


class OutcomeJson(serializers.ModelSerializer[Outcome]):
    value = ValueField(read_only=True)
    reported_by = serializers.SlugRelatedField[Any](slug_field="email", read_only=True, allow_null=True)

    class Meta:
        model = Outcome
        fields = ("id", "name", "value", "reported_by", "at")
        read_only_fields = fields


class Outcomes(APIView):
    def _action(self, request: Request, key: int) -> Action:
        rows = Action.objects.filter(run__in=runs_for(person_of(request)))
        return get_object_or_404(rows.select_related("workflow__owner"), pk=key)

    @extend_schema(responses={200: OutcomeJson(many=True), **UNKNOWN})
    def get(self, request: Request, key: int) -> Response:
        """Read what was reported of an action, the oldest first. Of several under one name the last one counts."""
        rows = Outcome.objects.filter(action=self._action(request, key)).select_related("reported_by")
        return Response(OutcomeJson(rows, many=True).data)

    @extend_schema(
        request=NewOutcomeJson,
        responses={200: OutcomeJson, 201: OutcomeJson, **UNKNOWN, **NOT_ALLOWED, **DOES_NOT_FIT},
    )
    def post(self, request: Request, key: int) -> Response:
        """Report what came of an action. What is known already is not added again (200)."""
        action, person = self._action(request, key), person_of(request)
        if not may_start(person, action.workflow):
            raise PermissionDenied(f"Only leaders and reviewers of {action.workflow.owner.name} report its outcomes.")
        asked = NewOutcomeJson(data=request.data)
        asked.is_valid(raise_exception=True)
        given = asked.validated_data
        try:
            outcome, is_new = report(action, given["name"], given["value"], person, timezone.now())
        except OutcomeError as error:
            raise ValidationError({"value": [str(error)]}) from None
        return Response(OutcomeJson(outcome).data, status=status.HTTP_201_CREATED if is_new else status.HTTP_200_OK)


urlpatterns = [path("actions/<int:key>/outcomes/", Outcomes.as_view(), name="api_outcomes")]
