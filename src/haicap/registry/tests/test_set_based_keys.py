"""Keys that are checked once a statement guard like foreign keys: what is named is there, and stays."""

from __future__ import annotations

import uuid

import pytest
from django.db import IntegrityError, connection, transaction

from haicap.kernel import journal
from haicap.kernel.actor import SYSTEM
from haicap.registry.models import Agency, AgencyCode, Desk, Holding, Title, Unit

pytestmark = pytest.mark.django_db


@pytest.fixture
def desk() -> Desk:
    """A desk of an agency of a unit, with a title and a code beside it."""
    with journal.act(SYSTEM, "test.write") as act:
        unit = Unit.objects.create(level="commune")
        agency = Agency.objects.create(unit=unit, kind="ubnd")
        made = Desk.objects.create(founder=agency)
        Title.objects.get_or_create(code="chuyen_vien", defaults={"name": "Chuyên viên", "rank": 8})
        AgencyCode.objects.create(code="H99.1", opened_on="2025-01-01")
        act.changed("desk", made.pk, None, {})
    return made


def write(sql: str, params: list[object]) -> None:
    """One journalled statement; refused as a foreign key would refuse it, or not."""
    with transaction.atomic(), journal.act(SYSTEM, "test.write") as act, connection.cursor() as cursor:
        cursor.execute(sql, params)
        act.changed("test", None, None, {})


INSERTS = {
    "agency of no unit": (
        "INSERT INTO registry_agency (unit_id, kind, slot) VALUES (%(nobody)s, 'hdnd', '')"
    ),
    "version of no agency": (
        "INSERT INTO registry_agencyversion (agency_id, begins_on, name, fold, closed) "
        "VALUES (%(nobody)s, '2025-01-01', '', '', false)"
    ),
    "version under no agency": (
        "INSERT INTO registry_agencyversion (agency_id, parent_id, begins_on, name, fold, closed) "
        "VALUES (%(agency)s, %(nobody)s, '2025-01-01', '', '', false)"
    ),
    "succession from nobody": (
        "INSERT INTO registry_agencysuccession (predecessor_id, successor_id, part, effective_on) "
        "VALUES (%(nobody)s, %(agency)s, false, '2025-01-01')"
    ),
    "succession to nobody": (
        "INSERT INTO registry_agencysuccession (predecessor_id, successor_id, part, effective_on) "
        "VALUES (%(agency)s, %(nobody)s, false, '2025-01-01')"
    ),
    "code held by nobody": (
        "INSERT INTO registry_codeholding (code_id, agency_id, begins_on) "
        "SELECT id, %(nobody)s, '2025-01-01' FROM registry_agencycode"
    ),
    "desk of no founder": (
        "INSERT INTO registry_desk (founder_id, kind, field) VALUES (%(nobody)s, 'work', '')"
    ),
    "holding of no desk": (
        "INSERT INTO registry_holding (desk_id, begins_at, agency_id, interim) "
        "VALUES (%(nobody)s, '2025-01-01', %(agency)s, false)"
    ),
    "holding by nobody": (
        "INSERT INTO registry_holding (desk_id, begins_at, agency_id, interim) "
        "VALUES (%(desk)s, '2025-01-01', %(nobody)s, false)"
    ),
    "post at no desk": (
        "INSERT INTO registry_post (desk_id, title_id, number) VALUES (%(nobody)s, 'chuyen_vien', 1)"
    ),
    "post of no title": "INSERT INTO registry_post (desk_id, title_id, number) VALUES (%(desk)s, 'không', 1)",
}


@pytest.mark.parametrize("case", INSERTS)
def test_set_based_keys__row_that_names_nothing__refused(desk: Desk, case: str) -> None:
    values = {"nobody": uuid.uuid4(), "agency": desk.founder_id, "desk": desk.pk}
    with pytest.raises(IntegrityError, match="is not there"):
        write(INSERTS[case], values)  # type: ignore[arg-type]


def test_set_based_keys__one_bad_row_among_many__refuses_all(desk: Desk) -> None:
    with pytest.raises(IntegrityError, match="is not there"):
        write(
            "INSERT INTO registry_holding (desk_id, begins_at, agency_id, interim) "
            "SELECT CASE WHEN n = 777 THEN gen_random_uuid() ELSE %s END, "
            "'2025-01-01'::timestamptz + n * interval '1 s', %s, false FROM generate_series(1, 1000) n",
            [desk.pk, desk.founder_id],
        )
    assert not Holding.objects.filter(desk=desk).exists()


def test_set_based_keys__closed_desk__names_no_agency(desk: Desk) -> None:
    write(
        "INSERT INTO registry_holding (desk_id, begins_at, agency_id, interim) "
        "VALUES (%s, '2025-01-01', NULL, false)",
        [desk.pk],
    )
    assert Holding.objects.get(desk=desk).agency_id is None


def test_set_based_keys__update_to_nothing__refused(desk: Desk) -> None:
    with pytest.raises(IntegrityError, match="is not there"):
        write("UPDATE registry_desk SET founder_id = %s WHERE id = %s", [uuid.uuid4(), desk.pk])


@pytest.mark.parametrize(
    "table", ["registry_unit", "registry_agency", "registry_agencycode", "registry_desk", "registry_title"]
)
def test_set_based_keys__what_is_named__is_never_deleted(desk: Desk, table: str) -> None:
    with pytest.raises(IntegrityError, match="never deleted"):
        write(f"DELETE FROM {table}", [])


@pytest.mark.parametrize(
    ("table", "key", "value"),
    [
        ("registry_unit", "id", "gen_random_uuid()"),
        ("registry_agency", "id", "gen_random_uuid()"),
        ("registry_agencycode", "id", "gen_random_uuid()"),
        ("registry_desk", "id", "gen_random_uuid()"),
        ("registry_title", "code", "code || '_'"),
    ],
)
def test_set_based_keys__what_is_named__keeps_its_id(desk: Desk, table: str, key: str, value: str) -> None:
    with pytest.raises(IntegrityError, match="keeps its id"):
        write(f"UPDATE {table} SET {key} = {value}", [])
