"""Making accounts: one for life for a person, named after the person."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from django.db.models import F, Func, TextField, Value
from django.utils.translation import gettext as _

from haicap.access.models import Account
from haicap.kernel import journal
from haicap.kernel.actor import Actor
from haicap.kernel.errors import Conflict
from haicap.kernel.text import fold
from haicap.registry.models import Person

_USERNAME_LENGTH = 50


class HasAccount(Conflict):
    """ACC-010: this person has an account already."""

    code = "ACC-010"


def base_username(given_name: str, family_name: str, middle_name: str = "") -> str:
    """Given name, dot, initials of the rest, unaccented: "Nguyễn Thị Minh An" → "an.ntm"; never empty."""
    rest = "".join(word[0] for word in fold(f"{family_name} {middle_name}").split() if word[0].isalnum())
    given = "".join(letter for letter in fold(given_name) if letter.isascii() and letter.isalnum())
    return f"{given or 'tk'}.{rest}"[:_USERNAME_LENGTH].rstrip(".")


def free_usernames(bases: Iterable[str]) -> Iterator[str]:
    """A free user name for each base, in order: the base, else with the next number; one query."""
    wanted = list(bases)
    if not wanted:
        return
    # one scan of short texts: three thousand names as one pattern would take the server minutes
    taken = set(
        Account.objects.annotate(
            base=Func(
                F("username"),
                Value("[0-9]+$"),
                Value(""),
                function="regexp_replace",
                output_field=TextField(),
            )
        )
        .filter(base__in=set(wanted))
        .values_list("username", flat=True)
    )
    last: dict[str, int] = {}
    for base in wanted:
        name, number = base, last.get(base, 1)
        while name in taken:
            number += 1
            name = f"{base}{number}"
        last[base] = number
        taken.add(name)
        yield name


def make_account(actor: Actor, person: Person, *, username: str = "", email: str = "") -> Account:
    """Cấp tài khoản: an account whose password its owner sets by a one-time link. The caller has checked that
    the actor may. Raises HasAccount (ACC-010).
    """
    if Account.objects.filter(person=person).exists():
        raise HasAccount(
            _("%(person)s đã có tài khoản.") % {"person": person.full_name},
            kept=_("Tài khoản cũ giữ nguyên."),
            todo=_("Mở tài khoản ấy để cấp lại liên kết đăng nhập."),
        )
    name = username or next(
        free_usernames([base_username(person.given_name, person.family_name, person.middle_name)])
    )
    account = Account(username=name, email=email, person=person)
    account.set_unusable_password()
    with journal.act(actor, "access.make_account"):
        account.save(force_insert=True)
    return account
