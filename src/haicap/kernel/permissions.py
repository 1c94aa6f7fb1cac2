"""What the kernel's own use-cases ask for."""

from django.utils.translation import gettext_lazy as _

from haicap.kernel.contract.permission import Permission

PERMISSIONS = (
    Permission("calendar.edit", _("Sửa lịch làm việc của cơ quan")),
    Permission("kernel.manage_outbox", _("Gửi lại hoặc bỏ tin gửi đi bị kẹt"), delicate=True),
    Permission("kernel.read_journal", _("Đọc nhật ký hệ thống"), delicate=True),
)
