from haicap.kernel.contract import SystemConfig


class OneStopConfig(SystemConfig):
    default = True
    name = "haicap.systems.onestop"
    label = "onestop"
    verbose_name = "Một cửa"

    def ready(self) -> None:
        """Secret addresses of citizens stay out of the server's log."""
        from haicap.systems.onestop.online import secrecy

        secrecy.install()
