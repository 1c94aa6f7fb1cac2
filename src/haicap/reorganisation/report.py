"""Báo cáo đối soát: a run's ledger as an official report for the steering committee (NĐ 30/2020/NĐ-CP, appendix I)."""

from __future__ import annotations

import io
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import segno

from haicap.kernel import clock, paper
from haicap.kernel.formats import date, date_line, date_time, decimal, integer
from haicap.registry import queries as registry
from haicap.registry.models import Deployment, Kind, Resolution
from haicap.reorganisation import queries, service
from haicap.reorganisation.models import LedgerRow, Run, RunKind
from haicap.reorganisation.plan.model import Plan as PlanValues
from haicap.reorganisation.plan.read import read_plan

TEMPLATE = Path(__file__).parent / "papers" / "ledger.typ"
PARTS = ("before", "carried", "frozen", "closed", "undecided", "after", "created")


@dataclass(frozen=True, slots=True)
class Signature:
    """Who signs a report: name, title in lines ("KT. CHỦ TỊCH", "PHÓ CHỦ TỊCH"), when, and the report's number."""

    person: str
    title: tuple[str, ...]
    signed_at: datetime
    number: str = ""


def render(run: Run, signature: Signature | None = None) -> bytes:
    """The report of a run as PDF; without a signature a draft that says so. Raises PaperFailed (KRN-120).

    Official papers are in Vietnamese whatever the reader's language: nothing here is translated.
    """
    return paper.pdf(TEMPLATE, values_of(run, signature))


def values_of(run: Run, signature: Signature | None = None) -> dict[str, Any]:
    """What the template shows, JSON-ready."""
    rows = queries.ledger_rows(run)
    text = run.plan.texts.filter(number=run.text_number).first() or service.latest_text(run.plan)
    plan = read_plan(text.text)
    place, agency = _province(run)
    kind = "chuyển đổi" if run.kind == RunKind.CUT_OVER else "diễn tập chuyển đổi"
    day = (signature.signed_at if signature else clock.now()).astimezone(clock.ZONE).date()
    balanced = bool(rows) and all(row.balanced for row in rows)
    number = signature.number if signature and signature.number else "......./BC-UBND"
    return {
        "title": f"Báo cáo kết quả {kind} {run.plan.key}",
        "superior": "",
        "agency": " ".join(agency),
        "agency_lines": list(agency),
        "number": number,
        "date_line": date_line(place, day),
        "subject": f"Kết quả đối soát dữ liệu khi {kind}\n{plan.title[:1].lower()}{plan.title[1:]}",
        "opening": _opening(run, plan, kind),
        "head": [
            "TT",
            "Loại",
            "Trước",
            "Chuyển",
            "Lưu",
            "Đóng",
            "Chờ phân định",
            "Sau",
            "Lập mới",
            "Dấu vân",
        ],
        "rows": [
            [str(at), row.label, *(integer(getattr(row, part)) for part in PARTS), row.digests["before"][:8]]
            for at, row in enumerate(rows, 1)
        ],
        "caption": "Trước = chuyển + lưu + đóng + chờ phân định = sau. «Lập mới» là cơ quan, chức danh, bàn xử lý do "
        "chuyển đổi lập, không nằm trong các tổng.",
        "closing": _closing(run, rows, balanced),
        "receivers": ["Ban Chỉ đạo sắp xếp đơn vị hành chính;", "Các sở, ngành có liên quan;", "Lưu: VT."],
        "qr": _qr(run),
        "qr_lines": [f"Lượt chạy {run.pk}", f"Kế hoạch {run.plan.key}, bản số {run.text_number}"],
        "signer_title": list(signature.title) if signature else ["TM. Ủy ban nhân dân"],
        "signer": signature.person if signature else "",
        "signed_line": f"Đã ký xác nhận lúc {date_time(signature.signed_at)}" if signature else "",
        "draft": signature is None,
        "draft_note": "BẢN THẢO, chưa ký xác nhận",
        "digest_head": ["Loại", "Trước", "Sau", "Khớp"],
        "digest_rows": [
            [row.label, row.digests["before"], row.digests["after"], "có" if row.balanced else "KHÔNG"]
            for row in rows
        ],
        "annex_notes": [
            "Dấu vân là phép cộng loại trừ (XOR) giá trị băm 64 bit của mã định danh mọi bản ghi trong loại; hai tập "
            "bản ghi được coi là một khi trùng cả số lượng và dấu vân.",
            *(f"{row.label}: {note}." for row in rows for note in row.notes),
        ],
    }


