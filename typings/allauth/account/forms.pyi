from typing import Any

from django import forms

class LoginForm(forms.Form):
    def clean_login(self) -> str: ...

class ChangePasswordForm(forms.Form):
    user: Any
    def clean_oldpassword(self) -> str: ...

class ReauthenticateForm(forms.Form):
    user: Any
    def clean_password(self) -> str: ...
