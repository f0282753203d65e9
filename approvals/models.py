"""The index Django needs: each model lives in the file of its noun."""

from approvals.decisions import Decision
from approvals.escalations import Escalation
from approvals.notifications import Notification
from approvals.reviews import Review
from approvals.seats import Seat
from approvals.votes import Vote

__all__ = ["Decision", "Escalation", "Notification", "Review", "Seat", "Vote"]
