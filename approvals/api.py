"""Reviews in the API: read what waits, and answer it. `Review.decide` is the same as for the pages."""

from __future__ import annotations

from functools import cached_property
from typing import Any

from django.db.models import QuerySet
from django.urls import path, reverse
from django.utils import timezone
from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import generics, serializers
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from approvals.answering import EditAsks
from approvals.decisions import Choice, Decision
from approvals.reviews import CHOICES, AlreadyDecided, Kind, NotAllowed, Review, Status, visible_to
from approvals.seats import Seat
from approvals.votes import Vote
from approvals.withheld import reasons_without_values, withheld
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
from workflows.whose import Foreign, foreign_to


class DecisionJson(serializers.ModelSerializer[Decision]):
    person = serializers.SlugRelatedField[Any](slug_field="email", read_only=True)
    name = serializers.CharField(source="person.name", read_only=True)

    class Meta:
        model = Decision
        fields = ("person", "name", "choice", "note", "digest", "payload", "at")
        read_only_fields = fields


def _first(error: AlreadyDecided) -> dict[str, Any]:
    return {"decision": DecisionJson(error.decision).data if error.decision else None}


class VoteJson(serializers.ModelSerializer[Vote]):
    """An agreement that is not the last one needed; `open` names who is still asked."""

    person = serializers.SlugRelatedField[Any](slug_field="email", read_only=True)
    name = serializers.CharField(source="person.name", read_only=True)
    open = serializers.SerializerMethodField()

    class Meta:
        model = Vote
        fields = ("person", "name", "note", "at", "open")
        read_only_fields = fields

    def get_open(self, vote: Vote) -> list[str]:
        return [str(seat) for seat in vote.review.seats.filter(missing__gt=0)]


class SeatJson(serializers.ModelSerializer[Seat]):
    class Meta:
        model = Seat
        fields = ("key", "title", "team", "role", "person", "skill", "authority", "at_least", "need", "missing")
        read_only_fields = fields


tells(AlreadyDecided, 409, "already_decided", _first)
tells(NotAllowed, 403, "not_allowed")
tells(EditAsks, 422, "edit_asks", lambda error: {"reasons": error.reasons, "knowing": error.knowing})


class ReviewLinksJson(serializers.Serializer[Any]):
    page = serializers.CharField(help_text="for people")
    run = serializers.CharField()
    action = serializers.CharField()
    decision = serializers.CharField(help_text="POST the answer there")


class ReviewJson(serializers.ModelSerializer[Review]):
    """`barred` says why you must not answer; empty when you may.

    `withheld` says which records of other teams it is about that you are not asked to decide on: then `payload` and the
    values of the `reasons` are left out.
    """

    workflow = serializers.CharField(source="action.workflow.slug", read_only=True)
    step = serializers.CharField(source="action.step.key", read_only=True)
    run = serializers.IntegerField(source="action.run_id", read_only=True)
    team = serializers.SlugRelatedField[Any](slug_field="slug", read_only=True)
    claimed_by = serializers.SlugRelatedField[Any](slug_field="email", read_only=True, allow_null=True)
    question = serializers.CharField(source="action.step.question", read_only=True)
    payload = serializers.DictField(source="action.payload", read_only=True)
    digest = serializers.CharField(source="action.digest", read_only=True, help_text="send it back when approving")
    reasons = serializers.ListField(source="action.reasons", child=serializers.DictField(), read_only=True)
    must_agree = SeatJson(source="seats", many=True, read_only=True, help_text="empty: one of the team is enough")
    asked = serializers.CharField(read_only=True, help_text="send it back, too: what is asked anew is not approved")
    choices = serializers.SerializerMethodField()
    barred = serializers.SerializerMethodField()
    decision = serializers.SerializerMethodField()
    links = serializers.SerializerMethodField()
    withheld = serializers.SerializerMethodField()

    class Meta:
        model = Review
        fields = (
            "id", "headline", "kind", "status", "workflow", "step", "run", "action", "team", "opened_at", "due_at",
            "level", "closed_at", "claimed_by", "question", "payload", "digest", "reasons", "asked", "must_agree",
            "choices", "barred", "decision", "links", "withheld",
        )  # fmt: skip
        read_only_fields = fields

    def to_representation(self, instance: Review) -> dict[str, Any]:
        shown = super().to_representation(instance)
        if shown["withheld"]:
            reasons = reasons_without_values(instance.action.reasons)
            shown |= {"headline": shown["question"], "payload": {}, "reasons": reasons}
        return shown

    def get_withheld(self, review: Review) -> str:
        person = person_of(self.context["request"])
        return withheld(review, person, self._foreign.get(review.action_id), timezone.now()).words

    @cached_property
    def _foreign(self) -> dict[int, Foreign]:
        """Of the one review's action, or of those of a page together."""
        listed = [self.instance] if isinstance(self.instance, Review) else getattr(self.parent, "instance", None) or ()
        return foreign_to(person_of(self.context["request"]), [review.action for review in listed])

    def get_choices(self, review: Review) -> list[str]:
        return [choice.value for choice in CHOICES[review.kind]] if review.is_open else []

    def get_barred(self, review: Review) -> str:
        return review.barred(person_of(self.context["request"]), timezone.now()) if review.is_open else ""

    @extend_schema_field(DecisionJson(allow_null=True))
    def get_decision(self, review: Review) -> Any:
        made = next(iter(review.decisions.all()), None)
        return DecisionJson(made).data if made else None

    @extend_schema_field(ReviewLinksJson)
    def get_links(self, review: Review) -> dict[str, str]:
        return {
            "page": reverse("review", args=[review.pk]),
            "run": reverse("api_run", args=[review.action.run_id]),
            "action": reverse("api_action", args=[review.action_id]),
            "decision": reverse("api_decision", args=[review.pk]),
        }


