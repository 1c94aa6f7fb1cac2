"""`haicap applications`."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from haicap.access.models import SigningKey
from haicap.access.oidc.errors import BadAddress
from haicap.cli.applications import command


def test_applications__add_and_list__secret_printed_once(db: None) -> None:
    added = CliRunner().invoke(
        command, ["add", "--name", "Thư", "--redirect-uri", "https://mail.example.vn/cb", "--own", "--json"]
    )
    told = json.loads(added.output)
    assert told["client_secret"]
    assert told["scopes"] == ["openid", "profile", "haicap"]
    listed = CliRunner().invoke(command, ["list", "--json"])
    assert [one["client_id"] for one in json.loads(listed.output)] == [told["client_id"]]
    assert told["client_secret"] not in listed.output
    assert "Thư" in CliRunner().invoke(command, ["list"]).output


def test_applications__bad_address__refused(db: None) -> None:
    done = CliRunner().invoke(command, ["add", "--name", "x", "--redirect-uri", "http://mail.example.vn/"])
    assert isinstance(done.exception, BadAddress)


@pytest.mark.parametrize("options", [[], ["--at-once"]])
def test_applications__rotate_key__one_more(db: None, options: list[str]) -> None:
    done = CliRunner().invoke(command, ["rotate-key", "--json", *options])
    assert done.exit_code == 0, done.output
    assert SigningKey.objects.count() == 2
    assert json.loads(done.output)["id"]
