"""`haicap outbox` from the outside."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator

import pytest
from click.testing import CliRunner, Result
from django.db import transaction

from haicap.cli.outbox import command
from haicap.kernel import outbox
from haicap.kernel.models import JournalEntry, OutboxMessage

TOPIC = "test.cli_tell"


@pytest.fixture(autouse=True)
def messages(db: None) -> Iterator[None]:
    """Three messages, two of them dead."""

    @outbox.handler(TOPIC)
    def tell(_delivery: outbox.Delivery) -> None: ...

    with transaction.atomic():
        for key in ("a", "b", "c"):
            outbox.send(TOPIC, {"key": key}, key)
    OutboxMessage.objects.exclude(key="a").update(state="dead", attempts=8, last_error="OSError: đứt mạng")
    yield
    outbox.forget(TOPIC)


def _run(*arguments: str) -> Result:
    return CliRunner().invoke(command, arguments)


def _keys(*arguments: str) -> list[str]:
    return [message["key"] for message in json.loads(_run(*arguments, "--json").stdout)["messages"]]


def _id(key: str) -> str:
    return str(OutboxMessage.objects.get(key=key).id)


def test_list__filters_and_pages() -> None:
    assert sorted(_keys("list")) == ["a", "b", "c"]
    assert _keys("list", "--state", "pending") == ["a"]
    assert _keys("list", "--topic", "test.other") == []
    page = json.loads(_run("list", "--limit", "2", "--json").stdout)
    assert len(page["messages"]) == 2
    assert page["counts"] == {"pending": 1, "delivering": 0, "dead": 2, "given_up": 0}
    assert len(_keys("list", "--limit", "2", "--older", page["older"])) == 1


def test_dead__shows_why() -> None:
    assert sorted(_keys("dead")) == ["b", "c"]
    text = _run("dead").stdout
    assert "OSError: đứt mạng" in text
    assert "không gửi được 2" in text


def test_retry__one__and_all_of_a_topic() -> None:
    assert json.loads(_run("retry", _id("b"), "--json").stdout) == {"retried": 1}
    assert _keys("dead") == ["c"]
    assert "1" in _run("retry", "--topic", TOPIC, "--reason", "mạng đã thông").stdout
    assert _keys("dead") == []
    assert JournalEntry.objects.filter(reason="mạng đã thông").count() == 1


def test_give_up__needs_a_reason() -> None:
    assert _run("give-up", _id("b")).exit_code == 2
    assert json.loads(_run("give-up", _id("b"), "--reason", "gửi giấy", "--json").stdout) == {
        "given_up": _id("b")
    }
    assert _keys("list", "--state", "given_up") == ["b"]


@pytest.mark.parametrize(
    "arguments", [["retry"], ["retry", str(uuid.uuid4()), "--topic", TOPIC], ["retry", "x"]]
)
def test_retry__wrong_use__is_refused(arguments: list[str]) -> None:
    assert _run(*arguments).exit_code == 2


def test_retry__unknown__is_explained() -> None:
    result = _run("retry", str(uuid.uuid4()))
    assert isinstance(result.exception, outbox.NoSuchMessage)
    assert result.exception.code == "KRN-214"
