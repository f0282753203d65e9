"""Signing in: nobody signs up by themselves; leaders add people."""

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from django.core.mail import EmailMessage
from django.http import HttpRequest

from governance.mailcatcher import PRIVATE


class ClosedSignup(DefaultAccountAdapter):  # type: ignore[misc]
    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def render_mail(
        self, template_prefix: str, email: str, context: dict[str, Any], headers: dict[str, str] | None = None
    ) -> EmailMessage:
        """Mark account mails, so that the built-in catcher shows them to nobody but their reader."""
        message: EmailMessage = super().render_mail(template_prefix, email, context, headers)
        message.extra_headers[PRIVATE] = "yes"
        return message
