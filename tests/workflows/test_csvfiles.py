"""CSV files as people have them: recognised when they can be, refused with a sentence when not."""

import gzip
import math

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from workflows.csvfiles import FileError, Type, rows, survey
from workflows.csvtext import LINE_LIMIT
from workflows.exports import written


@pytest.fixture
def file(tmp_path):
    """Write the content to a file and return its path."""

    def write(content, encoding="utf-8"):
        path = tmp_path / "clients.csv"
        path.write_bytes(content if isinstance(content, bytes) else content.encode(encoding))
        return path

    return write


def read(path, **options):
    return list(rows(survey(path, **options)))


def refusal(path, **options):
    with pytest.raises(FileError) as refused:
        survey(path, **options)
    return str(refused.value)


def column(file, *values):
    """Return the type of a column with these values, and the values as read."""
    path = file("n,x\n" + "".join(f"{number},{value}\n" for number, value in enumerate(values)))
    return survey(path).columns["x"], [fields["x"] for _, fields in read(path)]


# --- delimiter and encoding ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_delimiter_is_the_one_that_makes_lines_as_wide_as_the_header(file, delimiter):
    path = file(delimiter.join(["name", "note"]) + "\n" + delimiter.join(["Ada", '"a, b; c | d"']) + "\n")
    assert survey(path).delimiter == delimiter


def test_decimal_commas_do_not_make_the_comma_the_delimiter(file):
    assert survey(file("name;share\nAda;1,5\nBen;2,5\n")).delimiter == ";"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32", "cp1252"])
def test_the_encoding_is_recognised(file, encoding):
    path = file("name,town\nÄnne,Köln\nZoé,Besançon\n", encoding)
    assert read(path)[0] == ("2", {"name": "Änne", "town": "Köln"})


def test_what_windows_has_no_character_for_is_latin_1(file):
    assert survey(file(b"name\nM\xfcller\x8d\n")).text.encoding == "latin-1"


def test_a_few_wrong_bytes_in_a_utf_8_file_are_a_bad_line_and_no_other_encoding(file):
    found = survey(file("name\nÄnne\nMüller\n".encode() + b"Z\xe9\n"))
    assert found.bad.sentences == ["Line 4 holds bytes that are not UTF-8, as the rest of the file is."]


def test_gzip_is_known_by_its_first_bytes(file):
    assert read(file(gzip.compress(b"name\nAda\n"))) == [("2", {"name": "Ada"})]


def test_the_digest_is_of_the_unpacked_content(file):
    plain = survey(file("name\nAda\n")).text.sha256
    assert survey(file(gzip.compress(b"name\nAda\n"))).text.sha256 == plain


def test_tab_can_be_asked_for_by_name(file):
    assert read(file("a\tb\n1\t2\n"), delimiter="tab") == [("2", {"a": 1, "b": 2})]


# --- types ---------------------------------------------------------------------------------------------------------


def test_a_column_of_integers_is_integer_and_empty_is_null(file):
    assert column(file, "1", "", "-20") == (Type.INTEGER, [1, None, -20])


def test_a_column_of_numbers_is_number(file):
    assert column(file, "1", "2.5", "1e+16", "-1.5e3") == (Type.NUMBER, [1.0, 2.5, 1e16, -1500.0])


@pytest.mark.parametrize(
    "value",
    ["007", "+4930901820", "1,5", "inf", "nan", "-Infinity", "1E5", "0x1F", "1_000", " 1", "٣", "1e999", "true"],
)
def test_what_only_looks_like_a_number_stays_text_for_the_whole_column(file, value):
    kind, values = column(file, "42", f'"{value}"', "")
    assert (kind, values) == (Type.TEXT, ["42", value, ""])


@pytest.mark.parametrize("code", ["9223372036854775808", "12345678901234567890", "0.123456789012345678"])
def test_a_number_that_would_lose_digits_stays_text(file, code):
    assert column(file, code) == (Type.TEXT, [code])


def test_large_integers_beside_decimals_stay_text_because_a_float_would_round_them(file):
    assert column(file, "9007199254740993", "0.5") == (Type.TEXT, ["9007199254740993", "0.5"])


def test_a_column_without_values_is_text(file):
    assert column(file, "", "") == (Type.TEXT, ["", ""])


