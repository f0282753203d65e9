"""Data use: which fields are which class of data, and which class may serve which purpose. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Annotated, Literal

from pydantic import Field

from governance.envelope.parts import Line, Name, Part

ANY = "*"
_Named = Annotated[str, Field(min_length=1, max_length=80)]


class DataClass(Part):
    """A class of data, like `contact details`, and the fields it is made of, like `contact.email`."""

    name: _Named
    fields: list[Annotated[str, Field(pattern=r"^[\w-]+\.[\w-]+$", max_length=160)]] = []


class DataUse(Part):
    """Whether a class of data (`*`: every one) may serve a purpose (none: every one). What is not said is asked."""

    data: _Named
    purpose: Name = ""
    use: Literal["allowed", "review", "forbidden"]
    why: Line = Field("", max_length=240)

    @property
    def place(self) -> tuple[str, str]:
        return self.data, self.purpose


_STRICTNESS = ("allowed", "review", "forbidden")


def use_of(uses: Sequence[DataUse], data: str, purpose: str) -> str:
    """Return `allowed`, `review` or `forbidden`; empty when nobody said.

    The closer word counts: the class named before every class, the purpose named before every purpose; but forbidden
    anywhere holds.
    """
    found = [use for use in uses if use.data in (data, ANY) and use.purpose in (purpose, "")]
    if not found:
        return ""
    if any(use.use == "forbidden" for use in found):
        return "forbidden"
    closest = max((use.data != ANY, use.purpose != "") for use in found)
    return max((use.use for use in found if (use.data != ANY, use.purpose != "") == closest), key=_STRICTNESS.index)


def classes_of(classes: Sequence[DataClass], fields: Iterable[str]) -> list[str]:
    """Return the classes that these fields (`kind.field`) belong to, each once, in the rulebook's order."""
    if not classes:
        return []
    wanted = set(fields)
    return [group.name for group in classes if wanted.intersection(group.fields)]
