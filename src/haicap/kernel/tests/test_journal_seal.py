"""Sealing: everything finished is chained, and nobody waits for it."""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from django.db import connection, transaction

from haicap.kernel import journal
from haicap.kernel.actor import SYSTEM
from haicap.kernel.journal import sealing
from haicap.kernel.journal.canonical import ROOT
from haicap.kernel.models import JournalEntry, JournalSeal
from haicap.kernel.tests.factories import entries_made, seal_everything
from haicap.kernel.tests.threads import Worker

INSERT = "INSERT INTO kernel_journal (action, actor_label, correlation_id) VALUES ('a.b', %s, %s)"


@pytest.fixture
def other(committed: None) -> Iterator[psycopg.Connection[Any]]:
    """A second connection with an open transaction of its own."""
    with psycopg.connect(**connection.get_connection_params()) as opened:
        yield opened
        opened.rollback()


def _sealed_ids() -> list[uuid.UUID]:
    return list(JournalSeal.objects.order_by("position").values_list("entry_id", flat=True))


def test_seal__empty_journal__has_the_root_as_head(committed: None) -> None:
    assert journal.seal() == journal.Sealing(0, 0, ROOT.hex())
    assert journal.verify().as_dict() == {
        "sound": True,
        "sealed": 0,
        "unsealed": 0,
        "head": ROOT.hex(),
        "head_position": None,
        "first": None,
        "damages": [],
    }


def test_seal__finished_entries__in_their_order_once(committed: None) -> None:
    made = entries_made(7)
    seal_everything()
    assert _sealed_ids() == made
    assert list(JournalSeal.objects.order_by("position").values_list("position", flat=True)) == list(
        range(1, 8)
    )
    again = journal.seal()
    assert (again.sealed, again.position) == (0, 7)
    assert _sealed_ids() == made


def test_seal__batches__make_one_chain(committed: None) -> None:
    made = entries_made(11)
    seal_everything(batch=3)
    assert _sealed_ids() == made
    verified = journal.verify(chunk=2)
    assert (verified.sound, verified.sealed, verified.unsealed) == (True, 11, 0)


def test_seal__limit__stops_there(committed: None) -> None:
    made = entries_made(5)
    seal_everything(wanted=3, limit=1)
    assert _sealed_ids() == made[:3]
    assert journal.verify().unsealed == 2


def test_seal__inside_a_transaction__is_refused(committed: None) -> None:
    with pytest.raises(RuntimeError, match="durable"), transaction.atomic():
        journal.seal()


def test_seal__running_transaction__it_and_what_came_after_wait(other: psycopg.Connection[Any]) -> None:
    """Numbers are given in one order and transactions end in another: a late one must find its place free."""
    (before,) = entries_made(1)
    seal_everything()
    other.execute(INSERT, ["early number, late commit", uuid.uuid4()])
    (after,) = entries_made(1)
    sealed = journal.seal()
    assert (sealed.sealed, sealed.busy) == (0, False)
    assert journal.unsealed() == 1
    other.commit()
    seal_everything()
    late = JournalEntry.objects.get(actor_label="early number, late commit")
    assert _sealed_ids() == [before, late.id, after]
    assert journal.verify().sound


def test_seal__transaction_rolled_back__leaves_no_gap(other: psycopg.Connection[Any]) -> None:
    other.execute(INSERT, ["never", uuid.uuid4()])
    (kept,) = entries_made(1)
    other.rollback()
    seal_everything()
    assert _sealed_ids() == [kept]
    assert journal.verify().sound


def test_seal__writer_open__sealer_does_not_wait(other: psycopg.Connection[Any]) -> None:
    made = entries_made(2)
    seal_everything(wanted=2)
    other.execute(INSERT, ["open", uuid.uuid4()])
    with connection.cursor() as cursor:
        cursor.execute("SET lock_timeout = '1ms'")  # any wait for the writer would be an error
    assert journal.seal().busy is False
    assert _sealed_ids() == made


