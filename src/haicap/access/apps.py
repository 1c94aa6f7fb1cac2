from haicap.kernel.contract import SystemConfig


class AccessConfig(SystemConfig):
    default = True
    name = "haicap.access"
    label = "access"
    verbose_name = "Đăng nhập và phân quyền"

    def ready(self) -> None:
        """Listen to what django-allauth and Django say of sign-ins."""
        super().ready()
        from haicap.access.sign_in import receivers  # noqa: F401
