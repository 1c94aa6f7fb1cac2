"""What the use-cases of reorganisations ask for."""

from django.utils.translation import gettext_lazy as _

from haicap.kernel.contract import Permission

PERMISSIONS = (
    Permission("reorganisation.see", _("Xem phương án và bảng đối soát sắp xếp")),
    Permission("reorganisation.decide", _("Phân định hồ sơ của đơn vị bị chia")),
    Permission("reorganisation.plan", _("Soạn và kiểm tra phương án sắp xếp"), delicate=True),
    Permission("reorganisation.rehearse", _("Diễn tập chuyển đổi"), delicate=True),
    Permission("reorganisation.cut_over", _("Chuyển đổi và hoàn tác"), delicate=True),
    Permission("reorganisation.sign_off", _("Ký biên bản đối soát"), delicate=True),
)
