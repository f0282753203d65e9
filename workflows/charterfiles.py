"""The charter as one YAML text: everything an installation says of what software may do, and to whom it turns.

The first document is the head (`charterparts`), with the rulebook; each further one is a workflow as `files` has it.
A text that is read and found whole needs no database: it names only what stands in it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from governance.envelope.whole import Envelope
from workflows import checks, examples, files, rulebookfiles
from workflows.charterparts import FORM, AssetPart, HeadPart, PathPart, TeamPart
from workflows.checks import Names
from workflows.files import Document, WorkflowPart
from workflows.yamltext import FileProblems, Place, Problem, Tree, dump, parse

LIMIT = 5_000_000
"""Characters of a charter."""


@dataclass(frozen=True)
class Charter:
    """A charter as a file says it; `trees` and `documents` know the lines."""

    head: HeadPart
    envelope: Envelope
    tree: Tree
    documents: Sequence[Document]

    @property
    def parts(self) -> dict[str, WorkflowPart]:
        return {document.part.workflow: document.part for document in self.documents}

    @property
    def names(self) -> Names:
        """The teams, paths and tracks that stand in the file itself."""
        teams, paths = self.head.teams, self.head.paths
        return Names(
            frozenset(row.slug for row in teams),
            frozenset(row.slug for row in paths),
            frozenset(track.key for track in self.envelope.tracks),
        )


def read(text: str, here: Names | None = None) -> Charter:
    """Return what the text says. Raises FileProblems with what is wrong in its form, its names, or its rules.

    It may also name teams and paths that are `here`.
    """
    trees = parse(text, LIMIT)
    if not trees or not isinstance(trees[0].value, dict) or "charter" not in trees[0].value:
        words = f"a charter begins with a document that has the keys charter: {FORM} and rulebook"
        raise FileProblems([Problem(1, "charter", words)])
    head, found = _head(trees[0]), []
    teams = {row.slug for row in head.teams} | (here.teams if here else frozenset())
    envelope, documents = Envelope(), []
    try:
        envelope = rulebookfiles.envelope_of(trees[0], ("rulebook",), teams)
    except FileProblems as wrong:
        found += wrong.problems
    for tree in trees[1:]:
        try:
            documents.append(files.document_of(tree))
        except FileProblems as wrong:
            found += wrong.problems
    if found:
        raise FileProblems(sorted(found, key=lambda problem: problem.line))
    return Charter(head, envelope, trees[0], documents)


def _head(tree: Tree) -> HeadPart:
    try:
        return HeadPart.model_validate(tree.value)
    except ValidationError as error:
        raise FileProblems([tree.problem(item["loc"], files.say(item)) for item in error.errors()]) from None


def problems(charter: Charter, here: Names | None = None) -> list[Problem]:
    """Return what would keep the charter from working, each with its place; worked examples that break count."""
    names = charter.names
    if here is not None:
        names = names | here
    found = [charter.tree.problem(place, words) for place, words in _of_head(charter, names)]
    seen: set[str] = set()
    for document in charter.documents:
        if document.part.workflow in seen:
            found.append(document.problem(("workflow",), f"the workflow “{document.part.workflow}” stands there twice"))
        seen.add(document.part.workflow)
        found += checks.problems(document, names)
    return found or [*_of_examples(charter)]


def _of_head(charter: Charter, names: Names) -> Iterator[tuple[Place, str]]:
    head = charter.head
    rows: tuple[tuple[str, Sequence[Any]], ...] = (
        ("teams", [row.slug for row in head.teams]),
        ("paths", [row.slug for row in head.paths]),
        ("register", [row.name for row in head.register_]),
    )
    for name, keys in rows:
        for index, key in enumerate(keys):
            if key in keys[:index]:
                yield (name, index), "this stands there twice"
    for index, path in enumerate(head.paths):
        for rung, level in enumerate(path.levels):
            if level.team and level.team not in names.teams:
                yield ("paths", index, "levels", rung, "team"), f"there is no team “{level.team}”"
    for index, asset in enumerate(head.register_):
        if asset.owner not in names.teams:
            yield ("register", index, "owner"), f"there is no team “{asset.owner}”"
        if asset.approved_until and asset.approved_until <= asset.approved_from:
            yield ("register", index, "approved_until"), "it ends before it begins"


def _of_examples(charter: Charter) -> Iterator[Problem]:
    places = {example.title: index for index, example in enumerate(charter.envelope.examples)}
    for one in examples.broken(charter.envelope, charter.parts):
        place: Place = ("rulebook", "examples", places[one.example.title])
        yield charter.tree.problem(place, f"this example breaks: {one}")


def write(
    teams: Sequence[TeamPart],
    paths: Sequence[PathPart],
    assets: Sequence[AssetPart],
    envelope: Envelope,
    workflows: Sequence[WorkflowPart],
) -> str:
    """Return the charter as a text; reading it gives the same, and the same charter always gives the same text."""
    rulebook = {"stances": [], **envelope.as_json()}
    head = HeadPart(charter=1, teams=[*teams], paths=[*paths], register=[*assets], rulebook=rulebook)
    return dump([head.model_dump(mode="json"), *(files.lean(part) for part in workflows)])
