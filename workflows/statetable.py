"""The states of an action in words and as a drawing. Pure; the table itself is `workflows.actions.TRANSITIONS`."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

EXPLANATIONS: dict[str, str] = {
    "ready": "software may take it as soon as it is due; a halt holds it here",
    "claimed": "a worker took it for a while to propose and judge it; nothing has left yet",
    "started": "its begin is written down and its effect is on the way; no other worker may begin it now",
    "in_review": "people are asked whether what was proposed may be done",
    "with_person": "a person does it by hand and records what came of it",
    "uncertain": "it may have happened; a named person finds out, and nothing is repeated before",
    "done": "it was done, by software or by a person",
    "failed": "it was tried, or could not be proposed, and certainly was not done",
    "refused": "the rules in force forbid it; nothing was done",
    "rejected": "a person said no; nothing was done",
    "skipped": "it does not apply to this run, or a leader passed over it",
    "cancelled": "its run ended or somebody withdrew it before it began",
    "expired": "its time passed before anybody answered; a time-out never approves",
}
"""What it means for an action to stand in a state, as half a sentence, in the order of an action's life."""

BEGIN, END = "<!-- states: written by manage.py draw_states -->", "<!-- states: end -->"
Transitions = Mapping[Any, Collection[str]]


class NoMarkers(ValueError):
    """The text has no place for the drawing; `str()` says what to put where."""


def diagram(transitions: Transitions) -> str:
    """Return the table as a Mermaid state diagram, beginning where most actions begin."""
    lines = ["stateDiagram-v2", "    direction LR", "    [*] --> ready"]
    for was in EXPLANATIONS:
        lines += [f"    {was} --> {to}" for to in EXPLANATIONS if to in transitions[was]]
    lines += [f"    {state} --> [*]" for state in EXPLANATIONS if not transitions[state]]
    return "\n".join(["```mermaid", *lines, "```"])


def listing() -> str:
    """Return in Markdown what it means to stand in each state."""
    return "\n".join(["| state | what it means |", "|---|---|", *(f"| `{s}` | {m} |" for s, m in EXPLANATIONS.items())])


def written(text: str, transitions: Transitions) -> str:
    """Return the text with drawing and listing between the two markers. Raises NoMarkers."""
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise NoMarkers(f"There is no place for the states. Put these two lines where they belong: {BEGIN} and {END}")
    return "\n\n".join([f"{before}{BEGIN}", diagram(transitions), listing(), f"{END}{after}"])
