"""Calling a system of others: JSON over HTTP, to allowed hosts only."""

from __future__ import annotations

import ipaddress
import json
import socket
import time
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any, Literal

import httpx
from django.conf import settings
from pydantic import Field

from governance.judging.checks import is_number
from workflows.capabilities.contract import (
    Capability,
    CapabilityError,
    Context,
    Done,
    Facts,
    NotSent,
    Preview,
    Proposal,
    RecordRef,
    Refused,
    Result,
    Shape,
    Unknown,
)

TIMEOUT = httpx.Timeout(20, connect=5)
LARGEST = 100_000
"""Most bytes of an answer that are kept."""


class Request(Capability):
    """Send JSON with an `Idempotency-Key`. `deduplicates` says that the receiver honours it, so repeating is safe."""

    key = "http.request"
    title = "Call another system"
    icon = "webhook"
    effect = True
    changes = True
    editable = ("body",)

    class Params(Shape):
        url: str
        method: Literal["POST", "PUT", "PATCH", "DELETE"] = "POST"
        body: dict[str, Any] = Field(default_factory=dict, alias="json")
        deduplicates: bool = False
        record: RecordRef | None = None

    class Payload(Shape):
        url: str
        method: str
        body: dict[str, Any]
        deduplicates: bool

    def propose(self, params: Params, context: Context) -> Proposal:
        host_of(params.url)
        return Proposal(params.model_dump(exclude={"record"}))

    def facts(self, payload: Payload, context: Context) -> Facts:
        """The numbers at the top of what is sent are amounts that rules can bound."""
        numbers = {name: value for name, value in payload.body.items() if is_number(value)}
        return Facts(amounts={**numbers, "calls": 1})

    def retry_safe(self, payload: Payload) -> bool:
        return payload.deduplicates

    def host(self, payload: Payload) -> str:
        return httpx.URL(payload.url).host

    def execute(self, payload: Payload, context: Context) -> Result:
        try:
            host = host_of(payload.url)
            address = public_address(host, httpx.URL(payload.url).port)
        except CapabilityError as error:
            return Refused(str(error))
        except OSError as error:
            return NotSent(f"{payload.url} could not be found: {error}")
        return _call(payload, host, address, context)

    def headline(self, payload: Payload, context: Context) -> str:
        return f"Call {httpx.URL(payload.url).host} ({payload.method})?"

    def doubt(self, payload: Payload, context: Context) -> str:
        return f"Did {httpx.URL(payload.url).host} receive the call ({payload.method})?"

    def summary(self, output: Mapping[str, Any]) -> str:
        return f"answered {output.get('status', '')}"

    def preview(self, payload: Payload, context: Context) -> Preview:
        return Preview("call", payload.model_dump())


def host_of(url: str) -> str:
    """Return the host, if calls may go there at all. Raises CapabilityError."""
    try:
        parsed = httpx.URL(url)
        parsed.host  # noqa: B018 (decodes the name)
    except (httpx.InvalidURL, UnicodeError) as error:
        raise CapabilityError(f"“{url}” is not an address: {error}") from None
    if parsed.scheme not in ("http", "https") or not parsed.host:
        raise CapabilityError(f"“{url}” is not an http(s) address")
    if parsed.userinfo:
        raise CapabilityError("an address must not carry a user name or password")
    if parsed.host not in settings.HTTP_ALLOWED_HOSTS and "*" not in settings.HTTP_ALLOWED_HOSTS:
        raise CapabilityError(f"{parsed.host} is not a host software may call (HTTP_ALLOWED_HOSTS)")
    return parsed.host


def public_address(host: str, port: int | None) -> str:
    """Return an address of the host. A private one is refused unless the setting names the host itself."""
    found = [info[4][0] for info in socket.getaddrinfo(host, port or 443, type=socket.SOCK_STREAM)]
    if host not in settings.HTTP_ALLOWED_HOSTS:
        for address in found:
            if not ipaddress.ip_address(str(address).split("%")[0]).is_global:
                raise CapabilityError(f"{host} is a private address ({address})")
    return str(found[0])


@lru_cache(maxsize=64)
def _client(host: str) -> httpx.Client:
    """Return the process's connections to a host; never shared between hosts, whose names were checked one by one."""
    limits = httpx.Limits(max_connections=100, max_keepalive_connections=32, keepalive_expiry=2.0)
    return httpx.Client(timeout=TIMEOUT, limits=limits, follow_redirects=False, trust_env=False)


class _TooLate(Exception):
    """The connection stood only after the attempt's deadline; nothing was sent over it."""


def _in_time(context: Context) -> Callable[[str, Any], None]:
    """Return what httpx calls at each stage: the last look at the clock, before the first byte leaves."""

    def look(stage: str, info: Any) -> None:
        if stage.endswith("send_request_headers.started") and not context.in_time:
            raise _TooLate

    return look


def _call(payload: Request.Payload, host: str, address: str, context: Context) -> Result:
    """Call the very address that was checked, under the host's name."""
    url = httpx.URL(payload.url)
    headers = {"Idempotency-Key": context.idempotency_key, "Host": url.netloc.decode()}
    extensions = {"sni_hostname": host, "trace": _in_time(context)}
    try:
        with _client(host).stream(
            payload.method, url.copy_with(host=address), json=payload.body, headers=headers, extensions=extensions
        ) as answer:
            return _read(answer, host)
    except _TooLate:
        return NotSent(f"{host} let us wait too long; nothing was sent")
    except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
        return NotSent(f"{host} could not be reached: {error}")
    except httpx.HTTPError as error:
        return Unknown(f"{host} did not answer after the call was sent: {error or type(error).__name__}")


def _read(answer: httpx.Response, host: str) -> Result:
    status = answer.status_code
    if 200 <= status < 300:
        return Done({"status": status, "answer": _body(answer)})
    if status == 429:
        return NotSent(f"{host} asked to wait (429)")
    if 400 <= status < 500:
        return Refused(f"{host} refused with {status}")
    return Unknown(f"{host} answered {status}, which does not say whether it was done")


def _body(answer: httpx.Response) -> Any:
    """Return the JSON of an answer that is short, comes soon, and can be stored (no NaN, NUL, half surrogate pair)."""
    content, stop_at = b"", time.monotonic() + 20
    try:
        for chunk in answer.iter_bytes():
            content += chunk
            if len(content) > LARGEST or time.monotonic() > stop_at:
                return {}
        found = json.loads(content or b"{}")
        words = json.dumps(found, allow_nan=False, ensure_ascii=False).encode()
    except (ValueError, RecursionError, httpx.HTTPError):  # it was done all the same: the status said so
        return {}
    return {} if b"\\u0000" in words.replace(b"\\\\", b"") else found
