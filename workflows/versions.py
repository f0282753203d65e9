"""Published versions never change, so each process reads one once."""

from __future__ import annotations

import logging
from functools import cache, lru_cache

from governance.judging import Terms
from workflows.definitions import SCHEMA, Step, Version

log = logging.getLogger(__name__)


@lru_cache(maxsize=512)
def published(version_id: int) -> Version:
    """Return a frozen version with its steps, workflow and owner loaded. Only for published versions."""
    version = Version.objects.select_related("workflow", "owner").get(pk=version_id)
    version.ordered_steps  # noqa: B018 (loads and keeps them)
    return version


def terms_of(step: Step) -> Terms:
    """Return the step's terms as the judge wants them."""
    return Terms(
        ownership=step.ownership,
        source=f"{step.version.title} v{step.version.number} · {step.title}",
        workflow=step.version.workflow.slug,
        automation_allowed=step.version.automation_allowed,
        min_confidence=step.min_confidence,
        sample_rate=step.sample_rate,
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
