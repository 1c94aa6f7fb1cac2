"""The API of reorganisations, `/api/v1/reorganisations…`: plans, runs, ledgers, what waits for a decision; reads only.

Everything starts from what the actor may see: others get an empty list, or 404 as for what does not exist.
"""

from __future__ import annotations

import uuid
from typing import Any

from django.http import HttpRequest
from ninja import Query, Router, Schema
from pydantic import Field

from haicap.kernel.actor import Actor
from haicap.reorganisation import queries, undecided
from haicap.reorganisation.models import Plan

router = Router(tags=["Sắp xếp đơn vị hành chính"])


class Problem(Schema):
    """Lỗi: what happened, what is kept, what to do."""

    code: str
    message: str
    kept: str
    todo: str


class PlanOut(Schema):
    """Kế hoạch: `next` is check, rehearse, cut_over or ledger; `text` the number of its latest text."""

    key: str
    title: str
    province: str
    effective: str
    state: str
    text: int
    next: str
    latest_run: dict[str, Any] | None


class RunOut(Schema):
    """Lượt chạy: seconds in `seconds` and `read_only_s`; `state` running, done, failed or interrupted."""

    run: uuid.UUID
    plan: str
    kind: str
    state: str
    actor: str
    text: int
    started_at: str
    ended_at: str | None
    phase: str
    done: int
    total: int
    seconds: float | None
    read_only_s: float | None
    undo_until: str | None
    phases: list[dict[str, Any]]
    error: dict[str, Any] | None


class LedgerLineOut(Schema):
    """Dòng bảng đối soát: before = carried + frozen + closed + undecided = after, by count and by digest."""

    system: str
    record: str = Field(alias="class")
    label: str
    before: int
    carried: int
    frozen: int
    closed: int
    undecided: int
    after: int
    created: int
    digests: dict[str, str]
    balanced: bool
    notes: list[str]


class LedgerOut(Schema):
    """Bảng đối soát của một lượt chạy."""

    plan: str
    run: uuid.UUID
    kind: str
    balanced: bool
    classes: list[LedgerLineOut]


class UndecidedOut(Schema):
    """Hồ sơ chờ phân định with its evidence and the units that it may go to."""

    id: uuid.UUID
    system: str
    record: str = Field(alias="class")
    code: str
    name: str
    unit: dict[str, str]
    held_by: str
    village: str
    address: str
    latitude: float | None
    longitude: float | None
    place: str
    due_at: str | None
    candidates: list[dict[str, str]]


class UndecidedPage(Schema):
    """A page; `next` goes on, empty at the end."""

    items: list[UndecidedOut]
    next: str


class UndecidedQuestion(Schema):
    """Điều kiện lọc."""

    unit: str = Field("", max_length=5, description="mã đơn vị cũ")
    q: str = Field("", max_length=100, description="mã hồ sơ hoặc tên")
    after: str = Field("", max_length=200, description="dấu trang, lấy từ trường next")
    limit: int = Field(50, ge=1, le=200)


def _actor(request: HttpRequest) -> Actor:
    actor: Actor = request.actor  # type: ignore[attr-defined]
    return actor


def _plan(actor: Actor, key: str | None) -> Plan | None:
    return queries.plan_of(actor, key) if key else None


NOT_THERE: dict[int, Any] = {404: Problem}


@router.get(
    "/reorganisations", response=list[PlanOut], operation_id="list_plans", summary="Các kế hoạch sắp xếp"
)
def plans(request: HttpRequest) -> list[dict[str, Any]]:
    """Mọi kế hoạch mà người hỏi được xem, ngày hiệu lực mới nhất trước."""
    return [row.as_dict() for row in queries.list_plans(_actor(request))]


@router.get(
    "/reorganisations/runs",
    response={200: list[RunOut], **NOT_THERE},
    operation_id="list_runs",
    summary="Các lượt diễn tập, chuyển đổi, hoàn tác",
)
def runs(request: HttpRequest, plan: str | None = None) -> list[dict[str, Any]]:
    """Các lượt chạy, mới nhất trước; `plan` là khóa của một kế hoạch."""
    actor = _actor(request)
    return [queries.run_facts(run) for run in queries.runs_of(actor, _plan(actor, plan))]


@router.get(
    "/reorganisations/ledger",
    response={200: LedgerOut, **NOT_THERE},
    operation_id="ledger",
    summary="Bảng đối soát",
    by_alias=True,
)
def ledger(request: HttpRequest, plan: str | None = None, run: uuid.UUID | None = None) -> dict[str, Any]:
    """Bảng của lượt `run`, nếu không nêu thì của lần chuyển đổi đang có hiệu lực, rồi của lần diễn tập mới nhất."""
    actor = _actor(request)
    found = queries.run_of(actor, run) if run else queries.ledger_run(actor, _plan(actor, plan))
    classes = [queries.ledger_dict(row) for row in queries.ledger_rows(found)]
    return {
        "plan": found.plan.key,
        "run": found.pk,
        "kind": found.kind,
        "balanced": bool(classes) and all(line["balanced"] for line in classes),
        "classes": classes,
    }


@router.get(
    "/reorganisations/undecided",
    response={200: UndecidedPage, 403: Problem, **NOT_THERE},
    operation_id="list_undecided",
    summary="Hồ sơ chờ phân định",
    by_alias=True,
)
def waiting(request: HttpRequest, question: Query[UndecidedQuestion]) -> dict[str, Any]:
    """Hồ sơ của đơn vị bị chia đang nằm ở đơn vị tạm giữ, hạn trả sớm nhất trước."""
    actor = _actor(request)
    heaps = [undecided.heap_of(actor, question.unit)] if question.unit else undecided.heaps(actor)
    page = undecided.page(actor, heaps, text=question.q, after=question.after, rows=question.limit)
    return {"items": [row.as_dict() for row in page.rows], "next": page.after}
