"""The rulebook comes from a file as well: `manage.py load_rulebook`."""

import pytest
from django.core.management import CommandError, call_command

from governance import drafting
from governance.rulebook import Rulebook, in_force

TEXT = """
stances:
  email.send: approved
  http.request: out_of_scope
guardrails:
  - when: amounts.offer_value > 500
    effect: review
    reason: A costly offer
"""


def load(tmp_path, text, email="ada@tideway.example"):
    file = tmp_path / "rulebook.yaml"
    file.write_text(text)
    call_command("load_rulebook", str(file), email=email, second="lea@tideway.example")


def test_a_file_takes_force_and_says_what_it_changed(world, tmp_path, capsys):
    load(tmp_path, TEXT)
    said = capsys.readouterr().out
    assert "Rulebook 2 is in force." in said
    assert "tightens Every capability: New guardrail: A costly offer: a person approves" in said
    assert drafting.content_of(in_force()).stance_of == {"email.send": "approved", "http.request": "out_of_scope"}


def test_the_same_file_again_changes_nothing(world, tmp_path, capsys):
    load(tmp_path, TEXT)
    load(tmp_path, TEXT)
    assert "Rulebook 2 says this already; nothing changed." in capsys.readouterr().out
    assert Rulebook.objects.count() == 2


def test_the_first_rulebook_of_an_installation_comes_from_a_file(world, tmp_path):
    Rulebook.objects.all().delete()
    load(tmp_path, TEXT)
    assert in_force().number == 1


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("stances: {mail.send: approved}", "stances.mail.send: there is no capability “mail.send”"),
        ("stances: {email.send: perhaps}", "stances.email.send: Input should be 'approved' or 'out_of_scope'"),
        ("guardrails: []", "stances: this key is missing"),
        ("stances: [", "this is not YAML"),
        (TEXT.replace("> 500", "> "), "guardrails.1.when: .*column"),
        (TEXT + "    capability: none\n", "there is no capability “none”"),
    ],
)
def test_a_file_that_is_wrong_loads_nothing_and_says_where(world, tmp_path, text, words):
    with pytest.raises(CommandError, match=words):
        load(tmp_path, text)
    assert Rulebook.objects.count() == 1


def test_only_leaders_load_a_rulebook_and_never_over_a_draft(world, tmp_path):
    with pytest.raises(CommandError, match="only leaders change the rulebook"):
        load(tmp_path, TEXT, "ben@tideway.example")
    drafting.keep({"stances": {}, "guardrails": []}, world.lea, world.now, seen=drafting.seen_now())
    with pytest.raises(CommandError, match="A draft of the rulebook stands"):
        load(tmp_path, TEXT)
