"""A template's words: the places in them, and what may stand in each. Pure.

A place is filled from the record or the step's values. A template may bind it: to a few choices, inside which its
approval holds, or to one fixed text that nobody fills.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

PLACE = re.compile(r"\{\{\s*([A-Za-z_][\w.]*)\s*\}\}")
"""A place in a template that a field of the record fills: `{{ name }}`."""
BETWEEN = "\0"
"""What stands between subject and body where both are compared as one text; neither can hold it."""


class CannotFill(Exception):
    """A place cannot be filled; `str()` is a sentence."""


@dataclass(frozen=True)
class Wording:
    """Subject and body with their places. `choices`: the texts a place may hold; `fixed`: the one it always holds."""

    subject: str
    body: str
    choices: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    fixed: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, body: Mapping[str, Any]) -> Wording:
        """Return what the body of a template in the register says: `{subject, body, fields}`."""
        bound = {name: rule for name, rule in dict(body.get("fields") or {}).items() if isinstance(rule, Mapping)}
        return cls(
            str(body.get("subject", "")),
            str(body.get("body", "")),
            {name: tuple(map(str, rule["choices"])) for name, rule in bound.items() if "choices" in rule},
            {name: str(rule["fixed"]) for name, rule in bound.items() if "fixed" in rule},
        )

    @property
    def is_bound(self) -> bool:
        """Whether it says what may vary; then everything else may not."""
        return bool(self.choices or self.fixed)

    @property
    def places(self) -> list[str]:
        """The places that are filled, each once, in order; those with a fixed text are not among them."""
        found = places({"subject": self.subject, "body": self.body})
        return [name for name in found if name not in self.fixed]

    def filled(self, record: Mapping[str, Any], values: Mapping[str, Any]) -> dict[str, str]:
        """Return what each place holds: a value, else the record's field. Raises CannotFill."""
        for name, text in self.fixed.items():
            if name in values and str(values[name]) != text:
                raise CannotFill(f"the template's “{name}” is fixed; no other value can stand there")
        return {name: _found(name, {**record, **values}) for name in self.places}

    def rendered(self, filled: Mapping[str, str]) -> dict[str, str]:
        """Return subject and body with every place filled. Raises CannotFill."""
        known = {**filled, **self.fixed}
        return {"subject": _put(self.subject, known), "body": _put(self.body, known)}

    def outside(self, filled: Mapping[str, str]) -> list[str]:
        """Return the places that hold none of their choices."""
        return [name for name, among in self.choices.items() if name in filled and filled[name] not in among]

    def recovered(self, filled: Mapping[str, str], subject: str, body: str) -> dict[str, str] | None:
        """Return what the places of this text hold, when it is this wording with other choices at most; else None.

        Places without choices hold what they were `filled` with; the words between them are the template's.
        """
        if any(name not in filled for name in self.places) or BETWEEN in subject + body:
            return None
        match = re.fullmatch("".join(self._pattern(filled)), f"{subject}{BETWEEN}{body}")
        if match is None:
            return None
        return {name: match.groupdict().get(_group(name), text) for name, text in filled.items()}

    def _pattern(self, filled: Mapping[str, str]) -> Iterator[str]:
        met: set[str] = set()
        for index, piece in enumerate(PLACE.split(f"{self.subject}{BETWEEN}{self.body}")):
            if index % 2 == 0:
                yield re.escape(piece)
            elif piece in self.fixed or piece not in self.choices:
                yield re.escape(self.fixed.get(piece, filled.get(piece, "")))
            elif piece in met:
                yield f"(?P={_group(piece)})"
            else:
                met.add(piece)
                among = "|".join(map(re.escape, dict.fromkeys((*self.choices[piece], filled[piece]))))
                yield f"(?P<{_group(piece)}>{among})"


def places(texts: Mapping[str, str]) -> list[str]:
    """Return the names of the fields the texts need, each once, in order."""
    return list(dict.fromkeys(name for text in texts.values() for name in PLACE.findall(text)))


def unclosed_place(text: str) -> str:
    """Return what of the text looks like a place but is none, such as `{{ name }`; empty when all is well."""
    rest = PLACE.sub("", text)
    found = re.search(r".{0,12}(\{\{|\}\}).{0,12}", rest)
    return found[0].strip() if found else ""


def place_in_record(text: str) -> str:
    """Return the field of the first place written `{{ record.field }}`; empty when there is none."""
    return next((name.removeprefix("record.") for name in PLACE.findall(text) if name.startswith("record.")), "")


def _group(name: str) -> str:
    return "place_" + name.replace(".", "_dot_")


def _found(name: str, fields: Mapping[str, Any]) -> str:
    found: Any = fields
    for part in name.split("."):
        found = found.get(part) if isinstance(found, Mapping) else None
    if found is None or found == "":
        raise CannotFill(f"the template needs “{name}”, which is missing")
    return str(found)


def _put(text: str, known: Mapping[str, str]) -> str:
    def value(match: re.Match[str]) -> str:
        if match[1] not in known:
            raise CannotFill(f"the template needs “{match[1]}”, which is missing")
        return known[match[1]]

    return PLACE.sub(value, text)
