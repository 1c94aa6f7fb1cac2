from haicap.kernel.contract import SystemConfig


class ReorganisationConfig(SystemConfig):
    default = True
    name = "haicap.reorganisation"
    label = "reorganisation"
    verbose_name = "Sắp xếp đơn vị hành chính"
