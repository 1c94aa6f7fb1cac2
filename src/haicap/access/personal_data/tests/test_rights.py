"""A copy of the own data, requests and decisions: what is erased, what the law keeps, who decides."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable
from typing import Any

import pytest
from django.db import transaction
from django.test import Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from haicap.access.errors import AccessDenied
from haicap.access.models import (
    Account,
    Citizen,
    Consent,
    DataDecision,
    DataRequest,
    DataRequestKind,
    KnownDevice,
    Purpose,
    SignInEvent,
)
from haicap.access.personal_data import rights
from haicap.access.personal_data.errors import (
    BadDecision,
    BadRequestText,
    DecidedAlready,
    NoSuchRequest,
    OwnRequest,
    RequestWaits,
)
from haicap.access.personal_data.service import citizen_subject, note_reading
from haicap.access.personal_data.sources import ERASED_NAME
from haicap.access.personal_data.tests.conftest import NUMBER, a_citizen
from haicap.access.service import actor_for
from haicap.kernel.actor import SYSTEM, Actor
from haicap.kernel.contract import personal_data_sources
from haicap.kernel.errors import HaicapError
from haicap.kernel.ids import new_id
from haicap.kernel.models import JournalEntry
from haicap.registry.tests.places import Places

Official = Callable[..., tuple[Client, Account]]
DECIDER = Actor(label="Quản trị tỉnh", permissions=frozenset({rights.DECIDE}), sees_all=True)


def _read(content: bytes) -> dict[str, Any]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert set(archive.namelist()) == {"du-lieu.json", "DOC-TRUOC.txt"}
        told: dict[str, Any] = json.loads(archive.read("du-lieu.json"))
    return told


def _records(told: dict[str, Any]) -> dict[str, list[dict[str, Any]]]:
    return {f"{one['system']}.{one['record']}": one["records"] for one in told["data"]}


def test_sources__every_system__answers_with_a_name_of_its_own() -> None:
    names = [f"{source.system}.{source.record}" for source in personal_data_sources()]
    assert len(names) == len(set(names))
    assert {"access.citizen", "registry.person", "onestop.dossier"} <= set(names)


def test_export__citizen__everything_held_and_nobody_elses(
    citizen: tuple[Client, Account], places: Places
) -> None:
    client, account = citizen
    a_citizen("048195005678", "binh", "Trần Văn Bình")
    looker = actor_for(places.appointment("20194", "cong_chuc_mot_cua", "tt_pvhcc"))
    assert looker is not None
    note_reading(looker, citizen_subject(account.citizen.pk), system="onestop", purpose=Purpose.HANDLE)
    answer = client.post("/tai-khoan/du-lieu/ban-sao/")
    assert answer["Content-Type"] == "application/zip"
    told = _read(answer.content)
    records = _records(told)
    assert records["access.citizen"][0]["personal_number"] == NUMBER
    assert records["access.account"][0]["username"] == account.username
    assert "password" not in records["access.account"][0]
    assert {one["purpose"] for one in records["access.consent"]} == {"account", "notify"}
    assert [one["actor_label"] for one in records["access.reading"]] == [looker.label]
    assert records["registry.person"] == []
    assert "Trần Văn Bình" not in answer.content.decode("latin-1")
    assert "048195005678" not in json.dumps(told)
    assert DataRequest.objects.get().decision == DataDecision.DONE


def test_export__official__person_and_appointments(official: Official) -> None:
    client, account = official("20194", "chu_tich")
    records = _records(_read(client.post("/tai-khoan/du-lieu/ban-sao/").content))
    assert records["registry.person"][0]["full_name"] == account.get_full_name()
    assert records["registry.appointment"][0]["title"] == "Chủ tịch"
    assert records["access.citizen"] == []


def test_export__too_often__refused_until_tomorrow(citizen: tuple[Client, Account]) -> None:
    client, account = citizen
    for _time in range(rights.MOST_COPIES_A_DAY):
        rights.export(account)
    answer = client.post("/tai-khoan/du-lieu/ban-sao/")
    assert answer.status_code == 409
    assert "ACC-512" in answer.content.decode()


def test_ask__same_twice__one_waits(citizen: tuple[Client, Account]) -> None:
    _client, account = citizen
    rights.ask(account, DataRequestKind.ERASE)
    with pytest.raises(RequestWaits):
        rights.ask(account, DataRequestKind.ERASE)
    rights.ask(account, DataRequestKind.RECTIFY, "Tên tôi viết sai")
    assert DataRequest.objects.filter(account=account, decision="").count() == 2


@pytest.mark.parametrize(
    ("kind", "text"), [("rectify", ""), ("rectify", "x" * 2001), ("export", ""), ("bịa", "x")]
)
def test_ask__not_understood__nothing_written(citizen: tuple[Client, Account], kind: str, text: str) -> None:
    client, account = citizen
    with pytest.raises(BadRequestText):
        rights.ask(account, kind, text)
    assert client.post("/tai-khoan/du-lieu/", {"loai": kind, "noi-dung": text}).status_code == 400
    assert not DataRequest.objects.exists()


def test_erase__citizen__anonymous_locked_and_the_rest_named(citizen: tuple[Client, Account]) -> None:
    client, account = citizen
    KnownDevice.objects.create(account=account, digest="x", label="Firefox")
    SignInEvent.objects.create(account=account, username=account.username, outcome="in")
    request = rights.ask(account, DataRequestKind.ERASE, "Tôi không dùng nữa")
    with pytest.raises(BadDecision, match="phải giữ theo luật"):
        rights.decide(DECIDER, request.pk, DataDecision.DONE, reason="Theo yêu cầu")
    assert Citizen.objects.get().full_name == "Nguyễn Thị Minh An"
    rights.decide(
        DECIDER,
        request.pk,
        DataDecision.RETAINED,
        reason="Đã xóa phần xóa được",
        legal_basis="Nghị định 85/2016",
    )
    left = Citizen.objects.get()
    assert (left.full_name, left.personal_number, left.tech_id, left.birth_date) == (
        ERASED_NAME,
        "",
        "",
        None,
    )
    assert left.erased_at is not None
    assert left.subject != "an"
    account.refresh_from_db()
    assert not account.is_active
    assert not KnownDevice.objects.exists()
    assert not Consent.objects.filter(withdrawn_at__isnull=True).exists()
    assert SignInEvent.objects.filter(account=account).exists()
    assert client.get("/cong-dan/").status_code == 302  # signed out
    entry = JournalEntry.objects.get(action="access.decide_data_request", record="access.datarequest")
    assert entry.after is not None
    assert entry.after["erased"]["access.citizen"] == 1
    # the same person may come back, as somebody new
    assert a_citizen().pk != account.pk


def test_erase__refused__nothing_changes(citizen: tuple[Client, Account]) -> None:
    client, account = citizen
    request = rights.ask(account, DataRequestKind.ERASE)
    rights.decide(
        DECIDER, request.pk, DataDecision.REFUSED, reason="Không đúng chủ", legal_basis="Luật 91/2025"
    )
    account.refresh_from_db()
    assert account.is_active
    assert Citizen.objects.get().personal_number == NUMBER
    page = client.get("/tai-khoan/du-lieu/").content.decode()
    assert "Không đúng chủ" in page
    assert "Luật 91/2025" in page


def test_erase__official__account_and_records_stay(official: Official) -> None:
    _client, account = official("20194", "chu_tich")
    KnownDevice.objects.create(account=account, digest="x", label="Firefox")
    request = rights.ask(account, DataRequestKind.ERASE)
    rights.decide(
        DECIDER, request.pk, DataDecision.RETAINED, reason="Đang công tác", legal_basis="Luật 80/2025"
    )
    account.refresh_from_db()
    assert account.is_active
    assert account.person is not None
    assert account.person.full_name
    assert not KnownDevice.objects.exists()


def test_decide__who_may_not__changes_nothing(official: Official, citizen: tuple[Client, Account]) -> None:
    _client, account = citizen
    request = rights.ask(account, DataRequestKind.ERASE)
    with pytest.raises(AccessDenied):
        rights.decide(account.as_actor(), request.pk, DataDecision.DONE, reason="x")
    own = Actor(label="x", account_id=account.pk, permissions=frozenset({rights.DECIDE}), sees_all=True)
    with pytest.raises(OwnRequest):
        rights.decide(own, request.pk, DataDecision.REFUSED, reason="x", legal_basis="y")
    with pytest.raises(NoSuchRequest):
        rights.decide(DECIDER, new_id(), DataDecision.REFUSED, reason="x", legal_basis="y")
    assert DataRequest.objects.get().decision == ""


@pytest.fixture
def asked(places: Places, official: Official) -> dict[tuple[str, str], DataRequest]:
    """A request of every kind that is decided, by a citizen and an official."""
    _client, chair = official("20194", "chu_tich")
    owners = {"citizen": a_citizen(), "official": chair}
    return {
        (who, kind): rights.ask(account, kind, "xin làm")
        for who, account in owners.items()
        for kind in ("rectify", "erase")
    }


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    who=st.sampled_from(["citizen", "official"]),
    kind=st.sampled_from(["rectify", "erase"]),
    decisions=st.lists(
        st.tuples(
            st.sampled_from([*DataDecision.values, "", "bịa"]),
            st.sampled_from(["", "  ", "vì thế", "x" * 501]),
            st.sampled_from(["", "Luật 91/2025", "y" * 201]),
        ),
        min_size=1,
        max_size=4,
    ),
)
def test_decide__any_order_of_decisions__one_counts_and_refusals_change_nothing(
    asked: dict[tuple[str, str], DataRequest], who: str, kind: str, decisions: list[tuple[str, str, str]]
) -> None:
    with transaction.atomic():
        request = DataRequest.objects.get(pk=asked[who, kind].pk)
        decided = ""
        for decision, reason, basis in decisions:
            before = _state(request)
            error = _decide(request, decision, reason, basis)
            after = _state(request)
            if error is not None:
                assert after == before
                assert not decided or isinstance(error, DecidedAlready)
                continue
            assert not decided
            decided = decision
            assert after["decision"] == decision
            assert after["reason"]
            assert decision == "done" or after["basis"]
            erases = kind == "erase" and decision != "refused" and who == "citizen"
            assert after["erased"] is erases
            assert after["active"] is not erases
        transaction.set_rollback(True)


def _decide(request: DataRequest, decision: str, reason: str, basis: str) -> HaicapError | None:
    try:
        rights.decide(DECIDER, request.pk, decision, reason=reason, legal_basis=basis)
    except HaicapError as error:
        return error
    return None


def _state(request: DataRequest) -> dict[str, Any]:
    row = DataRequest.objects.get(pk=request.pk)
    account = Account.objects.get(pk=row.account_id)
    return {
        "decision": row.decision,
        "reason": row.reason,
        "basis": row.legal_basis,
        "active": account.is_active,
        "erased": Citizen.objects.filter(account=account, erased_at__isnull=False).exists(),
    }


def test_actor__system__may_decide(citizen: tuple[Client, Account]) -> None:
    _client, account = citizen
    request = rights.ask(account, DataRequestKind.RECTIFY, "Sửa ngày sinh")
    assert rights.decide(SYSTEM, request.pk, DataDecision.DONE, reason="Đã sửa").decided_at is not None
