"""The national sync objects: names to the letter, everything optional left out, nothing wrong goes out."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from haicap.kernel import clock, files, journal
from haicap.kernel.actor import SYSTEM, Actor
from haicap.systems.onestop import service as dossiers
from haicap.systems.onestop.catalogue import imports, reading
from haicap.systems.onestop.models import (
    CatalogueImport,
    Dossier,
    DossierDetail,
    DossierFee,
    DossierLetter,
    DossierPaper,
    DossierStep,
    DossierSync,
    LetterForm,
    Partner,
    Result,
    Status,
    SyncKind,
)
from haicap.systems.onestop.sync import objects, procedures, tasks
from haicap.systems.onestop.sync.bundle import bundle_of
from haicap.systems.onestop.sync.errors import SyncNotAllowed
from haicap.systems.onestop.sync.settings import PartnerSettings
from haicap.systems.onestop.sync.tests.conftest import Peer
from haicap.systems.onestop.sync.tests.test_delivery import receive, run
from haicap.systems.onestop.tests.factories import NOW, Town, official

TO = PartnerSettings(applicant_kinds={"1": "3", "2": "5"}, numbers_as_text=True)


@pytest.fixture(autouse=True)
def monday(town: Town) -> Iterator[None]:
    """Everything happens in the small province."""
    return


def whole(town: Town) -> Dossier:
    """A dossier with everything: supplement, fees, files, a result, handed out."""
    actor = official(town.commune)
    dossier = receive(town)
    DossierDetail.objects.update_or_create(
        dossier=dossier,
        defaults={
            "channel": 2, "submitted_at": NOW, "applicant_kind": 1, "applicant_number": "048199001234",
            "email": "duc@vidu.vn", "phone": "0905000111", "summary": "Đăng ký khai sinh cho con", "delivery": 2,
        },
    )  # fmt: skip
    for status in (Status.PROCESSING, Status.SUPPLEMENT):
        with clock.shifted(timedelta(hours=int(status))):
            dossiers.advance_dossier(actor, dossier.id, status, note="Thiếu giấy chứng sinh")
            if status == Status.SUPPLEMENT:
                DossierLetter.objects.create(
                    dossier=dossier, form=LetterForm.SUPPLEMENT, issued_at=clock.now(), issued_by="Lê Thị Một Cửa",
                    reason="Thiếu giấy chứng sinh",
                )  # fmt: skip
    with clock.shifted(timedelta(days=1)):
        dossiers.advance_dossier(actor, dossier.id, Status.PROCESSING, note="Đã nhận đủ")
    with clock.shifted(timedelta(days=2)):
        dossiers.advance_dossier(actor, dossier.id, Status.PROCESSED)
        dossiers.return_result(actor, dossier.id, to_whom="Nguyễn Thị Mẹ")
    kept = files.put(b"%PDF-1.4 x", "giay.pdf")
    for number, name in enumerate(("Tờ khai", "Giấy chứng sinh")):
        DossierPaper.objects.create(
            dossier=dossier, round=number, name=name, code=f"TP.{number}", originals=1, at=NOW,
            file_id=kept.digest if number == 0 else None, file_name="to-khai.pdf",
        )  # fmt: skip
    DossierPaper.objects.create(dossier=dossier, name="Sổ hộ khẩu", copies=2, at=NOW)
    DossierFee.objects.create(
        dossier=dossier, code="LP1", name="Lệ phí", amount=8000, method="online", paid_at=NOW
    )
    with journal.act(SYSTEM, "test.result") as act:
        result = Result.objects.create(
            dossier=dossier, name="Giấy khai sinh", issued_by=town.commune.agency, issued_at=NOW,
            file_id=kept.digest, check_code="KS1",
        )  # fmt: skip
        act.changed("onestop.result", result.id, None, {})
    dossier.refresh_from_db()
    return dossier


def test_dossier__whole__says_everything_by_its_names(town: Town, partner: Partner) -> None:
    dossier = whole(town)
    found = objects.build_dossier(bundle_of(partner, dossier.id, "https://mc.vidu.vn"), TO)
    assert objects.problems(objects.DOSSIER, found) == []
    moments = {
        one.status: TO.moment(one.at) for one in DossierStep.objects.filter(dossier=dossier).order_by("at")
    }
    assert moments[10][:8] == "20260304"
    lists = {name: found.pop(name) for name in list(found) if isinstance(found[name], list)}  # type: ignore[misc,literal-required]
    assert found == {
        "MaHoSo": dossier.code, "MaTTHC": "1.001193", "TenTTHC": "Đăng ký khai sinh", "MaLinhVuc": "ho-tich",
        "TenLinhVuc": "Hộ tịch", "ChuHoSo": "Nguyễn Văn Đức", "LoaiDoiTuong": "3", "MaDoiTuong": "048199001234",
        "Email": "duc@vidu.vn", "SoDienThoai": "0905000111", "TrichYeuHoSo": "Đăng ký khai sinh cho con",
        "NgayTiepNhan": TO.moment(dossier.received_at), "NgayHenTra": TO.moment(dossier.due_at), "TrangThaiHoSo": "10",
        "NgayTra": moments[10], "ThongTinTra": "Người nhận: Nguyễn Thị Mẹ", "HinhThuc": "1",
        "NgayKetThucXuLy": moments[9], "DonViXuLy": "Ủy ban nhân dân xã Hòa Phú", "KenhThucHien": "2",
        "HinhThucTra": "2", "NoiNopHoSo": "Ủy ban nhân dân xã Hòa Phú", "HoSoCoThanhPhanSoHoa": "1",
        "DuocThanhToanTrucTuyen": "2", "LoaiDinhDanh": "1", "SoDinhDanh": "048199001234",
        "NgayNopHoSo": "20260302090000",
    }  # fmt: skip
    assert lists["DanhSachLePhi"] == [
        {"TenPhiLePhi": "Lệ phí", "MaPhiLePhi": "LP1", "HinhThucThu": "1", "Gia": "8000", "LoaiPhiLePhi": "1"}
    ]
    assert [one["TenTepDinhKem"] for one in lists["TaiLieuNop"]] == ["to-khai.pdf"]
    assert [one["TenGiayTo"] for one in lists["DanhSachTepDinhKemKhac"]] == ["Sổ hộ khẩu"]
    assert [one["TenGiayTo"] for one in lists["DanhSachGiayToKetQua"]] == ["Giấy khai sinh"]
    (supplement,) = lists["DanhSachHoSoBoSung"]
    assert supplement["NgayBoSung"] == TO.moment(DossierLetter.objects.get().issued_at)
    assert supplement["NgayTiepNhanBoSung"] == moments[4], (
        "the latest step into 4: the supplement was taken in"
    )
    assert supplement["TrangThaiBoSung"] == "1"
    assert [one["TenGiayTo"] for one in supplement["DanhSachGiayToBoSung"]] == ["Giấy chứng sinh"]


def test_dossier__bare__leaves_everything_optional_out(town: Town, partner: Partner) -> None:
    dossier = receive(town)
    DossierDetail.objects.filter(dossier=dossier).delete()
    found = objects.build_dossier(bundle_of(partner, dossier.id), TO)
    assert objects.problems(objects.DOSSIER, found) == []
    assert set(found) == {
        "MaHoSo", "MaTTHC", "TenTTHC", "MaLinhVuc", "TenLinhVuc", "ChuHoSo", "LoaiDoiTuong", "Email",
        "SoDienThoai", "TrichYeuHoSo", "NgayTiepNhan", "NgayHenTra", "TrangThaiHoSo", "HinhThuc", "DonViXuLy",
        "KenhThucHien", "NoiNopHoSo",
    }  # fmt: skip


def test_dossier__settings_of_a_partner__are_heeded(town: Town, partner: Partner) -> None:
    dossier = whole(town)
    to = PartnerSettings(
        numbers_as_text=False, date_format="%Y-%m-%d %H:%M:%S", procedure_pattern="{code}.000.00.00.H48"
    )
    found = objects.build_dossier(bundle_of(partner, dossier.id, "https://mc.vidu.vn"), to)
    assert objects.problems(objects.DOSSIER, found) == []
    assert (found["TrangThaiHoSo"], found["LoaiDoiTuong"]) == (10, 1)
    assert found["NgayTiepNhan"].startswith("2026-03-02 09:0")
    assert len(found["NgayTiepNhan"]) == 19
    assert found["MaTTHC"] == "1.001193.000.00.00.H48"


def test_progress__says_who_what_when(town: Town, partner: Partner) -> None:
    dossier = whole(town)
    steps = list(DossierStep.objects.filter(dossier=dossier).order_by("at"))
    found = objects.build_progress(bundle_of(partner, dossier.id), steps[1], TO)
    assert objects.problems(objects.PROGRESS, found) == []
    assert found == {
        "MaHoSo": dossier.code, "NguoiXuLy": "Trần Thị Kiểm Thử", "ChucDanh": "",
        "ThoiDiemXuLy": TO.moment(steps[1].at), "PhongBanXuLy": "Ủy ban nhân dân xã Hòa Phú",
        "NoiDungXuLy": "Thiếu giấy chứng sinh", "TrangThai": "4", "NgayBatDau": TO.moment(steps[0].at),
        "NgayKetThucTheoQuyDinh": TO.moment(dossier.due_at),
    }  # fmt: skip


@pytest.mark.parametrize(
    "change",
    [
        {"MaHoSo": ""}, {"NgayTiepNhan": "02/03"}, {"TrangThaiHoSo": "11"}, {"Lạ": "x"}, {"SoDinhDanh": "12345"},
        {"DonViXuLy": ""}, {"DanhSachLePhi": []}, {"KenhThucHien": "4"},
    ],
)  # fmt: skip
def test_schema__wrong__is_named(town: Town, partner: Partner, change: dict[str, object]) -> None:
    found = {**objects.build_dossier(bundle_of(partner, receive(town).id), TO), **change}
    assert len(objects.problems(objects.DOSSIER, found)) == 1
    assert objects.problems(objects.DOSSIER, {})[0]


def test_deliver__code_that_the_partner_does_not_take__is_failed_here(
    town: Town, partner: Partner, peer: Peer
) -> None:
    with journal.act(SYSTEM, "test.pattern") as act:
        Partner.objects.update(settings={**partner.settings, "code_pattern": r"^G22\."})
        act.changed("onestop.partner", partner.pk, {}, {})
    dossier = receive(town)
    run()
    row = DossierSync.objects.get(dossier=dossier, kind=SyncKind.DOSSIER)
    assert (row.state, row.reason) == ("failed", "CODE")
    assert peer.state()["calls"] == 0


def test_bundle__queries__do_not_depend_on_the_parts(town: Town, partner: Partner) -> None:
    bare, full = receive(town), whole(town)
    counts = []
    for one in (bare, full):
        with CaptureQueriesContext(connection) as seen:
            bundle_of(partner, one.id)
        counts.append(len(seen))
    assert counts[0] == counts[1] <= 18


DETAIL = {
    "TENTTHC": "Đăng ký khai tử",
    "LINHVUCTHUCHIEN": [{"MALINHVUC": "G15-HT", "TENLINHVUC": "Hộ tịch"}],
    "TRINHTUTHUCHIEN": [{"TEN": "Bước 1", "NOIDUNG": "Nộp hồ sơ"}],
    "CACHTHUCTHUCHIEN": [
        {"KENH": "1", "THOIGIAN": "1", "DONVITINH": "Ngày làm việc", "PHILEPHI": [{"TENPHI": "Lệ phí: 8.000 đồng"}]},
        {"KENH": "Trực tuyến", "THOIGIAN": "1", "DONVITINH": "", "PHILEPHI": "Miễn phí"},
    ],
    "THANHPHANHOSO": [
        {"TRUONGHOP": "Giấy tờ phải nộp", "GIAYTO": [{"MAGIAYTO": "KQ.1", "TENGIAYTO": "Giấy báo tử",
                                                     "TENMAUDON": "TK.docx", "SOBANCHINH": "1"}]},
    ],
    "KETQUATHUCHIEN": [{"MAKETQUA": "KQ.2", "TENKETQUA": "Trích lục khai tử"}],
    "CANCUPHAPLY": [{"TENVANBAN": "Luật Hộ tịch"}],
    "COQUANTHUCHIEN": [{"TENDONVI": "Ủy ban nhân dân cấp xã"}],
}  # fmt: skip


def test_catalogue__of_the_platform__is_what_the_import_reads(
    town: Town, partner: Partner, peer: Peer
) -> None:
    peer.control(
        lists={
            "LayDanhSachTTHC": [
                {"MATTHC": "1.000656", "TENTTHC": "Đăng ký khai tử"},
                {"MATTHC": "1.009999", "TENTTHC": "Thủ tục không có chi tiết"},
            ],
            "LayThuTuc": {"1.000656": DETAIL},
        }
    )
    file = io.BytesIO()
    assert (
        procedures.read_catalogue(official(town.province, may=("onestop.manage_sync",)), partner, file) == 2
    )
    first = json.loads(file.getvalue().splitlines()[0])
    assert first["papers"] == [
        {"name": "Giấy báo tử", "case": "Giấy tờ phải nộp", "form": "TK.docx", "code": "KQ.1", "originals": 1}
    ]
    assert [method["time"]["unit"] for method in first["methods"]] == ["working_day", "other"]
    read = list(reading.rows(file))
    assert [(row.code, row.problem) for row in read] == [("1.000656", ""), ("1.009999", "")]
    with pytest.raises(SyncNotAllowed):
        procedures.read_catalogue(official(town.commune, may=()), partner, file)


def test_catalogue__asked_for__waits_as_an_import(
    town: Town, partner: Partner, peer: Peer, browse: Callable[[Actor], Client]
) -> None:
    peer.control(lists={"LayDanhSachTTHC": [{"MATTHC": "1.000656"}], "LayThuTuc": {"1.000656": DETAIL}})
    actor = official(town.province, may=("onestop.manage_sync", "onestop.manage_catalogue"))
    page = browse(actor).post("/lam-viec/lien-thong/dvcqg/viec/", {"viec": "thu-tuc"}, follow=True)
    assert "Đang lấy danh mục" in page.content.decode()
    with connection.cursor() as cursor:
        cursor.execute("SELECT args FROM procrastinate_jobs WHERE task_name = 'onestop.fetch_catalogue'")
        ((given,),) = cursor.fetchall()
    tasks.fetch_catalogue(**json.loads(given))
    run_ = CatalogueImport.objects.get()
    assert (run_.asked_by, run_.complete) == (actor.label, False), "what it does not list is not ended"
    imports.carry_out(run_.pk, "read")
    run_.refresh_from_db()
    assert (run_.state, run_.total) == ("ready", 1)
    without = official(town.province, may=("onestop.manage_sync",))
    assert browse(without).post("/lam-viec/lien-thong/dvcqg/viec/", {"viec": "thu-tuc"}).status_code == 403
