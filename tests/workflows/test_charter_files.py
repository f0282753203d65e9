"""The charter as one file: exported, imported into an empty installation, and checked where no database is."""

import random
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from governance import drafting
from governance.judging import judge
from governance.ledger import Entry
from governance.paths import EscalationPath
from governance.people import Team
from governance.register import Asset
from governance.rulebook import Rulebook, Status, in_force
from workflows import charterfiles, charters
from workflows.charterimports import bring_in
from workflows.definitions import Version, Workflow
from workflows.engine.judge import InForce
from workflows.engine.rules import rules_of
from workflows.publishing import NotPublishable
from workflows.versions import published, terms_of
from workflows.yamltext import FileProblems

FILE = Path(__file__).with_name("charter.yaml")
TEXT = FILE.read_text()
MANY = 10_000


@pytest.fixture
def charter(world):
    """The charter of the file in force, besides what Growth, Legal and the others were before."""
    bring_in(TEXT, lead(world), world.now, publish=True, second=world.lea)
    return world


def lead(world):
    """Ada leads Legal, too, which the file names."""
    world.ada.memberships.create(team=Team.objects.get(slug="legal"), role="leader")
    return world.ada


def emptied(world):
    """An installation in which Ada and Lea lead Growth, and nothing else has ever been said."""
    Version.objects.all().delete()
    Workflow.objects.all().delete()
    Rulebook.objects.all().delete()
    Asset.objects.all().delete()
    EscalationPath.objects.all().delete()
    Team.objects.exclude(slug="growth").delete()
    return world


# --- the round trip ------------------------------------------------------------------------------------------------


def random_facts(draw, number):
    """What an engine could have gathered, and some of what it should not have: anything may be missing or odd."""

    def some(*values):
        return draw.choice(values)

    def number_or_odd(top):
        return some(draw.uniform(0, top), draw.randrange(top), draw.choice((0, top, None, "many", True)))

    facts = {
        "action": {"id": number, "key": "send"},
        "now": some("2026-03-02T12:00:00Z", "2026-08-31T23:59:00Z", "2026-09-01T00:00:00Z", "2026-12-01T09:00:00Z"),
        "data": draw.sample(["contact details", "health", "finance", "usage"], draw.randrange(3)),
        "fields": draw.sample(["contact.email", "contact.illness", "account.plan"], draw.randrange(3)),
        "proposal": {
            "subject": some("News", "Twice as fast", "Guaranteed"),
            "body": some("Good day.", "twice  as fast"),
        },
        "record": {
            **some({}, {"country": some("CH", "DE", "UK", 7)}),
            **some({}, {"score": number_or_odd(100)}),
            **some({}, {"consent": some(True, False, "no")}),
        },
        "amounts": {**some({}, {"spend": number_or_odd(40_000)}), **some({}, {"recipients": number_or_odd(7_000)})},
        "assets": draw.sample(ASSETS, draw.randrange(3)),
    }
    if draw.random() < 0.8:
        facts["confidence"] = some(draw.random(), draw.random(), 0.7, None, "sure")
    if draw.random() < 0.7:
        facts["usage"] = some({}, {"sends": usage(draw)})
    return facts


ASSETS = [
    {"kind": "template", "key": "notice", "title": "Notice", "standing": "approved", "owner": "growth", "edited": True},
    {"kind": "template", "key": "notice", "title": "Notice", "standing": "expired"},
    {"kind": "claim", "key": "speed", "title": "Twice as fast", "standing": "approved", "text": "twice as fast"},
    {"kind": "claim", "key": "speed", "title": "Twice as fast", "standing": "withdrawn"},
]


def usage(draw):
    used = draw.randrange(103)
    return {"name": "", "held": draw.random() < 0.2, "used": used, "adds": 1, "would_be": used + 1, "limit": 100}


