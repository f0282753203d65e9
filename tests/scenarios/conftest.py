"""The scenarios: a charter of each as files, and the few capabilities it speaks of that Remit does not ship."""

from pathlib import Path

import pytest
from django.core import mail

from approvals.reviews import Review
from governance.people import Person
from tests.conftest import World
from tests.scenarios.capabilities import OURS
from workflows import rulebookfiles
from workflows.capabilities.registry import capabilities

HERE = Path(__file__).parent


class Charter(World):
    """The world with a scenario's charter in force, and the words in which its lines are told."""

    def charter(self, folder):
        """Put the rulebook and the workflows of the folder in force."""
        envelope = rulebookfiles.read((HERE / folder / "rulebook.yaml").read_text())
        self.rules(**envelope.as_json())
        self.load((HERE / folder / "workflows.yaml").read_text())

    def propose(self, slug, person="max", **given):
        """Let Max propose, and return the action of the workflow's only step."""
        return self.run(slug, person, **given).actions.get()

    def review(self, action):
        """The open review, as whoever opens it now finds it."""
        return Review.objects.get(action=action, status="open")

    def agree(self, action, *people, choice="approve", **more):
        """Let these people answer one after the other, and a worker go on; return the action as it then is."""
        for person in people:
            review = self.review(action)
            review.decide(person, choice, self.now, digest=review.action.digest, **more)
        self.work()
        action.refresh_from_db()
        return action

    def seats(self, action):
        return list(self.review(action).seats.values_list("key", flat=True))

    def open_seats(self, action):
        return list(self.review(action).seats.filter(missing__gt=0).values_list("key", flat=True))


@pytest.fixture
def world(world, monkeypatch):
    """The named people, Max among them, who is an agent, and the scenarios' own capabilities."""
    for one in OURS:
        monkeypatch.setitem(capabilities(), one.key, one)
    max_ = Person.objects.create(email="max@tideway.example", name="Max (agent)", password="!")
    return Charter(world.now, {**world.people, "max": max_})


@pytest.fixture
def sent():
    """The subjects of the mails that really went out."""
    return lambda: [message.subject for message in mail.outbox]
