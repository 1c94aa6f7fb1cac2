"""The database's rule: a write to a guarded table commits only with a journal entry of its transaction."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import psycopg
import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction

from haicap.kernel import journal
from haicap.kernel.actor import SYSTEM
from haicap.kernel.errors import BadInput
from haicap.kernel.models import JournalEntry


def _run(sql: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql)


def _count(table: str) -> int:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT count(*) FROM {table}")
        return int(cursor.fetchone()[0])


def _record() -> None:
    journal.note(SYSTEM, "test.record")


def _refused() -> object:
    return pytest.raises(IntegrityError, match="without a journal entry")


@pytest.fixture
def filled(guarded: str) -> str:
    """A guarded table with rows 1 to 5."""
    with journal.act(SYSTEM, "test.arrange") as doing:
        _run(f"INSERT INTO {guarded} SELECT i, 0 FROM generate_series(1, 5) AS i")
        doing.changed("row", None, None, {"count": 5})
    return guarded


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO {} VALUES (9, 0)",
        "UPDATE {} SET n = 1 WHERE id = 1",
        "DELETE FROM {} WHERE id = 1",
        "INSERT INTO {} VALUES (1, 0) ON CONFLICT (id) DO UPDATE SET n = 7",
        "MERGE INTO {} t USING (SELECT 1 AS id) s ON t.id = s.id WHEN MATCHED THEN UPDATE SET n = 3",
        "WITH gone AS (DELETE FROM {} WHERE id = 2 RETURNING id) SELECT * FROM gone",
    ],
)
def test_guard__bare_write__does_not_commit(filled: str, statement: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT array_agg(t ORDER BY id)::text FROM {filled} AS t")
        before = cursor.fetchone()
    with _refused():
        _run(statement.format(filled))
    with _refused(), transaction.atomic():
        _run(statement.format(filled))
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT array_agg(t ORDER BY id)::text FROM {filled} AS t")
        assert cursor.fetchone() == before
    assert _count("kernel_journal_debt") == 0


def test_guard__copy__does_not_commit(guarded: str) -> None:
    def copy() -> None:
        with connection.cursor() as cursor, cursor.copy(f"COPY {guarded} FROM STDIN") as rows:
            for number in range(1000):
                rows.write_row((number, number))

    with pytest.raises((IntegrityError, psycopg.IntegrityError), match="without a journal entry"):
        copy()
    assert _count(guarded) == 0
    with transaction.atomic():
        copy()
        _record()
    assert _count(guarded) == 1000


def test_guard__set_based_write__one_debt_and_one_entry_will_do(guarded: str) -> None:
    with transaction.atomic():
        _run(f"INSERT INTO {guarded} SELECT i, 0 FROM generate_series(1, 300000) AS i")
        _run(f"UPDATE {guarded} SET n = 1")
        assert _count("kernel_journal_debt") == 1
        _record()
    assert _count(guarded) == 300_000
    assert _count("kernel_journal_debt") == 0


def test_guard__entry_before_or_after_the_write__commits(guarded: str) -> None:
    with transaction.atomic():
        _record()
        _run(f"INSERT INTO {guarded} VALUES (1, 0)")
    with transaction.atomic():
        _run(f"INSERT INTO {guarded} VALUES (2, 0)")
        _record()
    assert _count(guarded) == 2
    assert _count("kernel_journal_debt") == 0


def test_guard__entry_of_an_earlier_transaction__does_not_pay(guarded: str) -> None:
    _record()
    with _refused():
        _run(f"INSERT INTO {guarded} VALUES (1, 0)")


def test_guard__entry_of_a_transaction_running_beside__does_not_pay(guarded: str) -> None:
    with psycopg.connect(**connection.get_connection_params()) as other:
        other.execute(
            "INSERT INTO kernel_journal (action, actor_label, correlation_id) VALUES ('a.b', 'x', %s)",
            [uuid.uuid4()],
        )
        with _refused():
            _run(f"INSERT INTO {guarded} VALUES (1, 0)")


def test_guard__nothing_met__is_no_write(guarded: str) -> None:
    _run(f"UPDATE {guarded} SET n = 1")
    _run(f"DELETE FROM {guarded}")
    with transaction.atomic():
        _run(f"UPDATE {guarded} SET n = 1")
    assert not JournalEntry.objects.exists()


class _Back(Exception):
    pass


def _write(table: str, row_id: int) -> Callable[[], None]:
    return lambda: _run(f"INSERT INTO {table} VALUES ({row_id}, 0)")


def _savepoint(*steps: Callable[[], None], keep: bool) -> None:
    try:
        with transaction.atomic():
            for step in steps:
                step()
            if not keep:
                raise _Back
    except _Back:
        pass


def test_guard__savepoint_that_wrote_first_rolled_back__owes_nothing(guarded: str) -> None:
    with transaction.atomic():
        _savepoint(_write(guarded, 1), keep=False)
        assert _count("kernel_journal_debt") == 0
    assert _count(guarded) == 0


def test_guard__savepoint_that_wrote_first_rolled_back__later_write_still_owes(guarded: str) -> None:
    with _refused(), transaction.atomic():
        _savepoint(_write(guarded, 1), keep=False)
        _write(guarded, 2)()
    assert _count(guarded) == 0


def test_guard__entry_only_in_a_savepoint_rolled_back__does_not_pay(guarded: str) -> None:
    with _refused(), transaction.atomic():
        _write(guarded, 1)()
        _savepoint(_record, keep=False)
    assert _count(guarded) == 0


def test_guard__kept_savepoint__pays(guarded: str) -> None:
    with transaction.atomic():
        _savepoint(_write(guarded, 1), _savepoint_of_entry, keep=True)
    assert _count(guarded) == 1


def _savepoint_of_entry() -> None:
    _savepoint(_record, keep=True)


def test_guard__debt_row_taken_away_by_hand__still_refused(guarded: str) -> None:
    with _refused(), transaction.atomic():
        _write(guarded, 1)()
        _run("DELETE FROM kernel_journal_debt")


@pytest.mark.parametrize(
    "statement",
    [
        "RESET ALL",
        "SET CONSTRAINTS ALL DEFERRED",
        "SET LOCAL haicap.journal_debt = 'paid'",
        "SET LOCAL haicap.truncate = 'allowed'",
    ],
)
def test_guard__session_settings__change_nothing(guarded: str, statement: str) -> None:
    with _refused(), transaction.atomic():
        _run(statement)
        _write(guarded, 1)()
        _run(statement)
    assert _count(guarded) == 0


def test_guard__constraints_checked_at_once__refuses_at_once_and_pays_at_once(guarded: str) -> None:
    with _refused(), transaction.atomic():
        _write(guarded, 1)()
        _run("SET CONSTRAINTS ALL IMMEDIATE")
    with transaction.atomic():
        _write(guarded, 1)()
        _record()
        _run("SET CONSTRAINTS ALL IMMEDIATE")
        _write(guarded, 2)()
    assert _count(guarded) == 2
    assert _count("kernel_journal_debt") == 0


def test_guard__paid_inside_a_savepoint_rolled_back__owes_again(guarded: str) -> None:
    with _refused(), transaction.atomic():
        _write(guarded, 1)()
        _savepoint(_record, lambda: _run("SET CONSTRAINTS ALL IMMEDIATE"), keep=False)
    assert _count(guarded) == 0


def test_guard__serializable__is_the_same(guarded: str) -> None:
    for level in ("REPEATABLE READ", "SERIALIZABLE"):
        with _refused(), transaction.atomic():
            _run(f"SET TRANSACTION ISOLATION LEVEL {level}")
            _write(guarded, 1)()
        with transaction.atomic():
            _run(f"SET TRANSACTION ISOLATION LEVEL {level}")
            _write(guarded, 1)()
            _record()
            _run(f"DELETE FROM {guarded}")
    assert _count(guarded) == 0


def test_journal__stamps__cannot_be_forged(guarded: str) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO kernel_journal (action, actor_label, correlation_id, xid, at, real_at, era)"
            " VALUES ('a.b', 'x', kernel_new_id(), '7', 'epoch', 'epoch', 99)"
            " RETURNING xid = pg_current_xact_id(), at = now(), real_at >= now(), era = kernel_current_era()"
        )
        assert cursor.fetchone() == (True, True, True, True)


@pytest.mark.parametrize("table", ["kernel_journal", "kernel_journal_seal", "kernel_journal_era"])
@pytest.mark.parametrize("statement", ["UPDATE {} SET era = 1", "DELETE FROM {}", "TRUNCATE {}"])
def test_journal__altering_it__is_refused_for_the_owner_too(
    committed: None, table: str, statement: str
) -> None:
    if table == "kernel_journal_era":
        statement = statement.replace("era", "system")
    _record()
    with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():  # noqa: PT012
        _run("SET LOCAL haicap.truncate = 'refused'")
        _run(statement.format(table))
    assert JournalEntry.objects.count() == 1


def test_guard__truncate__is_refused(filled: str) -> None:
    with pytest.raises(IntegrityError, match="TRUNCATE is refused"), transaction.atomic():  # noqa: PT012
        _run("SET LOCAL haicap.truncate = 'refused'")
        _run(f"TRUNCATE {filled}")
    assert _count(filled) == 5


@contextmanager
def _elsewhere() -> Iterator[None]:
    """As if this database had just come to another server."""

    def unlocked(statement: str) -> None:
        with transaction.atomic():
            _run("SET LOCAL session_replication_role = replica")
            _run(statement)

    unlocked("UPDATE kernel_journal_era SET system = system + 1")
    yield
    unlocked("DELETE FROM kernel_journal_era WHERE id > 1; UPDATE kernel_journal_era SET system = system - 1")


def test_guard__database_came_to_another_server__old_numbers_pay_for_nothing(guarded: str) -> None:
    """A dump restored on a younger server meets transaction ids that stand in the journal already."""
    _record()
    with _elsewhere():
        with _refused(), transaction.atomic():
            _write(guarded, 1)()
            _run("SET LOCAL session_replication_role = replica")
            _run("UPDATE kernel_journal SET xid = pg_current_xact_id()")  # the clash
            _run("SET LOCAL session_replication_role = origin")
        with transaction.atomic():
            _write(guarded, 1)()
            _record()
    first, second = JournalEntry.objects.order_by("era")
    assert second.era == first.era + 1
    assert _count(guarded) == 1


def test_guarded_tables__names_them(guarded: str) -> None:
    assert guarded in journal.guarded_tables()
    _run(f"ALTER TABLE {guarded} DISABLE TRIGGER kernel_journal_guard")
    assert guarded not in journal.guarded_tables()


def test_guard_sql__backward__takes_it_away(guarded: str) -> None:
    _forward, backward = journal.guard_sql(guarded)
    _run(backward)
    _write(guarded, 1)()
    assert _count(guarded) == 1
    assert guarded not in journal.guarded_tables()


@pytest.mark.parametrize("name", ["a b", "a;DROP TABLE x", 'a"', "", "A", "a" * 64])
def test_guard_sql__no_table_name__is_refused(name: str) -> None:
    with pytest.raises(BadInput) as refused:
        journal.guard_sql("fine", name)
    assert refused.value.code == "KRN-201"


def test_guard__ordinary_test_transaction__is_checked_by_django(db: None) -> None:
    """Django's test transaction asks the same question by `check_constraints()` before it rolls back."""
    with pytest.raises(DatabaseError, match="without a journal entry"), transaction.atomic():  # noqa: PT012
        _run("CREATE TABLE kernel_test_short (id integer)")
        _run(journal.guard_sql("kernel_test_short")[0])
        _run("INSERT INTO kernel_test_short VALUES (1)")
        connection.check_constraints()
