from django.apps import AppConfig


class KernelConfig(AppConfig):
    name = "haicap.kernel"
    label = "kernel"
    verbose_name = "Nền tảng"

    def ready(self) -> None:
        from haicap.kernel import clock  # noqa: F401 (new connections follow the clock from the first one on)
