from haicap.kernel.contract import SystemConfig


class RegistryConfig(SystemConfig):
    name = "haicap.registry"
    label = "registry"
    verbose_name = "Sổ đăng ký đơn vị"
