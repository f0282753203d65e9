"""Propose: each capability says what it would do, without doing it; then all the judge must know is put together."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from datetime import datetime

from django.db import DatabaseError
from pydantic import ValidationError

from governance.expressions import EvaluationError, ExpressionError, compiled
from governance.jsontext import described
from workflows.capabilities.contract import CapabilityError, Facts
from workflows.definitions import Assist, Ownership
from workflows.engine.cancelling import may_have_happened
from workflows.engine.work import Work, capability_of, resolve

log = logging.getLogger(__name__)

NO_RECORD = "params.record must name a record, such as {kind: client, key: =input.client}"


def propose(works: Sequence[Work], now: datetime) -> None:
    """Fill payload, facts, confidence and digest of each action. One that cannot be proposed gets `trouble`."""
    doubtful = may_have_happened(work.action for work in works)
    for work in works:
        work.doubtful = work.action.pk in doubtful
        try:
            work.capability = capability_of(work.step)
            if work.doubtful:
                _demand_record(work)
            elif _offers(work):
                _propose(work, now)
            gather_facts(work, now)
        except CapabilityError as error:
            work.trouble = str(error)
        except ValidationError as error:
            work.trouble = sentence(error)
        except DatabaseError:  # nothing more can be done in this transaction
            raise
        except Exception as error:
            log.exception("Action %s broke while proposing", work.action.pk)
            work.trouble = f"it broke in a way nobody foresaw: {type(error).__name__}: {error}"


def _offers(work: Work) -> bool:
    """Whether software is to propose here: not on an approved or begun payload, nor for an unaided person."""
    if work.capability is None or work.action.is_approved or work.action.is_undo or work.action.progress:
        return False
    return work.step.ownership != Ownership.HUMAN_OWNED or work.step.assist == Assist.RECOMMENDATION


def _propose(work: Work, now: datetime) -> None:
    assert work.capability is not None and work.context is not None
    if work.trouble:
        raise CapabilityError(work.trouble)
    _demand_record(work)
    names = {**work.names, "now": now}
    given, keep = work.step.params, work.capability.deferred
    if work.reference is not None:
        given, keep = {**given, "record": work.reference}, keep | {"record"}
    params = resolve(given, names, keep=keep)
    proposal = work.capability.propose(work.capability.Params.model_validate(params), work.context)
    work.payload = work.capability.Payload.model_validate(proposal.payload)
    work.action.payload = work.payload.model_dump(mode="json")
    work.action.confidence = proposal.confidence
    work.action.revision += 1
    work.action.digest = work.action.compute_digest()


def _demand_record(work: Work) -> None:
    reference = work.step.params.get("record")
    if reference and not work.record:
        wanted = resolve(reference, work.names)
        known = isinstance(wanted, Mapping) and wanted.get("kind")
        raise CapabilityError(f"there is no {wanted['kind']} “{wanted.get('key', '')}”" if known else NO_RECORD)


def gather_facts(work: Work, now: datetime) -> None:
    """Put together everything the judge will see, and keep it with the action."""
    facts = Facts()
    if work.capability is not None and work.action.payload:
        assert work.context is not None
        facts = work.capability.facts(work.typed(work.capability), work.context)
    work.said = facts
    action = work.action
    if action.confidence is None and work.step.confidence:
        action.confidence = _confidence(work, now)
    action.facts = {  # all of it as JSON gives it back, so that a verdict can be worked out again from what is stored
        **work.names,
        "steps": dict(work.outputs),
        "action": {"id": action.pk, "capability": work.step.capability, "undo": action.is_undo},
        "proposal": action.payload,
        "confidence": action.confidence,
        "data": work.step.data,
        "fields": _fields(work, facts),
        "assets": described(list(facts.assets)) if facts.assets else [],
        "amounts": described(dict(facts.amounts)) if facts.amounts else {},
        "now": now.isoformat(),
        **({"says": list(facts.says)} if facts.says else {}),
        **({"touches": [{"kind": kind, "key": key} for kind, key in facts.touches]} if facts.touches else {}),
    }


def _fields(work: Work, facts: Facts) -> list[str]:
    """Return which fields of its record went into it, as `kind.field`."""
    kind = work.record.get("kind")
    return sorted(f"{kind}.{name}" for name in work.step.fields.union(facts.fields)) if kind else []


def _confidence(work: Work, now: datetime) -> float | None:
    """Return what the step's confidence expression yields; anything but a number between 0 and 1 is no confidence."""
    names = {**work.names, "proposal": work.action.payload, "now": now}
    try:
        value = compiled(work.step.confidence).evaluate(names)
    except (EvaluationError, ExpressionError):
        return None
    fits = isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= 1
    return float(value) if fits else None


def sentence(error: ValidationError) -> str:
    """Return pydantic's findings as one sentence: where and what."""
    found = [
        f"{'.'.join(map(str, item['loc'])) or 'the value'}: {item['msg'].removeprefix('Value error, ')}"
        for item in error.errors()
    ]
    return "; ".join(found)
