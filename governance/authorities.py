"""How far a person may decide alone, what they are qualified for, and who stands in for them while they are away."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import date

from django.db import models
from django.db.models import F, Q

from governance.people import Membership, Person
from governance.powers import Powers
from governance.rulewords import measure_words


class Authority(models.Model):
    """Up to so much of a measure (`amounts.discount_pct`) the person may agree alone; perhaps until a last day."""

    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="authorities")
    measure = models.CharField(max_length=80)
    at_most = models.FloatField()
    until = models.DateField(null=True, blank=True)

    class Meta:
        ordering = ("measure",)
        constraints = (models.UniqueConstraint(fields=["person", "measure"], name="one_authority_a_measure"),)

    def __str__(self) -> str:
        return f"{self.person}: {self.measure} up to {self.at_most:g}"

    @property
    def measure_words(self) -> str:
        return measure_words(self.measure)


class Qualification(models.Model):
    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="qualifications")
    skill = models.SlugField(max_length=60)
    until = models.DateField(null=True, blank=True)

    class Meta:
        ordering = ("skill",)
        constraints = (models.UniqueConstraint(fields=["person", "skill"], name="qualified_once"),)

    def __str__(self) -> str:
        return f"{self.person}: {self.skill}"


class Absence(models.Model):
    """From the first to the last day somebody else covers for a person."""

    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="absences")
    cover = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="covering")
    first = models.DateField()
    last = models.DateField()

    class Meta:
        ordering = ("first",)
        constraints = (
            models.CheckConstraint(condition=Q(last__gte=F("first")), name="absence_ends_after_it_begins"),
            models.CheckConstraint(condition=~Q(person=F("cover")), name="nobody_covers_themselves"),
        )

    def __str__(self) -> str:
        return f"{self.cover} for {self.person}, {self.first} to {self.last}"


def powers_of(people: Iterable[int], day: date) -> dict[int, Powers]:
    """Return what each of these may agree to on that day; who cannot sign in may nothing. Six queries at most."""
    ids = set(people)
    covering = Absence.objects.filter(cover__in=ids, first__lte=day, last__gte=day, person__is_active=True)
    covered: dict[int, list[int]] = defaultdict(list)
    for cover, absent in covering.values_list("cover", "person"):
        covered[cover].append(absent)
    own = _own(ids | {absent for found in covered.values() for absent in found}, day)
    for cover, absents in covered.items():
        if cover in own:
            mine = own[cover]
            others = tuple(own[absent] for absent in absents if absent in own)
            own[cover] = Powers(mine.person, mine.email, mine.roles, mine.skills, mine.authority, others)
    return {person: powers for person, powers in own.items() if person in ids}


def _own(ids: set[int], day: date) -> dict[int, Powers]:
    still = Q(until=None) | Q(until__gte=day)
    roles, skills, limits = defaultdict(set), defaultdict(set), defaultdict(dict)  # type: ignore[var-annotated]
    for person, team, role in Membership.objects.filter(person__in=ids).values_list("person", "team__slug", "role"):
        roles[person].add((team, role))
    for person, skill in Qualification.objects.filter(still, person__in=ids).values_list("person", "skill"):
        skills[person].add(skill)
    rows = Authority.objects.filter(still, person__in=ids)
    for person, measure, at_most in rows.values_list("person", "measure", "at_most"):
        limits[person][measure] = at_most
    found = Person.objects.filter(pk__in=ids, is_active=True).values_list("pk", "email")
    return {pk: Powers(pk, email, frozenset(roles[pk]), frozenset(skills[pk]), dict(limits[pk])) for pk, email in found}
