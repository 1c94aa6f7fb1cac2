"""Telling a partner: noted with the step, told in order, refused with the reason, counted once through any chaos."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import IntegrityError, InternalError, connection, transaction

from haicap.kernel import clock, journal, outbox
from haicap.kernel.actor import SYSTEM
from haicap.kernel.models import OutboxMessage
from haicap.systems.onestop import service as dossiers
from haicap.systems.onestop.models import (
    Dossier,
    DossierStep,
    DossierSync,
    Partner,
    Status,
    SyncEvent,
    SyncKind,
    SyncState,
)
from haicap.systems.onestop.service import Application
from haicap.systems.onestop.sync import delivery, secrets, service
from haicap.systems.onestop.sync.tests.conftest import Peer, make_partner
from haicap.systems.onestop.tests.factories import Town, make_dossier, official


@pytest.fixture(autouse=True)
def monday(town: Town) -> Iterator[None]:
    """Everything happens in the small province."""
    return


def receive(town: Town, name: str = "Nguyễn Văn Đức") -> Dossier:
    """A dossier taken in by the use-case."""
    return dossiers.receive_dossier(
        official(town.commune),
        Application(procedure_code="1.001193", applicant_name=name),
        receiving_agency=town.commune.agency,
    )


def run(times: int = 1) -> None:
    """Let the outbox deliver, whatever it waits for."""
    for _round in range(times):
        OutboxMessage.objects.filter(state="pending").update(
            next_attempt_at=dt.datetime(2000, 1, 1, tzinfo=dt.UTC)
        )
        if not outbox.deliver_due():
            return


def rows(dossier: Dossier) -> list[tuple[str, str]]:
    """(kind, state) of what is noted of a dossier, in order."""
    return list(
        DossierSync.objects.filter(dossier=dossier)
        .order_by("kind", "step__at", "step_id")
        .values_list("kind", "state")
    )


def test_step__no_partner__notes_nothing(town: Town) -> None:
    receive(town)
    assert not DossierSync.objects.exists()
    assert not OutboxMessage.objects.exists()


def test_step__partner__is_noted_and_promised_with_it(town: Town, partner: Partner) -> None:
    dossier = receive(town)
    assert rows(dossier) == [("dossier", "to_send"), ("progress", "to_send")]
    message = OutboxMessage.objects.get(topic=delivery.TOPIC)
    assert message.key == f"{partner.id}:{dossier.id}:1"
    assert "Đức" not in str(message.payload), "a ticket holds no personal data"


def test_step__taken_back__leaves_nothing(town: Town, partner: Partner) -> None:
    with pytest.raises(ZeroDivisionError), transaction.atomic():  # noqa: PT012
        receive(town)
        raise ZeroDivisionError
    assert not DossierSync.objects.exists()
    assert not OutboxMessage.objects.exists()


def test_step__many_at_once__in_few_queries(
    town: Town, partner: Partner, django_assert_max_num_queries: Any
) -> None:
    made = [make_dossier(town.commune) for _ in range(30)]
    actor = official(town.commune)
    with django_assert_max_num_queries(16):
        dossiers.advance_dossiers(actor, [one.id for one in made], Status.PROCESSED)
    assert DossierSync.objects.filter(kind=SyncKind.DOSSIER).count() == 30
    tickets = OutboxMessage.objects.filter(topic=delivery.TOPIC)
    assert tickets.count() == 30


def test_step__fields_of_a_partner__only_those(town: Town, peer: Peer) -> None:
    made = make_partner(peer.address)
    Partner.objects.filter(pk=made.pk)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE onestop_partner SET fields = '{dat-dai}'")
    receive(town)
    assert not DossierSync.objects.exists()
    make_dossier(town.commune, field_code="dat-dai")
    assert DossierSync.objects.count() == 2


def test_deliver__dossier_and_steps__are_told_in_order(town: Town, partner: Partner, peer: Peer) -> None:
    dossier = receive(town)
    actor = official(town.commune)
    dossiers.advance_dossier(actor, dossier.id, Status.PROCESSING)
    dossiers.advance_dossier(actor, dossier.id, Status.PROCESSED)
    run()
    assert {state for _kind, state in rows(dossier)} == {"acknowledged"}
    state = peer.state()
    told = state["dossiers"][dossier.code]
    assert told["TrangThaiHoSo"] == "9"
    assert told["NgayTiepNhan"].startswith("2026030209")
    assert state["order"] == [dossier.code, f"{dossier.code} 2", f"{dossier.code} 4", f"{dossier.code} 9"]
    assert state["repeats"] == 0
    assert state["logins"] == 1


def test_deliver__nothing_changed__is_not_sent_again(town: Town, partner: Partner, peer: Peer) -> None:
    dossier = receive(town)
    run()
    calls = peer.state()["calls"]
    DossierSync.objects.filter(dossier=dossier, kind=SyncKind.DOSSIER).update(
        state=SyncState.TO_SEND, version=5
    )
    with transaction.atomic():
        outbox.send(delivery.TOPIC, {"partner": str(partner.id), "dossier": str(dossier.id)}, "again")
    run()
    assert peer.state()["calls"] == calls
    assert {state for _kind, state in rows(dossier)} == {"acknowledged"}


@pytest.mark.parametrize(
    ("registered", "reason", "words"),
    [
        ({"agencies": ["Ủy ban nhân dân xã Khác"]}, "11", "chưa đăng ký"),
        ({"procedures": {"2.000815": "Chứng thực"}}, "12", "Không có thủ tục"),
        ({"procedures": {"1.001193": "Đăng ký khai sanh"}}, "13", "không khớp"),
    ],
)
def test_deliver__refused__failed_with_the_reason_and_steps_wait(
    town: Town, partner: Partner, peer: Peer, registered: dict[str, object], reason: str, words: str
) -> None:
    peer.control(**registered)
    dossier = receive(town)
    run()
    row = DossierSync.objects.get(dossier=dossier, kind=SyncKind.DOSSIER)
    assert (row.state, row.reason) == ("failed", reason)
    assert words in row.last_error
    assert rows(dossier)[1] == ("progress", "to_send"), "no step before its dossier"
    assert OutboxMessage.objects.get(topic=delivery.TOPIC).state == "done", (
        "sent again it would be refused again"
    )
    peer.control(agencies=None, procedures=None)
    service.replay(official(town.commune, may=("onestop.replay_sync",)), partner, [row.id])
    run()
    assert {state for _kind, state in rows(dossier)} == {"acknowledged"}
    assert list(SyncEvent.objects.filter(sync=row).order_by("at", "id").values_list("state", flat=True)) == [
        "failed", "to_send", "acknowledged",
    ]  # fmt: skip


def test_deliver__session_ends__is_renewed(town: Town, partner: Partner, peer: Peer) -> None:
    peer.control(session_calls=3)
    made = [receive(town) for _ in range(4)]
    run()
    assert all(state == "acknowledged" for one in made for _kind, state in rows(one))
    assert peer.state()["logins"] == 3


def test_deliver__wrong_password__waits_and_does_not_knock_on(
    town: Town, partner: Partner, peer: Peer
) -> None:
    with journal.act(SYSTEM, "test.password") as act:
        Partner.objects.filter(pk=partner.pk).update(password=secrets.sealed("sai"))
        act.changed("onestop.partner", partner.pk, {}, {})
    made = [receive(town) for _ in range(5)]
    run()
    assert peer.state()["logins"] == 1, "the account would be locked there"
    assert all(rows(one)[0] == ("dossier", "to_send") for one in made)
    assert (
        "mật khẩu" in DossierSync.objects.filter(kind=SyncKind.DOSSIER).exclude(last_error="")[0].last_error
    )


def test_deliver__silent_to_the_end__is_failed_and_replayed(town: Town, partner: Partner, peer: Peer) -> None:
    peer.control(down=True)
    dossier = receive(town)
    run(delivery.ATTEMPTS + 2)
    row = DossierSync.objects.get(dossier=dossier, kind=SyncKind.DOSSIER)
    assert (row.state, row.reason, row.attempts) == ("failed", "SILENT", delivery.ATTEMPTS)
    assert SyncEvent.objects.filter(sync=row).count() == delivery.ATTEMPTS
    peer.control(down=False)
    started = service.start_replay(official(town.commune, may=("onestop.replay_sync",)), partner)
    assert not service.continue_run(started.id)
    started.refresh_from_db()
    assert (started.done, started.finished_at is not None) == (1, True)
    run()
    assert {state for _kind, state in rows(dossier)} == {"acknowledged"}


def test_deliver__step_taken_meanwhile__goes_out_too(town: Town, partner: Partner, peer: Peer) -> None:
    """The answer to an older version does not hide that a newer one waits."""
    dossier = receive(town)
    row = DossierSync.objects.get(dossier=dossier, kind=SyncKind.DOSSIER)
    dossiers.advance_dossier(official(town.commune), dossier.id, Status.PROCESSING)
    delivery.keep([delivery.Outcome(row, SyncState.ACKNOWLEDGED, digest="x" * 64)])
    row.refresh_from_db()
    assert (row.state, row.version, row.sent_version) == ("to_send", 2, 1)


def test_deliver__switched_off__waits_and_goes_on(town: Town, peer: Peer) -> None:
    made = make_partner(peer.address, enabled=False)
    dossier = receive(town)
    assert not OutboxMessage.objects.filter(topic=delivery.TOPIC).exists()
    actor = official(town.commune, may=("onestop.manage_sync",))
    service.switch_partner(actor, made, enabled=True)
    DossierSync.objects.update(changed_at=dt.datetime(2026, 1, 1, tzinfo=dt.UTC))
    assert service.look_after() == {"promised": 1, "failed": 0}
    run()
    assert {state for _kind, state in rows(dossier)} == {"acknowledged"}


def test_look_after__dead_ticket__is_shown_as_failed(town: Town, partner: Partner) -> None:
    dossier = receive(town)
    OutboxMessage.objects.update(state="dead", last_error="the worker died")
    DossierSync.objects.update(changed_at=dt.datetime(2026, 1, 1, tzinfo=dt.UTC))
    assert service.look_after() == {"promised": 0, "failed": 1}
    row = DossierSync.objects.get(dossier=dossier, kind=SyncKind.DOSSIER)
    assert (row.state, row.reason, row.last_error) == ("failed", "DEAD", "the worker died")


def test_look_after__spent_ticket__gets_another(town: Town, partner: Partner, peer: Peer) -> None:
    dossier = receive(town)
    OutboxMessage.objects.update(state="done", done_at=dt.datetime(2026, 1, 1, tzinfo=dt.UTC))
    DossierSync.objects.update(changed_at=dt.datetime(2026, 1, 1, tzinfo=dt.UTC))
    assert service.look_after()["promised"] == 1
    assert service.look_after()["promised"] == 0
    run()
    assert {state for _kind, state in rows(dossier)} == {"acknowledged"}


def test_acknowledge__partner_that_is_asked__received_until_it_is_found(town: Town, peer: Peer) -> None:
    made = make_partner(peer.address, check_service="TraCuuHoSo")
    kept, lost = receive(town), receive(town)
    run()
    assert {state for one in (kept, lost) for _kind, state in rows(one)} == {"received"}
    peer.control(forget=lost.code)
    DossierSync.objects.update(changed_at=dt.datetime(2026, 1, 1, tzinfo=dt.UTC))
    found = service.ask_for_acknowledgements()
    assert found == {"acknowledged": 3, "missing": 1}
    assert rows(lost)[0] == ("dossier", "to_send")
    run()
    DossierSync.objects.update(changed_at=dt.datetime(2026, 1, 1, tzinfo=dt.UTC))
    service.ask_for_acknowledgements()
    assert {state for one in (kept, lost) for _kind, state in rows(one)} == {"acknowledged"}
    assert made.pk


def test_enrol__old_dossiers__are_told_once(town: Town, peer: Peer) -> None:
    old = [make_dossier(town.commune) for _ in range(5)]
    made = make_partner(peer.address)
    new = receive(town)
    actor = official(town.commune, may=("onestop.manage_sync",))
    started = service.start_enrolment(actor, made, dt.datetime(2026, 1, 1, tzinfo=dt.UTC))
    assert not service.continue_run(started.id)
    run()
    assert set(peer.state()["dossiers"]) == {one.code for one in (*old, new)}
    assert DossierSync.objects.filter(kind=SyncKind.DOSSIER, state="acknowledged").count() == 6


def test_history__is_only_added_to(town: Town, partner: Partner, peer: Peer) -> None:
    receive(town)
    run()
    for sql in ("UPDATE onestop_syncevent SET note = 'x'", "DELETE FROM onestop_syncevent"):
        with (
            pytest.raises((InternalError, IntegrityError)),
            transaction.atomic(),
            connection.cursor() as cursor,
        ):
            cursor.execute(sql)


@pytest.mark.parametrize("seed", [1, 2])
def test_chaos__every_object__is_counted_once_or_shown_as_failed(
    town: Town, partner: Partner, peer: Peer, seed: int
) -> None:
    """Drops, lost and late answers, doubles, 500, broken JSON, ended sessions; some dossiers it never takes."""
    peer.control(
        seed=seed,
        chaos={
            "drop": 0.1, "lose": 0.1, "late": 0.03, "duplicate": 0.1, "500": 0.1, "broken": 0.1, "expire": 0.1,
        },
    )  # fmt: skip
    peer.control(procedures={"1.001193": "Đăng ký khai sinh"})
    good = [receive(town) for _ in range(6)]
    bad = dossiers.receive_dossier(
        official(town.commune),
        Application(procedure_code="9.999999", applicant_name="Lê Thị Lạ"),
        receiving_agency=town.commune.agency,
    )
    actor = official(town.commune)
    run()
    dossiers.advance_dossiers(actor, [one.id for one in good], Status.PROCESSING)
    run()
    dossiers.advance_dossiers(actor, [one.id for one in good], Status.PROCESSED)
    run(delivery.ATTEMPTS + 2)
    peer.control(chaos={})
    failed = DossierSync.objects.filter(state=SyncState.FAILED).exclude(dossier=bad)
    if failed.exists():
        service.replay(
            official(town.commune, may=("onestop.replay_sync",)),
            partner,
            list(failed.values_list("id", flat=True)),
        )
        run(delivery.ATTEMPTS)
    state = peer.state()
    assert sum(state["troubles"].values()) >= 5, state["troubles"]
    assert all(st == "acknowledged" for one in good for _kind, st in rows(one))
    for one in good:
        assert state["dossiers"][one.code]["TrangThaiHoSo"] == "9"
        assert [step["TrangThai"] for step in state["progress"][one.code]] == ["2", "4", "9"]
    assert set(state["counted"].values()) == {1}
    row = DossierSync.objects.get(dossier=bad, kind=SyncKind.DOSSIER)
    assert (row.state, row.reason) == ("failed", "12")
    assert bad.code not in state["dossiers"]
    assert rows(bad)[1] == ("progress", "to_send")


def test_deliver__step_that_an_undo_took_away__is_void(town: Town, partner: Partner, peer: Peer) -> None:
    dossier = receive(town)
    run()
    with journal.act(SYSTEM, "test.step") as act:
        step = DossierStep.objects.create(
            dossier=dossier,
            at=clock.now(),
            desk_id=dossier.desk_id,
            actor="hệ thống",
            action="place",
            status=dossier.status,
            run_id=uuid.uuid4(),
        )
        act.changed("onestop.dossier", dossier.id, {}, {})
    with journal.act(SYSTEM, "test.undo") as act:
        step.delete()
        act.changed("onestop.dossier", dossier.id, {}, {})
    DossierSync.objects.update(changed_at=dt.datetime(2026, 1, 1, tzinfo=dt.UTC))
    assert service.look_after() == {"promised": 1, "failed": 0}, (
        "steps that nobody promised get their tickets here"
    )
    run()
    assert sorted(state for _kind, state in rows(dossier)) == ["acknowledged", "acknowledged", "void"]


def test_deliver__many_steps__go_out_bit_by_bit(
    town: Town, partner: Partner, peer: Peer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delivery, "AT_ONCE", 2)
    dossier = receive(town)
    actor = official(town.commune)
    way = (Status.PROCESSING, Status.SUPPLEMENT, Status.PROCESSING, Status.PROCESSED)
    for minutes, status in enumerate(way, 1):
        with clock.shifted(dt.timedelta(minutes=minutes)):
            dossiers.advance_dossier(actor, dossier.id, status, note="Theo quy trình")
    first = OutboxMessage.objects.order_by("created_at", "id").first()
    assert first is not None
    outbox.deliver(first.id)
    assert [state for _kind, state in rows(dossier)].count("acknowledged") == 2
    run(6)
    assert {state for _kind, state in rows(dossier)} == {"acknowledged"}
    assert peer.state()["order"] == [dossier.code, *(f"{dossier.code} {one}" for one in (2, 4, 5, 4, 9))]
