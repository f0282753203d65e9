"""What a step uses: its classes of data, and the assets of the register it names, each with its last day."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from workflows.capabilities.contract import Shelf

ICONS = {"template": "file-text", "offer": "tag", "claim": "file-certificate", "tactic": "route"}


def data_words(classes: Iterable[object]) -> str:
    return ", ".join(str(name).replace("_", " ") for name in classes).capitalize()


def shown_asset(asset: Mapping[str, Any]) -> dict[str, Any]:
    """Return an asset's facts with its icon and its last day, or what is wrong with it."""
    until = datetime.fromisoformat(asset["until"]) if asset.get("until") else None
    return {
        **asset,
        "icon": ICONS.get(asset["kind"], "file-text"),
        "last_day": until,
        "wrong": _wrong(asset),
        "tone": "bad" if asset["standing"] in ("withdrawn", "unknown") else "warn",
    }


def bounds_words(assets: Iterable[Mapping[str, Any]], shelf: Shelf) -> str:
    """Return what may change of a template that binds its places; empty where none of the assets does."""
    named = next((one for one in assets if one.get("owner")), None)
    asset = shelf.asset("template", named["key"], named["version"]) if named else None
    if asset is None:
        return ""
    free = "; ".join(f"{name} ({', '.join(among)})" for name, among in asset.wording.choices.items())
    what = f"only this may change: {free}" if free else "nothing may change"
    return f"Of {asset.title} {what}. Anything else asks {asset.owner.name}."


def _wrong(asset: Mapping[str, Any]) -> str:
    """Return what is wrong with it, in a word or two; empty when nothing is."""
    if asset["standing"] == "elsewhere":
        return "not approved here"
    if asset["standing"] != "approved":
        return str(asset["standing"])
    if outside := asset.get("outside"):
        return f"another {', '.join(outside)}"
    return "words changed" if asset.get("edited") and asset.get("owner") else ""
