"""Rows by what stands inside a JSON column."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from django.db.models import BooleanField, F
from django.db.models.expressions import Func


class ListsOne(Func):
    """True where the list `name` in the JSON column has an object that holds all of `wanted`: `filter(ListsOne(…))`."""

    output_field = BooleanField()
    arity = 1

    def __init__(self, column: str, name: str, wanted: Mapping[str, str | int]) -> None:
        super().__init__(F(column))
        self.name, self.wanted = name, dict(wanted)

    def as_postgresql(self, compiler: Any, connection: Any, **more: Any) -> tuple[str, list[Any]]:
        column, params = compiler.compile(self.source_expressions[0])
        return f"({column} @> %s::jsonb)", [*params, json.dumps({self.name: [self.wanted]})]

    def as_sqlite(self, compiler: Any, connection: Any, **more: Any) -> Any:
        column, params = compiler.compile(self.source_expressions[0])
        tests = " AND ".join("json_extract(one.value, %s) = %s" for _ in self.wanted)
        values = [value for name, text in self.wanted.items() for value in (f"$.{name}", text)]
        found = f"EXISTS (SELECT 1 FROM json_each({column}, %s) AS one WHERE {tests})"
        return found, [*params, f"$.{self.name}", *values]
