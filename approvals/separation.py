"""Who must not decide, and why. Pure."""

from __future__ import annotations


def barred(person_id: int, *, kind: str, started_by: int | None, asked_by: int | None = None) -> str:
    """Return why this person must not decide, as a sentence; empty when nothing stands against it.

    Only approvals are kept apart: a to-do and an uncertain action need somebody who knows, whoever that is.
    """
    if kind == "approval" and started_by == person_id:
        return "You started this run, so somebody else decides."
    if kind == "approval" and asked_by == person_id:
        return "You asked for this, so somebody else decides."
    return ""
