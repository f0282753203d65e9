"""The past of a bank that called its clients: real data, with what came of each call as the outcome `y`.

UCI Bank Marketing (doi:10.24432/C5K306): 45,211 clients, the last call of a campaign to each. How sure software is that
a call is worth it is worked out from what was known before the call; `duration` is only known after it, so it is left
out, and so is `y`.
"""

import csv
import gzip
import os
from pathlib import Path

from governance import databases
from tests.live import ROOT
from workflows.actions import Action
from workflows.engine.drive import drive
from workflows.engine.starting import start
from workflows.outcomes import Outcome, add
from workflows.records import Record
from workflows.runs import Run

FILE = Path(os.environ.get("REMIT_SHARED") or ROOT.parent / "shared") / "data/bank-marketing/bank-full.csv.gz"
NUMBERS = ("age", "balance", "day", "campaign", "pdays", "previous")
LATER = ("duration", "y")
FLOORS = [number / 20 for number in range(1, 13)]
"""0.05 to 0.6."""

PROGRAM = """
workflow: bank-call
title: Call a client
owner: growth
automation_allowed: true
input: {type: object, required: [client], properties: {client: {type: string}}}
steps:
  - key: call
    title: Call
    question: Is this client called?
    capability: data.set
    params: {values: {balance: "=record.balance"}, record: {kind: client, key: "=input.client"}}
    ownership: needs_approval
    confidence: >-
      0.02 + (record.poutcome == 'success' ? 0.4 : 0.0) + (record.contact != 'unknown' ? 0.1 : 0.0)
      + (record.month in ['mar', 'sep', 'oct', 'dec'] ? 0.15 : 0.0) + (record.housing == 'no' ? 0.05 : 0.0)
      + 0.1 / double(record.campaign)
"""
DRAFT = PROGRAM.replace("ownership: needs_approval", "ownership: automated\n    min_confidence: 0.3")


def clients(every=1):
    """Return the lines of the file as they are, or every so-manieth of them."""
    with gzip.open(FILE, "rt", encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter=";"))[::every]


def known(client):
    """Return what is known of a client before the call."""
    fields = {name: value for name, value in client.items() if name not in LATER}
    return {name: int(value) if name in NUMBERS else value for name, value in fields.items()}


def write_records(rows):
    databases.insert_many(
        [
            Record(kind="client", key=str(number), fields=known(row), updated_at=databases.clock())
            for number, row in enumerate(rows)
        ]
    )


def run_all(rows, person, now):
    """Let the engine itself propose and judge for each client; then tell it what came of the calls."""
    for number in range(len(rows)):
        start("bank-call", {"client": str(number)}, person, now)
    drive(lambda: now)
    actions = Action.objects.order_by("pk").values_list("pk", "facts")
    tell([(key, rows[int(facts["input"]["client"])]["y"]) for key, facts in actions])


def tell(outcomes):
    add([Outcome(action_id=key, name="y", text=y, at=databases.clock()) for key, y in outcomes])


def facts_like(facts, client, number, run, action):
    """Return the facts the engine keeps of this client, made from those it kept of another one."""
    record, score = {**known(client), "kind": "client", "key": str(number)}, confidence(client)
    balance = record["balance"]
    return {
        **facts,
        "input": {"client": str(number)},
        "record": record,
        "run": {**facts["run"], "id": run},
        "action": {**facts["action"], "id": action},
        "proposal": {"values": {"balance": balance}},
        "amounts": {"balance": balance},
        "confidence": score,
    }


def copy(rows, one):
    """Write the past of all clients beside the action the engine made for one, without the engine. Return the ids."""
    now, runs, actions = databases.clock(), [], []
    run_ids, action_ids = databases.new_ids(Run, len(rows)), databases.new_ids(Action, len(rows))
    for number, (row, run, action) in enumerate(zip(rows, run_ids, action_ids, strict=True)):
        values = {field.attname: getattr(one.run, field.attname) for field in Run._meta.concrete_fields}
        runs.append(databases.fresh(Run, {**values, "id": run, "root_id": run, "input": {"client": str(number)}}))
        values = {field.attname: getattr(one, field.attname) for field in Action._meta.concrete_fields}
        facts = facts_like(one.facts, row, number, run, action)
        mine = {"id": action, "run_id": run, "facts": facts, "payload": facts["proposal"], "created_at": now}
        actions.append(databases.fresh(Action, {**values, **mine, "confidence": facts["confidence"]}))
    for begin in range(0, len(rows), 5000):
        databases.insert_many(runs[begin : begin + 5000])
        databases.insert_many(actions[begin : begin + 5000])
    return action_ids


# --- twenty lines that know nothing of Remit ------------------------------------------------------------------------


def confidence(client):
    sure = 0.02 + (0.4 if client["poutcome"] == "success" else 0.0) + (0.1 if client["contact"] != "unknown" else 0.0)
    sure += 0.15 if client["month"] in ("mar", "sep", "oct", "dec") else 0.0
    sure += 0.05 if client["housing"] == "no" else 0.0
    return sure + 0.1 / float(client["campaign"])


def independently(rows):
    """Return for each floor: how many clients are called, how many said yes, and the share."""
    found = {}
    for floor in FLOORS:
        called = [row["y"] for row in rows if confidence(row) >= floor]
        yes = sum(1 for y in called if y == "yes")
        found[floor] = (len(called), yes, yes / len(called) if called else 0.0)
    return found


# ---------------------------------------------------------------------------------------------------------------------


def of_sweep(points):
    """Return the same of a backtest's points, as its JSON says them."""
    found = {}
    for point in points:
        y = point["outcomes"]["y"]["yes"]
        found[point["floor"]] = (point["released"]["hits"], y["hits"], y["share"])
    return found
