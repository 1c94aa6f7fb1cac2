"""What the service publishes: users, groups, what may be written of them, and what it can do."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Union

from pydantic import EmailStr, Field
from scim2_models import (
    URN,
    AnyExtension,
    AuthenticationScheme,
    Bulk,
    CaseExact,
    ChangePassword,
    ComplexAttribute,
    ETag,
    Extension,
    External,
    Filter,
    Mutability,
    Pagination,
    Patch,
    Reference,
    Required,
    Resource,
    ResourceType,
    Schema,
    ScimPolicy,
    ScimProvider,
    ServiceProviderConfig,
    Sort,
    Uniqueness,
)

MOST_RESULTS = 200
_READ = Mutability.read_only


class Name(ComplexAttribute):
    """Họ, chữ đệm, tên: given when an account is made, kept by the registry from then on."""

    family_name: Annotated[str | None, Mutability.immutable, Required.true] = None
    given_name: Annotated[str | None, Mutability.immutable, Required.true] = None
    middle_name: Annotated[str | None, Mutability.immutable] = None


class Email(ComplexAttribute):
    """Thư điện tử công vụ: an account has at most one."""

    value: Annotated[EmailStr | None, Required.true] = None
    type: str | None = Field(None, examples=["work"])


class UserGroup(ComplexAttribute):
    """A group that the account is in."""

    value: Annotated[str | None, _READ, CaseExact.true] = None
    ref: Annotated[Reference[Group[Any]] | None, _READ] = Field(
        None, serialization_alias="$ref", validation_alias="$ref"
    )
    display: Annotated[str | None, _READ] = None
    type: Annotated[str | None, _READ] = Field(None, examples=["direct"])


class User(Resource[AnyExtension]):
    """Tài khoản của một cán bộ, công chức."""

    __schema__ = URN("urn:ietf:params:scim:schemas:core:2.0:User")

    user_name: Annotated[str | None, Uniqueness.server, Required.true, Mutability.immutable] = None
    name: Annotated[Name | None, Required.true, Mutability.immutable] = None
    Name: ClassVar[type[ComplexAttribute]] = Name
    display_name: Annotated[str | None, _READ] = None
    title: Annotated[str | None, _READ] = None
    active: Annotated[bool | None, Required.true] = None
    emails: list[Email] | None = None
    Emails: ClassVar[type[ComplexAttribute]] = Email
    groups: Annotated[list[UserGroup] | None, _READ] = None
    Groups: ClassVar[type[ComplexAttribute]] = UserGroup


class EnterpriseUser(Extension):
    """Where the first of the posts is, and the directory's own number of the person (seen by it alone)."""

    __schema__ = URN("urn:ietf:params:scim:schemas:extension:enterprise:2.0:User")

    organization: Annotated[str | None, _READ] = None
    department: Annotated[str | None, _READ] = None
    employee_number: Annotated[str | None, CaseExact.true] = None


class Post(ComplexAttribute):
    """Chức danh đang giữ: a post held today, at the agency that holds its desk now."""

    agency_id: Annotated[str | None, _READ, CaseExact.true] = None
    agency: Annotated[str | None, _READ] = None
    agency_code: Annotated[str | None, _READ, CaseExact.true] = None
    former_agency_codes: Annotated[list[str] | None, _READ, CaseExact.true] = None
    unit: Annotated[str | None, _READ] = None
    unit_code: Annotated[str | None, _READ, CaseExact.true] = None
    former_unit_codes: Annotated[list[str] | None, _READ, CaseExact.true] = None
    title: Annotated[str | None, _READ, CaseExact.true] = None
    title_name: Annotated[str | None, _READ] = None
    since: Annotated[str | None, _READ] = None


class VietnamUser(Extension):
    """What the registry knows of the person, once appointed, and a word that the directory sorts accounts by.

    `label` is the directory's own, seen by it alone. `personId` is there from the first appointment on: an account
    that a directory makes for somebody whom the registry does not know has none until then.
    """

    __schema__ = URN("urn:haicap:scim:schemas:extension:vn:2.0:User")

    person_id: Annotated[str | None, _READ, CaseExact.true] = None
    posts: Annotated[list[Post] | None, _READ] = None
    Posts: ClassVar[type[ComplexAttribute]] = Post
    label: str | None = None


class Member(ComplexAttribute):
    """An account in a group."""

    value: Annotated[str | None, Mutability.immutable, CaseExact.true] = None
    ref: Annotated[Reference[User[Any]] | None, Mutability.immutable] = Field(
        None, serialization_alias="$ref", validation_alias="$ref"
    )
    type: Annotated[str | None, Mutability.immutable] = Field(None, examples=["User"])


class Group(Resource[AnyExtension]):
    """Cơ quan and those who hold a post there today; or a group of the directory's own, which gives no right."""

    __schema__ = URN("urn:ietf:params:scim:schemas:core:2.0:Group")

    display_name: Annotated[str | None, Required.true] = None
    members: list[Member] | None = None
    Members: ClassVar[type[ComplexAttribute]] = Member


class VietnamGroup(Extension):
    """Which agency a group is: `source` is "agency". A directory's own group has nothing here but its `label`."""

    __schema__ = URN("urn:haicap:scim:schemas:extension:vn:2.0:Group")

    source: Annotated[str | None, _READ] = None
    agency_code: Annotated[str | None, _READ, CaseExact.true] = None
    former_agency_codes: Annotated[list[str] | None, _READ, CaseExact.true] = None
    kind: Annotated[str | None, _READ] = None
    unit: Annotated[str | None, _READ] = None
    unit_code: Annotated[str | None, _READ, CaseExact.true] = None
    label: str | None = None


# a group's address could not be known before groups were
UserGroup.model_rebuild(force=True)
User.model_rebuild(force=True)

FullUser: Any = User[Union[EnterpriseUser, VietnamUser]]  # noqa: UP007
FullGroup: Any = Group[VietnamGroup]

#: what Entra, Okta and their like send beyond the RFC is read, what we do not keep is passed over
POLICY = ScimPolicy(
    unknown=ScimPolicy.Unknown.ignore,
    remove_value_as_filter=ScimPolicy.RemoveValue.apply,
    unmatched_path_filter=ScimPolicy.UnmatchedPathFilter.create,
)
CONFIG = ServiceProviderConfig(
    patch=Patch(supported=True),
    bulk=Bulk(supported=False, max_operations=0, max_payload_size=0),
    filter=Filter(supported=True, max_results=MOST_RESULTS),
    change_password=ChangePassword(supported=False),
    sort=Sort(supported=True),
    etag=ETag(supported=True),
    pagination=Pagination(
        cursor=False,
        index=True,
        default_pagination_method=Pagination.DefaultPaginationMethod.index,
        default_page_size=100,
        max_page_size=MOST_RESULTS,
    ),
    authentication_schemes=[
        AuthenticationScheme(
            type=AuthenticationScheme.Type.oauthbearertoken,
            name="Bearer",
            description="A token that the province's administrator made for one directory (RFC 6750).",
            spec_uri=Reference[External]("https://www.rfc-editor.org/rfc/rfc6750"),
            primary=True,
        )
    ],
)
PROVIDER = ScimProvider(
    models=[
        User,
        Group,
        EnterpriseUser,
        VietnamUser,
        VietnamGroup,
        Schema,
        ResourceType,
        ServiceProviderConfig,
    ],
    resource_types=[ResourceType.from_resource(FullUser), ResourceType.from_resource(FullGroup)],
    config=CONFIG,
    policy=POLICY,
)
