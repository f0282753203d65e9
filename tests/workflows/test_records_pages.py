"""The records' pages: everybody who is signed in reads, leaders import."""

from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from django.utils import timezone

from governance.people import Membership, Person, Role, Team
from workflows.imports import ImportJob, State, work_off
from workflows.records import Record
from workflows.views.records import COLUMNS, PAGE

pytestmark = pytest.mark.django_db

THREE = b"id,name,age\n001,Anne,31\n002,Ben,\n003,Chen,44\n"


@pytest.fixture(autouse=True)
def state(settings, tmp_path):
    settings.STATE_DIR = tmp_path / "state"


@pytest.fixture
def growth():
    return Team.objects.create(slug="growth", name="Growth")


@pytest.fixture
def signed_in(client, growth):
    """Sign somebody in as Ada, who leads, or Ben, who reviews."""

    def sign_in(name, role):
        person = Person.objects.create_user(f"{name.lower()}@example.com", name=name)
        Membership.objects.create(person=person, team=growth, role=role)
        client.force_login(person)
        return client

    return sign_in


@pytest.fixture
def ada(signed_in):
    return signed_in("Ada", Role.LEADER)


@pytest.fixture
def ben(signed_in):
    return signed_in("Ben", Role.REVIEWER)


def clients(*keys, **fields):
    Record.objects.bulk_create(Record(kind="client", key=key, fields=fields) for key in keys)


def upload(client, content=THREE, **wishes):
    file = SimpleUploadedFile("clients.csv", content)
    return client.post(reverse("import_records"), {"file": file, "kind": "client", **wishes})


# --- reading -------------------------------------------------------------------------------------------------------


def test_nobody_reads_records_without_signing_in(client):
    assert client.get(reverse("records")).status_code == 302


def test_ben_sees_the_kinds_with_their_counts_and_no_import(ben):
    clients("a", "b")
    page = ben.get(reverse("records")).content.decode()
    assert reverse("records_kind", args=["client"]) in page
    assert reverse("import_records") not in page


def test_a_page_without_any_record_says_so(ada):
    page = ada.get(reverse("records")).content.decode()
    assert "There are no records yet." in page
    assert reverse("import_records") in page


def test_the_pages_of_a_kind_lead_on_and_back_by_key(ben):
    clients(*(f"{number:04}" for number in range(PAGE * 2 + 1)))
    address = reverse("records_kind", args=["client"])
    first = ben.get(address)
    second = ben.get(address, {"after": first.context["after"]})
    third = ben.get(address, {"after": second.context["after"]})
    back = ben.get(address, {"before": third.context["before"]})
    assert [len(page.context["table"]) for page in (first, second, third)] == [PAGE, PAGE, 1]
    assert (first.context["before"], third.context["after"]) == ("", "")
    assert [record.key for record, _ in back.context["table"]] == [record.key for record, _ in second.context["table"]]
    assert ben.get(address, {"before": back.context["before"]}).context["before"] == ""


def test_search_is_by_the_beginning_of_the_key(ben):
    clients("north-1", "north-2", "south-1", "n%", "nor\\th")
    address = reverse("records_kind", args=["client"])
    assert [record.key for record, _ in ben.get(address, {"q": "north"}).context["table"]] == ["north-1", "north-2"]
    assert [record.key for record, _ in ben.get(address, {"q": "n%"}).context["table"]] == ["n%"]
    assert "No client record has a key that begins with" in ben.get(address, {"q": "west"}).content.decode()
    assert ben.get(address, {"q": "\x00", "after": "\x00"}).status_code == 200


def test_a_wide_kind_shows_its_first_columns_in_the_order_of_the_file(ada):
    names = [f"c{9 - number}" for number in range(10)]
    upload(ada, (",".join(names) + "\n" + ",".join("x" * 10) + "\n").encode())
    work_off(timezone.now())
    page = ada.get(reverse("records_kind", args=["client"]))
    assert [name for name, _ in page.context["columns"]] == names[:COLUMNS]
    assert "2 more fields" in page.content.decode()


def test_htmx_gets_the_table_alone(ben):
    clients("a")
    page = ben.get(reverse("records_kind", args=["client"]), headers={"HX-Request": "true"})
    assert page.content.decode().lstrip().startswith('<div id="table">')
    assert "HX-Request" in page.headers["Vary"]


