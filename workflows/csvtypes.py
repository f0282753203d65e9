"""Which columns hold numbers. A column is numeric when every value it has is; a code that looks like one is text.

Pure. Text: leading zeros ("007"), signs of telephone numbers ("+49…"), "inf", "nan", "1E5" (a code; a number
is "1e+5" or "1.0e5"), decimal commas, integers past 64 bits, and numbers of more than 17 digits.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from enum import StrEnum

INTEGER = re.compile(r"0|-?[1-9][0-9]{0,18}")
NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+(?:[eE][+-]?[0-9]{1,3})?|[eE][+-][0-9]{1,3})?")
EXACT = 2**53


class Type(StrEnum):
    TEXT = "text"
    INTEGER = "integer"
    NUMBER = "number"


def is_integer(value: str) -> bool:
    return INTEGER.fullmatch(value) is not None and -(2**63) <= int(value) < 2**63


def is_number(value: str) -> bool:
    """Whether a float holds the value: finite, and exact in all of its digits."""
    if not NUMBER.fullmatch(value):
        return False
    digits = re.split("[eE]", value)[0].replace(".", "").strip("-0")
    number = float(value)
    return len(digits) <= 17 and math.isfinite(number) and (number != 0 or not digits)


class Typing:
    """The types of a table's columns, narrowed row by row."""

    def __init__(self, width: int) -> None:
        self._width = width
        self._open = dict.fromkeys(range(width), Type.INTEGER)
        self._filled: set[int] = set()
        self._large: set[int] = set()

    def take(self, row: Sequence[str]) -> None:
        for index, so_far in list(self._open.items()):
            if value := row[index]:
                self._narrow(index, so_far, value)

    def _narrow(self, index: int, so_far: Type, value: str) -> None:
        self._filled.add(index)
        if is_integer(value):
            if abs(int(value)) > EXACT:
                self._large.add(index)
        elif is_number(value):
            self._open[index] = so_far = Type.NUMBER
        else:
            del self._open[index]
            return
        if so_far is Type.NUMBER and index in self._large:
            del self._open[index]

    def types(self) -> list[Type]:
        """Return a type for each column; one without any value is text."""
        numeric = {index: kind for index, kind in self._open.items() if index in self._filled}
        return [numeric.get(index, Type.TEXT) for index in range(self._width)]


def converter(kind: Type) -> Callable[[str], object]:
    """Return what makes a value of the type from a cell: an empty one is null."""
    make = int if kind is Type.INTEGER else float
    return lambda cell: make(cell) if cell else None
