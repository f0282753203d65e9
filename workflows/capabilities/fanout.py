"""Starting a run of another workflow for each record of an audience."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any, ClassVar

from governance import databases
from workflows.capabilities.children import Join, begin, check_depth, settle, version_of
from workflows.capabilities.contract import (
    Capability,
    CapabilityError,
    Context,
    Facts,
    More,
    Preview,
    Proposal,
    Result,
    Shape,
)
from workflows.definitions import Workflow
from workflows.engine.work import resolve
from workflows.records import Audience, namespaces

CHUNK = 200
"""Runs written together."""
SECONDS = 0.06
"""So long one transaction goes on starting runs: a halt waits for every transaction under way."""


class StartEach(Capability):
    """Start a run for every member, some hundreds in a transaction; `input` is worked out for each record.

    With a `join` the step sleeps after the last one until enough have ended.
    """

    key = "workflows.start_each"
    changes = True
    title = "Start a run for each"
    icon = "player-play"
    deferred: ClassVar[frozenset[str]] = frozenset({"input"})

    class Params(Shape):
        workflow: str
        audience: int
        input: dict[str, Any] = {}
        join: Join = Join("none")

    class Payload(Shape):
        workflow: str
        audience: int
        size: int
        input: dict[str, Any] = {}
        join: Join = Join("none")

    def propose(self, params: Params, context: Context) -> Proposal:
        if params.workflow == context.workflow:
            raise CapabilityError(f"“{params.workflow}” must not start itself for each")
        version_of(params.workflow)
        check_depth(context)
        audience = Audience.objects.filter(pk=params.audience).only("size").first()
        if audience is None:
            raise CapabilityError(f"there is no audience {params.audience}")
        return Proposal({**params.model_dump(), "size": audience.size})

    def facts(self, payload: Payload, context: Context) -> Facts:
        return Facts(amounts={"runs": payload.size})

    def execute(self, payload: Payload, context: Context) -> Result:
        done = int(context.progress.get("begun", 0))
        started = int(context.progress.get("started", done))
        stop_at = time.monotonic() + SECONDS
        while done < payload.size:
            members = databases.part_of_list(Audience, "members", payload.audience, done, CHUNK)
            started += self._start(payload, members, context)
            done = done + len(members) if members else payload.size
            if time.monotonic() >= stop_at:
                break
        progress = {"begun": done, "started": started}
        if done < payload.size:
            return More(progress)
        return settle(payload.workflow, payload.join, started, progress, context)

    def _start(self, payload: Payload, members: list[int], context: Context) -> int:
        """Start a run for each of these that still is there; return how many."""
        records = namespaces(context.reach.records(), members)
        names = {"input": context.input, "steps": context.steps, "now": context.now}
        inputs = [resolve(payload.input, {**names, "record": records[key]}) for key in members if key in records]
        return len(begin(payload.workflow, inputs, context))

    def headline(self, payload: Payload, context: Context) -> str:
        title = Workflow.objects.filter(slug=payload.workflow).values_list("title", flat=True).first()
        return f"Start “{title or payload.workflow}” for {payload.size:,} records?"

    def summary(self, output: Mapping[str, Any]) -> str:
        if "ended" in output:
            return f"{output['ended']:,} of {output.get('started', 0):,} ended"
        return f"{output.get('started', 0):,} started"

    def preview(self, payload: Payload, context: Context) -> Preview:
        sample = databases.part_of_list(Audience, "members", payload.audience, 0, 8)
        rows = [{"title": record.title, "key": record.key} for record in context.reach.records().filter(pk__in=sample)]
        return Preview("runs", {**payload.model_dump(), "sample": rows})
