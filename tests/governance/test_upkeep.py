"""A sweep goes on where one of its parts breaks, and gives up where the database is away."""

import logging

import pytest
from django.db import OperationalError

from governance.upkeep import in_turn


def test_a_part_that_breaks_is_told_and_the_others_have_their_turn(caplog):
    done = []

    def breaks():
        raise ValueError("Ben's absence has no end")

    with caplog.at_level(logging.ERROR):
        in_turn(breaks, lambda: done.append("deliver"))
    assert done == ["deliver"]
    assert "Ben's absence has no end" in caplog.text


def test_where_the_database_is_away_no_other_part_is_tried():
    done = []

    def finds_nobody():
        raise OperationalError("server closed the connection unexpectedly")

    with pytest.raises(OperationalError):
        in_turn(finds_nobody, lambda: done.append("deliver"))
    assert done == []
