"""Leaders say who is here and in which role; the organisation never loses its last leader."""

import pytest
from django.core.management import CommandError, call_command
from django.test import Client

from governance import memberships
from governance.ledger import Entry
from governance.memberships import NotPossible
from governance.people import Actor, Membership, Person, Role, Team


def team(slug):
    return Team.objects.get(slug=slug)


def seat(world, name):
    return Membership.objects.get(person=world.people[name])


def verbs():
    return list(Entry.objects.values_list("verb", flat=True))


@pytest.fixture
def only_ada(world):
    Membership.objects.filter(role=Role.LEADER).exclude(person=world.ada).delete()
    return world


# --- adding --------------------------------------------------------------------------------------------------------


def test_ada_adds_max_with_a_password_shown_once_and_he_signs_in(world, sign_in):
    sent = {"name": "Max Orth", "email": "Max@Tideway.example", "team": team("growth").pk, "role": "reviewer"}
    response = sign_in("ada").post("/people/new/", sent)
    assert response.status_code == 201
    assert "no-store" in response.headers["Cache-Control"]
    password = response.context["password"]
    assert password in response.content.decode()
    browser = Client()
    browser.post("/accounts/login/", {"login": "max@tideway.example", "password": password})
    page = browser.get("/people/").content.decode()
    assert "Max Orth" in page and "Successfully signed in" not in page
    (entry,) = Entry.objects.all()
    assert (entry.verb, entry.actor_name, entry.data["person"], entry.data["team"]) == (
        "person.joined",
        "Ada Lund",
        "Max Orth",
        "Growth",
    )
    assert password not in str(entry.data)


def test_a_given_password_is_taken(world, sign_in):
    sent = {"name": "Max", "email": "max@x.example", "team": team("growth").pk, "role": "leader"}
    sign_in("ada").post("/people/new/", {**sent, "password": "a quiet harbour"})
    assert Person.objects.get(email="max@x.example").check_password("a quiet harbour")


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"email": "BEN@tideway.example"}, "Ben Hartley has this address already"),
        ({"email": "nobody"}, "valid email address"),
        ({"password": "short"}, "too short"),
        ({"role": "king"}, "not one of the available choices"),
        ({"name": ""}, "This field is required."),
    ],
)
def test_a_person_who_cannot_be_added_stays_in_the_filled_form(world, sign_in, fields, words):
    sent = {"name": "Max", "email": "max@x.example", "team": team("growth").pk, "role": "reviewer", **fields}
    response = sign_in("ada").post("/people/new/", sent)
    assert response.status_code == 422
    assert words in response.content.decode()
    assert Person.objects.count() == len(world.people)


def test_ada_adds_a_team(world, sign_in):
    sign_in("ada").post("/people/teams/new/", {"name": "Field marketing"})
    assert team("field-marketing").name == "Field marketing"
    again = sign_in("ada").post("/people/teams/new/", {"name": "Field marketing"})
    assert again.status_code == 422
    assert "There is a team “field-marketing” already" in again.content.decode()
    assert verbs() == ["team.added", "person.joined"]


def test_who_adds_a_team_leads_it_and_may_go_on_from_there(world, sign_in):
    ada = sign_in("ada")
    ada.post("/people/teams/new/", {"name": "Field marketing"})
    assert Membership.objects.get(team=team("field-marketing")).person == world.ada
    sent = {"name": "Max", "email": "max@x.example", "team": team("field-marketing").pk, "role": "reviewer"}
    assert ada.post("/people/new/", sent).status_code == 201


# --- roles ---------------------------------------------------------------------------------------------------------


def test_ben_becomes_a_leader_and_the_ledger_keeps_what_he_was(world, sign_in):
    sign_in("ada").post(f"/people/memberships/{seat(world, 'ben').pk}/role/", {"role": "leader"})
    assert seat(world, "ben").role == Role.LEADER
    (entry,) = Entry.objects.all()
    assert (entry.verb, entry.data["old"], entry.data["role"]) == ("person.role_changed", "reviewer", "leader")


def test_dora_gets_a_role_in_a_second_team(world, sign_in):
    sent = {"team": team("growth").pk, "role": "reviewer"}
    ada = sign_in("ada")
    ada.post(f"/people/{world.dora.pk}/memberships/", sent)
    assert {membership.team.slug for membership in world.dora.memberships.all()} == {"legal", "growth"}
    response = ada.post(f"/people/{world.dora.pk}/memberships/", sent)
    assert response.status_code == 409
    assert "Dora Klein is reviewer in Growth already" in response.content.decode()


