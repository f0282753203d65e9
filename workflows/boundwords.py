"""The bounds of a step in few words, for the charter's table. Works on a step and the envelope; needs no database."""

from __future__ import annotations

from collections.abc import Iterator

from governance import publishing
from governance.envelope.limits import Limit
from governance.envelope.tracks import Bands, Track
from governance.envelope.whole import Envelope
from governance.rulewords import measure_words, number, track_words
from workflows.definitions import Ownership, Step

EFFECTS = {"review": "a person approves", "human": "a person does it", "refuse": "refused"}


def bounds(step: Step, envelope: Envelope) -> Iterator[str]:
    """Yield what bounds this step: its own terms first, then what the rulebook says of its place."""
    if step.ownership == Ownership.AUTOMATED:
        if step.min_confidence is not None:
            yield f"Confidence {publishing.number(step.min_confidence)}"
        if step.sample_rate:
            yield f"{publishing.percent(step.sample_rate)} asked all the same"
        if step.review_by:
            yield f"Until {step.review_by:%-d %b %Y}"
    for row in step.limits:
        limit = Limit.model_validate(row)
        yield f"At most {number(limit.at_most)} {measure_words(limit.measure)}; beyond: {EFFECTS[limit.effect]}"
    if step.bands:
        yield from _bands(step)
    for rail in step.guardrails:
        yield f"{rail['reason']}: {EFFECTS[rail['effect']]}"
    if step.lead_days:
        yield f"Begins {step.lead_days} working day{'s' if step.lead_days > 1 else ''} after the last approval"
    yield from _everywhere(step, envelope)


def _bands(step: Step) -> Iterator[str]:
    table = Bands.model_validate(step.bands)
    titles = {row["key"]: Track.model_validate(row).words for row in step.tracks}
    for band in table.bands:
        who = ", ".join(titles.get(key, key) for key in band.tracks) or "nobody besides"
        yield f"{band.range} {measure_words(table.measure)}: {who}"


def _everywhere(step: Step, envelope: Envelope) -> Iterator[str]:
    slug, category = step.version.workflow.slug, step.version.category
    for rail in envelope.guardrails:
        if (rail.workflow or rail.step) and rail.applies(step.capability, slug, step.key):
            yield f"{rail.reason}: {EFFECTS[rail.effect]}"
    for row in envelope.allowances:
        if row.workflow and row.applies(step.capability, slug, category):
            yield row.title


def who(step: Step) -> str:
    """Return who answers, with how many of them: “Growth”, or its tracks: “Press, 2 of Legal”."""
    tracks = [Track.model_validate(row) for row in step.tracks]
    return ", ".join(track.title or track_words(track) for track in tracks) or step.reviewers.name


OWNERSHIP_WORDS = {
    "automated": "Automated",
    "recommends": "Automated, only recommends",
    "needs_approval": "Needs approval",
    "human_owned": "Human-owned",
}
