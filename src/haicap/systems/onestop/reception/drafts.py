"""Hồ sơ đang nhập dở: kept on the server for each official and page, so that a reload or a power cut loses nothing.

Bounded in size and age; gone when the dossier is received. `noted` is whose data were shown already: it is the
server's word, not the form's.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from django.db import transaction

from haicap.kernel import clock
from haicap.kernel.actor import Actor
from haicap.kernel.models import StoredFile
from haicap.systems.onestop.models import ReceptionDraft

KEPT_FOR = timedelta(days=2)
MOST_FIELDS, MOST_LETTERS, MOST_BYTES = 400, 2_000, 64_000
#: what a form carries beside what was typed
_NOT_TYPED = frozenset({"csrfmiddlewaretoken", "lam", "chon", "bo", "may-quet"})


@dataclass(slots=True)
class Draft:
    """What was typed, whose data were looked at for it, and the files that came with it."""

    typed: dict[str, str] = field(default_factory=dict)
    noted: str = ""
    files: list[dict[str, Any]] = field(default_factory=list)

    def get(self, name: str) -> str:
        """What stands in a field, without blanks around it."""
        return self.typed.get(name, "").strip()

    @property
    def bytes(self) -> int:
        """The size of its files together."""
        return sum(int(one["size"]) for one in self.files)


def typed_of(form: Mapping[str, str]) -> dict[str, str]:
    """The fields of a form as far as they are kept."""
    found: dict[str, str] = {}
    for name in form:
        if name not in _NOT_TYPED and len(name) <= 80 and len(found) < MOST_FIELDS:
            found[name] = str(form[name])[:MOST_LETTERS].replace("\0", "")
    return found


def load(actor: Actor, page: str) -> Draft:
    """What the actor had typed on this page; empty where there is nothing, or it is too old."""
    if actor.person_id is None:
        return Draft()
    row = ReceptionDraft.objects.filter(
        person_id=actor.person_id, page=page, saved_at__gt=clock.now() - KEPT_FOR
    ).first()
    if row is None:
        return Draft()
    return Draft(dict(row.values.get("typed", {})), str(row.values.get("noted", "")), list(row.files))


def save(actor: Actor, page: str, draft: Draft) -> None:
    """Keep a draft in place of the one before; one that is too large is not kept."""
    values = {"typed": draft.typed, "noted": draft.noted}
    if actor.person_id is None or len(json.dumps(values)) > MOST_BYTES:
        return
    ReceptionDraft.objects.update_or_create(
        person_id=actor.person_id,
        page=page,
        defaults={"values": values, "files": draft.files, "saved_at": clock.now()},
    )


def add_file(actor: Actor, page: str, stored: StoredFile, name: str) -> None:
    """Add an accepted file to the draft; two uploads at once both stay."""
    if actor.person_id is None:
        return
    with transaction.atomic():
        row, _made = ReceptionDraft.objects.select_for_update().get_or_create(
            person_id=actor.person_id, page=page, defaults={"saved_at": clock.now()}
        )
        if all(one["digest"] != stored.digest for one in row.files):
            row.files.append({"digest": stored.digest, "name": name[:255], "size": stored.size_bytes})
        row.saved_at = clock.now()
        row.save()


def discard(actor: Actor, page: str) -> None:
    """Forget what was typed: it was received, or thrown away."""
    if actor.person_id is not None:
        ReceptionDraft.objects.filter(person_id=actor.person_id, page=page).delete()


def sweep() -> int:
    """Forget drafts that are too old. How many."""
    return ReceptionDraft.objects.filter(saved_at__lte=clock.now() - KEPT_FOR).delete()[0]
