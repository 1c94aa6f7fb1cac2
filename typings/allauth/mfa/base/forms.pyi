from typing import Any

from django import forms

class BaseAuthenticateForm(forms.Form):
    user: Any
    authenticator: Any
    def __init__(self, *args: Any, **kwargs: Any) -> None: ...
    def clean_code(self) -> str: ...

class AuthenticateForm(BaseAuthenticateForm):
    def save(self) -> None: ...

class ReauthenticateForm(BaseAuthenticateForm):
    def save(self) -> None: ...
