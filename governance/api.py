"""What all of the API shares: errors as sentences, with the same codes as the pages."""

from __future__ import annotations

from typing import Any

from rest_framework.response import Response
from rest_framework.views import exception_handler


def explain(error: Exception, context: dict[str, Any]) -> Response | None:
    return exception_handler(error, context)
