"""Is this workflow whole? Names that exist, params a capability takes, rules that compile, a graph without circles."""

from __future__ import annotations

import re
from collections.abc import Generator, Iterator, Mapping
from typing import Any

from pydantic import TypeAdapter, ValidationError

from governance.expressions import ExpressionError, compiled
from governance.paths import EscalationPath
from governance.people import Team
from workflows import graph
from workflows.capabilities.contract import Capability, CapabilityError
from workflows.capabilities.registry import capability
from workflows.engine.propose import sentence
from workflows.files import Document, StepPart
from workflows.inputs import check_schema
from workflows.yamltext import Place, Problem

_STEPS = re.compile(r"\bsteps\.([A-Za-z_]\w*)")


def problems(document: Document) -> list[Problem]:
    """Return everything that would keep this workflow from working, each with its place."""
    return [document.problem(place, words) for place, words in _found(document)]


def _found(document: Document) -> Iterator[tuple[Place, str]]:
    part = document.part
    teams = set(Team.objects.values_list("slug", flat=True))
    paths = set(EscalationPath.objects.values_list("slug", flat=True))
    if part.owner not in teams:
        yield ("owner",), _no_such("team", part.owner, teams)
    try:
        check_schema(part.input)
    except ValueError as error:
        yield ("input",), str(error)
    except (AttributeError, TypeError):
        yield ("input",), "input: properties must be a mapping of names, required a list of them"
    after = yield from _graph(document)
    for index, step in enumerate(part.steps):
        place: Place = ("steps", index)
        if step.reviewers not in teams and step.reviewers != part.owner:
            yield (*place, "reviewers"), _no_such("team", step.reviewers, teams)
        if step.escalation and step.escalation not in paths:
            yield (*place, "escalation"), _no_such("escalation path", step.escalation, paths)
        yield from _expressions(step, place, after)
        yield from _capability(step, place, after)


def _graph(document: Document) -> Generator[tuple[Place, str], None, dict[str, list[str]]]:
    steps = document.part.steps
    after = {step.key: step.after for step in steps}
    if len(after) < len(steps):
        keys = [step.key for step in steps]
        index = next(i for i, key in enumerate(keys) if key in keys[:i])
        yield ("steps", index, "key"), f"there already is a step “{keys[index]}”"
        return after
    try:
        graph.order(after)
    except graph.GraphError as error:
        yield ("steps", list(after).index(error.step), "after"), str(error).removeprefix("after: ")
        return {}
    return after


def _expressions(step: StepPart, place: Place, after: Mapping[str, list[str]]) -> Iterator[tuple[Place, str]]:
    rails = [(("guardrails", i, "when"), rail.when, "rule") for i, rail in enumerate(step.guardrails)]
    own = [(("when",), step.when, "when"), (("confidence",), step.confidence, "confidence")]
    for inner, text, scope in (*own, *rails):
        if text:
            yield from _expression(text, (*place, *inner), step, after, scope=scope)


def _expression(
    text: str, place: Place, step: StepPart, after: Mapping[str, list[str]], *, scope: str = "params"
) -> Iterator[tuple[Place, str]]:
    try:
        compiled(text, boolean=scope in ("rule", "when"), scope=scope)
    except ExpressionError as error:
        yield place, str(error)
        return
    earlier = graph.ancestors(after, step.key) if after else set(_STEPS.findall(text))
    for name in _STEPS.findall(text):
        if name not in earlier:
            known = ", ".join(sorted(earlier)) or "none"
            yield place, f"steps.{name}: “{name}” does not come before this step (before it: {known})"


def _capability(step: StepPart, place: Place, after: Mapping[str, list[str]]) -> Iterator[tuple[Place, str]]:
    if not step.capability:
        return
    try:
        does = capability(step.capability)
    except CapabilityError as error:
        yield (*place, "capability"), str(error)
        return
    fields = {field.alias or name: field for name, field in does.Params.model_fields.items()}
    for name, field in fields.items():
        if field.is_required() and name not in step.params:
            yield (*place, "params"), f"{step.capability} needs “{name}”"
    for name, value in step.params.items():
        if name not in fields:
            yield (*place, "params", name), f"{step.capability} takes {', '.join(fields)}, not “{name}”"
            continue
        yield from _param(does, name, fields[name], value, (*place, "params", name), step, after)


def _param(
    does: Capability,
    name: str,
    field: Any,
    value: Any,
    place: Place,
    step: StepPart,
    after: Mapping[str, list[str]],
) -> Iterator[tuple[Place, str]]:
    dynamic = list(_dynamic(value))
    for text in [*dynamic, *([value] if name in does.expressions and isinstance(value, str) and not dynamic else [])]:
        yield from _expression(text, place, step, after)
    if not dynamic:
        try:
            TypeAdapter(field.annotation).validate_python(value)
        except ValidationError as error:
            yield place, sentence(error).removeprefix("the value: ")


def _dynamic(value: Any) -> Iterator[str]:
    """Yield the CEL of every string that starts with `=`, however deep."""
    if isinstance(value, str) and value.startswith("="):
        yield value[1:]
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from _dynamic(item)
    elif isinstance(value, list):
        for item in value:
            yield from _dynamic(item)


def _no_such(what: str, name: str, known: set[str]) -> str:
    return (
        f"there is no {what} “{name}”; there {'are' if len(known) > 1 else 'is'} {', '.join(sorted(known)) or 'none'}"
    )
