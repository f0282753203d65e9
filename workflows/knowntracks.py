"""The tracks that steps may name besides their own: those of the rulebook in force, proposed or in draft."""

from __future__ import annotations

from governance import drafting
from governance.envelope.tracks import Track
from governance.rulebook import in_force
from governance.rulewords import track_words


def known_tracks() -> dict[str, Track]:
    """Return them by key; where several rulebooks have one, the newest says who it is."""
    books = (in_force(), drafting.proposed(), drafting.current())
    return {track.key: track for book in books if book is not None for track in book.envelope.tracks}


def track_choices(own: list[Track]) -> list[tuple[str, str]]:
    """Return the keys a step may name, each with who that is."""
    found = {**known_tracks(), **{track.key: track for track in own}}
    return [(key, f"{track.words} ({track_words(track)})") for key, track in found.items()]
