"""The form a leader fills in to import records."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile

from governance.people import Person, Team
from workflows.access import writable_teams
from workflows.csvfiles import DELIMITERS, UNPACKED_LIMIT
from workflows.imports import ImportJob, kind_flaw

EVERYBODY = "*"
SEPARATORS = [("", "Recognise it"), *((sign, name.capitalize()) for sign, name in DELIMITERS.items())]


class ImportForm(forms.Form):
    file = forms.FileField(
        label="CSV file",
        help_text="Its first line names the columns. It may be packed with gzip. Encoding and numbers are recognised.",
        widget=forms.FileInput(attrs={"class": "form-control", "accept": ".csv,.txt,.tsv,.gz,text/csv"}),
    )
    kind = forms.CharField(
        label="What the records are",
        max_length=40,
        help_text="One word, such as client or account.",
        widget=forms.TextInput(attrs={"class": "form-control", "list": "kinds", "autocomplete": "off"}),
    )
    key_column = forms.CharField(
        label="Column with the keys",
        max_length=255,
        required=False,
        help_text="A record whose key is known is replaced. Without a column, the number of the line is the key.",
        widget=forms.TextInput(attrs={"class": "form-control", "autocomplete": "off"}),
    )
    team = forms.ChoiceField(
        label="Whose the records are",
        required=False,
        help_text="A line whose column “owner” names a team by its short name is that team’s. "
        "A record that is there already stays whose it is.",
        widget=forms.Select(attrs={"class": "form-select"}),
    )
    delimiter = forms.ChoiceField(
        label="Columns are separated by",
        choices=SEPARATORS,
        required=False,
        widget=forms.Select(attrs={"class": "form-select"}),
    )
    skip_bad = forms.BooleanField(
        label="Leave out lines that cannot be taken",
        required=False,
        help_text="Otherwise one such line stops the import, and nothing changes.",
        widget=forms.CheckboxInput(attrs={"class": "form-check-input"}),
    )

    def __init__(self, person: Person, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.led = list(Team.objects.filter(pk__in=writable_teams(person)))
        unsaid = [] if len(self.led) == 1 else [("", "Say whose they are")]
        own = [(team.slug, f"{team.name}’s alone") for team in self.led]
        self.fields["team"].choices = [*unsaid, *own, (EVERYBODY, "Everybody’s")]  # type: ignore[attr-defined]

    def clean_team(self) -> Team | None:
        """Return the team it is for, None for everybody's; unsaid it is for the only team the person leads."""
        said = self.cleaned_data["team"]
        if not said and len(self.led) != 1:
            raise ValidationError("Say whose these records are: one of your teams’, or everybody’s.")
        return None if said == EVERYBODY else next(team for team in self.led if said in ("", team.slug))

    def clean_kind(self) -> str:
        kind = str(self.cleaned_data["kind"])
        if flaw := kind_flaw(kind):
            raise ValidationError(flaw)
        return kind

    def clean_file(self) -> UploadedFile[Any]:
        file: UploadedFile[Any] = self.cleaned_data["file"]
        limit = getattr(settings, "IMPORT_LIMIT", UNPACKED_LIMIT)
        if (file.size or 0) > limit:
            raise ValidationError(f"The file is larger than {limit:,} bytes, which is the limit.")
        return file

    def hand_in(self, person: Person, now: datetime) -> ImportJob:
        """Keep the file and the job; a worker finds it."""
        wishes = dict(self.cleaned_data)
        file = wishes.pop("file")
        job = ImportJob(file_name=file.name[-255:], by=person, asked_at=now, **wishes)
        job.hand_in(file)
        return job
