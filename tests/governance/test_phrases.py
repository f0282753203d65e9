"""Phrases that need a claim: what a text says beyond the register trips, unless an approved claim backs it."""

import pytest

from governance.envelope.phrases import Phrase, spoken
from governance.judging import Outcome, Rules, Terms, judge

TERMS = Terms("automated", "Send v1 · Send", automation_allowed=True)
NUMBER_ONE = Phrase(words="number one")
FASTER = Phrase(words=r"/\d+ ?% faster/", claim="speed")


def claim(key, text, standing="approved"):
    return {"kind": "claim", "key": key, "version": 1, "title": key, "standing": standing, "text": text}


def verdict(proposal, assets=(), says=("subject", "body"), phrases=(NUMBER_ONE, FASTER)):
    rules = Rules("email.send", "approved", "Rulebook 1", uses=None, phrases=phrases)
    facts = {"action": {"id": 1}, "proposal": proposal, "assets": list(assets), "says": list(says)}
    return judge(facts, TERMS, rules)


def mail(body):
    return {"to": "number.one@client.example", "template": "number-one", "subject": "Hello", "body": body}


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("We are the number one.", "number one"),
        ("We are the Number\n One.", "Number\n One"),
        ("Checks run 40 % faster.", "40 % faster"),
        ("Checks run 40% FASTER.", "40% FASTER"),
    ],
)
def test_words_that_no_named_claim_backs_are_put_to_a_person(body, said):
    found = verdict(mail(body))
    assert (found.outcome, [reason.value for reason in found.reasons]) == (Outcome.REVIEW, [said])


@pytest.mark.parametrize("body", ["Number-ones", "numberone", "Our number. One more.", "40 percent faster"])
def test_other_words_trip_nothing(body):
    assert verdict(mail(body)).outcome == Outcome.ACT


def test_keys_and_addresses_are_no_words():
    assert verdict(mail("Good day.")).outcome == Outcome.ACT


def test_where_it_is_not_known_which_are_words_every_text_counts():
    proposal = {"json": {"post": ["We are number one"]}}
    assert verdict(proposal, says=()).outcome == Outcome.REVIEW


def test_any_approved_claim_that_says_it_backs_a_phrase_without_one_of_its_own():
    asset = claim("leader", "Analysts rank us number one.")
    assert verdict(mail("We are number one."), [asset]).outcome == Outcome.ACT
    assert verdict(mail("We are number one."), [claim("leader", "We lead.")]).outcome == Outcome.REVIEW


def test_only_its_own_claim_backs_a_phrase_that_names_one():
    assert verdict(mail("40 % faster"), [claim("other", "We are 40 % faster")]).outcome == Outcome.REVIEW
    assert verdict(mail("40 % faster"), [claim("speed", "Measured in 2025")]).outcome == Outcome.ACT


@pytest.mark.parametrize("standing", ["expired", "future", "elsewhere", "withdrawn"])
def test_a_claim_that_does_not_stand_backs_nothing(standing):
    found = verdict(mail("40 % faster"), [claim("speed", "Measured", standing)])
    assert found.outcome != Outcome.ACT
    assert any(reason.rule.startswith("phrase:") for reason in found.reasons)


def test_the_reason_names_the_words_and_the_claim():
    reasons = verdict(mail("40 % faster, number one")).reasons
    assert {reason.words for reason in reasons} == {
        "“number one” needs an approved claim that says it, and none is named",
        "“40 % faster” needs the approved claim “speed”, which is not named",
    }
    assert {reason.bound for reason in reasons} == {None, "speed"}


def test_what_is_backed_is_still_found_when_a_text_is_tried():
    (found,) = spoken([FASTER], ["40 % faster"], {"speed": "Measured"})
    assert (found.words, found.backed_by) == ("40 % faster", ("speed",))
