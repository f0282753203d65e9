"""Leaders say how far their people may decide alone, what they are qualified for, and who covers for them."""

from datetime import date

import pytest
from django.utils import timezone

from governance.authorities import Absence, Authority, Qualification, powers_of
from governance.ledger import Entry
from governance.sentences import sentence

AUTHORITY = {"authorities-measure": "spend", "authorities-at_most": "5000"}
SKILL = {"qualifications-skill": "brand-review", "qualifications-until": "2099-12-31"}
AWAY = {"absences-first": "2026-01-01", "absences-last": "2099-12-31"}


def give(client, person, kind, **given):
    return client.post(f"/people/{person.pk}/{kind}/grants/", given)


def said():
    return [sentence(entry) for entry in Entry.objects.filter(verb__regex=r"^(authority|qualification|absence)\.")]


def test_ada_gives_ben_an_authority_raises_it_and_ends_it(world, sign_in):
    ada = sign_in("ada")
    assert give(ada, world.ben, "authorities", **AUTHORITY).url == f"/people/{world.ben.pk}/"
    give(ada, world.ben, "authorities", **{**AUTHORITY, "authorities-at_most": "7500"})
    one = Authority.objects.get()
    assert (one.person, one.measure, one.at_most) == (world.ben, "amounts.spend", 7500)
    assert powers_of([world.ben.pk], timezone.localdate())[world.ben.pk].authority == {"amounts.spend": 7500}
    assert "Spend up to 7,500" in sign_in("eve").get(f"/people/{world.ben.pk}/").content.decode()
    ada.post(f"/people/authorities/grants/{one.pk}/removal/")
    assert not Authority.objects.exists()
    assert said() == [
        "Ada Lund let Ben Hartley decide amounts.spend alone up to 5000",
        "Ada Lund let Ben Hartley decide amounts.spend alone up to 7500",
        "Ada Lund ended Ben Hartley’s authority over amounts.spend",
    ]


def test_a_qualification_has_an_end(world, sign_in):
    give(sign_in("ada"), world.ben, "qualifications", **SKILL)
    assert powers_of([world.ben.pk], date(2099, 12, 31))[world.ben.pk].skills == {"brand-review"}
    assert powers_of([world.ben.pk], date(2100, 1, 1))[world.ben.pk].skills == frozenset()
    assert said() == ["Ada Lund qualified Ben Hartley for brand-review"]


def test_chen_covers_for_ben_while_he_is_away(world, sign_in):
    ada = sign_in("ada")
    give(ada, world.ben, "absences", **AWAY, **{"absences-cover": world.chen.pk})
    covers = powers_of([world.chen.pk], timezone.localdate())[world.chen.pk].covers
    assert [absent.person for absent in covers] == [world.ben.pk]
    assert "Chen Wei covers" in ada.get(f"/people/{world.ben.pk}/").content.decode()
    ada.post(f"/people/absences/grants/{Absence.objects.get().pk}/removal/")
    assert [sentence_ for sentence_ in said() if "away" in sentence_] == [
        "Ada Lund entered that Ben Hartley is away from 2026-01-01 to 2099-12-31; Chen Wei covers",
        "Ada Lund took back that Ben Hartley is away from 2026-01-01",
    ]


@pytest.mark.parametrize(
    ("kind", "given", "words"),
    [
        ("authorities", {**AUTHORITY, "authorities-measure": "two words"}, "Write its name alone"),
        ("authorities", {**AUTHORITY, "authorities-at_most": "-1"}, "greater than or equal to 0"),
        ("absences", {**AWAY, "absences-last": "2025-01-01"}, "The last day lies before the first."),
        ("qualifications", {"qualifications-skill": "brand review"}, "valid “slug”"),
    ],
)
def test_what_is_wrong_is_said_at_its_field(world, sign_in, kind, given, words):
    given = {**given, "absences-cover": world.chen.pk} if kind == "absences" else given
    answer = give(sign_in("ada"), world.ben, kind, **given)
    assert answer.status_code == 422 and words in answer.content.decode()
    assert not said()


def test_nobody_covers_themselves(world, sign_in):
    answer = give(sign_in("ada"), world.ben, "absences", **AWAY, **{"absences-cover": world.ben.pk})
    assert answer.status_code == 422


@pytest.mark.parametrize(("who", "whom"), [("eve", "ben"), ("ben", "chen"), ("ben", "ben"), ("ada", "dora")])
def test_only_leaders_of_the_persons_team_give_and_end(world, sign_in, who, whom):
    to = world.people[whom]
    client = sign_in(who)
    one = Qualification.objects.create(person=to, skill="legal")
    for kind, given in (("authorities", AUTHORITY), ("qualifications", SKILL)):
        assert give(client, to, kind, **given).status_code == 403
    if who != whom:
        assert client.post(f"/people/qualifications/grants/{one.pk}/removal/").status_code == 403
    assert "/grants/" not in client.get(f"/people/{to.pk}/").content.decode()
    assert not said()


def test_ada_gives_herself_nothing_while_lea_could_but_enters_her_own_absence(world, sign_in):
    ada = sign_in("ada")
    assert give(ada, world.ada, "authorities", **AUTHORITY).status_code == 403
    assert give(ada, world.ada, "absences", **AWAY, **{"absences-cover": world.lea.pk}).status_code == 302
    assert give(sign_in("lea"), world.ada, "authorities", **AUTHORITY).status_code == 302


def test_eve_who_leads_sales_alone_gives_herself_an_authority_which_the_ledger_keeps(world, sign_in):
    assert give(sign_in("eve"), world.eve, "authorities", **AUTHORITY).status_code == 302
    assert said() == ["Eve Marsh let Eve Marsh decide amounts.spend alone up to 5000"]
