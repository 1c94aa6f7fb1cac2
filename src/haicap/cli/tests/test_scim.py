"""`haicap scim token` from the outside."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from haicap.access.scim import tokens
from haicap.cli.scim import command


@pytest.mark.django_db
def test_scim_token__add_list_revoke__as_json() -> None:
    runner = CliRunner()
    made = json.loads(runner.invoke(command, ["token", "add", "Thư công vụ", "--write", "--json"]).output)
    assert tokens.valid_token(made["secret"]) is not None
    listed = json.loads(runner.invoke(command, ["token", "list", "--json"]).output)["tokens"]
    assert [(one["name"], one["state"], one["may_write"]) for one in listed] == [
        ("Thư công vụ", "valid", True)
    ]
    assert "secret" not in listed[0]
    ended = json.loads(runner.invoke(command, ["token", "revoke", made["id"], "--json"]).output)
    assert ended["state"] == "revoked"
    assert tokens.valid_token(made["secret"]) is None
    assert "Thư công vụ" in runner.invoke(command, ["token", "list"]).output
