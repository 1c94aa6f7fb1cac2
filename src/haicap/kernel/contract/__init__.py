"""The System contract (hợp đồng hệ thống): the questions every system answers, and who asks them.

A system is a Django app whose AppConfig is a `SystemConfig`. It answers in files of its own folder:

=================  ==========================================================  ==================
file               question                                                    who asks
=================  ==========================================================  ==================
`carrier.py`       when units change, what becomes of each class of record?   reorganisation
`readiness.py`     is this agency ready, and what is the evidence?            readiness board
`drill.py`         do one real transaction here, and undo its traces          drills
`probes.py`        am I well right now?                                       monitoring
`facts.py`         what do I give the warehouse?                              warehouse
`personal_data.py` what do I hold about a person, and what may be erased?     people's own data
=================  ==========================================================  ==================

`carrier.py` defines `CARRIERS: tuple[Carrier, ...]`, `readiness.py` `READINESS: tuple[ReadinessCheck, ...]`,
`drill.py` `DRILLS: tuple[Drill, ...]`, `probes.py` `PROBES: tuple[Probe, ...]`, `facts.py`
`FACTS: tuple[FactSource, ...]`, `personal_data.py` `PERSONAL_DATA: tuple[PersonalDataSource, ...]` (classes).
Nothing else is registered anywhere: the engine finds it.
"""

from haicap.kernel.contract.carrier import (
    Carrier,
    Cut,
    PlacedRecord,
    Placing,
    UndecidedItem,
    Undo,
    UndoReport,
)
from haicap.kernel.contract.digest import Digest, LedgerLine, digest_of
from haicap.kernel.contract.drill import Drill, DrillResult, DrillStep
from haicap.kernel.contract.fact import FactSource
from haicap.kernel.contract.permission import Permission, permissions
from haicap.kernel.contract.personal_data import (
    DataSubject,
    Holding,
    PersonalDataSource,
    number_subject,
)
from haicap.kernel.contract.probe import Health, Probe, ProbeResult
from haicap.kernel.contract.readiness import Evidence, Readiness, ReadinessCheck, overall
from haicap.kernel.contract.system import SystemConfig, carriers, personal_data_sources, systems

__all__ = [
    "Carrier",
    "Cut",
    "DataSubject",
    "Digest",
    "Drill",
    "DrillResult",
    "DrillStep",
    "Evidence",
    "FactSource",
    "Health",
    "Holding",
    "LedgerLine",
    "Permission",
    "PersonalDataSource",
    "PlacedRecord",
    "Placing",
    "Probe",
    "ProbeResult",
    "Readiness",
    "ReadinessCheck",
    "SystemConfig",
    "UndecidedItem",
    "Undo",
    "UndoReport",
    "carriers",
    "digest_of",
    "number_subject",
    "overall",
    "permissions",
    "personal_data_sources",
    "systems",
]
