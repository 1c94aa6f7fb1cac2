"""Use-cases of routes: make, copy, draft, publish, retire. Assigning is in `assigning`, moving dossiers in `moving`.

A published version never changes (trigger); a change is a new draft that is published. Running dossiers keep theirs.
"""

from __future__ import annotations

import hashlib
import json
import re
import uuid

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from haicap.kernel import clock, journal
from haicap.kernel.actor import Actor
from haicap.kernel.text import clean
from haicap.systems.onestop.models import Route, RouteVersion
from haicap.systems.onestop.routes import policy
from haicap.systems.onestop.routes.choosing import choose
from haicap.systems.onestop.routes.definition import Definition, dump, parse
from haicap.systems.onestop.routes.errors import (
    BadRoute,
    DraftChanged,
    NotADraft,
    NothingToRetire,
    RouteExists,
    RouteHasErrors,
    RouteNotFound,
)
from haicap.systems.onestop.routes.validation import Severity, check

_CODE = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
#: words that addresses of pages use
RESERVED = frozenset({"lap", "nhap", "gan"})
_KEPT = gettext_lazy("Quy trình vẫn như cũ.")

__all__ = [
    "choose",
    "copy_route",
    "create_route",
    "describe_route",
    "discard_draft",
    "mark_of",
    "publish_version",
    "retire_version",
    "route_by_code",
    "save_draft",
    "start_draft",
]


def route_by_code(code: str) -> Route:
    """The route with this code. Raises RouteNotFound."""
    found = Route.objects.filter(code=code).first()
    if found is None:
        raise not_found()
    return found


def create_route(
    actor: Actor, code: str, name: str, *, note: str = "", definition: Definition | None = None
) -> Route:
    """Lập quy trình: a new route with a draft. Raises RoutesNotAllowed, BadRoute, RouteExists."""
    policy.check_manage(actor)
    checked, words = _code(code), _name(name)
    with journal.act(actor, "onestop.create_route") as act:
        try:
            with transaction.atomic():
                route = Route.objects.create(code=checked, name=words, note=clean(note)[:2000])
        except IntegrityError as error:
            raise RouteExists(
                _("Đã có quy trình mang mã «%(code)s».") % {"code": checked},
                where="code",
                kept=_("Chưa có quy trình nào được ghi."),
                todo=_("Hãy chọn mã khác."),
            ) from error
        RouteVersion.objects.create(route=route, number=1, definition=dump(definition or Definition()))
        act.changed("onestop.route", route.id, None, {"code": checked, "name": words})
    return route


def describe_route(actor: Actor, route: Route, name: str, note: str) -> None:
    """Đặt lại tên, ghi chú of a route. Raises RoutesNotAllowed, BadRoute."""
    policy.check_manage(actor)
    words = _name(name)
    with journal.act(actor, "onestop.describe_route") as act:
        before = {"name": route.name, "note": route.note}
        route.name, route.note = words, clean(note)[:2000]
        route.save(update_fields=["name", "note"])
        act.changed("onestop.route", route.id, before, {"name": route.name, "note": route.note})


def copy_route(actor: Actor, route: Route, code: str, name: str) -> Route:
    """Sao chép: a new route whose draft is the newest version of another. Raises as `create_route`."""
    policy.check_manage(actor)
    newest = route.versions.order_by("-number").first()
    definition = parse(newest.definition) if newest is not None else None
    return create_route(actor, code, name, note=route.note, definition=definition)


def start_draft(actor: Actor, route: Route) -> RouteVersion:
    """Soạn phiên bản mới: the draft of a route; made from the newest published version where there is none.

    Raises RoutesNotAllowed.
    """
    policy.check_manage(actor)
    with journal.act(actor, "onestop.start_route_draft") as act:
        Route.objects.select_for_update().get(pk=route.pk)
        versions = list(route.versions.order_by("-number"))
        draft = next((each for each in versions if each.published_at is None), None)
        if draft is None:
            newest = versions[0] if versions else None
            draft = RouteVersion.objects.create(
                route=route,
                number=newest.number + 1 if newest else 1,
                definition=newest.definition if newest else dump(Definition()),
            )
            act.changed("onestop.route", route.id, None, {"draft": draft.number})
    return draft


def save_draft(actor: Actor, version: uuid.UUID, definition: Definition, *, seen: str = "") -> RouteVersion:
    """Lưu bản nháp: new steps; half done is allowed. `seen` is the mark (`mark_of`) of what the page showed.

    Raises RoutesNotAllowed, NotADraft, DraftChanged (a colleague saved meanwhile), RouteNotFound.
    """
    policy.check_manage(actor)
    value = dump(definition)
    with journal.act(actor, "onestop.save_route_draft") as act:
        draft = _draft(version)
        if seen and mark_of(draft.definition) != seen:
            raise DraftChanged(
                _("Bản nháp vừa được người khác sửa."),
                kept=_("Thay đổi vừa rồi của bạn chưa được ghi."),
                todo=_("Hãy tải lại trang rồi sửa tiếp."),
            )
        before = draft.definition
        draft.definition = value
        draft.save(update_fields=["definition"])
        act.changed("onestop.route", draft.route_id, {"definition": before}, {"definition": value})
    return draft


