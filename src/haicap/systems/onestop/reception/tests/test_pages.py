"""Pages of the counter: without script they are form posts; what is typed is kept; the wrong person sees nothing."""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from haicap.access.models.personal_data import Reading
from haicap.kernel import clock, files, journal
from haicap.kernel.actor import ANONYMOUS, SYSTEM, Actor
from haicap.kernel.contract import number_subject
from haicap.registry.models import Person
from haicap.systems.onestop import policy
from haicap.systems.onestop.counters import service as counters
from haicap.systems.onestop.models import (
    Certification,
    Competence,
    Dossier,
    DossierPaper,
    LimitUnit,
    ProcedureVersion,
    ReceptionDraft,
    Result,
    Status,
    TicketState,
)
from haicap.systems.onestop.reception import drafts
from haicap.systems.onestop.reception.tests.factories import make_version
from haicap.systems.onestop.tests.factories import Town, official

Browse = Callable[[Actor], Client]
PAGE = "/lam-viec/tiep-nhan/"
COPIES = f"{PAGE}chung-thuc/"
CARD = "048199001234|201234567|Trần Thị Ánh Nguyệt|05031999|Nữ|K12/3 Lê Lợi, Mỹ An, Quảng Hòa|15082021"
PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010802000000907753de0000000c4944415478da63f8ffff3f0005fe02fe"
    "a7350781450000000049454e44ae426082"
)


def clerk_of(*offices: Any, may: tuple[str, ...] = tuple(policy.PERMISSIONS)) -> Actor:
    """An official who is a person of the registry: drafts are theirs."""
    actor = official(*offices, may=may)
    with journal.act(SYSTEM, "test.person") as act:
        person = Person.objects.create(
            id=actor.person_id, family_name="Trần", given_name="Thử", full_name="Trần Thử", fold="tran thu",
            sort_key=b"t",
        )  # fmt: skip
        act.changed("registry.person", person.id, None, {})
    return actor


@pytest.fixture
def version(town: Town) -> ProcedureVersion:
    return make_version()


def form_of(version: ProcedureVersion, **changes: Any) -> dict[str, Any]:
    ticked = {f"giay-{paper.pk}": "1" for paper in version.papers.filter(case="")}
    values = {
        "lan": str(uuid.uuid4()), "lam": "tiep-nhan", "ban": str(version.pk), "so": "048199001234",
        "ho-ten": "Trần Thị Ánh Nguyệt", "ngay-sinh": "05/03/1999", "dia-chi": "K12/3 Lê Lợi", **ticked,
    }  # fmt: skip
    return values | {name.replace("_", "-"): value for name, value in changes.items()}


def test_counter__scan__fills_the_fields_and_keeps_them(town: Town, browse: Browse) -> None:
    client = browse(clerk_of(town.commune))
    page = client.post(PAGE, {"lan": str(uuid.uuid4()), "quet": CARD, "lam": "doc"}).content.decode()
    assert 'value="048199001234"' in page
    assert 'value="05/03/1999"' in page
    again = client.get(PAGE).content.decode()
    assert "Trần Thị Ánh Nguyệt" in again
    assert 'value="91102" selected' in again  # the commune that the card names
    assert Reading.objects.filter(record="applicant").count() == 1


def test_counter__scan__impossible_year_is_told_and_nothing_is_lost(town: Town, browse: Browse) -> None:
    client = browse(clerk_of(town.commune))
    answer = client.post(PAGE, {"quet": "048299001234", "dia-chi": "Tổ 5", "lam": "doc"})
    assert answer.status_code == 400
    assert "ONE-601" in answer.content.decode()
    assert "Tổ 5" in client.get(PAGE).content.decode()
    assert not Reading.objects.exists()


