"""A past of seven contacts, the surest first: two kept, one edited, one rejected at 0.85, and one nobody answered."""

from approvals.backtests import plan
from approvals.reviews import Review
from workflows import publishing
from workflows.definitions import Version

PROGRAM = """
workflow: welcome
title: Welcome
owner: growth
automation_allowed: true
input: {type: object, required: [contact], properties: {contact: {type: string}}}
steps:
  - key: discount
    title: Choose discount
    question: How much does this contact get?
    capability: data.set
    params: {values: {discount: "=record.discount"}, record: {kind: contact, key: "=input.contact"}}
    ownership: needs_approval
    confidence: record.fit
"""
AUTOMATED = PROGRAM.replace("ownership: needs_approval", "ownership: automated\n    min_confidence: 0.85")
FITS = (0.95, 0.9, 0.86, 0.85, 0.84, 0.7, 0.6)
ANSWERS = ("approve", "approve", "edit", "reject", "approve", "reject", None)


def happen(world):
    world.load(PROGRAM)
    for number, (fit, answer) in enumerate(zip(FITS, ANSWERS, strict=True)):
        world.record("contact", f"c{number}", fit=fit, discount=10 * (number + 1))
        run = world.run("welcome", contact=f"c{number}")
        if answer:
            decide(world, Review.objects.get(action__run=run), answer)
    return world


def decide(world, review, answer):
    payload = {"values": {"discount": 1}} if answer == "edit" else None
    review.decide(world.chen, answer, world.now, digest=review.action.digest, note="because", payload=payload)
    world.work()


def draft(world, text=AUTOMATED):
    publishing.load(text, world.ada, world.now)
    return plan.fresh(Version.objects.get(workflow__slug="welcome", status="draft").pk)
