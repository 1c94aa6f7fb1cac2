"""Acts and the entries they leave."""

from __future__ import annotations

import datetime as dt
import decimal
import threading
import uuid

import pytest
from django.db import connection, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg.types.range import Range

from haicap.kernel import clock, journal
from haicap.kernel.actor import SYSTEM, Actor
from haicap.kernel.contract.digest import Digest
from haicap.kernel.journal import acts
from haicap.kernel.models import JournalEntry

ACTOR = Actor(label="Nguyễn Thị Hòa, văn thư", person_id=uuid.uuid4(), post_id=uuid.uuid4())


def _insert(table: str, row_id: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"INSERT INTO {table} VALUES (%s, 0)", [row_id])


def _ids(table: str) -> list[int]:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT id FROM {table} ORDER BY id")
        return [row_id for (row_id,) in cursor.fetchall()]


@pytest.mark.django_db
def test_act__changed__keeps_who_what_and_why() -> None:
    record_id, correlation_id = uuid.uuid4(), uuid.uuid4()
    with journal.act(
        ACTOR,
        "onestop.receive_dossier",
        reason="nộp tại quầy",
        resolution="1659/NQ",
        correlation_id=correlation_id,
    ) as doing:
        doing.changed("dossier", record_id, {"status": "new"}, {"status": "received", "tên": "Đỗ Văn Ân"})
    entry = JournalEntry.objects.get()
    assert (entry.action, entry.actor_label, entry.reason) == (
        "onestop.receive_dossier",
        "Nguyễn Thị Hòa, văn thư",
        "nộp tại quầy",
    )
    assert (entry.actor_person_id, entry.actor_post_id) == (ACTOR.person_id, ACTOR.post_id)
    assert (entry.record, entry.record_id) == ("dossier", record_id)
    assert (entry.resolution, entry.correlation_id) == ("1659/NQ", correlation_id)
    assert entry.before == {"status": "new"}
    assert entry.after == {"status": "received", "tên": "Đỗ Văn Ân"}
    assert entry.id.version == 7
    assert entry.xid > 0
    assert entry.era >= 1


@pytest.mark.django_db
def test_act__shifted_clock__keeps_both_times() -> None:
    with clock.shifted(dt.timedelta(days=-500)), journal.act(SYSTEM, "test.shift") as doing:
        doing.changed("thing", None, None, {})
    entry = JournalEntry.objects.get()
    apart = entry.real_at - entry.at
    assert dt.timedelta(days=500) <= apart < dt.timedelta(days=500, minutes=5)


@pytest.mark.django_db
def test_act__many_changes__one_statement(django_assert_num_queries: object) -> None:
    with django_assert_num_queries(3), journal.act(SYSTEM, "test.many") as doing:  # type: ignore[operator]
        for number in range(acts.STREAM_AT - 1):
            doing.changed("thing", uuid.uuid4(), None, {"n": number})
    assert [e.after["n"] for e in JournalEntry.objects.order_by("id")] == list(range(acts.STREAM_AT - 1))


@pytest.mark.django_db
def test_act__very_many_changes__are_streamed() -> None:
    with journal.act(SYSTEM, "test.many") as doing:
        for number in range(2 * acts.STREAM_AT + 1):
            doing.changed("thing", None, None, {"n": number})
        assert JournalEntry.objects.count() == 2 * acts.STREAM_AT
    assert JournalEntry.objects.count() == 2 * acts.STREAM_AT + 1


@pytest.mark.django_db
def test_act__nested__joins_and_inherits() -> None:
    with journal.act(SYSTEM, "test.outer", reason="vì", resolution="12/QĐ") as outer:
        outer.changed("a", None, None, {})
        with journal.act(ACTOR, "test.inner") as inner:
            assert journal.current() is inner
            inner.changed("b", None, None, {})
        assert journal.current() is outer
    assert journal.current() is None
    first, second = JournalEntry.objects.order_by("record")
    assert first.correlation_id == second.correlation_id == outer.correlation_id
    assert (second.action, second.actor_label, second.reason, second.resolution) == (
        "test.inner",
        ACTOR.label,
        "vì",
        "12/QĐ",
    )
    assert first.xid == second.xid