@pytest.mark.parametrize("key", ["001", "a/b", "Zoë & Söhne", "50%", "#7", "two words", "//", "?q=1", "kéy+1"])
def test_a_record_has_a_page_whatever_its_key(ben, key):
    clients(key, name="Zoë", employees=1400, tags=["a"], nothing=None)
    table = ben.get(reverse("records_kind", args=["client"])).content.decode()
    address = reverse("record", args=["client", key])
    assert address.replace("&", "&amp;") in table
    page = ben.get(address)
    assert page.context["record"].key == key
    assert page.context["fields"] == [("employees", "1400"), ("name", "Zoë"), ("nothing", ""), ("tags", '["a"]')]


def test_a_key_that_has_no_address_does_not_break_the_table(ben):
    clients("two\nlines")
    assert ben.get(reverse("records_kind", args=["client"])).status_code == 200


def test_fields_are_shown_as_text(ben):
    clients("a", name="<script>alert(1)</script>")
    assert "<script>alert" not in ben.get(reverse("record", args=["client", "a"])).content.decode()


@pytest.mark.parametrize(
    ("name", "arguments"), [("records_kind", ["no"]), ("export_records", ["no"]), ("record", ["client", "b\x00"])]
)
def test_what_is_not_there_is_not_found(ben, name, arguments):
    clients("a")
    assert ben.get(reverse(name, args=arguments)).status_code == 404


def test_ben_exports_what_comes_back_as_it_was(ben, signed_in):
    clients("=1+1", name="Söhne", age=31)
    response = ben.get(reverse("export_records", args=["client"]))
    content = response.getvalue()
    assert content.decode() == "\ufeffkey,age,name\r\n=1+1,31,Söhne\r\n"
    assert response.headers["Content-Disposition"] == 'attachment; filename="client.csv"'
    upload(signed_in("Ada", Role.LEADER), content, key_column="key")
    work_off(timezone.now())
    assert ImportJob.objects.get().outcome["same"] == 1


# --- importing -----------------------------------------------------------------------------------------------------


def test_ben_may_not_import(ben):
    assert ben.get(reverse("import_records")).status_code == 403
    assert upload(ben).status_code == 403
    assert not ImportJob.objects.exists()


def test_ada_hands_in_a_file_and_sees_what_came_of_it(ada):
    response = upload(ada, key_column="id")
    job = ImportJob.objects.get()
    assert response.url == reverse("import_job", args=[job.pk])
    assert "Waiting for a worker" in ada.get(response.url).content.decode()
    work_off(timezone.now())
    page = ada.get(response.url).content.decode()
    assert "Imported 3 client records: 3 new, 0 changed." in page
    assert Record.objects.get(key="002").fields == {"id": "002", "name": "Ben", "age": None}


def test_the_page_of_an_import_asks_again_until_it_has_ended(ada):
    address = upload(ada).url
    waiting = ada.get(address).content.decode()
    assert '<noscript><meta http-equiv="refresh"' in waiting
    assert "every 1s" in waiting
    work_off(timezone.now())
    ended = ada.get(address).content.decode()
    assert "refresh" not in ended
    assert "every 1s" not in ended


def test_the_page_shows_how_far_the_import_is(ada):
    address = upload(ada).url
    now = timezone.now()
    job = ImportJob.objects.claim(now)
    job.heartbeat.beat("Saving", 250, 1000)
    part = ada.get(address, headers={"HX-Request": "true"}).content.decode()
    assert "Saving, 25" in part
    assert 'value="25"' in part
    assert "<html" not in part
    assert job.is_at_work(now + timedelta(seconds=20))


def test_the_page_of_a_failed_import_lists_the_bad_lines(ada):
    address = upload(ada, b"a,b\n1,2\n3\n").url
    work_off(timezone.now())
    assert ImportJob.objects.get().state == State.FAILED
    assert "Line 3 has 1 field instead of 2." in ada.get(address).content.decode()


@pytest.mark.parametrize(
    "wishes", [{"kind": "two words"}, {"kind": ""}, {"file": ""}, {"delimiter": "x"}, {"kind": "import"}]
)
def test_a_form_that_is_wrong_makes_no_job(ada, wishes):
    assert upload(ada, **wishes).status_code == 422
    assert not ImportJob.objects.exists()


def test_an_upload_over_the_limit_is_refused_at_the_form(ada, settings):
    settings.IMPORT_LIMIT = 10
    response = upload(ada)
    assert response.status_code == 422
    assert "which is the limit" in response.content.decode()


def test_only_leaders_see_an_import(ada, signed_in):
    address = upload(ada).url
    assert signed_in("Ben", Role.REVIEWER).get(address).status_code == 403
