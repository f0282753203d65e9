"""Assets of the register as forms: what each kind consists of, and for how long it is approved."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.text import slugify

from governance.expressions import ExpressionError, compiled
from governance.forms.bounds import BoundsField, NamesField
from governance.forms.days import within_reach
from governance.people import Person, Role, Team
from governance.register import Asset, Kind, approve, newest
from governance.wording import place_in_record, places, unclosed_place

HOLDS_FOR = ("segments", "markets", "channels")
DAY = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")


class AssetForm(forms.Form):
    """What every kind has. Each kind adds the fields of its body, named in `body_fields`.

    Of them, `spare` ones are left out while they are empty. `own_fields` are columns that only this kind fills.
    """

    body_fields: tuple[str, ...] = ()
    spare: tuple[str, ...] = ()
    own_fields: tuple[str, ...] = ()
    kind: Kind

    title = forms.CharField(label="Title", max_length=160)
    key = forms.SlugField(
        label="Key",
        required=False,
        max_length=80,
        help_text="How workflows name it: letters, digits and dashes. It never changes. Empty: made from the title.",
    )
    owner = forms.ModelChoiceField(Team.objects.none(), label="Owner", empty_label=None)
    approved_from = forms.DateField(
        label="Approved from", required=False, widget=DAY, validators=[within_reach], help_text="Empty: at once."
    )
    last_day = forms.DateField(
        label="Last day",
        required=False,
        widget=DAY,
        validators=[within_reach],
        help_text="Empty: until it is withdrawn.",
    )
    segments = NamesField(label="Segments", required=False, help_text="With commas. Empty: every segment.")
    markets = NamesField(label="Markets", required=False, help_text="With commas. Empty: every market.")
    channels = NamesField(label="Channels", required=False, help_text="Such as email. Empty: every channel.")

    def __init__(self, *args: Any, by: Person, base: Asset | None = None, **kwargs: Any) -> None:
        if base is not None:
            kwargs["initial"] = {**base.body, **_columns(base), "owner": base.owner_id, "last_day": _last_day(base)}
        super().__init__(*args, **{"label_suffix": "", **kwargs})
        owner = self.fields["owner"]
        assert isinstance(owner, forms.ModelChoiceField)
        owner.queryset = Team.objects.filter(pk__in=by.memberships.filter(role=Role.LEADER).values("team"))
        self.base = base
        if base is not None:
            del self.fields["key"]
        else:
            self.fields["key"].widget.attrs["autocapitalize"] = "off"

    def clean_key(self) -> str:
        key = str(self.cleaned_data["key"]) or slugify(self.cleaned_data.get("title", ""))[:80]
        if not key and "title" in self.cleaned_data:
            raise ValidationError("No key can be made of this title. Give one.")
        return key.lower()

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        first, last = cleaned.get("approved_from"), cleaned.get("last_day")
        today = timezone.localdate()
        if last and last < (first or today):
            self.add_error("last_day", "The last day lies before the first." if first else "The last day is past.")
        return cleaned

    def approve(self, person: Person, now: datetime) -> Asset:
        """Put it into the register. Raises AlreadyThere."""
        answers, base = self.cleaned_data, self.base
        return approve(
            Asset(
                kind=self.kind,
                key=base.key if base else answers["key"],
                version=base.version + 1 if base else 1,
                title=answers["title"],
                body={**self._kept, **self._body()},
                **{name: answers[name] for name in (*HOLDS_FOR, *self.own_fields)},
                owner=answers["owner"],
                approved_by=person,
                approved_from=max(now, _morning(answers["approved_from"])) if answers["approved_from"] else now,
                approved_until=_morning(answers["last_day"] + timedelta(days=1)) if answers["last_day"] else None,
            ),
            now,
        )

    @property
    def _kept(self) -> dict[str, Any]:
        """What the version before says that this form does not ask."""
        body = self.base.body if self.base else {}
        return {name: value for name, value in body.items() if name not in self.body_fields}

    def _body(self) -> dict[str, Any]:
        given = {name: self.cleaned_data[name] for name in self.body_fields}
        return {name: value for name, value in given.items() if value or name not in self.spare}

    @property
    def next_version(self) -> int:
        return self.base.version + 1 if self.base else 1

    @property
    def parts(self) -> list[forms.BoundField]:
        """The fields of its own, as the page draws them, one below the other."""
        return [self[name] for name in (*self.body_fields, *self.own_fields) if name != "claims"]

    @property
    def where(self) -> list[forms.BoundField]:
        """The fields that say what it holds for."""
        return [self[name] for name in HOLDS_FOR]


class WordsForm(AssetForm):
    """A claim or a tactic: plain words."""

    body_fields = ("text",)
    text = forms.CharField(label="Words", widget=forms.Textarea(attrs={"rows": 5}))


class ClaimForm(WordsForm):
    kind = Kind.CLAIM
    own_fields = ("evidence", "evidence_link")
    evidence = forms.CharField(
        label="Evidence",
        required=False,
        max_length=4000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="What proves it: who measured what, and when.",
    )
    evidence_link = forms.URLField(
        label="Where the evidence lies", required=False, max_length=400, assume_scheme="https"
    )


class TacticForm(WordsForm):
    kind = Kind.TACTIC


class TemplateForm(AssetForm):
    kind = Kind.TEMPLATE
    body_fields = ("subject", "body", "fields", "claims")
    spare = ("fields", "claims")
    subject = forms.CharField(label="Subject", max_length=300)
    body = forms.CharField(
        label="Body",
        widget=forms.Textarea(attrs={"rows": 12}),
        help_text="{{ name }} is filled from the record. Where the field is missing, nothing is sent.",
    )
    claims = forms.MultipleChoiceField(label="Claims it makes", required=False, widget=forms.CheckboxSelectMultiple)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["fields"] = BoundsField(
            label="What may stand in its places",
            required=False,
            max_length=8000,
            help_text="One place a line. “venue: Berlin | Rome” holds one of these, “agenda = Doors at 18:00” always "
            "this. Inside it the approval holds; anything else is put to the owner. Empty: the record fills "
            "every place, and the words are the reviewers’ to edit.",
        )
        claims = self.fields["claims"]
        assert isinstance(claims, forms.MultipleChoiceField)
        claims.choices = [(claim.key, claim.title) for claim in newest(Kind.CLAIM).values()]

    def clean_subject(self) -> str:
        subject = str(self.cleaned_data["subject"])
        if subject.splitlines() != [subject]:
            raise ValidationError("A subject stands on one line, without a line break.")
        return _with_closed_places(subject)

    def clean_body(self) -> str:
        return _with_closed_places(self.cleaned_data["body"].replace("\r\n", "\n"))

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        known = places({name: str(cleaned.get(name, "")) for name in ("subject", "body")})
        stray = [name for name in cleaned.get("fields") or {} if name not in known]
        if stray and not self.errors:
            self.add_error("fields", f"There is no place {{{{ {stray[0]} }}}} in the subject or the body.")
        return cleaned


class OfferForm(AssetForm):
    kind = Kind.OFFER
    body_fields = ("eligible", "value")
    eligible = forms.CharField(
        label="Who may get it (CEL)",
        initial="true",
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 2, "class": "code", "spellcheck": "false", "autocapitalize": "off"}),
        help_text="Over the fields of the record, for example record.age >= 18.",
    )
    value = forms.FloatField(
        label="Value", min_value=0, initial=0, help_text="What it costs; guardrails read it as amounts.offer_value."
    )

    def clean_eligible(self) -> str:
        text = " ".join(self.cleaned_data["eligible"].split("\n")).strip()
        try:
            compiled(text, boolean=True)
        except ExpressionError as error:
            raise ValidationError(f"{error}.") from None
        return text


FORMS: dict[str, type[AssetForm]] = {
    Kind.TEMPLATE: TemplateForm,
    Kind.OFFER: OfferForm,
    Kind.CLAIM: ClaimForm,
    Kind.TACTIC: TacticForm,
}


class WithdrawalForm(forms.Form):
    reason = forms.CharField(label="Reason, in words others will read", max_length=400)


def _with_closed_places(text: str) -> str:
    if found := unclosed_place(text):
        raise ValidationError(f"“{found}” is not a place that can be filled. Write it as {{{{ name }}}}.")
    if field := place_in_record(text):
        raise ValidationError(f"A place names the field alone: write {{{{ {field} }}}}.")
    return text


def _morning(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, time.min))


def _columns(asset: Asset) -> dict[str, Any]:
    return {name: getattr(asset, name) for name in ("title", *HOLDS_FOR, "evidence", "evidence_link")}


def _last_day(asset: Asset) -> date | None:
    moment = asset.last_moment
    return timezone.localdate(moment) if moment and moment > timezone.now() else None
