"""Standings: whether what a proposal names still stands in the register, looked up again at the door to every effect.

A worker reads the register when it proposes; until its begin a leader may have withdrawn what it read. Called in the
begin's own transaction with the halts' lock held, shared, which a withdrawal takes alone: what a worker finds here
stays so until it has begun.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from governance.register import Asset, named, standing_at
from workflows.engine.work import Work

Name = tuple[str, str, int]


def look_again(works: Sequence[Work], now: datetime) -> None:
    """Write into the facts how each asset stands now: one query for a batch, none where nothing is named.

    What has no effect was proposed in this very transaction, after the lock was taken, so it is not asked again.
    """
    naming = [work for work in works if not work.action.inline and work.action.facts.get("assets")]
    if not naming:
        return
    assets = named({name_of(asset) for work in naming for asset in work.action.facts["assets"]})
    for work in naming:
        renewed = [{**found, **_standing(found, assets, now)} for found in work.action.facts["assets"]]
        work.action.facts = {**work.action.facts, "assets": renewed}


def name_of(asset: Mapping[str, Any]) -> Name:
    """Return the asset's facts as (kind, key, version)."""
    return asset["kind"], asset["key"], asset["version"]


def _standing(found: Mapping[str, Any], assets: Mapping[Name, Asset], now: datetime) -> dict[str, str]:
    asset = assets.get(name_of(found))
    return {"standing": standing_at(asset.standing(now), found.get("where", ())) if asset else "unknown"}
