"""The SCIM service itself: what scim2-server leaves to who uses it."""

from __future__ import annotations

import json
from typing import Any

from django.utils.translation import gettext as _
from scim2_models import (
    Context,
    ForbiddenException,
    InvalidSyntaxException,
    Mutability,
    MutabilityException,
    Resource,
    ResourceType,
    SCIMException,
)
from scim2_server.conditions import Conditions
from scim2_server.requests import ScimRequest
from scim2_server.routing import Operation, Target
from scim2_server.service import ScimService

from haicap.access.models import ScimToken
from haicap.access.scim import filters
from haicap.access.scim.schema import PROVIDER

_WRITES = frozenset({Operation.create, Operation.replace, Operation.patch, Operation.delete})


class TooManyRequests(SCIMException):
    """429: the token made too many requests in this minute."""

    status = 429


class DirectoryService(ScimService):
    """Who may write, how large a filter may be, and what kind clients leave out."""

    def authorize(self, request: ScimRequest, target: Target, resource_type: ResourceType) -> None:
        """Only a token that may write writes."""
        token: ScimToken = request.subject
        if target.operation in _WRITES and not token.may_write:
            raise ForbiddenException(detail=_("Khóa SCIM này chỉ được đọc."))

    def read_search(self, resource_types: list[ResourceType], payload: Any) -> Any:
        """Refuse a filter that is too long or too deep before it is parsed."""
        if isinstance(payload, dict):
            for name, value in payload.items():
                if str(name).lower() == "filter":
                    filters.check_size(value)
        return super().read_search(resource_types, payload)

    def read_creation(
        self, resource_type: ResourceType, body: bytes, content_type: str | None
    ) -> Resource[Any]:
        """An account whose `active` is not told is active."""
        given = self.decode_body(body, content_type)
        if not isinstance(given, dict):
            raise InvalidSyntaxException(detail=_("Nội dung gửi lên không phải là một tài nguyên."))
        if resource_type.name == "User" and "active" not in {str(key).lower() for key in given}:
            given["active"] = True
        return self.read_body(
            self.get_model(resource_type),
            json.dumps(given).encode(),
            content_type,
            Context.RESOURCE_CREATION_REQUEST,
        )

    def apply_replacement(self, current: Any, replacement: Any, conditions: Conditions) -> Any:
        """What is immutable may be left out, and user names have no case."""
        if current.meta.resource_type == "User":
            if (replacement.user_name or "").strip().lower() == current.user_name:
                replacement.user_name = current.user_name
            if replacement.name is not None and replacement.name.middle_name is None:
                replacement.name.middle_name = current.name.middle_name
        return super().apply_replacement(current, replacement, conditions)

    def apply_patch(self, current: Any, patch_op: Any, conditions: Conditions) -> Any:
        """Refuse to take what the registry says away with the extension that it stands in.

        RFC 7644 §3.5.2.2: when a read-only attribute "becomes unassigned", the answer is 400 "mutability"; the
        library asks that of attributes, not of an extension removed as a whole.
        """
        before = _registry_s(current)
        patched = super().apply_patch(current, patch_op, conditions)
        after = _registry_s(current)
        for name, was in before.items():
            if was != after[name]:
                raise MutabilityException(attribute=name, mutability="readOnly")
        return patched


def _registry_s(resource: Resource[Any]) -> dict[str, Any]:
    """The values of all read-only attributes of the extensions, by their full names."""
    return {
        f"{urn}:{name}": getattr(resource[model], name, None)
        for urn, model in type(resource).get_extension_models().items()
        for name in model.model_fields
        if model.get_field_annotation(name, Mutability) is Mutability.read_only
    }


SERVICE = DirectoryService(PROVIDER)
