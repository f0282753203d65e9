"""How a worker spends its turn."""

from django.core import mail

from governance.ledger import Entry
from workflows.capabilities.content import Render
from workflows.engine.drive import drive
from workflows.engine.inline import BATCH

TWO_KINDS = """
workflow: mark
title: Mark
owner: growth
automation_allowed: true
steps:
  - {key: write, capability: content.render, params: {template: note}, ownership: automated}
---
workflow: notice
title: Notice
owner: growth
automation_allowed: true
steps:
  - {key: send, capability: email.send, params: {template: note, to: tom@client.example}, ownership: automated}
"""


def test_a_mail_does_not_wait_until_a_long_fan_out_is_over(world):
    world.asset("template", "note", body={"subject": "A", "body": "B"})
    world.load(TWO_KINDS)
    for _ in range(BATCH + 10):
        world.start("mark")
    world.start("notice")
    assert drive(lambda: world.now, seconds=0) is True
    assert len(mail.outbox) == 1
    begun = Entry.objects.get(verb="action.started")
    assert Entry.objects.filter(verb="action.done", pk__gt=begun.pk).exclude(action=begun.action).count() == 10


def test_an_action_that_breaks_its_batch_fails_alone_and_the_others_are_done(world, monkeypatch):
    world.asset("template", "note", body={"subject": "A", "body": "B"})
    world.load(TWO_KINDS)
    good, bad, more = (world.start("mark") for _ in range(3))
    execute = Render.execute

    def breaks(self, payload, context):
        if context.run_id == bad.pk:
            raise ZeroDivisionError("nobody foresaw this")
        return execute(self, payload, context)

    monkeypatch.setattr(Render, "execute", breaks)
    world.work()
    assert [world.action(run, "write").status for run in (good, bad, more)] == ["done", "failed", "done"]
    assert "nobody foresaw this" in world.action(bad, "write").trouble
