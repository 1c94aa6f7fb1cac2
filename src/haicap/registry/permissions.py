"""What the registry's use-cases ask for."""

from django.utils.translation import gettext_lazy as _

from haicap.kernel.contract import Permission

PERMISSIONS = (
    Permission("registry.change_units", _("Ghi biến động đơn vị hành chính"), delicate=True),
    Permission(
        "registry.manage_people", _("Ghi người, chức danh, bổ nhiệm của cơ quan mình quản trị"), delicate=True
    ),
)
