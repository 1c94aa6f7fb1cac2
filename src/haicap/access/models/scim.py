"""What outside directories keep here: their names for accounts, their own groups, how often they ask."""

from __future__ import annotations

from django.db import models

from haicap.kernel import clock
from haicap.registry.models.base import Identified


class ScimLink(Identified):
    """Liên kết thư mục: what one outside directory keeps of an account: its own id of it (`externalId`, RFC 7643
    §3.1), its own number of the person (`employeeNumber`, §4.3), a word that it sorts accounts by (`label`).

    `directory` is the name of its token, so that a new token of the same name goes on where the old one ended;
    no directory sees another's. `removed_at`: this directory deleted the account, which locked it and hides it
    from this directory for as long as it stays locked.
    """

    directory = models.CharField(max_length=100)
    account = models.ForeignKey("access.Account", on_delete=models.CASCADE, related_name="scim_links")
    external_id = models.CharField(max_length=200, blank=True)
    employee_number = models.CharField(max_length=60, blank=True, db_default="", default="")
    label = models.CharField(max_length=60, blank=True, db_default="", default="")
    removed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["directory", "account"], name="access_scim_link_once"),
        ]
        indexes = [models.Index(fields=["directory", "external_id"], name="access_scim_external")]


class ScimGroup(Identified):
    """Nhóm của thư mục: a group that an outside directory made for itself. It gives nobody any right here."""

    directory = models.CharField(max_length=100, db_index=True)
    display_name = models.CharField(max_length=200)
    external_id = models.CharField(max_length=200, blank=True)
    label = models.CharField(max_length=60, blank=True, db_default="", default="")
    made_at = models.DateTimeField(default=clock.now)
    changed_at = models.DateTimeField(default=clock.now)


class ScimMember(Identified):
    """Thành viên nhóm của thư mục."""

    group = models.ForeignKey(ScimGroup, on_delete=models.CASCADE, related_name="members", db_index=False)
    account = models.ForeignKey("access.Account", on_delete=models.CASCADE, related_name="scim_groups")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["group", "account"], name="access_scim_member_once")]


class ScimUse(Identified):
    """Lượt dùng khóa SCIM: how many requests a token made in a minute; for its limit and its last use.

    Not guarded by the journal: it changes nothing but itself, with every request.
    """

    token = models.ForeignKey(
        "access.ScimToken", on_delete=models.CASCADE, related_name="uses", db_index=False
    )
    minute = models.DateTimeField()
    requests = models.PositiveIntegerField(default=1)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["token", "minute"], name="access_scim_use_once")]
