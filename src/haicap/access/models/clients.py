"""Other systems that sign in here, and directories that follow appointments."""

from __future__ import annotations

from django.db import models

from haicap.kernel import clock
from haicap.registry.models.base import Identified


class Application(Identified):
    """Ứng dụng: what we know of an OpenID client beyond the library's own row (`allauth.idp.oidc.Client`).

    `backchannel_logout_uri` is called when a session ends (OpenID Connect Back-Channel Logout 1.0).
    """

    client = models.OneToOneField(
        "allauth_idp_oidc.Client", on_delete=models.CASCADE, related_name="application"
    )
    description = models.CharField(max_length=300, blank=True)
    backchannel_logout_uri = models.URLField(max_length=500, blank=True)
    made_by = models.ForeignKey("access.Account", null=True, on_delete=models.PROTECT, related_name="+")
    made_at = models.DateTimeField(default=clock.now)
    closed_at = models.DateTimeField(null=True, blank=True)


class SigningKey(Identified):
    """Khóa ký: an RSA key of the OpenID provider; published from `made_at` until `ends_at`, signs the newest.

    The private part is encrypted with a key derived from the deployment's secret.
    """

    pem = models.TextField()
    made_at = models.DateTimeField(default=clock.now)
    begins_at = models.DateTimeField(default=clock.now)
    ends_at = models.DateTimeField(null=True, blank=True)


class ScimToken(Identified):
    """Khóa truy cập SCIM: lets one outside directory read (or write) people; only its SHA-256 is kept."""

    name = models.CharField(max_length=100)
    digest = models.CharField(max_length=64, unique=True)
    may_write = models.BooleanField(default=False)
    made_by = models.ForeignKey("access.Account", null=True, on_delete=models.PROTECT, related_name="+")
    made_at = models.DateTimeField(default=clock.now)
    expires_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True)