def test_chen_leaves_a_team(world, sign_in):
    sign_in("ada").post(f"/people/memberships/{seat(world, 'chen').pk}/removal/")
    assert not world.chen.memberships.exists()
    assert verbs() == ["person.left_team"]
    assert "In no team" in sign_in("ben").get("/people/").content.decode()


def test_the_last_leader_is_not_removed(only_ada, sign_in):
    response = sign_in("ada").post(f"/people/memberships/{seat(only_ada, 'ada').pk}/removal/")
    assert response.status_code == 409
    assert "Ada Lund is the last leader here" in response.content.decode()
    assert seat(only_ada, "ada").role == Role.LEADER


def test_the_last_leader_is_not_made_a_reviewer(only_ada):
    with pytest.raises(NotPossible, match="last leader"):
        memberships.change_role(Actor.of(only_ada.ada), seat(only_ada, "ada"), Role.REVIEWER, only_ada.now)


def test_a_leader_who_left_does_not_count_as_another_leader(world):
    memberships.deactivate(world.ada, world.lea, world.now)
    Person.objects.filter(pk=world.eve.pk).update(is_active=False)
    with pytest.raises(NotPossible, match="last leader"):
        memberships.leave(Actor.of(world.ada), seat(world, "ada"), world.now)


def test_of_two_roles_as_leader_one_may_go(only_ada):
    memberships.add_team(Actor.of(only_ada.ada), only_ada.now, name="Events", slug="events")
    first = Membership.objects.get(person=only_ada.ada, team=team("growth"))
    memberships.leave(Actor.of(only_ada.ada), first, only_ada.now)
    with pytest.raises(NotPossible, match="last leader"):
        memberships.leave(Actor.of(only_ada.ada), seat(only_ada, "ada"), only_ada.now)


# --- leaving -------------------------------------------------------------------------------------------------------


def test_ben_who_is_deactivated_is_signed_out_and_stays_in_the_ledger(world, sign_in):
    ben = sign_in("ben")
    assert ben.get("/people/").status_code == 200
    sign_in("ada").post(f"/people/{world.ben.pk}/deactivation/")
    assert ben.get("/people/").status_code == 302
    assert verbs() == ["person.deactivated"]
    sign_in("ada").post(f"/people/{world.ben.pk}/activation/")
    assert ben.get("/people/").status_code == 200


def test_nobody_deactivates_their_own_account(world, sign_in):
    response = sign_in("ada").post(f"/people/{world.ada.pk}/deactivation/")
    assert response.status_code == 409
    assert "You cannot deactivate your own account" in response.content.decode()


def test_the_last_leader_is_not_deactivated_by_one_who_was_deactivated_meanwhile(world):
    Person.objects.filter(pk__in=(world.lea.pk, world.eve.pk)).update(is_active=False)
    with pytest.raises(NotPossible, match="last leader"):
        memberships.deactivate(world.lea, world.ada, world.now)


# --- whose team ----------------------------------------------------------------------------------------------------


def refused(response):
    assert response.status_code == 403
    assert not Entry.objects.exists()
    return response.content.decode()


def test_eve_of_sales_does_not_make_herself_a_leader_of_growth(world, sign_in):
    sent = {"team": team("growth").pk, "role": "leader"}
    said = refused(sign_in("eve").post(f"/people/{world.eve.pk}/memberships/", sent))
    assert "Only leaders of Growth give, change and take roles in it." in said
    assert not world.eve.memberships.filter(team=team("growth")).exists()


@pytest.mark.parametrize("verb", ["role", "removal"])
def test_eve_neither_changes_nor_takes_a_role_in_growth(world, sign_in, verb):
    address = f"/people/memberships/{seat(world, 'ben').pk}/{verb}/"
    assert "Only leaders of Growth" in refused(sign_in("eve").post(address, {"role": "leader"}))
    assert seat(world, "ben").role == Role.REVIEWER


def test_eve_adds_nobody_to_growth(world, sign_in):
    sent = {"name": "Max", "email": "max@x.example", "team": team("growth").pk, "role": "leader"}
    assert "Only leaders of Growth" in refused(sign_in("eve").post("/people/new/", sent))
    assert not Person.objects.filter(email="max@x.example").exists()


