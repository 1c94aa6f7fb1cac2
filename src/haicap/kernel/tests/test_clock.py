"""The clock: Python's and SQL's agree, whatever shift, transaction, thread or connection."""

# ruff: noqa: PT012 (the transaction block is what is tested, so it stands inside `raises`)

from __future__ import annotations

import contextvars
import datetime as dt
import json
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction
from hypothesis import given, settings
from hypothesis import strategies as st

from haicap.kernel import clock, shared_value

HOUR = dt.timedelta(hours=1)
DAY = dt.timedelta(days=1)


def sql_now() -> dt.datetime:
    with connection.cursor() as cursor:
        cursor.execute("SELECT kernel_clock_now()")
        return cursor.fetchone()[0]


def sql_shift() -> dt.timedelta:
    """How far SQL's clock stands from the server's: exact, since both are the start of the transaction."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT kernel_clock_now() - now()")
        return cursor.fetchone()[0]


def assert_agree() -> None:
    assert sql_shift() == clock.current_shift()


@pytest.fixture
def committing(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    """Transactions that really commit; the tests write nothing that would have to be flushed."""
    with django_db_blocker.unblock():
        yield


@pytest.fixture
def deployment_clock(committing: None) -> Iterator[None]:
    yield
    clock.set_deployment_shift(dt.timedelta(0))
    assert clock.deployment_shift() == dt.timedelta(0)


def test_clock__now__is_vietnamese_and_real() -> None:
    before = dt.datetime.now(dt.UTC)  # noqa: TID251 (compares with the real clock)
    now = clock.now()
    after = dt.datetime.now(dt.UTC)  # noqa: TID251
    assert before <= now <= after
    assert now.tzinfo is clock.ZONE
    assert now.utcoffset() == dt.timedelta(hours=7)


def test_clock__today__is_the_day_in_vietnam() -> None:
    with clock.at(dt.datetime(2025, 6, 30, 17, 0, 1, tzinfo=dt.UTC)):
        assert clock.today() == dt.date(2025, 7, 1)


@pytest.mark.django_db
def test_clock__sql__agrees_without_a_shift() -> None:
    assert abs(sql_now() - clock.now()) < dt.timedelta(minutes=5)
    assert_agree()


@pytest.mark.django_db
def test_clock__shifted__moves_both_and_gives_back() -> None:
    before = clock.now()
    with clock.shifted(30 * DAY):
        assert 30 * DAY <= clock.now() - before < 30 * DAY + HOUR
        assert_agree()
        with clock.shifted(-HOUR):
            assert clock.current_shift() == 30 * DAY - HOUR
            assert_agree()
        assert clock.current_shift() == 30 * DAY
        assert_agree()
    assert clock.current_shift() == dt.timedelta(0)
    assert_agree()


@pytest.mark.django_db
def test_clock__at__shows_the_instant_and_runs_on() -> None:
    instant = dt.datetime(2025, 7, 1, 0, 0, tzinfo=clock.ZONE)
    with clock.at(instant):
        first = clock.now()
        assert instant <= first < instant + dt.timedelta(seconds=5)
        assert clock.now() > first
        assert_agree()
    assert_agree()


def test_clock__at__refuses_an_instant_without_zone() -> None:
    with pytest.raises(ValueError, match="zone"), clock.at(dt.datetime(2025, 7, 1)):  # noqa: DTZ001
        pass


@pytest.mark.django_db
@settings(max_examples=25, deadline=None)
@given(shift=st.timedeltas(min_value=dt.timedelta(days=-30000), max_value=dt.timedelta(days=30000)))
def test_clock__any_shift__is_exact_in_sql(shift: dt.timedelta) -> None:
    with clock.shifted(shift):
        assert sql_shift() == shift


@pytest.mark.django_db
def test_clock__shift__holds_in_a_savepoint_and_after_its_rollback() -> None:
    with clock.shifted(DAY):
        with pytest.raises(ZeroDivisionError), transaction.atomic(), clock.shifted(HOUR):
            assert_agree()
            raise ZeroDivisionError
        assert_agree()
        with transaction.atomic():
            assert_agree()
    assert_agree()


@pytest.mark.django_db
def test_clock__database_error__leaves_the_outer_shift() -> None:
    with clock.shifted(DAY):
        with pytest.raises(DatabaseError), transaction.atomic(), clock.shifted(HOUR):
            connection.cursor().execute("SELECT 1/0")
        assert clock.current_shift() == DAY
        assert_agree()
    assert_agree()


@pytest.mark.django_db
def test_clock__savepoint_rolled_back_after_the_shift_was_left__agrees() -> None:
    """The shift is left inside the savepoint; the rollback gives the setting of its beginning back."""
    entered = clock.shifted(DAY)
    entered.__enter__()
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        assert_agree()
        entered.__exit__(None, None, None)
        assert_agree()
        raise ZeroDivisionError
    assert clock.current_shift() == dt.timedelta(0)
    assert_agree()


@pytest.mark.django_db
def test_clock__database_error_after_the_shift_was_left__agrees() -> None:
    entered = clock.shifted(DAY)
    entered.__enter__()
    with pytest.raises(DatabaseError), transaction.atomic():
        assert_agree()
        try:
            connection.cursor().execute("SELECT 1/0")
        finally:
            entered.__exit__(None, None, None)
    assert_agree()


def test_clock__transaction_rolled_back_inside_a_shift_begun_in_it__agrees(committing: None) -> None:
    block = transaction.atomic()
    block.__enter__()
    entered = clock.shifted(DAY)
    entered.__enter__()
    assert_agree()
    block.__exit__(ZeroDivisionError, ZeroDivisionError(), None)  # takes the session setting back with it
    assert_agree()
    with transaction.atomic():
        assert_agree()
    entered.__exit__(None, None, None)
    assert_agree()


def test_clock__whole_transaction_fails_in_a_shift__agrees_before_and_after(committing: None) -> None:
    with clock.shifted(DAY):
        with pytest.raises(DatabaseError), transaction.atomic(), clock.shifted(DAY):
            assert_agree()
            connection.cursor().execute("SELECT 1/0")
        assert_agree()
    assert_agree()
    with transaction.atomic():
        assert_agree()


def test_clock__new_connection__takes_the_shift(committing: None) -> None:
    with clock.shifted(DAY):
        connection.close()
        assert_agree()
    assert_agree()
    connection.close()
    assert_agree()


def test_clock__threads__follow_their_own_context(committing: None) -> None:
    seen: dict[str, tuple[dt.timedelta, dt.timedelta]] = {}

    def look(name: str) -> None:
        try:
            seen[name] = (sql_shift(), clock.current_shift())
        finally:
            connection.close()

    with clock.shifted(DAY):
        inside = contextvars.copy_context()
        threads = [
            threading.Thread(target=look, args=("plain",)),
            threading.Thread(target=inside.run, args=(look, "copied")),
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert seen == {"plain": (dt.timedelta(0), dt.timedelta(0)), "copied": (DAY, DAY)}


def test_clock__thread_with_an_open_connection__follows_each_context_it_runs(committing: None) -> None:
    """A worker's connection was open before the shift: it follows at its next statement, and back."""
    seen: list[dt.timedelta] = []
    with clock.shifted(DAY):
        shifted = contextvars.copy_context()

    def work() -> None:
        try:
            seen.append(sql_shift())
            seen.append(shifted.run(sql_shift))
            seen.append(sql_shift())
        finally:
            connection.close()

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert seen == [dt.timedelta(0), DAY, dt.timedelta(0)]