def verdicts(many=MANY, seed=1):
    """Every verdict on so many facts, the same each time, by the versions and the rulebook in force here.

    Where the words stand (`Rulebook 3`) is left out: an installation numbers its own rulebooks.
    """
    draw, found = random.Random(seed), []
    now = InForce.now(set(Workflow.objects.values_list("pk", flat=True)))
    versions = sorted((published(pk) for pk in now.versions.values()), key=lambda version: version.workflow.slug)
    steps = [step for version in versions for step in version.ordered_steps if not step.wait]
    for number in range(many):
        step = steps[number % len(steps)]
        said = judge(random_facts(draw, number), terms_of(step), rules_of(now.rulebook, step))
        reasons = [(one.rule, one.outcome, one.words, one.value, one.bound, one.track) for one in said.reasons]
        found.append((step.key, said.outcome, reasons, said.needs, said.judged))
    return found


def test_an_exported_charter_imported_into_an_empty_installation_gives_the_same_verdicts(charter):
    text, before = charters.export(), verdicts()
    bring_in(text, emptied(charter).ada, charter.later(days=1), publish=True, second=charter.lea)
    after = verdicts()
    assert len(after) == MANY
    assert {said[1] for said in before} == {"act", "review", "human", "refuse"}
    assert after == before


def test_what_was_exported_and_imported_is_exported_again_byte_for_byte(charter):
    text = charters.export()
    bring_in(text, emptied(charter).ada, charter.later(days=1), publish=True, second=charter.lea)
    assert charters.export() == text


def test_the_verdicts_differ_when_one_word_of_the_charter_does(charter):
    text, before = charters.export(), verdicts(1000)
    assert "min_confidence: 0.7" in text
    text = text.replace("min_confidence: 0.7", "min_confidence: 0.6")
    bring_in(text, emptied(charter).ada, charter.later(days=1), publish=True, second=charter.lea)
    assert verdicts(1000) != before


# --- importing -----------------------------------------------------------------------------------------------------


def test_without_publish_everything_is_a_draft_with_its_differences(world, tmp_path, capsys):
    lead(world)
    call_command("import_charter", str(FILE), email="ada@tideway.example")
    said = capsys.readouterr().out
    assert "Made the team Press and community, led by Ada Lund." in said
    assert "Made the template “Notice”, version 2." in said
    assert "Rulebook 2 is a draft." in said
    assert "launch: version 1 is a draft." in said
    assert "loosens  Send: New step" in said
    assert in_force().number == 1
    assert set(Version.objects.values_list("status", flat=True)) == {Status.DRAFT}


def test_published_what_loosens_is_in_force_on_the_word_of_two_and_the_ledger_names_both(charter):
    book = in_force()  # of the rules that were in force it only tightens
    assert (book.proposed_by, book.ratified_by) == (charter.ada, None)
    assert set(Version.objects.values_list("status", "ratified_by__name")) == {("in_force", "Lea Roth")}
    assert Entry.objects.filter(verb="version.ratified").count() == 2


def test_the_same_file_again_changes_nothing(charter, capsys):
    entries = Entry.objects.count()
    call_command("import_charter", str(FILE), email="ada@tideway.example", publish=True)
    assert "Everything in it is in force already; nothing changed." in capsys.readouterr().out
    assert Entry.objects.count() == entries


def test_the_drafts_of_an_import_are_those_that_a_second_one_puts_in_force(world):
    bring_in(TEXT, lead(world), world.now)
    drafts = set(Version.objects.values_list("pk", flat=True))
    bring_in(TEXT, world.ada, world.later(hours=1), publish=True, second=world.lea)
    assert set(Version.objects.filter(status=Status.IN_FORCE).values_list("pk", flat=True)) == drafts
    assert not Rulebook.objects.filter(status=Status.DRAFT).exists()


def test_another_leaders_draft_of_the_rulebook_is_never_written_over(world):
    drafting.keep({"stances": []}, world.lea, world.now, seen=drafting.seen_now())
    with pytest.raises(NotPublishable, match="Another draft of the rulebook stands"):
        bring_in(TEXT, lead(world), world.now)


