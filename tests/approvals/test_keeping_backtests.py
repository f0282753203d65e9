"""Backtests are forgotten after a quarter, but not while somebody relies on them."""

from datetime import timedelta

import pytest

from approvals.backtests.keeping import forget_old
from approvals.backtests.openings import Opening
from approvals.backtests.row import Asked, Backtest
from tests.approvals.past import draft, happen
from workflows.actions import Action
from workflows.definitions import Version


@pytest.fixture
def asked(world):
    """Ada asked what a draft would have done, and what stands does."""
    happen(world)
    for version in (draft(world), Version.objects.get(status="in_force")):
        Backtest.objects.ask(Asked(version), world.ada, world.now)
    return world


def left():
    return [row.version.status for row in Backtest.objects.order_by("pk")]


def test_after_a_quarter_it_is_forgotten_unless_its_draft_still_stands(asked):
    assert (forget_old(asked.later(days=89)), left()) == (0, ["draft", "in_force"])
    assert (forget_old(asked.later(days=2)), left()) == (1, ["draft"])
    Version.objects.filter(status="draft").delete()
    assert (forget_old(asked.now), Backtest.objects.count()) == (1, 0)


def test_what_lea_looked_at_before_she_ratified_stays(asked):
    row = Backtest.objects.get(version__status="in_force")
    Opening.objects.create(backtest=row, action=Action.objects.first(), person=asked.lea, at=asked.now)
    assert forget_old(asked.later(days=400)) == 0


def test_of_many_a_few_go_at_a_time(asked, monkeypatch):
    monkeypatch.setattr("approvals.backtests.keeping.AT_ONCE", 2)
    version = Version.objects.get(status="in_force")
    for _ in range(2):
        Backtest.objects.ask(Asked(version), asked.ada, asked.now - timedelta(days=1))
    assert [forget_old(asked.later(days=100)), forget_old(asked.now), forget_old(asked.now)] == [2, 1, 0]