def test_clock__deployment_shift__is_followed_by_both(deployment_clock: None) -> None:
    clock.set_deployment_shift(400 * DAY)
    assert clock.current_shift() == 400 * DAY
    assert_agree()
    with clock.shifted(HOUR):
        assert clock.current_shift() == 400 * DAY + HOUR
        assert_agree()
    assert_agree()


def test_clock__deployment_shift_rolled_back__is_forgotten(deployment_clock: None) -> None:
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        clock.set_deployment_shift(DAY)
        assert_agree()
        assert clock.current_shift() == DAY
        raise ZeroDivisionError
    assert clock.current_shift() == dt.timedelta(0)
    assert_agree()


def test_clock__deployment_shift_of_another_process__is_read_again_in_time(
    deployment_clock: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert clock.current_shift() == dt.timedelta(0)
    with connection.cursor() as cursor:  # as another process would
        cursor.execute("UPDATE kernel_clock SET shift = '1 day'")
    real = shared_value.time.monotonic
    monkeypatch.setattr(shared_value.time, "monotonic", lambda: real() + shared_value.REREAD_S + 1)
    assert clock.current_shift() == DAY
    with connection.cursor() as cursor:
        cursor.execute("UPDATE kernel_clock SET shift = '0'")
    monkeypatch.setattr(shared_value.time, "monotonic", lambda: real() + 3 * shared_value.REREAD_S)
    assert clock.current_shift() == dt.timedelta(0)
    monkeypatch.undo()
    clock._deployment_shift.changed_here()  # the real monotonic time lies before what was cached


@pytest.mark.django_db
def test_clock__now__asks_no_query_of_the_page(django_assert_num_queries: object) -> None:
    clock._deployment_shift.changed_here()
    with django_assert_num_queries(0):  # type: ignore[operator]
        for _ in range(3):
            clock.now()


@pytest.mark.django_db
def test_clock__now__works_in_a_broken_transaction() -> None:
    with pytest.raises(DatabaseError), transaction.atomic():
        try:
            connection.cursor().execute("SELECT 1/0")
        finally:
            clock._deployment_shift.changed_here()
            assert clock.now().tzinfo is clock.ZONE
    assert_agree()


def test_clock__other_clocks__are_refused_by_the_linter(tmp_path: Path) -> None:
    project = Path(__file__).resolve().parents[4] / "pyproject.toml"
    sample = tmp_path / "sample.py"
    sample.write_text(
        "import datetime as dt\nimport time\nfrom datetime import date, datetime\n\n"
        "from django.db.models.functions import Now\nfrom django.utils import timezone\n\n"
        "values = [\n    timezone.now(),\n    timezone.localdate(),\n    datetime.now(dt.UTC),\n"
        "    dt.datetime.now(dt.UTC),\n    datetime.utcnow(),\n    datetime.today(),\n    date.today(),\n"
        "    time.time(),\n    Now(),\n]\n"
    )
    ruff = ["ruff", "check", "--no-cache", "--config", str(project), "--output-format", "json", str(sample)]
    found = json.loads(subprocess.run(ruff, capture_output=True, text=True, check=False).stdout)
    banned = {item["location"]["row"] for item in found if item["code"] == "TID251"}
    assert banned == {5, *range(9, 17)}  # the import of Now, and every other call
