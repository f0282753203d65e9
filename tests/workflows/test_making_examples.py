"""A leader makes a past action an example of what is to be expected."""

import pytest

from governance import drafting
from tests.workflows.test_drafts import calls  # noqa: F401
from workflows import examples
from workflows.publishing import parts_in_force


@pytest.fixture
def done(calls):  # noqa: F811
    calls.rules(guardrails=[{"when": "now < timestamp('2020-01-01T00:00:00Z')", "effect": "refuse", "reason": "Old"}])
    return calls.action(calls.run("calls", contact="priya"), "note")


def test_one_press_makes_an_example_that_holds(calls, done, sign_in):  # noqa: F811
    ada = sign_in("ada")
    assert f"/runs/{done.run_id}/actions/{done.pk}/example/" in ada.get(f"/runs/{done.run_id}/").content.decode()
    answer = ada.post(f"/runs/{done.run_id}/actions/{done.pk}/example/")
    assert answer.url == "/rulebook/draft/examples/0/"
    draft = drafting.current().envelope
    (example,) = draft.examples
    assert (example.workflow, example.step, example.expect) == ("calls", "note", "act")
    assert example.title == f"Write a note of run {done.run_id} acts alone"
    assert examples.broken(draft, parts_in_force()) == []
    strict = draft.model_copy(update={"stances": []})
    assert "found is refused" in str(examples.broken(strict, parts_in_force())[0])


def test_the_same_action_is_not_made_an_example_twice(calls, done, sign_in):  # noqa: F811
    ada = sign_in("ada")
    ada.post(f"/runs/{done.run_id}/actions/{done.pk}/example/")
    assert ada.post(f"/runs/{done.run_id}/actions/{done.pk}/example/").url == f"/runs/{done.run_id}/"
    assert len(drafting.current().envelope.examples) == 1


def test_reviewers_make_no_examples_and_strangers_see_no_run(calls, done, sign_in):  # noqa: F811
    address = f"/runs/{done.run_id}/actions/{done.pk}/example/"
    assert address not in sign_in("ben").get(f"/runs/{done.run_id}/").content.decode()
    assert sign_in("ben").post(address).status_code == 403
    assert sign_in("eve").post(address).status_code == 404
