"""JSON as it is stored reads as Django's encoder writes it, whatever is in it."""

import json
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from django.core.serializers.json import DjangoJSONEncoder
from hypothesis import given
from hypothesis import strategies as st

from governance.jsontext import described, encode

LEAVES = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text()
DOCUMENTS = st.recursive(LEAVES, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=12)


def as_django(value):
    return json.loads(json.dumps(value, cls=DjangoJSONEncoder))


@given(DOCUMENTS)
def test_whatever_json_holds_comes_back_as_django_would_give_it_back(document):
    assert json.loads(encode(document)) == as_django(document)
    assert described(document) == as_django(document)


@given(DOCUMENTS)
def test_what_was_described_is_described_the_same_again(document):
    once = described(document)
    assert json.dumps(described(once), sort_keys=True) == json.dumps(once, sort_keys=True)


@pytest.mark.parametrize(
    "value",
    [datetime(2026, 11, 23, 9, 30, 1, 234567, tzinfo=UTC), Decimal("4.20"), 2**80, -(2**70), {1: "a key"}, "\ud800"],
)
def test_what_json_does_not_know_by_itself_is_written_as_django_writes_it(value):
    assert described([value]) == as_django([value])


def test_a_float_that_is_no_number_does_not_quietly_become_nothing():
    assert str(described({"score": float("nan"), "note": None})) == "{'score': nan, 'note': None}"


def test_what_cannot_be_written_is_refused():
    with pytest.raises(TypeError):
        encode({"a": object()})
