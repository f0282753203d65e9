"""A leader sets limits, bands with tracks, and the end of a delegation in the panel of a step."""

from datetime import date

import pytest

from tests.workflows.test_drafts import calls, keep, workflow  # noqa: F401
from workflows import publishing, ratifying
from workflows.publishing import NotPublishable
from workflows.yamltext import FileProblems

TRACKS = [{"key": "legal", "title": "Legal", "team": "legal"}, {"key": "director", "person": "lea@tideway.example"}]


@pytest.fixture
def tracked(calls):  # noqa: F811
    calls.rules(tracks=TRACKS)
    return calls


def limit(measure, most, place=0, **more):
    return {"bound-bounds": "True", f"limit-{place}-measure": measure, f"limit-{place}-at_most": most} | {
        f"limit-{place}-{name}": value for name, value in more.items()
    }


def bands(*rows, measure="amounts.recipients"):
    given = {"bound-bounds": "True", "bound-measure": measure, "bound-whole": "on"}
    for place, (stretch, tracks) in enumerate(rows):
        given |= {f"band-{place}-range": stretch, f"band-{place}-tracks": tracks}
    return given


def note():
    return workflow().draft.steps_by_key["note"]


def test_a_limit_is_kept_with_who_is_asked_besides(tracked, sign_in):
    ada = sign_in("ada")
    keep(ada, **limit("recipients", "1000", effect="review", track="legal"))
    assert note().limits == [{"measure": "amounts.recipients", "at_most": 1000, "track": "legal"}]
    assert note().version.schema == 3
    assert "amounts.recipients" in ada.get("/workflows/calls/steps/note/").content.decode()
    keep(ada, **limit("", ""))
    assert note().limits == []


def test_bands_are_kept_as_a_table_of_ranges_and_tracks(tracked, sign_in):
    keep(sign_in("ada"), **bands(("<= 1000", []), ("1001-4999", ["legal"]), ("else", ["legal", "director"])))
    assert [row["range"] for row in note().bands["bands"]] == ["<= 1000", "1001-4999", "else"]
    assert note().bands["bands"][2]["tracks"] == ["legal", "director"] and note().bands["whole"] is True


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ((("<= 1000", []), ("1002-4999", []), ("else", [])), "1,001 recipients fall in no band"),
        ((("<= 1000", []), ("900-4999", []), ("else", [])), "900 recipients falls in two bands"),
        ((("<= 1000", []),), "More than 1,000 recipients fall in no band"),
        ((("some", []),), "is no stretch of numbers"),
    ],
)
def test_a_hole_or_an_overlap_is_refused_with_the_value(tracked, sign_in, rows, words):
    answer = keep(sign_in("ada"), **bands(*rows))
    assert answer.status_code == 422 and words in answer.content.decode()
    assert workflow().draft is None


def test_a_limit_needs_its_number(tracked, sign_in):
    answer = keep(sign_in("ada"), **limit("amounts.recipients", ""))
    assert answer.status_code == 422 and "A limit has a measure and a number." in answer.content.decode()


def test_a_form_without_bounds_leaves_them(tracked, sign_in):
    ada = sign_in("ada")
    keep(ada, **limit("amounts.recipients", "1000"), **{"bound-review_by": "2027-01-31"})
    keep(ada, sample_rate="0.1")
    assert note().limits and note().review_by == date(2027, 1, 31)


def test_a_track_that_no_rulebook_has_is_refused_at_publication(tracked, sign_in):
    keep(sign_in("ada"), **bands(("<= 1000", []), ("else", ["director"])))
    tracked.rules(tracks=TRACKS[:1])
    with pytest.raises(NotPublishable, match="there is no track “director”; there is legal"):
        ratifying.propose(workflow().draft, tracked.ada, tracked.now)


def test_a_file_may_name_its_own_tracks_and_those_of_a_draft_but_no_others(tracked):
    text = publishing.files.write([publishing.part_of(workflow().version_in_force)])
    own = text.replace("  min_confidence: 0.6", "  tracks: [{key: mine, team: legal}]\n  limits: LIMITS")
    assert "LIMITS" in own
    publishing.load(own.replace("LIMITS", "[{measure: amounts.x, at_most: 1, track: mine}]"), tracked.ada, tracked.now)
    with pytest.raises(FileProblems, match="there is no track “other”"):
        publishing.load(
            own.replace("LIMITS", "[{measure: amounts.x, at_most: 1, track: other}]"), tracked.ada, tracked.now
        )


def test_ada_lets_the_workflow_only_recommend_and_says_what_it_serves(calls, sign_in):  # noqa: F811
    ada = sign_in("ada")
    ada.post("/workflows/calls/draft/automation/", {"recommend_only": "no"})
    assert workflow().draft is None
    ada.post("/workflows/calls/draft/automation/", {"recommend_only": "yes"})
    ada.post("/workflows/calls/draft/automation/", {"category": "Marketing"})
    draft = workflow().draft
    assert (draft.recommend_only, draft.category, draft.automation_allowed) == (True, "marketing", True)
    assert draft.schema == 3
    ada.post("/workflows/calls/draft/automation/", {"category": "two words"})
    assert workflow().draft.category == "marketing"
