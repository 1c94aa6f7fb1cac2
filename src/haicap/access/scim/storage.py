"""What the SCIM protocol reads and writes here. A write can make, lock and name an account; never give a post."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _
from scim2_models import (
    ForbiddenException,
    InvalidValueException,
    NotFoundException,
    PreconditionFailedException,
    ResourceType,
    ResponseParameters,
    SearchRequest,
    UniquenessException,
)
from scim2_server.storage import ScimStorage, SearchPage

from haicap.access.accounts import make_account
from haicap.access.hats import hats_of
from haicap.access.models import Account, ScimGroup, ScimLink, ScimMember, ScimToken
from haicap.access.scim import reading
from haicap.access.scim.schema import MOST_RESULTS, EnterpriseUser, VietnamGroup, VietnamUser
from haicap.kernel import clock, journal
from haicap.kernel.actor import Actor
from haicap.kernel.contract import permissions
from haicap.kernel.text import clean, fold, person_sort_key, same_text
from haicap.registry.models import Person

_USERNAME = re.compile(r"[a-z0-9][a-z0-9._@-]{0,59}")
#: first letters that a spreadsheet takes for a formula
_FORMULA = tuple("=+-@")
LONGEST_EXTERNAL_ID = 200
LONGEST_WORD = 60
MOST_OWN_MEMBERS = 5000
_KEPT = ("external_id", "employee_number", "label", "removed_at")
_OF_GROUP = ("display_name", "external_id", "label")


class DirectoryStorage(ScimStorage):
    """People and agencies as one directory (the name of its token) sees them and may change them.

    `seen` gathers whose data an answer shows: (person id, account id).
    """

    def __init__(self, token: ScimToken) -> None:
        self.directory = token.name
        self.actor = Actor(label=f"SCIM: {token.name}")
        self.seen: list[tuple[uuid.UUID, uuid.UUID]] = []

    @contextmanager
    def operation(self) -> Iterator[None]:
        """One transaction; what a unique key of the database refuses is a conflict of SCIM."""
        try:
            with transaction.atomic():
                yield
        except IntegrityError as error:
            constraint = getattr(getattr(error.__cause__, "diag", None), "constraint_name", "") or ""
            if constraint not in ("access_account_email_once", "access_account_username_key"):
                raise
            raise UniquenessException(detail=_("Tên đăng nhập hoặc thư điện tử đã có người dùng.")) from error

    # --- reading --------------------------------------------------------------------------------------

    def get(
        self,
        resource_type: ResourceType,
        resource_id: str,
        *,
        response_parameters: ResponseParameters[Any] | None = None,
    ) -> Any:
        """One resource; NotFoundException also where another directory's or a removed one is asked for."""
        found = reading.get(_kind(resource_type), self.directory, resource_id)
        if found is None:
            raise NotFoundException(detail=_("Không có tài nguyên này."))
        self._note_seen([found])
        return found

    def search(
        self,
        resource_types: list[ResourceType],
        search_request: SearchRequest[Any],
        *,
        position: Any = None,
    ) -> SearchPage:
        """One page of all given kinds in turn, filtered and ordered in SQL."""
        count = MOST_RESULTS if search_request.count is None else min(search_request.count, MOST_RESULTS)
        offset, total = search_request.start_index_0 or 0, 0
        page: list[Any] = []
        for resource_type in resource_types:
            room = count - len(page)
            fits, found = reading.search(
                _kind(resource_type), self.directory, search_request, max(offset - total, 0), room
            )
            total += fits
            page.extend(found)
        self._note_seen(page)
        return SearchPage(total, page)

    def _note_seen(self, resources: list[Any]) -> None:
        """Whose data an answer shows, also where it does not tell the person's id. One query at most."""
        accounts = [resource.id for resource in resources if resource.meta.resource_type == "User"]
        if accounts:
            found = Account.objects.filter(pk__in=accounts, person__isnull=False).order_by("id")
            self.seen.extend(found.values_list("person_id", "id"))

    # --- writing --------------------------------------------------------------------------------------

    def create(self, resource_type: ResourceType, resource: Any) -> Any:
        """An account (of a person of the registry, or of a new one without posts), or a group of the directory."""
        made = self._make_user(resource) if _kind(resource_type) == "User" else self._make_group(resource)
        shown = reading.get(_kind(resource_type), self.directory, str(made))
        self._note_seen([shown])
        return shown

    def update(
        self, resource_type: ResourceType, resource: Any, *, expected_version: str | None = None
    ) -> Any:
        """E-mail and `active` of an account, and what the directory keeps of it; all of its own group."""
        kind = _kind(resource_type)
        if kind == "User":
            account = self._locked(resource.id)
            self._check_version(kind, resource.id, expected_version)
            with journal.act(self.actor, "access.scim_change_user") as act:
                self._change_account(account, resource)
                self._keep(act, account, resource)
        else:
            group = self._own_group(resource.id)
            self._check_version(kind, resource.id, expected_version)
            self._change_group(group, resource)
        return reading.get(kind, self.directory, resource.id)

    def delete(
        self, resource_type: ResourceType, resource_id: str, *, expected_version: str | None = None
    ) -> None:
        """Lock an account and hide it from this directory; remove a directory's own group. Nobody is erased."""
        kind = _kind(resource_type)
        if kind == "User":
            account = self._locked(resource_id)
            self._check_version(kind, resource_id, expected_version)
            with journal.act(self.actor, "access.scim_remove_user") as act:
                if account.is_active:
                    self._check_ordinary(account)
                    account.is_active = False
                    account.save()
                link = self._link(account)
                link.removed_at = clock.now()
                link.save()
                act.changed("access.scim_link", account.pk, None, {"removed_at": link.removed_at})
            return
        group = self._own_group(resource_id)
        self._check_version(kind, resource_id, expected_version)
        with journal.act(self.actor, "access.scim_remove_group") as act:
            act.changed("access.scim_group", group.pk, journal.values(group), None)
            group.delete()

    def _check_version(self, kind: str, resource_id: str, expected: str | None) -> None:
        """Compare under the lock: whoever changed it meanwhile wins."""
        found = reading.get(kind, self.directory, resource_id)
        if found is None:
            raise NotFoundException(detail=_("Không có tài nguyên này."))
        if expected is not None and found.meta.version != expected:
            raise PreconditionFailedException(detail=_("Tài nguyên vừa được người khác thay đổi."))

    # --- accounts -------------------------------------------------------------------------------------

    def _locked(self, resource_id: str) -> Account:
        if reading.get("User", self.directory, resource_id) is None:
            raise NotFoundException(detail=_("Không có tài nguyên này."))
        return Account.objects.select_for_update().get(pk=resource_id)

    def _make_user(self, resource: Any) -> uuid.UUID:
        username = (resource.user_name or "").strip().lower()
        if not _USERNAME.fullmatch(username):
            raise InvalidValueException(
                detail=_("userName chỉ gồm chữ không dấu, số và . _ @ -, nhiều nhất 60 ký tự.")
            )
        with journal.act(self.actor, "access.scim_make_user") as act:
            account = Account.objects.select_for_update().filter(username=username).first()
            if account is not None:
                self._check_removed(account, resource)
                self._change_account(account, resource)
            else:
                email = _email_of(resource)
                account = make_account(
                    self.actor, self._person_for(act, resource, email), username=username, email=email
                )
                if resource.active is False:
                    account.is_active = False
                    account.save()
            self._keep(act, account, resource)
        return account.pk

    def _check_removed(self, account: Account, resource: Any) -> None:
        """A name is taken, unless this directory removed that very person's account: then it comes back."""
        removed = (
            not account.is_active
            and ScimLink.objects.filter(
                directory=self.directory, account=account, removed_at__isnull=False
            ).exists()
        )
        if (
            not removed
            or account.person is None
            or not same_text(account.person.full_name, _names(resource)[3])
        ):
            raise UniquenessException(detail=_("Tên đăng nhập này đã có người dùng."))

    def _person_for(self, act: journal.Act, resource: Any, email: str) -> Person:
        """The person of the registry with this official e-mail and name; else a new one, without any post."""
        family, middle, given, full = _names(resource)
        known = list(Person.objects.filter(email__iexact=email)[:2]) if email else []
        if known:
            if len(known) > 1 or not same_text(known[0].full_name, full):
                raise UniquenessException(detail=_("Thư điện tử này là của người khác trong danh bạ."))
            if Account.objects.filter(person=known[0]).exists():
                raise UniquenessException(detail=_("Người này đã có tài khoản."))
            return known[0]
        person = Person(
            family_name=family,
            middle_name=middle,
            given_name=given,
            full_name=full,
            fold=fold(full),
            sort_key=person_sort_key(full),
            email=email,
        )
        person.save(force_insert=True)
        act.changed("registry.person", person.pk, None, journal.values(person, "full_name", "email"))
        return person

    def _change_account(self, account: Account, resource: Any) -> None:
        email, active = _email_of(resource), bool(resource.active)
        if (account.email, account.is_active) == (email, active):
            return
        self._check_ordinary(account)
        account.email, account.is_active = email, active
        account.save()

    def _check_ordinary(self, account: Account) -> None:
        """Nobody outside locks, or turns the e-mail of, somebody with delicate rights."""
        delicate = {permission.code for permission in permissions().values() if permission.delicate}
        hats = hats_of(account.person_id) if account.person_id else []
        if any(hat.rule.permissions & delicate for hat in hats):
            raise ForbiddenException(
                detail=_("Tài khoản này có quyền quản trị: chỉ người quản trị của tỉnh đổi được.")
            )

    def _link(self, account: Account) -> ScimLink:
        found = ScimLink.objects.filter(directory=self.directory, account=account).first()
        return found or ScimLink(directory=self.directory, account=account)

    def _keep(self, act: journal.Act, account: Account, resource: Any) -> None:
        """What the directory keeps of an account for itself: its id, its number, its label."""
        link = self._link(account)
        before = journal.values(link, *_KEPT)
        wanted = {
            "external_id": _external_id(resource.external_id),
            "employee_number": _word(resource[EnterpriseUser], "employee_number", "employeeNumber"),
            "label": _word(resource[VietnamUser], "label", "label"),
            "removed_at": None,
        }
        if before == wanted:
            return
        for name, value in wanted.items():
            setattr(link, name, value)
        link.save()
        act.changed("access.scim_link", account.pk, before, wanted)

    # --- groups ---------------------------------------------------------------------------------------

    def _own_group(self, resource_id: str) -> ScimGroup:
        found = ScimGroup.objects.select_for_update().filter(directory=self.directory, pk=resource_id).first()
        if found is None:
            raise ForbiddenException(
                detail=_("Nhóm này là một cơ quan: thành viên theo bổ nhiệm, thư mục ngoài không sửa được.")
            )
        return found

    def _make_group(self, resource: Any) -> uuid.UUID:
        group = ScimGroup(directory=self.directory)
        with journal.act(self.actor, "access.scim_make_group") as act:
            self._fill(group, resource, act, before=None)
        return group.pk

    def _change_group(self, group: ScimGroup, resource: Any) -> None:
        with journal.act(self.actor, "access.scim_change_group") as act:
            before = journal.values(group, *_OF_GROUP)
            group.changed_at = clock.now()
            self._fill(group, resource, act, before=before)

    def _fill(self, group: ScimGroup, resource: Any, act: journal.Act, *, before: Any) -> None:
        group.display_name = _text(resource.display_name, 200, "displayName")
        group.external_id = _external_id(resource.external_id)
        group.label = _word(resource[VietnamGroup], "label", "label")
        group.save()
        wanted = self._members(resource)
        present = set(ScimMember.objects.filter(group=group).values_list("account_id", flat=True))
        ScimMember.objects.filter(group=group, account_id__in=present - wanted).delete()
        ScimMember.objects.bulk_create(
            ScimMember(group=group, account_id=account) for account in sorted(wanted - present)
        )
        after = journal.values(group, *_OF_GROUP)
        after |= {"joined": sorted(map(str, wanted - present)), "left": sorted(map(str, present - wanted))}
        act.changed("access.scim_group", group.pk, before, after)

    def _members(self, resource: Any) -> set[uuid.UUID]:
        given = resource.members or []
        if len(given) > MOST_OWN_MEMBERS:
            raise InvalidValueException(detail=_("Nhóm có quá nhiều thành viên."))
        try:
            wanted = {uuid.UUID(member.value or "") for member in given}
        except ValueError as error:
            raise InvalidValueException(detail=_("Thành viên không phải là tài khoản ở đây.")) from error
        known = reading.visible(self.directory, wanted)
        if known != wanted:
            raise InvalidValueException(detail=_("Thành viên không phải là tài khoản ở đây."))
        return wanted