def test_what_loosens_needs_a_second_leader_and_without_one_nothing_is_brought_in(world):
    lead(world)
    with pytest.raises(CommandError, match="a second leader must ratify"):
        call_command("import_charter", str(FILE), email="ada@tideway.example", publish=True)
    assert not Team.objects.filter(slug="press").exists()
    assert not Asset.objects.exists()


def test_what_is_here_stays_and_is_told(charter, capsys):
    notice = Asset.objects.get(key="notice")
    notice.withdraw(charter.ada, "Wrong", charter.now)
    text = TEXT.replace("after: 4h", "after: 8h").split("---\nworkflow: quiet")[0]
    brought = bring_in(text, charter.ada, charter.later(days=1))
    assert brought.notes == [
        "The escalation path “press-default” is another one here. It stays as it is.",
        "Here the template “Notice”, version 2 is withdrawn. It stays so.",
        "The file says nothing of Quiet. It stays in force.",
    ]


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ("ada@tideway.example, after", "zoe@tideway.example, after", "nobody here signs in as zoe@tideway.example"),
        ("owner: legal, approved_from", "owner: sales, approved_from", "Ada Lund does not lead sales"),
        ("title: Quiet\nowner: growth", "title: Quiet\nowner: sales", "Ada Lund does not lead sales, which owns it"),
    ],
)
def test_what_a_leader_may_not_bring_in_is_told_with_its_line(world, old, new, sentence):
    assert old in TEXT
    with pytest.raises(FileProblems) as found:
        bring_in(TEXT.replace(old, new), lead(world), world.now)
    (problem,) = found.value.problems
    assert sentence in problem.sentence
    assert new.splitlines()[-1].split(",")[0] in TEXT.replace(old, new).splitlines()[problem.line - 1]
    assert not Workflow.objects.exists()


# --- checking, without a database ----------------------------------------------------------------------------------


def check(tmp_path, text):
    file = tmp_path / "charter.yaml"
    file.write_text(text)
    call_command("check_charter", str(file))


def test_a_whole_charter_is_checked_without_a_database(tmp_path, capsys):
    check(tmp_path, TEXT)
    assert "2 workflows, 6 steps, 2 examples hold" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ("charter: 1", "charter: 2", "charter: Input should be 1"),
        ("charter: 1", "charters: 1", "a charter begins with a document"),
        ("slug: legal, name", "slug: law, name", "there is no team “legal”"),
        ("{team: press, role: leader}", "{team: press, person: x}", "a level is either a team or a person"),
        ("escalation: press-default", "escalation: nobody", "there is no escalation path “nobody”"),
        ("capability: content.render", "capability: none.such", "none.such"),
        ("data.set: approved", "data.put: approved", "there is no capability “data.put”"),
        ("when: record.score > 90", "when: record.score >", "column"),
        (
            "min_confidence: 0.7\n",
            "min_confidence: 0.95\n",
            "this example breaks: “To 900 people, nobody”: expected acts",
        ),
        ("expect: act", "expect: refuse", "expected is refused, found acts alone"),
        ("workflow: quiet", "workflow: launch", "the workflow “launch” stands there twice"),
        ("teams:\n", "teams:\n  - {slug: growth, name: Growth}\n", "this stands there twice"),
    ],
)
def test_what_is_wrong_is_told_with_file_line_and_sentence(tmp_path, old, new, sentence):
    assert old in TEXT
    with pytest.raises(CommandError) as found:
        check(tmp_path, TEXT.replace(old, new))
    assert found.value.returncode == 1
    assert "charter.yaml, line " in str(found.value)
    assert sentence in str(found.value)


def test_a_file_that_is_not_there_has_another_exit_code(tmp_path):
    with pytest.raises(CommandError) as found:
        call_command("check_charter", str(tmp_path / "none.yaml"))
    assert found.value.returncode == 2


def test_a_charter_written_is_read_the_same():
    charter = charterfiles.read(TEXT)
    head = charter.head
    written = charterfiles.write(head.teams, head.paths, head.register_, charter.envelope, [*charter.parts.values()])
    again = charterfiles.read(written)
    assert (again.head.register_, again.envelope, again.parts) == (head.register_, charter.envelope, charter.parts)
