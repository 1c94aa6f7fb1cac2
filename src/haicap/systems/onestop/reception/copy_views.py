"""Pages of certified copies: many applicants at once, the book of the day, receipts. Thin: see `copies`."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from haicap.access.personal_data.service import Purpose, note_reading
from haicap.kernel import clock, paper
from haicap.kernel.actor import Actor
from haicap.kernel.days import parse_day
from haicap.kernel.errors import HaicapError, NotAllowed, NotFound
from haicap.kernel.formats import date as day_text
from haicap.kernel.formats import integer
from haicap.kernel.ids import new_id
from haicap.systems.onestop import looks
from haicap.systems.onestop.models import Certification, Status
from haicap.systems.onestop.reception import copies as book
from haicap.systems.onestop.reception import queries
from haicap.systems.onestop.reception.copies import BOOK, CopiedPaper, CopyRequest, receipt_of
from haicap.systems.onestop.reception.errors import BadEntry, SubmissionTaken
from haicap.systems.onestop.reception.identity import read_identity
from haicap.systems.onestop.reception.queries import Receiver
from haicap.systems.onestop.reception.views import receivers_of, tabs

EMPTY_ROWS, MOST_ROWS = 10, 60
MOST_PRINTED = 1_000
LAYOUT = Path(__file__).parent / "layout" / "copies.typ"
#: papers that are copied most, offered while typing
USUAL = (
    "Căn cước công dân", "Giấy khai sinh", "Giấy chứng nhận kết hôn", "Bằng tốt nghiệp", "Bảng điểm", "Học bạ",
    "Giấy chứng nhận quyền sử dụng đất", "Giấy phép lái xe", "Đăng ký xe", "Sổ hộ khẩu", "Giấy xác nhận cư trú",
    "Giấy chứng nhận đăng ký hộ kinh doanh",
)  # fmt: skip
_NAMES = ("khoa", "ten", "so", "giay", "trang", "ban")


@dataclass(slots=True)
class Line:
    """One row of the form: what was typed, and what was wrong with it."""

    at: int
    khoa: str = ""
    ten: str = ""
    so: str = ""
    giay: str = ""
    trang: str = "1"
    ban: str = "1"
    problem: str = ""
    where: str = ""

    @property
    def empty(self) -> bool:
        """Nothing was typed."""
        return not (self.ten or self.so or self.giay)

    @property
    def goes_on(self) -> bool:
        """Another paper of the applicant above."""
        return not (self.ten or self.so) and bool(self.giay)


@dataclass(slots=True)
class Batch:
    """What one press entered."""

    entries: list[Certification] = field(default_factory=list)
    wrong: list[Line] = field(default_factory=list)


@require_http_methods(["GET", "HEAD", "POST"])
def copies(request: HttpRequest) -> HttpResponse:
    """Chứng thực bản sao: a row for each applicant, one press for all; rows with mistakes stay, the rest is done."""
    actor = _actor(request)
    receivers = receivers_of(actor)
    receiver = next(
        (one for one in receivers if str(one.agency_id) == request.POST.get("co-quan")), receivers[0]
    )
    if request.method != "POST":
        return _page(request, receiver, receivers, _fresh([]))
    lines = _lines(request)
    if request.POST.get("lam") == "them":
        return _page(request, receiver, receivers, _fresh(lines, at_least=len(lines) + EMPTY_ROWS))
    if request.POST.get("lam") == "tra":
        done = book.return_ready(actor, receiver.agency_id)
        messages.success(request, _("Đã trả kết quả %(count)s hồ sơ.") % {"count": done})
        return redirect("onestop:copies")
    batch = _enter(actor, receiver, lines)
    if not batch.entries and not batch.wrong:
        problem = BadEntry(
            _("Chưa có dòng nào được điền."), where="ten-0", todo=_("Gõ họ tên người yêu cầu rồi bấm Enter.")
        )
        return _page(request, receiver, receivers, _fresh(lines), problem=problem)
    if batch.wrong:
        return _page(request, receiver, receivers, _fresh(batch.wrong), batch=batch)
    numbers = [one.number for one in batch.entries]
    messages.success(request, _said(batch.entries))
    return redirect(
        f"{reverse('onestop:copies')}?nam={batch.entries[0].year}&tu={min(numbers)}&den={max(numbers)}"
    )


@require_POST
def void(request: HttpRequest, entry_id: uuid.UUID) -> HttpResponse:
    """Hủy: strike an entry of today out of the book, with a reason."""
    actor = _actor(request)
    receivers_of(actor)
    try:
        entry = book.void_entry(actor, entry_id, request.POST.get("ly-do", ""))
    except (NotAllowed, NotFound):
        raise
    except HaicapError as error:
        messages.error(request, f"{error.message} {error.kept} {error.todo} ({error.code})")
    else:
        messages.success(
            request,
            _("Đã hủy số %(number)s, hoàn lại %(fee)s đồng.")
            % {"number": receipt_of(entry), "fee": integer(entry.fee)},
        )
    return redirect("onestop:copies")


@require_safe
def print_copies(request: HttpRequest) -> HttpResponse:
    """In: the book of a day (`ngay`), or receipts of the numbers `tu` to `den` of a year."""
    actor = _actor(request)
    receivers = receivers_of(actor)
    receiver = next(
        (one for one in receivers if str(one.agency_id) == request.GET.get("co-quan")), receivers[0]
    )
    found: list[Certification]
    if request.GET.get("ngay"):
        day = parse_day(request.GET["ngay"])
        found = list(queries.entries_of(receiver.agency_id, day).order_by("year", "number")[:MOST_PRINTED])
        kind, name = "book", f"so-chung-thuc-{day:%Y%m%d}.pdf"
    else:
        year, first, last = (_number(request.GET.get(key, "")) for key in ("nam", "tu", "den"))
        found = queries.entries_between(actor, receiver.agency_id, year, first, last)
        kind, name, day = "receipts", f"bien-lai-{first}-{last}.pdf", clock.today()
    note_reading(
        actor,
        [(looks.subject_of(one.dossier), one.dossier_id) for one in found],
        system="onestop",
        record="dossier",
        purpose=Purpose.HANDLE,
        correlation_id=getattr(request, "correlation_id", None),
    )
    with translation.override("vi"):
        made = paper.pdf(LAYOUT, _values(kind, receiver, found, day))
    response = HttpResponse(made, content_type="application/pdf")
    response["Content-Disposition"] = f'inline; filename="{name}"'
    response["Cache-Control"] = "private, no-store"
    return response


def _lines(request: HttpRequest) -> list[Line]:
    """The rows as typed. What stands in a row below nobody's name belongs to the applicant above."""
    found: list[Line] = []
    for at in range(MOST_ROWS):
        if f"ten-{at}" not in request.POST and f"giay-{at}" not in request.POST:
            continue
        values = {name: request.POST.get(f"{name}-{at}", "")[:1_000].strip() for name in _NAMES}
        line = Line(len(found), **values)
        if "|" in line.so or "|" in line.ten:
            _read_card(line)
        if not line.empty:
            found.append(line)
    return found


