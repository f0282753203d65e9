"""CEL, the language rules are written in: compile, check, evaluate, fail closed. Pure.

Every expression sees the same names (`NAMES`). Compiling an expression with a syntax error or an unknown name raises
`ExpressionError` with its column; at run time a missing key or a wrong type raises `EvaluationError`, never passes.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

from cel_expr_python import cel

_MAP = cel.Type.Map(cel.Type.STRING, cel.Type.DYN)
_LIST = cel.Type.List(cel.Type.DYN)
NAMES: dict[str, Any] = {
    "action": _MAP,
    "proposal": _MAP,
    "confidence": cel.Type.DYN,
    "record": _MAP,
    "run": _MAP,
    "step": _MAP,
    "steps": _MAP,
    "input": _MAP,
    "data": _LIST,
    "assets": _LIST,
    "amounts": _MAP,
    "usage": _MAP,
    "now": cel.Type.TIMESTAMP,
}
_EMPTY: dict[str, Any] = {name: [] if kind is _LIST else {} for name, kind in NAMES.items() if name != "now"}
_EMPTY["confidence"] = None
SCOPES: dict[str, tuple[str, ...]] = {
    "rule": tuple(NAMES),
    "key": ("input",),
    "when": ("input", "steps", "run", "now"),
    "params": ("input", "steps", "run", "step", "record", "now"),
    "confidence": ("input", "steps", "run", "step", "record", "proposal", "now"),
}
"""Which names an expression may use depends on where it stands: a step's `when` is asked before there is a record."""
_ENVS = {scope: cel.NewEnv(variables={name: NAMES[name] for name in names}) for scope, names in SCOPES.items()}
_PLACE = re.compile(r"<input>:(\d+):(\d+): (.*)")


class ExpressionError(ValueError):
    """The text is not a valid expression; `str()` is a sentence with the column."""


class EvaluationError(ValueError):
    """The expression could not be evaluated on these facts; `str()` is a sentence."""


class Expression:
    """A compiled CEL expression. `boolean` expressions must be able to yield true or false."""

    def __init__(self, text: str, *, boolean: bool = False, scope: str = "rule") -> None:
        self.text = text
        self._program = _compile(text, scope)
        self._names = [name for name in NAMES if re.search(rf"\b{name}\b", text)]  # each costs time to hand over
        kind = self._program.return_type()
        if boolean and kind not in (cel.Type.BOOL, cel.Type.DYN):
            raise ExpressionError(f"“{text}” yields {kind.name()}, but a condition must be true or false")

    def evaluate(self, context: Mapping[str, Any]) -> Any:
        """Return the plain Python value (None, bool, int, float, str, list, dict, datetime)."""
        try:
            value = self._program.eval(data={name: context.get(name, _EMPTY.get(name)) for name in self._names})
        except RuntimeError as error:  # too many iterations, or half of a surrogate pair in a text
            busy = "budget" in str(error)
            words = "it takes too long to evaluate" if busy else "what it is asked of cannot be read"
            raise EvaluationError(words) from None
        if value.type() == cel.Type.ERROR:
            raise EvaluationError(_sentence(str(value)))
        return value.plain_value()

    def holds(self, context: Mapping[str, Any]) -> bool:
        """Return whether the condition is true; anything but true or false is an EvaluationError."""
        value = self.evaluate(context)
        if not isinstance(value, bool):
            raise EvaluationError(f"it yields {value!r}, which is neither true nor false")
        return value


@lru_cache(maxsize=4096)
def compiled(text: str, boolean: bool = False, scope: str = "rule") -> Expression:
    """Return the expression, compiled once a process. `scope` is one of SCOPES."""
    return Expression(text, boolean=boolean, scope=scope)


class Conditions:
    """Many conditions evaluated in one pass; one by one only when that pass fails, so that the faulty one is named."""

    def __init__(self, texts: Sequence[str]) -> None:
        self._each = [compiled(text, boolean=True) for text in texts]
        each = ", ".join(f"({text}\n)" for text in texts)  # a line of its own: a rule may end with a comment
        self._all = compiled(f"[{each}]") if texts else None

    def tripped(self, context: Mapping[str, Any]) -> list[tuple[int, str]]:
        """Return (index, error sentence or "") of each condition that is true or could not be evaluated."""
        if self._all is None:
            return []
        try:
            together = self._all.evaluate(context)
        except EvaluationError:
            together = [None]
        if all(isinstance(value, bool) for value in together):
            return [(index, "") for index, value in enumerate(together) if value]
        return [found for found in map(self._one, range(len(self._each)), [context] * len(self._each)) if found]

    def _one(self, index: int, context: Mapping[str, Any]) -> tuple[int, str] | None:
        try:
            return (index, "") if self._each[index].holds(context) else None
        except EvaluationError as error:
            return index, str(error)


def _compile(text: str, scope: str) -> Any:
    try:
        return _ENVS[scope].compile(text)
    except RuntimeError as error:
        raise ExpressionError(_compile_sentence(text, str(error), SCOPES[scope])) from None


def _compile_sentence(text: str, error: str, known: Sequence[str]) -> str:
    found = _PLACE.search(error)
    if not found:
        return f"“{text}” is not a valid expression"
    line, column, what = found.groups()
    place = f"line {line}, column {column}" if line != "1" else f"column {column}"
    if unknown := re.match(r"undeclared reference to '([^']+)'", what):
        return f"“{text}”, {place}: “{unknown[1]}” is not a name rules know here; they know {', '.join(known)}"
    what = re.sub(r" expecting \{.*", "", what).replace("<EOF>", "the end of the text")
    return f"“{text}”, {place}: {what[0].lower()}{what[1:]}"


def _sentence(error: str) -> str:
    if missing := re.search(r'Key not found in map : "([^"]*)"', error):
        return f"there is no “{missing[1]}”"
    if overload := re.search(r"No matching overloads? found ?:? ?(.*)", error):
        return f"the types do not fit: {overload[1].strip() or 'no such operation'}"
    return error.split(": ", 1)[-1][:200]
