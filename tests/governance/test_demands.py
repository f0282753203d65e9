"""What an action uses of an allowance, and under whose name: nothing an agent can choose."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from governance.envelope.allowances import Allowance
from governance.envelope.demands import Reach, contact, demand
from governance.envelope.fingerprints import fingerprint

TEXT = (
    "We open a new office in Porto on the first of May and would like to see you there. There will be a tour of the "
    "house, a talk of our founders, and dinner by the river. Tell us by the twentieth of April whether you come."
)
OTHER = (
    "Your invoice for March is ready. You find it in your account under documents, as every month, together with a "
    "list of the hours that were booked. Please tell your contact within a week if something does not look right."
)
FOOT = " You get this because you are a customer of Tideway. To get no more of these write to us or change your choice."


SHORT = (
    "0:dab3ec7039ed1130f2",
    "1:d78efdba29043f57b0",
    "2:95e80f572bd1f89d14",
    "3:20bba8cc18dbf16276",
    "4:d78ec34656a1788ef2",
    "5:ffe001afaf99355daa",
)


def asked(reach=None, **more):
    return demand(Allowance(key="a", title="A", limit=1, **more), Reach("news", "email.send", "7", **(reach or {})))


@pytest.mark.parametrize(
    ("per", "reach", "names"),
    [
        ("", {}, ("",)),
        ("workflow", {}, ("news",)),
        ("capability", {}, ("email.send",)),
        ("run", {}, ("7",)),
        ("contact", {"contacts": ["Tom+x@Client.example ", "tom@client.example"]}, ("tom@client.example",)),
        ("contact", {"record": {"kind": "account", "key": "a7"}}, ("account/a7",)),
        ("record.programme", {"record": {"programme": "  Spring   Launch "}}, ("spring launch",)),
        ("record.programme", {"record": {"programme": 2026}}, ("2026",)),
    ],
)
def test_the_name_it_counts_under(per, reach, names):
    found = asked(reach, per=per)
    assert (found.names, found.trouble) == (names, "")


@pytest.mark.parametrize(
    ("per", "reach", "why"),
    [
        ("contact", {}, "it does not say whom it reaches"),
        ("contact", {"contacts": [" "]}, "it does not say whom it reaches"),
        ("content", {"text": " … "}, "it has no text of its own"),
        ("record.programme", {}, "there is no record with a “programme”"),
        ("record.programme", {"record": {"programme": ""}}, "the record has no “programme”"),
        ("record.programme", {"record": {"programme": ["a"]}}, "the record has no “programme”"),
    ],
)
def test_what_cannot_be_told_cannot_be_counted(per, reach, why):
    found = asked(reach, per=per)
    assert (found.names, found.trouble) == ((), f"A: {why}, so it cannot be counted")


@pytest.mark.parametrize("spend", [None, True, "40000", -1, float("nan"), float("inf"), [3]])
def test_an_amount_that_is_no_number_cannot_be_counted(spend):
    assert asked({"amounts": {"spend": spend}}, measure="amounts.spend").trouble


def test_an_amount_is_counted_as_it_is_written():
    assert asked({"amounts": {"spend": 39_999.99}}, measure="amounts.spend").amount == Decimal("39999.99")


@given(st.emails())
def test_an_address_is_one_contact_however_it_is_written(address):
    assert contact(f" {address.upper()} ") == contact(contact(address.lower()))
    name, _, host = address.rpartition("@")
    if "+" not in name and '"' not in name:
        assert contact(f"{name}+sale@{host}") == contact(address)


def test_long_addresses_that_begin_alike_are_two_contacts():
    found = asked({"contacts": [f"{'a' * 60}@{'b.' * 90}{end}.example" for end in ("one", "two")]}, per="contact")
    assert len(set(found.names)) == 2
    assert max(map(len, found.names)) <= 200


def test_long_notes_on_a_record_hide_none_of_a_texts_words():
    plain, noted = (
        asked({"text": TEXT, "record": {"kind": "client", "key": "tom", "note": note}}, per="content")
        for note in ("", TEXT)
    )
    assert plain.names == noted.names


def test_the_same_words_to_two_people_are_one_text():
    tom, ann = (fingerprint(f"Dear {name}, {TEXT} {number}", [name]) for name, number in (("Tom", "17"), ("Ann", "4")))
    assert tom == ann


def test_a_few_changed_words_are_still_the_same_text():
    changed = TEXT.replace("dinner", "supper").replace("founders", "team")
    assert set(fingerprint(TEXT)) & set(fingerprint(changed))


def test_another_text_is_another_even_with_the_same_foot():
    assert not set(fingerprint(TEXT + FOOT)) & set(fingerprint(OTHER + FOOT))


def test_a_fingerprint_is_the_same_in_another_process():
    """Counters outlive processes, so these names must never change."""
    assert fingerprint("A short one")[0] == "0:" + fingerprint("a  SHORT one!")[0].split(":")[1]
    assert fingerprint("A short one") == SHORT