def _read_card(line: Line) -> None:
    """A scanned card in either field fills both; what cannot be read is told when the row is entered."""
    try:
        card = read_identity(line.so if "|" in line.so else line.ten)
    except HaicapError:
        return
    line.ten, line.so = card.full_name, card.number


def _enter(actor: Actor, receiver: Receiver, lines: Sequence[Line]) -> Batch:
    """Each applicant by itself: one that is wrong stays on the page, the others are entered."""
    batch = Batch()
    agency = queries.agency(receiver.agency_id)
    for group in _groups(lines):
        try:
            made = book.certify(actor, _asked(group), agency=agency)
            batch.entries.extend(made.entries)
        except NotAllowed as error:
            if not isinstance(error, SubmissionTaken):
                raise
            _note(batch, group, error)
        except HaicapError as error:
            _note(batch, group, error)
    return batch


def _note(batch: Batch, group: Sequence[Line], error: HaicapError) -> None:
    group[0].problem, group[0].where = f"{error.message} {error.todo} ({error.code})", error.where
    batch.wrong.extend(group)


def _groups(lines: Sequence[Line]) -> list[list[Line]]:
    groups: list[list[Line]] = []
    for line in lines:
        if line.goes_on and groups:
            groups[-1].append(line)
        else:
            groups.append([line])
    return groups


def _asked(group: Sequence[Line]) -> CopyRequest:
    first = group[0]
    try:
        key = uuid.UUID(first.khoa)
    except ValueError:
        raise BadEntry(_("Dòng thiếu mã của lần ghi."), where="ten", todo=_("Hãy tải lại trang.")) from None
    return CopyRequest(
        key,
        first.ten,
        tuple(CopiedPaper(one.giay, _number(one.trang or "1"), _number(one.ban or "1")) for one in group),
        read_identity(first.so).number if first.so else "",
    )


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 7 else 0


