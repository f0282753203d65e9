"""The rulebook as a YAML file: `stances` by capability, `guardrails` as rows of when, effect, reason, capability."""

from __future__ import annotations

from typing import Literal, cast

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from governance.expressions import ExpressionError, compiled
from governance.rulechanges import Content
from workflows.capabilities.registry import capabilities


class RulebookProblem(Exception):
    """The file cannot be loaded; `str()` says where and why, a line for each problem."""


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid")


class RailPart(_Part):
    when: str = Field(min_length=1)
    effect: Literal["review", "human", "refuse"]
    reason: str = Field(min_length=1, max_length=240)
    capability: str = ""


class RulebookPart(_Part):
    stances: dict[str, Literal["approved", "out_of_scope"]]
    guardrails: list[RailPart] = []


def read(text: str) -> Content:
    """Return what the file says. Raises RulebookProblem."""
    try:
        part = RulebookPart.model_validate(YAML(typ="safe").load(text))
    except YAMLError as error:
        raise RulebookProblem(f"this is not YAML: {error}") from None
    except ValidationError as error:
        raise RulebookProblem("\n".join(_sentence(item["loc"], item["msg"]) for item in error.errors())) from None
    if found := _problems(part):
        raise RulebookProblem("\n".join(found))
    return cast(Content, part.model_dump())


def _problems(part: RulebookPart) -> list[str]:
    known = capabilities()
    found = [f"stances.{key}: there is no such capability" for key in part.stances if key not in known]
    seen: set[tuple[str, str]] = set()
    for index, rail in enumerate(part.guardrails):
        place = f"guardrails.{index + 1}"
        if rail.capability and rail.capability not in known:
            found.append(f"{place}.capability: there is no capability “{rail.capability}”")
        if (rail.when, rail.capability) in seen:
            found.append(f"{place}.when: another guardrail has the same condition for the same capability")
        seen.add((rail.when, rail.capability))
        try:
            compiled(rail.when, boolean=True)
        except ExpressionError as error:
            found.append(f"{place}.when: {error}")
    return found


def _sentence(place: tuple[int | str, ...], words: str) -> str:
    where = ".".join(str(part + 1) if isinstance(part, int) else part for part in place)
    return f"{where or 'the file'}: {words[0].lower()}{words[1:]}"
