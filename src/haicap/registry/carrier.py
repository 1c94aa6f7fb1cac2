"""What becomes of the registry's own records when units change."""

from haicap.registry.carriers import CARRIERS

__all__ = ["CARRIERS"]
