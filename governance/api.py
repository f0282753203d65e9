"""What all of the API shares: errors as sentences with the same codes as the pages, and pages of results.

The upper packages say with `tells` how their own exceptions are answered; nobody else makes error responses.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import PermissionDenied, RequestDataTooBig
from django.http import Http404
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.utils import OpenApiResponse, inline_serializer
from rest_framework import serializers
from rest_framework.exceptions import APIException, NotFound, ParseError, ValidationError
from rest_framework.pagination import CursorPagination
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import exception_handler, set_rollback

from governance.people import Person

Facts = Callable[[Any], Mapping[str, Any]]


@dataclass(frozen=True)
class Told:
    status: int
    code: str
    words: str
    facts: Facts


_TOLD: dict[type[Exception], Told] = {}
WORDS = {
    401: "Sign in, or send a token: “Authorization: Bearer remit_…”.",
    403: "Your role does not allow this.",
    404: "There is no such thing for you.",
}


def tells(kind: type[Exception], status: int, code: str, facts: Facts = lambda error: {}, *, words: str = "") -> None:
    """Answer this exception with the status, its sentence or `words`, the code, and facts worked out from it."""
    _TOLD[kind] = Told(status, code, words, facts)


tells(RequestDataTooBig, 413, "too_large", words="The body is longer than Remit takes; nothing was done.")


def explain(error: Exception, context: dict[str, Any]) -> Response | None:
    """Return `{"error": a sentence, "code": a word}` and further facts; None for what nobody foresaw (500)."""
    told = next((_TOLD[kind] for kind in type(error).__mro__ if kind in _TOLD), None)
    if told is not None:
        set_rollback()
        return Response({"error": told.words or str(error), "code": told.code, **told.facts(error)}, status=told.status)
    response = exception_handler(error, context)
    if response is None:
        return None
    if isinstance(error, ValidationError):
        response.status_code = 422
        fields = _sendable(error.detail)
        response.data = {"error": _first(fields), "code": "does_not_fit", "fields": fields}
        return response
    response.data = {"error": _sentence(error, response.status_code), "code": _code(error)}
    return response


def _sendable(detail: Any) -> Any:
    """Return what is wrong with the fields, with what no text can hold (half a character) written as an escape."""
    if isinstance(detail, Mapping):
        return {_sendable(name): _sendable(words) for name, words in detail.items()}
    if isinstance(detail, list):
        return [_sendable(words) for words in detail]
    return str(detail).encode("utf-8", "backslashreplace").decode()


def _sentence(error: Exception, status: int) -> str:
    if isinstance(error, ParseError):
        return f"The body could not be read: {error.detail}"
    if isinstance(error, Http404 | PermissionDenied) and str(error):
        return str(error)
    if isinstance(error, APIException) and status not in WORDS:
        return str(error.detail)
    own = getattr(error, "detail", "")
    return str(own) if own and own != getattr(error, "default_detail", "") else WORDS[status]


def _code(error: Exception) -> str:
    if isinstance(error, Http404):
        return "not_found"
    if isinstance(error, PermissionDenied):
        return "not_allowed"
    return str(getattr(error, "default_code", "error"))


def _first(detail: Any, name: str = "") -> str:
    """Return the first finding of a validation as a sentence that names its field."""
    if isinstance(detail, Mapping):
        key, inner = next(iter(detail.items()))
        return _first(inner, "" if key == "non_field_errors" else str(key))
    if isinstance(detail, list):
        return _first(detail[0], name)
    return f"{name}: {detail}" if name else str(detail)


def person_of(request: Request) -> Person:
    assert isinstance(request.user, Person)
    return request.user


class NewestFirst(CursorPagination):
    """Pages by cursor, so that the last page costs what the first one does."""

    ordering = "-id"
    page_size_query_param = "page_size"
    max_page_size = 200
    invalid_cursor_message = "This cursor is none of ours; take it from “next” or “previous”."

    def decode_cursor(self, request: Request) -> Any:
        cursor = super().decode_cursor(request)
        if cursor is not None and cursor.position is not None and not _is_id(str(cursor.position)):
            raise NotFound(self.invalid_cursor_message)
        return cursor


def _is_id(text: str) -> bool:
    return text.isascii() and text.isdigit() and int(text) < 2**63


class ObjectField(serializers.JSONField):
    """A JSON object that both databases can hold."""

    def to_internal_value(self, data: Any) -> Any:
        value = super().to_internal_value(data)
        if not isinstance(value, dict):
            raise ValidationError("This must be a JSON object.")
        words = json.dumps(value, ensure_ascii=False).replace("\\\\", "")
        if "\\u0000" in words or any("\ud800" <= letter <= "\udfff" for letter in words):
            raise ValidationError("Text must not hold the character NUL or half of a surrogate pair.")
        return value


class KnownFields(serializers.Serializer[Any]):
    """What is sent to us, where a field nobody reads is a mistake to be told and not one to be dropped."""

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, Mapping) and (unknown := [name for name in data if name not in self.fields]):
            names = ", ".join(f"“{name[:80]}”" for name in unknown[:10]).encode("utf-8", "backslashreplace").decode()
            none = "There are no fields" if len(unknown) > 1 else "There is no field"
            raise ValidationError({"non_field_errors": [f"{none} {names}; there are {', '.join(self.fields)}."]})
        return super().to_internal_value(data)


def _error(name: str, **more: serializers.Field[Any, Any, Any, Any]) -> serializers.Serializer[Any]:
    return inline_serializer(name, {"error": serializers.CharField(), "code": serializers.CharField(), **more})


UNKNOWN = {
    401: OpenApiResponse(_error("NotSignedIn"), "Nobody is signed in, or the token is not known."),
    404: OpenApiResponse(_error("NotFound"), "There is no such thing, or not for this person."),
}
"""Error responses of every resource."""
NOT_ALLOWED = {403: OpenApiResponse(_error("NotAllowed"), "The person may see this but not do that.")}
DOES_NOT_FIT = {
    400: OpenApiResponse(_error("Malformed"), "The body is not JSON."),
    422: OpenApiResponse(
        _error(
            "DoesNotFit",
            fields=serializers.DictField(required=False),
            reasons=serializers.ListField(child=serializers.DictField(), required=False),
        ),
        "Understood, but it does not fit; the sentence says why.",
    ),
}
CONFLICT = {
    409: OpenApiResponse(
        _error("Conflict", decision=serializers.DictField(required=False)),
        "What was asked for is no longer possible: `already_decided`, `stale`, `cannot_start`, `lost_race`.",
    )
}


class TokenScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    target_class = "governance.tokens.TokenAuthentication"
    name = "token"

    def get_security_definition(self, auto_schema: Any) -> dict[str, Any]:
        return {"type": "http", "scheme": "bearer", "bearerFormat": "remit_…"}
