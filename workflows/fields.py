"""Which fields of its record a step uses: those its expressions name. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

_FIELD = re.compile(r"\brecord\.([A-Za-z_]\w*)")
OWN = frozenset(("kind", "key"))
"""What a record is known by; no data of its own."""


def named(params: Mapping[str, Any], *expressions: str) -> frozenset[str]:
    """Return the names of the record's fields that the params (where they are CEL) and these expressions name."""
    texts = [*_texts(params), *expressions]
    return frozenset(name for text in texts for name in _FIELD.findall(text)) - OWN


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value if value.startswith("=") else ""
    elif isinstance(value, Mapping):
        for inner in value.values():
            yield from _texts(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _texts(inner)
