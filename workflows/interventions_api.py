"""What leaders do to running work, by API: cancel, skip, redo, undo. The same verbs and sentences as the run's page."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from django.core.exceptions import PermissionDenied
from django.shortcuts import get_object_or_404
from django.urls import path
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from governance.api import CONFLICT, DOES_NOT_FIT, NOT_ALLOWED, UNKNOWN, KnownFields, person_of
from governance.forms.reasons import LONGEST
from governance.people import Actor, Person
from workflows.access import run_or_404, runs_for
from workflows.actions import Action
from workflows.api import ActionJson, RunJson
from workflows.engine import interventions, undoing
from workflows.runs import Run

ERRORS = {**UNKNOWN, **NOT_ALLOWED, **DOES_NOT_FIT, **CONFLICT}


class ReasonJson(KnownFields):
    reason = serializers.CharField(max_length=LONGEST, help_text="in words that others will read")


Verb = Callable[[int, Actor, datetime, str], object]


def _reason_of(request: Request) -> str:
    asked = ReasonJson(data=request.data)
    asked.is_valid(raise_exception=True)
    return str(asked.validated_data["reason"])


def _demand_leader(person: Person, run: Run) -> None:
    if not interventions.may_intervene(person, run):
        raise PermissionDenied(f"Only leaders of {run.workflow.owner.name} do this. Nothing was changed.")


class OnRun(APIView):
    """A leader's verb on a run. Each demands a reason; what has begun finishes."""

    verb: Verb

    @extend_schema(request=ReasonJson, responses={200: RunJson, **ERRORS})
    def post(self, request: Request, key: int) -> Response:
        person = person_of(request)
        run = run_or_404(person, key)
        _demand_leader(person, run)
        type(self).verb(run.pk, Actor.of(person), timezone.now(), _reason_of(request))
        return Response(RunJson(run_or_404(person, key)).data)


class CancelRun(OnRun):
    """Cancel a run and the runs it started. What has not begun is cancelled with it."""

    verb = staticmethod(interventions.cancel_run)


class UndoRun(OnRun):
    """Take back what a run did, the last first, as far as software can. Each undo is judged as any action."""

    verb = staticmethod(undoing.ask)


class OnAction(APIView):
    """A leader's verb on one step of a run. The answer is the action that counts now."""

    verb: Verb

    @extend_schema(request=ReasonJson, responses={200: ActionJson, **ERRORS})
    def post(self, request: Request, key: int) -> Response:
        person = person_of(request)
        rows = Action.objects.filter(run__in=runs_for(person)).select_related("run__workflow__owner")
        found = get_object_or_404(rows, pk=key)
        _demand_leader(person, found.run)
        type(self).verb(found.pk, Actor.of(person), timezone.now(), _reason_of(request))
        return Response(ActionJson(_newest(found), context={"request": request}).data)


class CancelStep(OnAction):
    """Cancel one step that has not begun; the run goes on without it and what only follows from it."""

    verb = staticmethod(interventions.cancel_step)


class CancelChildren(OnAction):
    """Cancel the open runs that this action started."""

    verb = staticmethod(interventions.cancel_children)


class Skip(OnAction):
    """Let the run go on as if the step's condition were not met."""

    verb = staticmethod(interventions.skip)


class Redo(OnAction):
    """Do a settled step once more, in a new round. It is judged as any."""

    verb = staticmethod(interventions.redo)


def _newest(action: Action) -> Action:
    if action.is_undo:
        return Action.objects.select_related("workflow", "step").get(pk=action.pk)
    rounds = Action.objects.filter(run=action.run_id, step=action.step_id, undo_of=None)
    return rounds.select_related("workflow", "step").order_by("round").last() or action


urlpatterns = [
    path("runs/<int:key>/cancel/", CancelRun.as_view(), name="api_run_cancel"),
    path("runs/<int:key>/undo/", UndoRun.as_view(), name="api_run_undo"),
    path("actions/<int:key>/cancel/", CancelStep.as_view(), name="api_action_cancel"),
    path("actions/<int:key>/children/cancel/", CancelChildren.as_view(), name="api_children_cancel"),
    path("actions/<int:key>/skip/", Skip.as_view(), name="api_action_skip"),
    path("actions/<int:key>/redo/", Redo.as_view(), name="api_action_redo"),
]
