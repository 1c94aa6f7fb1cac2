from collections.abc import Callable
from typing import Any

from django.http import HttpResponse, HttpResponseBase
from django.views.generic.edit import DeleteView

class RemoveWebAuthnView(DeleteView[Any, Any]):
    def form_valid(self, form: Any) -> HttpResponse: ...

login_webauthn: Callable[..., HttpResponseBase]
list_webauthn: Callable[..., HttpResponseBase]
add_webauthn: Callable[..., HttpResponseBase]
reauthenticate_webauthn: Callable[..., HttpResponseBase]
edit_webauthn: Callable[..., HttpResponseBase]
