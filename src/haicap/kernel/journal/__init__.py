"""Nhật ký: who did what to which record, before and after; append-only, and sealed by a chain of hashes."""

from haicap.kernel.journal.guard import guard_sql, guarded_tables

__all__ = ["guard_sql", "guarded_tables"]
