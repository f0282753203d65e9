"""The clients: named people who ask Remit for things over HTTP, all at once, and remember what they were told."""

from __future__ import annotations

import json
import random
import time
from collections import Counter
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Lock
from typing import Any

import httpx

from tests.faults.evidence import Told
from tests.faults.witness import Arrival

PATIENCE = 15.0
API = "/api/v1/"
NAMED = {"start": "run", "halt": "halt", "signal": "signal"}
"""What the id in an answer is of."""
NOBODY = 0
"""The code of an answer that never came."""


class Desk:
    """Max starts runs and sends signals; Ben and Chen answer reviews; Ada and Lea halt, lift and intervene.

    `runs` are those that Max was told of; `replies` the orders somebody may reply to.
    """

    def __init__(self, url: str, tokens: Mapping[str, str], witnesses: Path) -> None:
        self.told: list[Told] = []
        self.orders = 0
        self.runs: list[int] = []
        self.replies: list[str] = []
        self.seen = Seen(witnesses)
        self.lines = {
            name: httpx.Client(base_url=url, timeout=PATIENCE, headers={"Authorization": f"Bearer {token}"})
            for name, token in tokens.items()
        }
        self.side_by_side = ThreadPoolExecutor(max_workers=4)

    def ask(self, who: str, op: str, path: str, body: Mapping[str, Any], **facts: Any) -> httpx.Response | None:
        """Send it, note what came back, and return it; None when no answer came."""
        facts["sent"] = time.time()
        try:
            answer = self.lines[who].post(f"{API}{path}", json=body)
        except httpx.HTTPError:
            self.told.append(Told(op, NOBODY, time.time(), facts))
            return None
        found = _json(answer)
        if answer.is_success and op in NAMED:
            facts[NAMED[op]] = found["id"]
        self.told.append(Told(op, answer.status_code, time.time(), facts))
        return answer

    def read(self, person: str, path: str, **query: Any) -> Any:
        """Return what the address says; an empty page when nobody answers."""
        try:
            answer = self.lines[person].get(f"{API}{path}", params=query)
        except httpx.HTTPError:
            return {}
        return _json(answer) if answer.is_success else {}

    def start(self, workflow: str, draw: random.Random, **more: Any) -> int | None:
        """Start a run as Max, who is an agent, and return its id, if he was told."""
        self.orders += 1
        order = f"order-{self.orders}"
        given = {"order": order, "amount": draw.randrange(100), **more}
        what = {"workflow": workflow, "input": given}
        answer = self.ask("max", "start", "runs/", what, order=order, workflow=workflow)
        if answer is None or not answer.is_success:
            return None
        if workflow == "replies":
            self.replies.append(order)
        self.runs.append(int(_json(answer)["id"]))
        return self.runs[-1]

    def waiting(self, limit: int = 50) -> list[dict[str, Any]]:
        found = self.read("ben", "reviews/", status="open", page_size=limit)
        return list(found.get("results", ()))

    def answer(self, person: str, review: Mapping[str, Any], draw: random.Random) -> httpx.Response | None:
        """Answer one review: an approval mostly yes, an uncertain one by what the witnesses know."""
        body = self._choice(review, draw)
        path = f"reviews/{review['id']}/decision/"
        who = f"{person}@tideway.example"
        return self.ask(person, "decide", path, body, review=review["id"], choice=body["choice"], person=who)

    def both_answer(self, review: Mapping[str, Any], draw: random.Random) -> None:
        """Let Ben and Chen answer the same review at the same moment."""
        draws = {person: random.Random(draw.random()) for person in ("ben", "chen")}
        list(self.side_by_side.map(lambda person: self.answer(person, review, draws[person]), draws))

    def _choice(self, review: Mapping[str, Any], draw: random.Random) -> dict[str, Any]:
        note = f"note {draw.randrange(1000)}"
        if review["kind"] == "todo":
            return {"choice": draw.choices(("done", "reject"), (4, 1))[0], "note": note}
        if review["kind"] == "uncertain":
            happened = self.seen.took(review["action"])
            return {"choice": "happened" if happened else draw.choice(("try_again", "give_up")), "note": note}
        choice = draw.choices(("approve", "edit", "reject", "take_over"), (7, 1, 1, 1))[0]
        body = {"choice": choice, "note": note, "digest": review["digest"]}
        if choice == "edit":
            payload = review["payload"]
            words = {**payload["body"], "edit": note} if isinstance(payload.get("body"), dict) else f"Dear Tom, {note}."
            body["payload"] = {"body": words}
        return body

    def signal(self, draw: random.Random) -> None:
        """Say that somebody replied: mostly to one of the newest orders, sometimes twice."""
        if self.replies:
            order = draw.choice(self.replies[-6:])
            self.ask(
                "max", "signal", "signals/", {"name": "replied", "key": order, "data": {"text": "Yes"}}, order=order
            )

    def intervene(self, draw: random.Random) -> None:
        """Let Ada do one of the things leaders do to a run of the last ones, or to one of its actions."""
        run = draw.choice(self.runs[-20:]) if self.runs else 0
        verb = draw.choice(("cancel", "undo", "action cancel", "skip", "redo"))
        what = {"reason": "It is no longer wanted"}
        if verb in ("cancel", "undo"):
            self.ask("ada", f"{verb} run", f"runs/{run}/{verb}/", what, run_asked=run)
            return
        for action in self.read("ada", f"runs/{run}/actions/").get("results", ())[:1]:
            verb = verb.removeprefix("action ")
            self.ask("ada", f"{verb} action", f"actions/{action['id']}/{verb}/", what, action=action["id"])

    def halt(self, draw: random.Random) -> None:
        scope, target = draw.choice(
            (
                *(("everything", ""), ("workflow", "calls"), ("workflow", "offers"), ("step", "pings/ping")),
                *(("capability", "http.request"), ("capability", "email.send"), ("team", "growth")),
                ("agent", "max@tideway.example"),
            )
        )
        self.pull(draw.choice(("ada", "lea")), scope, target)

    def pull(self, person: str, scope: str, target: str) -> None:
        self.ask(person, "halt", "halts/", {"scope": scope, "target": target, "reason": "Complaints came in"})

    def lift_all(self) -> None:
        """Let Ada ask and Lea agree to lift every halt that stands."""
        for halt in self.read("ada", "halts/", in_force=True, page_size=50).get("results", ()):
            for person in ("ada", "lea"):
                self.ask(person, "lift", f"halts/{halt['id']}/lift/", {"reason": "It is over"}, halt=halt["id"])

    def tally(self) -> dict[str, dict[str, int]]:
        """Return how often each kind of question was answered how."""
        counts: dict[str, Counter[str]] = {}
        for told in self.told:
            counts.setdefault(told.op, Counter())[str(told.code) if told.code else "no answer"] += 1
        return {op: dict(sorted(codes.items())) for op, codes in sorted(counts.items())}


class Seen:
    """What the witnesses have written down so far, for people who look before they answer."""

    def __init__(self, folder: Path) -> None:
        self._files = [folder / "http.jsonl", folder / "smtp.jsonl"]
        self._read_to = dict.fromkeys(self._files, 0)
        self._took: Counter[int] = Counter()
        self._lock = Lock()

    def took(self, action: int) -> bool:
        with self._lock:
            for file in self._files:
                self._go_on(file)
        return self._took[action] > 0

    def _go_on(self, file: Path) -> None:
        if not file.exists():
            return
        with file.open("rb") as lines:
            lines.seek(self._read_to[file])
            for line in lines:
                if not line.endswith(b"\n"):
                    return
                arrival = Arrival(**json.loads(line))
                if arrival.key:
                    self._took[int(arrival.key.split("-")[1])] += arrival.took
                self._read_to[file] += len(line)


def _json(answer: httpx.Response | None) -> dict[str, Any]:
    try:
        return dict(answer.json()) if answer is not None else {}
    except ValueError:
        return {}
