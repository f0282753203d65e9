"""What `workflows.gates` calls: people are needed, so reviews open; or no longer, so they close."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta

from django.urls import reverse

from approvals.decisions import PERMITTING, Decision
from approvals.reviews import Kind, Review, Status, visible_to
from approvals.seats import arrange, is_plain
from approvals.votes import count_all
from governance.paths import Level
from governance.people import Person
from workflows.actions import Action
from workflows.engine.judge import InForce
from workflows.engine.pace import due_at
from workflows.gates import Ask, Door


class Reviews:
    def open(self, asks: Sequence[Ask], now: datetime) -> None:
        """Open a review for each: two statements, whatever their number."""
        paths = {ask.step.escalation_id for ask in asks}
        rungs = Level.objects.filter(path__in=paths, position=1).values_list("path_id", "after")
        firsts = {path: timedelta(seconds=after) for path, after in rungs}
        # only who counts working days needs to know which they are
        rulebook = InForce.now(set()).rulebook if any(ask.step.counts_days for ask in asks) else None
        dues = [due_at(ask.step, ask.action.facts, rulebook, now) for ask in asks]
        made = Review.objects.bulk_create(_review(ask, due, firsts, now) for ask, due in zip(asks, dues, strict=True))
        arrange(made, now)

    def rebadge(self, actions: Sequence[Action], now: datetime) -> None:
        """Ask those whom these open reviews need by now, after they were judged again."""
        by_id = {action.pk: action for action in actions}
        reviews = list(Review.objects.filter(action__in=by_id, status=Status.OPEN, kind=Kind.APPROVAL))
        for review in reviews:
            review.action = by_id[review.action_id]
            review.tracked = review.tracked or not is_plain(review.action.needs, review.action.step.reviewers.slug)
        Review.objects.bulk_update(reviews, ["tracked"])
        arrange(reviews, now)

    def withdraw(self, action_ids: Iterable[int], now: datetime) -> None:
        Review.objects.filter(action__in=list(action_ids), status=Status.OPEN).update(
            status=Status.WITHDRAWN, closed_at=now
        )

    def entitled(self, action_ids: Iterable[int], now: datetime) -> dict[int, datetime]:
        """Return the actions whose last approval was given by somebody who may still give it, and when."""
        given = Decision.objects.filter(review__action__in=list(action_ids), choice__in=PERMITTING)
        given = (
            given.select_related("review")
            .order_by("at", "pk")
            .prefetch_related("person__memberships", "review__escalations__people")
        )
        last = {decision.review.action_id: decision for decision in given}
        standing = {action: decision for action, decision in last.items() if decision.stands}
        kept = standing.keys() - self._no_longer_agreed(standing, now)
        return {action: standing[action].at for action in kept}

    def _no_longer_agreed(self, standing: Mapping[int, Decision], now: datetime) -> set[int]:
        """Return those where several had to agree and their votes, counted again, are not enough."""
        tracked = [action for action, decision in standing.items() if decision.review.tracked]
        if not tracked:
            return set()
        counts = count_all(list(Action.objects.filter(pk__in=tracked)), now)
        return {action for action, counted in counts.items() if not counted.is_enough}

    def doors(self, action_ids: Iterable[int], person: Person, now: datetime) -> list[Door]:
        """Return the open reviews of these actions that the person sees: three queries, whatever their number."""
        rows = visible_to(person, now).filter(action__in=list(action_ids), status=Status.OPEN).order_by("due_at", "pk")
        rows = rows.select_related("team", "action__run").prefetch_related("escalations__people")
        return [_door(review, person, now) for review in rows]


def _door(review: Review, person: Person, now: datetime) -> Door:
    url, mine = reverse("review", args=[review.pk]), not review.barred(person, now)
    return Door(review.action_id, url, review.headline, review.team.name, review.due_at, mine=mine)


def _review(ask: Ask, due: datetime, firsts: Mapping[int, timedelta], now: datetime) -> Review:
    first = firsts.get(ask.step.escalation_id or 0)
    return Review(
        action=ask.action,
        kind=ask.kind,
        headline=ask.headline[:300],
        team=ask.step.reviewers,
        path=ask.step.escalation,
        opened_at=now,
        due_at=due,
        remind_at=now + timedelta(seconds=ask.step.remind_in) if ask.step.remind_in else None,
        tracked=ask.kind == Kind.APPROVAL and not is_plain(ask.action.needs, ask.step.reviewers.slug),
        escalates_at=None if first is None else due + first,
    )
