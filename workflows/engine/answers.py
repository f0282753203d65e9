"""A person's answer enters the engine. Called with the review's row already locked, inside its transaction."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from django.utils.timezone import localtime
from pydantic import BaseModel, ValidationError

from governance import databases
from governance.jsontext import described
from governance.judging import Outcome, Verdict
from governance.ledger import record
from governance.people import Actor
from workflows import doorbell
from workflows.actions import CAME_TO_NOTHING, Action, IllegalMove, Proposed, Status
from workflows.capabilities.contract import CapabilityError
from workflows.definitions import OnReject
from workflows.engine.advance import advance
from workflows.engine.ask import ask_people
from workflows.engine.counting import Counter, ask_again
from workflows.engine.judge import InForce, verdict_on
from workflows.engine.pace import for_lead
from workflows.engine.propose import gather_facts, sentence
from workflows.engine.record import save
from workflows.engine.sweep import GRACE
from workflows.engine.work import Work, capability_of, gather
from workflows.runs import Run


class Stale(Exception):
    """The payload is not the one the person looked at; nothing was decided."""


class EditRefused(Exception):
    """The envelope does not permit the edited payload; `verdict` says why."""

    def __init__(self, verdict: Verdict) -> None:
        super().__init__("; ".join(reason.words for reason in verdict.reasons if reason.outcome == verdict.outcome))
        self.verdict = verdict


def approve(action_id: int, digest: str, actor: Actor, now: datetime, note: str = "") -> None:
    """Let the action begin as it was seen. Raises Stale when it is not what was seen."""
    work = seen(action_id, digest, now)
    _release(work, actor, now, note)


def edited(
    action_id: int,
    digest: str,
    changes: Mapping[str, Any],
    actor: Actor,
    now: datetime,
    note: str,
    enough: Callable[[Action], bool],
) -> bool:
    """Put the person's edit in place of the proposal and let it begin, if the envelope permits it.

    `enough` is asked whether all have agreed that must agree to what it has become; else it stays in review. Returns
    what it said. Raises Stale, EditRefused, or CapabilityError with a sentence about the edit.
    """
    work = seen(action_id, digest, now)
    before = dict(work.action.payload)
    Proposed.objects.get_or_create(action=work.action, defaults={"facts": work.action.facts, "at": now})
    _put(work, changes)
    changed = _judged_anew(work, before, now)
    work.note("action.edited", now, actor, fields=changed, revision=work.action.revision)
    return _released_if(work, actor, now, note, enough)


def left_out(
    action_id: int, parts: Sequence[str], actor: Actor, now: datetime, reason: str, enough: Callable[[Action], bool]
) -> bool | None:
    """Take the parts that these teams own out of what is proposed; the rest goes on if all the others have agreed.

    Returns what `enough` said of the rest; None when it cannot be taken apart or nothing would be left. Raises
    EditRefused.
    """
    work = _locked(action_id, now)
    if work.was != Status.IN_REVIEW or work.capability is None or work.context is None:
        return None
    before = dict(work.action.payload)
    for part in parts:
        rest = work.capability.without(work.typed(work.capability), part, work.context)
        if rest is None:
            return None
        work.payload = work.capability.Payload.model_validate(rest)
    assert work.payload is not None
    Proposed.objects.get_or_create(action=work.action, defaults={"facts": work.action.facts, "at": now})
    _replace(work, work.payload)
    _judged_anew(work, before, now)
    work.note("action.left_out", now, actor, parts=list(parts), reason=reason, revision=work.action.revision)
    return _released_if(work, actor, now, reason, enough)


def _judged_anew(work: Work, before: Mapping[str, Any], now: datetime) -> list[str]:
    """Judge what a person made of it; return the names of the fields that changed. Raises EditRefused."""
    gather_facts(work, now)
    in_force = InForce.now({work.action.workflow_id})
    Counter([work], in_force, now).look(work)
    work.verdict = verdict_on(work, in_force, now)
    if work.verdict.outcome.strictness > Outcome.REVIEW.strictness:
        raise EditRefused(work.verdict)
    work.action.verdict = work.verdict.outcome.value
    work.action.reasons = [reason.as_json() for reason in work.verdict.reasons]
    work.action.needs = [need.as_json() for need in work.verdict.needs]
    return sorted(name for name, value in work.action.payload.items() if before.get(name) != value)


def _released_if(work: Work, actor: Actor, now: datetime, note: str, enough: Callable[[Action], bool]) -> bool:
    """Let it begin if all who must agree to what it has become have agreed; else it stays in review."""
    released = enough(work.action)
    if released:
        _release(work, actor, now, note)
    else:
        save([work], now)
    return released


def seen(action_id: int, digest: str, now: datetime) -> Work:
    """Lock what stands in review as it was seen. Raises Stale."""
    work = _locked(action_id, now)
    if work.was != Status.IN_REVIEW or not digest or digest != work.action.digest:
        raise Stale
    return work


def _put(work: Work, changes: Mapping[str, Any]) -> None:
    capability, context = work.capability, work.context
    if capability is None or context is None:
        raise CapabilityError("there is nothing to edit here")
    foreign = sorted(set(changes) - set(capability.editable))
    if foreign:
        raise CapabilityError(f"{', '.join(foreign)} cannot be edited; {', '.join(capability.editable)} can")
    try:
        payload = capability.Payload.model_validate({**work.action.payload, **changes})
        completed = capability.Payload.model_validate(capability.complete(payload, context))
    except ValidationError as error:
        raise CapabilityError(sentence(error)) from None
    _replace(work, completed)


def _replace(work: Work, payload: BaseModel) -> None:
    work.action.payload, work.payload = described(payload.model_dump(mode="json")), payload
    work.action.revision += 1
    work.action.digest = work.action.compute_digest()


def _release(work: Work, actor: Actor, now: datetime, note: str) -> None:
    action = work.action
    action.approved_digest = action.digest
    action.approved_reasons = [reason["rule"] for reason in action.reasons]
    lead = for_lead(work, InForce.now({action.workflow_id}), now)
    action.not_before = lead.until if lead else now
    said: dict[str, Any] = {"until": lead.until.isoformat(), "why": lead.why} if lead else {}
    _commit(work, now)
    work.move(Status.READY, "action.approved", now, actor, digest=action.digest, note=note, **said)
    save([work], now)
    doorbell.ring()


def _commit(work: Work, now: datetime) -> None:
    """Take what an allowance counts from the approval on. One that came since it was judged counts at begin."""
    if not work.action.facts.get("usage"):
        return
    ask_again(work)
    counter = Counter([work], InForce.now({work.action.workflow_id}), now)
    counter.commit(work)
    counter.write()


def reject(action_id: int, actor: Actor, now: datetime, reason: str) -> None:
    """Say no. What follows is the step's to say: the run stops, the step is skipped, or it is proposed again."""
    work = _locked(action_id, now)
    fixed = work.action.is_undo or bool(work.action.progress)  # there is no other proposal to make
    if work.step.on_reject == OnReject.REDO and work.was == Status.IN_REVIEW and not fixed:
        work.action.approved_digest, work.action.digest, work.action.not_before = "", "", now
        Proposed.objects.filter(action=work.action).delete()  # another proposal takes its place
        work.move(Status.READY, "action.sent_back", now, actor, reason=reason)
        save([work], now)
        doorbell.ring()
        return
    work.move(Status.REJECTED, "action.rejected", now, actor, reason=reason)
    _settled(work, now)


