from haicap.kernel.contract import SystemConfig


class OneStopConfig(SystemConfig):
    default = True
    name = "haicap.systems.onestop"
    label = "onestop"
    verbose_name = "Một cửa"
