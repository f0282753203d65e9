"""The charter of this installation, written out whole; `charterimports` brings one in."""

from __future__ import annotations

from governance import drafting
from governance.durations import short
from governance.paths import EscalationPath, Level
from governance.people import Team
from governance.register import Asset
from governance.rulebook import in_force
from workflows import charterfiles
from workflows.charterparts import AssetPart, LevelPart, PathPart, TeamPart
from workflows.publishing import parts_in_force


def export() -> str:
    """Return what is in force here as one text: rulebook, workflows, teams, paths, and what stands in the register."""
    teams = [TeamPart(slug=team.slug, name=team.name) for team in Team.objects.order_by("slug")]
    paths = EscalationPath.objects.prefetch_related("levels__team", "levels__person").order_by("slug")
    stands = Asset.objects.filter(withdrawn_at=None).select_related("owner").order_by("kind", "key", "version")
    assets = [asset_part(asset) for asset in stands]
    flows_in_force = [part for _, part in sorted(parts_in_force().items())]
    envelope = drafting.content_of(in_force())
    return charterfiles.write(teams, [path_part(path) for path in paths], assets, envelope, flows_in_force)


def path_part(path: EscalationPath) -> PathPart:
    """Return an escalation path as a file says it."""
    return PathPart(slug=path.slug, title=path.title, levels=[_level(level) for level in path.levels.all()])


def _level(level: Level) -> LevelPart:
    person, team = level.person, level.team
    who = {"person": person.email} if person else {"team": team.slug if team else "", "role": level.role}
    return LevelPart.model_validate({**who, "after": short(level.after)})


SAID = ("kind", "key", "version", "title", "approved_from", "approved_until", "segments", "markets", "channels")
PROOF = ("evidence", "evidence_link", "body")


def asset_part(asset: Asset) -> AssetPart:
    """Return an approved version as a file says it."""
    said = {name: getattr(asset, name) for name in (*SAID, *PROOF)}
    return AssetPart.model_validate({**said, "owner": asset.owner.slug})
