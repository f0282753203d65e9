"""A withdrawal against workers at full speed, with real threads: nothing begins after it has committed.

On PostgreSQL in the tests' own database; on SQLite, where that one is in memory and knows no writers at once, in a copy
of it on disk, with the product's own settings.
"""

import sqlite3
from datetime import timedelta
from functools import partial
from threading import Event, local

import pytest
from django.core import mail
from django.db import connection, connections

from approvals.reviews import AlreadyDecided, Review, Stale
from governance.ledger import Entry
from governance.register import Asset
from tests.together import at_once
from workflows.actions import Action, Attempt, IllegalMove, LostRace
from workflows.engine.drive import drive
from workflows.withdrawals import withdraw

pytestmark = pytest.mark.django_db(transaction=True)

NOTICE = """
workflow: notice
title: Notice
owner: growth
automation_allowed: true
input: {type: object, required: [to], properties: {to: {type: string}}}
steps:
  - {key: send, capability: email.send, params: {template: notice, to: "=input.to"}, ownership: %s, reviewers: growth}
"""
WORDS = """
workflow: words
title: Words
owner: growth
automation_allowed: true
steps:
  - {key: write, capability: content.render, params: {template: notice}, ownership: automated}
"""
MANY = 240
A_BATCH_OF_MAILS = 5
A_BATCH_OF_WORDS = 2
"""So often a worker asks the clock until it has begun a first batch, and a little more."""
FORESEEN = (AlreadyDecided, IllegalMove, LostRace, Stale)


@pytest.fixture
def in_the_arena(world, tmp_path, monkeypatch):
    """Return what runs a call where several may write at once, and gives back what it returns."""
    if connection.vendor == "sqlite":
        copy = sqlite3.connect(tmp_path / "arena.sqlite3")
        connection.ensure_connection()
        connection.connection.backup(copy)
        copy.close()
        monkeypatch.setitem(connections.settings["default"], "NAME", str(tmp_path / "arena.sqlite3"))

    def run(call):
        (found,) = at_once(call)
        if isinstance(found, Exception):
            raise found
        return found

    return run


def broken(found):
    return [each for each in found if isinstance(each, Exception) and not isinstance(each, FORESEEN)]


def begun_after(verbs):
    """Return how many of these Entries came after that of the withdrawal: the ledger's own count."""
    withdrawn = Entry.objects.get(verb="asset.withdrawn")
    return Entry.objects.filter(verb__in=verbs, pk__gt=withdrawn.pk).count()


def template(world):
    return world.asset("template", "notice", body={"subject": "Notice", "body": "Hello."})


class Pace:
    """The workers' clock. Each may ask it so often; then it waits until the withdrawal sets out, so that they race."""

    def __init__(self, now, free):
        self.now, self.free = now, free
        self.asked, self.running, self.pressed = local(), Event(), Event()

    def __call__(self):
        self.asked.times = getattr(self.asked, "times", 0) + 1
        if self.asked.times > self.free and not self.pressed.is_set():
            self.running.set()
            assert self.pressed.wait(60)
        return self.now


def race(world, free, done):
    """Let three workers drive and withdraw the template meanwhile; return how much had begun when that came back.

    On a busy machine the workers may have been through before; then this shows only that nothing comes after.
    """
    pace = Pace(world.now, free)

    def withdraws():
        asset = Asset.objects.get()
        assert pace.running.wait(60)
        pace.pressed.set()
        # the withdrawer's clock is ahead of the workers': what is withdrawn is withdrawn by whatever clock
        asset.withdraw(world.ada, "The price is wrong", world.now + timedelta(minutes=1))
        return done()

    *workers, begun = at_once(*[lambda: drive(pace)] * 3, withdraws)
    assert broken([*workers, begun]) == []
    world.work()
    return begun


def test_no_mail_begins_after_the_withdrawal_of_its_template_has_committed(world, in_the_arena):
    in_the_arena(lambda: _mails(world))


def _mails(world):
    template(world)
    world.load(NOTICE % "automated")
    for number in range(MANY):
        world.start("notice", to=f"c{number}@client.example")
    begun = race(world, A_BATCH_OF_MAILS, Attempt.objects.count)
    assert 0 < begun <= MANY
    assert (Attempt.objects.count(), len(mail.outbox), begun_after(["action.started"])) == (begun, begun, 0)
    assert Action.objects.filter(status="refused").count() == MANY - begun


def test_no_mail_that_was_approved_begins_after_the_withdrawal(world, in_the_arena):
    in_the_arena(lambda: _approved(world))


def _approved(world):
    template(world)
    world.load(NOTICE % "needs_approval")
    for number in range(MANY):
        world.start("notice", person="lea", to=f"c{number}@client.example")
    world.work()
    for review in Review.objects.select_related("action"):
        review.decide(world.ben, "approve", world.now, digest=review.action.digest)
    begun = race(world, A_BATCH_OF_MAILS, Attempt.objects.count)
    assert 0 < begun <= MANY
    assert (Attempt.objects.count(), len(mail.outbox), begun_after(["action.started"])) == (begun, begun, 0)


def test_no_words_are_chosen_from_a_template_after_its_withdrawal(world, in_the_arena):
    in_the_arena(lambda: _words(world))


def _words(world):
    template(world)
    world.load(WORDS)
    for _ in range(3 * MANY):
        world.start("words")
    done = Action.objects.filter(status="done")
    begun = race(world, A_BATCH_OF_WORDS, done.count)
    assert 0 < begun <= 3 * MANY
    assert (done.count(), begun_after(["action.done"])) == (begun, 0)
    assert Action.objects.filter(status="refused").count() == 3 * MANY - begun


def test_answers_that_cross_a_withdrawal_send_nothing_after_it_and_nobody_waits_in_a_circle(world, in_the_arena):
    in_the_arena(lambda: _answers(world))


def _answers(world):
    template(world)
    world.load(NOTICE % "needs_approval")
    for number in range(40):
        world.start("notice", person="lea", to=f"c{number}@client.example")
    world.work()
    reviews = list(Review.objects.select_related("action"))
    asset = Asset.objects.get()

    def answers(person, mine):
        for review in mine:
            try:
                review.decide(person, "approve", world.now, digest=review.action.digest)
            except FORESEEN:
                continue

    withdrawing = partial(withdraw, asset, world.ada, "The price is wrong", world.now)
    calls = [partial(answers, world.ben, reviews[::2]), partial(answers, world.chen, reviews[1::2])]
    found = at_once(*calls, lambda: drive(lambda: world.now), withdrawing)
    assert broken(found) == []
    world.work()
    assert begun_after(["action.started"]) == 0
    assert len(mail.outbox) == Attempt.objects.count()
    assert not Review.objects.filter(status="open").exists()
    assert set(Action.objects.values_list("status", flat=True)) <= {"done", "refused"}
