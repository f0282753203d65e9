"""The parts of a workflow file that say when things happen: waits, joins, loops, schedules. Pure; for `files`."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from cronsim import CronSim, CronSimError
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, field_validator, model_serializer, model_validator

from governance import durations
from workflows import waits


class Part(BaseModel):
    model_config = ConfigDict(extra="forbid")


def _storable(value: dict[str, Any]) -> dict[str, Any]:
    """Return the mapping as JSON will give it back. YAML knows dates, sets and .nan; JSON does not."""
    try:
        return dict(json.loads(json.dumps(value, allow_nan=False)))
    except (TypeError, ValueError):
        words = "only text, numbers, true, false, lists and mappings can stand here; put a date in quotes"
        raise ValueError(words) from None


Storable = Annotated[dict[str, Any], AfterValidator(_storable)]
Whole = Annotated[int, Field(strict=True)]


class _LeanPart(Part):
    """Written, and kept in the database, with the names files use and without what is as by default."""

    @model_serializer
    def lean(self) -> dict[str, Any]:
        fields = type(self).model_fields
        values = {field.alias or name: (getattr(self, name), field.default) for name, field in fields.items()}
        return {name: value for name, (value, default) in values.items() if value != default}


class WaitPart(_LeanPart):
    """How long a step waits; see `workflows.waits`. Each text may be CEL that begins with “=”."""

    signal: str = Field("", max_length=120)
    key: str = Field("", max_length=200)
    for_: str = Field("", alias="for")
    until: str = ""
    at: str = ""
    zone: str = ""
    days: list[Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]] = Field([], max_length=7)

    @field_validator("signal")
    @classmethod
    def known_by_name(cls, value: str) -> str:
        if value and not waits.SIGNAL.fullmatch(value):
            words = "lower case letters, digits and _ . : -, beginning with a letter"
            raise ValueError(f"“{value}” is not the name of a signal; it must be {words}")
        return value

    @field_validator("for_", mode="before")
    @classmethod
    def span(cls, value: Any) -> str:
        return str(value) if waits.is_cel(value) else durations.short(int(waits.span(value).total_seconds()))

    @field_validator("until")
    @classmethod
    def moment(cls, value: str) -> str:
        if not waits.is_cel(value):
            waits.moment_of(value, "UTC")  # whether it needs a zone is asked of the whole
        return value

    @field_validator("at")
    @classmethod
    def time_of_day(cls, value: str) -> str:
        if not waits.is_cel(value):
            waits.clock(value)
        return value

    @field_validator("zone")
    @classmethod
    def place(cls, value: str) -> str:
        return _zone(value)

    @model_validator(mode="after")
    def whole(self) -> WaitPart:
        timers = [name for name, value in zip(waits.TIMERS, (self.for_, self.until, self.at), strict=True) if value]
        if len(timers) > 1:
            raise ValueError(f"a wait has one of for, until and at, not {' and '.join(timers)}")
        if not timers and not self.signal:
            raise ValueError("a wait says how long: write 3d, or one of for, until, at and signal")
        if self.at and not self.zone:
            raise ValueError("a time of day needs a zone, like Europe/Berlin")
        if self.until and not waits.is_cel(self.until) and not self.zone:
            waits.moment_of(self.until)
        self._refuse_idle()
        return self

    def _refuse_idle(self) -> None:
        """What would change nothing was meant for something else."""
        if self.zone and not (self.until or self.at):
            raise ValueError("a zone belongs to until or at; there is neither")
        if self.days and not self.at:
            raise ValueError("days belong to at, which is not there")
        if self.key and not self.signal:
            raise ValueError("key belongs to signal, which is not there")


def _zone(value: str) -> str:
    if not waits.is_cel(value):
        waits.zone_of(value)
    return value


class JoinPart(_LeanPart):
    need: Whole
    rest: Literal["withdraw", "let_go"] = "withdraw"


class RepeatPart(_LeanPart):
    from_: str = Field(alias="from")
    until: str = Field(min_length=1)
    at_most: Whole = Field(ge=2, le=50)
    then: Literal["stop", "go_on"] = "stop"


class SoonerPart(_LeanPart):
    """In the last so many working days of a month, a quarter or a year an answer is due sooner."""

    in_: str = Field(alias="in")
    last: Whole = Field(ge=1, le=60)
    of: Literal["month", "quarter", "year"]

    @field_validator("in_", mode="before")
    @classmethod
    def duration(cls, value: Any) -> str:
        return durations.short(int(waits.span(value).total_seconds()))


class SchedulePart(_LeanPart):
    """When a workflow starts by itself. A cron line has five fields: minute, hour, day, month, day of the week."""

    cron: str
    zone: str
    input: Storable = {}

    @field_validator("cron")
    @classmethod
    def line(cls, value: str) -> str:
        try:
            if len(value.split()) != 5:
                raise CronSimError("it has five fields: minute, hour, day, month, day of the week")
            CronSim(value, datetime(2000, 1, 1, tzinfo=UTC))
        except CronSimError as error:
            words = str(error).replace("Bad", "look at its")
            raise ValueError(f"“{value[: waits.DIGITS]}” is not a cron line, like 0 9 * * 1-5: {words}") from None
        return " ".join(value.split())

    @field_validator("zone")
    @classmethod
    def place(cls, value: str) -> str:
        waits.zone_of(value)
        return value
