"""Work of the one-stop shop in the worker; importing registers it."""

from __future__ import annotations

from haicap.systems.onestop.catalogue import tasks as catalogue
from haicap.systems.onestop.counters import tasks as counters
from haicap.systems.onestop.figures import tasks as figures
from haicap.systems.onestop.online import tasks as online
from haicap.systems.onestop.processing import tasks as processing
from haicap.systems.onestop.reception import tasks as reception
from haicap.systems.onestop.sync import tasks as sync

__all__ = ["catalogue", "counters", "figures", "online", "processing", "reception", "sync"]
