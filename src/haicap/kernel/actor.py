"""Who acts: the value that every query and use-case is asked with."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Actor:
    """Người thực hiện: a person in one hat (a post), or the system itself.

    `agency_ids` are the agencies for which the actor works now; `permissions` are codes such as
    "reorganisation.cut_over". `sees_all` lets `visible_to` pass everything (province administrators,
    auditors, the system). A citizen or an anonymous visitor has no agency and no permission.
    `account_id` is the account signed in with; `for_person_id` the person acted for (ủy quyền), whose post it is.
    """

    label: str
    person_id: uuid.UUID | None = None
    post_id: uuid.UUID | None = None
    title: str = ""
    agency_ids: frozenset[uuid.UUID] = frozenset()
    unit_ids: frozenset[uuid.UUID] = frozenset()
    permissions: frozenset[str] = field(default_factory=frozenset)
    sees_all: bool = False
    is_system: bool = False
    account_id: uuid.UUID | None = None
    for_person_id: uuid.UUID | None = None

    def may(self, permission: str) -> bool:
        """Whether the actor holds this permission; the system holds all."""
        return self.is_system or permission in self.permissions


SYSTEM = Actor(label="hệ thống", sees_all=True, is_system=True)
ANONYMOUS = Actor(label="khách")
