"""What every page knows."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest


def shell(request: HttpRequest) -> dict[str, Any]:
    """Values of the frame around every page: who I am, the date, the demonstration banner."""
    return {"actor": getattr(request, "actor", None)}
