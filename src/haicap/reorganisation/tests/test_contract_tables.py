"""Every table that refers to a unit, an agency or a desk has a carrier that answers for it."""

from __future__ import annotations

import pytest
from django.db import connection

from haicap.kernel.contract import carriers

#: tables without a carrier, each with its reason
EXEMPT = {
    "reorganisation_decision": "the engine's own: what a person decided after a cut-over, by desk and agency",
}

# Tables whose foreign keys point at a unit, an agency or a desk, found in the catalogue of the database; and those
# with a uuid column named after one of them, for tables on a floor below, which cannot have the key.
_REFERRING = """
    SELECT DISTINCT table_.relname FROM pg_constraint key
    JOIN pg_class table_ ON table_.oid = key.conrelid
    WHERE key.contype = 'f'
      AND key.confrelid IN ('registry_unit'::regclass, 'registry_agency'::regclass, 'registry_desk'::regclass)
    UNION
    SELECT table_.relname FROM pg_attribute column_
    JOIN pg_class table_ ON table_.oid = column_.attrelid AND table_.relkind IN ('r', 'p')
    WHERE table_.relnamespace = 'public'::regnamespace AND NOT column_.attisdropped
      AND column_.atttypid = 'uuid'::regtype AND column_.attname ~ '(^|_)(unit|agency|desk)_id$'
    ORDER BY 1
"""


def unclaimed() -> list[str]:
    """Tables that refer to a unit, an agency or a desk, and no carrier says what becomes of their rows."""
    claimed = {table for carrier in carriers() for table in carrier.tables}
    with connection.cursor() as cursor:
        cursor.execute(_REFERRING)
        return [name for (name,) in cursor.fetchall() if name not in claimed and name not in EXEMPT]


@pytest.mark.django_db
def test_contract__every_referring_table__has_a_carrier() -> None:
    assert unclaimed() == []


@pytest.mark.django_db
def test_contract__claimed_tables__exist_and_are_claimed_once() -> None:
    claimed = [table for carrier in carriers() for table in carrier.tables]
    assert len(claimed) == len(set(claimed))
    existing = connection.introspection.table_names()
    assert set(claimed) <= set(existing)
    assert {table for carrier in carriers() for table in carrier.locks} <= set(existing)
    assert set(EXEMPT) <= set(existing)


@pytest.mark.django_db
@pytest.mark.parametrize(
    "columns",
    [
        "unit_id uuid REFERENCES registry_unit",
        "where_it_lies uuid REFERENCES registry_desk",
        "owner uuid REFERENCES registry_agency",
        "receiving_agency_id uuid",
    ],
)
def test_contract__table_without_a_carrier__is_found(columns: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE TABLE forgotten (id uuid PRIMARY KEY, {columns})")
    assert unclaimed() == ["forgotten"]


@pytest.mark.django_db
def test_contract__tables_without_any_reference__need_no_carrier() -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE TABLE harmless (id uuid PRIMARY KEY, person_id uuid REFERENCES registry_person)"
        )
    assert unclaimed() == []
