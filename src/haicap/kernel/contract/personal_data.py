"""The sixth question: what personal data do I hold about somebody, and what of it may be erased?"""

from __future__ import annotations

import hashlib
import uuid
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.functional import Promise

from haicap.kernel.actor import Actor

Text = str | Promise


def number_subject(personal_number: str) -> str:
    """Chủ thể theo số định danh: "number:<SHA-256 in hexadecimal>", so that no list spells numbers out."""
    return f"number:{hashlib.sha256(personal_number.encode()).hexdigest()}"


@dataclass(frozen=True, slots=True)
class DataSubject:
    """Chủ thể dữ liệu (Law 91/2025): the owner of an account, by every name that a record may know them by.

    A source matches by ids and number only, never by a person's name: others bear the same.
    """

    account_id: uuid.UUID
    label: str
    person_id: uuid.UUID | None = None
    citizen_id: uuid.UUID | None = None
    personal_number: str = ""

    @property
    def keys(self) -> tuple[str, ...]:
        """The subject as readings name it; at least one."""
        found = []
        if self.person_id is not None:
            found.append(f"person:{self.person_id}")
        if self.citizen_id is not None:
            found.append(f"citizen:{self.citizen_id}")
        if self.personal_number:
            found.append(number_subject(self.personal_number))
        return tuple(found) or (f"account:{self.account_id}",)


@dataclass(frozen=True, slots=True)
class Holding:
    """What a source holds and what an erasure would do: `count` records; `retained` names why they stay.

    An empty `reason` means that they are erased; else `legal_basis` names the law that keeps them.
    """

    label: Text
    count: int
    reason: Text = ""
    legal_basis: Text = ""

    @property
    def retained(self) -> bool:
        """Whether the records stay."""
        return bool(self.reason)


class PersonalDataSource(ABC):
    """Nguồn dữ liệu cá nhân: one class of record with data about persons; a system lists its own in PERSONAL_DATA.

    `collect` feeds the copy that a person asks for, `decide` the page on which an erasure is decided, `erase`
    does what `decide` said. A source that retains everything need not define `erase`.
    """

    system: str
    record: str
    label: Text

    @abstractmethod
    def collect(self, subject: DataSubject) -> Iterator[Mapping[str, Any]]:
        """Every record about the subject, JSON-ready; lazily, the caller bounds it."""

    @abstractmethod
    def decide(self, subject: DataSubject) -> list[Holding]:
        """What is held and what would become of it; nothing is changed."""

    def erase(self, actor: Actor, subject: DataSubject) -> int:
        """Erase or make anonymous what is not retained, inside the caller's act; how many records changed."""
        return 0
