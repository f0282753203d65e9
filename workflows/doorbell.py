"""The socket for “there is work”. Losing or doubling a ring changes when work is done, and nothing else."""

from __future__ import annotations

import logging
from collections.abc import Callable

from django.db import transaction

log = logging.getLogger(__name__)
_bell: Callable[[], object] | None = None


def plug(bell: Callable[[], object] | None) -> None:
    """Set what rings: Celery in a running system, nothing in tests and commands that do the work themselves."""
    global _bell  # noqa: PLW0603
    _bell = bell


def ring() -> None:
    """Say that there is work, once the transaction under way has committed."""
    transaction.on_commit(_ring, robust=True)


def _ring() -> None:
    if _bell is None:
        return
    try:
        _bell()
    except Exception:
        log.warning("The doorbell did not ring; the sweep will find the work.", exc_info=True)
