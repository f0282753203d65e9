"""Phrases that need an approved claim: what a text says beyond the register is found. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

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


@dataclass(frozen=True)
class Spoken:
    """A phrase that a text holds: the words as they stand there, and the approved claims that allow it."""

    phrase: Phrase
    words: str
    backed_by: tuple[str, ...] = ()

    @property
    def is_backed(self) -> bool:
        return bool(self.backed_by)

    @property
    def lacks(self) -> str:
        """What is missing, as half a sentence."""
        name = f"the approved claim “{self.phrase.claim}”" if self.phrase.claim else "an approved claim that says it"
        return f"needs {name}, and none is named" if not self.phrase.claim else f"needs {name}, which is not named"


def spoken(phrases: Sequence[Phrase], texts: Sequence[str], claims: Mapping[str, str]) -> Iterator[Spoken]:
    """Yield what of the texts needs a claim. `claims` are those that may back it: the approved ones' words, by key."""
    for phrase in phrases:
        found = next((match[0] for match in map(phrase.pattern.search, texts) if match), None)
        if found is not None:
            backing = tuple(key for key, text in claims.items() if phrase.is_backed_by(key, text))
            yield Spoken(phrase, found, backing)
