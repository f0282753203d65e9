"""Starting one run of another workflow, and waiting for what comes of it if the next steps need that."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from workflows.actions import Action
from workflows.capabilities.children import Join, begin, check_depth, settle, version_of
from workflows.capabilities.contract import (
    Capability,
    CapabilityError,
    Context,
    Done,
    Facts,
    Proposal,
    Refused,
    Result,
    Shape,
)
from workflows.definitions import Workflow
from workflows.inputs import check_input
from workflows.runs import Run, RunStatus
from workflows.versions import published


class Start(Capability):
    """Start one run. With `join: all` the step is done when that run has ended, and has what its steps gave.

    Output: {run, status} and, joined, `outputs` by step.
    """

    key = "workflows.start"
    changes = True
    title = "Start a run"
    icon = "player-play"
    editable = ("input",)

    class Params(Shape):
        workflow: str
        input: dict[str, Any] = {}
        join: Literal["none", "all"] = "none"

    class Payload(Params):
        pass

    def propose(self, params: Params, context: Context) -> Proposal:
        check_depth(context)
        payload = self.Payload(**params.model_dump())
        return Proposal(self.complete(payload, context))

    def complete(self, payload: Payload, context: Context) -> Mapping[str, Any]:
        try:
            check_input(version_of(payload.workflow).input_schema, payload.input)
        except ValueError as error:
            raise CapabilityError(f"{payload.workflow}: {error}") from None
        return payload.model_dump(mode="json")

    def facts(self, payload: Payload, context: Context) -> Facts:
        return Facts(amounts={"runs": 1})

    def execute(self, payload: Payload, context: Context) -> Result:
        progress = context.progress
        if "run" not in progress:
            (run,) = begin(payload.workflow, [payload.input], context)
            progress = {"run": run.pk}
        if payload.join == "none":
            return Done({"run": progress["run"], "status": "open"})
        result = settle(payload.workflow, Join(payload.join), 1, progress, context)
        match result:
            case Done():
                return Done(_outcome(int(progress["run"])))
            case Refused():
                return Refused(_unended(int(progress["run"]), payload.workflow))
            case _:
                return result

    def headline(self, payload: Payload, context: Context) -> str:
        title = Workflow.objects.filter(slug=payload.workflow).values_list("title", flat=True).first()
        return f"Start “{title or payload.workflow}”?"

    def summary(self, output: Mapping[str, Any]) -> str:
        return f"run {output.get('run', '')} {'ended' if 'outputs' in output else 'started'}"


def _unended(key: int, slug: str) -> str:
    run = Run.objects.get(pk=key)
    how = "stopped" if run.status == RunStatus.STOPPED else "was cancelled"
    return f"Run {key} of “{slug}” {how}, so what comes after it did not begin. See that run for the cause."


def _outcome(key: int) -> Mapping[str, Any]:
    """Return what the run's steps gave, each in its newest round."""
    run = Run.objects.get(pk=key)
    steps = published(run.version_id).steps_by_id
    rows = Action.objects.filter(run=run, undo_of=None).order_by("round").values_list("step_id", "status", "output")
    outputs = {steps[step].key: {**output, "status": status} for step, status, output in rows}
    return {"run": key, "status": run.status, "outputs": outputs}
