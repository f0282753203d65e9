"""Signals in the API: tell the runs that wait, or will, that something happened."""

from __future__ import annotations

from typing import Any

from django.urls import path
from django.utils import timezone
from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework import serializers, status
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from governance.api import (
    CONFLICT,
    DOES_NOT_FIT,
    NOT_ALLOWED,
    UNKNOWN,
    KnownFields,
    ObjectField,
    person_of,
    tells,
)
from workflows.access import run_or_404
from workflows.signals import LONGEST_DATA, RunIsOver, Signal, send

tells(RunIsOver, 409, "run_is_over")


class NewSignalJson(KnownFields):
    name = serializers.CharField(max_length=120, help_text="as the step's wait names it")
    key = serializers.CharField(max_length=200, required=False, help_text="what it is about, as a run's key says it")
    run = serializers.IntegerField(
        min_value=1, max_value=2**53, required=False, help_text="instead of a key: the one run it is for"
    )
    data = ObjectField(  # type: ignore[assignment]  # the framework keeps its own `data` apart from fields
        default=dict, help_text=f"what came with it; at most {LONGEST_DATA:,} characters"
    )


class SignalJson(serializers.ModelSerializer[Signal]):
    run = serializers.IntegerField(source="run_id", allow_null=True, read_only=True)
    by = serializers.SlugRelatedField[Any](slug_field="email", read_only=True, allow_null=True)

    class Meta:
        model = Signal
        fields = ("id", "name", "key", "run", "data", "at", "by")
        read_only_fields = fields


EXAMPLE = OpenApiExample(
    "A contact answered",
    value={"name": "replied", "key": "priya", "data": {"text": "Yes, on Tuesday"}},
    request_only=True,
)


class Signals(APIView):
    @extend_schema(
        request=NewSignalJson,
        responses={201: SignalJson, **UNKNOWN, **NOT_ALLOWED, **DOES_NOT_FIT, **CONFLICT},
        examples=[EXAMPLE],
    )
    def post(self, request: Request) -> Response:
        """Send a signal to the runs of your teams' workflows that wait for it.

        Either `key` or `run` says what it is about. It is kept: a run that has begun, but does not wait for it yet,
        takes it later; one that begins after it does not. Each run takes each signal once.
        """
        asked = NewSignalJson(data=request.data)
        asked.is_valid(raise_exception=True)
        given, person = asked.validated_data, person_of(request)
        run = run_or_404(person, given["run"]) if "run" in given else None
        try:
            signal = send(given["name"], given.get("key", ""), given["data"], person, timezone.now(), run=run)
        except ValueError as error:
            raise ValidationError({"non_field_errors": [str(error)]}) from None
        return Response(SignalJson(signal).data, status=status.HTTP_201_CREATED)


urlpatterns = [path("signals/", Signals.as_view(), name="api_signals")]
