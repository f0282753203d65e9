"""The actions of a backtest, to click through: one row for each kind of case, with the ids in it, the newest first."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import ClassVar

from django.db import models

from governance import databases
from governance.backtest import Tally
from governance.judging import Outcome
from workflows.actions import Action

PAGE = 50
ORDER = ("rejected", "edited", "kept", "by_hand", "nothing")
"""What people had rejected stands first."""


class CaseLists(models.Manager["CaseList"]):
    def keep(self, backtest: int, tally: Tally) -> None:
        """Write the lists of a backtest anew. Call it inside the transaction that ends it."""
        self.filter(backtest=backtest).delete()
        judged = [
            CaseList(backtest_id=backtest, before=was, after=now, decided=decided, actions=group.actions)
            for (was, now, decided), group in tally.groups.items()
        ]
        skipped = [
            CaseList(backtest_id=backtest, reason=reason, actions=actions) for reason, actions in tally.skipped.items()
        ]
        for row in (*judged, *skipped):
            row.size = len(row.actions)
        self.bulk_create([*judged, *skipped])


class CaseList(models.Model):
    """Actions with the same verdicts and answer or, with a `reason`, those that could not be judged for it."""

    backtest = models.ForeignKey("approvals.Backtest", on_delete=models.CASCADE, related_name="lists")
    before = models.CharField(max_length=8, blank=True)
    after = models.CharField(max_length=8, blank=True)
    decided = models.CharField(max_length=8, blank=True)
    reason = models.CharField(max_length=120, blank=True)
    actions = models.JSONField(default=list)
    size = models.PositiveIntegerField()

    objects: ClassVar[CaseLists] = CaseLists()

    def __str__(self) -> str:
        return self.reason or f"{self.before} → {self.after}, {self.decided}"

    @property
    def is_released(self) -> bool:
        return self.after == Outcome.ACT and self.before != Outcome.ACT

    @property
    def is_held_back(self) -> bool:
        return self.before == Outcome.ACT and self.after != Outcome.ACT

    @property
    def is_changed(self) -> bool:
        return self.before != self.after


def chosen(lists: Iterable[CaseList], which: str) -> list[CaseList]:
    """Return the lists a page shows: of `released` (also `released-rejected`), `held-back`, `changed`, `unjudged`,
    `act-review` and the like; `all` for anything else."""
    rows = sorted(lists, key=lambda row: (ORDER.index(row.decided) if row.decided else 9, row.pk or 0))
    return [row for row in rows if _fits(row, *which.partition("-")[::2])]


def _fits(row: CaseList, name: str, part: str) -> bool:
    match name:
        case "released":
            return row.is_released and part in ("", row.decided)
        case "held":
            return row.is_held_back
        case "changed":
            return row.is_changed
        case "unjudged":
            return bool(row.reason)
        case Outcome.ACT | Outcome.REVIEW | Outcome.HUMAN | Outcome.REFUSE:
            return (row.before, row.after) == (name, part)
        case _:
            return True


def page_of(lists: Sequence[CaseList], begin: int, size: int = PAGE) -> list[tuple[CaseList, int]]:
    """Return so many actions from there on, each with the list it stands in. Only what is shown is read."""
    found: list[tuple[CaseList, int]] = []
    for row in lists:
        if len(found) < size and begin < row.size:
            ids = databases.part_of_list(CaseList, "actions", row.pk, begin, size - len(found))
            found += [(row, key) for key in ids]
        begin = max(0, begin - row.size)
    return found


def actions_of(found: Sequence[tuple[CaseList, int]]) -> list[tuple[CaseList, Action]]:
    """Return the actions themselves with what their rows show: one query. What was deleted since is left out."""
    rows = Action.objects.filter(pk__in=[key for _, key in found]).select_related("step", "run")
    by_id = rows.defer("facts", "output", "progress").in_bulk()
    return [(row, by_id[key]) for row, key in found if key in by_id]
