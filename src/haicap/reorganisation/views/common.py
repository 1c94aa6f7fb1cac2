"""What the pages of reorganisations share: who asks, the plan's frame, what is shown of problems."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from functools import lru_cache, update_wrapper
from typing import Any, Concatenate, ParamSpec

from django.http import HttpRequest, HttpResponseBase
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache

from haicap.kernel.actor import Actor
from haicap.reorganisation import queries, service
from haicap.reorganisation.editing import has_own_comments, text_of
from haicap.reorganisation.models import Plan, PlanState
from haicap.reorganisation.plan.model import Plan as PlanValues
from haicap.reorganisation.plan.read import read_plan

P = ParamSpec("P")
View = Callable[Concatenate[HttpRequest, P], HttpResponseBase]

#: state of a plan → tone of its tag
TONES = {"draft": "", "checked": "info", "done": "good", "undone": "waiting"}
#: state of a run → tone of its tag
RUN_TONES = {"running": "waiting", "done": "good", "failed": "late", "interrupted": "late"}


def actor_of(request: HttpRequest) -> Actor:
    """Who acts in this request."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    return actor


def for_planners(view: View[P]) -> View[P]:
    """A page for who writes plans (`reorganisation.plan`); never cached. Raises NotAllowed (REO-403)."""

    def guarded(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        service.require(actor_of(request), service.PLAN)
        return view(request, *args, **kwargs)

    update_wrapper(guarded, view)
    protected: View[P] = never_cache(guarded)
    return protected


def for_readers(view: View[P]) -> View[P]:
    """A page for who may look at plans; never cached. Raises NotAllowed (REO-403)."""

    def guarded(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        queries.require_see(actor_of(request))
        return view(request, *args, **kwargs)

    update_wrapper(guarded, view)
    protected: View[P] = never_cache(guarded)
    return protected


def values_of(plan: Plan, number: int | None = None) -> tuple[PlanValues, int, str]:
    """The plan's values, the number of their text and the text; the latest one when no number is given."""
    text = text_of(plan, number) if number else service.latest_text(plan)
    return _values(text.pk, text.text), text.number, text.text


@lru_cache(maxsize=16)
def _values(identity: uuid.UUID, text: str) -> PlanValues:
    """The values of a saved text: it never changes, and reading a large one takes a quarter of a second."""
    return read_plan(text)


def based_on(request: HttpRequest) -> int:
    """Which text a form was made from; 0 (never the latest) for nonsense."""
    given = request.POST.get("ban", "")
    return int(given) if given.isdigit() and len(given) < 9 else 0


def address(name: str, plan: Plan, *args: Any) -> str:
    """The address of one of a plan's pages."""
    return reverse(f"reorganisation:{name}", args=[plan.key, *args])


def crumbs(plan: Plan | None = None, last: str = "") -> list[tuple[str, str]]:
    """The way to a page: reorganisations → plan → page."""
    found = [(_("Sắp xếp đơn vị"), reverse("reorganisation:plans"))]
    if plan is not None:
        found.append((plan.title, address("plan", plan) if last else ""))
    if last:
        found.append((last, ""))
    return found


def plan_tabs(actor: Actor, plan: Plan, current: str) -> dict[str, Any]:
    """The tabs of a plan; writers have them all, readers only the first."""
    items = [("tong-quan", _("Tổng quan"), address("plan", plan))]
    if actor.may(service.PLAN):
        items += [
            ("don-vi", _("Đơn vị"), address("units", plan)),
            ("tru-so", _("Trụ sở"), address("seats", plan)),
            ("nhan-su", _("Nhân sự"), address("staffing", plan)),
            ("phan-dinh", _("Phân định"), address("divisions", plan)),
            ("tham-quyen", _("Thẩm quyền"), address("transfers", plan)),
            ("noi-dung", _("Tệp kế hoạch"), address("text", plan)),
            ("lich-su", _("Lịch sử"), address("history", plan)),
        ]
    return {"tabs": items, "current": current}


def frame(
    request: HttpRequest, plan: Plan, current: str, name: str, number: int = 0, text: str = ""
) -> dict[str, Any]:
    """What every page of a plan's editor needs."""
    return {
        "title": plan.title,
        "section": name,
        "crumbs": crumbs(plan, name),
        "plan": plan,
        "number": number,
        "locked": plan.state == PlanState.DONE,
        "loses_comments": bool(text) and has_own_comments(text),
        **plan_tabs(actor_of(request), plan, current),
    }
