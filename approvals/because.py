"""Why a person at all: one sentence for the head of an item. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

ONLY = {
    "sample": "This step acts alone inside its bounds. This one was drawn to be looked at.",
    "eligibility": "This workflow may not act alone yet, so a person decides.",
}
"""What is said when this is the only rule that tripped."""


class Owned(Protocol):
    ownership: str


def because(kind: str, step: Owned, reasons: Sequence[Mapping[str, Any]], *, recommends: bool) -> str:
    """`reasons` are those of the action; `recommends` says that software has a proposal."""
    if kind == "uncertain":
        return "We do not know whether this was done. Only a person can find out and say."
    return _todo(step, reasons, recommends) if kind == "todo" else _approval(step, reasons)


def _todo(step: Owned, reasons: Sequence[Mapping[str, Any]], recommends: bool) -> str:
    if step.ownership == "human_owned":
        return f"This step belongs to people; software {'only recommends' if recommends else 'does nothing here'}."
    if any(reason["outcome"] == "human" for reason in reasons):
        return "A rule gives this to a person, so software does nothing here."
    return "A person took this over, so it is done by hand."


def _approval(step: Owned, reasons: Sequence[Mapping[str, Any]]) -> str:
    tripped = [str(reason["rule"]) for reason in reasons if reason["rule"] != "ownership"]
    if step.ownership == "needs_approval":
        more = {0: "", 1: " One rule tripped, too."}.get(len(tripped), f" {len(tripped)} rules tripped, too.")
        return f"This step always asks a person.{more}"
    if len(tripped) == 1 and tripped[0] in ONLY:
        return ONLY[tripped[0]]
    many = "One is crossed" if len(tripped) == 1 else f"{len(tripped)} are crossed"
    return f"This step acts alone inside its bounds. {many}, so a person decides."