@pytest.mark.parametrize("text", ["dang ky khai sinh", "KHAI SINH", "1.001193", "1001193"])
def test_counter__procedure__is_found_by_any_spelling(
    town: Town, browse: Browse, version: ProcedureVersion, text: str
) -> None:
    client = browse(clerk_of(town.commune))
    page = client.post(PAGE, {"thu-tuc": text, "lam": "tim"}).content.decode()
    assert f'name="chon" value="{version.pk}"' in page
    chosen = client.post(PAGE, {"thu-tuc": text, "chon": str(version.pk)}).content.decode()
    assert "Giấy chứng sinh" in chosen
    assert "02/03/2026" in chosen  # same day
    assert "Còn thiếu 2 giấy tờ" in chosen


def test_counter__receive__gives_a_receipt_and_forgets_the_draft(
    town: Town, browse: Browse, version: ProcedureVersion
) -> None:
    client = browse(clerk_of(town.commune))
    client.post(PAGE, form_of(version, lam="nhap"))
    assert ReceptionDraft.objects.count() == 1
    form = form_of(version)
    answer = client.post(PAGE, form, follow=True)
    page = answer.content.decode()
    dossier = Dossier.objects.get()
    assert dossier.code in page
    assert not ReceptionDraft.objects.exists()
    address = re.search(r'href="([^"]+\.pdf)"[^>]*data-print-now', page)
    assert address is not None
    assert client.get(address[1]).content.startswith(b"%PDF")
    client.post(PAGE, form | {"lam": "nhap"})  # kept while it was being received, and late
    assert not ReceptionDraft.objects.exists()
    client.post(PAGE, form)  # pressed twice
    assert Dossier.objects.count() == 1


def test_counter__receive__missing_papers_are_named_until_waived(
    town: Town, browse: Browse, version: ProcedureVersion
) -> None:
    client = browse(clerk_of(town.commune))
    form = {name: value for name, value in form_of(version).items() if not name.startswith("giay-")}
    answer = client.post(PAGE, form)
    assert answer.status_code == 400
    assert "ONE-604" in answer.content.decode()
    assert "nhan-thieu" in answer.content.decode()
    client.post(PAGE, form | {"nhan-thieu": "1"})
    assert Dossier.objects.get().detail.form["missing_accepted"]


def test_counter__receive__ended_procedure_and_unknown_limit_are_refused(town: Town, browse: Browse) -> None:
    client = browse(clerk_of(town.commune))
    ended = make_version("1.000894", "Đăng ký kết hôn", ends=clock.today())
    assert "ONE-602" in client.post(PAGE, form_of(ended)).content.decode()
    unknown = make_version("1.004873", "Xác nhận tình trạng hôn nhân", limit=(5, LimitUnit.UNKNOWN))
    page = client.post(PAGE, form_of(unknown)).content.decode()
    assert "ONE-603" in page
    assert not Dossier.objects.exists()
    client.post(PAGE, form_of(unknown, so_ngay="3"))
    due = Dossier.objects.get().due_at
    assert due is not None
    assert due.astimezone(clock.ZONE).date() == date(2026, 3, 5)


def test_counter__receive__elsewhere_both_agencies_are_said(
    town: Town, browse: Browse, version: ProcedureVersion
) -> None:
    with journal.act(SYSTEM, "test.competence") as act:
        Competence.objects.create(
            procedure=version.procedure, level="commune", agency_kind="ubnd", valid=(date(2025, 7, 1), None)
        )
        act.changed("onestop.competence", version.procedure_id, None, {})
    client = browse(clerk_of(town.commune))
    shown = client.post(PAGE, form_of(version, lam="lai", dia_ban="91102")).content.decode()
    assert "phi địa giới" in shown
    page = client.post(PAGE, form_of(version, dia_ban="91102"), follow=True).content.decode()
    dossier = Dossier.objects.get()
    assert (dossier.receiving_agency_id, dossier.competent_agency_id) == (
        town.commune.agency.id,
        town.neighbour.agency.id,
    )
    assert dossier.desk_id == town.neighbour.desk.id
    assert "Ủy ban nhân dân xã Mỹ An" in page
    undone = client.post(f"{PAGE}{dossier.code}/hoan-tac/", {"ly-do": "Nhầm người"}, follow=True)
    assert "Đã hoàn tác" in undone.content.decode()
    dossier.refresh_from_db()
    assert dossier.status == Status.WITHDRAWN