# --- lines and keys ------------------------------------------------------------------------------------------------


def test_without_a_key_column_the_key_is_the_line_in_the_file(file):
    path = file('name,note\nAda,"two\nlines"\n\nBen,\n')
    assert [key for key, _ in read(path)] == ["2", "5"]


def test_a_key_column_stays_a_field_unless_it_is_called_key(file):
    assert read(file("id,x\n007,1\n"), key="id") == [("007", {"id": "007", "x": 1})]
    assert read(file("key,x\n007,1\n"), key="key") == [("007", {"x": 1})]


def test_bad_lines_are_named_by_number_and_the_good_ones_are_read(file):
    long = "k" * 121
    path = file(f'id,x\n1,a\n2\n3,b,c\n1,d\n,e\n{long},f\na\x00,g\n"4"5,h\n..,i\n"a\nb",j\n6,k\n')
    found = survey(path, key="id")
    assert found.bad.sentences == [
        "Line 3 has 1 field instead of 2.",
        "Line 4 has 3 fields instead of 2.",
        "Line 5 has the key '1', which stands in line 2 already.",
        "Line 6 has no key.",
        "Line 7 has a key of 121 characters; 120 are the most.",
        "Line 8 holds a NUL character.",
        "Line 9 cannot be split into fields, look at its quotes (',' expected after '\"').",
        "Line 10 has the key '..', which cannot stand in an address.",
        "Line 11 has the key 'a\\nb', which cannot stand in an address.",
    ]
    assert [key for key, _ in rows(found)] == ["1", "6"]


def test_a_bad_line_says_nothing_about_the_type_of_a_column(file):
    assert survey(file("a,b\n1,2\nx\n")).columns == {"a": Type.INTEGER, "b": Type.INTEGER}


def test_only_the_first_twenty_bad_lines_are_told(file):
    found = survey(file("a,b\n1,2\n" + "1\n" * 51))
    assert (found.bad.count, found.bad.sentences[-1], len(found.bad.sentences)) == (51, "And 31 more.", 21)


def test_a_field_longer_than_any_text_is_a_bad_line(file):
    found = survey(file(f"name,note\nAda,{'x' * 100_000}\nBen,{'x' * 100_001}\n"))
    assert (found.good, found.bad.sentences) == (1, ["Line 3 has a field of 100,001 characters; 100,000 are the most."])


def test_a_quote_left_open_is_a_bad_line_and_not_the_end_of_the_file(file):
    found = survey(file('a,b\n1,"open\n' + "2,x\n" * 50_000))
    assert found.bad.count == 1
    assert found.bad.first[0].startswith("Line 2 cannot be split into fields")


# --- refusals ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "is empty."),
        (b"\n\n", "line 1: the header stands in a file of blank lines."),
        (b"a,b\n", "has a header but no line below it."),
        (b"a,,c\n1,2,3\n", "line 1: column 2 of the header has no name."),
        (b"a,b, a\n1,2,3\n", "line 1: two columns have the name 'a'."),
        (b"," * 100_000 + b"\n1\n", "line 1: the header has 100,001 columns; 1,000 are the most."),
        (b"a," + b"b" * 101 + b"\n1,2\n", "line 1: the name of column 2 has 101 characters; 100 are the most."),
        (b"kind,b\n1,2\n", "a column 'kind' would hide the record's own kind from the rules; rename it."),
        (b"key,b\n1,2\n", "a column 'key' would hide the record's own key; rename it, or import with --key key."),
        (b"1,2\n3,4\n", "line 1: the header must name the columns, but there are only numbers."),
        (b"PK\x03\x04rest", "is a zip archive or a workbook, not text: save the sheet as CSV first."),
        (b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x01", "is not a text file: it holds binary data."),
        (b"n\x00a\x00m\x00e\x00\n\x00", "is not a text file: it holds binary data."),
        (b"\x1f\x8bnothing packed", "is damaged: its gzip data cannot be unpacked"),
        (gzip.compress(b"name\n" + b"Ada\n" * 99, mtime=0)[:-12], "is damaged: its gzip data cannot be unpacked"),
        (b"\xff\xfea\x00\n\x00\x00\xd8", "has a byte order mark but is not in that encoding"),
        (b"a\n" + b"x" * (LINE_LIMIT + 1), "line 2: longer than 1,000,000 characters; this is no table."),
    ],
)
def test_what_cannot_be_a_table_is_refused_with_a_sentence(file, content, sentence):
    assert sentence in refusal(file(content))