@pytest.mark.django_db
def test_act__nested_fails_and_outer_goes_on__entries_go_with_the_writes() -> None:
    with journal.act(SYSTEM, "test.outer") as outer:
        outer.changed("kept", None, None, {})
        with pytest.raises(ValueError, match="no"), journal.act(SYSTEM, "test.inner") as inner:  # noqa: PT012
            for _number in range(acts.STREAM_AT + 3):  # some written, some not yet
                inner.changed("lost", None, None, {})
            raise ValueError("no")
        outer.changed("kept", None, None, {})
    assert list(JournalEntry.objects.values_list("record", flat=True)) == ["kept", "kept"]


@pytest.mark.django_db
def test_act__inner_atomic_block_rolled_back__entry_goes_with_it() -> None:
    with journal.act(SYSTEM, "test.outer") as doing:
        with pytest.raises(ValueError, match="no"), transaction.atomic():  # noqa: PT012
            doing.changed("lost", None, None, {})
            raise ValueError("no")
        with transaction.atomic():
            doing.changed("kept", None, None, {})
    assert list(JournalEntry.objects.values_list("record", flat=True)) == ["kept"]


def test_act__fails__keeps_nothing(guarded: str) -> None:
    with pytest.raises(RuntimeError), journal.act(SYSTEM, "test.fail") as doing:  # noqa: PT012
        _insert(guarded, 1)
        doing.changed("thing", None, None, {"id": 1})
        doing.flush()
        raise RuntimeError
    assert _ids(guarded) == []
    assert not JournalEntry.objects.exists()


def test_act__wrote_and_recorded_nothing__explains_the_refusal(guarded: str) -> None:
    with pytest.raises(journal.Unjournalled) as refused, journal.act(SYSTEM, "test.forgetful"):
        _insert(guarded, 1)
    assert refused.value.code == "KRN-202"
    assert refused.value.details == {"action": "test.forgetful", "table": guarded}
    assert _ids(guarded) == []


def test_act__other_integrity_error__is_not_disguised(guarded: str) -> None:
    from django.db import IntegrityError

    with pytest.raises(IntegrityError, match="duplicate key"), journal.act(SYSTEM, "test.twice") as doing:  # noqa: PT012
        doing.changed("thing", None, None, {})
        _insert(guarded, 1)
        _insert(guarded, 1)


@pytest.mark.django_db
@pytest.mark.parametrize("action", ["", "receive", "Onestop.receive", "onestop.", "a.b c", "a." + "b" * 100])
def test_act__badly_named__is_refused(action: str) -> None:
    with pytest.raises(journal.BadAction), journal.act(SYSTEM, action):
        pass


@pytest.mark.django_db
@pytest.mark.parametrize(
    "value",
    [object(), float("nan"), "with \0 inside", {"deep": ["\0"]}, {"\0": 1}, "x" * acts.LARGEST_ENTRY_BYTES],
)
def test_changed__value_that_cannot_be_kept__is_refused(value: object) -> None:
    with pytest.raises(journal.BadEntry) as refused, journal.act(SYSTEM, "test.bad") as doing:
        doing.changed("thing", None, None, {"value": value})
    assert refused.value.code == "KRN-203"
    assert not JournalEntry.objects.exists()


@pytest.mark.django_db
def test_changed__backslash_that_looks_like_nul__is_kept() -> None:
    with journal.act(SYSTEM, "test.backslash") as doing:
        doing.changed("thing", None, None, {"text": "\\u0000"})
    assert JournalEntry.objects.get().after == {"text": "\\u0000"}


@pytest.mark.django_db
def test_changed__after_the_act__is_refused() -> None:
    with journal.act(SYSTEM, "test.ended") as doing:
        pass
    with pytest.raises(journal.BadEntry):
        doing.changed("thing", None, None, {})


