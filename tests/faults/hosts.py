"""Three hosts work off ten thousand runs; one is killed in the middle, one is cut off from Redis. All of it ends.

    uv run python -m tests.faults.hosts --runs 10000 --effects 500

Each host has a network namespace of its own (where the machine allows that), its own folder, a worker and a clock.
Prints what was found as one line of JSON; ends with 1 when anything is not as promised.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from importlib import import_module
from pathlib import Path

from governance.supervising import programs
from tests.faults.network import Network, NotAllowed
from tests.faults.parts import Part, Postgres, Redis, listens, python, until
from tests.live import ROOT, environment, free_port

HOSTS = 3
log = logging.getLogger("tests.faults.hosts")


class Site:
    """PostgreSQL, Redis and a witness, and three hosts that reach them over a network."""

    def __init__(self, folder: Path, network: Network | None) -> None:
        self.folder, self.network = folder, network
        where = network.database if network else "127.0.0.1"
        redis = network.redis if network else "127.0.0.1"
        self.postgres = Postgres(folder / "pg", free_port(), where)
        self.redis = Redis(folder, free_port(), redis)
        self.witness_port = free_port()
        self.where = where
        (folder / "witnesses").mkdir()
        words = ("http", where, str(self.witness_port), str(folder / "witnesses"))
        self.witness = Part("http", python("tests.faults.witness", *words), os.environ, folder / "http.log")
        self.relay_port = free_port()
        relay = python("tests.faults.proxy", str(self.relay_port), redis, str(self.redis.port), str(folder))
        self.relay = Part("relay", relay, os.environ, folder / "relay.log")
        self.hosts = [self._host(number) for number in range(HOSTS)]

    @property
    def witness_url(self) -> str:
        return f"http://{self.where}:{self.witness_port}"

    def environment(self, folder: Path, redis: str) -> dict[str, str]:
        return {
            **environment(folder / "state", 1),
            "DATABASE_URL": self.postgres.url,
            "REDIS_URL": redis,
            "EMAIL_URL": "smtp://127.0.0.1:9",
            "HTTP_ALLOWED_HOSTS": self.where,
            "REMIT_ATTEMPT_SECONDS": "8",
            "PYTHONPATH": str(ROOT),
        }

    def _host(self, number: int) -> list[Part]:
        """Return the worker and the clock of one host. The second reaches Redis by a line that can be cut."""
        folder = self.folder / f"host{number + 1}"
        (folder / "state").mkdir(parents=True)
        through_relay = self.network is None and number == 1
        redis = f"redis://127.0.0.1:{self.relay_port}/0" if through_relay else self.redis.url
        inside = self.network.inside(number) if self.network else ()
        return [
            Part(
                f"{program.name} of host {number + 1}",
                python(program.module, *program.arguments),
                self.environment(folder, redis),
                folder / f"{program.name}.log",
                folder=folder,
                inside=inside,
            )
            for program in (programs.worker(number + 1), programs.clock())
        ]

    def up(self) -> None:
        self.redis.start()
        self.witness.start()
        self.relay.start()
        self.postgres.create()
        until(lambda: listens(self.witness_port, self.where) and listens(self.relay_port), 20)
        os.environ.update({**self.environment(self.folder, self.redis.url), "REMIT_RING": "true"})

    def hosts_up(self) -> None:
        for part in self._all():
            part.start()
        until(lambda: self.redis.ask("CLIENT", "LIST").count("cmd=brpop") >= HOSTS, 90)

    def _all(self) -> list[Part]:
        return [part for host in self.hosts for part in host]

    def kill_host(self, number: int) -> None:
        """Everything on it ends at once, as when the power fails: nobody hears of it, and nothing is started again."""
        if self.network:
            self.network.unplug(number)
        for part in self.hosts[number]:
            part.kill()

    def cut_from_redis(self, number: int) -> None:
        if self.network:
            self.network.cut_from_redis(number)
        else:
            self.relay.freeze()

    def down(self) -> None:
        for part in (*self._all(), self.relay, self.witness, self.redis.part):
            part.kill()
        self.postgres.stop()


@contextmanager
def site() -> Iterator[Site]:
    """Three hosts in namespaces, or, where those are not allowed, in folders of their own."""
    folder = Path(tempfile.mkdtemp(prefix="remit-hosts-"))
    folder.chmod(0o755)
    with ExitStack() as held:
        held.callback(shutil.rmtree, folder, ignore_errors=True)
        try:
            network: Network | None = Network().open(HOSTS)
            held.callback(network.close)
        except NotAllowed as refusal:
            log.warning("No network namespaces here: %s", refusal)
            network = None
        made = Site(folder, network)
        held.callback(made.down)
        made.up()
        yield made


def main() -> int:
    parser = argparse.ArgumentParser(prog="tests.faults.hosts", description=__doc__)
    parser.add_argument("--runs", type=int, default=10_000)
    parser.add_argument("--effects", type=int, default=500)
    parser.add_argument("--seconds", type=float, default=150.0, help="within which all must have ended")
    given = parser.parse_args()
    with site() as made:
        os.environ["DJANGO_SETTINGS_MODULE"] = "governance.settings"
        import_module("django").setup()  # only now is it known where the database is
        logging.getLogger("tests.faults").setLevel(logging.INFO)
        began = time.monotonic()
        report = import_module("tests.faults.crowd").Crowd(made, given.runs, given.effects).run(given.seconds)
    kind = "network namespaces" if made.network else "folders of their own"
    report = {"hosts": f"{HOSTS}, in {kind}", "seconds": round(time.monotonic() - began, 1), **report}
    sys.stdout.write(json.dumps(report) + "\n")
    return 0 if report["fine"] else 1


if __name__ == "__main__":
    sys.exit(main())
