"""Làm chậm: failed attempts make the next one wait, where they come from; nothing is ever locked for its owner.

What is counted is (account, place). The place is the browser, where it signed in to this account before (a cookie,
`KnownDevice`), else the client's address. Whoever guesses elsewhere fills counters of that place only. A second
counter slows down an address that tries many names; known devices are exempt from it, so that one bad PC does not
stop an office behind the same address. After `FREE` failures each next attempt waits twice as long, at most
`LONGEST`; an hour of quiet forgets them. The counters lie in the database: all workers share them.

An attempt is taken before the password is looked at and given back when it was right, in one statement each: many
attempts at once do not slip through.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection

from haicap.kernel import clock

#: failures in a row without a wait: at one place of an account; of one address with any names
FREE, FREE_OF_ADDRESS = 5, 30
FIRST, LONGEST = timedelta(seconds=5), timedelta(minutes=15)
#: after so much quiet a counter begins anew
FORGET = timedelta(hours=1)
SWEEP_AFTER, SWEEP_MOST = timedelta(days=1), 100

_TAKE = """
INSERT INTO access_throttle AS counter (key, failures, last_at) VALUES (%(key)s, 1, %(now)s)
ON CONFLICT (key) DO UPDATE
   SET failures = CASE WHEN counter.last_at < %(quiet)s THEN 1 ELSE counter.failures + 1 END,
       last_at = %(now)s
 WHERE counter.last_at < %(quiet)s OR counter.failures < %(free)s
    OR counter.last_at + least(
           %(first_s)s * power(2, least(counter.failures - %(free)s, 20)), %(longest_s)s
       ) * interval '1 second' <= %(now)s
RETURNING failures
"""
_GIVE_BACK = "UPDATE access_throttle SET failures = greatest(failures - 1, 0) WHERE key = ANY(%s)"
_SWEEP = """
DELETE FROM access_throttle WHERE key IN (
    SELECT key FROM access_throttle WHERE last_at < %s LIMIT %s FOR UPDATE SKIP LOCKED
)
"""


@dataclass(frozen=True, slots=True)
class Counter:
    """One thing that is counted, and how many failures are free of a wait."""

    key: str
    free: int = FREE


def counter(*parts: str, free: int = FREE) -> Counter:
    """The counter of these parts: ("password", account, place), ("address", address)."""
    return Counter(hashlib.sha256("\x1f".join(parts).encode()).hexdigest(), free)


def take(counters: Iterable[Counter]) -> bool:
    """Take an attempt of each; False, and none taken, when one of them must still wait."""
    taken: list[Counter] = []
    for one in counters:
        if not _take(one):
            give_back(taken)
            return False
        taken.append(one)
    return True


def _take(one: Counter) -> bool:
    now = clock.now()
    with connection.cursor() as cursor:
        cursor.execute(
            _TAKE,
            {
                "key": one.key,
                "now": now,
                "quiet": now - FORGET,
                "free": one.free,
                "first_s": FIRST.total_seconds(),
                "longest_s": LONGEST.total_seconds(),
            },
        )
        row = cursor.fetchone()
        if row == (1,):
            cursor.execute(_SWEEP, [now - SWEEP_AFTER, SWEEP_MOST])
    return row is not None


def give_back(counters: Iterable[Counter]) -> None:
    """The attempt was right: it does not count. What failed before stays counted."""
    keys = [one.key for one in counters]
    if keys:
        with connection.cursor() as cursor:
            cursor.execute(_GIVE_BACK, [keys])


def forget(counters: Iterable[Counter]) -> None:
    """Begin these counters anew: the owner is in."""
    keys = [one.key for one in counters]
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM access_throttle WHERE key = ANY(%s)", [keys])


def waits_until(counters: Iterable[Counter]) -> datetime | None:
    """When the next attempt is let through, of the counters that must wait; None when it may be made now."""
    now = clock.now()
    free = {one.key: one.free for one in counters}
    with connection.cursor() as cursor:
        cursor.execute("SELECT key, failures, last_at FROM access_throttle WHERE key = ANY(%s)", [list(free)])
        rows = cursor.fetchall()
    ends = [
        last_at + min(FIRST * 2 ** min(failures - free[key], 20), LONGEST)
        for key, failures, last_at in rows
        if failures >= free[key] and last_at >= now - FORGET
    ]
    return max((end for end in ends if end > now), default=None)
