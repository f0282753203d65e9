"""API tokens: shown once, kept only as a digest."""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime

from django.db import models
from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from governance.people import Person


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


class Token(models.Model):
    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="tokens")
    label = models.CharField(max_length=80)
    digest = models.CharField(max_length=64, unique=True)
    made_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return f"{self.label} of {self.person}"

    @classmethod
    def issue(cls, person: Person, label: str, now: datetime) -> str:
        """Make a token and return its secret, which nobody can read again."""
        secret = f"remit_{secrets.token_urlsafe(32)}"
        cls.objects.create(person=person, label=label, digest=_digest(secret), made_at=now)
        return secret


class TokenAuthentication(BaseAuthentication):
    """`Authorization: Bearer remit_…`"""

    def authenticate(self, request: Request) -> tuple[Person, Token] | None:
        words = get_authorization_header(request).decode("latin-1").split()
        if len(words) != 2 or words[0].lower() != "bearer":
            return None
        token = Token.objects.select_related("person").filter(digest=_digest(words[1]), revoked_at=None).first()
        if token is None or not token.person.is_active:
            raise AuthenticationFailed("This token is not known, or it was revoked.")
        return token.person, token

    def authenticate_header(self, request: Request) -> str:
        return "Bearer"
