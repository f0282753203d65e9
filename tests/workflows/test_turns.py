"""What the dead had in their hands is found, and who killed them is named by trying each alone."""

import json
import os
import timeit

import pytest

from tests.states import put
from workflows.engine import turns
from workflows.engine.turns import Hands, Turn, suspects

NOTE = """
workflow: note
title: Note
owner: growth
automation_allowed: true
steps:
  - {key: write, capability: content.render, params: {template: note}, ownership: automated}
"""


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """The notes of a machine whose workers are all gone but this one."""
    made = tmp_path / "hands"
    made.mkdir()
    monkeypatch.setattr(turns, "_hands", Hands(made))
    return made


@pytest.fixture
def ready(world):
    """Three actions that are ready."""
    world.asset("template", "note", body={"subject": "A", "body": "B"})
    world.load(NOTE)
    return [world.action(world.start("note"), "write") for _ in range(3)]


def dies(folder, name, *actions):
    """Leave what a worker leaves that is killed: its note, which nobody holds."""
    (folder / f"{name}:1:aaa").write_text(json.dumps([action.pk for action in actions]))


def test_as_long_as_nobody_dies_nobody_is_suspected(world, folder, ready):
    assert suspects(world.now) == {}


def test_what_a_dead_worker_had_in_hand_is_suspected(world, folder, ready):
    dies(folder, "north", *ready[:2])
    assert suspects(world.now) == {ready[0].pk: 1, ready[1].pk: 1}
    assert Turn.objects.get().worker == "north:1"
    assert list(folder.iterdir()) == []


def test_each_death_counts_for_those_in_hand_and_for_nobody_else(world, folder, ready):
    dies(folder, "north", *ready)
    dies(folder, "south", ready[0])
    assert suspects(world.now) == {ready[0].pk: 2, ready[1].pk: 1, ready[2].pk: 1}


def test_a_death_is_counted_once(world, folder, ready):
    dies(folder, "north", ready[0])
    assert [suspects(world.now) for _ in range(3)] == [{ready[0].pk: 1}] * 3


def test_who_turned_out_innocent_is_suspected_no_more(world, folder, ready):
    dies(folder, "north", *ready)
    put(ready[1], "done")
    assert suspects(world.now) == {ready[0].pk: 1, ready[2].pk: 1}


def test_when_all_of_a_turn_are_settled_nothing_of_it_stays(world, folder, ready):
    dies(folder, "north", *ready[:2])
    suspects(world.now)
    for action in ready[:2]:
        put(action, "done")
    assert suspects(world.now) == {}
    assert not Turn.objects.exists()


def test_a_worker_that_lives_is_left_alone(world, folder, ready):
    living = Hands(folder)
    living.hold([ready[0].pk])
    assert suspects(world.now) == {}
    assert len(list(folder.iterdir())) == 1


def test_a_worker_does_not_take_itself_for_dead(world, folder, ready):
    turns.begin([ready[0].pk])
    assert suspects(world.now) == {}
    turns.end()


def test_a_worker_killed_with_empty_hands_leaves_nothing(world, folder, ready):
    gone = Hands(folder)
    gone.hold([action.pk for action in ready])
    gone.hold([])
    os.close(gone._file)
    assert suspects(world.now) == {}
    assert list(folder.iterdir()) == []


def test_of_two_batches_only_the_second_is_in_hand(world, folder, ready):
    gone = Hands(folder)
    gone.hold([action.pk for action in ready])
    gone.hold([ready[2].pk])
    os.close(gone._file)
    assert suspects(world.now) == {ready[2].pk: 1}


@pytest.mark.parametrize("torn", ["", "[1, 2", "null", '["x"]', "{}"])
def test_a_note_that_cannot_be_read_accuses_nobody(world, folder, torn):
    (folder / "north:1:aaa").write_text(torn)
    assert suspects(world.now) == {}
    assert list(folder.iterdir()) == []


def test_without_a_disk_there_is_no_note_and_work_goes_on(tmp_path, caplog):
    (tmp_path / "hands").write_text("a file where a folder should be")
    Hands(tmp_path / "hands").hold([1])
    assert "could not be noted" in caplog.text


def test_as_long_as_nobody_died_it_costs_one_statement(world, folder, ready, django_assert_num_queries):
    with django_assert_num_queries(1):
        suspects(world.now)


def test_with_suspects_it_costs_three_statements_at_most(world, folder, ready, django_assert_max_num_queries):
    for name in ("north", "south", "east"):
        dies(folder, name, *ready)
    suspects(world.now)
    put(ready[0], "done")
    with django_assert_max_num_queries(3):
        suspects(world.now)


def test_a_note_of_a_whole_batch_costs_less_than_a_millisecond(folder):
    batch = list(range(1_000_000, 1_000_150))
    assert min(timeit.repeat(lambda: turns.begin(batch), number=100, repeat=5)) / 100 < 0.001
