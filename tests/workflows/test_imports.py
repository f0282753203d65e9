"""Imports: all of a file or nothing, from the command line and by a worker, each with one Entry."""

import gzip
import os
from datetime import timedelta
from io import StringIO

import pytest
from django.core.files.base import ContentFile
from django.core.management import CommandError, call_command
from django.utils import timezone

from governance.ledger import Entry
from governance.people import Person
from workflows.imports import ATTEMPTS, SILENCE, ImportJob, State, work_off
from workflows.records import Record

pytestmark = pytest.mark.django_db

THREE = "id,name,age\n001,Änne,31\n002,Ben,\n003,Chen,44\n"


@pytest.fixture(autouse=True)
def state(settings, tmp_path):
    settings.STATE_DIR = tmp_path / "state"


@pytest.fixture
def ada():
    return Person.objects.create_user("ada@example.com", name="Ada Lund")


@pytest.fixture
def now():
    return timezone.now()


@pytest.fixture
def file(tmp_path):
    def write(content):
        path = tmp_path / "clients.csv"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write


@pytest.fixture
def job(ada, now):
    """Hand in a file as Ada, as the form does."""

    def hand_in(content=THREE, **wishes):
        job = ImportJob(file_name="clients.csv", kind="client", by=ada, asked_at=now, **wishes)
        job.hand_in(ContentFile(content.encode()))
        return job

    return hand_in


def run(*arguments):
    """Run import_records and return what it said on standard output and on standard error."""
    out, err = StringIO(), StringIO()
    call_command("import_records", *map(str, arguments), stdout=out, stderr=err)
    return out.getvalue(), err.getvalue()


def refusal(*arguments):
    with pytest.raises(CommandError) as refused:
        run(*arguments)
    assert not Entry.objects.filter(verb="records.imported").exists()
    return str(refused.value)


def silence(job):
    """Let the last sign of life of the job's worker be longer ago than a living one's."""
    before = job.started_at - SILENCE - timedelta(seconds=1)
    ImportJob.objects.filter(pk=job.pk).update(started_at=before)
    os.utime(job.heartbeat.file, (before.timestamp(), before.timestamp()))


# --- the command ---------------------------------------------------------------------------------------------------


def test_the_command_imports_and_says_what_it_did(file):
    out, err = run("client", file(THREE), "--key", "id")
    assert out.splitlines() == [
        "Imported 3 client records: 3 new, 0 changed.",
        "New records are shared by everybody.",
        "Columns: id (text), name (text), age (integer)",
    ]
    assert err == "Checking ..........\nSaving   ..........\n"
    assert Record.objects.get(kind="client", key="001").fields == {"id": "001", "name": "Änne", "age": 31}


def test_a_packed_file_is_imported_as_well(file):
    run("client", file(gzip.compress(THREE.encode())))
    assert list(Record.objects.values_list("key", flat=True)) == ["2", "3", "4"]


def test_importing_again_replaces_the_fields_of_known_keys_and_leaves_others_alone(file):
    run("client", file(THREE), "--key", "id")
    run("account", file(THREE), "--key", "id")
    out, _ = run("client", file("id,town\n001,Köln\n004,Bonn\n"), "--key", "id")
    assert out.startswith("Imported 2 client records: 1 new, 1 changed.\n")
    assert Record.objects.get(kind="client", key="001").fields == {"id": "001", "town": "Köln"}
    assert Record.objects.get(kind="client", key="002").fields["name"] == "Ben"
    assert Record.objects.get(kind="account", key="001").fields["name"] == "Änne"


def test_records_that_are_as_the_file_says_are_counted_and_not_written(file):
    run("client", file(THREE), "--key", "id")
    before = list(Record.objects.values_list("key", "updated_at"))
    out, _ = run("client", file(THREE), "--key", "id")
    assert out.startswith("Imported 3 client records: 0 new, 0 changed, 3 as they were.\n")
    assert list(Record.objects.values_list("key", "updated_at")) == before


def test_an_import_is_one_entry_by_remit_or_by_the_person_named(file, ada):
    run("client", file(THREE))
    run("client", file(THREE), "--as", "Ada@example.com")
    remit, by_ada = Entry.objects.filter(verb="records.imported").order_by("id")
    assert (remit.actor_kind, remit.person, by_ada.person) == ("software", None, ada)
    assert remit.data["new"] == by_ada.data["same"] == 3
    assert (remit.data["kind"], remit.data["file"], len(remit.data["sha256"])) == ("client", "clients.csv", 64)


