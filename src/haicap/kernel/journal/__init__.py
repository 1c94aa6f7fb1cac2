"""Nhật ký: who did what to which record, before and after; append-only, and sealed by a chain of hashes.

A use-case of a service does all it does inside `with act(actor, "system.verb_entity") as doing:` and tells
`doing.changed(record, id, before, after)`. A table whose migration runs `guard_sql(table)` cannot be written
otherwise: the database refuses the commit. How and why: docs/journal.md, docs/adr/0010-journal.md.
"""

from haicap.kernel.journal.acts import Act, JournalEncoder, act, current, difference, note, to_json, values
from haicap.kernel.journal.errors import (
    BadAction,
    BadEntry,
    BadHead,
    BadQuery,
    Damaged,
    Unjournalled,
)
from haicap.kernel.journal.guard import guard_sql, guarded_tables
from haicap.kernel.journal.queries import EntryPage, entries
from haicap.kernel.journal.sealing import Sealing, seal
from haicap.kernel.journal.verification import Damage, DamageKind, Verification, unsealed, verify

__all__ = [
    "Act",
    "BadAction",
    "BadEntry",
    "BadHead",
    "BadQuery",
    "Damage",
    "DamageKind",
    "Damaged",
    "EntryPage",
    "JournalEncoder",
    "Sealing",
    "Unjournalled",
    "Verification",
    "act",
    "current",
    "difference",
    "entries",
    "guard_sql",
    "guarded_tables",
    "note",
    "seal",
    "to_json",
    "unsealed",
    "values",
    "verify",
]
