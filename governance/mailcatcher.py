"""Takes in every mail of the embedded default over SMTP and keeps it, byte for byte, for reading in the browser.
Answers to mails are not kept but handed on.

`up` runs the catcher; the views read what it kept. A message is one file, whose name is its key and sorts by arrival.
"""

import itertools
import logging
import os
import re
import socket
import time
from asyncio import AbstractServer
from collections.abc import Awaitable, Collection, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage, MIMEPart
from email.utils import getaddresses
from pathlib import Path

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session
from django.db import DatabaseError, connections
from django.utils import timezone

from governance import incoming
from governance.incoming import is_answer

log = logging.getLogger(__name__)
LOOPBACK = "127.0.0.1"
KEY = re.compile(r"\d{20}-\d{6}")

PRIVATE = "X-Remit-Private"
TEAM = "X-Remit-Team"


@dataclass(frozen=True)
class Letter:
    """One caught message; `text` and `html` are None where it has no such part."""

    key: str
    sender: str
    recipients: str
    copies: str
    subject: str
    text: str | None
    html: str | None
    attachments: list[str]
    private: bool
    """Nobody's business but the reader's: a link that changes a password, say."""

    team: str
    """The slug of the team whose affair it is; empty: nobody's in particular."""

    def may_be_read_by(self, email: str, teams: Collection[str]) -> bool:
        """Whether the mail is addressed to this person, or is an affair of one of their teams."""
        if self.is_to(email):
            return True
        return not self.private and (not self.team or self.team in teams)

    answers_to: str
    """Where an answer goes; empty: nowhere that reads it."""

    def is_to(self, email: str) -> bool:
        return email.lower() in {address.lower() for _, address in getaddresses([self.recipients])}

    @property
    def arrived_at(self) -> datetime:
        return datetime.fromtimestamp(int(self.key[:20]) / 1e9, UTC)

    @classmethod
    def parse(cls, key: str, content: bytes) -> "Letter":
        message = message_from_bytes(content, policy=policy.default)
        return cls(
            key=key,
            sender=_header(message, "From"),
            recipients=_header(message, "To"),
            copies=_header(message, "Cc"),
            subject=_header(message, "Subject"),
            answers_to=_header(message, "Reply-To"),
            text=_content(message.get_body(("plain",))),
            html=_content(message.get_body(("html",))),
            attachments=[part.get_filename() or part.get_content_type() for part in _attached(message)],
            private=bool(_header(message, PRIVATE)),
            team=_header(message, TEAM),
        )


def _header(message: EmailMessage, name: str) -> str:
    try:
        return str(message.get(name, ""))
    except (ValueError, LookupError, AttributeError, TypeError):  # the standard library stumbles over some broken ones
        return str(dict(message.raw_items()).get(name, ""))


def _content(part: MIMEPart | None) -> str | None:
    if part is None:
        return None
    try:
        return str(part.get_content(errors="replace"))
    except LookupError:  # a character set nobody knows
        payload = part.get_payload(decode=True)
        return payload.decode(errors="replace") if isinstance(payload, bytes) else ""


def _attached(message: EmailMessage) -> Iterable[MIMEPart]:
    return message.iter_attachments() if message.is_multipart() else ()


class MailFolder:
    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._numbers = itertools.count()

    def newest_first(self) -> list[str]:
        """Return the keys of all messages."""
        if not self._folder.is_dir():
            return []
        return sorted((file.stem for file in self._folder.glob("*.eml") if KEY.fullmatch(file.stem)), reverse=True)

    def read(self, key: str) -> Letter | None:
        if not KEY.fullmatch(key):
            return None
        try:
            return Letter.parse(key, (self._folder / f"{key}.eml").read_bytes())
        except FileNotFoundError:
            return None

    def keep(self, content: bytes) -> str:
        """Store a message so that it is either wholly there, also after a power cut, or not at all."""
        self._folder.mkdir(parents=True, exist_ok=True)
        key = f"{time.time_ns():020d}-{next(self._numbers) % 1_000_000:06d}"
        draft = self._folder / f"{key}.part"
        with draft.open("xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        draft.rename(self._folder / f"{key}.eml")
        folder = os.open(self._folder, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
        return key


class MailCatcher(Controller):
    """An SMTP server on loopback: at `port`, or at a free one if that is taken. Started and stopped by `up`."""

    def __init__(self, folder: MailFolder, port: int) -> None:
        self._listener = _listen(port)
        self._mail = folder
        super().__init__(self, hostname=LOOPBACK, port=self._listener.getsockname()[1], server_hostname="localhost")

    def _create_server(self) -> Awaitable[AbstractServer]:
        return self.loop.create_server(self._factory_invoker, sock=self._listener)

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        if any(is_answer(address) for address in envelope.rcpt_tos):
            return await self.loop.run_in_executor(None, _hand_in, envelope)
        try:
            self._mail.keep(envelope.original_content or b"")
        except OSError as error:
            return f"451 The message could not be stored: {error.strerror}"
        return "250 Kept"


def _hand_in(envelope: Envelope) -> str:
    """Give an answer to who reads answers, in a thread of its own, as that takes the database."""
    try:
        incoming.hand_in(envelope.original_content or b"", timezone.now(), envelope.mail_from, envelope.rcpt_tos)
    except ValueError as error:
        return f"554 {error}"
    except DatabaseError:
        log.warning("An answer to a mail could not be taken in", exc_info=True)
        return "451 The answer could not be taken in now; try again later"
    finally:
        connections.close_all()
    return "250 Taken in"


def _listen(port: int) -> socket.socket:
    try:
        return socket.create_server((LOOPBACK, port))
    except OSError:
        return socket.create_server((LOOPBACK, 0))