def _fresh(lines: Sequence[Line], at_least: int = EMPTY_ROWS) -> list[Line]:
    """The rows of the form: those that are there, and empty ones, each with a key of its own."""
    rows = list(lines)[:MOST_ROWS]
    rows += [Line(0) for _empty in range(max(0, min(at_least, MOST_ROWS) - len(rows)))]
    for at, line in enumerate(rows):
        line.at, line.khoa = at, line.khoa or str(new_id())
    return rows


def _said(entries: Sequence[Certification]) -> str:
    numbers = [one.number for one in entries]
    return _("Đã ghi sổ %(count)s mục, số %(first)s đến %(last)s; thu %(fee)s đồng.") % {
        "count": len(entries),
        "first": min(numbers),
        "last": max(numbers),
        "fee": integer(sum(one.fee for one in entries)),
    }


def _page(
    request: HttpRequest,
    receiver: Receiver,
    receivers: list[Receiver],
    rows: list[Line],
    *,
    batch: Batch | None = None,
    problem: HaicapError | None = None,
) -> HttpResponse:
    today = clock.today()
    page = Paginator(queries.entries_of(receiver.agency_id, today), 30).get_page(request.GET.get("trang"))
    entries = list(page.object_list)
    note_reading(
        _actor(request),
        [(looks.subject_of(one.dossier), one.dossier_id) for one in entries],
        system="onestop",
        record="dossier",
        purpose=Purpose.HANDLE,
        correlation_id=getattr(request, "correlation_id", None),
    )
    wrong = batch.wrong if batch is not None else []
    context = {
        "title": _("Chứng thực bản sao từ bản chính"),
        "tabs": tabs(),
        "receiver": receiver,
        "receivers": receivers,
        "rows": rows,
        "rule": book.rule_on(today),
        "usual": USUAL,
        "page": page,
        "entries": [(one, one.dossier.status == Status.RETURNED) for one in entries],
        "ready": book.ready_to_return(_actor(request), receiver.agency_id).count(),
        "totals": queries.totals_of(receiver.agency_id, today),
        "today": today,
        "batch": _said(batch.entries) if batch is not None and batch.entries else "",
        "wrong": [(f"{line.where_id}", line.problem) for line in map(_Told, wrong) if line.problem],
        "problem": problem,
        "last": {key: _number(request.GET.get(key, "")) for key in ("nam", "tu", "den")},
        "book": BOOK,
    }
    response = render(
        request, "onestop/reception/copies.html", context, status=400 if problem or wrong else 200
    )
    response["Cache-Control"] = "private, no-store"
    return response


class _Told:
    """A wrong row as the summary of mistakes names it."""

    def __init__(self, line: Line) -> None:
        names = {
            "applicant_number": "so",
            "applicant_name": "ten",
            "paper": "giay",
            "pages": "trang",
            "copies": "ban",
        }
        self.problem = line.problem
        self.where_id = f"{names.get(line.where, 'ten')}-{line.at}"


def _values(kind: str, receiver: Receiver, found: Sequence[Certification], day: date) -> dict[str, object]:
    good = [one for one in found if one.voided_at is None]
    return {
        "kind": kind,
        "title": "SỔ CHỨNG THỰC BẢN SAO TỪ BẢN CHÍNH" if kind == "book" else "BIÊN LAI THU PHÍ CHỨNG THỰC",
        "agency": receiver.name,
        "day": day_text(day),
        "book": BOOK,
        "rows": [
            [
                f"{one.number}",
                day_text(one.certified_on),
                one.dossier.applicant_name,
                one.paper,
                f"{one.pages}",
                f"{one.copies}",
                integer(one.fee) if one.voided_at is None else "0",
                f"Đã hủy: {one.void_reason}" if one.voided_at is not None else "",
            ]
            for one in found
        ],
        "receipts": _receipts(good) if kind == "receipts" else [],
        "copies": integer(sum(one.copies for one in good)),
        "fee": integer(sum(one.fee for one in good)),
        "count": integer(len(good)),
    }


def _receipts(entries: Sequence[Certification]) -> list[dict[str, object]]:
    """One receipt for each applicant."""
    by_dossier: dict[uuid.UUID, list[Certification]] = {}
    for one in entries:
        by_dossier.setdefault(one.dossier_id, []).append(one)
    return [
        {
            "code": group[0].dossier.code,
            "name": group[0].dossier.applicant_name,
            "made_by": group[0].made_by,
            "rows": [
                [receipt_of(one), one.paper, f"{one.pages}", f"{one.copies}", integer(one.fee)]
                for one in group
            ],
            "fee": integer(sum(one.fee for one in group)),
        }
        for group in by_dossier.values()
    ]


def _actor(request: HttpRequest) -> Actor:
    actor: Actor = request.actor  # type: ignore[attr-defined]
    return actor
