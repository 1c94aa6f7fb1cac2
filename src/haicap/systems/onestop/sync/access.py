"""Who may look at, replay and set up what goes to outside systems."""

from __future__ import annotations

from django.utils.translation import gettext as _

from haicap.kernel.actor import Actor
from haicap.systems.onestop import policy
from haicap.systems.onestop.sync.errors import SyncNotAllowed


def may_see(actor: Actor) -> bool:
    """Whether the actor may look at reconciliation and replay what failed."""
    return actor.may(policy.REPLAY_SYNC) or actor.may(policy.MANAGE_SYNC)


def check_see(actor: Actor) -> None:
    """Raises SyncNotAllowed (ONE-510) unless the actor may look and replay."""
    if not may_see(actor):
        raise _refused(_("Bạn chưa được giao quyền xem đối soát liên thông."))


def check_manage(actor: Actor) -> None:
    """Raises SyncNotAllowed (ONE-510) unless the actor may set partners and names up."""
    if not actor.may(policy.MANAGE_SYNC):
        raise _refused(_("Bạn chưa được giao quyền thiết lập liên thông."))


def _refused(message: str) -> SyncNotAllowed:
    return SyncNotAllowed(
        message,
        kept=_("Chưa có gì thay đổi."),
        todo=_("Quyền này thuộc quản trị tỉnh; bộ phận kỹ thuật xem và gửi lại được."),
    )
