"""Escalation paths: who is told next. Leaders change them; steps name them by key."""

import pytest

from governance.ledger import Entry
from governance.paths import EscalationPath, PathRefused, Rung
from governance.people import Team


def team(slug):
    return Team.objects.get(slug=slug)


def answers(*levels, spare=2, **fields):
    """What the browser sends: (who, after) for each level and the empty rows below."""
    data = {"level-TOTAL_FORMS": len(levels) + spare, "level-INITIAL_FORMS": 0, **fields}
    for index, (who, after) in enumerate([*levels, *[("", "")] * spare]):
        data |= {f"level-{index}-who": who, f"level-{index}-after": after}
    return data


def words(slug):
    return EscalationPath.objects.get(slug=slug).words


def test_ada_adds_a_path_of_two_levels(world, sign_in):
    levels = ((f"team:{team('legal').pk}:reviewer", "30m"), (f"person:{world.ada.pk}", "1d 4h"))
    response = sign_in("ada").post("/escalation/new/", answers(*levels, title="Legal, then Ada", slug="legal"))
    assert response.url == "/escalation/"
    assert words("legal") == ["Legal reviewers, after 30m", "Ada Lund, after 1d 4h"]
    (entry,) = Entry.objects.all()
    assert (entry.verb, entry.workflow, entry.data["levels"]) == ("path.added", None, words("legal"))


def test_a_level_is_taken_away_by_naming_nobody(world, sign_in):
    ada = sign_in("ada")
    seen = ada.get("/escalation/growth-default/").context["seen"]
    levels = (("", ""), (f"person:{world.ada.pk}", "2h"))
    ada.post("/escalation/growth-default/", answers(*levels, title="Ada", seen=seen))
    assert words("growth-default") == ["Ada Lund, after 2h"]
    (entry,) = Entry.objects.all()
    assert entry.verb == "path.changed"
    assert entry.data["old"] == ["Growth leaders, after 0s", "Ada Lund, after 4h"]


@pytest.mark.parametrize(
    ("level", "sentence"),
    [
        (("person:{ada}", "soon"), "“soon” is not a duration; write it like 30m, 4h or 2d."),
        (("person:{ada}", ""), "Say after how long"),
        (("", "4h"), "Say who is told."),
        (("person:999999", "4h"), "not one of the available choices"),
        (("", ""), "A path needs at least one level."),
    ],
)
def test_what_is_wrong_stays_in_the_filled_form(world, sign_in, level, sentence):
    who, after = level[0].format(ada=world.ada.pk), level[1]
    response = sign_in("ada").post("/escalation/new/", answers((who, after), title="Ada alone", slug="ada"))
    page = response.content.decode()
    assert response.status_code == 422
    assert sentence in page
    assert "Ada alone" in page
    assert EscalationPath.objects.count() == 1


def test_a_key_is_given_once(world, sign_in):
    sent = answers((f"person:{world.ada.pk}", "4h"), title="Another", slug="growth-default")
    response = sign_in("ada").post("/escalation/new/", sent)
    assert response.status_code == 422
    assert "There is an escalation path “growth-default” already." in response.content.decode()


def test_of_two_leaders_who_change_a_path_the_second_is_told(world, sign_in):
    path = EscalationPath.objects.get()
    seen = path.digest
    path.rewrite("Eve", [Rung(3600, person_id=world.eve.pk)], world.lea, world.now, seen=seen)
    with pytest.raises(PathRefused, match="Another leader changed this path"):
        path.rewrite("Ada", [Rung(3600, person_id=world.ada.pk)], world.ada, world.now, seen=seen)
    sent = answers((f"person:{world.ada.pk}", "1h"), title="Ada", seen=seen)
    assert sign_in("ada").post("/escalation/growth-default/", sent).status_code == 409
    assert words("growth-default") == ["Eve Marsh, after 1h"]


def test_a_level_that_reaches_nobody_is_shown(world, sign_in):
    world.ada.is_active = False
    world.ada.save()
    assert "reaches nobody who can sign in" in sign_in("ben").get("/escalation/").content.decode()


def test_a_person_who_left_stays_chosen_until_a_leader_changes_it(world, sign_in):
    world.ada.is_active = False
    world.ada.save()
    page = sign_in("lea").get("/escalation/growth-default/").content.decode()
    assert f'<option value="person:{world.ada.pk}" selected>Ada Lund, who left</option>' in page


def test_a_key_that_is_left_empty_is_made_from_the_title(world, sign_in):
    sent = answers((f"person:{world.ada.pk}", "4h"), title="Ada in the end", slug="")
    sign_in("ada").post("/escalation/new/", sent)
    assert EscalationPath.objects.filter(slug="ada-in-the-end").exists()


def test_ben_reads_paths_and_changes_none(world, sign_in):
    ben = sign_in("ben")
    page = ben.get("/escalation/").content.decode()
    assert "Growth leaders" in page
    assert "/escalation/new/" not in page
    for address in ("/escalation/new/", "/escalation/growth-default/"):
        assert ben.get(address).status_code == 403
