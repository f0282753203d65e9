"""A template's words: what fills its places, what may stand there, and whether a text still is its rendering."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from governance.wording import CannotFill, Wording

INVITATION = Wording.of(
    {
        "subject": "{{ name }}, come to {{ venue }}",
        "body": "Dear {{ name }},\n\n{{ agenda }} At {{ venue }}.",
        "fields": {"venue": {"choices": ["Berlin", "Berlin Mitte", "Rome"]}, "agenda": {"fixed": "Doors (18:00)."}},
    }
)
PRIYA = {"name": "Priya", "venue": "Rome"}
words = st.text(st.characters(exclude_characters="\0{}", exclude_categories=("Cs",)), max_size=12)


def test_places_are_filled_from_the_record_and_the_fixed_one_by_itself():
    filled = INVITATION.filled({"name": "Priya", "agenda": "whatever"}, {"venue": "Rome"})
    assert filled == PRIYA
    assert INVITATION.rendered(filled) == {
        "subject": "Priya, come to Rome", "body": "Dear Priya,\n\nDoors (18:00). At Rome.",
    }  # fmt: skip


def test_a_value_goes_before_the_record():
    assert INVITATION.filled({"name": "Tom", "venue": "Paris"}, {"venue": "Rome"})["venue"] == "Rome"


@pytest.mark.parametrize("value", [None, ""])
def test_what_is_missing_is_named(value):
    with pytest.raises(CannotFill, match="needs “venue”, which is missing"):
        INVITATION.filled({"name": "Priya", "venue": value}, {})


def test_no_value_replaces_a_fixed_text():
    with pytest.raises(CannotFill, match="“agenda” is fixed"):
        INVITATION.filled({"name": "Priya"}, {"venue": "Rome", "agenda": "Free drinks"})
    assert INVITATION.filled({"name": "Priya"}, {"venue": "Rome", "agenda": "Doors (18:00)."}) == PRIYA


@pytest.mark.parametrize(("venue", "outside"), [("Rome", []), ("Berlin Mitte", []), ("Paris", ["venue"])])
def test_another_choice_than_the_approved_ones_is_outside(venue, outside):
    assert INVITATION.outside({"name": "Priya", "venue": venue}) == outside


def edited(**changes):
    text = {**INVITATION.rendered(PRIYA), **changes}
    return INVITATION.recovered(PRIYA, text["subject"], text["body"])


def test_an_edit_to_another_choice_in_every_place_is_still_the_template():
    body = "Dear Priya,\n\nDoors (18:00). At Berlin Mitte."
    assert edited(subject="Priya, come to Berlin Mitte", body=body) == {"name": "Priya", "venue": "Berlin Mitte"}


@pytest.mark.parametrize(
    "changes",
    [
        {"subject": "Priya, come to Berlin"},  # the body still says Rome
        {"body": "Dear Priya,\n\nDoors (19:00). At Rome."},  # the fixed text
        {"body": "Dear Priya,\n\nDoors (18:00). At Rome. Bring friends."},
        {"body": "Dear Tom,\n\nDoors (18:00). At Rome."},  # a name that the record does not hold
        {"subject": "Priya, come to Paris", "body": "Dear Priya,\n\nDoors (18:00). At Paris."},  # none of the choices
        {"subject": ""},
    ],
    ids=["one place only", "fixed text", "more words", "another name", "another venue", "nothing"],
)
def test_any_other_edit_is_no_longer_the_template(changes):
    assert edited(**changes) is None


def test_a_template_without_bounds_is_its_words_and_nothing_else():
    plain = Wording.of({"subject": "Hello {{ name }}", "body": "Welcome."})
    assert not plain.is_bound
    assert plain.recovered({"name": "Priya"}, "Hello Priya", "Welcome.") == {"name": "Priya"}
    assert plain.recovered({"name": "Priya"}, "Hello Priya", "Welcome!") is None
    assert plain.recovered({}, "Hello Priya", "Welcome.") is None


@given(name=words.filter(bool), venue=st.sampled_from(["Berlin", "Berlin Mitte", "Rome"]), literal=words)
def test_every_rendering_is_recognised_with_what_fills_it(name, venue, literal):
    wording = Wording(
        f"{{{{ venue }}}}{literal}", "{{ name }} {{ venue }}", {"venue": ("Berlin", "Berlin Mitte", "Rome")}
    )
    filled = {"name": name, "venue": venue}
    found = wording.recovered({**filled, "venue": "Rome"}, **wording.rendered(filled))
    assert found is not None
    assert wording.rendered(found) == wording.rendered(filled)


@given(subject=words, body=words)
def test_what_is_recognised_renders_to_exactly_that_text(subject, body):
    found = INVITATION.recovered(PRIYA, subject, body)
    assert found is None or INVITATION.rendered(found) == {"subject": subject, "body": body}
