"""What django-allauth asks of us about sign-in by an outside provider."""

from __future__ import annotations

from allauth.socialaccount.adapter import DefaultSocialAccountAdapter


class CitizenAdapter(DefaultSocialAccountAdapter):  # type: ignore[misc]
    """Only citizens come in by an outside provider."""
