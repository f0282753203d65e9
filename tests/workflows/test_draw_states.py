"""The states of an action as README.md draws them: from the table in the code, and never out of date."""

import pytest
from django.core.management import CommandError, call_command

from workflows.actions import TRANSITIONS, Status
from workflows.statetable import BEGIN, END, EXPLANATIONS, NoMarkers, diagram, listing, written


@pytest.fixture
def file(tmp_path):
    made = tmp_path / "README.md"
    made.write_text(f"# Remit\n\n{BEGIN}\nlong ago\n{END}\n\nMore.\n")
    return made


def test_the_readme_draws_the_table_in_the_code():
    call_command("draw_states", "--check", verbosity=0)


def test_every_state_explains_itself():
    assert set(EXPLANATIONS) == set(Status)
    assert all(meaning and not meaning.endswith(".") for meaning in EXPLANATIONS.values())


def test_every_change_of_the_table_is_drawn_once_and_no_other():
    arrows = [line.strip() for line in diagram(TRANSITIONS).splitlines() if "-->" in line and "[*]" not in line]
    assert sorted(arrows) == sorted(f"{was} --> {to}" for was, then in TRANSITIONS.items() for to in then)


def test_the_drawing_ends_where_nothing_comes_next():
    ends = [line.split()[0] for line in diagram(TRANSITIONS).splitlines() if line.endswith("--> [*]")]
    assert set(ends) == {status for status, then in TRANSITIONS.items() if not then}


def test_the_listing_has_a_line_for_each_state():
    assert [line.split("`")[1] for line in listing().splitlines()[2:]] == list(EXPLANATIONS)


def test_what_stands_around_the_markers_stays(file):
    call_command("draw_states", file=file, verbosity=0)
    text = file.read_text()
    assert text.startswith(f"# Remit\n\n{BEGIN}\n\n```mermaid") and text.endswith(f"{END}\n\nMore.\n")
    assert "long ago" not in text
    assert written(text, TRANSITIONS) == text


def test_check_fails_and_changes_nothing_when_the_file_is_out_of_date(file):
    before = file.read_text()
    with pytest.raises(CommandError, match=r"README\.md draws other states than the code has\. Run: manage\.py"):
        call_command("draw_states", "--check", file=file)
    assert file.read_text() == before


def test_a_file_without_markers_is_left_alone_with_a_sentence(file):
    file.write_text("# Remit\n")
    with pytest.raises(CommandError, match="There is no place for the states"):
        call_command("draw_states", file=file)
    with pytest.raises(NoMarkers):
        written("# Remit", TRANSITIONS)
    assert file.read_text() == "# Remit\n"
