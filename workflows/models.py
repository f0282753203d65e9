"""The index Django needs: each model lives in the file of its noun."""

from workflows.actions import Action, Attempt, Proposed
from workflows.definitions import Step, Version, Workflow
from workflows.engine.turns import Turn
from workflows.imports import ImportJob
from workflows.incidents import Incident
from workflows.outcomes import Outcome
from workflows.records import Audience, Record
from workflows.runs import Run
from workflows.schedules import Tick
from workflows.signals import Signal, Taken
from workflows.tripwires import Watch

__all__ = [
    "Action",
    "Attempt",
    "Audience",
    "ImportJob",
    "Incident",
    "Outcome",
    "Proposed",
    "Record",
    "Run",
    "Signal",
    "Step",
    "Taken",
    "Tick",
    "Turn",
    "Version",
    "Watch",
    "Workflow",
]
