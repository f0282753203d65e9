"""What of an item one reader is not shown: fields of another team's records, unless they are asked about them.

Who is asked to decide sees what they decide on. Where each part has an owner of its own (`Need.part`), everybody is
asked about theirs, and of the others' parts sees how many records there are and whose.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from approvals.reviews import Review
from approvals.seats import seats_for
from governance.people import Person
from workflows.capabilities.contract import Preview
from workflows.whose import NONE, Foreign


def withheld(review: Review, reader: Person, foreign: Foreign | None, now: datetime) -> Foreign:
    """Return those of the foreign records whose fields this reader is not shown."""
    if not foreign:
        return NONE
    if not review.asks(reader, now):
        return foreign
    parts = {row["part"] for row in review.action.needs if row.get("part")}
    if not parts & foreign.teams:
        return NONE
    mine = review.seats.filter(seats_for(reader, now.date()), team__in=parts).values_list("team", flat=True)
    return foreign.of(parts.difference(mine))


def withhold(preview: Preview, hidden: Foreign) -> Preview:
    """Return the preview without the fields of these records: a list keeps its other rows."""
    if not hidden:
        return preview
    if "sample" not in preview.data:
        return Preview("fields", {"about": hidden.words})
    keys = {key for _, key in hidden.records}
    kept = [row for row in preview.data["sample"] if row["key"] not in keys]
    return Preview(preview.kind, {**preview.data, "sample": kept, "withheld": hidden.words})


def reasons_without_values(reasons: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return the reasons without what stood in the record."""
    return [{**reason, "value": None} for reason in reasons]
