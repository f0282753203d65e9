"""An answer enters the engine: at once where one person is enough, else when enough have agreed.

Called by `Review.decide` with the review's row locked and the person known to be allowed.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from approvals.decisions import Choice, Decision
from approvals.seats import arrange, is_plain, note_count
from approvals.votes import Count, Vote, cast, count
from governance.ledger import record
from governance.people import Actor, Person
from workflows.actions import Action
from workflows.engine import answers

if TYPE_CHECKING:
    from approvals.reviews import Review

Given = Mapping[str, Any] | None


def answered(
    review: Review, person: Person, choice: str, now: datetime, *, digest: str, note: str, payload: Given
) -> Decision | Vote:
    """Take the answer; return the decision it is, or the vote while others are still asked."""
    if choice == Choice.APPROVE and review.tracked:
        return _agree(review, person, now, digest, note)
    if choice == Choice.EDIT:
        return _edit(review, person, now, digest, note, payload)
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


def _edit(review: Review, person: Person, now: datetime, digest: str, note: str, payload: Given) -> Decision | Vote:
    """Put the edit in place. It goes on if the editor's own word is enough for what it has become."""
    votes: list[Vote] = []

    def enough(action: Action) -> bool:
        if is_plain(action.needs, action.step.reviewers.slug) and not review.tracked:
            return True
        vote, counted = _counted(review, action, person, now, note)
        votes.append(vote)
        return counted.is_enough

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
