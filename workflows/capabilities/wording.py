"""Words for people, and what of the register they rest on: the template, the claims they make, the offer they speak of.

A payload names each by version, so that what was approved is what is used: a newer version approved meanwhile changes
nothing that stands, and withdrawing the old one stops it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from governance.register import Asset
from governance.wording import CannotFill, places
from workflows.capabilities.contract import CapabilityError, Context, Facts, RecordRef, Shape

WORDS = ("subject", "body")


class WordsParams(Shape):
    """`claims` are those made besides the template's own; `offer` is what the words speak of.

    `words` are those an earlier step settled, such as `=steps.write`: they come with all they rest on.
    """

    template: str = ""
    record: RecordRef | None = None
    values: dict[str, Any] = {}
    claims: list[str] = []
    offer: str = ""
    words: dict[str, Any] = {}


class WordsPayload(Shape):
    """`filled` says what stands in the places of the template. Version 0: from before versions were kept."""

    template: str = ""
    template_version: int = 0
    filled: dict[str, str] = {}
    claims: dict[str, int] = {}
    offer: str = ""
    offer_version: int = 0
    subject: str = ""
    body: str = ""


def worded(params: WordsParams, context: Context, given: Mapping[str, str]) -> dict[str, Any]:
    """Return the payload's words with what they rest on: settled before, `given`, or the template's.

    Raises CapabilityError.
    """
    settled = {name: params.words[name] for name in WordsPayload.model_fields if name in params.words}
    if settled.get("body"):
        return settled | _besides(params, context, settled)
    words: dict[str, Any] = dict(given)
    if params.template and words.get("body"):
        words |= _of_given(params, context)
    elif params.template:
        words |= _rendered(params, context)
    return words | _besides(params, context, words)


def _rendered(params: WordsParams, context: Context) -> dict[str, Any]:
    asset = template_of(params.template, context)
    try:
        filled = asset.wording.filled(context.record, params.values)
        words = asset.wording.rendered(filled)
    except CannotFill as error:
        raise CapabilityError(str(error)) from None
    return {**_named(asset), "filled": filled, **words, "claims": _claims(asset.claims, context)}


def _of_given(params: WordsParams, context: Context) -> dict[str, Any]:
    """Name the template that words from elsewhere claim to be of; whether they are, the facts say."""
    asset = template_of(params.template, context)
    try:
        filled = asset.wording.filled(context.record, params.values)
    except CannotFill:
        filled = {}
    return {**_named(asset), "filled": filled, "claims": _claims(asset.claims, context)}


def _besides(params: WordsParams, context: Context, words: Mapping[str, Any]) -> dict[str, Any]:
    """Return the claims and the offer that the step names itself."""
    found: dict[str, Any] = {"claims": {**_claims(params.claims, context), **words.get("claims", {})}}
    if params.offer:
        asset = context.shelf.asset("offer", params.offer)
        if asset is None:
            raise CapabilityError(f"there is no offer “{params.offer}” in the register")
        found |= {"offer": params.offer, "offer_version": asset.version}
    return found


def template_of(key: str, context: Context) -> Asset:
    asset = context.shelf.asset("template", key)
    if asset is None:
        raise CapabilityError(f"there is no template “{key}” in the register")
    return asset


def _named(asset: Asset) -> dict[str, Any]:
    return {"template": asset.key, "template_version": asset.version}


def _claims(keys: list[str], context: Context) -> dict[str, int]:
    """Return the versions of these claims in use now; of one that is not in the register, 0."""
    found = {key: context.shelf.asset("claim", key) for key in keys}
    return {key: asset.version if asset else 0 for key, asset in found.items()}


def completed(payload: WordsPayload, context: Context) -> dict[str, Any]:
    """Return an edited payload: where the words are the template's with another choice, its places say so."""
    asset = context.shelf.asset("template", payload.template, payload.template_version) if payload.template else None
    held = asset.wording.recovered(payload.filled, payload.subject, payload.body) if asset else None
    return {**payload.model_dump(mode="json"), **({"filled": held} if held is not None else {})}


def facts_of(payload: WordsPayload, context: Context, channel: str) -> Facts:
    """Return what the words rest on, each with how it stands where they are used."""
    place = context.place(channel)
    assets = [_template(payload, context, channel)] if payload.template else []
    if payload.offer:
        assets.append(context.shelf.facts("offer", payload.offer, payload.offer_version, place))
    assets += [context.shelf.facts("claim", key, version, place) for key, version in payload.claims.items()]
    return Facts(assets=assets, fields=_fields(payload, context), says=WORDS)


def _template(payload: WordsPayload, context: Context, channel: str) -> dict[str, Any]:
    """Return the template's facts; with `outside` and `edited` where its words are not as it was approved.

    `owner` is whom a template with bound places asks then; one that binds nothing leaves its words to the reviewers.
    """
    found = context.shelf.facts("template", payload.template, payload.template_version, context.place(channel))
    asset = context.shelf.asset("template", payload.template, payload.template_version)
    if asset is None or not payload.template_version:
        return found
    wording = asset.wording
    held = wording.recovered(payload.filled, payload.subject, payload.body)
    if held is None:
        found["edited"] = True
    elif outside := wording.outside(held):
        found["outside"] = outside
    if wording.is_bound:
        found["owner"] = asset.owner.slug
    return found


def _fields(payload: WordsPayload, context: Context) -> list[str]:
    """Return which fields of the record the template is filled with."""
    asset = context.shelf.asset("template", payload.template, payload.template_version) if payload.template else None
    if asset is None:
        return []
    names = places({part: str(asset.body.get(part, "")) for part in WORDS})
    return [name for name in names if name in context.record]