def test_counter__undo__late_or_by_a_neighbour_is_refused(
    town: Town, browse: Browse, version: ProcedureVersion
) -> None:
    browse(clerk_of(town.commune)).post(PAGE, form_of(version))
    dossier = Dossier.objects.get()
    address = f"{PAGE}{dossier.code}/hoan-tac/"
    assert browse(clerk_of(town.neighbour)).post(address, {"ly-do": "tò mò"}).status_code == 404
    with clock.at(clock.now() + timedelta(minutes=31)):
        page = browse(clerk_of(town.commune)).post(address, {"ly-do": "muộn"}, follow=True)
    assert "ONE-611" in page.content.decode()
    dossier.refresh_from_db()
    assert dossier.status == Status.RECEIVED


def test_counter__file__is_kept_with_the_draft_and_attached(
    town: Town, browse: Browse, version: ProcedureVersion
) -> None:
    client = browse(clerk_of(town.commune))
    form = form_of(version)
    page = client.post(
        PAGE, form | {"lam": "tep", "tep": SimpleUploadedFile("giay.png", PNG)}
    ).content.decode()
    assert "giay.png" in page
    client.post(PAGE, form)
    assert DossierPaper.objects.get(file__isnull=False).file_name == "giay.png"


def test_counter__file__of_a_false_kind_is_refused(town: Town, browse: Browse) -> None:
    client = browse(clerk_of(town.commune))
    answer = client.post(
        PAGE, {"lam": "tep", "tep": SimpleUploadedFile("don.pdf", b"MZ\x90\x00" + b"\0" * 99)}
    )
    assert answer.status_code == 400
    assert "ONE-606" in answer.content.decode()
    assert "don.pdf" not in client.get(PAGE).content.decode()


def test_counter__scanner__shows_the_own_folder_only(
    town: Town, browse: Browse, version: ProcedureVersion, tmp_path: Any, settings: Any
) -> None:
    settings.SCANNER_FOLDER = str(tmp_path)
    for code, name in ((town.commune.code, "quet-cua-toi.png"), (town.neighbour.code, "cua-xa-khac.png")):
        (tmp_path / code).mkdir()
        (tmp_path / code / name).write_bytes(PNG)
    (tmp_path / town.commune.code / "lien-ket.png").symlink_to(
        tmp_path / town.neighbour.code / "cua-xa-khac.png"
    )
    client = browse(clerk_of(town.commune))
    page = client.get(PAGE).content.decode()
    assert "quet-cua-toi.png" in page
    assert "cua-xa-khac.png" not in page
    assert "lien-ket.png" not in page
    for name in ("../" + town.neighbour.code + "/cua-xa-khac.png", "lien-ket.png"):
        assert "ONE-606" in client.post(PAGE, {"lam": "tep", "may-quet": name}).content.decode()
    client.post(PAGE, form_of(version, lam="tep", may_quet="quet-cua-toi.png"))
    assert (tmp_path / town.commune.code / "da-nhan" / "quet-cua-toi.png").exists()
    client.post(PAGE, form_of(version))
    assert DossierPaper.objects.get(file__isnull=False).file_name == "quet-cua-toi.png"


@pytest.mark.parametrize("path", [PAGE, COPIES, f"{COPIES}in.pdf?ngay=2026-03-02"])
def test_counter__who_does_not_receive__is_refused(town: Town, browse: Browse, path: str) -> None:
    for actor in (ANONYMOUS, clerk_of(town.commune, may=(policy.ADVANCE,))):
        assert browse(actor).get(path).status_code == 403


def test_counter__earlier_dossiers__of_a_neighbour_are_not_shown(
    town: Town, browse: Browse, version: ProcedureVersion
) -> None:
    browse(clerk_of(town.neighbour)).post(PAGE, form_of(version, ho_ten="Trần Kín"))
    page = browse(clerk_of(town.commune)).post(PAGE, {"so": "048199001234", "lam": "doc"}).content.decode()
    assert "Trần Kín" not in page
    assert Dossier.objects.get().code not in page


