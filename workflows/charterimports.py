"""A charter file, brought in: all of it or nothing, as drafts or in force."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime

from django.db import transaction
from django.utils.functional import cached_property

from governance import drafting, memberships, ratifying, register
from governance.paths import EscalationPath, Rung, add_path
from governance.people import Actor, Person, Role, Team
from governance.publishing import Change
from governance.register import Asset
from governance.rulebook import Rulebook, Status, in_force
from governance.rulechanges import changes
from workflows import charterfiles, publishing
from workflows import ratifying as flows
from workflows.capabilities.registry import capabilities
from workflows.charterfiles import Charter
from workflows.charterparts import AssetPart, LevelPart, PathPart
from workflows.charters import PROOF, SAID, asset_part, path_part
from workflows.checks import Names
from workflows.definitions import Version, Workflow
from workflows.files import Document, WorkflowPart
from workflows.publishing import NotPublishable, part_of, parts_in_force
from workflows.yamltext import FileProblems, Problem


@dataclass
class Brought:
    """What came of a file: the rulebook and versions with their changes, and the rest in sentences."""

    made: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    rulebook: Rulebook | None = None
    rule_changes: list[Change] = field(default_factory=list)
    versions: list[tuple[Version, list[Change]]] = field(default_factory=list)


def bring_in(
    text: str, person: Person, now: datetime, *, publish: bool = False, second: Person | None = None
) -> Brought:
    """Bring a charter in as drafts, or with `publish` in force on the word of one leader, or of two.

    Teams, paths and assets that are missing are made; those that are here stay as they are. Raises FileProblems,
    NotPublishable and those of `drafting`.
    """
    here = Names.here()
    charter = charterfiles.read(text, here)
    found = charterfiles.problems(charter, here) or [*_Rights(charter, person, here).problems()]
    if found:
        raise FileProblems(sorted(found, key=lambda problem: problem.line))
    with transaction.atomic():
        return _Import(charter, person, now, publish, second).whole()


@dataclass(frozen=True)
class _Rights:
    """What of a charter this person may not bring in. Teams that the file adds are theirs."""

    charter: Charter
    person: Person
    here: Names

    def problems(self) -> Iterator[Problem]:
        yield from self._people()
        for index, asset in enumerate(self.charter.head.register_):
            if asset.owner not in self._mine and not _standing(asset):
                words = f"{self.person.name} does not lead {asset.owner}"
                yield self.charter.tree.problem(("register", index, "owner"), words)
        current = parts_in_force()
        for document in self.charter.documents:
            if current.get(document.part.workflow) != document.part:
                yield from self._workflow(document)

    @cached_property
    def _mine(self) -> set[str]:
        held = self.person.memberships.filter(role=Role.LEADER).values_list("team__slug", flat=True)
        return {*held} | (self.charter.names.teams - self.here.teams)

    def _people(self) -> Iterator[Problem]:
        known = set(Person.objects.filter(is_active=True).values_list("email", flat=True))
        for index, path in enumerate(self.charter.head.paths):
            for rung, level in enumerate(path.levels):
                if path.slug not in self.here.paths and level.person and level.person.lower() not in known:
                    words = f"nobody here signs in as {level.person}; add them first, or name somebody else"
                    yield self.charter.tree.problem(("paths", index, "levels", rung, "person"), words)

    def _workflow(self, document: Document) -> Iterator[Problem]:
        slug = document.part.workflow
        was = Workflow.objects.filter(slug=slug).values_list("owner__slug", flat=True).first()
        for owner in dict.fromkeys((document.part.owner, was or document.part.owner)):
            if owner not in self._mine:
                yield document.problem(("owner",), f"{self.person.name} does not lead {owner}, which owns it")


def _standing(part: AssetPart) -> Asset | None:
    rows = Asset.objects.select_related("owner")
    return rows.filter(kind=part.kind, key=part.key, version=part.version).first()


@dataclass
class _Import:
    """One file being brought in, inside a transaction. The file was found whole, and the person may."""

    charter: Charter
    person: Person
    now: datetime
    publish: bool
    second: Person | None
    brought: Brought = field(default_factory=Brought)

    def whole(self) -> Brought:
        head = self.charter.head
        here = Names.here()
        for team in head.teams:
            if team.slug not in here.teams:
                memberships.add_team(Actor.of(self.person), self.now, name=team.name, slug=team.slug)
                self._made(f"the team {team.name}, led by {self.person.name}")
        for path in head.paths:
            self._path(path, path.slug in here.paths)
        for asset in head.register_:
            self._asset(asset)
        self._rulebook()
        self._workflows(parts_in_force())
        return self.brought

    def _made(self, what: str) -> None:
        self.brought.made.append(what)

    def _path(self, part: PathPart, is_here: bool) -> None:
        if is_here:
            if path_part(EscalationPath.objects.get(slug=part.slug)) != part:
                words = f"The escalation path “{part.slug}” is another one here. It stays as it is."
                self.brought.notes.append(words)
            return
        add_path(part.slug, part.title, [self._rung(level) for level in part.levels], self.person, self.now)
        self._made(f"the escalation path {part.title}")

    def _rung(self, level: LevelPart) -> Rung:
        if level.person:
            return Rung(level.seconds, person_id=Person.objects.get(email=level.person.lower()).pk)
        return Rung(level.seconds, Team.objects.get(slug=level.team).pk, level.role)

    def _asset(self, part: AssetPart) -> None:
        name = f"the {part.kind} “{part.title}”, version {part.version}"
        other = _standing(part)
        if other is not None and other.withdrawn_at:
            self.brought.notes.append(f"Here {name} is withdrawn. It stays so.")
        elif other is not None and asset_part(other) != part:
            self.brought.notes.append(f"Here {name} says something else. It stays as it is.")
        elif other is None:
            said = {column: getattr(part, column) for column in (*SAID, *PROOF)}
            owner = Team.objects.get(slug=part.owner)
            register.approve(Asset(**said, owner=owner, approved_by=self.person), self.now)
            self._made(name)

    def _rulebook(self) -> None:
        titles = {key: capability.title for key, capability in capabilities().items()}
        found = changes(drafting.content_of(in_force()), self.charter.envelope, titles)
        if not found:
            return
        draft = drafting.current()
        if draft is not None and drafting.content_of(draft) != self.charter.envelope:
            raise NotPublishable("Another draft of the rulebook stands. Publish or discard it first.")
        self.brought.rule_changes = found
        if draft is None:
            draft = drafting.keep(self.charter.envelope, self.person, self.now, seen=drafting.seen_now())
        if self.publish:
            seen = drafting.seen_now()
            draft = ratifying.publish(draft.pk, self.person, self.now, seen=seen, titles=titles, second=self.second)
        self.brought.rulebook = draft

    def _workflows(self, current: dict[str, WorkflowPart]) -> None:
        for slug, part in self.charter.parts.items():
            if current.get(slug) != part:
                self.brought.versions.append(self._workflow(part))
        for slug in sorted(current.keys() - self.charter.parts.keys()):
            self.brought.notes.append(f"The file says nothing of {current[slug].title}. It stays in force.")

    def _workflow(self, part: WorkflowPart) -> tuple[Version, list[Change]]:
        """A draft that says the same, of an earlier import, is the one that takes force."""
        draft = Version.objects.filter(workflow__slug=part.workflow, status=Status.DRAFT).first()
        if self.publish and draft is not None and part_of(draft) == part:
            return draft, flows.publish(draft, self.person, self.now, second=self.second)
        if self.publish:
            return flows.put_in_force(part, self.person, self.now, self.second)
        return publishing.keep(part, self.person, self.now)
