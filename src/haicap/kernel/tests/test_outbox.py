"""The outbox: promised with the transaction, delivered once, retried, shown."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.db import connection, transaction
from hypothesis import given
from hypothesis import strategies as st

from haicap.kernel import clock, journal, outbox
from haicap.kernel.actor import ANONYMOUS, SYSTEM, Actor
from haicap.kernel.models import JournalEntry, OutboxMessage, OutboxState
from haicap.kernel.outbox import BackOff, Delivery, delivery

TOPIC = "test.tell"
AT_ONCE = BackOff(first_s=0)


class Handled(list[Delivery]):
    """What a handler was given; `fails` makes it raise."""

    fails: Callable[[], None] | None = None


@pytest.fixture
def handled() -> Iterator[Handled]:
    """A handler of TOPIC with three attempts, which keeps what it is given."""
    seen = Handled()

    @outbox.handler(TOPIC, attempts=3, back_off=AT_ONCE)
    def tell(given_: Delivery) -> None:
        seen.append(given_)
        if seen.fails is not None:
            seen.fails()

    yield seen
    outbox.forget(TOPIC)


def _message() -> OutboxMessage:
    return OutboxMessage.objects.get()


def _jobs() -> list[tuple[str, dict[str, Any]]]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT queue_name, args::text FROM procrastinate_jobs WHERE status = 'todo' ORDER BY id"
        )
        import json

        return [(queue, json.loads(args)) for queue, args in cursor.fetchall()]


def _make_due() -> None:
    OutboxMessage.objects.update(next_attempt_at=dt.datetime(2000, 1, 1, tzinfo=dt.UTC))


@pytest.mark.django_db
def test_send__keeps_message_and_job_with_the_act(handled: Handled) -> None:
    with journal.act(SYSTEM, "test.send") as act:
        message_id = outbox.send(TOPIC, {"tên": "Hòa", "day": dt.date(2025, 7, 1)}, "k1")
    message = _message()
    assert (message.id, message.topic, message.key, message.state) == (message_id, TOPIC, "k1", "pending")
    assert message.payload == {"tên": "Hòa", "day": "2025-07-01"}
    assert message.correlation_id == act.correlation_id
    assert _jobs() == [("outbox", {"message_id": str(message_id), "topic": TOPIC})]


def test_send__transaction_rolled_back__nothing_promised(committed: None, handled: Handled) -> None:
    with pytest.raises(ZeroDivisionError), transaction.atomic():  # noqa: PT012
        outbox.send(TOPIC, {}, "k")
        raise ZeroDivisionError
    assert not OutboxMessage.objects.exists()
    assert _jobs() == []


@pytest.mark.django_db
def test_send__same_key_again__is_the_same_message(handled: Handled) -> None:
    with transaction.atomic():
        first = outbox.send(TOPIC, {"n": 1, "m": 2}, "k")
        second = outbox.send(TOPIC, {"m": 2, "n": 1}, "k")
    assert first == second
    assert len(_jobs()) == 1


@pytest.mark.django_db
def test_send__same_key_other_payload__is_refused(handled: Handled) -> None:
    with pytest.raises(outbox.KeyTaken) as refused, transaction.atomic():  # noqa: PT012
        outbox.send(TOPIC, {"n": 1}, "k")
        outbox.send(TOPIC, {"n": 2}, "k")
    assert refused.value.code == "KRN-212"


@pytest.mark.django_db
def test_send__topic_without_handler__is_refused() -> None:
    with pytest.raises(outbox.UnknownTopic) as refused, transaction.atomic():
        outbox.send("test.nobody", {}, "k")
    assert refused.value.code == "KRN-210"


def test_send__outside_a_transaction__is_refused(committed: None, handled: Handled) -> None:
    with pytest.raises(outbox.NoTransaction):
        outbox.send(TOPIC, {}, "k")
    assert not OutboxMessage.objects.exists()


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("payload", "key"),
    [
        ({}, ""),
        ({}, "k" * 301),
        ({}, "\0"),
        ([], "k"),
        ({"n": float("nan")}, "k"),
        ({"x": "x" * 300_000}, "k"),
    ],
)
def test_send__unusable__is_refused(handled: Handled, payload: Any, key: str) -> None:
    with pytest.raises(outbox.BadMessage):
        outbox.send(TOPIC, payload, key)
    assert not OutboxMessage.objects.exists()


@pytest.mark.django_db
def test_send_many__few_statements(handled: Handled, django_assert_max_num_queries: Any) -> None:
    with django_assert_max_num_queries(3):
        sent = outbox.send_many(TOPIC, [(f"k{n}", {"n": n}) for n in range(300)])
    assert set(sent) == {f"k{n}" for n in range(300)}
    assert len(_jobs()) == 300
    with django_assert_max_num_queries(6):
        again = outbox.send_many(TOPIC, [(f"k{n}", {"n": n}) for n in range(301)])
    assert {key: again[key] for key in sent} == sent
    assert len(_jobs()) == 301


@pytest.mark.django_db
def test_deliver__hands_over_and_is_done(handled: Handled) -> None:
    correlation_id = uuid.uuid4()
    with journal.act(SYSTEM, "test.send", correlation_id=correlation_id):
        outbox.send(TOPIC, {"n": 1}, "k")
    with clock.at(dt.datetime(2025, 7, 1, 8, tzinfo=clock.ZONE)):
        assert outbox.deliver_due() == {"done": 1}
    (given_,) = handled
    assert (given_.topic, given_.key, given_.payload, given_.attempt) == (TOPIC, "k", {"n": 1}, 1)
    assert given_.correlation_id == correlation_id
    message = _message()
    assert (message.state, message.attempts) == ("done", 1)
    assert message.done_at is not None
    assert message.done_at.astimezone(clock.ZONE).date() == dt.date(2025, 7, 1)


@pytest.mark.django_db
def test_deliver__done_key__is_never_handled_again(handled: Handled) -> None:
    with transaction.atomic():
        message_id = outbox.send(TOPIC, {}, "k")
    assert outbox.deliver(message_id) is OutboxState.DONE
    with transaction.atomic():
        assert outbox.send(TOPIC, {}, "k") == message_id
    assert outbox.deliver(message_id) is None
    assert outbox.deliver_due() == {}
    assert len(handled) == 1


@pytest.mark.django_db
def test_deliver__fails__is_tried_again_later_and_dead_at_last(handled: Handled) -> None:
    def fail() -> None:
        raise ConnectionError("cổng không trả lời \0")

    handled.fails = fail
    with transaction.atomic():
        outbox.send(TOPIC, {}, "k")
    states = []
    for _number in range(4):
        states.append(outbox.deliver_due())
        _make_due()
    assert states == [{"pending": 1}, {"pending": 1}, {"dead": 1}, {}]
    assert [given_.attempt for given_ in handled] == [1, 2, 3]
    message = _message()
    assert message.last_error == "ConnectionError: cổng không trả lời "
    assert [m.id for m in outbox.dead_letters().messages] == [message.id]
    assert len(_jobs()) == 3  # one when sent, one for each repetition


@pytest.mark.django_db
def test_deliver__fails_then_succeeds__error_is_forgotten(handled: Handled) -> None:
    handled.fails = lambda: (_ for _ in ()).throw(OSError("once"))
    with transaction.atomic():
        outbox.send(TOPIC, {}, "k")
    outbox.deliver_due()
    handled.fails = None
    _make_due()
    assert outbox.deliver_due() == {"done": 1}
    assert (_message().last_error, _message().attempts) == ("", 2)


@pytest.mark.django_db
def test_deliver__handlers_writes__go_with_the_failure(handled: Handled) -> None:
    def write_and_fail() -> None:
        journal.note(SYSTEM, "test.handler_wrote")
        raise OSError

    handled.fails = write_and_fail
    with transaction.atomic():
        outbox.send(TOPIC, {}, "k")
    outbox.deliver_due()
    assert not JournalEntry.objects.exists()
    handled.fails = lambda: journal.note(SYSTEM, "test.handler_wrote")
    _make_due()
    outbox.deliver_due()
    assert JournalEntry.objects.count() == 1


@pytest.mark.django_db
def test_deliver__undeliverable__is_dead_at_once(handled: Handled) -> None:
    def refuse() -> None:
        raise outbox.Undeliverable("đơn vị không tồn tại")

    handled.fails = refuse
    with transaction.atomic():
        outbox.send(TOPIC, {}, "k")
    assert outbox.deliver_due() == {"dead": 1}
    assert _message().attempts == 1


@pytest.mark.django_db
def test_deliver__waiting_for_its_back_off__is_not_due() -> None:
    @outbox.handler("test.slow", back_off=BackOff(first_s=3600, jitter=0))
    def slow(_given: Delivery) -> None:
        raise OSError

    try:
        with transaction.atomic():
            message_id = outbox.send("test.slow", {}, "k")
        assert outbox.deliver(message_id) is OutboxState.PENDING
        assert outbox.deliver(message_id) is None
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT extract(epoch FROM next_attempt_at - clock_timestamp()),"
                " next_attempt_at = (SELECT max(scheduled_at) FROM procrastinate_jobs) FROM kernel_outbox"
            )
            wait_s, same = cursor.fetchone()
        assert 3590 < wait_s <= 3600
        assert same is True, "the job comes when the message is due"
    finally:
        outbox.forget("test.slow")


@pytest.mark.django_db
def test_deliver__shifted_clock__does_not_stretch_the_waits(handled: Handled) -> None:
    with transaction.atomic():
        message_id = outbox.send(TOPIC, {}, "k")
    with clock.shifted(dt.timedelta(days=-400)):
        assert outbox.deliver(message_id) is OutboxState.DONE


@pytest.mark.django_db
def test_deliver__topic_unknown_to_this_worker__waits_without_dying(handled: Handled) -> None:
    with transaction.atomic():
        outbox.send(TOPIC, {}, "k")
    outbox.forget(TOPIC)
    for _number in range(12):
        assert outbox.deliver_due() == {"pending": 1}
        _make_due()
    assert "no handler" in _message().last_error


def test_deliver__two_workers__one_delivers(committed: None, handled: Handled) -> None:
    from haicap.kernel.tests.threads import Worker

    with transaction.atomic():
        ids = [outbox.send(TOPIC, {}, f"k{n}") for n in range(20)]

    def work() -> int:
        return sum(outbox.deliver(message_id) is OutboxState.DONE for message_id in ids)

    done = [worker.result() for worker in [Worker(work) for _number in range(4)]]
    assert sum(done) == 20
    assert sorted(given_.key for given_ in handled) == sorted(f"k{n}" for n in range(20))


def test_deliver__taken_over_meanwhile__does_not_commit(committed: None, handled: Handled) -> None:
    """A worker that was taken for dead wakes up: what it did in the database is undone."""
    with transaction.atomic():
        message_id = outbox.send(TOPIC, {}, "k")
    claim = delivery.take(message_id)
    assert claim is not None
    handled.fails = lambda: journal.note(SYSTEM, "test.late")
    delivery.keep_failure(claim, TimeoutError("taken over"), outbox.handlers()[TOPIC])
    assert delivery.attempt(claim) is OutboxState.DELIVERING
    assert len(handled) == 0
    assert not JournalEntry.objects.exists()
    assert _message().state == "pending"


def test_sweep__claim_of_a_dead_worker__is_released(committed: None, handled: Handled) -> None:
    with transaction.atomic():
        message_id = outbox.send(TOPIC, {}, "k")
    delivery.take(message_id)
    assert outbox.sweep() == 0, "a fresh claim is left alone"
    OutboxMessage.objects.update(claimed_at=dt.datetime(2000, 1, 1, tzinfo=dt.UTC))
    assert outbox.sweep() == 1
    message = _message()
    assert (message.state, message.last_error) == ("pending", "RuntimeError: the worker died")
    assert outbox.deliver_due() == {"done": 1}


def test_sweep__claim_of_a_living_worker__is_left_alone(committed: None, handled: Handled) -> None:
    """However old: a living worker holds the message's lock in its transaction."""
    from threading import Event

    from haicap.kernel.tests.threads import Worker

    inside, go_on = Event(), Event()

    def slow() -> None:
        inside.set()
        assert go_on.wait(30)

    handled.fails = slow
    with transaction.atomic():
        message_id = outbox.send(TOPIC, {}, "k")
    worker = Worker(lambda: outbox.deliver(message_id))
    assert inside.wait(30)
    OutboxMessage.objects.update(claimed_at=dt.datetime(2000, 1, 1, tzinfo=dt.UTC))
    assert outbox.sweep() == 0
    go_on.set()
    assert worker.result() is OutboxState.DONE


