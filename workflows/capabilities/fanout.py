"""Starting a run of another workflow for each record of an audience."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from governance.people import Actor
from workflows.capabilities.contract import (
    Capability,
    CapabilityError,
    Context,
    Done,
    Facts,
    More,
    Preview,
    Proposal,
    Result,
    Shape,
)
from workflows.definitions import Workflow
from workflows.engine.starting import CannotStart, start_many, version_to_start
from workflows.engine.work import resolve
from workflows.records import Audience, Record

CHUNK = 300


class StartEach(Capability):
    """Start a run for every member, a few hundred in a transaction; `input` is worked out for each record."""

    key = "workflows.start_each"
    title = "Start a run for each"
    icon = "player-play"
    deferred: ClassVar[frozenset[str]] = frozenset({"input"})

    class Params(Shape):
        workflow: str
        audience: int
        input: dict[str, Any] = {}

    class Payload(Shape):
        workflow: str
        audience: int
        size: int
        input: dict[str, Any] = {}

    def propose(self, params: Params, context: Context) -> Proposal:
        if params.workflow == context.workflow:
            raise CapabilityError(f"“{params.workflow}” must not start itself for each")
        self._version(params.workflow)
        audience = Audience.objects.filter(pk=params.audience).only("size").first()
        if audience is None:
            raise CapabilityError(f"there is no audience {params.audience}")
        return Proposal({**params.model_dump(), "size": audience.size})

    def _version(self, slug: str) -> Any:
        try:
            return version_to_start(slug)
        except CannotStart as error:
            raise CapabilityError(str(error)) from None

    def facts(self, payload: Payload, context: Context) -> Facts:
        return Facts(amounts={"runs": payload.size})

    def execute(self, payload: Payload, context: Context) -> Result:
        begun = int(context.progress.get("begun", 0))
        members = Audience.objects.values_list("members", flat=True).get(pk=payload.audience)[begun : begun + CHUNK]
        if members:
            self._start(payload, members, context)
        begun += len(members)
        if begun < payload.size:
            return More({"begun": begun})
        return Done({"started": begun, "workflow": payload.workflow})

    def _start(self, payload: Payload, members: list[int], context: Context) -> None:
        records = Record.objects.in_bulk(members)
        names = {"input": context.input, "steps": context.steps, "now": context.now}
        inputs = [
            resolve(payload.input, {**names, "record": records[key].namespace}) for key in members if key in records
        ]
        actor = Actor("software", "Remit", context.started_by)
        try:
            start_many(
                self._version(payload.workflow),
                inputs,
                actor,
                context.now,
                trigger=f"by run {context.run_id}",
                parent=context.action_id,
                root=context.root_id,
            )
        except ValueError as error:
            raise CapabilityError(f"{payload.workflow}: {error}") from None

    def headline(self, payload: Payload, context: Context) -> str:
        title = Workflow.objects.filter(slug=payload.workflow).values_list("title", flat=True).first()
        return f"Start “{title or payload.workflow}” for {payload.size:,} records?"

    def summary(self, output: Mapping[str, Any]) -> str:
        return f"{output.get('started', 0):,} started"

    def preview(self, payload: Payload, context: Context) -> Preview:
        sample = Audience.objects.values_list("members", flat=True).get(pk=payload.audience)[:8]
        rows = [{"title": record.title, "key": record.key} for record in Record.objects.filter(pk__in=sample)]
        return Preview("runs", {**payload.model_dump(), "sample": rows})