def test_counter__draft__is_the_own_one(town: Town, browse: Browse) -> None:
    browse(clerk_of(town.commune)).post(PAGE, {"ho-ten": "Người Dở Dang", "lam": "nhap"})
    assert "Người Dở Dang" not in browse(clerk_of(town.commune)).get(PAGE).content.decode()


def ten_rows(**changes: str) -> dict[str, str]:
    rows = {}
    for at in range(10):
        rows |= {
            f"khoa-{at}": str(uuid.uuid4()), f"ten-{at}": f"Người Thứ {at}", f"giay-{at}": "Căn cước",
            f"trang-{at}": "2", f"ban-{at}": "3",
        }  # fmt: skip
    return rows | {name.replace("_", "-"): value for name, value in changes.items()}


def test_copies_page__ten_at_once__are_numbered_charged_closed_and_listed(town: Town, browse: Browse) -> None:
    client = browse(clerk_of(town.commune))
    rows = ten_rows(so_3=CARD, ten_3="")
    page = client.post(COPIES, rows, follow=True).content.decode()
    assert list(Certification.objects.order_by("number").values_list("number", flat=True)) == list(
        range(1, 11)
    )
    assert Dossier.objects.filter(status=Status.RETURNED).count() == 10
    assert "Trần Thị Ánh Nguyệt" in page
    assert "120.000" in page
    assert client.get(f"{COPIES}in.pdf", {"nam": 2026, "tu": 1, "den": 10}).content.startswith(b"%PDF")
    assert client.get(f"{COPIES}in.pdf", {"ngay": "2026-03-02"}).content.startswith(b"%PDF")
    client.post(COPIES, rows)
    assert Certification.objects.count() == 10


def test_copies_page__wrong_rows__stay_and_the_rest_is_done(town: Town, browse: Browse) -> None:
    client = browse(clerk_of(town.commune))
    rows = ten_rows(so_2="048299001234", giay_5="", ten_7="", so_7="")
    answer = client.post(COPIES, rows)
    page = answer.content.decode()
    assert answer.status_code == 400
    assert Dossier.objects.count() == 7  # row 7 is another paper of row 6, rows 2 and 5 are wrong
    assert Certification.objects.count() == 8
    assert "ONE-601" in page
    assert "ONE-610" in page
    assert 'value="Người Thứ 2"' in page
    assert 'value="Người Thứ 3"' not in page
    fixed = dict(re.findall(r'name="(khoa-\d+)" value="([^"]+)"', page))
    client.post(COPIES, {
        "khoa-0": fixed["khoa-0"], "ten-0": "Người Thứ 2", "giay-0": "Căn cước",
        "khoa-1": fixed["khoa-1"], "ten-1": "Người Thứ 5", "giay-1": "Bằng",
    })  # fmt: skip
    assert Certification.objects.count() == 10


def test_copies_page__void__is_struck_out_of_the_totals(town: Town, browse: Browse) -> None:
    client = browse(clerk_of(town.commune))
    client.post(COPIES, ten_rows())
    entry = Certification.objects.get(number=4)
    page = client.post(f"{COPIES}{entry.id}/huy/", {"ly-do": "Nhầm"}, follow=True).content.decode()
    assert "108.000" in page
    assert "đã hủy" in page
    assert (
        browse(clerk_of(town.neighbour)).post(f"{COPIES}{entry.id}/huy/", {"ly-do": "x"}).status_code == 404
    )


def test_copies_page__neighbour__sees_and_prints_nothing_of_it(town: Town, browse: Browse) -> None:
    browse(clerk_of(town.commune)).post(COPIES, ten_rows())
    client = browse(clerk_of(town.neighbour))
    assert "Người Thứ" not in client.get(COPIES).content.decode()
    query = {"nam": 2026, "tu": 1, "den": 10, "co-quan": str(town.commune.agency.id)}
    assert client.get(f"{COPIES}in.pdf", query).status_code == 404


