from typing import Any

from django import forms

class ActivateTOTPForm(forms.Form):
    user: Any
    secret: str
    def __init__(self, *args: Any, **kwargs: Any) -> None: ...
    def clean_code(self) -> str: ...
