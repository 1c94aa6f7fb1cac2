"""The backlog page: who sees it, who decides, and that a decision reaches the outbox."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.db import transaction
from django.test import Client

from haicap.kernel import outbox
from haicap.kernel.outbox import OutboxMessage, OutboxState
from haicap.registry.tests.places import Places
from haicap.web.tests.conftest import SignIn
from haicap.web.tests.test_pages import words


@pytest.fixture
def dead(places: Places) -> Iterator[OutboxMessage]:
    """A message whose attempts are used up."""
    topic = "test.page"
    outbox.handler(topic)(lambda delivery: None)
    with transaction.atomic():
        outbox.send(topic, {"to": "x"}, "xa-avuong")
    message = OutboxMessage.objects.get(topic=topic)
    OutboxMessage.objects.filter(id=message.id).update(
        state=OutboxState.DEAD, attempts=8, last_error="550 <không có hộp thư>"
    )
    yield message
    outbox.forget(topic)


ADDRESS = "/dieu-hanh/ton-dong-gui/"


def test_backlog__visitor_and_counter_official__refused(dead: OutboxMessage, sign_in: SignIn) -> None:
    visitor = Client(headers={"host": "127.0.0.1"})
    assert "WEB-403" in words(visitor, ADDRESS, 403)
    official = sign_in("20194", "cong_chuc_mot_cua", "tt_pvhcc")
    assert "WEB-403" in words(official, ADDRESS, 403)


def test_backlog__leader__sees_and_cannot_decide(dead: OutboxMessage, sign_in: SignIn) -> None:
    leader = sign_in("48", "chu_tich")
    html = leader.get(ADDRESS).content.decode()
    assert "550 &lt;không có hộp thư&gt;" in html
    assert "Gửi lại" not in html
    assert leader.post(f"{ADDRESS}{dead.id}/", {"viec": "gui-lai"}).status_code == 403
    dead.refresh_from_db()
    assert dead.state == OutboxState.DEAD


def test_decide__administrator_retries__pending_again(dead: OutboxMessage, sign_in: SignIn) -> None:
    administrator = sign_in("48", "quan_tri_tinh", "so", "Khoa học và Công nghệ")
    answer = administrator.post(f"{ADDRESS}{dead.id}/", {"viec": "gui-lai"}, follow=True)
    assert "Sẽ gửi lại ngay khi có thể." in answer.content.decode()
    dead.refresh_from_db()
    assert (dead.state, dead.attempts) == (OutboxState.PENDING, 0)


def test_decide__give_up_without_reason__refused(dead: OutboxMessage, sign_in: SignIn) -> None:
    administrator = sign_in("48", "quan_tri_tinh", "so", "Khoa học và Công nghệ")
    assert administrator.post(f"{ADDRESS}{dead.id}/", {"viec": "bo", "ly-do": " "}).status_code == 400
    assert (
        administrator.post(f"{ADDRESS}{dead.id}/", {"viec": "bo", "ly-do": "hộp thư đã bỏ"}).status_code
        == 302
    )
    dead.refresh_from_db()
    assert dead.state == OutboxState.GIVEN_UP


def test_backlog__unknown_state_or_mark__told(sign_in: SignIn) -> None:
    leader = sign_in("48", "chu_tich")
    assert "KRN-213" in words(leader, f"{ADDRESS}?tt=x", 400)
    assert "KRN-213" in words(leader, f"{ADDRESS}?truoc=x", 400)