def test_one_bad_line_stops_the_import_and_nothing_changes(file):
    run("client", file(THREE), "--key", "id")
    entries = Entry.objects.count()
    path = file("id,name,age\n001,Other,1\n005\n" + "x\n" * 50)
    with pytest.raises(CommandError) as refused:
        run("client", path, "--key", "id")
    lines = str(refused.value).splitlines()
    assert lines[0] == f"{path} has 51 lines that cannot be taken, so nothing was imported."
    assert lines[1] == "Line 3 has 1 field instead of 3."
    assert lines[21:] == [
        "And 31 more.",
        "Leaving out bad lines would import the other 1.",
        "--skip-bad leaves out bad lines and imports the others.",
    ]
    assert Record.objects.get(key="001").fields["name"] == "Änne"
    assert Entry.objects.count() == entries


def test_skip_bad_imports_the_others_and_says_what_was_left_out(file):
    out, err = run("client", file("id,x\n1,a\n2\n3,c\n"), "--key", "id", "--skip-bad")
    assert out.startswith("Imported 2 client records: 2 new, 0 changed. 1 bad line left out.\n")
    assert "Left out: Line 3 has 1 field instead of 2.\n" in err
    assert Entry.objects.get().data["skipped"] == 1


def test_skip_bad_does_not_make_an_import_of_nothing(file):
    assert "so nothing was imported" in refusal("client", file("a,b\n1\n2\n"), "--skip-bad")


@pytest.mark.parametrize("kind", ["two words", "", "k" * 41, "import", "küche"])
def test_a_kind_that_is_no_word_is_refused(file, kind):
    assert refusal(kind, file(THREE)).startswith("A kind ")


def test_what_is_wrong_with_the_file_is_said_in_a_sentence(file, tmp_path, settings):
    assert refusal("client", tmp_path / "none.csv") == f"There is no file {tmp_path / 'none.csv'}."
    assert refusal("client", file(b"\x00" * 99)).endswith("is not a text file: it holds binary data.")
    assert "the file looks separated by comma" in refusal("client", file(THREE), "--delimiter", ";")
    settings.IMPORT_LIMIT = 10
    assert refusal("client", file(THREE)).endswith("is larger than 10 bytes unpacked, which is the limit.")


def test_a_person_nobody_knows_imports_nothing(file):
    assert refusal("client", file(THREE), "--as", "eve@example.com").startswith("There is no person")


# --- there and back ------------------------------------------------------------------------------------------------


def exported(kind, *arguments):
    out = StringIO()
    call_command("export_records", kind, *arguments, stdout=out)
    return out.getvalue()


def test_an_export_has_the_columns_in_the_order_of_the_last_file(file):
    run("client", file("zone,id,a\nz,1,=1+1\ny,2,-3\n"), "--key", "id")
    assert exported("client") == "key,zone,id,a\r\n1,z,1,=1+1\r\n2,y,2,-3\r\n"


@pytest.mark.parametrize("delimiter", [",", "tab"])
def test_an_export_imports_as_what_it_was(file, delimiter):
    run("client", file('id,name,age,share\n001,"A;\n""B"",\t",31,0.5\n+49,,,\n'), "--key", "id")
    path = file(exported("client", "--delimiter", delimiter))
    out, _ = run("client", path, "--key", "key")
    assert out.startswith("Imported 2 client records: 0 new, 0 changed, 2 as they were.\n")
    run("copy", path, "--key", "key")
    fields = dict(Record.objects.filter(kind="client").values_list("key", "fields"))
    assert dict(Record.objects.filter(kind="copy").values_list("key", "fields")) == fields


def test_a_kind_without_records_cannot_be_exported(file):
    run("client", file(THREE))
    with pytest.raises(CommandError, match=r"There are no person records. There are: client\."):
        exported("person")


# --- the job a worker does -----------------------------------------------------------------------------------------


