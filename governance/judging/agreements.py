"""Who must agree: the tracks that follow from the facts, by bands, by conditions, or because a rule asks them. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from governance.envelope.tracks import Track
from governance.expressions import EvaluationError, compiled
from governance.judging.terms import Rules, Terms
from governance.judging.verdict import Need, Outcome, Reason
from governance.rulewords import measure_words, number

REVIEWERS = "reviewers"
"""The agreement that is needed when nothing else says whose."""

BEYOND_ALL = 1e308
"""What nobody may decide alone: a number that is not known."""


@dataclass
class Agreements:
    """What bands and tracks demand of one action. `reasons` trip by themselves; `needs` says who must agree then."""

    facts: Mapping[str, Any]
    terms: Terms
    rules: Rules
    reasons: list[Reason] = field(default_factory=list)
    _asked: dict[str, Need] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.terms.bands is not None or self.terms.tracks:
            self._bands()
            self._tracks()

    @property
    def looked_at(self) -> int:
        return (self.terms.bands is not None) + len(self.terms.tracks)

    def needs(self, reasons: Sequence[Reason]) -> tuple[Need, ...]:
        """Return all that must agree: those asked here, else the reviewers; and whom the tripped rules ask besides."""
        found = dict(self._asked)
        if not found:
            found[REVIEWERS] = Need(REVIEWERS, "", team=self.terms.reviewers)
        for key in [reason.track for reason in reasons if reason.track]:
            found.update((need.key, need) for need in self._needs_of(key))
        asked = {need.team for need in found.values() if not need.covers}
        found.update((need.key, need) for need in self._owners_of_assets() if need.team not in asked)
        return tuple(found.values())

    def _owners_of_assets(self) -> Iterator[Need]:
        """Ask the owner of a template whose words or choices are not as they were approved; once, if asked anyway."""
        for asset in self.facts.get("assets", ()):
            if asset.get("owner") and (asset.get("edited") or asset.get("outside")):
                key = f"owner:{asset['kind']}/{asset['key']}"
                yield Need(key, f"Owner of “{asset['title']}”", team=asset["owner"])

    def _bands(self) -> None:
        bands = self.terms.bands
        if bands is None:
            return
        value = self.facts.get("amounts", {}).get(bands.measure.removeprefix("amounts."))
        name, place = measure_words(bands.measure), bands.band_for(value)
        if place is None:
            self._ask_all(f"It does not say how many {name}", value)
            return
        place = min(place + sum(self._holds(when) for when in bands.one_up), len(bands.bands) - 1)
        for key in bands.bands[place].tracks:
            self._ask(key, f"{name} {number(value)}, {bands.words(place)}", value)

    def _ask_all(self, words: str, value: Any) -> None:
        """What falls in no band is asked of everybody the table names."""
        assert self.terms.bands is not None
        for key in dict.fromkeys(key for band in self.terms.bands.bands for key in band.tracks):
            self._ask(key, words, value)

    def _tracks(self) -> None:
        banded = {key for band in self.terms.bands.bands for key in band.tracks} if self.terms.bands else set()
        for track in self.terms.tracks:
            if track.key in banded:
                continue
            if track.when is None and not track.owners:
                self._asked.update((need.key, need) for need in self._needs_of(track.key))
            elif track.when is None or self._holds(track.when):
                self._ask(track.key, "", None)

    def _holds(self, when: str) -> bool:
        """Whether the condition is true; one that cannot be evaluated counts as true."""
        try:
            return compiled(when, boolean=True).holds(self.facts)
        except EvaluationError:
            return True

    def _ask(self, key: str, words: str, value: Any) -> None:
        for need in self._needs_of(key):
            self._asked[need.key] = need
            title = need.title or need.key
            said = f"{title} must agree: {words}" if words else f"{title} must agree"
            self.reasons.append(Reason(f"track:{need.key}", Outcome.REVIEW, said, self.terms.source, value))

    def _needs_of(self, key: str) -> Iterator[Need]:
        track = next((own for own in self.terms.tracks if own.key == key), None) or self.rules.tracks.get(key)
        if track is None:  # nobody can give it, so leaders must
            title = f"Leaders (there is no track “{key}”)"
            yield Need(key, title, team=self.terms.owner, role="leader")
        elif track.owners:
            yield from self._owners(track)
        else:
            yield need_of(track, self.facts)

    def _owners(self, track: Track) -> Iterator[Need]:
        """Ask the team that owns each part; a part nobody owns goes to the leaders of the workflow's own team."""
        try:
            found = compiled(track.owners).evaluate(self.facts)
        except EvaluationError:
            found = [""]
        teams = [found] if isinstance(found, str) else found if isinstance(found, list) else [""]
        for team in sorted({str(each or "") for each in teams}):
            if team:
                yield _need(
                    track, f"{track.key}:{team}", f"{track.words}: {team}", team=team, role=track.role, part=team
                )
            else:
                words = f"{track.words}: a part without an owner"
                yield _need(track, f"{track.key}:", words, team=self.terms.owner, role="leader")


def need_of(track: Track, facts: Mapping[str, Any]) -> Need:
    """Return what the track asks for. Of an authority it asks as much as the proposal's number, and as its rung."""
    who: dict[str, Any] = {name: getattr(track, name) for name in ("team", "role", "person", "skill")}
    if track.authority:
        name = track.authority.removeprefix("amounts.")
        value = facts.get("amounts", {}).get(name)
        known = isinstance(value, int | float) and not isinstance(value, bool) and value == value
        amount = float(value) if known else BEYOND_ALL
        rung = max(amount, track.at_least) if track.at_least is not None else amount
        who |= {"authority": track.authority, "at_least": rung, "amount": amount if rung > amount else None}
    return _need(track, track.key, track.words, **who)


def _need(track: Track, key: str, title: str, **who: Any) -> Need:
    return Need(key, title, need=track.need, covers=tuple(track.covers), escalation=track.escalation, **who)
