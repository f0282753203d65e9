"""Claims: who is on which review. A courtesy among colleagues; it shuts nobody out."""

from __future__ import annotations

from approvals.reviews import Kind, Review, Status
from governance.people import Person


def take(review: Review, person: Person) -> None:
    """Put the person on this review, and no longer on others they had only looked at.

    A to-do is not claimed by looking at it: it is whoever's who took it over.
    """
    looked_at = Review.objects.filter(claimed_by=person, status=Status.OPEN).exclude(kind=Kind.TODO)
    looked_at.exclude(pk=review.pk).update(claimed_by=None)
    if review.kind != Kind.TODO:
        review.claim(person)
