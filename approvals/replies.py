"""A Reply: a mail that came back, of which only the header is read; and the signed addresses that say what it answers.

Nothing in a reply is believed but the signature in the address it was sent to.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from email import policy
from email.parser import BytesHeaderParser
from email.utils import getaddresses

from django.conf import settings
from django.utils.crypto import constant_time_compare, salted_hmac

from governance.incoming import is_answer

HEADER_LIMIT = 64 * 1024
"""Bytes of a message that are looked at; a longer header is cut there."""
TOKEN = re.compile(r"(\d{1,18})\.([0-9a-f]{32})")
ARRIVED_AT = ("to", "cc", "delivered-to", "x-original-to", "envelope-to")
BULK = {"bulk", "list", "junk"}
ROBOTS = ("list-", "x-autoreply", "x-autorespond", "x-auto-response-suppress")


def reply_address(key: int, to: str) -> str:
    """Return where answers to mail `key`, sent to `to`, go. In lower case, as mail servers may change the case."""
    local, _, host = settings.REPLY_ADDRESS.rpartition("@")
    return f"{local}+{key}.{_signature(key, to)}@{host}"


def is_signed_for(key: int, to: str, signature: str) -> bool:
    return constant_time_compare(signature, _signature(key, to))


def _signature(key: int, to: str) -> str:
    return salted_hmac("approvals.replies", f"{key}:{to.lower()}", algorithm="sha256").hexdigest()[:32]


@dataclass(frozen=True)
class Reply:
    """`mechanical`: no person wrote it, or it went to many; answering it could begin a loop. `sender` is in lower
    case, and empty unless there is exactly one. `tokens` are keys of mails with their signatures, not yet checked."""

    sender: str
    tokens: tuple[tuple[int, str], ...]
    mechanical: bool

    @classmethod
    def parse(cls, content: bytes, sender: str | None, recipients: Sequence[str]) -> Reply:
        """Read the header of a message. Raises ValueError if it has none.

        `sender` and `recipients` are those of the envelope; None and nothing where they are not known.
        """
        message = BytesHeaderParser(policy=policy.default).parsebytes(content[:HEADER_LIMIT])
        # raw, as the standard library's own reading of a broken header may raise
        fields = [(name.lower(), _text(value)) for name, value in message.raw_items()]
        if not fields:
            raise ValueError("This is no mail: it has no header.")
        wrote = _addresses(value for name, value in fields if name == "from")
        went_to = [*recipients, *_addresses(value for name, value in fields if name in ARRIVED_AT)]
        return cls(wrote[0] if len(set(wrote)) == 1 else "", _tokens(went_to), sender == "" or _mechanical(fields))


def _text(value: object) -> str:
    """Return a header on one line, with a question mark for every byte that is no text."""
    return " ".join(str(value).encode(errors="replace").decode().split())


def _addresses(values: Iterable[str]) -> list[str]:
    return [address.lower() for _, address in getaddresses(list(values)) if address]


def _tokens(addresses: Sequence[str]) -> tuple[tuple[int, str], ...]:
    ours = (address.lower().rpartition("@")[0].partition("+")[2] for address in addresses if is_answer(address))
    found = (match for token in ours if (match := TOKEN.fullmatch(token)))
    return tuple(dict.fromkeys((int(match[1]), match[2]) for match in found))


def _mechanical(fields: Sequence[tuple[str, str]]) -> bool:
    for name, value in fields:
        word = value.lower().partition(";")[0].strip()
        if name == "auto-submitted" and word != "no":
            return True
        if (name == "precedence" and word in BULK) or name.startswith(ROBOTS):
            return True
        if (name == "return-path" and value.replace(" ", "") == "<>") or (
            name == "content-type" and word == "multipart/report"
        ):
            return True
    return False
