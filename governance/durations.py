"""Durations as people write them: `4h`, `90m`, `3d`. Pure."""

import re

UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
_FORM = re.compile(r"(\d+)\s*([smhdw])")


def seconds(text: str | int) -> int:
    """Return the seconds of `4h`, `1d 12h`, `90m`; a bare number is seconds. Raises ValueError with a sentence."""
    written = str(text).strip()
    if written.isdigit():
        return int(written)
    if not written or _FORM.sub("", written).strip():
        raise ValueError(f"“{written}” is not a duration; write it like 30m, 4h or 2d")
    return sum(int(number) * UNITS[unit] for number, unit in _FORM.findall(written))


def short(duration: int) -> str:
    """Return the shortest exact way to write so many seconds: 5400 is `1h 30m`."""
    parts = []
    for unit in ("d", "h", "m", "s"):
        number, duration = divmod(duration, UNITS[unit])
        if number:
            parts.append(f"{number}{unit}")
    return " ".join(parts) or "0s"
