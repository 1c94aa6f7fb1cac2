"""Who may do what with routes; what happens then is in `service`."""

from __future__ import annotations

from django.utils.translation import gettext as _

from haicap.kernel.actor import Actor
from haicap.systems.onestop.policy import MANAGE_ROUTES, PERMISSIONS
from haicap.systems.onestop.routes.errors import RoutesNotAllowed


def check_manage(actor: Actor) -> None:
    """Raises RoutesNotAllowed unless the actor configures routes."""
    if not actor.may(MANAGE_ROUTES):
        raise RoutesNotAllowed(
            _("Bạn chưa được giao quyền «%(what)s».") % {"what": PERMISSIONS[MANAGE_ROUTES]},
            kept=_("Quy trình vẫn như cũ."),
            todo=_("Hãy nhờ quản trị tỉnh; quy trình vẫn xem được."),
        )


def check_see(actor: Actor) -> None:
    """Raises RoutesNotAllowed for who works for no agency: routes say how offices work inside."""
    if not (actor.sees_all or actor.agency_ids):
        raise RoutesNotAllowed(
            _("Quy trình chỉ dành cho cán bộ, công chức đang làm việc tại một cơ quan."),
            todo=_("Hãy đăng nhập bằng tài khoản công vụ."),
        )
