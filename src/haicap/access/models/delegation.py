"""Acting for another."""

from __future__ import annotations

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import DateTimeRangeField, RangeOperators
from django.db import models
from django.db.models import Q

from haicap.kernel import clock
from haicap.registry.models.base import Identified


class Delegation(Identified):
    """Ủy quyền: for a time (`during`, upper bound excluded) a person may wear the hat of another's post.

    Never overwritten: who ends one early sets `revoked_at`. Two to the same person for the same post at the
    same time are impossible by constraint. It counts only while the delegator's appointment stands.
    """

    appointment = models.ForeignKey(
        "registry.Appointment", on_delete=models.PROTECT, related_name="delegations"
    )
    delegate = models.ForeignKey("registry.Person", on_delete=models.PROTECT, related_name="delegations")
    during = DateTimeRangeField()
    reason = models.CharField(max_length=500)
    decision = models.CharField(max_length=100, blank=True, help_text="số văn bản ủy quyền")
    made_by = models.ForeignKey("access.Account", on_delete=models.PROTECT, related_name="+")
    made_at = models.DateTimeField(default=clock.now)
    revoked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            ExclusionConstraint(
                name="access_delegation_one_at_a_time",
                expressions=[
                    ("appointment", RangeOperators.EQUAL),
                    ("delegate", RangeOperators.EQUAL),
                    ("during", RangeOperators.OVERLAPS),
                ],
                condition=Q(revoked_at__isnull=True),
            ),
            models.CheckConstraint(condition=~Q(reason=""), name="access_delegation_reason"),
            models.CheckConstraint(
                condition=Q(during__isempty=False, during__lower_inf=False, during__upper_inf=False),
                name="access_delegation_bounded",
            ),
        ]
