"""Sending one e-mail. Not safe to repeat: a mail that may have gone out waits for a person."""

from __future__ import annotations

import smtplib
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.mail import EmailMultiAlternatives, get_connection
from django.core.validators import validate_email
from django.utils.html import linebreaks
from pydantic import Field, field_validator

from governance.mailcatcher import TEAM
from workflows.capabilities.contract import (
    Capability,
    CapabilityError,
    Context,
    Done,
    Facts,
    NotSent,
    Preview,
    Proposal,
    Refused,
    Result,
    Unknown,
)
from workflows.capabilities.wording import WORDS, WordsParams, WordsPayload, completed, facts_of, worded

CHANNEL = "email"
"""What the register calls the channel of a mail."""
ANSWERS = 5
"""So many answers of the server a mail waits for: to MAIL, RCPT, DATA, its end, and one to spare."""


class Send(Capability):
    """Send one mail, from an approved template or from words an earlier step settled."""

    key = "email.send"
    title = "Send a mail"
    icon = "mail"
    effect = True
    changes = True
    editable = WORDS

    class Params(WordsParams):
        to: str
        to_name: str = ""
        subject: str = ""
        body: str = ""

    class Payload(WordsPayload):
        to: str
        to_name: str = ""
        subject: str = Field(min_length=1, max_length=300)
        body: str = Field(min_length=1)

        @field_validator("subject")
        @classmethod
        def one_line(cls, value: str) -> str:
            if value.splitlines() != [value]:  # more ends a line than \n: \x0b in a header begins the body
                raise ValueError("the subject must be one line")
            return value

    def propose(self, params: Params, context: Context) -> Proposal:
        words = worded(params, context, {"subject": params.subject, "body": params.body})
        try:
            validate_email(params.to)
        except ValidationError:
            raise CapabilityError(f"“{params.to}” is not an e-mail address") from None
        name = params.to_name or str(context.record.get("name", ""))
        return Proposal({"to": params.to, "to_name": name, **words})

    def complete(self, payload: Payload, context: Context) -> Mapping[str, Any]:
        return completed(payload, context)

    def facts(self, payload: Payload, context: Context) -> Facts:
        return replace(facts_of(payload, context, CHANNEL), amounts={"recipients": 1}, contacts=[payload.to])

    def host(self, payload: Payload) -> str:
        return "the mail server"

    def execute(self, payload: Payload, context: Context) -> Result:
        message = EmailMultiAlternatives(
            payload.subject,
            payload.body,
            to=[payload.to],
            headers={
                "Message-ID": f"<{context.idempotency_key}@remit>",
                "X-Remit-Key": context.idempotency_key,
                TEAM: context.team,
            },
        )
        message.attach_alternative(linebreaks(payload.body, autoescape=True), "text/html")
        return _sent(message, payload, context)

    def headline(self, payload: Payload, context: Context) -> str:
        return f"Send “{payload.subject}” to {payload.to_name or payload.to}?"

    def doubt(self, payload: Payload, context: Context) -> str:
        return f"Was “{payload.subject}” sent to {payload.to_name or payload.to}?"

    def summary(self, output: Mapping[str, Any]) -> str:
        return f"sent to {output.get('to_name') or output.get('to', '')}"

    def preview(self, payload: Payload, context: Context) -> Preview:
        return Preview("mail", {**payload.model_dump(), "sender": settings.DEFAULT_FROM_EMAIL})


def _sent(message: EmailMultiAlternatives, payload: Send.Payload, context: Context) -> Result:
    """Send, and tell apart what is certain from what is not (RFC 5321: before the end of DATA nothing was accepted)."""
    connection = message.connection = get_connection()
    try:
        connection.open()
    except (OSError, smtplib.SMTPException) as error:
        return NotSent(f"the mail server could not be reached: {error}")
    if not context.in_time:
        _close(connection)
        return NotSent("the mail server let us wait too long; nothing was sent")
    _hurry(connection, context)
    try:
        message.send()
    except smtplib.SMTPRecipientsRefused as error:
        code, words = next(iter(error.recipients.values()))
        return (Refused if code >= 500 else NotSent)(f"the mail server refused {payload.to}: {code} {_text(words)}")
    except smtplib.SMTPResponseException as error:
        kind = Refused if error.smtp_code >= 500 else NotSent
        return kind(f"the mail server answered {error.smtp_code} {_text(error.smtp_error)}")
    except (TimeoutError, smtplib.SMTPServerDisconnected, OSError) as error:
        return Unknown(f"the connection to the mail server broke while sending: {error}")
    finally:
        _close(connection)
    return Done({"to": payload.to, "to_name": payload.to_name, "subject": payload.subject})


def _hurry(connection: Any, context: Context) -> None:
    """Let the server take no longer for all its answers than the attempt has left."""
    server = getattr(connection, "connection", None)
    if context.deadline is not None and server is not None and server.sock is not None:
        left = context.deadline - time.monotonic()
        server.sock.settimeout(min(settings.EMAIL_TIMEOUT, max(left, 0.1) / ANSWERS))


def _close(connection: Any) -> None:
    """Say good-bye; whether the server hears it changes nothing about what was sent."""
    with suppress(OSError, smtplib.SMTPException):
        connection.close()


def _text(words: bytes | str) -> str:
    return words.decode(errors="replace") if isinstance(words, bytes) else words
