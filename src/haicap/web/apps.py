from django.apps import AppConfig


class WebConfig(AppConfig):
    name = "haicap.web"
    label = "web"
    verbose_name = "Giao diện"