def _kind(resource_type: ResourceType) -> str:
    return str(resource_type.name)


def _text(value: str | None, longest: int, name: str) -> str:
    text = clean(value or "")
    if not text or len(text) > longest or text.startswith(_FORMULA):
        raise InvalidValueException(
            detail=_("%(name)s phải có từ 1 đến %(longest)s ký tự và không bắt đầu bằng = + - @.")
            % {"name": name, "longest": longest}
        )
    return text


def _names(resource: Any) -> tuple[str, str, str, str]:
    """Family, middle, given and full name of a new account."""
    family = _text(resource.name.family_name, 50, "name.familyName")
    given = _text(resource.name.given_name, 50, "name.givenName")
    middle = _text(resource.name.middle_name, 100, "name.middleName") if resource.name.middle_name else ""
    return family, middle, given, clean(f"{family} {middle} {given}")


def _external_id(value: str | None) -> str:
    text = value or ""
    if len(text) > LONGEST_EXTERNAL_ID or "\0" in text:
        raise InvalidValueException(
            detail=_("externalId dài quá %(longest)s ký tự.") % {"longest": LONGEST_EXTERNAL_ID}
        )
    return text


def _word(extension: Any, attribute: str, name: str) -> str:
    """A short word of the directory's own, from an extension that may not be there."""
    given = getattr(extension, attribute, None)
    return _text(given, LONGEST_WORD, name) if given else ""


def _email_of(resource: Any) -> str:
    emails = {(email.value or "").strip().lower() for email in resource.emails or []} - {""}
    if len(emails) > 1:
        raise InvalidValueException(detail=_("Một tài khoản chỉ có một thư điện tử công vụ."))
    email: str = next(iter(emails), "")
    if len(email) > 254:
        raise InvalidValueException(detail=_("Thư điện tử quá dài."))
    return email
