from haicap.kernel.contract import SystemConfig


class AccessConfig(SystemConfig):
    default = True
    name = "haicap.access"
    label = "access"
    verbose_name = "Đăng nhập và phân quyền"
