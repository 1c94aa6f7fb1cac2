"""One row each: the revision of the registry, and what this deployment is."""

from __future__ import annotations

from django.db import models


class Revision(models.Model):
    """Số hiệu sổ đăng ký: `number` rises with every change of units, agencies, codes and seats, `staff` with every
    change of posts and appointments; a plan names the `number` it was checked against (ADR 15).

    Both lie in one row, so that every change of the registry waits for its turn at it.
    """

    id = models.SmallIntegerField(primary_key=True, default=1)
    number = models.BigIntegerField(default=0)
    staff = models.BigIntegerField(default=0, db_default=0)

    class Meta:
        constraints = [models.CheckConstraint(name="registry_revision_one_row", condition=models.Q(id=1))]


class Deployment(models.Model):
    """Bản triển khai: which province this database serves, and whether its data are a demonstration."""

    id = models.SmallIntegerField(primary_key=True, default=1)
    province = models.ForeignKey(
        "registry.Unit", null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    demonstration = models.BooleanField(default=False)

    class Meta:
        constraints = [models.CheckConstraint(name="registry_deployment_one_row", condition=models.Q(id=1))]
