"""The national sync objects of standards §5, built from what a dossier is now: DongBoHoSoMC and CapNhatTienDoHoSoMC.

Names are the standard's. What is optional there and not known here is left out; what is required and not known is an
empty text. `schemas/` holds the form of both; nothing that does not satisfy it goes out.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path
from typing import NotRequired, TypedDict

from django.utils.translation import gettext as _
from jsonschema import Draft202012Validator

from haicap.systems.onestop.models import (
    Delivery,
    DossierFee,
    DossierLetter,
    DossierPaper,
    DossierStep,
    LetterForm,
    Status,
)
from haicap.systems.onestop.sync.bundle import Bundle
from haicap.systems.onestop.sync.settings import PartnerSettings
from haicap.systems.onestop.transitions import WAITING

SCHEMAS = Path(__file__).parent / "schemas"
DOSSIER, PROGRESS = "dong_bo_ho_so", "cap_nhat_tien_do"
#: what the partner is told of how a fee is paid (HinhThucThu): online 1, else 2 [R]
_ONLINE_FEE, _OTHER_FEE = 1, 2


class TaiLieuNop(TypedDict):
    """A paper that was handed in as a file."""

    TepDinhKemId: str
    TenTepDinhKem: str
    IsDeleted: str
    MaThanhPhanHoSo: str
    DuongDanTaiTepTin: str


class LePhi(TypedDict):
    """A fee."""

    TenPhiLePhi: str
    MaPhiLePhi: str
    HinhThucThu: str | int
    Gia: str | int
    LoaiPhiLePhi: str | int


class TepDinhKemKhac(TypedDict):
    """A paper that was handed in on paper."""

    TenGiayTo: str
    SoLuong: str | int
    LoaiGiayTo: str | int


class HoSoBoSung(TypedDict):
    """A demand for a supplement and what came of it."""

    HoSoBoSungId: str
    NguoiYeuCauBoSung: str
    NoiDungBoSung: str
    NgayBoSung: str
    NguoiTiepNhanBoSung: NotRequired[str]
    ThongTinTiepNhan: NotRequired[str]
    NgayTiepNhanBoSung: NotRequired[str]
    TrangThaiBoSung: str | int
    DanhSachGiayToBoSung: NotRequired[list[TepDinhKemKhac]]
    DanhSachLePhiBoSung: NotRequired[list[LePhi]]
    NgayHenTraTruoc: NotRequired[str]
    NgayHenTraMoi: NotRequired[str]


class GiayToKetQua(TypedDict):
    """A result."""

    TenGiayTo: str
    MaThanhPhanHoSo: str
    GiayToId: str
    DuongDanTepTinKetQua: str


class DongBoHoSoMC(TypedDict):
    """Đồng bộ hồ sơ một cửa: the whole of a dossier as it stands."""

    MaHoSo: str
    MaTTHC: str
    TenTTHC: str
    MaLinhVuc: str
    TenLinhVuc: str
    ChuHoSo: NotRequired[str]
    LoaiDoiTuong: str | int
    MaDoiTuong: NotRequired[str]
    Email: str
    SoDienThoai: str
    TrichYeuHoSo: str
    NgayTiepNhan: str
    NgayHenTra: str
    TrangThaiHoSo: str | int
    NgayTra: NotRequired[str]
    ThongTinTra: NotRequired[str]
    HinhThuc: str | int
    NgayKetThucXuLy: NotRequired[str]
    DonViXuLy: str
    TaiLieuNop: NotRequired[list[TaiLieuNop]]
    DanhSachLePhi: NotRequired[list[LePhi]]
    DanhSachTepDinhKemKhac: NotRequired[list[TepDinhKemKhac]]
    DanhSachHoSoBoSung: NotRequired[list[HoSoBoSung]]
    DanhSachGiayToKetQua: NotRequired[list[GiayToKetQua]]
    KenhThucHien: str | int
    HinhThucTra: NotRequired[str | int]
    NoiNopHoSo: NotRequired[str]
    HoSoCoThanhPhanSoHoa: NotRequired[str | int]
    TaiKhoanDuocXacThucVoiVNeID: NotRequired[str | int]
    DuocThanhToanTrucTuyen: NotRequired[str | int]
    NgayTuChoi: NotRequired[str]
    LoaiDinhDanh: NotRequired[str | int]
    SoDinhDanh: NotRequired[str]
    NgayNopHoSo: NotRequired[str]


class CapNhatTienDoHoSoMC(TypedDict):
    """Cập nhật tiến độ: one step of a dossier."""

    MaHoSo: str
    NguoiXuLy: str
    ChucDanh: str
    ThoiDiemXuLy: str
    PhongBanXuLy: str
    NoiDungXuLy: str
    TrangThai: str | int
    NgayBatDau: str
    NgayKetThucTheoQuyDinh: str


def build_dossier(bundle: Bundle, to: PartnerSettings) -> DongBoHoSoMC:
    """The object of a dossier as it stands, for a partner with these settings."""
    dossier, detail = bundle.dossier, bundle.detail
    channel = detail.channel if detail else 1
    found: DongBoHoSoMC = {
        "MaHoSo": dossier.code,
        "MaTTHC": to.procedure_code(bundle.procedure_code),
        "TenTTHC": bundle.procedure_name,
        "MaLinhVuc": bundle.field_code,
        "TenLinhVuc": bundle.field_name,
        "LoaiDoiTuong": _mapped(to, to.applicant_kinds, detail.applicant_kind if detail else 1),
        "Email": detail.email if detail else "",
        "SoDienThoai": detail.phone if detail else "",
        "TrichYeuHoSo": (detail.summary if detail else "") or bundle.procedure_name[:500],
        "NgayTiepNhan": to.moment(dossier.received_at),
        "NgayHenTra": to.moment(dossier.due_at) if dossier.due_at else "",
        "TrangThaiHoSo": to.number(dossier.status),
        "HinhThuc": _mapped(to, to.online_forms, channel),
        "DonViXuLy": bundle.holder,
        "KenhThucHien": to.number(channel),
    }
    if dossier.applicant_name:
        found["ChuHoSo"] = dossier.applicant_name
    if bundle.receiver:
        found["NoiNopHoSo"] = bundle.receiver
    _add_detail(found, bundle, to)
    _add_ends(found, bundle, to)
    _add_lists(found, bundle, to)
    return found


def build_progress(bundle: Bundle, step: DossierStep, to: PartnerSettings) -> CapNhatTienDoHoSoMC:
    """The object of one step. The title is that of the task that ended with it, where the step was one."""
    earlier = [one.at for one in bundle.steps if (one.at, one.id) < (step.at, step.id)]
    task = bundle.task_of(step)
    due_at = (task.due_at if task else None) or bundle.dossier.due_at
    return {
        "MaHoSo": bundle.dossier.code,
        "NguoiXuLy": step.actor,
        "ChucDanh": task.title.name if task else "",
        "ThoiDiemXuLy": to.moment(step.at),
        "PhongBanXuLy": bundle.agencies.get(step.agency_id, "") if step.agency_id else "",
        "NoiDungXuLy": step.note or (task.name if task else "") or str(Status(step.status).label),
        "TrangThai": to.number(step.status),
        "NgayBatDau": to.moment((task.opened_at if task else None) or max(earlier, default=step.at)),
        "NgayKetThucTheoQuyDinh": to.moment(due_at) if due_at else "",
    }


def problems(name: str, content: object, limit: int = 5) -> list[str]:
    """What in an object does not satisfy the standard's form, in words; empty when it may go out."""
    errors = sorted(
        _validator(name).iter_errors(content), key=lambda error: [str(part) for part in error.path]
    )
    return [
        _("%(where)s: %(what)s")
        % {"where": "/".join(str(part) for part in error.absolute_path) or name, "what": error.message[:200]}
        for error in errors[:limit]
    ]