@pytest.mark.django_db
def test_sweep__poison_that_kills_its_workers__is_dead_after_its_attempts(handled: Handled) -> None:
    with transaction.atomic():
        message_id = outbox.send(TOPIC, {}, "k")
    for _number in range(3):
        assert delivery.take(message_id) is not None
        OutboxMessage.objects.update(claimed_at=dt.datetime(2000, 1, 1, tzinfo=dt.UTC))
        outbox.sweep()
        _make_due()
    assert _message().state == "dead"
    assert len(handled) == 0


@pytest.mark.django_db
def test_sweep__message_whose_job_got_lost__gets_another(handled: Handled) -> None:
    with transaction.atomic():
        message_id = outbox.send(TOPIC, {}, "k")
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM procrastinate_jobs")
    assert outbox.sweep() == 0, "not late yet"
    _make_due()
    assert outbox.sweep() == 1
    assert outbox.sweep() == 0
    assert _jobs() == [("outbox", {"message_id": str(message_id), "topic": TOPIC})]


@given(
    st.builds(
        BackOff,
        first_s=st.floats(0, 100),
        factor=st.floats(1, 10),
        longest_s=st.floats(1, 1e6),
        jitter=st.floats(0, 0.5),
    ),
    st.integers(1, 2000),
    st.floats(0, 1),
)
def test_back_off__any__is_bounded_and_grows(back_off: BackOff, attempt: int, chance: float) -> None:
    wait = back_off.wait(attempt, lambda: chance).total_seconds()
    assert 0 <= wait <= back_off.longest_s * (1 + back_off.jitter) * 1.001 + 1e-6
    middle = [back_off.wait(n, lambda: 0.5) for n in (attempt, attempt + 1)]
    assert middle[0] <= middle[1]


