"""`haicap journal` from the outside."""

from __future__ import annotations

import datetime as dt
import json
import uuid

import pytest
from click.testing import CliRunner
from django.db import connection

from haicap.cli.journal import command
from haicap.kernel import clock, journal
from haicap.kernel.actor import SYSTEM

pytestmark = pytest.mark.django_db


def _made(count: int, record: str = "dossier") -> list[uuid.UUID]:
    ids = [uuid.uuid4() for _number in range(count)]
    with journal.act(SYSTEM, "onestop.receive_dossier", reason="tại quầy") as doing:
        for number, record_id in enumerate(ids):
            doing.changed(record, record_id, None, {"n": number})
    return ids


def _run(*arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(command, arguments)
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result.exit_code, result.stdout


def test_show__pages__hold_everything_once_newest_first() -> None:
    made = _made(5)
    seen: list[str] = []
    older: list[str] = []
    while True:
        _status, output = _run("show", "--json", "--limit", "2", *older)
        page = json.loads(output)
        seen += [entry["record_id"] for entry in page["entries"]]
        if page["older"] is None:
            break
        older = ["--older", page["older"]]
    assert seen == [str(record_id) for record_id in reversed(made)]


def test_show__one_record__only_its_entries() -> None:
    made = _made(3)
    _made(1, "document")
    _status, output = _run("show", "--record", "dossier", "--id", str(made[1]), "--json")
    (entry,) = json.loads(output)["entries"]
    assert (entry["record"], entry["record_id"], entry["after"]) == ("dossier", str(made[1]), {"n": 1})
    assert (entry["actor"], entry["reason"], entry["action"]) == (
        "hệ thống",
        "tại quầy",
        "onestop.receive_dossier",
    )
    _status, text = _run("show", "--id", str(made[1]))
    assert "onestop.receive_dossier" in text
    assert 'sau: {"n": 1}' in text


def test_show__since__is_by_the_clock_of_the_house() -> None:
    with clock.at(dt.datetime(2025, 6, 30, 12, tzinfo=clock.ZONE)):
        _made(1)
    with clock.at(dt.datetime(2025, 7, 1, 12, tzinfo=clock.ZONE)):
        _made(2)
    assert len(json.loads(_run("show", "--since", "2025-07-01", "--json")[1])["entries"]) == 2
    assert len(json.loads(_run("show", "--since", "2025-07-01T12:30", "--json")[1])["entries"]) == 0
    assert len(json.loads(_run("show", "--since", "2025-06-30T12:00+07:00", "--json")[1])["entries"]) == 3


def test_show__by_correlation_and_action__finds_the_deed() -> None:
    _made(1)
    wanted = uuid.uuid4()
    journal.note(SYSTEM, "test.other", correlation_id=wanted)
    (entry,) = json.loads(_run("show", "--correlation", str(wanted), "--json")[1])["entries"]
    assert entry["action"] == "test.other"
    assert json.loads(_run("show", "--action", "test.other", "--json")[1])["entries"] == [entry]


@pytest.mark.parametrize(
    "arguments", [["--since", "hôm qua"], ["--older", "x~y"], ["--older", "2025-07-01~"]]
)
def test_show__bad_question__is_explained(arguments: list[str]) -> None:
    with pytest.raises(journal.BadQuery) as refused:
        _run("show", *arguments)
    assert refused.value.code == "KRN-206"


def test_verify__sound__prints_the_head() -> None:
    _made(2)
    status, output = _run("verify", "--json")
    found = json.loads(output)
    assert status == 0
    assert (found["sound"], found["sealed"], found["unsealed"], found["first"]) == (True, 0, 2, None)
    _status, text = _run("verify")
    assert found["head"] in text


def test_verify__damaged__names_it_and_fails() -> None:
    (record_id,) = _made(1)
    with connection.cursor() as cursor:  # a seal over something that was never there
        cursor.execute(
            "INSERT INTO kernel_journal_seal (position, entry_id, era, xid, row_hash, chain_hash)"
            " SELECT 1, id, era, xid, sha256('x'), sha256('y') FROM kernel_journal WHERE record_id = %s",
            [record_id],
        )
    result = CliRunner().invoke(command, ["verify", "--all", "--json"])
    assert isinstance(result.exception, journal.Damaged)
    assert result.exception.code == "KRN-207"
    found = json.loads(result.stdout)
    assert found["sound"] is False
    assert [damage["kind"] for damage in found["damages"]] == ["chain", "altered"]
    assert found["damages"][1]["action"] == "onestop.receive_dossier"


def test_verify__wrong_head__fails() -> None:
    result = CliRunner().invoke(command, ["verify", "--head", "0" * 64])
    assert isinstance(result.exception, journal.Damaged)
    assert "✗" in result.stdout
