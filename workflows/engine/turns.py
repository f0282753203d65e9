"""What a worker has in its hands, noted before it begins, so that an action that kills workers is found out.

Steps without an effect are taken by locking their rows for one transaction. When a worker dies, its transaction leaves
no trace; the next worker would take the same batch and die of it, for ever. So a worker notes its batch where its own
end cannot take it back: in a file that it holds locked as long as it lives. The kernel gives that lock back however the
process ends; a file that nobody holds was left by the dead. What stands in it becomes a Turn, which all machines see.

The engine calls `begin` when it has locked its rows, `end` after the commit, and `suspects`, outside of a transaction,
before it takes a batch.
"""

from __future__ import annotations

import fcntl
import json
import logging
import os
import socket
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import IO
from uuid import uuid4

from django.conf import settings
from django.db import models

from workflows.actions import Action, Status

log = logging.getLogger(__name__)


class Turn(models.Model):
    """A batch whose worker died with it in its hands. It goes when none of its actions is ready any more."""

    worker = models.CharField(max_length=80)
    actions = models.JSONField(default=list)
    at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.worker}: {len(self.actions)}"


class Hands:
    """The note of this process, a file among those of its siblings on this machine. One thread at a time uses it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._file, self._pid, self._name = -1, 0, ""
        self._is_empty = True

    def hold(self, actions: Sequence[int]) -> None:
        """Say what is in hand; nothing of the last note stays. Without a disk there is no note, and work goes on."""
        if self._is_empty and not actions:
            return
        words = json.dumps(list(actions)).encode()
        try:
            file = self._own()
            os.pwrite(file, words, 0)
            os.ftruncate(file, len(words))
        except OSError as error:
            log.warning("What this worker takes in hand could not be noted: %s", error)
        self._is_empty = not actions

    def _own(self) -> int:
        """Return this process's file. A fork gets its own: its parent's lock would else outlive the parent in it."""
        if self._pid != os.getpid():
            self._folder.mkdir(parents=True, exist_ok=True)
            self._pid, self._name = os.getpid(), f"{socket.gethostname()}:{os.getpid()}:{uuid4().hex}"
            self._file = os.open(self._folder / self._name, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            fcntl.flock(self._file, fcntl.LOCK_EX)
        return self._file

    def bury(self, now: datetime) -> int:
        """Make a Turn of each note that nobody holds any more; return how many. A death is counted once."""
        return sum(_bury(path, now) for path in self._folder.glob("*:*:*") if path.name != self._name)


def _bury(path: Path, now: datetime) -> bool:
    with suppress(FileNotFoundError), path.open("rb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return False  # its worker lives, or somebody else buries it
        if not os.fstat(file.fileno()).st_nlink:
            return False  # somebody else just has
        actions = _noted(file)
        if actions:
            Turn.objects.create(worker=path.name.rpartition(":")[0][-80:], actions=actions, at=now)
        path.unlink()
        return bool(actions)
    return False


def _noted(file: IO[bytes]) -> list[int]:
    """A note torn by the end of its writer says nothing."""
    try:
        return [int(action) for action in json.load(file)]
    except (ValueError, TypeError):
        return []


_hands = Hands(settings.STATE_DIR / "hands")


def begin(actions: Sequence[int]) -> None:
    """Note that these are in hand. No statement and no part of the transaction under way: about 50 µs."""
    _hands.hold(actions)


def end() -> None:
    """Note that the hands are empty: the batch is committed, or was given back by one who lives."""
    _hands.hold(())


def suspects(now: datetime) -> dict[int, int]:
    """Return ready actions that dead workers had in hand, each with how many died of it, perhaps.

    Take each of them alone, and only its own step: then the next death names the one that kills. One statement as long
    as nobody died, three at most.
    """
    _hands.bury(now)
    turns = list(Turn.objects.all())
    if not turns:
        return {}
    counted = Counter(action for turn in turns for action in turn.actions)
    ready = set(Action.objects.filter(pk__in=counted, status=Status.READY).values_list("pk", flat=True))
    if over := [turn.pk for turn in turns if ready.isdisjoint(turn.actions)]:
        Turn.objects.filter(pk__in=over).delete()
    return {action: counted[action] for action in counted if action in ready}
