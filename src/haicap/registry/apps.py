from haicap.kernel.contract import SystemConfig


class RegistryConfig(SystemConfig):
    default = True
    name = "haicap.registry"
    label = "registry"
    verbose_name = "Sổ đăng ký đơn vị"
