"""Phrases of the rulebook as rows of a form."""

import pytest

from governance.envelope.phrases import Phrase
from governance.forms.phrases import PhrasesForm

KNOWN = [Phrase(words="number one", why="Nobody measured it"), Phrase(words="/40 ?%/", claim="speed")]


def data(*rows, known=0):
    found = {"phrase-TOTAL_FORMS": len(rows), "phrase-INITIAL_FORMS": known}
    for number, row in enumerate(rows):
        found |= {f"phrase-{number}-{name}": value for name, value in row.items()}
    return found


@pytest.fixture
def speed(world):
    return world.asset("claim", "speed", body={"text": "Measured."})


def test_what_is_kept_unchanged_is_what_was_there(speed):
    rows = [row.model_dump() for row in KNOWN]
    form = PhrasesForm(KNOWN, data(*rows, {}, known=2))
    assert form.is_valid()
    assert form.content == KNOWN


def test_a_row_is_removed_and_another_added(speed):
    rows = [{**KNOWN[0].model_dump(), "DELETE": "on"}, KNOWN[1].model_dump(), {"words": "cheapest", "claim": "speed"}]
    form = PhrasesForm(KNOWN, data(*rows, known=2))
    assert form.is_valid()
    assert [(phrase.words, phrase.claim) for phrase in form.content] == [("/40 ?%/", "speed"), ("cheapest", "speed")]


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ({"words": "/(/"}, "is no regular expression"),
        ({"words": "x"}, "at least 2 characters"),
        ({"words": "Number ONE"}, "These words stand there twice."),
        ({"words": "cheapest", "claim": "nonsense"}, "not one of the available choices"),
    ],
)
def test_what_is_wrong_is_said_at_its_row(speed, row, words):
    form = PhrasesForm(KNOWN[:1], data(KNOWN[0].model_dump(), row, known=1))
    assert not form.is_valid()
    assert words in str(form.rows.errors[1])


def test_a_claim_that_has_left_the_register_stays_until_somebody_changes_it(world):
    form = PhrasesForm(KNOWN)
    assert ("speed", "speed, not in the register") in form.rows.forms[1].fields["claim"].choices
