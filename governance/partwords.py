"""Every row of a rulebook as a name and a sentence, for lists. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from governance.envelope.allowances import Allowance
from governance.envelope.data import ANY, DataClass, DataUse
from governance.envelope.examples import Example
from governance.envelope.guardrails import Guardrail
from governance.envelope.phrases import Phrase
from governance.envelope.quiethours import OpenHours
from governance.envelope.stances import Stance
from governance.envelope.tracks import Track
from governance.envelope.tripwires import Tripwire
from governance.rulechanges import EFFECTS
from governance.rulewords import allowance_words, hours_words, track_words, tripwire_words

USES = {"allowed": "may be used", "review": "a person is asked", "forbidden": "is not used"}
EXPECTED = {"act": "acts alone", "review": "a person approves", "human": "a person does it", "refuse": "is refused"}


def named(row: Any, titles: Mapping[str, str]) -> tuple[str, str]:
    """Return the row's name and what it says. `titles` names capabilities by key."""
    match row:
        case Stance():
            return titles.get(row.capability, row.capability), _stance(row)
        case Track():
            covers = f"; about {', '.join(row.covers)}" if row.covers else ""
            return row.words, f"{track_words(row)}{f', when {row.when}' if row.when else ''}{covers}"
        case Guardrail():
            return row.reason, _guardrail(row, titles)
        case DataClass():
            return row.name, ", ".join(row.fields) or "no field yet"
        case DataUse():
            what = "Every class of data" if row.data == ANY else row.data
            why = f" ({row.why})" if row.why else ""
            every = "any purpose" if row.use == "forbidden" else "every purpose"
            return f"{what[:1].upper()}{what[1:]}", f"{USES[row.use]} for {row.purpose or every}{why}"
        case Allowance():
            return row.title, f"{allowance_words(row, EFFECTS)}{_scope(row, titles)}"
        case OpenHours():
            return row.title or row.key, f"{hours_words(row)}{_scope(row, titles)}"
        case Tripwire():
            return row.title, f"{tripwire_words(row)}{_scope(row, titles)}"
        case Phrase():
            why = f" ({row.why})" if row.why else ""
            return (
                row.words,
                f"needs {f'the claim {row.claim}' if row.claim else 'an approved claim that says it'}{why}",
            )
        case Example():
            asked = f" by {', '.join(row.tracks)}" if row.tracks else ""
            return row.title, f"{row.workflow}, {row.step}: {EXPECTED[row.expect]}{asked}"
    raise TypeError(f"{type(row).__name__} is no part of a rulebook")


def _stance(row: Stance) -> str:
    said = "approved" if row.stance == "approved" else "out of scope"
    where = f"in {row.workflow}" if row.workflow else "in every workflow"
    until = f", until {row.review_by:%-d %b %Y}" if row.review_by else ""
    return f"{said} {where}{until}{f' ({row.why})' if row.why else ''}"


def _guardrail(row: Guardrail, titles: Mapping[str, str]) -> str:
    said = row.rows.words if row.rows else row.when
    besides = f", {row.track} besides" if row.track else ""
    return f"{EFFECTS[row.effect]}{besides} if {said}{_scope(row, titles)}"


def _scope(row: Any, titles: Mapping[str, str]) -> str:
    """Return “, for Send an e-mail in nurture-launch”; nothing where it holds everywhere."""
    capability, step = getattr(row, "capability", ""), getattr(row, "step", "")
    place = " · ".join(filter(None, (getattr(row, "workflow", ""), step)))
    category = f" among {row.category} messages" if getattr(row, "category", "") else ""
    what = f", for {titles.get(capability, capability)}" if capability else ""
    return f"{what}{f', in {place}' if place else ''}{category}"
