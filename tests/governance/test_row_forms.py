"""Leaders write conditions as rows of field, operator and value."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from governance.envelope.rows import Row, Rows
from governance.forms.rows import RowsForm, can_show

KINDS = {"record.fit": "number", "record.country": "text", "record.vip": "truth", "proposal.contacts": "list"}


def filled(*rows, joined="all"):
    data = {"c-joined": joined}
    for place, (field, operator, value, *group) in enumerate(rows):
        data |= {f"c-{place}-field": field, f"c-{place}-operator": operator, f"c-{place}-value": value}
        data |= {f"c-{place}-group": group[0] if group else ""}
    return RowsForm(data, prefix="c", kinds=KINDS)


@pytest.mark.parametrize(
    ("row", "cel"),
    [
        (("record.fit", ">", "0.5"), "record.fit > 0.5"),
        (("amounts.value", ">=", "5,000"), "amounts.value >= 5000"),
        (("record.country", "=", "DE"), 'record.country == "DE"'),
        (("record.country", "in", "DE, FR"), 'record.country in ["DE", "FR"]'),
        (("record.vip", "=", "yes"), "record.vip == true"),
        (("record.postcode", "=", "“01234”"), 'record.postcode == "01234"'),
        (("record.country", "is missing", ""), "!has(record.country)"),
        (("record.country", "=", "7"), 'record.country == "7"'),
        (("proposal.contacts", "is there", ""), "has(proposal.contacts)"),
    ],
)
def test_a_row_becomes_the_condition_it_says(row, cel):
    form = filled(row)
    assert form.is_valid() and form.built.cel == cel


@pytest.mark.parametrize(
    ("row", "words"),
    [
        (("record.fit", "=", "high"), "record.fit was a number whenever it was seen; “high” is not."),
        (("record.country", ">", "7"), "“is more than” compares numbers."),
        (("record.vip", "=", "7"), "true or false"),
        (("record.fit", "contains", "7"), "looks in text"),
        (("proposal.contacts", "=", "7"), "only ask whether it is there"),
        (("record.country", "=", ""), "needs a value"),
        (("", "=", "7"), "Say which field."),
        (("Record Country", "=", "7"), "A field is written like record.country."),
        (("planet.name", "=", "7"), "is not a name rules know here"),
    ],
)
def test_what_does_not_fit_what_was_seen_is_said_at_its_row(row, words):
    form = filled(row)
    assert not form.is_valid()
    assert words in str([form.places[0].errors])
    assert form.built is None


def test_a_group_is_joined_the_other_way():
    rows = (("record.fit", "<", "0.5"), ("record.country", "=", "DE", "a"), ("record.country", "=", "FR", "a"))
    form = filled(*rows)
    assert form.is_valid()
    assert form.built.cel == 'record.fit < 0.5 && (record.country == "DE" || record.country == "FR")'
    other = filled(*rows, joined="any")
    assert other.is_valid() and other.built.cel.endswith('|| (record.country == "DE" && record.country == "FR")')


def test_empty_rows_say_nothing():
    form = filled()
    assert form.is_valid() and form.built is None and form.is_empty


def test_rows_nested_deeper_than_a_form_can_draw_are_known():
    row = Row.model_validate({"field": "record.fit", "is": "<", "value": 1})
    deep = Rows(all=[Rows(any=[row, Rows(all=[row, row])])])
    assert not can_show(deep) and can_show(Rows(any=[row, Rows(all=[row, row])]))


values = st.one_of(
    st.booleans(), st.integers(-(10**6), 10**6), st.text("abc01 yes", min_size=1).map(str.strip).filter(bool)
)
single = st.builds(
    lambda field, value: Row.model_validate({"field": field, "is": "=", "value": value}),
    st.sampled_from(["record.a", "amounts.b", "proposal.c"]),
    values,
)
groups = st.lists(st.one_of(single, st.lists(single, min_size=1, max_size=2)), min_size=1, max_size=3)


@given(groups, st.booleans())
def test_what_the_form_draws_of_rows_says_the_same_again(items, every):
    """Drawn and sent back unchanged, no condition changes its meaning."""
    outer, inner = ("all", "any") if every else ("any", "all")
    rows = Rows.model_validate({outer: [{inner: item} if isinstance(item, list) else item for item in items]})
    drawn = RowsForm(prefix="c", rows=rows)
    data = {"c-joined": drawn["joined"].value()}
    data |= {row[name].html_name: row[name].value() or "" for row in drawn.places for name in row.fields}
    again = RowsForm(data, prefix="c")
    assert again.is_valid(), [row.errors for row in again.places]
    assert again.built.cel == rows.cel
