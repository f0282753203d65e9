"""Is this workflow whole? Names that exist, params a capability takes, rules that compile, a graph one can walk."""

from __future__ import annotations

import re
from collections.abc import Collection, Generator, Iterator, Mapping, Sequence
from types import SimpleNamespace
from typing import Any, NamedTuple

from pydantic import TypeAdapter, ValidationError

from governance.expressions import ExpressionError, compiled
from governance.paths import EscalationPath
from governance.people import Team
from workflows import graph, shape
from workflows.capabilities.contract import Capability, CapabilityError
from workflows.capabilities.registry import capability
from workflows.engine.propose import sentence
from workflows.files import Document, StepPart, WorkflowPart
from workflows.inputs import check_input, check_schema
from workflows.knowntracks import known_tracks
from workflows.waits import is_cel
from workflows.yamltext import Place, Problem

_STEPS = re.compile(r"\bsteps\.([A-Za-z_]\w*)")


class Names(NamedTuple):
    """What a file may name: teams and escalation paths, by slug, and tracks of a rulebook, by key."""

    teams: frozenset[str]
    paths: frozenset[str]
    tracks: frozenset[str]

    def __or__(self, other: Any) -> Names:
        return Names(*(mine | theirs for mine, theirs in zip(self, other, strict=True)))

    @classmethod
    def here(cls) -> Names:
        """Those of this installation."""
        teams = Team.objects.values_list("slug", flat=True)
        paths = EscalationPath.objects.values_list("slug", flat=True)
        return cls(frozenset(teams), frozenset(paths), frozenset(known_tracks()))


def problems(document: Document, names: Names | None = None) -> list[Problem]:
    """Return everything that would keep this workflow from working, each with its place.

    Without `names`, what it names must be here.
    """
    return [document.problem(place, words) for place, words in _found(document, names or Names.here())]


def _found(document: Document, names: Names) -> Iterator[tuple[Place, str]]:
    part, (teams, paths, known) = document.part, names
    if part.owner not in teams:
        yield ("owner",), _no_such("team", part.owner, teams)
    try:
        check_schema(part.input)
    except ValueError as error:
        yield ("input",), str(error)
    except (AttributeError, TypeError):
        yield ("input",), "input: properties must be a mapping of names, required a list of them"
    yield from _starting(part)
    after = yield from _graph(document)
    before = _before(part.steps, after)
    for index, step in enumerate(part.steps):
        place: Place = ("steps", index)
        if step.reviewers not in teams and step.reviewers != part.owner:
            yield (*place, "reviewers"), _no_such("team", step.reviewers, teams)
        if step.escalation and step.escalation not in paths:
            yield (*place, "escalation"), _no_such("escalation path", step.escalation, paths)
        yield from _tracks(step, place, known)
        yield from _expressions(step, place, before[step.key])
        yield from _wait(step, place, before[step.key])
        yield from _capability(step, place, before[step.key])


def _tracks(step: StepPart, place: Place, known: frozenset[str]) -> Iterator[tuple[Place, str]]:
    """What bands, limits and conditions ask besides must be a track: of the step's own, or of a rulebook's."""
    known = known | {track.key for track in step.tracks}
    named: list[tuple[Place, str]] = [(("limits", i, "track"), row.track) for i, row in enumerate(step.limits)]
    named += [(("guardrails", i, "track"), row.track) for i, row in enumerate(step.guardrails)]
    for i, band in enumerate(step.bands.bands if step.bands else ()):
        named += [(("bands", "bands", i, "tracks"), key) for key in band.tracks]
    for inner, key in named:
        if key and key not in known:
            yield (*place, *inner), _no_such("track", key, known)


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
    for key, inner, words in shape.flaws(SimpleNamespace(**step.model_dump()) for step in steps):
        yield ("steps", list(after).index(key), *inner.split(".")), words
    return after