COUNTS = json.loads((Path(__file__).parent / "query_counts.json").read_text())


def test_pages__queries__as_in_the_file(town: Town, browse: Browse, version: ProcedureVersion) -> None:
    client = browse(clerk_of(town.commune))
    client.post(COPIES, ten_rows())
    client.post(PAGE, form_of(version, lam="lai", thu_tuc="khai sinh"))
    asked: dict[str, Callable[[], Any]] = {
        "counter, half typed": lambda: client.get(PAGE),
        "counter, searching": lambda: client.post(PAGE, form_of(version, lam="tim", thu_tuc="khai sinh")),
        "counter, a card": lambda: client.post(PAGE, form_of(version, lam="doc", quet=CARD)),
        "counter, kept": lambda: client.post(PAGE, form_of(version, lam="nhap")),
        "copies": lambda: client.get(COPIES),
        "receiving": lambda: client.post(PAGE, form_of(version)),
        "certifying one": lambda: client.post(
            COPIES, {"khoa-0": str(uuid.uuid4()), "ten-0": "Lê Ánh", "giay-0": "Bằng"}
        ),
    }
    found = {}
    for name, ask in asked.items():
        ask()  # calendars and addresses are remembered
        with CaptureQueriesContext(connection) as made:
            assert ask().status_code < 400, name
        found[name] = len(made)
    assert found == COUNTS


def test_drafts__sweep__old_ones_are_forgotten(town: Town, browse: Browse) -> None:
    client = browse(clerk_of(town.commune))
    client.post(PAGE, {"ho-ten": "Người Dở Dang", "lam": "nhap"})
    assert drafts.sweep() == 0
    with clock.at(clock.now() + timedelta(days=3)):
        assert "Người Dở Dang" not in client.get(PAGE).content.decode()
        assert drafts.sweep() == 1


def test_counter__receive__ends_the_ticket_at_the_counter(
    town: Town, browse: Browse, version: ProcedureVersion
) -> None:
    actor = clerk_of(town.commune)
    at = counters.set_up_counter(actor, town.commune.desk.id, 3)
    counters.open_counter(actor, at.id)
    counters.draw_ticket(town.commune.desk.id)
    ticket = counters.call_next(actor, at.id)
    assert ticket is not None
    client = browse(actor)
    assert "quầy 3, số 1" in client.get(PAGE).content.decode()
    client.post(PAGE, form_of(version))
    ticket.refresh_from_db()
    assert ticket.state == TicketState.DONE


def test_counter__held_result__is_offered_and_not_asked_for_again(
    town: Town, browse: Browse, version: ProcedureVersion
) -> None:
    with journal.act(SYSTEM, "test.result") as act:
        held = Result.objects.create(
            name="Giấy chứng sinh", subject=number_subject("048199001234"), issued_by=town.neighbour.agency,
            issued_at=clock.now(), file=files.put(PNG, "image/png", "kq.png"), check_code="ABCD-EFGH-JKMN",
        )  # fmt: skip
        act.changed("onestop.result", held.id, None, {})
    client = browse(clerk_of(town.commune))
    page = client.post(PAGE, {"so": "048199001234", "lam": "doc"}).content.decode()
    assert f"dung-lai-{held.pk}" in page
    form = form_of(version)
    second = version.papers.get(name="Giấy chứng sinh")
    del form[f"giay-{second.pk}"]
    client.post(PAGE, form | {f"dung-lai-{held.pk}": "1"})
    assert DossierPaper.objects.get(reused=held).name == "Giấy chứng sinh"


def test_counter__undo__second_official_is_told(
    town: Town, browse: Browse, version: ProcedureVersion
) -> None:
    browse(clerk_of(town.commune)).post(PAGE, form_of(version))
    address = f"{PAGE}{Dossier.objects.get().code}/hoan-tac/"
    browse(clerk_of(town.commune)).post(address, {"ly-do": "Nhầm"})
    again = browse(clerk_of(town.commune)).post(address, {"ly-do": "Nhầm"}, follow=True).content.decode()
    assert "ONE-611" in again
