"""Runs and actions in the API: start one, read what it did. The same verbs and sentences as the pages."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import PermissionDenied
from django.db.models import Prefetch, QuerySet
from django.shortcuts import get_object_or_404
from django.urls import path, reverse
from django.utils import timezone
from django_filters import rest_framework as filters
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema, extend_schema_field, extend_schema_view
from rest_framework import generics, serializers, status
from rest_framework.request import Request
from rest_framework.response import Response

from governance.api import CONFLICT, DOES_NOT_FIT, NOT_ALLOWED, UNKNOWN, NewestFirst, ObjectField, person_of, tells
from workflows.access import may_start, run_or_404, runs_for, workflow_or_404
from workflows.actions import Action, Attempt, IllegalMove, LostRace
from workflows.capabilities.contract import CapabilityError
from workflows.definitions import Workflow
from workflows.engine.answers import EditRefused, Stale
from workflows.engine.starting import CannotStart, start
from workflows.runs import Run, RunStatus

tells(CannotStart, 409, "cannot_start")
tells(IllegalMove, 409, "illegal_move")
tells(LostRace, 409, "lost_race")
tells(CapabilityError, 422, "does_not_fit")
tells(
    EditRefused,
    422,
    "edit_refused",
    lambda error: {"reasons": [reason.as_json() for reason in error.verdict.reasons]},
)
Stale.sentence = "What you looked at has changed since; nothing was decided. Read it again."  # type: ignore[attr-defined]
