"""One row each: the revision of the registry, and what this deployment is."""

from __future__ import annotations

from django.db import models


class Revision(models.Model):
    """Số hiệu sổ đăng ký: rises with every change of the registry; a plan names the revision it was checked against."""

    id = models.SmallIntegerField(primary_key=True, default=1)
    number = models.BigIntegerField(default=0)

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
