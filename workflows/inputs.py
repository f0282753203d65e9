"""Checking a run's input against the schema its workflow states (JSON Schema, of which the parts below)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_TYPES: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "array": (list,),
    "object": (dict,),
}


STRING_LIMIT = 10_000


def check_input(schema: Mapping[str, Any], given: Mapping[str, Any]) -> None:
    """Raise ValueError with a sentence unless the input fits: `required`, `properties` with `type` and `enum`."""
    for name, value in given.items():
        if _longest(value) > STRING_LIMIT:
            raise ValueError(f"Input “{name[:80]}” holds more than {STRING_LIMIT:,} characters.")
    if not schema:
        return
    properties = schema.get("properties", {})
    for name in schema.get("required", ()):
        if name not in given:
            raise ValueError(f"The input lacks “{name}”.")
    for name, value in given.items():
        if name not in properties:
            known = ", ".join(properties) or "nothing"
            raise ValueError(f"The input has “{name}”, but the workflow takes {known}.")
        _check_value(name, value, properties[name])


def _longest(value: Any) -> int:
    """Return the length of the longest string in it."""
    if isinstance(value, str):
        return len(value)
    inside = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return max(map(_longest, inside), default=0)


def _check_value(name: str, value: Any, schema: Mapping[str, Any]) -> None:
    kind = schema.get("type")
    fits = kind is None or isinstance(value, _TYPES[kind])
    if fits and isinstance(value, bool) and kind in ("integer", "number"):
        fits = False
    if not fits:
        raise ValueError(f"Input “{name}” must be of type {kind}, not {value!r}.")
    if "enum" in schema and value not in schema["enum"]:
        raise ValueError(f"Input “{name}” must be one of {', '.join(map(str, schema['enum']))}, not {value!r}.")


def check_schema(schema: Mapping[str, Any]) -> None:
    """Raise ValueError with a sentence unless this is a schema `check_input` understands."""
    if schema and schema.get("type", "object") != "object":
        raise ValueError("input: type must be object")
    for name, part in schema.get("properties", {}).items():
        if not isinstance(part, Mapping) or part.get("type") not in (None, *_TYPES):
            raise ValueError(f"input: property “{name}” must have a type: {', '.join(_TYPES)}")
    for name in schema.get("required", ()):
        if name not in schema.get("properties", {}):
            raise ValueError(f"input: “{name}” is required but not among the properties")
