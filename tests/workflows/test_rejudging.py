"""A changed record: what waits for people and rests on it is judged again by whoever sweeps next."""

from threading import Event, Thread

import pytest
from django.db import connection, connections, transaction

from approvals.reviews import Review
from workflows import rejudging
from workflows.capabilities.contract import Capability, Facts, Proposal, Shape
from workflows.capabilities.registry import capabilities
from workflows.engine.recall import Recalled
from workflows.records import Record
from workflows.upserts import Whose, upsert

CALLS = """
workflow: calls
title: Calls
owner: growth
input: {type: object, required: [client], properties: {client: {type: string}}}
steps:
  - key: mark
    question: Do we call this client?
    capability: records.update
    params: {record: {kind: client, key: "=input.client"}, changes: {called: true}}
    ownership: needs_approval
    tracks:
      - {key: one, title: A colleague, team: growth, when: "record.size <= 100"}
      - {key: legal, title: Legal, team: legal, when: "record.size > 100"}
"""


def quietly(kind, rows):
    numbered = [(number, *row) for number, row in enumerate(rows, 2)]
    with transaction.atomic():
        return upsert(kind, numbered, len(rows), lambda *_: None, Whose.of(None, None, {}))


@pytest.fixture
def calls(world):
    for key in ("acme", "brunel"):
        world.record("client", key, size=10)
    world.rules()
    world.load(CALLS)
    for key in ("acme", "brunel"):
        world.run("calls", client=key)
    rejudging.judge_again(world.now)
    return world


def asked():
    return {
        review.action.facts["record"]["key"]: [seat.key for seat in review.seats.all()] or ["plain"]
        for review in Review.objects.filter(status="open").select_related("action")
    }


def test_an_import_that_changes_the_record_asks_others_and_leaves_those_alone_who_rest_on_another(calls):
    assert asked() == {"acme": ["one"], "brunel": ["one"]}
    quietly("client", [("acme", {"size": 101}), ("brunel", {"size": 10}), ("new", {"size": 7})])
    assert list(Record.objects.filter(rejudged=False).values_list("key", flat=True)) == ["acme"]
    assert rejudging.judge_again(calls.now) == Recalled(rebadged=1)
    assert asked() == {"acme": ["legal"], "brunel": ["one"]}
    entry = calls.action(Review.objects.get(action__facts__record__key="acme").action.run, "mark")
    assert calls.verbs(entry.run)[-1] == "action.judged_again"


def test_when_no_record_was_changed_one_query_says_so(calls, django_assert_num_queries):
    with django_assert_num_queries(3):  # of versions, of rulebooks, of records
        assert rejudging.judge_again(calls.now) == Recalled()


def test_what_software_itself_writes_into_a_record_is_noticed_too(calls):
    calls.load(CALLS.replace("workflow: calls", "workflow: grow").replace("{called: true}", "{size: 500}"))
    calls.run("grow", client="acme")
    review = Review.objects.get(action__workflow__slug="grow")
    review.decide(calls.ben, "approve", calls.now, digest=review.action.digest)
    calls.work()
    rejudging.judge_again(calls.now)
    assert asked()["acme"] == ["legal"]


class Spend(Capability):
    """Takes from a pot; how much is left in it is looked up each time it is judged."""

    title = "Spend from a pot"

    class Payload(Shape):
        pot: str

    def __init__(self):
        self.key = "pots.spend"

    def propose(self, params, context):
        return Proposal({"pot": "big"})

    def facts(self, payload, context):
        left = Record.objects.get(kind="pot", key=payload.pot).fields["left"]
        return Facts(amounts={"left": left}, touches=[("pot", payload.pot)])


def test_a_record_that_is_touched_besides_the_steps_own_counts_too(world, monkeypatch):
    monkeypatch.setitem(capabilities(), "pots.spend", Spend())
    pot = world.record("pot", "big", left=50)
    rail = {"when": "amounts.left < 10", "effect": "refuse", "reason": "Nothing left"}
    world.rules(stances=[{"capability": "pots.spend", "stance": "approved"}], guardrails=[rail])
    world.load(
        "{workflow: spend, title: Spend, owner: growth, steps: "
        "[{key: take, capability: pots.spend, ownership: needs_approval}]}"
    )
    run = world.run("spend")
    rejudging.judge_again(world.now)
    pot.fields["left"] = 5
    pot.save()
    assert rejudging.judge_again(world.now) == Recalled(refused=1)
    assert world.action(run, "take").status == "refused"


def test_of_many_changed_records_a_sweep_takes_a_bounded_part(calls, monkeypatch):
    monkeypatch.setattr(rejudging, "BATCH", 40)
    rows = [(f"client-{number:03}", {"size": number}) for number in range(100)]
    quietly("client", rows)
    quietly("client", [(key, {"size": 0}) for key, _ in rows[:90]])
    left = []
    while left[-1:] != [0]:
        rejudging.judge_again(calls.now)
        left.append(Record.objects.filter(rejudged=False).count())
    assert left == [49, 9, 0]  # one of the 90 was 0 before


def test_when_many_actions_were_judged_again_the_other_records_wait_for_the_next_sweep(calls, monkeypatch):
    monkeypatch.setattr(rejudging, "MOST", 1)
    quietly("client", [("acme", {"size": 101}), ("brunel", {"size": 101})])
    assert rejudging.judge_again(calls.now) == Recalled(rebadged=1)
    assert sorted(asked().values()) == [["legal"], ["one"]]
    assert rejudging.judge_again(calls.now) == Recalled(rebadged=1)
    assert list(asked().values()) == [["legal"], ["legal"]]


@pytest.mark.skipif(connection.vendor != "postgresql", reason="two writers at once need PostgreSQL")
@pytest.mark.django_db(transaction=True)
def test_a_long_import_neither_stalls_the_sweep_nor_has_its_change_ticked_off_unseen(world):
    world.record("client", "acme", size=10)
    world.rules()
    world.load(CALLS)
    world.run("calls", client="acme")
    rejudging.judge_again(world.now)
    quietly("client", [("acme", {"size": 20})])  # seen by the sweep; the import below is not committed then
    written, swept = Event(), Event()

    def long_import():
        try:
            with transaction.atomic():
                upsert("client", [(2, "acme", {"size": 101})], 1, lambda *_: None, Whose.of(None, None, {}))
                written.set()
                assert swept.wait(20)
        finally:
            connections.close_all()

    importing = Thread(target=long_import)
    importing.start()
    assert written.wait(20)
    assert rejudging.judge_again(world.now) == Recalled()
    swept.set()
    importing.join()
    assert Record.objects.filter(rejudged=False).exists()
    assert rejudging.judge_again(world.now) == Recalled(rebadged=1)
    assert asked() == {"acme": ["legal"]}
