"""An action that kills whoever carries it out ends as an incident, and all others are done."""

import pytest

from tests.faults.floor import Floor
from tests.faults.parts import until
from workflows.engine.claim import MOST_CLAIMS

pytestmark = pytest.mark.faults

WITHIN = 180.0
OTHERS = 20
SETTINGS = """
from governance.settings import *
INSTALLED_APPS = [*INSTALLED_APPS, "poisonous"]
"""
CAPABILITY = """
import os
import signal

from workflows.capabilities.contract import Capability, Proposal


class Drink(Capability):
    key = "poison.drink"
    title = "Drink it"

    def propose(self, params, context):
        return Proposal({})

    def execute(self, payload, context):
        os.kill(os.getpid(), signal.SIGKILL)
"""
WORKFLOWS = """
workflow: poison
title: Poison
owner: growth
automation_allowed: true
steps:
  - {key: look, capability: data.set, params: {values: {a: 1}}, ownership: automated}
  - {key: drink, after: [look], capability: poison.drink, ownership: automated}
---
workflow: water
title: Water
owner: growth
automation_allowed: true
steps:
  - {key: drink, capability: data.set, params: {values: {a: 1}}, ownership: automated}
"""
START = f"""
from django.utils import timezone
from governance.people import Person
from workflows.engine.starting import start
ada = Person.objects.get()
for slug in ["poison", *["water"] * {OTHERS}]:
    start(slug, {{}}, ada, timezone.now())
"""
STATUS = "SELECT action.status FROM workflows_action AS action JOIN workflows_step AS step ON step_id = step.id "


@pytest.fixture
def floor(tmp_path):
    (tmp_path / "poisonous").mkdir()
    (tmp_path / "poisonous" / "__init__.py").touch()
    (tmp_path / "poisonous" / "capabilities.py").write_text(CAPABILITY)
    (tmp_path / "poisonous_settings.py").write_text(SETTINGS)
    made = Floor(tmp_path, {"DJANGO_SETTINGS_MODULE": "poisonous_settings"})
    try:
        made.prepare("data.set: approved, poison.drink: approved", WORKFLOWS)
        yield made
    finally:
        made.close()


def test_it_is_given_up_after_so_many_deaths_and_the_others_are_done(floor):
    floor.manage("shell", "--verbosity", "0", "-c", START)
    floor.open()
    poisoned = f"{STATUS} WHERE step.capability = 'poison.drink'"
    took = until(lambda: floor.ask(poisoned) == ["failed"], WITHIN, every=0.2)
    water = f"{STATUS} WHERE step.capability = 'data.set' AND action.status <> 'done'"
    until(lambda: floor.ask(water) == [], 10)
    # a quick machine drinks in the transaction that made it ready: that death names only the step before
    assert floor.worker.starts in (MOST_CLAIMS + 1, MOST_CLAIMS + 2)
    assert floor.ask("SELECT cause FROM workflows_incident") == [
        f"{MOST_CLAIMS} workers died while they had it in hand"
    ]
    assert floor.ask("SELECT count(*) FROM workflows_turn") == [0]
    assert floor.ask("SELECT status FROM workflows_run WHERE status <> 'ended'") == ["stopped"]
    print(f"after {MOST_CLAIMS} deaths and {took:.1f} s the action was given up")  # noqa: T201
