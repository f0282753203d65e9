"""The smallest system that can be broken: one worker kept alive as a supervisor would, Redis, and SQLite. No clock."""

import sqlite3
import subprocess
import sys
from contextlib import closing

from governance.supervising import programs
from tests.faults.parts import Keeper, Part, Redis, python, until
from tests.live import ROOT, environment, free_port

PEOPLE = """
from governance.people import Membership, Person, Role, Team
team = Team.objects.create(slug="growth", name="Growth")
ada = Person.objects.create_user("ada@tideway.example", "tideway-demo", name="Ada Lund")
Membership.objects.create(person=ada, team=team, role=Role.LEADER)
"""


class Floor:
    """Redis, one worker, and whoever starts runs: each a process, all in one folder, which holds SQLite, too.

    `surroundings` is added to the environment of all, `of_worker` to that of the worker.
    """

    def __init__(self, folder, surroundings=None, of_worker=None):
        self.folder, self.state = folder, folder / "state"
        self.redis = Redis(folder, free_port()).start()
        self.surroundings = {
            **environment(self.state, free_port()),
            **{"REDIS_URL": self.redis.url, "PYTHONPATH": str(folder)},
            **(surroundings or {}),
        }
        program = programs.worker(1)
        command = python(program.module, *program.arguments)
        self.worker = Part("worker1", command, {**self.surroundings, **(of_worker or {})}, folder / "worker1.log")
        self.keeper = Keeper([self.worker])

    def manage(self, *words):
        command = [sys.executable, "manage.py", *words]
        done = subprocess.run(
            command, cwd=ROOT, env=self.surroundings, capture_output=True, text=True, timeout=120, check=False
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def load(self, command, text, *words):
        file = self.folder / f"{command}.yaml"
        file.write_text(text)
        self.manage(command, str(file), "--as", "ada@tideway.example", *words)

    def prepare(self, stances, workflows):
        self.manage("migrate", "--verbosity", "0")
        self.manage("shell", "--verbosity", "0", "-c", PEOPLE)
        self.load("load_rulebook", f"stances: {{{stances}}}")
        self.load("load_workflow", workflows, "--publish")

    def open(self):
        """Let the worker begin, and keep it alive."""
        self.worker.start()
        self.keeper.start()
        until(self.listens, 60)

    def listens(self):
        """Whether the worker waits at Redis at this moment."""
        return " flags=b " in self.redis.ask("CLIENT", "LIST")

    def ask(self, question, *values):
        """Return what the database answers, the first column of each row."""
        with closing(sqlite3.connect(self.state / "remit.sqlite3")) as database:
            return [row[0] for row in database.execute(question, values)]

    def close(self):
        if self.keeper.is_alive():
            self.keeper.end()
        for part in (self.worker, self.redis.part):
            part.kill()
