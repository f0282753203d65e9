"""A worker leaves alone what was published in a form it does not know, and says so."""

import logging

import pytest

from workflows import versions
from workflows.definitions import SCHEMA, Version
from workflows.versions import published, unknown_schemas

NOTE = """
workflow: {slug}
title: {title}
owner: growth
automation_allowed: true
steps:
  - {{key: write, capability: content.render, params: {{template: note}}, ownership: automated}}
"""


@pytest.fixture
def note(world):
    world.asset("template", "note", body={"subject": "A", "body": "B"})
    for slug, title in (("note", "Note"), ("memo", "Memo")):
        world.load(NOTE.format(slug=slug, title=title))
    return world


@pytest.fixture
def memo_of_tomorrow(note):
    """Memo was published by a Remit that is newer than this one."""
    made = Version.objects.get(workflow__slug="memo")
    Version.objects.filter(pk=made.pk).update(schema=SCHEMA + 1)
    published.cache_clear()
    versions._warn.cache_clear()
    return made


def test_every_form_up_to_todays_is_known(note):
    assert unknown_schemas() == []


def test_a_newer_form_is_found_with_one_statement(note, memo_of_tomorrow, django_assert_num_queries):
    with django_assert_num_queries(1):
        assert unknown_schemas() == [memo_of_tomorrow.pk]


def test_its_actions_are_left_alone_and_all_others_go_on(note, memo_of_tomorrow):
    waits, goes_on = note.start("memo"), note.start("note")
    note.work()
    assert note.action(waits, "write").status == "ready"
    assert note.action(goes_on, "write").status == "done"


def test_the_worker_says_so_once_a_version(note, memo_of_tomorrow, caplog):
    with caplog.at_level(logging.WARNING, logger="workflows.versions"):
        for _ in range(3):
            note.work()
            unknown_schemas()
    (said,) = [record.getMessage() for record in caplog.records if record.name == "workflows.versions"]
    assert said.startswith(f"Memo v1 (version {memo_of_tomorrow.pk}) waits for a newer worker:")


def test_the_page_of_the_run_says_what_it_waits_for(note, memo_of_tomorrow, sign_in):
    run = note.start("memo")
    page = sign_in("ada").get(f"/runs/{run.pk}/").content.decode()
    assert "Waits for a newer worker: Memo v1" in page


def test_the_page_of_another_run_does_not(note, memo_of_tomorrow, sign_in):
    run = note.start("note")
    assert "newer worker" not in sign_in("ada").get(f"/runs/{run.pk}/").content.decode()


def test_when_a_newer_worker_comes_it_goes_on(note, memo_of_tomorrow):
    run = note.start("memo")
    note.work()
    Version.objects.filter(pk=memo_of_tomorrow.pk).update(schema=SCHEMA)
    note.work()
    assert note.action(run, "write").status == "done"
