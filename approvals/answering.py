"""An answer enters the engine: at once where one person is enough, else when enough have agreed.

Called by `Review.decide` with the review's row locked and the person known to be allowed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from approvals.decisions import Choice, Decision
from approvals.seats import arrange, is_plain, note_count
from approvals.votes import Count, Vote, cast, count, needs_of
from governance.authorities import powers_of
from governance.jsontext import short_digest
from governance.ledger import record
from governance.people import Actor, Person
from workflows.actions import Action
from workflows.definitions import OnReject
from workflows.engine import answers

if TYPE_CHECKING:
    from approvals.reviews import Review

Given = Mapping[str, Any] | None


class EditAsks(Exception):
    """What the editor made of it trips rules nobody has seen yet. Nothing was decided; `reasons` are those rules.

    Sent again with `knowing`, it is taken: the editor has seen them then.
    """

    def __init__(self, reasons: Sequence[Mapping[str, Any]], knowing: str) -> None:
        super().__init__("; ".join(str(reason["words"]) for reason in reasons))
        self.reasons, self.knowing = reasons, knowing


def answered(
    review: Review, person: Person, choice: str, now: datetime, *, digest: str, note: str, payload: Given, knowing: str
) -> Decision | Vote:
    """Take the answer; return the decision it is, or the vote while others are still asked."""
    if choice == Choice.APPROVE and review.tracked:
        return _agree(review, person, now, digest, note)
    if choice == Choice.EDIT:
        return _edit(review, person, now, digest, note, payload, knowing)
    if choice == Choice.REJECT and (made := _leave_out(review, person, now, note)):
        return made
    decision = review.close(person, choice, now, digest=digest, note=note, payload=payload)
    _hand_over(review, person, choice, now, digest, note, payload)
    return decision


def _agree(review: Review, person: Person, now: datetime, digest: str, note: str) -> Decision | Vote:
    answers.seen(review.action_id, digest, now)
    vote, counted = _counted(review, review.action, person, now, note)
    if not counted.is_enough:
        review.release(person)
        return vote
    decision = review.close(person, Choice.APPROVE, now, digest=digest, note=note, payload=None)
    answers.approve(review.action_id, digest, Actor.of(person), now, note)
    return decision


def _counted(review: Review, action: Action, person: Person, now: datetime, note: str) -> tuple[Vote, Count]:
    vote = cast(review, action, person, now, note)
    counted = count(action, now)
    note_count(review, counted)
    facts = {"step": action.step.key, "for": sorted(vote.covered), "open": [need.key for need in counted.open]}
    ids = {"workflow": action.workflow_id, "run": action.run_id, "action": action.pk}
    record(Actor.of(person), "review.agreed", now, **ids, **facts, digest=action.digest, note=note)
    return vote, counted


def _edit(
    review: Review, person: Person, now: datetime, digest: str, note: str, payload: Given, knowing: str
) -> Decision | Vote:
    """Put the edit in place. It goes on if the editor's own word is enough for what it has become. Raises EditAsks."""
    votes: list[Vote] = []
    seen = {reason["rule"] for reason in review.action.reasons}

    def enough(action: Action) -> bool:
        if not is_plain(action.needs, action.step.reviewers.slug) or review.tracked:
            vote, counted = _counted(review, action, person, now, note)
            votes.append(vote)
            if not counted.is_enough:
                return False
        _check_seen(seen, action, knowing)
        return True

    released = answers.edited(review.action_id, digest, payload or {}, Actor.of(person), now, note, enough)
    if votes:  # what it has become is asked of more than any one of the team: the votes count from now on
        type(review).objects.filter(pk=review.pk).update(tracked=True)
    if released:
        return review.close(person, Choice.EDIT, now, digest=digest, note=note, payload=payload)
    review.release(person)
    review.refresh_from_db()
    review.action.refresh_from_db()
    arrange([review], now)
    return votes[0]


def _check_seen(seen: set[str], action: Action, knowing: str) -> None:
    """An approval covers what its giver saw: of rules that only the edit trips, they are told first.

    Who must agree is no such rule: that has been counted, and the editor alone is enough.
    """
    others = [reason for reason in action.reasons if not reason["rule"].startswith("track:")]
    new = [reason for reason in others if reason["rule"] not in seen]
    told = short_digest(sorted(reason["rule"] for reason in new))
    if new and knowing != told:
        raise EditAsks(new, told)


def _leave_out(review: Review, person: Person, now: datetime, note: str) -> Decision | Vote | None:
    """Where a no is for a part only, and the terms say so, leave out what this person's teams own; else None.

    A Vote that covers nothing is their word while others are still asked about the rest.
    """
    action = review.action
    mine = parts_of(review, person, now) if review.tracked and action.step.on_reject == OnReject.LEAVE else []

    def enough(rest: Action) -> bool:
        return count(rest, now).is_enough

    released = answers.left_out(action.pk, mine, Actor.of(person), now, note, enough) if mine else None
    if released is None:
        return None
    if released:
        return review.close(person, Choice.LEFT_OUT, now, digest="", note=note, payload=None)
    type(review).objects.filter(pk=review.pk).update(claimed_by=None)
    review.action.refresh_from_db()
    arrange([review], now)
    return Vote.objects.create(review=review, action=action, person=person, note=note, at=now, stands=False)


def parts_of(review: Review, person: Person, now: datetime) -> list[str]:
    """Return the teams for whose part of it the person speaks."""
    powers, up = powers_of([person.pk], now.date()).get(person.pk), review.came_up_for(person)
    needs = [need for need in needs_of(review.action) if need.part]
    return [need.part for need in needs if need.key in up or (powers is not None and powers.may_fill(need))]


def _hand_over(
    review: Review, person: Person, choice: str, now: datetime, digest: str, note: str, payload: Given
) -> None:
    action, actor = review.action_id, Actor.of(person)
    match choice:
        case Choice.APPROVE:
            answers.approve(action, digest, actor, now, note)
        case Choice.REJECT:
            answers.reject(action, actor, now, note)
        case Choice.TAKE_OVER:
            answers.take_over(action, actor, now, note)
            type(review).objects.filter(action=action, status="open").update(claimed_by=person)
        case Choice.DONE:
            answers.completed(action, actor, now, note, payload)
        case _:
            happened, again = choice == Choice.HAPPENED, choice == Choice.TRY_AGAIN
            answers.resolved(action, actor, now, happened=happened, again=again, note=note)