def _starting(part: WorkflowPart) -> Iterator[tuple[Place, str]]:
    """What a run is about, and what it begins with when it begins by itself."""
    if part.key and not part.key.startswith("="):
        yield ("key",), f"it says where in the input to find what a run is about, like “=input.{_an_input(part)}”"
    elif part.key:
        try:
            compiled(part.key[1:], scope="key")
        except ExpressionError as error:
            yield ("key",), str(error)
    if part.schedule:
        try:
            check_input(part.input, part.schedule.input)
        except (AttributeError, KeyError, TypeError):
            return  # said of the schema itself
        except ValueError as error:
            yield ("schedule", "input"), str(error)


def _an_input(part: WorkflowPart) -> str:
    return next(iter(part.input.get("properties") or ()), "contact")


Before = set[str] | None
"""The steps an expression may name; None when the graph is not known."""


def _before(steps: Sequence[StepPart], after: Mapping[str, list[str]]) -> dict[str, Before]:
    """Return for each step those before it, and in a loop those of the round before, too."""
    if not after:
        return {step.key: None for step in steps}
    found = {key: graph.ancestors(after, key) for key in after}
    for step in steps:
        if step.repeat and step.repeat.from_ in found:
            for key in graph.between(after, step.repeat.from_, step.key):
                found[key] |= set(graph.between(after, step.repeat.from_, step.key))
    return dict(found)


def _expressions(step: StepPart, place: Place, before: Before) -> Iterator[tuple[Place, str]]:
    rails = [(("guardrails", i, "when"), rail.when, "rule") for i, rail in enumerate(step.guardrails)]
    own = [(("when",), step.when, "when"), (("confidence",), step.confidence, "confidence")]
    ends = [(("repeat", "until"), step.repeat.until, "when")] if step.repeat else []
    for inner, text, scope in (*own, *ends, *rails):
        if text and (inner, text) != (("when",), shape.OTHERWISE):
            yield from _expression(text, (*place, *inner), before, scope=scope)


def _expression(text: str, place: Place, before: Before, *, scope: str = "params") -> Iterator[tuple[Place, str]]:
    try:
        compiled(text, boolean=scope in ("rule", "when"), scope=scope)
    except ExpressionError as error:
        yield place, str(error)
        return
    for name in _STEPS.findall(text):
        if before is not None and name not in before:
            known = ", ".join(sorted(before)) or "none"
            yield place, f"steps.{name}: “{name}” does not come before this step (before it: {known})"


_DOES = ("capability", "params", "confidence", "min_confidence", "sample_rate", "guardrails", "data")
"""What a step that waits has no use for."""


def _wait(step: StepPart, place: Place, before: Before) -> Iterator[tuple[Place, str]]:
    if step.wait is None:
        return
    for name, value in step.wait.model_dump().items():
        if is_cel(value) and name != "signal":
            yield from _expression(value[1:], (*place, "wait", name), before, scope="when")
    for name in _DOES:
        if getattr(step, name) not in ("", None, 0, {}, []):
            yield (*place, name), f"a step that waits does nothing else; let another one, after it, have the {name}"
    if step.ownership != "automated":
        yield (*place, "ownership"), "a step that waits decides nothing, so leave its ownership out"


def _capability(step: StepPart, place: Place, before: Before) -> Iterator[tuple[Place, str]]:
    if not step.capability or step.wait:
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
        yield from _param(does, name, fields[name], value, (*place, "params", name), before)


def _param(
    does: Capability, name: str, field: Any, value: Any, place: Place, before: Before
) -> Iterator[tuple[Place, str]]:
    dynamic = list(_dynamic(value))
    for text in [*dynamic, *([value] if name in does.expressions and isinstance(value, str) and not dynamic else [])]:
        yield from _expression(text, place, before)
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


def _no_such(what: str, name: str, known: Collection[str]) -> str:
    return (
        f"there is no {what} “{name}”; there {'are' if len(known) > 1 else 'is'} {', '.join(sorted(known)) or 'none'}"
    )
