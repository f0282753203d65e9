"""The index Django needs: each model lives in the file of its noun."""

from approvals.backtests.lists import CaseList
from approvals.backtests.openings import Opening
from approvals.backtests.row import Backtest
from approvals.decisions import Decision
from approvals.escalations import Escalation
from approvals.notifications import Notification
from approvals.reviews import Review
from approvals.seats import Seat
from approvals.votes import Vote

__all__ = ["Backtest", "CaseList", "Decision", "Escalation", "Notification", "Opening", "Review", "Seat", "Vote"]
