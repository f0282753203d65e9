"""CEL: what leaders write compiles or gets a sentence with its column; what cannot be evaluated never passes."""

import pytest

from governance.durations import seconds, short
from governance.expressions import Conditions, EvaluationError, ExpressionError, compiled


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("record.campaign >", "column 18: syntax error"),
        ("recrod.age > 3", "“recrod.age” is not a name rules know here"),
        ("record.age + 1 == 2 &&\n nothing", "line 2, column 2"),
    ],
)
def test_a_typo_is_named_with_its_column(text, sentence):
    with pytest.raises(ExpressionError, match=sentence):
        compiled(text, boolean=True)


def test_a_condition_must_be_true_or_false():
    with pytest.raises(ExpressionError, match="must be true or false"):
        compiled("1 + 1", boolean=True)
    with pytest.raises(EvaluationError, match="neither true nor false"):
        compiled("record.age", boolean=True).holds({"record": {"age": 3}})


@pytest.mark.parametrize(
    ("text", "context", "value"),
    [
        ("record.age >= 18", {"record": {"age": 18.0}}, True),
        ("steps.choose.offer != ''", {"steps": {"choose": {"offer": "summer"}}}, True),
        ("{'k': [record.a, 2.5, null]}", {"record": {"a": 1}}, {"k": [1, 2.5, None]}),
    ],
)
def test_expressions_yield_plain_values(text, context, value):
    assert compiled(text).evaluate(context) == value


def test_one_faulty_condition_does_not_hide_the_others():
    conditions = Conditions(["record.a > 1", "record.b > 1", "record.a > 9"])
    assert conditions.tripped({"record": {"a": 5}}) == [(0, ""), (1, "there is no “b”")]
    assert conditions.tripped({"record": {"a": 0, "b": 0}}) == []


@pytest.mark.parametrize(
    ("text", "value"), [("4h", 14400), ("1d 12h", 129600), ("90m", 5400), (45, 45), ("2w", 1209600)]
)
def test_durations_are_read_as_people_write_them(text, value):
    assert seconds(text) == value
    assert seconds(short(value)) == value


@pytest.mark.parametrize("text", ["", "soon", "4 hours", "-3h", "h"])
def test_what_is_no_duration_gets_a_sentence(text):
    with pytest.raises(ValueError, match="is not a duration"):
        seconds(text)
