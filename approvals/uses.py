"""What a step uses: its classes of data, and the assets of the register it names, each with its last day."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

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


def _wrong(asset: Mapping[str, Any]) -> str:
    """Return what is wrong with it, in a word or two; empty when nothing is."""
    if asset["standing"] == "elsewhere":
        return f"not for {' or '.join(asset.get('where', ())) or 'here'}"
    if asset["standing"] != "approved":
        return str(asset["standing"])
    if outside := asset.get("outside"):
        return f"another {', '.join(outside)}"
    return "words changed" if asset.get("edited") and asset.get("owner") else ""
