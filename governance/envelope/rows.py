"""Conditions as rows of field, operator and value, for leaders who do not write CEL. Pure."""

from __future__ import annotations

import json
from typing import Any, Literal

from pydantic import Field, model_validator

from governance.envelope.parts import Part

Operator = Literal["=", "!=", "<", "<=", ">", ">=", "in", "not in", "contains", "begins with", "is there", "is missing"]
_CEL = {"=": "==", "!=": "!=", "<": "<", "<=": "<=", ">": ">", ">=": ">="}
WORDS = {
    "=": "is",
    "!=": "is not",
    "<": "is less than",
    "<=": "is at most",
    ">": "is more than",
    ">=": "is at least",
    "in": "is one of",
    "not in": "is none of",
    "contains": "contains",
    "begins with": "begins with",
    "is there": "is there",
    "is missing": "is missing",
}


class Row(Part):
    """One comparison: `{field: amounts.value, is: ">", value: 500}`."""

    field: str = Field(pattern=r"^[a-z]+(\.[A-Za-z_]\w*)*$", max_length=120)
    is_: Operator = Field(alias="is")
    value: str | bool | int | float | list[str | int | float] | None = None

    @model_validator(mode="after")
    def whole(self) -> Row:
        has_list = isinstance(self.value, list)
        if self.is_ in ("in", "not in") and not has_list:
            raise ValueError(f"“{WORDS[self.is_]}” needs a list of values")
        if self.is_ not in ("in", "not in") and has_list:
            raise ValueError(f"“{WORDS[self.is_]}” takes one value, not a list")
        if self.is_ in ("is there", "is missing"):
            if "." not in self.field:
                raise ValueError(f"“{WORDS[self.is_]}” is asked of a field, like record.country")
        elif self.value is None:
            raise ValueError(f"“{WORDS[self.is_]}” needs a value")
        if self.is_ in ("<", "<=", ">", ">=") and (isinstance(self.value, bool) or not _is_number(self.value)):
            raise ValueError(f"“{WORDS[self.is_]}” compares numbers; {json.dumps(self.value)} is none")
        if self.is_ in ("contains", "begins with") and not isinstance(self.value, str):
            raise ValueError(f"“{WORDS[self.is_]}” looks for text")
        return self

    @property
    def cel(self) -> str:
        value = json.dumps(self.value, ensure_ascii=False)
        match self.is_:
            case "in":
                return f"{self.field} in {value}"
            case "not in":
                return f"!({self.field} in {value})"
            case "contains":
                return f"{self.field}.contains({value})"
            case "begins with":
                return f"{self.field}.startsWith({value})"
            case "is there":
                return f"has({self.field})"
            case "is missing":
                return f"!has({self.field})"
            case operator:
                return f"{self.field} {_CEL[operator]} {value}"

    @property
    def words(self) -> str:
        if self.is_ in ("is there", "is missing"):
            return f"{self.field} {WORDS[self.is_]}"
        value = ", ".join(map(str, self.value)) if isinstance(self.value, list) else _said(self.value)
        return f"{self.field} {WORDS[self.is_]} {value}"


class Rows(Part):
    """Rows and groups of rows, of which `all` or `any` must be true."""

    all: list[Row | Rows] = Field([], max_length=30)
    any: list[Row | Rows] = Field([], max_length=30)

    @model_validator(mode="after")
    def one_kind(self) -> Rows:
        if bool(self.all) == bool(self.any):
            raise ValueError("a group has either “all” or “any”, with at least one row")
        return self

    @property
    def cel(self) -> str:
        joined, rows = (" && ", self.all) if self.all else (" || ", self.any)
        return joined.join(f"({row.cel})" if isinstance(row, Rows) else row.cel for row in rows)

    @property
    def words(self) -> str:
        joined, rows = (" and ", self.all) if self.all else (" or ", self.any)
        return joined.join(f"({row.words})" if isinstance(row, Rows) else row.words for row in rows)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float)


def _said(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return f"{value:,}" if _is_number(value) else f"“{value}”"
