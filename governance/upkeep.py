"""The parts of a sweep, one after the other: one that breaks is told and does not keep the others from their turn."""

from __future__ import annotations

import logging
from collections.abc import Callable

from governance import databases

log = logging.getLogger(__name__)


def in_turn(*parts: Callable[[], object]) -> None:
    """Call each. Raises what says that the database is away, for then none of them could do anything."""
    for part in parts:
        try:
            part()
        except Exception as error:  # whatever it is, the other parts are not at fault
            if databases.is_away(error):
                raise
            log.exception("A part of the sweep broke; the others go on")
