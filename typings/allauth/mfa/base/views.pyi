from collections.abc import Callable

from django.http import HttpResponseBase

authenticate: Callable[..., HttpResponseBase]
reauthenticate: Callable[..., HttpResponseBase]
index: Callable[..., HttpResponseBase]
