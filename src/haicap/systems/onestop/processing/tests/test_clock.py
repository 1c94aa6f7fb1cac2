"""Warnings by the clock, once a step; letters to applicants, once a turn."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core import mail
from django.core.mail import EmailMessage

from haicap.access.accounts import make_account
from haicap.access.models import Account
from haicap.kernel import clock, journal, outbox
from haicap.kernel.actor import SYSTEM
from haicap.kernel.models import OutboxMessage
from haicap.registry.models import Person
from haicap.registry.tests.places import NOW
from haicap.systems.onestop.models import Dossier, DossierDetail, LetterForm, Status, TaskWarning
from haicap.systems.onestop.papers.service import issue_letter
from haicap.systems.onestop.papers.values import Content
from haicap.systems.onestop.processing import clockwork, notices, service
from haicap.systems.onestop.processing.tests.factories import Commune
from haicap.systems.onestop.processing.tests.test_walk_route import open_task, walk


def letters() -> list[EmailMessage]:
    """Deliver what waits; what was sent."""
    outbox.deliver_due()
    return list(mail.outbox)


def account_of(person_id: object, email: str) -> Account:
    """The account of a person, with an official address."""
    account = make_account(SYSTEM, Person.objects.get(pk=person_id))
    with journal.act(SYSTEM, "test.mail") as act:
        Account.objects.filter(pk=account.pk).update(email=email)
        act.changed("access.account", account.pk, None, {})
    return account


def test_clock__before_and_after_the_deadline__warns_once_each(commune: Commune) -> None:
    dossier = commune.receive()
    task = open_task(dossier)
    assert task.due_at is not None
    service.take_task(commune.actors["cong_chuc_mot_cua"], task.id)
    account_of(commune.actors["cong_chuc_mot_cua"].person_id, "motcua@xa.vn")
    account_of(commune.actors["chu_tich"].person_id, "chutich@xa.vn")
    assert clockwork.look_after() == 1  # due within four working hours from the start
    assert clockwork.look_after() == 0
    with clock.at(task.due_at + timedelta(minutes=1)):
        assert clockwork.look_after() == 1
        assert clockwork.look_after() == 0
    with clock.at(task.due_at + timedelta(days=5)):
        assert clockwork.look_after() == 1
    assert sorted(TaskWarning.objects.values_list("rule", "to_head")) == [
        ("before-4h", False),
        ("late", True),
        ("late-2d", True),
    ]
    sent = letters()
    assert [one.to for one in sent if "motcua@xa.vn" in one.to] == [["motcua@xa.vn"]]
    assert len([one for one in sent if "chutich@xa.vn" in one.to]) == 2
    assert all(dossier.code in one.body and dossier.applicant_name not in one.body for one in sent)


def test_clock__standing_still__warns_of_nothing(commune: Commune) -> None:
    walk(commune, commune.receive(), "supplement")
    with clock.at(NOW + timedelta(days=30)):
        assert clockwork.look_after() == 0


def test_clock__many__goes_in_batches(commune: Commune, monkeypatch: pytest.MonkeyPatch) -> None:
    for _number in range(5):
        commune.receive()
    monkeypatch.setattr(clockwork, "MOST_BATCHES", 2)
    assert clockwork.look_after(batch=2) == 4
    assert clockwork.look_after(batch=2) == 1


def with_mail(dossier: Dossier, email: str = "dan@vidu.vn") -> None:
    """The applicant left an address."""
    with journal.act(SYSTEM, "test.detail") as act:
        DossierDetail.objects.filter(pk=dossier.pk).update(email=email)
        act.changed("onestop.dossier", dossier.pk, None, {})


def test_applicant__with_an_address__is_told_of_each_turn_once(commune: Commune) -> None:
    dossier, silent = commune.receive(), commune.receive()
    with_mail(dossier)
    notices.follow()
    walk(commune, dossier, "forward", "supplement")
    walk(commune, silent, "forward", "supplement")
    notices.follow()
    notices.follow()
    sent = letters()
    assert [one.subject for one in sent] == [
        f"Hồ sơ {dossier.code} đã được tiếp nhận",
        f"Hồ sơ {dossier.code} cần bổ sung giấy tờ",
    ]
    assert {tuple(one.to) for one in sent} == {("dan@vidu.vn",)}
    assert "vì vậy" in sent[1].body
    assert dossier.applicant_name not in sent[1].body
    assert OutboxMessage.objects.filter(topic=notices.TOPIC).count() == 2


def test_applicant__address_gone_meanwhile__is_left_alone(commune: Commune) -> None:
    dossier = commune.receive()
    with_mail(dossier)
    notices.follow()
    with_mail(dossier, "")
    assert letters() == []


def test_applicant__apology__names_the_new_day(commune: Commune) -> None:
    dossier = commune.receive()
    with_mail(dossier)
    with clock.at(NOW + timedelta(days=14)):
        day = NOW + timedelta(days=20)
        issue_letter(SYSTEM, dossier.id, LetterForm.APOLOGY, Content(reason="Mất điện", new_due_at=day))
        notices.follow()
        (told,) = [one for one in letters() if "Xin lỗi" in one.subject]
        assert f"{day:%d/%m/%Y}" in told.body
        assert "Mất điện" in told.body


def test_words__every_status_that_is_told__has_some() -> None:
    assert set(notices.TOLD) == set(notices._WORDS)
    assert Status.PROCESSING not in notices.TOLD