def test_seal__sealer_open__writers_do_not_wait_and_second_sealer_leaves(
    other: psycopg.Connection[Any], guarded: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    entries_made(3)
    seal_everything(wanted=1, limit=1)
    in_the_middle, go_on = threading.Event(), threading.Event()
    write_seals = sealing._write_seals

    def stopping(*given: Any) -> Any:
        written = write_seals(*given)
        in_the_middle.set()
        assert go_on.wait(30)
        return written

    monkeypatch.setattr(sealing, "_write_seals", stopping)
    sealer = Worker(journal.seal)
    assert in_the_middle.wait(30)
    try:
        with connection.cursor() as cursor:
            cursor.execute("SET lock_timeout = '1ms'")
        with journal.act(SYSTEM, "test.meanwhile") as doing, connection.cursor() as cursor:
            cursor.execute(f"INSERT INTO {guarded} VALUES (1, 1)")
            doing.changed("row", None, None, {})
        assert journal.seal().busy is True
        assert journal.verify().sound
    finally:
        go_on.set()
    sealer.result()
    monkeypatch.undo()
    seal_everything()
    assert len(_sealed_ids()) == 4
    assert journal.verify().sound


def test_seal__fails_in_the_middle__starts_again_where_it_was(
    committed: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = entries_made(4)
    write_seals = sealing._write_seals

    def failing(*given: Any) -> Any:
        write_seals(*given)
        raise OSError("no space left on device")

    monkeypatch.setattr(sealing, "_write_seals", failing)
    with pytest.raises(OSError, match="no space"):
        journal.seal()
    monkeypatch.undo()
    assert _sealed_ids() == []
    seal_everything()
    assert _sealed_ids() == made


def test_seal__database_came_to_another_server__old_entries_are_finished_and_come_first(
    committed: None,
) -> None:
    """There the transaction ids start anew, below those of the entries that came along."""
    (old,) = entries_made(1)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute("UPDATE kernel_journal_era SET system = system + 1")
        cursor.execute("UPDATE kernel_journal SET xid = '9000000000000000000'")
    try:
        assert journal.seal().sealed == 1
        (new,) = entries_made(1)
        seal_everything()
        assert _sealed_ids() == [old, new]
        assert journal.verify().sound
        assert list(JournalEntry.objects.order_by("era").values_list("id", flat=True)) == [old, new]
    finally:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SET LOCAL session_replication_role = replica")
            cursor.execute("DELETE FROM kernel_journal_era WHERE id > 1")
            cursor.execute("UPDATE kernel_journal_era SET system = system - 1")


def test_seal__transaction_ids_grow_by_a_digit__the_order_is_that_of_numbers(committed: None) -> None:
    """As texts, 100 comes before 99: the chain would end on an entry that is not the last, and seal twice."""
    made = entries_made(4)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        for entry, xid in zip(made, (9, 10, 99, 100), strict=True):
            cursor.execute("UPDATE kernel_journal SET xid = %s::text::xid8 WHERE id = %s", [xid, entry])
    assert journal.seal(batch=3).sealed == 4
    assert _sealed_ids() == made
    assert journal.seal().sealed == 0
    assert journal.verify().sound


def test_seal__eight_writers_at_once__nothing_lost_nobody_waits(guarded: str) -> None:
    """Lock waits are looked up in the server, not guessed from durations."""
    writers, each, start = 8, 25, threading.Barrier(9)
    stop = threading.Event()

    def write(writer: int) -> set[uuid.UUID]:
        kept: set[uuid.UUID] = set()
        start.wait(30)
        for number in range(each):
            try:
                with journal.act(SYSTEM, "test.storm") as doing, connection.cursor() as cursor:
                    cursor.execute(f"INSERT INTO {guarded} VALUES (%s, 0)", [writer * 1000 + number])
                    record_id = uuid.uuid4()
                    doing.changed("row", record_id, None, {"n": number})
                    if number % 5 == 4:
                        raise ZeroDivisionError
                    with journal.act(SYSTEM, "test.inner") as inner:
                        inner.changed("row", record_id, {"n": number}, None)
                kept.add(record_id)
            except ZeroDivisionError:
                pass
        return kept

    def watch() -> tuple[int, list[Any]]:
        looks, waits = 0, []
        with psycopg.connect(**connection.get_connection_params(), autocommit=True) as watching:
            while not stop.is_set():
                waits += watching.execute(
                    "SELECT locktype, mode, relation::regclass::text FROM pg_locks"
                    " WHERE NOT granted AND locktype <> 'extend'"  # growing a file is the disk's wait
                    " AND pid IN (SELECT pid FROM pg_stat_activity WHERE datname = current_database())"
                ).fetchall()
                looks += 1
        return looks, waits

    threads = [Worker(lambda writer=writer: write(writer)) for writer in range(writers)]
    watcher = Worker(watch)
    start.wait(30)
    sealed_meanwhile = 0
    while any(thread.is_alive() for thread in threads):
        sealed_meanwhile += journal.seal(batch=7).sealed
    kept = set().union(*(thread.result() for thread in threads))
    stop.set()
    looks, waits = watcher.result()
    seal_everything()

    assert waits == []
    assert looks > 10
    assert sealed_meanwhile > 0
    assert len(kept) == writers * each * 4 // 5
    assert JournalEntry.objects.count() == 2 * len(kept)
    assert set(JournalEntry.objects.values_list("record_id", flat=True)) == kept
    assert _sealed_ids() == list(
        JournalEntry.objects.order_by("era", "xid", "id").values_list("id", flat=True)
    )
    assert journal.verify().sound


def test_seal__while_others_write__is_never_ahead_of_an_open_transaction(
    other: psycopg.Connection[Any],
) -> None:
    other.execute(INSERT, ["open", uuid.uuid4()])
    row = other.execute("SELECT pg_current_xact_id()::text::bigint").fetchone()
    assert row is not None
    until = time.monotonic() + 0.2
    while time.monotonic() < until:
        entries_made(3)
        journal.seal()
        assert not JournalSeal.objects.filter(xid__gte=row[0]).exists()
