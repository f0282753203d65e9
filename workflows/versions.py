"""Published versions never change, so each process reads one once."""

from __future__ import annotations

from functools import lru_cache

from governance.judging import Terms
from workflows.definitions import SCHEMA, Step, Version


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
    """Return the versions that were published in a form newer than this code knows."""
    return list(Version.objects.filter(schema__gt=SCHEMA).values_list("pk", flat=True))
