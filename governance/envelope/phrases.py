"""Phrases that need an approved claim: what a text says beyond the register is found. Pure."""

from __future__ import annotations

import re

from pydantic import Field, model_validator

from governance.envelope.parts import Line, Name, Part

MOST = 200


class Phrase(Part):
    """Words (`number one`) or a regular expression between slashes (`/\\d+ ?% faster/`) that no text may hold unless it
    uses the approved claim named here, or any approved claim whose own words hold it."""

    words: Line = Field(min_length=2, max_length=MOST)
    claim: Name = ""
    why: Line = Field("", max_length=240)

    @model_validator(mode="after")
    def readable(self) -> Phrase:
        try:
            self.pattern  # noqa: B018 (compiles)
        except re.error as error:
            raise ValueError(f"“{self.words}” is no regular expression: {error}") from None
        return self

    def is_backed_by(self, claim: str, text: str) -> bool:
        """Whether the approved claim with this key and text allows the phrase."""
        return claim == self.claim if self.claim else bool(self.pattern.search(text))

    @property
    def pattern(self) -> re.Pattern[str]:
        if len(self.words) > 2 and self.words[0] == self.words[-1] == "/":
            return re.compile(self.words[1:-1], re.IGNORECASE)
        words = r"\s+".join(re.escape(word) for word in self.words.split())
        return re.compile(rf"(?<!\w){words}(?!\w)", re.IGNORECASE)
