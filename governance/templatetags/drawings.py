"""The leaders' small drawings: a step's record, its floor, past confidence, and what people had decided.

Everything is an SVG of attributes, so that it needs neither a script nor an inline style. See `look/lead.md`, 4 to 6.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from django.template import Library

register = Library()

BASELINE = 22.0
LOWEST, HIGHEST = 0.5, 1.0


@register.inclusion_tag("parts/record.html")
def record(weeks: Sequence[tuple[int, int, int]], words: str) -> dict[str, object]:
    """13 weeks as (kept, edited, rejected) counts: above the line kept and edited, below it rejected."""
    busiest = max((kept + edited for kept, edited, _ in weeks), default=0) or 1
    bars = []
    for number, (kept, edited, rejected) in enumerate(weeks):
        hollow = max(4.0, edited / busiest * 20) if edited else 0.0
        solid = min(kept / busiest * 20, 21 - hollow)
        bars.append(
            {
                "x": round(number * 10.2, 1),
                "kept_y": round(BASELINE - solid, 1),
                "kept": round(solid, 1),
                "edited_x": round(number * 10.2 + 0.5, 1),
                "edited_y": round(BASELINE - solid - hollow + 0.5, 1),
                "edited": round(hollow - 0.5, 1) if hollow else 0,
                "rejected": round(min(7.0, max(2.0, rejected / busiest * 20)), 1) if rejected else 0,
            }
        )
    return {"bars": bars, "words": words, "baseline": BASELINE}


@register.inclusion_tag("parts/floor.html")
def floor(value: float) -> dict[str, object]:
    """A confidence floor on a scale from 0.5 to 1, 84 wide: from the tick on, software acts alone."""
    at = round(_place(float(value)) * 84, 1)
    return {"at": at, "rest": round(84 - at, 1), "words": f"floor {value}"}


@register.inclusion_tag("parts/histogram.html")
def histogram(
    bins: Sequence[int],
    floor: float,
    words: str,
    in_force: float | None = None,
    low: float = LOWEST,
    person: int | None = None,
    alone: int | None = None,
) -> dict[str, object]:
    """Past confidence from `low` to 1 in equal bins, 342 wide; from the floor on it is what software would take alone.

    `person` and `alone` are the exact counts on both sides of the floor; without them the bins are counted.
    """
    tallest, wide = max(bins, default=0) or 1, 342 / max(1, len(bins))
    bars = [
        {
            "x": round(number * wide, 1),
            "y": round(64 - count / tallest * 46, 1),
            "high": round(count / tallest * 46, 1),
            "alone": low + (number + 0.5) / len(bins) * (HIGHEST - low) >= float(floor),
        }
        for number, count in enumerate(bins)
    ]
    at = round(_place(float(floor), low) * 342, 1)
    before = None if in_force is None else round(_place(float(in_force), low) * 342, 1)
    counted = [
        sum(count for count, bar in zip(bins, bars, strict=True) if bar["alone"] is side) for side in (False, True)
    ]
    return {
        "bars": bars,
        "wide": round(wide - 1, 1),
        "at": at,
        "before": before,
        "person": counted[0] if person is None else person,
        "alone": counted[1] if alone is None else alone,
        "ticks": [
            {"x": min(340.0, round(step * 68.4, 1)), "words": f"{low + step * (HIGHEST - low) / 5:.1f}"}
            for step in range(6)
        ],
        "words": words,
    }


@register.inclusion_tag("parts/decided.html")
def decided(kept: int, edited: int, rejected: int, words: str) -> dict[str, object]:
    """What people had decided, as one bar: solid kept, hollow edited, red rejected."""
    widths = list(_shares((kept, edited, rejected)))
    return {"kept": widths[0], "edited": widths[1], "rejected": widths[2], "at": 100 - widths[2], "words": words}


def _place(value: float, low: float = LOWEST) -> float:
    return max(0.0, min(1.0, (value - low) / (HIGHEST - low)))


def _shares(counts: Iterable[int]) -> Iterable[float]:
    numbers = list(counts)
    whole = sum(numbers) or 1
    return (round(number / whole * 100, 2) for number in numbers)
