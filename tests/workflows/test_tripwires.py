"""Tripwires halt a scope by themselves, once; leaders lift it, and what was there before does not count again."""

import pytest

from governance.envelope.tripwires import Tripwire
from governance.halts import Halt
from governance.ledger import Entry
from workflows import tripwires
from workflows.actions import Action
from workflows.incidents import Incident
from workflows.outcomes import report
from workflows.tripwires import look, tried

MAILS = """
workflow: mails
title: Mails
owner: growth
automation_allowed: true
input: {type: object, required: [client], properties: {client: {type: string}}}
steps:
  - key: send
    title: Send it
    capability: email.send
    params: {record: {kind: client, key: "=input.client"}, to: "=record.email", subject: Hello, body: Hello}
    ownership: automated
"""


@pytest.fixture
def mails(world):
    for key in ("tom", "pia"):
        world.record("client", key, name=key.capitalize(), email=f"{key}@client.example")
    world.load(MAILS)
    return world


def send(world, client="tom", times=1):
    return [world.action(world.run("mails", client=client), "send") for _ in range(times)]


def bounced(world, actions):
    for action in actions:
        report(action, "bounced", True, world.ada, world.now)


def wire(**said):
    return {"key": "w", "title": "Too much", "seen": "repeats", "times": 3, "within": "1h", **said}


def looked(world):
    return [(halt.scope, halt.target) for halt in look(world.later(seconds=20))]


def test_the_third_mail_to_tom_within_the_hour_halts_the_step(mails):
    mails.rules(tripwires=[wire()])
    send(mails, "tom", 2)
    send(mails, "pia", 2)
    assert looked(mails) == []
    send(mails, "tom")
    assert looked(mails) == [("step", "mails/send")]
    assert looked(mails) == []  # it stands
    (held,) = send(mails, "pia")
    assert held.status == "ready"
    entry = Entry.objects.get(verb="halt.pulled")
    assert (entry.actor_name, "Too much" in entry.data["reason"]) == ("Remit", True)
    assert Incident.objects.get().cause.startswith("Tripwire “Too much”")


def test_an_hour_later_it_counts_anew(mails):
    mails.rules(tripwires=[wire()])
    send(mails, "tom", 2)
    mails.later(minutes=61)
    send(mails, "tom", 2)
    assert looked(mails) == []


def test_what_leaders_have_seen_does_not_trip_it_again(mails):
    mails.rules(tripwires=[wire()])
    send(mails, "tom", 3)
    look(mails.later(seconds=20))
    halt = Halt.objects.get()
    assert halt.who == "A tripwire"
    halt.lift(mails.ada, "A test", mails.later(seconds=1))
    halt.lift(mails.lea, "A test", mails.later(seconds=1))
    assert looked(mails) == []
    send(mails, "tom", 2)
    assert looked(mails) == []
    send(mails, "tom")
    assert looked(mails) == [("step", "mails/send")]


@pytest.mark.parametrize(
    ("said", "halted"),
    [
        ({"seen": "bounced", "times": 3, "halts": "workflow"}, [("workflow", "mails")]),
        ({"seen": "bounced", "times": 4}, []),
        ({"seen": "bounced", "times": 3, "share": 0.3, "halts": "capability"}, [("capability", "email.send")]),
        ({"seen": "bounced", "times": 3, "share": 0.31}, []),
        ({"seen": "bounced", "times": 3, "armed": False}, []),
        ({"seen": "bounced", "times": 3, "workflow": "others"}, []),
        ({"seen": "unsubscribed", "times": 1}, []),
        ({"seen": "amounts.recipients", "times": 10}, [("step", "mails/send")]),
        ({"seen": "amounts.recipients", "times": 11}, []),
    ],
)
def test_what_is_seen_often_enough_halts_where_it_was_seen(mails, said, halted):
    mails.rules(
        tripwires=[
            wire(**said),
            {"key": "repeats", "title": "Off", "seen": "repeats", "times": 99, "within": "1d", "armed": False},
        ]
    )
    sent = send(mails, "tom", 5) + send(mails, "pia", 5)
    bounced(mails, sent[:3])
    assert looked(mails) == halted


def test_refusals_and_failures_are_seen_too(mails):
    mails.rules(
        tripwires=[wire(seen="refusals", times=2)],
        guardrails=[{"when": "true", "effect": "refuse", "reason": "Never"}],
    )
    send(mails, "tom", 2)
    assert looked(mails) == [("step", "mails/send")]


def test_without_a_word_of_leaders_bounces_and_repeats_are_watched(mails):
    assert {one.key for one in tripwires.wires()} == {"bounces", "repeats"}
    sent = send(mails, "tom", 5) + send(mails, "pia", 5)
    bounced(mails, sent[:5])
    assert looked(mails) == [("workflow", "mails")]


def test_an_unarmed_wire_of_the_same_key_switches_a_default_off(mails):
    off = {"key": "bounces", "title": "Off", "seen": "bounced", "times": 99, "within": "1d", "armed": False}
    mails.rules(tripwires=[off])
    bounced(mails, send(mails, "tom", 5) + send(mails, "pia", 5))
    assert looked(mails) == []


def test_of_many_who_sweep_one_looks(mails):
    mails.rules(tripwires=[wire()])
    send(mails, "tom", 3)
    mails.later(seconds=20)
    assert [len(look(mails.now)), len(look(mails.now))] == [1, 0]


def test_a_wire_is_tried_on_the_past_before_it_is_armed(mails):
    send(mails, "tom", 3)
    mails.later(days=1)
    send(mails, "tom", 2)
    mails.later(days=1)
    send(mails, "tom", 3)
    found = tried(Tripwire(**wire()), 7, mails.later(hours=2))
    assert [(target, much) for _, target, much in found] == [("mails/send", 3), ("mails/send", 3)]
    assert not Halt.objects.exists()
    assert Action.objects.count() == 8


def test_what_is_on_without_a_word_stands_in_the_rulebook(mails, sign_in):
    page = sign_in("ada").get("/rulebook/").content.decode()
    assert "Mails that bounce" in page and "The same again and again" in page
    mails.rules(tripwires=[wire(key="bounces", title="Ours")])
    page = sign_in("ada").get("/rulebook/").content.decode()
    assert "Mails that bounce" not in page and "Ours" in page
