"""The judge by itself: one process, facts as an action keeps them, rules as a rulebook compiles them."""

import statistics
import time
from datetime import UTC, datetime

import pytest

from governance.envelope.whole import Envelope
from governance.judging import Condition, Outcome, Rules, Terms, judge
from tests.benchmarks.results import Figure, Result, scaled
from tests.benchmarks.system import FILES
from workflows.yamltext import parse

pytestmark = pytest.mark.benchmark
BATCH = 1_000
BATCHES = 51

TERMS = Terms("automated", "Grade a contact v1 · Desk", "pure", automation_allowed=True, min_confidence=0.5)
FACTS = {
    "input": {"contact": "c7", "campaign": "spring", "budget": 500},
    "steps": {
        "score": {"points": 21, "status": "done"},
        "segment": {"segment": "warm", "status": "done"},
    },
    "record": {
        "kind": "contact",
        "key": "c7",
        "name": "Contact 7",
        "email": "contact7@client.example",
        "country": "GB",
        "consent": True,
        "suppressed": False,
        "vip": False,
        "age": 25,
        "visits": 7,
        "opens": 7,
        "balance": 107,
        "open_escalations": 0,
        "last_contact": "2025-11-03T09:00:00Z",
        "score": 0.775,
    },
    "run": {"id": 4711, "workflow": "pure"},
    "step": {"key": "desk"},
    "action": {"id": 90210, "capability": "data.set", "undo": False},
    "proposal": {"values": {"desk": "senior"}},
    "confidence": 0.775,
    "data": [],
    "assets": [],
    "amounts": {},
    "now": datetime(2026, 3, 2, 12, 0, tzinfo=UTC),
}


def rules(number: int) -> Rules:
    """Return so many guardrails; beyond those of the file each is there again with a bound of its own."""
    rails = Envelope.of(parse((FILES / "rulebook.yaml").read_text())[0].value).model_dump()["guardrails"]
    conditions = [
        Condition(
            f"({rails[index % len(rails)]['when']}) && input.budget > {-index}",
            Outcome(rails[index % len(rails)]["effect"]),
            rails[index % len(rails)]["reason"],
            "Rulebook 1",
        )
        if index >= len(rails)
        else Condition(rails[index]["when"], Outcome(rails[index]["effect"]), rails[index]["reason"], "Rulebook 1")
        for index in range(number)
    ]
    return Rules("data.set", "approved", "Rulebook 1", conditions)


def microseconds(number: int) -> list[float]:
    """Return for each batch the microseconds a verdict took."""
    book = rules(number)
    assert judge(FACTS, TERMS, book).outcome == Outcome.ACT
    found = []
    for _ in range(scaled(BATCHES, least=5)):
        begun = time.perf_counter()
        for _ in range(BATCH):
            judge(FACTS, TERMS, book)
        found.append((time.perf_counter() - begun) / BATCH * 1e6)
    return found


def test_a_verdict_with_20_and_with_100_guardrails():
    few, many = microseconds(20), microseconds(100)
    Result(
        "judge",
        "`judge` in one process, median of batches of 1,000",
        [
            Figure("20 guardrails", statistics.median(few), "µs a verdict", "<= 40"),
            Figure("100 guardrails", statistics.median(many), "µs a verdict", "<= 130"),
        ],
        {"batches": len(few), "verdicts": len(few) * BATCH},
        notes={"slowest_batch_20": round(max(few), 1), "slowest_batch_100": round(max(many), 1)},
    ).publish()