def test_a_worker_does_a_job_and_removes_the_upload(job, ada, now):
    handed_in = job(key_column="id")
    assert work_off(now)
    handed_in.refresh_from_db()
    assert (handed_in.state, handed_in.summary) == (State.DONE, "Imported 3 client records: 3 new, 0 changed.")
    assert handed_in.columns == [["id", "text"], ["name", "text"], ["age", "integer"]]
    assert Entry.objects.get().person == ada
    assert not handed_in.path.exists()
    assert handed_in.heartbeat.read() is None


def test_there_is_nothing_to_do_when_no_job_waits(job, now):
    assert not work_off(now)
    job()
    assert work_off(now)
    assert not work_off(now)


def test_a_job_with_bad_lines_fails_with_its_sentences_and_no_entry(job, now):
    handed_in = job("a,b\n1,2\n3\n")
    work_off(now)
    handed_in.refresh_from_db()
    assert handed_in.state == State.FAILED
    assert handed_in.sentences == [
        "clients.csv has 1 line that cannot be taken, so nothing was imported.",
        "Line 3 has 1 field instead of 2.",
        "Leaving out bad lines would import the other 1.",
    ]
    assert not Entry.objects.exists()
    assert not handed_in.path.exists()


def test_a_job_that_is_at_work_is_left_alone_and_no_other_begins(job, now):
    job()
    job()
    assert ImportJob.objects.claim(now)
    assert not work_off(now + timedelta(seconds=5))


def test_a_job_whose_worker_was_killed_is_done_again(job, now):
    handed_in = job()
    killed = ImportJob.objects.claim(now)
    silence(killed)
    assert work_off(now)
    handed_in.refresh_from_db()
    assert (handed_in.state, handed_in.attempts) == (State.DONE, 2)


def test_a_worker_that_comes_back_late_changes_nothing(job, now):
    job("id,name\n1,Ada\n", key_column="id")
    late = ImportJob.objects.claim(now)
    silence(late)
    successor = ImportJob.objects.claim(now)
    late.run(now)
    assert not Record.objects.exists()
    successor.run(now)
    assert Record.objects.get().fields["name"] == "Ada"
    assert Entry.objects.count() == 1


def test_a_job_that_kills_its_workers_is_given_up(job, now):
    handed_in = job()
    ImportJob.objects.filter(pk=handed_in.pk).update(attempts=ATTEMPTS)
    work_off(now)
    handed_in.refresh_from_db()
    assert handed_in.sentences == ["The import broke off 5 times. Nothing was imported."]


def test_a_job_whose_upload_lies_on_another_machine_says_so(job, now):
    handed_in = job()
    handed_in.path.unlink()
    work_off(now)
    handed_in.refresh_from_db()
    assert handed_in.sentences[0].startswith("The upload is not on this worker's disk")


def test_progress_can_be_read_while_the_import_is_open(job, now):
    handed_in = job(THREE)
    seen = []
    taken = ImportJob.objects.claim(now)

    def watch(doing, done, total):
        taken.heartbeat.beat(doing, done, total)
        seen.append((handed_in.progress.doing, handed_in.progress.percent))

    taken.take_in(taken.path, now, watch, name="clients.csv")
    assert seen == [("Checking", 100), ("Saving", 100)]


def test_an_import_that_breaks_off_halfway_changes_nothing(job, now):
    handed_in = job("a\n" + "1\n" * 1200)

    def stop(doing, done, total):
        if doing == "Saving" and done >= 1000:
            raise KeyboardInterrupt

    taken = ImportJob.objects.claim(now)
    with pytest.raises(KeyboardInterrupt):
        taken.take_in(taken.path, now, stop, name="clients.csv")
    handed_in.refresh_from_db()
    assert handed_in.state == State.RUNNING
    assert not Record.objects.exists()
    assert not Entry.objects.exists()


@pytest.mark.benchmark
def test_the_bank_clients_are_imported_in_fifteen_seconds(settings):
    file = settings.BASE_DIR.parent / "shared/data/bank-marketing/bank-full.csv.gz"
    if not file.exists():
        pytest.skip("the data set is not on this machine")
    begun = timezone.now()
    out, _ = run("client", file, "--delimiter", ";")
    assert out.startswith("Imported 45,211 client records: 45,211 new, 0 changed.")
    assert timezone.now() - begun < timedelta(seconds=15)
