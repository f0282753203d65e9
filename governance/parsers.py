"""Bodies sent to the API. Apart from `governance.api`, as the REST framework's views load it while they are loaded."""

from __future__ import annotations

from collections.abc import Mapping
from typing import IO, Any

from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from rest_framework.exceptions import ParseError
from rest_framework.parsers import JSONParser

DEPTH = 100
"""SQLite reads JSON of 1,000 levels, Python's own stack ends sooner or later than that."""


class BoundedJSONParser(JSONParser):
    """JSON that is neither too long, which the framework does not check, nor too deep for what follows."""

    def parse(
        self, stream: IO[Any], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> Any:
        _check_size(parser_context or {})
        try:
            data = super().parse(stream, media_type, parser_context)
        except RecursionError:
            raise ParseError(f"it is nested more than {DEPTH} levels deep.") from None
        if _is_too_deep(data):
            raise ParseError(f"it is nested more than {DEPTH} levels deep.")
        return data


def _check_size(context: Mapping[str, Any]) -> None:
    limit, request = settings.DATA_UPLOAD_MAX_MEMORY_SIZE, context.get("request")
    if limit is not None and request is not None and int(request.META.get("CONTENT_LENGTH") or 0) > limit:
        raise RequestDataTooBig


def _is_too_deep(data: Any) -> bool:
    level = [data]
    for _ in range(DEPTH + 1):
        level = [inner for outer in level for inner in _inside(outer)]
    return bool(level)


def _inside(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return list(value.values())
    return value if isinstance(value, list) else []
