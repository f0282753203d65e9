"""The address people type, and the listening socket behind it, which the supervisor owns and gunicorn borrows."""

import errno
import socket
import threading
from dataclasses import dataclass

BACKLOG = 512
_EVERYWHERE = {"": "127.0.0.1", "0.0.0.0": "127.0.0.1", "::": "::1"}


class CannotListen(Exception):
    """Says in a sentence why there is no listening at this address, and what to do."""


@dataclass(frozen=True)
class Address:
    host: str
    port: int

    @property
    def local_host(self) -> str:
        """A host by which this machine reaches the address."""
        return _EVERYWHERE.get(self.host, self.host)

    @property
    def url(self) -> str:
        host = f"[{self.local_host}]" if ":" in self.local_host else self.local_host
        return f"http://{host}:{self.port}"

    def listen(self, patience: float = 0.0) -> socket.socket:
        """Bind and listen, so that early visitors wait instead of being turned away.

        `patience`: for how many seconds a taken port is tried again, for the children of a run that was killed.
        """
        tries, pause = int(patience / 0.1), threading.Event()
        while True:
            try:
                return self._listen()
            except OSError as error:
                if error.errno != errno.EADDRINUSE or tries <= 0:
                    raise CannotListen(self._explain(error)) from error
            tries -= 1
            pause.wait(0.1)

    def _listen(self) -> socket.socket:
        family, kind, protocol, _, where = socket.getaddrinfo(self.host, self.port, type=socket.SOCK_STREAM)[0]
        listener = socket.socket(family, kind, protocol)
        try:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind(where)
            listener.listen(BACKLOG)
        except OSError:
            listener.close()
            raise
        return listener

    def _explain(self, error: OSError) -> str:
        if error.errno == errno.EADDRINUSE:
            return (
                f"Port {self.port} on {self.host} is taken by another program. "
                f"Stop that program, or choose another port, for example --port {self.port + 1}."
            )
        if error.errno == errno.EACCES:
            return f"This user may not open port {self.port}. Choose one above 1023 with --port."
        where = f"{self.host}, port {self.port}"
        return f"Cannot listen on {where}: {error.strerror}. Choose others with --host and --port."
