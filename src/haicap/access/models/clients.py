"""Other systems that sign in here, and directories that follow appointments."""

from __future__ import annotations

from django.db import models

from haicap.kernel import clock
from haicap.registry.models.base import Identified


class Application(Identified):
    """Ứng dụng: what we know of an OpenID client beyond the library's own row (`allauth.idp.oidc.Client`).

    `backchannel_logout_uri` is called when a session ends (OpenID Connect Back-Channel Logout 1.0). `own`: run by
    the province itself, so that nobody is asked for consent. `without_pkce`: its software cannot do PKCE (only
    where it keeps a secret). `for_citizens`: citizens may sign in, too; else officials only.
    """

    client = models.OneToOneField(
        "allauth_idp_oidc.Client", on_delete=models.CASCADE, related_name="application"
    )
    description = models.CharField(max_length=300, blank=True)
    backchannel_logout_uri = models.URLField(max_length=500, blank=True)
    own = models.BooleanField(default=False)
    without_pkce = models.BooleanField(default=False)
    for_citizens = models.BooleanField(default=False)
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


class Grant(Identified):
    """Lượt cấp phép: one sign-in of an account at an application; all its tokens carry this id.

    `code_digest` is the SHA-256 of the authorisation code, `code` what was asked for with it; spent once. `sid`
    names the browser's session, so that its end reaches every application that it was used for. `hat` is the one
    worn then. `ended_at`: no token of this grant counts any more.
    """

    client = models.ForeignKey("allauth_idp_oidc.Client", on_delete=models.CASCADE, related_name="grants")
    account = models.ForeignKey("access.Account", on_delete=models.CASCADE, related_name="grants")
    sid = models.UUIDField()
    hat = models.CharField(max_length=60, blank=True)
    issuer = models.CharField(max_length=200)
    code_digest = models.CharField(max_length=64, unique=True)
    code = models.JSONField()
    signed_in_at = models.DateTimeField()
    made_at = models.DateTimeField()
    spent_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes = [
            models.Index(fields=["sid"], name="access_grant_sid"),
            models.Index(
                fields=["account"], name="access_grant_alive", condition=models.Q(ended_at__isnull=True)
            ),
        ]


class SpentToken(Identified):
    """Khóa làm mới đã dùng: the SHA-256 of a refresh token that was exchanged; seen again, its grant ends."""

    grant = models.ForeignKey(Grant, on_delete=models.CASCADE, related_name="spent_tokens")
    digest = models.CharField(max_length=64, unique=True)
    spent_at = models.DateTimeField()


class ApplicationConsent(Identified):
    """Sự đồng ý: that an account lets an application know what its scopes tell, until it is withdrawn.

    Law 91/2025/QH15: with the moment, what was agreed to, and the text's version; never ticked beforehand.
    """

    client = models.ForeignKey(
        "allauth_idp_oidc.Client", on_delete=models.CASCADE, related_name="application_consents"
    )
    account = models.ForeignKey(
        "access.Account", on_delete=models.CASCADE, related_name="application_consents"
    )
    scopes = models.CharField(max_length=200)
    version = models.CharField(max_length=20)
    given_at = models.DateTimeField(default=clock.now)
    withdrawn_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["account", "client"],
                name="access_application_consent_one",
                condition=models.Q(withdrawn_at__isnull=True),
            )
        ]


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
