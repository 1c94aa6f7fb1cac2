"""What django-allauth's OpenID provider asks of us: keys, issuer, claims."""

from __future__ import annotations

from allauth.idp.oidc.adapter import DefaultOIDCAdapter


class ProviderAdapter(DefaultOIDCAdapter):  # type: ignore[misc]
    """Keys from the database, claims from the posts that a person holds now."""
