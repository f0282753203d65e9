"""The embedded default's broker: kombu's file-system transport, made to notice a stop.

Celery's blocking loop looks whether it should stop once per `drain_events`, and asks for 2 s each time, twice. An idle
worker then takes five seconds to stop. Named by the settings when there is no Redis.
"""

from typing import Any

from kombu.transport import filesystem

LOOK_UP_EVERY = 0.2


class Transport(filesystem.Transport):
    def drain_events(self, connection: Any, timeout: float | None = None, **options: Any) -> None:
        super().drain_events(connection, timeout=min(timeout or LOOK_UP_EVERY, LOOK_UP_EVERY), **options)
