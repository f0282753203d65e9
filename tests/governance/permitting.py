"""Verdicts on facts under an envelope and a workflow as files say them; run as a module, those of a file of cases."""

import json
import sys
from pathlib import Path

from governance.envelope.whole import Envelope
from workflows.files import WorkflowPart

WORKFLOW = {
    "workflow": "mails",
    "title": "Mails",
    "owner": "growth",
    "steps": [{"key": "send", "capability": "email.send", "ownership": "automated", "data": ["usage"]}],
}


def judging(envelope, workflow):
    """Read both once, and return what gives the verdict on any facts."""
    from workflows.partterms import verdict_on_part  # needs Django, which the module's own run sets up first

    part, whole = WorkflowPart.model_validate(workflow), Envelope.of(envelope)
    return lambda facts: verdict_on_part(facts, whole, "Rulebook 1", part, part.steps[0])


def verdict_on(facts, envelope, workflow):
    return judging(envelope, workflow)(facts)


def said_of(facts, envelope, workflow):
    verdict = verdict_on(facts, envelope, workflow)
    said = [verdict.outcome.value, *[reason.as_json() for reason in verdict.reasons]]
    return [said, [need.as_json() for need in verdict.needs]]


if __name__ == "__main__":
    import django

    django.setup()
    cases = json.loads(Path(sys.argv[1]).read_text())
    sys.stdout.write(json.dumps([said_of(*case) for case in cases]))
