"""Deeds outside the database that access promises through the outbox; importing registers their handlers."""

from __future__ import annotations

from haicap.access.oidc import deliveries
from haicap.access.sign_in import mail, reset

__all__ = ["deliveries", "mail", "reset"]
