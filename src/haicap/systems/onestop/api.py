"""The one-stop shop's API, `/api/v1/dossiers…`: reads only, as far as the actor sees; tracking for anybody."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.http import HttpRequest
from ninja import Query, Router, Schema
from pydantic import Field

from haicap.kernel import clock
from haicap.kernel.actor import Actor
from haicap.systems.onestop import catalogue, looks, policy, queries
from haicap.systems.onestop.filters import Filters
from haicap.systems.onestop.models import Dossier, Status
from haicap.systems.onestop.service import not_found

router = Router(tags=["Một cửa"])


class DossierQuestion(Schema):
    """Điều kiện lọc: the same words as on the worklist page."""

    gap: str = Field("", description="qua-han, hom-nay, sap-den-han, con-han, tam-dung, cho-tra, moi-dang-ky")
    trang_thai: str = Field("", description="mã trạng thái quốc gia 1-10")
    linh_vuc: str = ""
    tim: str = Field("", description="mã hồ sơ hoặc tên người nộp")
    xep: str = Field("", description="han hoặc moi")
    sau: str = Field("", description="dấu trang, lấy từ trường `next`")
    limit: int = Field(50, ge=1, le=50)


class DossierOut(Schema):
    """A dossier in a list."""

    code: str
    procedure_code: str
    procedure: str
    field: str
    applicant_name: str
    place: str
    status: int
    status_name: str
    urgency: str
    received_at: datetime
    due_at: datetime | None
    finished_at: datetime | None


class DossierPage(Schema):
    """A page of the worklist; `next` goes on from it."""

    items: list[DossierOut]
    next: str | None


class StationOut(Schema):
    """A station of the custody chain."""

    agency: str
    begins_at: datetime
    ends_at: datetime | None
    why: str
    resolution: str
    interim: bool


class DossierDetail(DossierOut):
    """One dossier with its way through the agencies."""

    stations: list[StationOut]


class TrackingOut(Schema):
    """What anybody with the code may know."""

    code: str
    procedure_code: str
    procedure: str
    status: int
    status_name: str
    received_at: datetime
    due_at: datetime | None
    finished_at: datetime | None
    agency: str


@router.get("/dossiers", response=DossierPage, operation_id="list_dossiers", summary="Hồ sơ trên bàn của tôi")
def list_dossiers(request: HttpRequest, question: Query[DossierQuestion]) -> dict[str, Any]:
    """Hồ sơ đang xử lý trên bàn của các cơ quan người gọi đang làm việc, từng trang."""
    words = {name.replace("_", "-"): value for name, value in question.dict(exclude={"limit"}).items()}
    page = queries.worklist(_actor(request), Filters.read(words), question.limit)
    items = [_row(row.dossier, row.place) for row in page.rows]
    return {"items": items, "next": page.after.encode() if page.after is not None else None}


@router.get("/dossiers/{code}", response=DossierDetail, operation_id="get_dossier", summary="Một hồ sơ")
def get_dossier(request: HttpRequest, code: str) -> dict[str, Any]:
    """Một hồ sơ và hành trình của nó qua các cơ quan."""
    actor = _actor(request)
    policy.check_list(actor)
    found = queries.dossier_by_code(actor, code)
    looks.note_look(request, actor, found)
    place = queries.place_names([found]).get(found.id, "")
    return {**_row(found, place), "stations": queries.custody_chain(found)}


@router.get(
    "/tracking/{code}", response=TrackingOut, operation_id="track_dossier", summary="Tra cứu công khai"
)
def track_dossier(request: HttpRequest, code: str) -> dict[str, Any]:
    """Tình trạng hồ sơ theo mã; không có thông tin cá nhân."""
    found = queries.track(code)
    if found is None:
        raise not_found()
    return {
        "code": found.code,
        "procedure_code": found.procedure_code,
        "procedure": catalogue.procedure_name(found.procedure_code),
        "status": int(found.status),
        "status_name": str(found.status.label),
        "received_at": found.received_at,
        "due_at": found.due_at,
        "finished_at": found.finished_at,
        "agency": found.agency,
    }


def _row(dossier: Dossier, place: str) -> dict[str, Any]:
    return {
        "code": dossier.code,
        "procedure_code": dossier.procedure_code,
        "procedure": catalogue.procedure_name(dossier.procedure_code),
        "field": dossier.field,
        "applicant_name": dossier.applicant_name,
        "place": place,
        "status": dossier.status,
        "status_name": str(Status(dossier.status).label),
        "urgency": queries.urgency_of(dossier, clock.now()).value,
        "received_at": dossier.received_at,
        "due_at": dossier.due_at,
        "finished_at": dossier.finished_at,
    }


def _actor(request: HttpRequest) -> Actor:
    actor: Actor = request.actor  # type: ignore[attr-defined]
    return actor
