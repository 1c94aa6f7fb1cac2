from django.apps import AppConfig


class KernelConfig(AppConfig):
    name = "haicap.kernel"
    label = "kernel"
    verbose_name = "Nền tảng"