def take_over(action_id: int, actor: Actor, now: datetime, note: str = "") -> None:
    """A person does it by hand; what came of it is recorded with `completed`."""
    work = _locked(action_id, now)
    work.action.approved_digest = ""
    work.move(Status.WITH_PERSON, "action.taken_over", now, actor, note=note)
    save([work], now)
    ask_people([work], now)


def completed(action_id: int, actor: Actor, now: datetime, note: str, output: Mapping[str, Any] | None = None) -> None:
    """Record what a person did by hand; the run goes on."""
    work = _locked(action_id, now)
    work.action.output = described({**(output or {}), "note": note, "by": actor.name})
    work.move(Status.DONE, "action.done", now, actor, note=note)
    _settled(work, now)


def answerable_from(action: Action) -> datetime | None:
    """Return when a person may say what came of it: after the deadline of its last attempt and a grace."""
    last = action.attempts.order_by("-number").first()
    return last.deadline + GRACE if last else None


def resolved(action_id: int, actor: Actor, now: datetime, *, happened: bool, again: bool, note: str) -> None:
    """Settle by a person's word what could not be known: it happened, or it did not and is tried again or given up."""
    work = _locked(action_id, now)
    if work.was != Status.UNCERTAIN:
        raise IllegalMove(f"This action is {work.was.label.lower()}; there is nothing uncertain about it.")
    if (opens := answerable_from(work.action)) and now < opens:
        raise IllegalMove(f"It may still be under way until {localtime(opens):%H:%M:%S}; find out after that.")
    work.action.attempts.filter(result="unknown").update(
        result="ok" if happened else "not_sent", answer={"trouble": work.action.trouble, "by": actor.name, "note": note}
    )
    if happened:
        work.action.output = described({"note": note, "by": actor.name})
        work.move(Status.DONE, "action.settled", now, actor, happened=True, note=note)
    elif again:
        work.action.not_before = now
        work.move(Status.READY, "action.settled", now, actor, happened=False, again=True, note=note)
    else:
        work.action.trouble = f"{work.action.trouble}; {actor.name}: it did not happen"
        work.move(Status.FAILED, "action.settled", now, actor, happened=False, again=False, note=note)
    _settled(work, now)
    doorbell.ring()


def undo(action_id: int, actor: Actor, now: datetime) -> Action:
    """Make the action that takes this one back; it is judged and logged like any other."""
    work = _locked(action_id, now)
    capability = work.capability
    if work.was != Status.DONE or capability is None or not capability.reversible or not work.action.payload:
        raise IllegalMove("Only what software has done, and can take back, can be undone.")
    before = Action.objects.filter(undo_of=work.action).exclude(status__in=CAME_TO_NOTHING).first()
    if before is not None:
        raise IllegalMove(f"Undoing this was asked for before; that is {Status(before.status).label.lower()}.")
    back = Action(
        run=work.run,
        step_id=work.step.pk,
        workflow_id=work.action.workflow_id,
        inline=work.action.inline,
        undo_of=work.action,
        asked_by_id=actor.person_id,
        not_before=now,
        created_at=now,
        revision=1,
        payload=described(dict(capability.inverse(work.action.payload, work.action.output))),
    )
    back.save(force_insert=True)
    back.digest = back.compute_digest()
    back.save(update_fields=["digest"])
    record(
        actor, "action.undo_asked", now, workflow=back.workflow_id, run=back.run_id, action=back.pk, undoes=action_id
    )
    doorbell.ring()
    return back


def _settled(work: Work, now: datetime) -> None:
    save([work], now)
    advance([work.action.run_id], now)


def _locked(action_id: int, now: datetime) -> Work:
    """Lock the run, then the action: the order of everybody, so that nobody waits in a circle."""
    list(databases.locked(Run.objects.filter(actions=action_id)))
    (work,) = gather(list(databases.locked(Action.objects.filter(pk=action_id))), now)
    work.capability = capability_of(work.step)
    return work
