"""What all of access shares: the deployment's kind, and the way from an appointment to an actor."""

from __future__ import annotations

from haicap.access.hats import Hat, actor_for, actor_for_account, actor_in, hats_of, held
from haicap.registry.models import Deployment

__all__ = ["Hat", "actor_for", "actor_for_account", "actor_in", "hats_of", "held", "is_demonstration"]


def is_demonstration() -> bool:
    """Whether this deployment's data are a demonstration."""
    return Deployment.objects.filter(demonstration=True).exists()
