"""What all parts of the envelope share: how they are read, kept and written. Pure."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_serializer

from governance.expressions import ExpressionError, compiled


class Part(BaseModel):
    """Frozen; written without what is as by default, so that a file says only what somebody decided."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    @model_serializer
    def lean(self) -> dict[str, Any]:
        fields = type(self).model_fields
        values = {field.alias or name: (getattr(self, name), field.get_default()) for name, field in fields.items()}
        return {name: value for name, (value, default) in values.items() if value != default}


def _on_one_line(value: str) -> str:
    if value and value.splitlines() != [value]:
        raise ValueError("this must stand on one line, without a line break")
    return value


def _condition(value: str) -> str:
    try:
        compiled(value, boolean=True)
    except ExpressionError as error:
        raise ValueError(str(error)) from None
    return value


Line = Annotated[str, AfterValidator(_on_one_line)]
Condition = Annotated[str, Field(min_length=1, max_length=4000), AfterValidator(_condition)]
"""CEL that is true or false."""
Slug = Annotated[str, Field(pattern=r"^[a-z0-9]+([-_][a-z0-9]+)*$", max_length=80)]
Name = Annotated[str, Field(pattern=r"^[a-z0-9]+([-_][a-z0-9]+)*$|^$", max_length=80)]
"""A slug or nothing."""
Measure = Annotated[str, Field(pattern=r"^amounts\.[A-Za-z_]\w*$", max_length=80)]
"""A number of the proposal that rules bound, like `amounts.recipients`."""