@pytest.mark.django_db
def test_changed__rich_values__become_json() -> None:
    day = dt.date(2025, 7, 1)
    with journal.act(SYSTEM, "test.rich") as doing:
        doing.changed(
            "thing",
            None,
            None,
            {
                "id": uuid.UUID(int=7),
                "day": day,
                "range": Range(day, None),
                "none": Range(empty=True),
                "digest": Digest(3, -1),
                "bytes": b"\x01\xff",
                "set": {"b", "a"},
                "decimal": decimal.Decimal("1.50"),
            },
        )
    assert JournalEntry.objects.get().after == {
        "id": "00000000-0000-0000-0000-000000000007",
        "day": "2025-07-01",
        "range": "[2025-07-01,)",
        "none": "empty",
        "digest": {"count": 3, "digest": "ffffffffffffffff"},
        "bytes": "01ff",
        "set": ["a", "b"],
        "decimal": "1.50",
    }


@pytest.mark.django_db
def test_note__keeps_a_deed_without_change() -> None:
    journal.note(ACTOR, "test.export", after={"rows": 12}, record="dossier")
    entry = JournalEntry.objects.get()
    assert (entry.record, entry.before, entry.after) == ("dossier", None, {"rows": 12})


def test_values_and_difference__tell_what_changed() -> None:
    entry = JournalEntry(action="a.b", actor_label="x", correlation_id=uuid.UUID(int=1))
    before = journal.values(entry, "action", "actor_label")
    entry.action = "a.c"
    after = journal.values(entry, "action", "actor_label")
    assert before == {"action": "a.b", "actor_label": "x"}
    assert journal.difference(before, after) == ({"action": "a.b"}, {"action": "a.c"})
    assert set(journal.values(entry)) >= {"id", "xid", "before"}


def test_act__in_another_thread__is_not_joined(committed: None) -> None:
    from haicap.kernel.tests.threads import Worker

    inside, go_on = threading.Event(), threading.Event()

    def other() -> uuid.UUID:
        inside.wait(30)
        with journal.act(SYSTEM, "test.other") as doing:
            doing.changed("b", None, None, {})
        go_on.set()
        return doing.correlation_id

    worker = Worker(other)
    with journal.act(SYSTEM, "test.mine") as doing:
        doing.changed("a", None, None, {})
        inside.set()
        assert go_on.wait(30)
    assert worker.result() != doing.correlation_id
    assert len(set(JournalEntry.objects.values_list("xid", flat=True))) == 2


# Blocks inside blocks: whatever was rolled back left no entry, whatever stayed left one.
_steps = st.recursive(
    st.just("write"),
    lambda inner: st.tuples(
        st.sampled_from(["act", "act fails", "block", "block fails"]), st.lists(inner, max_size=4)
    ),
    max_leaves=12,
)


class _Failed(Exception):
    pass


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(_steps, max_size=5), stream_at=st.sampled_from([1, 2, 500]))
def test_act__any_nesting__entries_equal_what_stayed(
    guarded: str, steps: list[object], stream_at: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(acts, "STREAM_AT", stream_at)
    with connection.cursor() as cursor:
        cursor.execute(
            f"SET session_replication_role = replica; DELETE FROM {guarded}; DELETE FROM kernel_journal"
        )
        cursor.execute("SET session_replication_role = origin")
    counter = iter(range(1, 1000))

    def run(step: object, doing: journal.Act) -> None:
        if step == "write":
            number = next(counter)
            _insert(guarded, number)
            doing.changed("row", None, None, {"id": number})
            return
        kind, inner = step  # type: ignore[misc]
        block = journal.act(SYSTEM, "test.inner") if kind.startswith("act") else transaction.atomic()
        try:
            with block as opened:
                for one in inner:
                    run(one, opened if kind.startswith("act") else doing)
                if kind.endswith("fails"):
                    raise _Failed
        except _Failed:
            pass

    with journal.act(SYSTEM, "test.outer") as doing:
        for step in steps:
            run(step, doing)
    assert sorted(entry.after["id"] for entry in JournalEntry.objects.all()) == _ids(guarded)
