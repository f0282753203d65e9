"""`manage.py backtest WORKFLOW`: what a draft, a file, or another floor would have done with the past."""

from __future__ import annotations

import json
import time
from argparse import ArgumentParser
from contextlib import nullcontext
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from approvals.backtests import files, past, plan, words
from approvals.backtests.past import Window
from approvals.backtests.plan import CannotPlan, Plan
from approvals.backtests.row import DAYS, Asked, judge
from workflows.definitions import Version, Workflow
from workflows.yamltext import FileProblems

EPILOG = """
Without a file the draft of the workflow is tried, and what is in force where there is none. Nothing is executed, and
nothing is written: a file is loaded, read and taken back.
"""


class Command(BaseCommand):
    help = "Judge the past of a workflow again under a draft, and say what would have come of it."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.epilog = EPILOG
        parser.add_argument("workflow")
        parser.add_argument("--file", type=Path, help="the workflow as a YAML file")
        parser.add_argument("--rulebook", type=Path, help="the rulebook as a YAML file")
        parser.add_argument("--floor", action="append", default=[], metavar="STEP=0.85", help="with another floor")
        parser.add_argument("--step", default="", help="only the actions of this step")
        window = parser.add_mutually_exclusive_group()
        window.add_argument("--days", type=int, default=None, help=f"the last days; {DAYS} without any other word")
        window.add_argument("--last", type=int, default=None, metavar="N", help="the last N actions")
        parser.add_argument("--sweep", nargs=3, metavar=("STEP", "FROM", "TO"), help="try every floor between")
        parser.add_argument("--by", type=float, default=0.05, help="the steps of the sweep")
        parser.add_argument("--json", action="store_true")

    def handle(self, *, workflow: str, **options: Any) -> None:
        found = Workflow.objects.select_related("owner").filter(slug=workflow).first()
        if found is None:
            raise CommandError(f"There is no workflow “{workflow}”.")
        now, begun = timezone.now(), time.perf_counter()
        try:
            made = _plan(found, now, options)
            ids = past.actions(made, _window(now, options))
            result = judge(made, ids).as_json()
        except FileProblems as problems:
            raise CommandError("\n".join(problem.at("the file") for problem in problems.problems)) from None
        except (CannotPlan, ValueError) as error:
            raise CommandError(str(error)) from None
        seconds = round(time.perf_counter() - begun, 2)
        if options["json"]:
            self.stdout.write(json.dumps({"workflow": workflow, "seconds": seconds, **result}))
            return
        for line in words.lines(result):
            self.stdout.write(line)
        self.stdout.write(f"Judged in {seconds} s; nothing was executed.")


def _plan(workflow: Workflow, now: datetime, options: dict[str, Any]) -> Plan:
    rulebook = files.rulebook_from(_text(options["rulebook"])) if options["rulebook"] else None
    sweep, floors = _sweep(options), dict(map(_floor, options["floor"]))
    with files.taken_back() if options["file"] else nullcontext():
        version = _version(workflow, now, options["file"])
        return Asked(version, rulebook, step=options["step"], floors=floors, sweep=sweep).plan()


def _version(workflow: Workflow, now: datetime, file: Path | None) -> Version:
    if file is None:
        return plan.to_try(workflow)
    return files.version_from(_text(file), workflow, files.somebody_for(workflow), now)


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise CommandError(f"{file} cannot be read: {getattr(error, 'strerror', None) or error}") from None


def _floor(given: str) -> tuple[str, float]:
    step, _, value = given.partition("=")
    number = _number(value, f"--floor {given}")
    if not step or not 0 <= number <= 1:
        raise CommandError(f"--floor {given}: write it like send=0.85, from 0 to 1.")
    return step, number


def _sweep(options: dict[str, Any]) -> dict[str, Any]:
    if not options["sweep"]:
        return {"by": options["by"]}
    step, low, high = options["sweep"]
    return {
        "step": step,
        "low": _number(low, "--sweep"),
        "high": _number(high, "--sweep"),
        "by": options["by"],
    }


def _number(text: str, where: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise CommandError(f"{where}: “{text}” is no number.") from None


def _window(now: datetime, options: dict[str, Any]) -> Window:
    if options["last"] is not None:
        if options["last"] < 1:
            raise CommandError("--last wants at least 1.")
        return Window(last=options["last"])
    days = DAYS if options["days"] is None else options["days"]
    if not 0 < days <= 36_525:
        raise CommandError("--days wants at least 1, and no more than a century.")
    return Window(since=now - timedelta(days=days))