@lru_cache(maxsize=4)
def _validator(name: str) -> Draft202012Validator:
    return Draft202012Validator(json.loads((SCHEMAS / f"{name}.json").read_text(encoding="utf-8")))


def _add_detail(found: DongBoHoSoMC, bundle: Bundle, to: PartnerSettings) -> None:
    detail = bundle.detail
    if detail is None:
        return
    if number := detail.applicant_number:
        found["MaDoiTuong"] = number
        if kind := {12: 1, 9: 2}.get(len(number)):
            found["LoaiDinhDanh"] = to.number(kind)
            found["SoDinhDanh"] = number
    if detail.submitted_at:
        found["NgayNopHoSo"] = to.moment(detail.submitted_at)
    if detail.citizen_id is not None:
        found["TaiKhoanDuocXacThucVoiVNeID"] = to.number(1)
    found["HinhThucTra"] = to.number(Delivery(detail.delivery))


def _add_ends(found: DongBoHoSoMC, bundle: Bundle, to: PartnerSettings) -> None:
    dossier = bundle.dossier
    if dossier.finished_at is not None:
        if dossier.status == Status.REFUSED:
            found["NgayTuChoi"] = to.moment(dossier.finished_at)
        else:
            found["NgayKetThucXuLy"] = to.moment(dossier.finished_at)
    returned = [one for one in bundle.steps if one.status == Status.RETURNED]
    if dossier.status == Status.RETURNED and returned:
        found["NgayTra"] = to.moment(returned[-1].at)
        if returned[-1].note:
            found["ThongTinTra"] = returned[-1].note


