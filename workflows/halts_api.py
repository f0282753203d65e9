"""Halts in the API: read what is halted, halt, lift. The same verbs and sentences as the page."""

from __future__ import annotations

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
from rest_framework.views import APIView

from governance.api import CONFLICT, DOES_NOT_FIT, NOT_ALLOWED, UNKNOWN, KnownFields, NewestFirst, person_of, tells
from governance.forms.reasons import LONGEST
from governance.halts import AlreadyLifted, Halt, HaltLift, HaltRefused, Scope, pull
from governance.people import Person
from workflows import doorbell
from workflows.scopes import reach, target_or_refuse, title_of

tells(AlreadyLifted, 409, "already_lifted")
tells(HaltRefused, 409, "halt_refused")


class HaltLiftJson(serializers.ModelSerializer[HaltLift]):
    asked_by = serializers.SlugRelatedField[Any](slug_field="email", read_only=True)

    class Meta:
        model = HaltLift
        fields = ("asked_by", "asked_at", "reason")
        read_only_fields = fields


class HaltJson(serializers.ModelSerializer[Halt]):
    """`asked` is the open request to lift it: another leader may agree."""

    title = serializers.SerializerMethodField()
    by = serializers.SlugRelatedField[Any](slug_field="email", read_only=True, allow_null=True)
    lifted_by = serializers.SlugRelatedField[Any](slug_field="email", read_only=True, allow_null=True)
    in_force = serializers.BooleanField(source="is_in_force", read_only=True)
    asked = serializers.SerializerMethodField()

    class Meta:
        model = Halt
        fields: tuple[str, ...] = (
            "id", "scope", "target", "title", "reason", "by", "at", "in_force", "asked", "lifted_at", "lifted_by",
            "lift_reason",
        )  # fmt: skip
        read_only_fields = fields

    def get_title(self, halt: Halt) -> str:
        return title_of(halt)

    @extend_schema_field(HaltLiftJson(allow_null=True))
    def get_asked(self, halt: Halt) -> Any:
        asked = next((lift for lift in halt.lifts.all() if lift.agreed_at is None and lift.kept_at is None), None)
        return HaltLiftJson(asked).data if asked else None


class PulledJson(HaltJson):
    """A halt as it was pulled, with how many actions hold and how many were in flight."""

    holds = serializers.IntegerField(read_only=True)
    in_flight = serializers.IntegerField(read_only=True)

    class Meta(HaltJson.Meta):
        fields = (*HaltJson.Meta.fields, "holds", "in_flight")
        read_only_fields = fields

    def to_representation(self, halt: Halt) -> dict[str, Any]:
        found = reach(halt.scope, halt.target)
        return {**HaltJson(halt).data, "holds": found.holds, "in_flight": found.begun}


class NewHaltJson(KnownFields):
    scope = serializers.ChoiceField(choices=Scope.choices)
    target = serializers.CharField(
        default="",
        allow_blank=True,
        max_length=254,
        help_text="empty for everything; else WORKFLOW, WORKFLOW/STEP, a capability, a team, or an agent’s e-mail",
    )
    reason = serializers.CharField(max_length=LONGEST, help_text="in words that others will read")


class LiftJson(KnownFields):
    reason = serializers.CharField(
        max_length=LONGEST, default="", allow_blank=True, help_text="why it may go on; needed from the leader who asks"
    )


class HaltFilter(filters.FilterSet):  # type: ignore[misc]
    in_force = filters.BooleanFilter(field_name="lifted_at", lookup_expr="isnull")
    scope = filters.ChoiceFilter(choices=Scope.choices)

    class Meta:
        model = Halt
        fields = ("in_force", "scope")


def _halts() -> QuerySet[Halt]:
    return Halt.objects.select_related("by", "lifted_by").prefetch_related("lifts__asked_by")


def _leader(request: Request) -> Person:
    person = person_of(request)
    if not person.is_leader:
        raise PermissionDenied("Only leaders halt and lift. Everybody may read it.")
    return person


class Halts(generics.ListAPIView[Halt]):
    """What is halted and what was, newest first."""

    serializer_class = HaltJson
    queryset = _halts()
    pagination_class = NewestFirst
    filterset_class = HaltFilter

    @extend_schema(responses={200: HaltJson(many=True), 401: UNKNOWN[401]})
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return super().get(request, *args, **kwargs)

    @extend_schema(request=NewHaltJson, responses={201: PulledJson, 401: UNKNOWN[401], **NOT_ALLOWED, **DOES_NOT_FIT})
    def post(self, request: Request) -> Response:
        """Halt. When this answers, nothing in the scope begins; what is in flight finishes or turns uncertain."""
        person, asked = _leader(request), NewHaltJson(data=request.data)
        asked.is_valid(raise_exception=True)
        scope, reason = asked.validated_data["scope"], asked.validated_data["reason"]
        try:
            target = target_or_refuse(scope, asked.validated_data["target"], person)
            halt = pull(person, scope, target, reason, timezone.now())
        except HaltRefused as error:
            raise ValidationError({"target": [str(error)]}) from None
        headers = {"Location": reverse("api_halt", args=[halt.pk])}
        return Response(PulledJson(halt).data, status=status.HTTP_201_CREATED, headers=headers)


class OneHalt(generics.RetrieveAPIView[Halt]):
    serializer_class = HaltJson
    queryset = _halts()
    lookup_url_kwarg = "key"

    @extend_schema(responses={200: HaltJson, **UNKNOWN})
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Read one halt."""
        return super().get(request, *args, **kwargs)


class Lift(APIView):
    @extend_schema(request=LiftJson, responses={200: HaltJson, **UNKNOWN, **NOT_ALLOWED, **DOES_NOT_FIT, **CONFLICT})
    def post(self, request: Request, key: int) -> Response:
        """Ask to lift a halt, or agree to what another leader asked; `in_force` says which came of it."""
        person, halt = _leader(request), get_object_or_404(Halt, pk=key)
        asked = LiftJson(data=request.data)
        asked.is_valid(raise_exception=True)
        if halt.lift(person, asked.validated_data["reason"], timezone.now()):
            doorbell.ring()
        return Response(HaltJson(_halts().get(pk=key)).data)


class Keep(APIView):
    @extend_schema(request=None, responses={200: HaltJson, **UNKNOWN, **NOT_ALLOWED, **CONFLICT})
    def post(self, request: Request, key: int) -> Response:
        """Say that a halt is to stand although somebody asked to lift it, or take back that one asked."""
        person, halt = _leader(request), get_object_or_404(Halt, pk=key)
        halt.keep(person, timezone.now())
        return Response(HaltJson(_halts().get(pk=key)).data)


urlpatterns = [
    path("halts/", Halts.as_view(), name="api_halts"),
    path("halts/<int:key>/", OneHalt.as_view(), name="api_halt"),
    path("halts/<int:key>/lift/", Lift.as_view(), name="api_halt_lift"),
    path("halts/<int:key>/keep/", Keep.as_view(), name="api_halt_keep"),
]
