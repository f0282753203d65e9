"""A leader says in the browser who must agree at a step, side by side."""

import pytest

from governance.rulebook import Status
from tests.workflows.test_drafts import calls, workflow  # noqa: F401

NEW = "/workflows/calls/steps/note/tracks/"
LEGAL = {"key": "legal", "title": "Legal", "team": "legal", "need": "1"}


def note():
    return workflow().draft.steps_by_key["note"]


def kept(client, address=NEW, **given):
    page = client.get(address)
    digest = page.context["digest"]
    return client.post(address, {"digest": digest, **given}, follow=True)


def test_legal_must_agree_from_the_next_version_on(calls, sign_in):  # noqa: F811
    ada = sign_in("ada")
    answer = kept(ada, **LEGAL)
    assert "kept in the draft" in answer.content.decode()
    assert [(row["key"], row["team"]) for row in note().tracks] == [("legal", "legal")]
    assert workflow().version_in_force.status == Status.IN_FORCE
    assert workflow().version_in_force.steps_by_key["note"].tracks == []
    page = ada.get("/workflows/calls/steps/note/").content.decode()
    assert "Legal" in page and "Somebody else must agree" in page


def test_growth_must_agree_as_before_if_ada_leaves_it_ticked(calls, sign_in):  # noqa: F811
    ada = sign_in("ada")
    assert "Growth must agree as before, too" in ada.get(NEW).content.decode()
    kept(ada, **LEGAL, besides="1")
    assert [row["team"] for row in note().tracks] == ["growth", "legal"]
    kept(ada, **{**LEGAL, "key": "sales", "team": "sales"}, besides="1")
    assert [row["team"] for row in note().tracks] == ["growth", "legal", "sales"]


def test_a_track_is_changed_in_its_place_and_removed(calls, sign_in):  # noqa: F811
    ada = sign_in("ada")
    kept(ada, **LEGAL)
    kept(ada, **{**LEGAL, "key": "sales", "title": "Sales", "team": "sales"})
    kept(ada, NEW + "legal/", **{**LEGAL, "need": "2"})
    assert [(row["key"], row.get("need", 1)) for row in note().tracks] == [("legal", 2), ("sales", 1)]
    kept(ada, NEW + "legal/", **LEGAL, remove="1")
    assert [row["key"] for row in note().tracks] == ["sales"]


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({**LEGAL, "person": "lea@tideway.example"}, "a track says who by one of"),
        ({**LEGAL, "team": ""}, "a track says who by one of"),
        ({**LEGAL, "when": "amounts.value >"}, "column 16: syntax error"),
        ({**LEGAL, "key": "Legal!"}, "is not written as it must be here"),
    ],
)
def test_what_does_not_fit_is_said_and_keeps_nothing(calls, sign_in, given, words):  # noqa: F811
    answer = kept(sign_in("ada"), **given)
    assert answer.status_code == 422
    assert words.lower() in answer.content.decode().lower()
    assert workflow().draft is None


def test_a_second_track_of_the_same_key_is_refused(calls, sign_in):  # noqa: F811
    ada = sign_in("ada")
    kept(ada, **LEGAL)
    answer = kept(ada, **LEGAL)
    assert answer.status_code == 422 and "has a track of that key already" in answer.content.decode()


def test_a_track_that_a_band_names_is_not_removed(calls, sign_in):  # noqa: F811
    ada = sign_in("ada")
    kept(ada, **LEGAL)
    draft = workflow().draft
    bands = {"measure": "amounts.recipients", "bands": [{"range": "else", "tracks": ["legal"]}]}
    draft.steps.filter(key="note").update(bands=bands)
    answer = kept(ada, NEW + "legal/", **LEGAL, remove="1")
    assert answer.status_code == 422 and "There is no track “legal”" in answer.content.decode()
    assert len(note().tracks) == 1


def test_of_two_leaders_the_second_is_told_and_overwrites_nothing(calls, sign_in):  # noqa: F811
    ada, lea = sign_in("ada"), sign_in("lea")
    kept(ada, **LEGAL)
    seen = lea.get(NEW).context["digest"]
    kept(ada, **{**LEGAL, "key": "sales", "team": "sales"})
    hers = {**LEGAL, "key": "others", "title": "Others", "team": "growth"}
    answer = lea.post(NEW, {"digest": seen, **hers})
    page = answer.content.decode()
    assert (
        answer.status_code == 409 and "since you looked; now it is: Legal, Legal." in page and 'value="Others"' in page
    )
    assert len(note().tracks) == 2
    assert lea.post(NEW, {"digest": answer.context["digest"], **hers}).status_code == 302
    assert [row["key"] for row in note().tracks] == ["legal", "sales", "others"]


@pytest.mark.parametrize(("who", "status"), [("ben", 403), ("eve", 404), ("olga", 403)])
def test_only_leaders_of_the_team_say_who_must_agree(calls, sign_in, who, status):  # noqa: F811
    assert sign_in(who).get(NEW).status_code == status
