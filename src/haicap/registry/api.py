"""The registry's API, `/api/v1/units…`: open data about units at any day. Thin: see `queries`, `exports`."""

from __future__ import annotations

import hashlib
from datetime import date
from typing import Any

from django.http import FileResponse, HttpRequest, StreamingHttpResponse
from django.utils.translation import get_language
from django.views.decorators.http import condition
from ninja import Query, Router
from ninja.decorators import decorate_view

from haicap.kernel import clock
from haicap.registry import exports, queries
from haicap.registry.schemas import (
    At,
    CodeBearerOut,
    CountsOut,
    HistoryOut,
    HitPage,
    Problem,
    SuccessionOut,
    SuccessionPage,
    SuccessionPageQuestion,
    SuccessionQuestion,
    UnitFilters,
    UnitOut,
    UnitPage,
    UnitQuestion,
)

router = Router(tags=["Đơn vị hành chính"])
PROBLEMS: dict[int, Any] = {400: Problem, 404: Problem}


def _etag(request: HttpRequest, *args: Any, **kwargs: Any) -> str:
    """Changes with the registry, the question, the language, and the day where "today" was asked for."""
    said = (queries.fingerprint(), request.get_full_path(), get_language(), clock.today())
    return f'"{hashlib.sha256(repr(said).encode()).hexdigest()[:32]}"'


unless_known = decorate_view(condition(etag_func=_etag))


def _day(at: date | None) -> date:
    return at or clock.today()


@router.get(
    "/units",
    response={200: UnitPage | HitPage, **PROBLEMS},
    operation_id="list_units",
    summary="Danh sách đơn vị vào một ngày, hoặc tìm theo mã, tên",
)
@unless_known
def list_units(request: HttpRequest, question: Query[UnitQuestion]) -> dict[str, Any]:
    """Không có `q`: mọi đơn vị vào ngày `at`, theo mã, từng trang.

    Có `q`: các đơn vị tìm thấy, tốt nhất trước; để trống `at` là tìm trong mọi thời điểm.
    (English: list the units of a day, or search all names of all times.)
    """
    if question.q is not None:
        hits = queries.search(
            question.q,
            question.at,
            question.limit,
            level=question.level,
            province_code=question.province,
            kind=question.kind,
        )
        return {"at": question.at, "hits": [hit.as_dict() for hit in hits]}
    day = _day(question.at)
    units = queries.units_at(
        day,
        level=question.level,
        province_code=question.province,
        kind=question.kind,
        limit=question.limit,
        after=question.after,
    )
    return {
        "at": day,
        "items": [unit.as_dict() for unit in units],
        "next": units[-1].code if len(units) == question.limit else None,
    }


@router.get(
    "/units.csv",
    operation_id="export_units_csv",
    summary="Danh sách đơn vị vào một ngày, tệp CSV",
    response={200: None, **PROBLEMS},
)
@unless_known
def units_csv(request: HttpRequest, filters: Query[UnitFilters]) -> StreamingHttpResponse:
    """UTF-8 có BOM, mở được ngay bằng bảng tính."""
    day = _day(filters.at)
    rows = exports.unit_rows(day, filters.level, filters.province, filters.kind)
    return exports.csv_response(f"don-vi-{day:%Y%m%d}", exports.unit_header(), rows)


@router.get(
    "/units.xlsx",
    operation_id="export_units_xlsx",
    summary="Danh sách đơn vị vào một ngày, tệp Excel",
    response={200: None, **PROBLEMS},
)
@unless_known
def units_xlsx(request: HttpRequest, filters: Query[UnitFilters]) -> FileResponse:
    """Một trang tính, mã giữ nguyên là chữ."""
    day = _day(filters.at)
    rows = exports.unit_rows(day, filters.level, filters.province, filters.kind)
    return exports.xlsx_response(f"don-vi-{day:%Y%m%d}", f"{day:%d-%m-%Y}", exports.unit_header(), rows)


@router.get(
    "/units/{code}",
    response={200: UnitOut, **PROBLEMS},
    operation_id="get_unit",
    summary="Đơn vị mang một mã vào một ngày",
)
@unless_known
def get_unit(request: HttpRequest, code: str, question: Query[At]) -> dict[str, Any]:
    """Cùng một mã có thể thuộc các đơn vị khác nhau vào các ngày khác nhau; xem `/codes/{code}`."""
    return queries.unit_by_code(code, _day(question.at)).as_dict()