def mark_of(definition: object) -> str:
    """A short mark of a definition as JSON, by which a page says what it showed."""
    text = json.dumps(definition, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def discard_draft(actor: Actor, version: uuid.UUID) -> None:
    """Bỏ bản nháp; a route that has nothing else goes with it, unless procedures have chosen it.

    Raises RoutesNotAllowed, NotADraft, RouteNotFound.
    """
    policy.check_manage(actor)
    with journal.act(actor, "onestop.discard_route_draft") as act:
        draft = _draft(version)
        route = draft.route
        act.changed("onestop.route", route.id, {"definition": draft.definition}, None)
        draft.delete()
        if not route.versions.exists() and not route.choices.exists() and not route.standard:
            route.delete()


def publish_version(actor: Actor, version: uuid.UUID) -> RouteVersion:
    """Công bố: from now on new dossiers take this version; it never changes again.

    Raises RoutesNotAllowed, NotADraft, RouteNotFound, RouteHasErrors (all findings in `details`).
    """
    policy.check_manage(actor)
    with journal.act(actor, "onestop.publish_route") as act:
        draft = _draft(version)
        errors = [each for each in check(parse(draft.definition)) if each.severity is Severity.ERROR]
        if errors:
            raise RouteHasErrors(
                _("Quy trình còn %(count)d lỗi: %(first)s")
                % {"count": len(errors), "first": errors[0].message},
                kept=_("Bản nháp vẫn còn."),
                todo=_("Hãy sửa các lỗi được liệt kê trên trang quy trình rồi công bố lại."),
                details={"findings": [each.as_dict() for each in errors]},
            )
        draft.published_at = clock.now()
        draft.save(update_fields=["published_at"])
        act.changed("onestop.route", draft.route_id, {"draft": draft.number}, {"published": draft.number})
    return draft


def retire_version(actor: Actor, version: uuid.UUID) -> RouteVersion:
    """Ngừng dùng: no new dossiers from tomorrow on; those that run by it go on.

    Raises RoutesNotAllowed, RouteNotFound, NothingToRetire.
    """
    policy.check_manage(actor)
    with journal.act(actor, "onestop.retire_route") as act:
        found = RouteVersion.objects.select_for_update().filter(pk=version).first()
        if found is None:
            raise not_found()
        if found.published_at is None or found.retired_at is not None:
            raise NothingToRetire(
                _("Phiên bản này chưa công bố hoặc đã ngừng dùng."),
                kept=_KEPT,
                todo=_("Hãy tải lại trang quy trình."),
            )
        found.retired_at = clock.now()
        found.save(update_fields=["retired_at"])
        act.changed("onestop.route", found.route_id, None, {"retired": found.number})
    return found


def not_found() -> RouteNotFound:
    """The error for a route, version or step that is not there."""
    return RouteNotFound(_("Không tìm thấy quy trình này."), todo=_("Hãy mở lại danh sách quy trình."))


def _draft(version: uuid.UUID) -> RouteVersion:
    found = (
        RouteVersion.objects.select_for_update(of=("self",))
        .select_related("route")
        .filter(pk=version)
        .first()
    )
    if found is None:
        raise not_found()
    if found.published_at is not None:
        raise NotADraft(
            _("Phiên bản %(number)s đã công bố, không sửa được.") % {"number": found.number},
            kept=_KEPT,
            todo=_("Hãy soạn phiên bản mới rồi sửa ở đó."),
        )
    return found


def _code(code: str) -> str:
    words = clean(code)
    if len(words) > 60 or words in RESERVED or not _CODE.fullmatch(words):
        raise BadRoute(
            _("Mã quy trình gồm chữ thường không dấu, chữ số và gạch nối, nhiều nhất 60 ký tự."),
            where="code",
            kept=_("Chưa có quy trình nào được ghi."),
            todo=_("Ví dụ: cap-xa-nam-buoc."),
        )
    return words


def _name(name: str) -> str:
    words = clean(name)
    if not words or len(words) > 200:
        raise BadRoute(
            _("Tên quy trình cần có, nhiều nhất 200 ký tự."),
            where="name",
            kept=_KEPT,
            todo=_("Hãy đặt một tên ngắn, dễ nhận ra."),
        )
    return words