def test_back_off__default__lasts_a_night() -> None:
    waits = [round(BackOff().wait(n, lambda: 0.5).total_seconds()) for n in range(1, 8)]
    assert waits == [10, 40, 160, 640, 2560, 10240, 21600]
    assert BackOff(jitter=0.2).wait(1, lambda: 0).total_seconds() == pytest.approx(8)
    assert BackOff(jitter=0.2).wait(1, lambda: 1).total_seconds() == pytest.approx(12)


@pytest.mark.parametrize("topic", ["", "tell", "Test.tell", "test.tell me", "t." + "x" * 100])
def test_handler__bad_topic__is_refused(topic: str) -> None:
    with pytest.raises(ValueError, match="named"):
        outbox.handler(topic)


def test_handler__second_one_for_a_topic__is_refused(handled: Handled) -> None:
    with pytest.raises(ValueError, match="already"):

        @outbox.handler(TOPIC)
        def another(_given: Delivery) -> None: ...


@pytest.fixture
def dead(db: None, handled: Handled) -> OutboxMessage:
    """A dead message."""
    with transaction.atomic():
        outbox.send(TOPIC, {"n": 1}, "k")
    OutboxMessage.objects.update(state="dead", attempts=3, last_error="OSError: x")
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM procrastinate_jobs")
    return _message()