@router.get(
    "/units/{code}/history",
    response={200: HistoryOut, **PROBLEMS},
    operation_id="get_unit_history",
    summary="Toàn bộ lịch sử của một đơn vị, cả hai chiều",
)
@unless_known
def get_history(request: HttpRequest, code: str, question: Query[At]) -> dict[str, Any]:
    """Được thành lập từ những đơn vị nào và đã trở thành những đơn vị nào, kèm nghị quyết."""
    unit = queries.unit_by_code(code, _day(question.at))
    return queries.history(unit.unit_id).as_dict()


@router.get(
    "/units/{code}/successions",
    response={200: list[SuccessionOut], **PROBLEMS},
    operation_id="get_unit_successions",
    summary="Đơn vị kế thừa trực tiếp và đơn vị tiền thân trực tiếp",
)
@unless_known
def get_unit_successions(request: HttpRequest, code: str, question: Query[At]) -> list[dict[str, Any]]:
    """Các quan hệ kế thừa ngay trước và ngay sau phiên bản có giá trị vào ngày `at`."""
    unit = queries.unit_by_code(code, _day(question.at))
    edges = queries.history(unit.unit_id).edges_of(unit.unit_id)
    return [edge.as_dict() for edge in edges if edge.effective_on in (unit.valid_from, unit.valid_to)]


@router.get(
    "/codes/{code}",
    response={200: list[CodeBearerOut], **PROBLEMS},
    operation_id="get_code_bearers",
    summary="Mã này đã thuộc những đơn vị nào, khi nào",
)
@unless_known
def get_code(request: HttpRequest, code: str) -> list[dict[str, Any]]:
    """Danh sách rỗng nếu mã chưa từng được cấp."""
    return [bearer.as_dict() for bearer in queries.bearers_of_code(code)]


@router.get(
    "/counts",
    response={200: CountsOut, **PROBLEMS},
    operation_id="count_units",
    summary="Số đơn vị theo cấp và loại vào một ngày",
)
@unless_known
def count_units(request: HttpRequest, question: Query[UnitFilters]) -> dict[str, Any]:
    """Cả nước, hoặc một tỉnh khi có `province`."""
    day = _day(question.at)
    found: dict[str, Any] = dict(queries.counts(day, question.province))
    return {"at": day, "province_filter": question.province, **found}


@router.get(
    "/successions",
    response={200: SuccessionPage, **PROBLEMS},
    operation_id="list_successions",
    summary="Các đơn vị của một ngày đã trở thành những đơn vị nào",
)
@unless_known
def list_successions(request: HttpRequest, question: Query[SuccessionPageQuestion]) -> dict[str, Any]:
    """Với mỗi đơn vị vào ngày `at`: thay đổi đầu tiên sau ngày đó."""
    day = _day(question.at)
    old, _dash, new = question.after.partition("-")
    edges = queries.successions(
        day, question.province, question.level, limit=question.limit, after=(old, new)
    )
    last = edges[-1] if len(edges) == question.limit else None
    return {
        "at": day,
        "items": [edge.as_dict() for edge in edges],
        "next": f"{last.predecessor_code}-{last.successor_code}" if last else None,
    }


@router.get(
    "/successions.csv",
    operation_id="export_successions_csv",
    summary="Quan hệ kế thừa, tệp CSV",
    response={200: None, **PROBLEMS},
)
@unless_known
def successions_csv(request: HttpRequest, question: Query[SuccessionQuestion]) -> StreamingHttpResponse:
    """UTF-8 có BOM, mở được ngay bằng bảng tính."""
    day = _day(question.at)
    rows = exports.succession_rows(day, question.province, question.level)
    return exports.csv_response(f"ke-thua-{day:%Y%m%d}", exports.succession_header(), rows)


@router.get(
    "/successions.xlsx",
    operation_id="export_successions_xlsx",
    summary="Quan hệ kế thừa, tệp Excel",
    response={200: None, **PROBLEMS},
)
@unless_known
def successions_xlsx(request: HttpRequest, question: Query[SuccessionQuestion]) -> FileResponse:
    """Một trang tính, mã giữ nguyên là chữ."""
    day = _day(question.at)
    rows = exports.succession_rows(day, question.province, question.level)
    return exports.xlsx_response(
        f"ke-thua-{day:%Y%m%d}", f"{day:%d-%m-%Y}", exports.succession_header(), rows
    )
