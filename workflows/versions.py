"""Published versions never change, so each process reads one once."""

from __future__ import annotations

import logging
from functools import cache, lru_cache

from governance.envelope.limits import Limit
from governance.envelope.tracks import Bands, Track
from governance.judging import Terms
from workflows.capabilities.registry import capabilities
from workflows.definitions import SCHEMA, Step, Version

log = logging.getLogger(__name__)


@lru_cache(maxsize=512)
def published(version_id: int) -> Version:
    """Return a frozen version with its steps, workflow and owner loaded. Only for published versions."""
    version = Version.objects.select_related("workflow", "owner").get(pk=version_id)
    version.ordered_steps  # noqa: B018 (loads and keeps them)
    return version


def terms_of(step: Step) -> Terms:
    """Return the step's terms as the judge wants them; worked out once, as a published step never changes."""
    known: Terms | None = vars(step).get("_terms")
    if known is None:
        known = vars(step)["_terms"] = _terms(step)
    return known


def _terms(step: Step) -> Terms:
    version, does = step.version, capabilities().get(step.capability)
    return Terms(
        ownership=step.ownership,
        source=f"{version.title} v{version.number} · {step.title}",
        workflow=version.workflow.slug,
        automation_allowed=version.automation_allowed,
        recommend_only=version.recommend_only,
        changes=does is None or does.changes,
        min_confidence=step.min_confidence,
        sample_rate=step.sample_rate,
        purpose=version.category,
        review_by=step.review_by,
        limits=[Limit.model_validate(row) for row in step.limits],
        bands=Bands.model_validate(step.bands) if step.bands else None,
        tracks=[Track.model_validate(row) for row in step.tracks],
        reviewers=step.reviewers.slug,
        owner=version.owner.slug,
    )


def unknown_schemas() -> list[int]:
    """Return the versions that were published in a form newer than this code knows; say of each once that it waits.

    Their actions are left alone. One statement, over the versions only.
    """
    found = Version.objects.filter(schema__gt=SCHEMA).values_list("pk", "title", "number", "schema")
    for pk, title, number, schema in found:
        _warn(pk, f"{title} v{number}", schema)
    return [row[0] for row in found]


@cache
def _warn(pk: int, name: str, schema: int) -> None:
    log.warning(
        "%s (version %s) waits for a newer worker: it was published in form %s, and this one knows forms up to %s.",
        *(name, pk, schema, SCHEMA),
    )


def waits_for_newer(version: Version) -> bool:
    """Whether only a newer worker may touch what runs in this version."""
    return version.schema > SCHEMA
