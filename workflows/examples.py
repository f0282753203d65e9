"""Worked examples, run: does what leaders expect of past and imagined actions still hold under these words?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from governance.envelope.examples import Example
from governance.envelope.whole import Envelope
from governance.judging import Verdict
from workflows.actions import Action
from workflows.files import WorkflowPart
from workflows.partterms import verdict_on_part

WORDS = {"act": "acts alone", "review": "a person approves", "human": "a person does it", "refuse": "is refused"}


@dataclass(frozen=True)
class Broken:
    """An example that does not hold, with what was found instead, in words."""

    example: Example
    found: str

    def __str__(self) -> str:
        expected = WORDS[self.example.expect]
        asked = f" by {', '.join(self.example.tracks)}" if self.example.tracks else ""
        return f"“{self.example.title}”: expected {expected}{asked}, found {self.found}"


def broken(envelope: Envelope, parts: Mapping[str, WorkflowPart]) -> list[Broken]:
    """Return the envelope's examples that do not hold, given the workflows by slug."""
    return [Broken(example, found) for example in envelope.examples if (found := _differs(example, envelope, parts))]


def _differs(example: Example, envelope: Envelope, parts: Mapping[str, WorkflowPart]) -> str:
    """Return what the verdict is instead of what is expected; empty when the example holds."""
    part = parts.get(example.workflow)
    if part is None:
        return f"no workflow “{example.workflow}” in force"
    step = next((step for step in part.steps if step.key == example.step), None)
    if step is None:
        return f"no step “{example.step}” in {part.title}"
    try:
        verdict = verdict_on_part(_facts(example), envelope, "the rulebook", part, step)
    except (AttributeError, KeyError, TypeError, ValueError) as error:  # facts that no engine would have gathered
        return f"facts that cannot be judged ({type(error).__name__}: {error})"
    asked = [need.key for need in verdict.needs]
    right = verdict.outcome == example.expect and (example.tracks is None or sorted(asked) == sorted(example.tracks))
    return "" if right else said(verdict, asked)


def _facts(example: Example) -> dict[str, Any]:
    """Return the facts as the judge sees them: `now` as a moment, where the example has one."""
    facts = {"action": {"id": 0}, **example.facts}
    if isinstance(facts.get("now"), str):
        facts["now"] = datetime.fromisoformat(facts["now"])
    return facts


def of_action(action: Action) -> Example:
    """Return the example that a past action makes: what was known of it, and what was to be done."""
    keys = [str(need["key"]) for need in action.needs]
    words = WORDS.get(action.verdict, action.verdict)
    return Example(
        title=f"{action.step.title} of run {action.run_id} {words}",
        workflow=action.workflow.slug,
        step=action.step.key,
        facts=action.facts,
        expect=action.verdict,  # type: ignore[arg-type]
        tracks=keys or None,
    )


def said(verdict: Verdict, asked: Sequence[str]) -> str:
    """Return the verdict in words: who is asked, and why."""
    who = f" by {', '.join(asked)}" if asked else ""
    why = f" ({verdict.reasons[0].words})" if verdict.reasons else ""
    return f"{WORDS[verdict.outcome]}{who}{why}"