def test_a_missing_file_and_a_folder_are_refused(tmp_path):
    assert refusal(tmp_path / "none.csv").startswith("There is no file ")
    assert refusal(tmp_path).endswith(" is a folder.")


def test_a_small_file_that_unpacks_to_a_huge_one_is_refused(file):
    assert "larger than 1,000 bytes unpacked" in refusal(file(gzip.compress(b"a\n" + b"1\n" * 9_999)), limit=1_000)


def test_a_delimiter_that_leaves_one_column_is_refused_and_the_likely_one_named(file):
    sentence = refusal(file('"age";"job"\n58;"clerk"\n'), delimiter=",")
    assert sentence.endswith("the header is one single column; the file looks separated by semicolon (';').")


@pytest.mark.parametrize("delimiter", [";;", '"', "\n", "comma"])
def test_a_delimiter_that_is_none_is_refused(file, delimiter):
    assert refusal(file("a,b\n1,2\n"), delimiter=delimiter).startswith("The delimiter must be one character")


def test_a_key_column_that_is_not_there_is_refused_with_those_that_are(file):
    assert refusal(file("id,x\n1,2\n"), key="email").endswith("no column 'email' for the key. The columns are id, x.")


def test_a_single_column_may_be_read_with_any_delimiter(file):
    assert read(file("name\nAda\n"), delimiter=";") == [("2", {"name": "Ada"})]


# --- there and back ------------------------------------------------------------------------------------------------

TEXTS = st.text(st.characters(codec="utf-8", exclude_categories=["Cc"]) | st.sampled_from("\t\r\n"), max_size=20)
COLUMNS = {
    Type.INTEGER: st.none() | st.integers(-(2**63), 2**63 - 1),
    Type.NUMBER: st.none() | st.floats(allow_nan=False, allow_infinity=False),
    Type.TEXT: TEXTS,
}
KEYS = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Zs", "Zl", "Zp"]), min_size=1, max_size=20)


@st.composite
def tables(draw):
    kinds = draw(st.lists(st.sampled_from(list(Type)), max_size=4))
    keys = draw(
        st.lists(
            KEYS.filter(lambda key: not {".", "..", "export"} & set(key.split("/"))),
            min_size=1,
            max_size=5,
            unique=True,
        )
    )
    values = {f"c{place}": [draw(COLUMNS[kind]) for _ in keys] for place, kind in enumerate(kinds)}
    return [(key, {name: column[row] for name, column in values.items()}) for row, key in enumerate(keys)]


def looks_numeric(table):
    """Whether a column of text holds numbers only: then it comes back as numbers, as it must."""
    found = [fields for _, fields in table]
    return any(
        isinstance(found[0][name], str)
        and all(not fields[name] or fields[name].strip("-").isdigit() for fields in found)
        for name in found[0]
    )


@given(table=tables(), delimiter=st.sampled_from(",;\t|"))
@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_what_is_written_is_what_is_read_back(file, table, delimiter):
    if looks_numeric(table):
        return
    path = file("".join(written(list(table[0][1]), table, delimiter)))
    expected = [(key, {name: _alike(name, value, table) for name, value in fields.items()}) for key, fields in table]
    assert read(path, key="key", delimiter=delimiter) == expected


def _alike(name, value, table):
    """A column of nulls has no type to come back to: it is text."""
    return "" if all(fields[name] is None for _, fields in table) else value


@given(value=st.floats(allow_nan=False, allow_infinity=False))
@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_every_float_comes_back_as_the_float_it_was(file, value):
    path = file("".join(written(["x"], [("a", {"x": value})], ",")))
    ((_, fields),) = read(path, key="key")
    assert isinstance(fields["x"], float)
    assert fields["x"] == value
    assert math.copysign(1, fields["x"]) == math.copysign(1, value)


@given(content=st.binary(max_size=300))
@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_file_breaks_the_reader(file, content):
    path = file(content)
    try:
        found = survey(path)
    except FileError:
        return
    assert len(list(rows(found))) == found.good
