"""The socket for “somebody answered a mail”. The package above plugs in what reads answers; `receive_mail` and the
catcher hand them in."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from django.conf import settings

Reader = Callable[[bytes, datetime, str | None, Sequence[str]], object]
"""Takes the message (or its beginning), when it came, and the sender and recipients of its envelope."""

_reader: Reader | None = None


def plug(reader: Reader) -> None:
    global _reader  # noqa: PLW0603
    _reader = reader


def hand_in(content: bytes, now: datetime, sender: str | None, recipients: Sequence[str]) -> None:
    if _reader is not None:
        _reader(content, now, sender, recipients)


def is_answer(address: str) -> bool:
    """Whether mail to this address is an answer: the reply address itself, or with a token after a plus."""
    local, _, host = address.lower().rpartition("@")
    ours, _, our_host = settings.REPLY_ADDRESS.lower().rpartition("@")
    return bool(ours) and host == our_host and local.partition("+")[0] == ours
