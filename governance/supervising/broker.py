"""The embedded default's broker: kombu's file-system transport, made to notice a stop, and to lose nobody.

Celery's blocking loop looks whether it should stop once per `drain_events`, and asks for 2 s each time, twice. An idle
worker then takes five seconds to stop. Named by the settings when there is no Redis.
"""

import os
import time
from pathlib import Path
from typing import Any
from uuid import uuid4

from kombu.exceptions import ChannelError
from kombu.transport import filesystem
from kombu.utils.json import dumps

LOOK_UP_EVERY = 0.2


class Channel(filesystem.Channel):
    def _put(self, queue: str, payload: Any, **kwargs: Any) -> None:  # type: ignore[override]  # as kombu does
        """A message appears whole or not at all: of one that is half written, the worker that finds it would die."""
        name = f"{round(time.monotonic() * 1000)}_{uuid4()}.{queue}.msg"
        folder = Path(self.data_folder_out)
        part = folder / f".{name}.part"
        try:
            part.write_text(dumps(payload))
            os.replace(part, folder / name)
        except OSError as error:
            raise ChannelError(f"The message {name} cannot be written: {error}") from error


class Transport(filesystem.Transport):
    Channel = Channel

    def drain_events(self, connection: Any, timeout: float | None = None, **options: Any) -> None:
        super().drain_events(connection, timeout=min(timeout or LOOK_UP_EVERY, LOOK_UP_EVERY), **options)
