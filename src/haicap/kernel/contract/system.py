"""Finding the systems and what they answer."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from django.apps import AppConfig, apps

from haicap.kernel.contract.carrier import Carrier
from haicap.kernel.contract.personal_data import PersonalDataSource

QUESTIONS = ("carrier", "readiness", "drill", "probes", "facts", "personal_data")


class SystemConfig(AppConfig):
    """The AppConfig of a system (hệ thống): its folder answers the questions of the contract.

    A subclass says `default = True`: Django would otherwise not know which AppConfig of the module to take.
    """

    default = False

    def answer(self, question: str) -> Any | None:
        """The module of this folder that answers `question` ("carrier", …), or None when there is none."""
        name = f"{self.name}.{question}"
        return import_module(name) if find_spec(name) is not None else None


def systems() -> Iterator[SystemConfig]:
    """Every installed system, in the order of the settings."""
    for config in apps.get_app_configs():
        if isinstance(config, SystemConfig):
            yield config


def carriers() -> list[Carrier]:
    """A fresh instance of every carrier of every system, in the order in which the engine asks them."""
    found: list[Carrier] = []
    for system in systems():
        module = system.answer("carrier")
        for carrier_class in getattr(module, "CARRIERS", ()):
            found.append(carrier_class())
    return sorted(found, key=lambda carrier: (carrier.order, carrier.system, carrier.record))


def personal_data_sources() -> list[PersonalDataSource]:
    """A fresh instance of every source of personal data of every app of ours, in the order of the settings."""
    found: list[PersonalDataSource] = []
    for config in apps.get_app_configs():
        name = f"{config.name}.personal_data"
        if config.name.startswith("haicap.") and find_spec(name) is not None:
            found += [source() for source in import_module(name).PERSONAL_DATA]
    return found
