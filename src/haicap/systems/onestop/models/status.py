"""What may be said of a dossier's work."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class Status(models.IntegerChoices):
    """Trạng thái hồ sơ: the national codes (TrangThaiHoSo, standards §5)."""

    REGISTERED = 1, _("Mới đăng ký")
    RECEIVED = 2, _("Được tiếp nhận")
    REFUSED = 3, _("Không được tiếp nhận")
    PROCESSING = 4, _("Đang xử lý")
    SUPPLEMENT = 5, _("Yêu cầu bổ sung giấy tờ")
    PAYMENT = 6, _("Yêu cầu thực hiện nghĩa vụ tài chính")
    WITHDRAWN = 7, _("Công dân yêu cầu rút hồ sơ")
    STOPPED = 8, _("Dừng xử lý")
    PROCESSED = 9, _("Đã xử lý xong")
    RETURNED = 10, _("Đã trả kết quả")


#: Still somebody's work: a result that waits to be handed out (9) and a stopped case (8) need an owner too.
IN_FLIGHT = (
    Status.REGISTERED,
    Status.RECEIVED,
    Status.PROCESSING,
    Status.SUPPLEMENT,
    Status.PAYMENT,
    Status.STOPPED,
    Status.PROCESSED,
)
CLOSED = (Status.REFUSED, Status.WITHDRAWN, Status.RETURNED)
#: the agency's work is over: `finished_at` says since when
FINISHED = (*CLOSED, Status.PROCESSED)
