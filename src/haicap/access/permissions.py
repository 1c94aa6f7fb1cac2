"""What the use-cases of access ask for, and the door to the steering pages."""

from django.utils.translation import gettext_lazy as _

from haicap.kernel.contract import Permission

PERMISSIONS = (
    Permission("command.steer", _("Vào trang điều hành")),
    Permission(
        "access.manage_accounts", _("Cấp, khóa, mở tài khoản của cơ quan mình quản trị"), delicate=True
    ),
    Permission("access.import_people", _("Nhập hàng loạt người và tài khoản từ tệp"), delicate=True),
    Permission("access.delegate", _("Ủy quyền chức danh của mình cho người khác")),
    Permission(
        "access.manage_delegations",
        _("Ghi ủy quyền thay người khác trong cơ quan mình quản trị"),
        delicate=True,
    ),
    Permission("access.see_people", _("Xem danh sách người của cơ quan mình")),
    Permission("access.see_sign_ins", _("Xem nhật ký đăng nhập của người mình quản trị"), delicate=True),
    Permission(
        "access.manage_applications",
        _("Đăng ký ứng dụng đăng nhập một lần, khóa ký, khóa SCIM"),
        delicate=True,
    ),
    Permission("access.see_readings", _("Xem ai đã xem dữ liệu cá nhân"), delicate=True),
    Permission("access.decide_data_requests", _("Quyết định yêu cầu về dữ liệu cá nhân"), delicate=True),
)