def test_a_team_without_a_leader_gets_its_first_from_any_leader_and_no_second(world, sign_in):
    eve, legal = sign_in("eve"), team("legal")
    eve.post(f"/people/{world.dora.pk}/memberships/", {"team": legal.pk, "role": "leader"})
    assert world.dora.memberships.filter(team=legal, role=Role.LEADER).exists()
    again = eve.post(f"/people/{world.chen.pk}/memberships/", {"team": legal.pk, "role": "leader"})
    assert again.status_code == 403


def test_eve_does_not_become_the_first_leader_of_legal_herself(world, sign_in):
    sent = {"team": team("legal").pk, "role": "leader"}
    assert "Nobody gives themselves" in refused(sign_in("eve").post(f"/people/{world.eve.pk}/memberships/", sent))


def test_whoever_is_added_to_a_team_without_a_leader_leads_it(world, sign_in):
    sent = {"name": "Max", "email": "max@x.example", "team": team("legal").pk, "role": "reviewer"}
    response = sign_in("eve").post("/people/new/", sent)
    assert response.status_code == 422
    assert "Legal has no leader yet. Its first person is one." in response.content.decode()
    assert sign_in("eve").post("/people/new/", {**sent, "role": "leader"}).status_code == 201


@pytest.mark.parametrize("verb", ["deactivation", "activation"])
def test_eve_does_not_decide_whether_ben_signs_in(world, sign_in, verb):
    said = refused(sign_in("eve").post(f"/people/{world.ben.pk}/{verb}/"))
    assert "Only leaders of Growth let Ben Hartley sign in or not." in said


def test_who_is_in_no_team_is_deactivated_by_any_leader(world, sign_in):
    world.chen.memberships.all().delete()
    sign_in("eve").post(f"/people/{world.chen.pk}/deactivation/")
    assert not Person.objects.get(pk=world.chen.pk).is_active


def test_eve_is_offered_what_she_may_do_with_ben(world, sign_in):
    page = sign_in("eve").get(f"/people/{world.ben.pk}/").content.decode()
    assert "Give this role" in page and ">Sales</option>" in page
    for absent in ("Deactivate", "/removal/", "/role/", ">Growth</option>"):
        assert absent not in page


# --- who may -------------------------------------------------------------------------------------------------------


def test_ben_reads_who_is_here_and_is_offered_no_change(world, sign_in):
    ben = sign_in("ben")
    assert "/people/new/" not in ben.get("/people/").content.decode()
    page = ben.get(f"/people/{world.ada.pk}/").content.decode()
    assert "Leader" in page
    assert "Deactivate" not in page


@pytest.mark.parametrize(
    "address",
    [
        "/people/new/",
        "/people/teams/new/",
        "/people/{person}/memberships/",
        "/people/{person}/deactivation/",
        "/people/{person}/activation/",
        "/people/memberships/{seat}/role/",
        "/people/memberships/{seat}/removal/",
    ],
)
def test_ben_changes_nobody(world, sign_in, address):
    response = sign_in("ben").post(address.format(person=world.chen.pk, seat=seat(world, "chen").pk))
    assert response.status_code == 403
    assert "Only leaders change who is here" in response.content.decode()
    assert verbs() == []


# --- the command ---------------------------------------------------------------------------------------------------


def test_a_person_is_added_from_the_command_line(world, capsys):
    call_command("add_person", "max@tideway.example", "Max Orth", team="sales", role="leader")
    said = capsys.readouterr().out
    password = said.split("shown only now: ")[1].strip()
    assert Person.objects.get(email="max@tideway.example").check_password(password)


@pytest.mark.parametrize(
    ("email", "options", "words"),
    [
        ("max@x.example", {"team": "none"}, "There is no team “none”"),
        ("ben@tideway.example", {"team": "sales"}, "already"),
        ("max", {"team": "sales"}, "valid email address"),
        ("max@x.example", {"team": "sales", "password": "short"}, "too short"),
        ("max@x.example", {"team": "sales", "by": "nobody@x.example"}, "no person with the address"),
    ],
)
def test_the_command_says_what_is_wrong(world, email, options, words):
    with pytest.raises(CommandError, match=words):
        call_command("add_person", email, "Max", **options)


def test_eve_cannot_close_adas_account_by_taking_her_into_sales_first(world, sign_in):
    Membership.objects.create(person=world.ada, team=Team.objects.get(slug="sales"), role="reviewer")
    assert sign_in("eve").post(f"/people/{world.ada.pk}/deactivation/").status_code == 403
    assert Person.objects.get(pk=world.ada.pk).is_active
    assert sign_in("lea").post(f"/people/{world.ben.pk}/deactivation/").status_code == 302
    assert not Person.objects.get(pk=world.ben.pk).is_active
