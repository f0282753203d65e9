"""The standing questions: what people ask again and again of software, answered from what is in force.

A question knows which steps it is about; the answer is theirs, in plain words, and a mark for each workflow.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

from governance.envelope.stances import decided
from governance.envelope.whole import Envelope
from workflows import boundwords
from workflows.charterpage import CharterPage, Section, mark_of
from workflows.definitions import Step

ABSENT, OUT_OF_SCOPE, UNDECIDED = "", "out_of_scope", "undecided"
_STRICTNESS = (ABSENT, "automated", "recommends", "needs_approval", "human_owned", OUT_OF_SCOPE, UNDECIDED)
_NAMES = {ABSENT: "No such step", OUT_OF_SCOPE: "Out of scope", UNDECIDED: "Nobody has decided"}
_WORDS = {
    "automated": "Yes, within bounds.",
    "recommends": "It recommends; people do it.",
    "needs_approval": "Only after a person approves.",
    "human_owned": "No. People do it.",
    OUT_OF_SCOPE: "No. It is out of scope.",
    UNDECIDED: "Nobody has decided.",
}
_ELSE = {
    "recommends": "elsewhere it only recommends",
    "needs_approval": "elsewhere only after a person approves",
    "human_owned": "elsewhere people do it",
    OUT_OF_SCOPE: "elsewhere it is out of scope",
}


def _changes(pattern: str) -> Callable[[Step], bool]:
    """Return whether a step changes a field of such a name."""
    wanted = re.compile(pattern, re.IGNORECASE)

    def holds(step: Step) -> bool:
        fields = step.params.get("changes")
        return step.capability == "records.update" and isinstance(fields, dict) and any(map(wanted.search, fields))

    return holds


def _moves_budget(step: Step) -> bool:
    """Amounts between tactics, and whether a tactic runs at all."""
    record = step.params.get("record")
    of_tactic = isinstance(record, dict) and record.get("kind") == "tactic"
    return step.capability == "records.transfer" or (step.capability == "records.update" and of_tactic)


def _does(*capabilities: str) -> Callable[[Step], bool]:
    return lambda step: step.capability in capabilities


@dataclass(frozen=True)
class Asked:
    """A question in leaders' words, the capabilities it is about, and which steps."""

    words: str
    capabilities: Sequence[str]
    holds: Callable[[Step], bool]


ASKED = (
    Asked("Can it send that?", ["email.send"], _does("email.send")),
    Asked("Can it choose that audience?", ["records.select"], _does("records.select")),
    Asked("Can it personalise?", ["content.render", "offers.choose"], _does("content.render", "offers.choose")),
    Asked("Can it route?", ["records.update"], _changes(r"owner|assign|route|team|follow_up_for")),
    Asked("Can it suppress?", ["records.update"], _changes(r"suppress|sends|opt_?out|left_alone")),
    Asked(
        "Can it launch without approval?",
        ["workflows.start_each", "workflows.start"],
        _does("workflows.start_each", "workflows.start"),
    ),
    Asked("Can it change the mix?", ["records.transfer"], _moves_budget),
    Asked("Can it call another system?", ["http.request"], _does("http.request")),
)


@dataclass(frozen=True)
class Cell:
    """The answer in one workflow: of each step it is about the mark, the strictest first."""

    section: Section
    found: Sequence[tuple[str, Step]]

    @property
    def mark(self) -> str:
        return self.found[0][0] if self.found else ABSENT

    @property
    def step(self) -> Step | None:
        return self.found[0][1] if self.found else None

    @property
    def words(self) -> str:
        return _NAMES.get(self.mark) or boundwords.OWNERSHIP_WORDS[self.mark]


@dataclass(frozen=True)
class Answer:
    """One row of the board."""

    asked: Asked
    cells: Sequence[Cell]
    envelope: Envelope

    @cached_property
    def marks(self) -> Counter[str]:
        """How many steps have each mark."""
        return Counter(mark for cell in self.cells for mark, _ in cell.found)

    @property
    def mark(self) -> str:
        """The strictest that applies; where no workflow does it, what the rulebook says of it."""
        if self.marks:
            return max(self.marks, key=_STRICTNESS.index)
        stances = {decided(self.envelope.stances, key, "").stance for key in self.asked.capabilities}
        return UNDECIDED if "" in stances else OUT_OF_SCOPE if stances == {OUT_OF_SCOPE} else ABSENT

    @property
    def words(self) -> str:
        """The answer in plain words; where steps differ, at how many of them software may."""
        if not self.marks:
            return _WORDS.get(self.mark, "No workflow does it.")
        if len(self.marks) == 1:
            return _WORDS[self.mark]
        if UNDECIDED in self.marks:
            return "Nobody has decided in full."
        freest = min(self.marks, key=_STRICTNESS.index)
        rest = _ELSE[max(self.marks, key=_STRICTNESS.index)]
        said = _WORDS[freest].split(",")[0].rstrip(".")
        return f"{said} at {self.marks[freest]} of {self.marks.total()} steps; {rest}."

    @property
    def detail(self) -> str:
        """Who decides, the first bounds, and who hears when nobody answers."""
        steps = [step for cell in self.cells for _, step in cell.found]
        if not steps:
            return ""
        teams = " or ".join(sorted({boundwords.who(step) for step in steps}))
        bounds = list(dict.fromkeys(words for step in steps for words in boundwords.bounds(step, self.envelope)))
        more = f"{len(bounds) - 1} more bounds" if len(bounds) > 2 else "".join(bounds[1:])
        paths = sorted({step.escalation.title for step in steps if step.escalation})
        heard = f"unanswered: {' or '.join(paths)}" if paths else "unanswered: nobody else hears of it"
        return "; ".join(filter(None, [teams, *bounds[:1], more, heard]))


def board(page: CharterPage) -> list[Answer]:
    """Return every question with its answer from what is in force."""
    return [Answer(asked, [_cell(asked, section, page) for section in page.sections], page.envelope) for asked in ASKED]


def _cell(asked: Asked, section: Section, page: CharterPage) -> Cell:
    steps = [clause.step for clause in section.clauses if asked.holds(clause.step)]
    found = [(_mark(step, page.envelope), step) for step in steps]
    return Cell(section, sorted(found, key=lambda one: -_STRICTNESS.index(one[0])))


def _mark(step: Step, envelope: Envelope) -> str:
    stance = decided(envelope.stances, step.capability, step.version.workflow.slug).stance
    return {"": UNDECIDED, "out_of_scope": OUT_OF_SCOPE}.get(stance) or mark_of(step)