def test_retry__dead_message__gets_all_its_attempts_and_is_journalled(
    dead: OutboxMessage, handled: Handled
) -> None:
    outbox.retry(SYSTEM, dead.id, reason="cổng đã chạy lại")
    assert (_message().state, _message().attempts) == ("pending", 0)
    assert len(_jobs()) == 1
    entry = JournalEntry.objects.get()
    assert (entry.action, entry.record, entry.record_id) == (
        "kernel.retry_message",
        "outbox_message",
        dead.id,
    )
    assert entry.reason == "cổng đã chạy lại"
    assert entry.before["state"] == "dead"
    assert outbox.deliver_due() == {"done": 1}


def test_retry_dead__all_of_a_topic__one_entry(dead: OutboxMessage) -> None:
    with transaction.atomic():
        outbox.send(TOPIC, {}, "other")
    OutboxMessage.objects.update(state="dead", attempts=3)
    assert outbox.retry_dead(SYSTEM, "test.nothing") == 0
    assert outbox.retry_dead(SYSTEM, TOPIC) == 2
    assert JournalEntry.objects.get().before["dead"]["count"] == 2
    assert outbox.deliver_due() == {"done": 2}


def test_give_up__needs_a_reason_and_keeps_it(dead: OutboxMessage) -> None:
    with pytest.raises(outbox.BadMessage):
        outbox.give_up(SYSTEM, dead.id, "  ")
    outbox.give_up(SYSTEM, dead.id, "đã gửi bằng công văn")
    assert _message().state == "given_up"
    assert outbox.dead_letters().messages == ()
    assert JournalEntry.objects.get().reason == "đã gửi bằng công văn"
    outbox.retry(SYSTEM, dead.id)
    assert _message().state == "pending"