def _add_lists(found: DongBoHoSoMC, bundle: Bundle, to: PartnerSettings) -> None:
    first = [paper for paper in bundle.papers if paper.round == 0]
    files = [_file(paper, bundle, to) for paper in first if paper.file_id and bundle.has_address]
    if files:
        found["TaiLieuNop"] = files
    others = [paper for paper in first if not (paper.file_id and bundle.has_address)]
    if others:
        found["DanhSachTepDinhKemKhac"] = _on_paper(others, to)
    if any(paper.file_id for paper in bundle.papers):
        found["HoSoCoThanhPhanSoHoa"] = to.number(1)
    if bundle.fees:
        found["DanhSachLePhi"] = [_fee(fee, to) for fee in bundle.fees]
        if any(fee.method == DossierFee.Method.ONLINE and fee.paid_at for fee in bundle.fees):
            found["DuocThanhToanTrucTuyen"] = to.number(2)
    supplements = [one for one in bundle.letters if one.form == LetterForm.SUPPLEMENT]
    if supplements:
        found["DanhSachHoSoBoSung"] = [
            _supplement(letter, number, bundle, to) for number, letter in enumerate(supplements, 1)
        ]
    if bundle.results:
        found["DanhSachGiayToKetQua"] = [
            {
                "TenGiayTo": result.name,
                "MaThanhPhanHoSo": "",
                "GiayToId": str(result.id),
                "DuongDanTepTinKetQua": bundle.address(result.file_id),
            }
            for result in bundle.results
        ]


def _supplement(letter: DossierLetter, number: int, bundle: Bundle, to: PartnerSettings) -> HoSoBoSung:
    """The demand `number`, and the first step after it that went on: the supplement was taken in."""
    answered = next(
        (one for one in bundle.steps if one.at > letter.issued_at and one.status not in WAITING), None
    )
    found: HoSoBoSung = {
        "HoSoBoSungId": str(letter.id),
        "NguoiYeuCauBoSung": letter.issued_by,
        "NoiDungBoSung": letter.reason,
        "NgayBoSung": to.moment(letter.issued_at),
        "TrangThaiBoSung": to.number(1 if answered else 0),
    }
    if answered:
        found["NguoiTiepNhanBoSung"] = answered.actor
        found["NgayTiepNhanBoSung"] = to.moment(answered.at)
        if answered.note:
            found["ThongTinTiepNhan"] = answered.note
    papers = [paper for paper in bundle.papers if paper.round == number]
    if papers:
        found["DanhSachGiayToBoSung"] = _on_paper(papers, to)
    if letter.new_due_at:
        found["NgayHenTraMoi"] = to.moment(letter.new_due_at)
    return found


def _file(paper: DossierPaper, bundle: Bundle, to: PartnerSettings) -> TaiLieuNop:
    return {
        "TepDinhKemId": str(paper.id),
        "TenTepDinhKem": paper.file_name or paper.name[:255],
        "IsDeleted": "False",
        "MaThanhPhanHoSo": paper.code,
        "DuongDanTaiTepTin": bundle.address(str(paper.file_id)),
    }


def _on_paper(papers: Iterable[DossierPaper], to: PartnerSettings) -> list[TepDinhKemKhac]:
    return [
        {
            "TenGiayTo": paper.name,
            "SoLuong": to.number(paper.originals + paper.copies or 1),
            "LoaiGiayTo": to.number(1 if paper.originals else 2),
        }
        for paper in papers
    ]


def _fee(fee: DossierFee, to: PartnerSettings) -> LePhi:
    online = fee.method == DossierFee.Method.ONLINE
    return {
        "TenPhiLePhi": fee.name,
        "MaPhiLePhi": fee.code,
        "HinhThucThu": to.number(_ONLINE_FEE if online else _OTHER_FEE),
        "Gia": to.number(fee.amount),
        "LoaiPhiLePhi": to.number(1),
    }


def _mapped(to: PartnerSettings, table: object, value: int) -> str | int:
    assert isinstance(table, dict)
    found = str(table.get(str(int(value)), int(value)))
    return to.number(int(found)) if found.isdigit() else found
