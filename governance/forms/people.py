"""People, their roles, and teams as forms."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django import forms
from django.contrib.auth import password_validation
from django.core.exceptions import ValidationError
from django.utils.text import slugify

from governance.memberships import teams_to_give, without_leader
from governance.people import Person, Role, Team


class RoleForm(forms.Form):
    role = forms.ChoiceField(label="Role", choices=Role.choices, initial=Role.REVIEWER)


class MembershipForm(RoleForm):
    team = forms.ModelChoiceField(Team.objects.all(), label="Team", empty_label=None)
    field_order: Iterable[str] | None = ("team", "role")

    def __init__(self, *args: Any, by: Person, to: Person | None = None, **kwargs: Any) -> None:
        """Offer the teams in which `by` may give roles. Any team is read, so that another can be refused in words."""
        super().__init__(*args, **{"label_suffix": "", **kwargs})
        team = self.fields["team"]
        assert isinstance(team, forms.ModelChoiceField)
        team.choices = [(one.pk, one.name) for one in teams_to_give(by, to)]


class PersonForm(MembershipForm):
    name = forms.CharField(label="Name", max_length=120)
    email = forms.EmailField(label="E-mail address", help_text="They sign in with it.")
    password = forms.CharField(
        label="First password",
        required=False,
        help_text="Empty: one is made. It is shown once, for you to hand over.",
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false", "autocapitalize": "off"}),
    )
    field_order = ("name", "email", "team", "role", "password")

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        team, role = cleaned.get("team"), cleaned.get("role")
        if team and role != Role.LEADER and without_leader().filter(pk=team.pk).exists():
            self.add_error("role", f"{team.name} has no leader yet. Its first person is one.")
        return cleaned

    def clean_email(self) -> str:
        email = str(self.cleaned_data["email"]).lower()
        if other := Person.objects.filter(email=email).first():
            raise ValidationError(f"{other.name} has this address already. Give them a role on their own page instead.")
        return email

    def clean_password(self) -> str:
        password = str(self.cleaned_data["password"])
        if password:
            password_validation.validate_password(password)
        return password


class TeamForm(forms.Form):
    name = forms.CharField(label="Name", max_length=120, help_text="For example Customer success.")
    slug = forms.SlugField(
        label="Key", required=False, max_length=50, help_text="How workflow files name it. Empty: made from the name."
    )

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if "slug" in cleaned and cleaned.get("name"):
            cleaned["slug"] = (cleaned["slug"] or slugify(cleaned["name"])[:50]).lower()
            if not cleaned["slug"]:
                self.add_error("name", "The name of a team needs letters or digits.")
            elif Team.objects.filter(slug=cleaned["slug"]).exists():
                self.add_error("name", f"There is a team “{cleaned['slug']}” already.")
        return cleaned
