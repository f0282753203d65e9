"""What would be done, made ready for the templates in `parts/previews/`."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

from governance.templatetags.look import thousands
from workflows.capabilities.contract import Preview

HEIGHTS = (4, 8, 12, 16, 24)
WIDTH = 58
"""How many letters of a mail fit into one line of its frame."""


@dataclass(frozen=True)
class Shown:
    """A preview with its template and everything it needs in words."""

    kind: str
    data: Mapping[str, Any]

    @property
    def templates(self) -> list[str]:
        return [f"parts/previews/{self.kind}.html", "parts/previews/fields.html"]


def dressed(preview: Preview) -> Shown:
    dress = _DRESSES.get(preview.kind, _fields)
    return Shown(preview.kind, {**preview.data, **dress(preview.data)})


def _mail(data: Mapping[str, Any]) -> dict[str, Any]:
    lines = sum(1 + len(line) // WIDTH for line in str(data.get("body", "")).splitlines())
    return {"lines": lines, "height": next((height for height in HEIGHTS if lines <= height), HEIGHTS[-1])}


def _changes(data: Mapping[str, Any]) -> dict[str, Any]:
    rows = [_change(row) for row in data["rows"]]
    counted = all(row["is_number"] for row in rows) and len(rows) > 1
    before, after = (sum(_decimal(row[side]) or 0 for row in data["rows"]) if counted else 0 for side in _SIDES)
    total = {"before": thousands(before), "after": thousands(after)} if counted and before == after else None
    return {"rows": rows, "total": total, "has_numbers": any(row["is_number"] for row in rows)}


_SIDES = ("before", "after")


def _change(row: Mapping[str, Any]) -> dict[str, Any]:
    before, after = _decimal(row["before"]), _decimal(row["after"])
    is_number = before is not None and after is not None
    step = after - before if before is not None and after is not None else Decimal(0)
    return {
        "field": str(row["field"]).replace("_", " "),
        "before": shown(row["before"]),
        "after": shown(row["after"]),
        "change": f"{'+' if step > 0 else ''}{thousands(step)}" if is_number else "",
        "is_number": is_number,
    }


def _audience(data: Mapping[str, Any]) -> dict[str, Any]:
    sample = [{**row, "pairs": pairs(_nameless(row["fields"]))[:4]} for row in data["sample"]]
    return {"sample": sample, "others": max(0, int(data["size"]) - len(sample))}


def _offer(data: Mapping[str, Any]) -> dict[str, Any]:
    record = dict(data["record"])
    who = record.get("name") or f"{record.get('kind', '')} {record.get('key', '')}".strip()
    return {"who": who, "pairs": pairs(_nameless(record))}


def _nameless(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields without those that only say which record it is."""
    return {name: value for name, value in fields.items() if name not in ("kind", "key", "name")}


def _call(data: Mapping[str, Any]) -> dict[str, Any]:
    return {"pairs": pairs(data.get("body", {}))}


def _runs(data: Mapping[str, Any]) -> dict[str, Any]:
    return {"pairs": pairs(data.get("input", {})), "others": max(0, int(data["size"]) - len(data["sample"]))}


def _fields(data: Mapping[str, Any]) -> dict[str, Any]:
    return {"pairs": pairs(data)}


_DRESSES: dict[str, Callable[[Mapping[str, Any]], dict[str, Any]]] = {
    "mail": _mail,
    "changes": _changes,
    "audience": _audience,
    "offer": _offer,
    "call": _call,
    "runs": _runs,
}


def pairs(values: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return names and values in words."""
    return [(str(name).replace("_", " "), shown(value)) for name, value in values.items()]


def shown(value: Any) -> str:
    """Return any value of a payload as people read it."""
    if value is None or value == "":
        return "nothing"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int | float | Decimal):
        return thousands(value)
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)


def difference(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[dict[str, str]]:
    """Return the fields that are not the same any more, each as it was and as it is."""
    names: Sequence[str] = list(dict.fromkeys([*before, *after]))
    return [
        {"field": name.replace("_", " "), "before": shown(before.get(name)), "after": shown(after.get(name))}
        for name in names
        if before.get(name) != after.get(name)
    ]


def _decimal(value: Any) -> Decimal | None:
    """Return a number, also one that a payload holds as text; truth values are none."""
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        return None
    try:
        return Decimal(str(value))
    except InvalidOperation:
        return None
