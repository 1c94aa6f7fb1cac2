"""Accounts: one for life; what one may do comes from the posts its person holds, never from the account."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _

from haicap.kernel import clock, journal
from haicap.kernel.actor import Actor
from haicap.kernel.ids import new_id

#: fields whose value is never written to the journal, only that it changed
SECRET_FIELDS = frozenset({"password"})


class AccountKind(models.TextChoices):
    """Whose account this is: an official's (of a person in the registry) or a citizen's."""

    OFFICIAL = "official", _("Cán bộ, công chức")
    CITIZEN = "citizen", _("Người dân")


class AccountManager(BaseUserManager["Account"]):
    """Finds accounts as people type them: in any case, with blanks around."""

    def get_by_natural_key(self, username: str | None) -> Account:
        """The account of this user name; raises Account.DoesNotExist."""
        return self.get(username=(username or "").strip().lower())


class Account(AbstractBaseUser):
    """Tài khoản: the name by which a person signs in, kept through every post and every reorganisation.

    `person` is the official's person; empty for citizens. `username` is in lower case. A locked account
    (`is_active` False) keeps everything and cannot sign in. `must_change_password`: the next page is the one
    that sets a new one. A password that nobody knows is set for who has not signed in yet.

    Saving an account is journalled by itself: within the act that is open, else as the owner's own deed;
    passwords are never written to the journal.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    username = models.CharField(max_length=60, unique=True)
    kind = models.CharField(max_length=10, choices=AccountKind.choices, default=AccountKind.OFFICIAL)
    person = models.OneToOneField(
        "registry.Person", null=True, blank=True, on_delete=models.PROTECT, related_name="account"
    )
    email = models.EmailField(blank=True, help_text="thư điện tử công vụ")
    is_active = models.BooleanField(default=True)
    must_change_password = models.BooleanField(default=False)
    created_at = models.DateTimeField(default=clock.now, editable=False)
    #: this account's last sign-in is in `SignInEvent`; a page view or a sign-in writes nothing here
    last_login = None

    objects: ClassVar[AccountManager] = AccountManager()

    USERNAME_FIELD = "username"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["email"], name="access_account_email_once", condition=~Q(email="")
            ),
            models.CheckConstraint(
                condition=Q(username=Lower("username")), name="access_account_username_lower"
            ),
            models.CheckConstraint(
                condition=Q(kind="citizen", person__isnull=True) | Q(kind="official", person__isnull=False),
                name="access_account_owner",
            ),
        ]

    def __str__(self) -> str:
        return self.username

    def get_full_name(self) -> str:
        """The owner's full name; the user name where no person is known."""
        if self.person is not None:
            return self.person.full_name
        citizen = getattr(self, "citizen", None)
        return citizen.full_name if citizen is not None else self.username

    def get_short_name(self) -> str:
        """The owner's given name (tên)."""
        return self.person.given_name if self.person is not None else self.get_full_name()

    def as_actor(self) -> Actor:
        """The owner without any hat: may see the own record and nothing else."""
        return Actor(label=self.get_full_name(), person_id=self.person_id, account_id=self.pk)

    def clean(self) -> None:
        """User name and e-mail in lower case."""
        self.username = self.username.strip().lower()
        self.email = self.email.strip().lower()

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Write the row and its journal entry in one transaction."""
        self.clean()
        outer = journal.current()
        actor = outer.actor if outer is not None else self.as_actor()
        was = None if self._state.adding else type(self).objects.filter(pk=self.pk).first()
        with journal.act(actor, "access.save_account") as act:
            super().save(*args, **kwargs)
            before = _told(was) if was is not None else None
            after = _told(self)
            if was is not None and was.password != self.password:
                after["password_changed"] = True
            if before is not None:
                before, after = journal.difference(before, after)
            if before is None or after:
                act.changed("access.account", self.pk, before, after)
            else:
                act.changed("access.account", self.pk, {}, {})


def _told(account: Account) -> dict[str, Any]:
    told = journal.values(account)
    return {name: value for name, value in told.items() if name not in SECRET_FIELDS}
