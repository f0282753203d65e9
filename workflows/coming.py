"""What is ratified for a later moment, put in force when that has come. Any number of processes may ask."""

from __future__ import annotations

from datetime import datetime

from governance import ratifying as rulebooks
from workflows import ratifying as versions
from workflows.capabilities.registry import capabilities


def take_force_when_due(now: datetime) -> int:
    """Return how many versions and rulebooks took force."""
    titles = {key: capability.title for key, capability in capabilities().items()}
    return versions.take_force_when_due(now) + rulebooks.take_force_when_due(now, titles)