class AnswerJson(KnownFields):
    choice = serializers.ChoiceField(choices=Choice.choices)
    digest = serializers.CharField(default="", allow_blank=True, max_length=64, help_text="of what you looked at")
    asked = serializers.CharField(default="", allow_blank=True, max_length=16, help_text="of why it was asked, of whom")
    note = serializers.CharField(default="", allow_blank=True, max_length=10_000)
    knowing = serializers.CharField(
        default="",
        allow_blank=True,
        max_length=16,
        help_text="as a 422 edit_asks told it",
    )
    payload = ObjectField(default=dict, help_text="the changed fields of an edit, or what came of a to-do")


class ReviewFilter(filters.FilterSet):  # type: ignore[misc]
    status = filters.ChoiceFilter(choices=Status.choices)
    kind = filters.ChoiceFilter(choices=Kind.choices)
    workflow = filters.CharFilter(field_name="action__workflow__slug")

    class Meta:
        model = Review
        fields = ("status", "kind", "workflow")


def _reviews(request: Request) -> QuerySet[Review]:
    rows = visible_to(person_of(request), timezone.now()).select_related(
        "team", "claimed_by", "action__run", "action__step", "action__workflow"
    )
    return rows.prefetch_related("decisions__person", "escalations__people", "seats")


class Reviews(generics.ListAPIView[Review]):
    """What waits for your teams and what came up to you, newest first."""

    serializer_class = ReviewJson
    queryset = Review.objects.none()
    pagination_class = NewestFirst
    filterset_class = ReviewFilter

    def get_queryset(self) -> QuerySet[Review]:
        if getattr(self, "swagger_fake_view", False):
            return Review.objects.none()
        return _reviews(self.request)

    @extend_schema(responses={200: ReviewJson(many=True), 401: UNKNOWN[401]})
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return super().get(request, *args, **kwargs)


class OneReview(generics.RetrieveAPIView[Review]):
    serializer_class = ReviewJson
    queryset = Review.objects.none()

    def get_object(self) -> Review:
        return generics.get_object_or_404(_reviews(self.request), pk=self.kwargs["key"])

    @extend_schema(responses={200: ReviewJson, **UNKNOWN})
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Read one review."""
        return super().get(request, *args, **kwargs)


class Decide(APIView):
    @extend_schema(
        request=AnswerJson,
        responses={200: DecisionJson, 202: VoteJson, **UNKNOWN, **NOT_ALLOWED, **DOES_NOT_FIT, **CONFLICT},
    )
    def post(self, request: Request, key: int) -> Response:
        """Answer a review. An approval binds to the digest you send, which is that of what you looked at.

        202: you agreed, and others are still asked.
        """
        review = generics.get_object_or_404(visible_to(person_of(request), timezone.now()), pk=key)
        asked = AnswerJson(data=request.data)
        asked.is_valid(raise_exception=True)
        answer = dict(asked.validated_data)
        try:
            made = review.decide(person_of(request), answer.pop("choice"), timezone.now(), **answer)
        except ValueError as error:
            raise ValidationError([str(error)]) from None
        if isinstance(made, Vote):
            return Response(VoteJson(made).data, status=202)
        return Response(DecisionJson(made).data)


urlpatterns = [
    path("reviews/", Reviews.as_view(), name="api_reviews"),
    path("reviews/<int:key>/", OneReview.as_view(), name="api_review"),
    path("reviews/<int:key>/decision/", Decide.as_view(), name="api_decision"),
]
