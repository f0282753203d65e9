"""The changes of a draft as pages show them: each with its chip, and how many go which way."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from governance.publishing import Change, Direction

CHIPS = {Direction.LOOSENS: "loosens", Direction.TIGHTENS: "tightens", Direction.NEUTRAL: "equal"}


def changes_in_words(changed: Sequence[Change]) -> dict[str, Any]:
    """Return the changes with their chips, and how many there are of each direction, in words."""
    count = Counter(change.direction for change in changed)
    neutral = count[Direction.NEUTRAL]
    words = [
        f"{number} {one if number == 1 else many}"
        for number, one, many in (
            (count[Direction.LOOSENS], "loosens", "loosen"),
            (count[Direction.TIGHTENS], "tightens", "tighten"),
            (neutral, "is neutral", "are neutral"),
        )
        if number
    ]
    return {"changes": [(CHIPS[change.direction], change) for change in changed], "change_words": ", ".join(words)}