def _province(run: Run) -> tuple[str, tuple[str, ...]]:
    """(the place of the date line, the agency that reports in lines): the plan's province, as named on its day."""
    day = run.plan.effective_on
    known = registry.snapshot()
    version = known.by_code(run.plan.province_code, day) or known.by_code(
        run.plan.province_code, clock.today()
    )
    if version is None:
        deployment = Deployment.objects.first()
        versions = known.versions_of(deployment.province_id) if deployment and deployment.province_id else ()
        version = versions[-1] if versions else None
    if version is None:
        return "…", ("Ủy ban nhân dân", "tỉnh")
    return version.name, ("Ủy ban nhân dân", f"{Kind(version.kind).label} {version.name}")


def _opening(run: Run, plan: PlanValues, kind: str) -> list[str]:
    acts = Resolution.objects.in_bulk([legal.number for legal in plan.legal], field_name="number")
    named = []
    for legal in plan.legal[:3]:
        act = acts.get(legal.number)
        issued = (legal.issued_by or (act.issued_by if act else "")).strip()
        of = f" của {issued}" if issued else ""
        dated = legal.dated or (act.dated if act else None)
        called = _kind_of_act(legal.title or (act.title if act else ""), legal.number)
        named.append(f"{called} {legal.number}{f' ngày {date(dated)}' if dated else ''}{of}")
    basis = "; ".join(named)
    units = sum(unit.level == "commune" for unit in plan.units)
    before = {part.code for unit in plan.units if unit.level == "commune" for part in unit.predecessors}
    when = date_time(run.started_at, seconds=True)
    return [
        f"Thực hiện {basis}, hệ thống đã {kind} dữ liệu lúc {when}: {integer(len(before))} đơn vị hành chính cấp xã "
        f"thành {integer(units)} đơn vị từ ngày {date(plan.effective_on)}"
        + (
            f", {integer(len(plan.abolished))} đơn vị cấp huyện kết thúc hoạt động."
            if plan.abolished
            else "."
        ),
        "Kết quả đối soát từng loại dữ liệu trước và sau chuyển đổi như sau:",
    ]


def _kind_of_act(title: str, number: str) -> str:
    """What a legal act is called before its number."""
    for kind in ("Luật", "Nghị định", "Quyết định"):
        if title.startswith(kind):
            return f"{kind} số"
    return "Nghị định số" if "/NĐ" in number else "Quyết định số" if "/QĐ" in number else "Nghị quyết số"


def _closing(run: Run, rows: list[LedgerRow], balanced: bool) -> list[str]:
    lines: list[str] = []
    if balanced:
        lines.append(
            f"Cả {len(rows)} loại đều cân: không có bản ghi nào bị mất hoặc bị trùng, theo số lượng và theo dấu vân."
        )
    else:
        wrong = ", ".join(row.label for row in rows if not row.balanced)
        lines.append(f"Chưa cân ở: {wrong}. Việc chuyển đổi không được ghi nhận.")
    waiting = [
        f"{integer(row.undecided)} {row.label[:1].lower()}{row.label[1:]}" for row in rows if row.undecided
    ]
    if waiting:
        lines.append(
            f"Còn chờ người có thẩm quyền quyết định: {', '.join(waiting)}. Trong khi chờ, các đơn vị tạm giữ theo kế "
            "hoạch chịu trách nhiệm; không có hồ sơ nào không có người phụ trách."
        )
    if run.read_only_s is not None and run.total_s is not None:
        lines.append(
            f"Toàn bộ việc chuyển đổi mất {decimal(run.total_s, 2)} giây, trong đó người dùng phải chờ "
            f"{decimal(run.read_only_s, 2)} giây."
        )
    if run.kind == RunKind.CUT_OVER and run.undo_until:
        lines.append(f"Có thể hoàn tác đến {date_time(run.undo_until)}.")
    if run.kind == RunKind.REHEARSAL:
        lines.append("Đây là kết quả diễn tập: dữ liệu đang dùng không thay đổi.")
    lines.append(f"Trên đây là báo cáo kết quả đối soát; người thực hiện: {run.actor}./.")
    return lines


def _qr(run: Run) -> str:
    """The run's id as a QR code (SVG)."""
    buffer = io.BytesIO()
    segno.make(f"urn:uuid:{run.pk}", error="m").save(buffer, kind="svg", border=1, xmldecl=False)
    return buffer.getvalue().decode()
