"""An Entry as one sentence for people. Pure: reads the entry's fields and writes nothing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from governance.sentences.parts import Data, Fact, spelled
from governance.sentences.permission import PERMISSION
from governance.sentences.work import WORK

_SENTENCES = {**WORK, **PERMISSION}


def sentence(fact: Fact, titles: Mapping[str, str] | None = None) -> str:
    """Return what happened, in one sentence. `titles` gives the titles of steps by key; else keys are spelled out."""
    data: Data = fact.data if isinstance(fact.data, Mapping) else {}
    key = str(data.get("step", ""))
    step = (titles or {}).get(key) or spelled(key) or "The action"
    named = f"“{step}”" if key else step
    if data.get("undo"):
        named = f"the undoing of {named}"
    told = _SENTENCES.get(fact.verb, _anything)(fact, named, data)
    return told[:1].upper() + told[1:]


def _anything(fact: Fact, step: str, data: Data) -> str:
    """Return a sentence for a verb of which only the name and the facts are known."""
    facts = [f"{spelled(name).lower()} {value}" for name, value in data.items() if _plain(value)]
    return f"{spelled(fact.verb)} by {fact.actor_name}{': ' + ', '.join(facts) if facts else ''}"


def _plain(value: Any) -> bool:
    return isinstance(value, int | float | str) and value != ""


__all__ = ["sentence", "spelled"]
