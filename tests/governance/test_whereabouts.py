"""Where an asset holds: by the record's segment and market and the channel of the step, never where it is not known."""

import pytest

from governance.whereabouts import Whereabouts

HERE = Whereabouts.of({"segment": "Enterprise", "market": ["FR", "be"]}, "email")


@pytest.mark.parametrize(
    ("held", "outside"),
    [
        ({}, []),
        ({"segment": [], "market": [], "channel": []}, []),
        ({"segment": ["enterprise", "public"]}, []),
        ({"segment": ["Public"]}, ["segment Enterprise"]),
        ({"market": ["FR", "BE", "NL"]}, []),
        ({"market": ["FR"]}, ["market be"]),
        ({"channel": [" Email "]}, []),
        ({"channel": ["letter"], "segment": ["Public"]}, ["segment Enterprise", "channel email"]),
    ],
)
def test_an_asset_holds_where_all_it_names_agree(held, outside):
    assert HERE.outside(held) == outside


@pytest.mark.parametrize("record", [{}, {"segment": None}, {"segment": ""}, {"segment": []}, {"segment": " "}])
def test_where_the_record_names_no_segment_an_asset_for_some_does_not_hold(record):
    assert Whereabouts.of(record, "").outside({"segment": ["Public"]}) == ["a segment that is not known"]