@pytest.mark.parametrize("state", ["done", "pending"])
def test_retry__not_dead__is_refused(dead: OutboxMessage, state: str) -> None:
    OutboxMessage.objects.update(state=state, done_at=clock.now() if state == "done" else None)
    with pytest.raises(outbox.WrongState) as refused:
        outbox.retry(SYSTEM, dead.id)
    assert refused.value.code == "KRN-215"
    assert not JournalEntry.objects.exists()


def test_give_up__done__is_refused(dead: OutboxMessage) -> None:
    OutboxMessage.objects.update(state="done", done_at=clock.now())
    with pytest.raises(outbox.WrongState):
        outbox.give_up(SYSTEM, dead.id, "vì")


def test_managing__unknown_message__is_not_found(db: None) -> None:
    with pytest.raises(outbox.NoSuchMessage):
        outbox.retry(SYSTEM, uuid.uuid4())


@pytest.mark.parametrize("actor", [ANONYMOUS, Actor(label="x", sees_all=True)])
def test_managing__without_permission__is_refused(dead: OutboxMessage, actor: Actor) -> None:
    for deed in (
        lambda: outbox.retry(actor, dead.id),
        lambda: outbox.retry_dead(actor, TOPIC),
        lambda: outbox.give_up(actor, dead.id, "vì"),
    ):
        with pytest.raises(outbox.MayNotManage):
            deed()
    assert _message().state == "dead"


def test_managing__with_permission__is_allowed(dead: OutboxMessage) -> None:
    outbox.retry(Actor(label="x", permissions=frozenset({outbox.PERMISSION})), dead.id)
    assert _message().state == "pending"


@pytest.mark.django_db
def test_messages__pages__hold_everything_once_newest_first(handled: Handled) -> None:
    with transaction.atomic():
        sent = list(outbox.send_many(TOPIC, [(f"k{n}", {}) for n in range(7)]).values())
    found, older = [], None
    while True:
        page = outbox.messages(limit=3, older=older)
        found += [message.id for message in page.messages]
        older = page.older
        if older is None:
            break
    assert found == sorted(sent, reverse=True)
    assert outbox.messages(state="dead").messages == ()
    assert len(outbox.messages(topic=TOPIC, state="pending").messages) == 7
    assert outbox.counts() == {"pending": 7, "delivering": 0, "dead": 0, "given_up": 0}


@pytest.mark.django_db
@pytest.mark.parametrize("options", [{"limit": 0}, {"limit": 501}, {"older": "x"}, {"state": "lost"}])
def test_messages__bad_question__is_refused(options: dict[str, Any]) -> None:
    with pytest.raises(outbox.BadMessage):
        outbox.messages(**options)


@pytest.mark.django_db
def test_deliver__handler_says_try_again__keeps_what_it_wrote_and_tries_again() -> None:
    @outbox.handler("test.again", attempts=2, back_off=AT_ONCE)
    def tell(given_: Delivery) -> outbox.TryAgain | None:
        journal.note(SYSTEM, "test.wrote", after={"attempt": given_.attempt})
        return outbox.TryAgain("not yet", wait_s=0)

    try:
        with transaction.atomic():
            outbox.send("test.again", {}, "k")
        assert delivery.deliver(_message().id) == OutboxState.PENDING
        assert (_message().state, _message().last_error, _message().attempts) == ("pending", "not yet", 1)
        assert JournalEntry.objects.filter(action="test.wrote").count() == 1
        _make_due()
        assert delivery.deliver(_message().id) == OutboxState.DEAD
        assert JournalEntry.objects.filter(action="test.wrote").count() == 2
    finally:
        outbox.forget("test.again")
