"""Who may do what at the one-stop shop; what happens then is in `service.py`."""

from __future__ import annotations

import uuid
from collections.abc import Iterable

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from haicap.kernel.actor import Actor
from haicap.systems.onestop.errors import (
    CatalogueNotAllowed,
    ExportNotAllowed,
    ListNotAllowed,
    ReceptionNotAllowed,
    StepNotAllowed,
)

RECEIVE = "onestop.receive_dossier"
ADVANCE = "onestop.advance_dossier"
MOVE = "onestop.move_dossier"
RETURN = "onestop.return_result"
EXPORT = "onestop.export_dossiers"
SIGN = "onestop.sign_result"
SEAL = "onestop.seal_result"
REVOKE = "onestop.revoke_result"
CERTIFICATES = "onestop.manage_certificates"
COUNTERS = "onestop.manage_counters"
MANAGE_SYNC = "onestop.manage_sync"
REPLAY_SYNC = "onestop.replay_sync"
CATALOGUE = "onestop.manage_catalogue"
ASSIGN = "onestop.assign_task"
MANAGE_ROUTES = "onestop.manage_routes"

#: every permission of this system, for whoever hands them out by title
PERMISSIONS: dict[str, Promise] = {
    RECEIVE: gettext_lazy("Tiếp nhận hồ sơ"),
    ADVANCE: gettext_lazy("Xử lý hồ sơ"),
    MOVE: gettext_lazy("Chuyển hồ sơ sang bàn khác"),
    RETURN: gettext_lazy("Trả kết quả"),
    EXPORT: gettext_lazy("Xuất danh sách hồ sơ"),
    SIGN: gettext_lazy("Ký số kết quả"),
    SEAL: gettext_lazy("Đóng dấu số, phát hành kết quả"),
    REVOKE: gettext_lazy("Thu hồi kết quả đã phát hành"),
    CERTIFICATES: gettext_lazy("Quản lý chứng thư chữ ký số"),
    COUNTERS: gettext_lazy("Bố trí quầy tiếp nhận"),
    MANAGE_SYNC: gettext_lazy("Thiết lập liên thông với hệ thống ngoài"),
    REPLAY_SYNC: gettext_lazy("Xem đối soát liên thông và gửi lại"),
    CATALOGUE: gettext_lazy("Quản lý danh mục thủ tục"),
    ASSIGN: gettext_lazy("Giao việc theo quy trình"),
    MANAGE_ROUTES: gettext_lazy("Cấu hình quy trình điện tử"),
}


def check_reception(actor: Actor, agency_id: uuid.UUID) -> None:
    """Raises ReceptionNotAllowed unless the actor receives dossiers for this agency."""
    if actor.is_system or (actor.may(RECEIVE) and agency_id in actor.agency_ids):
        return
    raise ReceptionNotAllowed(
        _("Bạn không được giao tiếp nhận hồ sơ cho cơ quan này."),
        kept=_("Chưa có hồ sơ nào được ghi."),
        todo=_("Hãy chọn cơ quan bạn đang làm việc, hoặc nhờ quản trị giao quyền «Tiếp nhận hồ sơ»."),
    )


def check_step(actor: Actor, permission: str, holders: Iterable[uuid.UUID | None]) -> None:
    """Raises StepNotAllowed unless the actor may, and works for every agency that holds the desks now."""
    if actor.is_system:
        return
    if not actor.may(permission):
        raise StepNotAllowed(
            _("Bạn chưa được giao quyền «%(what)s».") % {"what": PERMISSIONS[permission]},
            kept=_("Hồ sơ vẫn như cũ."),
            todo=_("Hãy nhờ quản trị giao quyền, hoặc chuyển việc cho người phụ trách."),
        )
    if any(holder is None or holder not in actor.agency_ids for holder in holders):
        raise StepNotAllowed(
            _("Hồ sơ không nằm trên bàn của cơ quan bạn."),
            kept=_("Hồ sơ vẫn như cũ."),
            todo=_("Hãy liên hệ cơ quan đang giữ hồ sơ; tên cơ quan ở mục «Hành trình hồ sơ»."),
        )


def check_list(actor: Actor) -> None:
    """Raises ListNotAllowed for who works for no agency: a citizen, a visitor."""
    if not (actor.sees_all or actor.agency_ids):
        raise ListNotAllowed(
            _("Danh sách hồ sơ chỉ dành cho cán bộ, công chức đang làm việc tại một cơ quan."),
            todo=_("Hãy đăng nhập, hoặc tra cứu hồ sơ của bạn theo mã ở trang «Tra cứu»."),
        )


def check_catalogue(actor: Actor) -> None:
    """Raises CatalogueNotAllowed unless the actor keeps the catalogue of procedures."""
    if not actor.may(CATALOGUE):
        raise CatalogueNotAllowed(
            _("Bạn chưa được giao quyền «Quản lý danh mục thủ tục»."),
            kept=_("Danh mục giữ nguyên."),
            todo=_("Danh mục vẫn xem được; hãy nhờ quản trị tỉnh thay đổi."),
        )


def check_export(actor: Actor) -> None:
    """Raises ListNotAllowed or ExportNotAllowed unless the actor may take lists out of the system."""
    check_list(actor)
    if not actor.may(EXPORT):
        raise ExportNotAllowed(
            _("Bạn chưa được giao quyền «Xuất danh sách hồ sơ»."),
            todo=_("Danh sách vẫn xem được trên màn hình; hãy nhờ quản trị giao quyền nếu cần tệp."),
        )
