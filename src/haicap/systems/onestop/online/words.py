"""Nói cho dân hiểu: what a status means and what to do next, in plain words; nothing here is about a person."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from haicap.systems.onestop.models import Status

#: what it means, and what to do next
MEANING: dict[Status, tuple[Promise, Promise]] = {
    Status.REGISTERED: (
        _("Hồ sơ đã nộp và đang chờ cán bộ một cửa xem."),
        _("Bạn chưa phải làm gì. Khi được tiếp nhận, hồ sơ sẽ có ngày hẹn trả."),
    ),
    Status.RECEIVED: (
        _("Hồ sơ đủ giấy tờ, đã được tiếp nhận và có ngày hẹn trả."),
        _("Bạn chưa phải làm gì. Hãy xem lại trang này gần ngày hẹn."),
    ),
    Status.REFUSED: (
        _("Hồ sơ không được tiếp nhận."),
        _("Lý do ghi trong phiếu từ chối. Sửa xong, bạn có thể nộp lại từ đầu."),
    ),
    Status.PROCESSING: (
        _("Cơ quan đang giải quyết hồ sơ."),
        _("Bạn chưa phải làm gì. Hãy xem lại trang này gần ngày hẹn."),
    ),
    Status.SUPPLEMENT: (
        _("Hồ sơ còn thiếu giấy tờ. Thời gian giải quyết tạm dừng đến khi bạn bổ sung."),
        _("Hãy bổ sung theo phiếu yêu cầu: mở trang hồ sơ của bạn, hoặc mang giấy tờ đến quầy."),
    ),
    Status.PAYMENT: (
        _("Hồ sơ chờ bạn nộp tiền theo thông báo. Thời gian giải quyết tạm dừng."),
        _("Hãy nộp tiền theo thông báo; giữ lại biên lai."),
    ),
    Status.WITHDRAWN: (
        _("Hồ sơ đã được rút theo đề nghị của người nộp."),
        _("Cần giải quyết lại thì nộp hồ sơ mới."),
    ),
    Status.STOPPED: (
        _("Việc giải quyết tạm dừng, lý do ghi trong thông báo."),
        _("Hãy đọc thông báo dừng giải quyết, hoặc hỏi cơ quan đang giữ hồ sơ."),
    ),
    Status.PROCESSED: (
        _("Hồ sơ đã giải quyết xong, kết quả đang chờ bạn."),
        _("Hãy đến nhận kết quả, mang theo giấy hẹn; bản điện tử tải ở trang hồ sơ của bạn."),
    ),
    Status.RETURNED: (
        _("Kết quả đã được trả. Hồ sơ kết thúc."),
        _("Bạn có thể đánh giá sự phục vụ ở trang hồ sơ của bạn."),
    ),
}
#: the way that most dossiers go
WAY = (
    (_("Nộp hồ sơ"), frozenset({Status.REGISTERED})),
    (_("Tiếp nhận"), frozenset({Status.RECEIVED})),
    (_("Giải quyết"), frozenset({Status.PROCESSING, Status.SUPPLEMENT, Status.PAYMENT, Status.STOPPED})),
    (_("Có kết quả"), frozenset({Status.PROCESSED})),
    (_("Trả kết quả"), frozenset({Status.RETURNED})),
)


@dataclass(frozen=True, slots=True)
class Stage:
    """Một chặng: its name and whether it is behind, here, or ahead ("done", "now", "next")."""

    name: str
    state: str


def stages(status: int, before: Sequence[int] = ()) -> list[Stage]:
    """How far a dossier is; nothing for one that was refused or withdrawn. `before` are its earlier statuses."""
    here = next((at for at, (_name, statuses) in enumerate(WAY) if status in statuses), None)
    if here is None:
        return []
    if status == Status.SUPPLEMENT and Status.RECEIVED not in before and Status.PROCESSING not in before:
        here = 0
    return [
        Stage(str(name), "done" if at < here else "now" if at == here else "next")
        for at, (name, _statuses) in enumerate(WAY)
    ]


def meaning(status: int) -> tuple[str, str]:
    """What a status means, and what its owner should do."""
    means, todo = MEANING[Status(status)]
    return str(means), str(todo)
