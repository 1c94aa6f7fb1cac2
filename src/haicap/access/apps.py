from django.apps import AppConfig


class AccessConfig(AppConfig):
    name = "haicap.access"
    label = "access"
    verbose_name = "Đăng nhập và phân quyền"
