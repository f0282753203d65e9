"""Three hosts on one machine: network namespaces on a bridge of their own; without those, folders of their own."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field


class NotAllowed(Exception):
    """This machine gives us no network namespaces; `str()` says what it said."""


def _ip(*words: str) -> None:
    done = subprocess.run(["ip", *words], capture_output=True, text=True, check=False)
    if done.returncode:
        raise NotAllowed(f"ip {' '.join(words)}: {done.stderr.strip()}")


@dataclass
class Network:
    """A bridge with the addresses of the servers, and a namespace for each host that hangs on it."""

    number: int = field(default_factory=lambda: os.getpid() % 10_000)
    hosts: list[str] = field(default_factory=list)

    @property
    def bridge(self) -> str:
        return f"rmt{self.number}"

    def address(self, last: int) -> str:
        return f"10.{213 + self.number % 40}.{self.number % 250}.{last}"

    @property
    def database(self) -> str:
        return self.address(1)

    @property
    def redis(self) -> str:
        return self.address(2)

    def open(self, hosts: int) -> Network:
        """Make it, or raise NotAllowed and leave nothing."""
        try:
            _ip("link", "add", self.bridge, "type", "bridge")
            for last in (1, 2):
                _ip("addr", "add", f"{self.address(last)}/24", "dev", self.bridge)
            _ip("link", "set", self.bridge, "up")
            for number in range(1, hosts + 1):
                self._host(f"{self.bridge}h{number}", self.address(10 + number))
        except (NotAllowed, FileNotFoundError) as error:
            self.close()
            raise NotAllowed(str(error)) from None
        return self

    def _host(self, name: str, address: str) -> None:
        _ip("netns", "add", name)
        self.hosts.append(name)
        inside, outside = "eth0", f"{name}v"
        _ip("link", "add", outside, "type", "veth", "peer", "name", inside, "netns", name)
        _ip("link", "set", outside, "master", self.bridge, "up")
        _ip("-n", name, "addr", "add", f"{address}/24", "dev", inside)
        for device in (inside, "lo"):
            _ip("-n", name, "link", "set", device, "up")

    def inside(self, host: int) -> Sequence[str]:
        """Return what to put before a command so that it runs on that host."""
        return ["ip", "netns", "exec", self.hosts[host]]

    def cut_from_redis(self, host: int) -> None:
        """From now on whatever the host sends to Redis is lost without a word."""
        _ip("-n", self.hosts[host], "route", "add", "blackhole", f"{self.redis}/32")

    def unplug(self, host: int) -> None:
        """Pull the host's cable: nobody hears that it is gone."""
        _ip("link", "set", f"{self.hosts[host]}v", "down")

    def close(self) -> None:
        for name in self.hosts:
            with suppress(NotAllowed):
                _ip("netns", "del", name)
        self.hosts = []
        with suppress(NotAllowed, FileNotFoundError):
            _ip("link", "del", self.bridge)
