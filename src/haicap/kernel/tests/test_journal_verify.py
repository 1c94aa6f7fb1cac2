"""Verification: whoever may do everything in the database still leaves a trace."""

from __future__ import annotations

import tracemalloc
import uuid

import pytest
from django.db import connection, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from haicap.kernel import journal
from haicap.kernel.journal import DamageKind
from haicap.kernel.tests.factories import entries_made, seal_everything


def tamper(*statements: str) -> None:
    """Do what a superuser can do: switch the triggers off, then alter what is written."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        for statement in statements:
            cursor.execute(statement)


@pytest.fixture
def sealed(committed: None) -> list[uuid.UUID]:
    """Six sealed entries; their ids in the order of the chain."""
    made = entries_made(6)
    seal_everything()
    return made


COLUMNS = {
    "at": "at + interval '1 microsecond'",
    "real_at": "real_at - interval '1 day'",
    "action": "'test.other'",
    "actor_label": "actor_label || ' '",
    "actor_person_id": "kernel_new_id()",
    "actor_post_id": "kernel_new_id()",
    "reason": "''",
    "resolution": "'1/QĐ'",
    "correlation_id": "kernel_new_id()",
    "record": "'other'",
    "record_id": "NULL",
    "before": "NULL",
    "after": """after || '{"n": 99}'""",
    "era": "era - 1",
    "xid": "'1'",
}


def test_columns__all_of_the_table__are_hashed() -> None:
    from haicap.kernel.models import JournalEntry

    assert set(COLUMNS) | {"id"} == {field.column for field in JournalEntry._meta.fields}


@pytest.mark.parametrize("column", COLUMNS)
def test_verify__column_altered__names_the_entry(sealed: list[uuid.UUID], column: str) -> None:
    tamper(f"UPDATE kernel_journal SET {column} = {COLUMNS[column]} WHERE id = '{sealed[2]}'")
    verified = journal.verify(most=10)
    assert [(d.kind, d.position, d.entry_id) for d in verified.damages] == [
        (DamageKind.ALTERED, 3, sealed[2])
    ]
    assert verified.damages[0].at is not None
    assert verified.damages[0].sealed_at is not None
    assert str(sealed[2]) in verified.damages[0].text


def test_verify__value_moved_to_the_next_column__is_an_alteration(sealed: list[uuid.UUID]) -> None:
    """Lengths are hashed too: the same letters in other columns are another entry."""
    tamper(f"UPDATE kernel_journal SET resolution = reason, reason = '' WHERE id = '{sealed[1]}'")
    assert journal.verify().damages[0].kind == DamageKind.ALTERED
    assert journal.verify().damages[0].position == 2


def test_verify__json_altered_back__is_sound(sealed: list[uuid.UUID]) -> None:
    tamper(
        """UPDATE kernel_journal SET after = '{"n": 1, "x": 1}'""",
        """UPDATE kernel_journal SET after = after - 'x'""",
    )
    assert [d.position for d in journal.verify(most=10).damages] == [1, 3, 4, 5, 6]


def test_verify__entry_deleted__is_missing(sealed: list[uuid.UUID]) -> None:
    tamper(f"DELETE FROM kernel_journal WHERE id = '{sealed[3]}'")
    verified = journal.verify(most=10)
    assert [(d.kind, d.position, d.entry_id) for d in verified.damages] == [
        (DamageKind.MISSING, 4, sealed[3])
    ]
    assert verified.damages[0].sealed_at is not None


def test_verify__last_entries_deleted__are_missing(sealed: list[uuid.UUID]) -> None:
    tamper(f"DELETE FROM kernel_journal WHERE id IN ('{sealed[4]}', '{sealed[5]}')")
    assert [(d.kind, d.position) for d in journal.verify(most=10).damages] == [
        (DamageKind.MISSING, 5),
        (DamageKind.MISSING, 6),
    ]


@pytest.mark.parametrize("place", [0, 2, 5])
def test_verify__entry_slipped_in__is_found(sealed: list[uuid.UUID], place: int) -> None:
    slipped = uuid.uuid4()
    tamper(
        "INSERT INTO kernel_journal (id, era, xid, action, actor_label, correlation_id)"
        f" SELECT '{slipped}', era, (xid::text::bigint - 1)::text::xid8, 'test.slipped', 'x', correlation_id"
        f" FROM kernel_journal WHERE id = '{sealed[place]}'"
    )
    (damage,) = journal.verify(most=10).damages
    assert (damage.kind, damage.position, damage.entry_id) == (DamageKind.INSERTED, place + 1, slipped)
    assert (damage.action, damage.actor) == ("test.slipped", "x")


def test_verify__entry_replaced__is_missing_and_inserted(sealed: list[uuid.UUID]) -> None:
    tamper(f"UPDATE kernel_journal SET id = '{uuid.UUID(int=1)}' WHERE id = '{sealed[2]}'")
    kinds = {(d.kind, d.position) for d in journal.verify(most=10).damages}
    assert kinds == {(DamageKind.INSERTED, 3), (DamageKind.MISSING, 3)}


def test_verify__two_entries_exchanged__are_altered(sealed: list[uuid.UUID]) -> None:
    a, b, spare = sealed[1], sealed[3], uuid.UUID(int=1)
    tamper(
        f"UPDATE kernel_journal SET id = '{spare}' WHERE id = '{a}'",
        f"UPDATE kernel_journal SET id = '{a}' WHERE id = '{b}'",
        f"UPDATE kernel_journal SET id = '{b}' WHERE id = '{spare}'",
    )
    damages = journal.verify(most=10).damages
    assert {(d.kind, d.position) for d in damages} == {(DamageKind.ALTERED, 2), (DamageKind.ALTERED, 4)}


@pytest.mark.parametrize(
    "change",
    [
        "row_hash = sha256('x')",
        "chain_hash = sha256('x')",
        "sealed_at = sealed_at - interval '1 year'",
        "era = era + 1",
        "xid = '5'",
        "entry_id = kernel_new_id()",
    ],
)
def test_verify__seal_altered__chain_is_broken_there(sealed: list[uuid.UUID], change: str) -> None:
    tamper(f"UPDATE kernel_journal_seal SET {change} WHERE position = 4")
    first = journal.verify().damages[0]
    assert (first.kind, first.position) == (DamageKind.CHAIN, 4)


def test_verify__two_seals_swapped__chain_is_broken_there(sealed: list[uuid.UUID]) -> None:
    tamper(
        "UPDATE kernel_journal_seal SET position = 100 WHERE position = 2",
        "UPDATE kernel_journal_seal SET position = 2 WHERE position = 5",
        "UPDATE kernel_journal_seal SET position = 5 WHERE position = 100",
    )
    verified = journal.verify(most=20)
    assert {d.kind for d in verified.damages} == {DamageKind.CHAIN}, "the entries themselves are as they were"
    assert verified.damages[0].position == 2


@pytest.mark.parametrize("position", [1, 3, 5])
def test_verify__seal_taken_away__chain_is_broken_there(sealed: list[uuid.UUID], position: int) -> None:
    tamper(f"DELETE FROM kernel_journal_seal WHERE position = {position}")
    first = journal.verify().damages[0]
    assert (first.kind, first.position) == (DamageKind.CHAIN, position)


def test_verify__seal_and_entry_taken_away_and_positions_closed__chain_is_broken(
    sealed: list[uuid.UUID],
) -> None:
    tamper(
        f"DELETE FROM kernel_journal WHERE id = '{sealed[2]}'",
        "DELETE FROM kernel_journal_seal WHERE position = 3",
        *(f"UPDATE kernel_journal_seal SET position = {p - 1} WHERE position = {p}" for p in (4, 5, 6)),
    )
    first = journal.verify().damages[0]
    assert (first.kind, first.position) == (DamageKind.CHAIN, 3)


def test_verify__tail_cut_off__only_the_head_on_paper_tells(sealed: list[uuid.UUID]) -> None:
    paper = journal.verify().head
    tamper(
        "DELETE FROM kernel_journal_seal WHERE position > 4",
        f"DELETE FROM kernel_journal WHERE id IN ('{sealed[4]}', '{sealed[5]}')",
    )
    assert journal.verify().sound, "a shorter chain is a chain"
    entries_made(2)
    seal_everything()
    assert journal.verify().sound
    verified = journal.verify(head=paper)
    assert [d.kind for d in verified.damages] == [DamageKind.HEAD]
    assert verified.head_position is None


def test_verify__history_written_anew__only_the_head_on_paper_tells(sealed: list[uuid.UUID]) -> None:
    paper = journal.verify().head
    tamper("UPDATE kernel_journal SET reason = 'khác'", "DELETE FROM kernel_journal_seal")
    seal_everything()
    assert journal.verify().sound
    assert journal.verify(head=paper).damages[0].kind == DamageKind.HEAD


def test_verify__head_on_paper__is_found_when_the_chain_has_grown(sealed: list[uuid.UUID]) -> None:
    paper = journal.verify().head
    entries_made(3)
    seal_everything()
    verified = journal.verify(head=paper.upper())
    assert (verified.sound, verified.head_position, verified.sealed) == (True, 6, 9)


@pytest.mark.parametrize("head", ["", "12ab", "g" * 64, "0" * 65])
def test_verify__head_of_the_wrong_form__is_refused(committed: None, head: str) -> None:
    with pytest.raises(journal.BadHead) as refused:
        journal.verify(head=head)
    assert refused.value.code == "KRN-205"


def test_verify__unsealed_entries__are_counted_not_judged(sealed: list[uuid.UUID]) -> None:
    entries_made(2)
    verified = journal.verify()
    assert (verified.sound, verified.sealed, verified.unsealed) == (True, 6, 2)


def test_verify__everything_gone__every_entry_is_named(sealed: list[uuid.UUID]) -> None:
    tamper("DELETE FROM kernel_journal")
    damages = journal.verify(most=100).damages
    assert [d.entry_id for d in damages] == sealed
    assert {d.kind for d in damages} == {DamageKind.MISSING}


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    place=st.integers(0, 5),
    other=st.integers(0, 5),
    deed=st.sampled_from(["alter", "delete", "insert", "drop seal", "swap seals"]),
    chunk=st.integers(1, 8),
)
def test_verify__any_single_deed_anywhere__is_the_first_damage(
    sealed: list[uuid.UUID], place: int, other: int, deed: str, chunk: int
) -> None:
    """Whatever the size of the chunks; and the journal is sound again when the deed is undone."""
    if deed == "swap seals" and place == other:
        other = (place + 1) % 6
    one, two = sorted((place + 1, other + 1)) if deed == "swap seals" else (place + 1, 0)
    statements = {
        "alter": [f"UPDATE kernel_journal SET reason = 'khác' WHERE id = '{sealed[place]}'"],
        "delete": [f"DELETE FROM kernel_journal WHERE id = '{sealed[place]}'"],
        "insert": [
            "INSERT INTO kernel_journal SELECT kernel_new_id(), era, (xid::text::bigint - 1)::text::xid8, at,"
            " real_at, action, actor_label, actor_person_id, actor_post_id, reason, resolution,"
            " correlation_id, record, record_id, before, after"
            f" FROM kernel_journal WHERE id = '{sealed[place]}'"
        ],
        "drop seal": [f"DELETE FROM kernel_journal_seal WHERE position = {one}"],
        "swap seals": [
            f"UPDATE kernel_journal_seal SET position = 100 WHERE position = {one}",
            f"UPDATE kernel_journal_seal SET position = {one} WHERE position = {two}",
            f"UPDATE kernel_journal_seal SET position = {two} WHERE position = 100",
        ],
    }[deed]
    expected = {
        "alter": (DamageKind.ALTERED, one),
        "delete": (DamageKind.MISSING, one),
        "insert": (DamageKind.INSERTED, one),
        "drop seal": (DamageKind.CHAIN, one),
        "swap seals": (DamageKind.CHAIN, one),
    }[deed]
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        for statement in statements:
            cursor.execute(statement)
        found = journal.verify(chunk=chunk)
        transaction.set_rollback(True)
    if deed == "drop seal" and place == 5:  # a shorter chain is a chain
        assert (found.sound, found.sealed, found.unsealed) == (True, 5, 1)
    else:
        assert [(d.kind, d.position) for d in found.damages] == [expected]
    assert journal.verify(chunk=chunk).sound


def test_verify__four_times_the_entries__same_memory(committed: None) -> None:
    def peak_bytes(count: int) -> int:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(
                "INSERT INTO kernel_journal (action, actor_label, correlation_id, after)"
                " SELECT 'a.b', 'x', kernel_new_id(), jsonb_build_object('text', repeat('x', 500))"
                " FROM generate_series(1, %s)",
                [count],
            )
        seal_everything()
        journal.verify(chunk=100)
        tracemalloc.start()
        try:
            verified = journal.verify(chunk=100)
            assert verified.sound
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    small = peak_bytes(500)
    large = peak_bytes(2000)
    assert large < 1.3 * small
