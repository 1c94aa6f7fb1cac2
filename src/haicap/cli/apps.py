from django.apps import AppConfig


class CommandLineConfig(AppConfig):
    name = "haicap.cli"
    label = "cli"
    verbose_name = "Dòng lệnh"
