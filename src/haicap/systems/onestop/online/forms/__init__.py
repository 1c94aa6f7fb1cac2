"""Tờ khai điện tử từ JSON Schema: read the schema, read what was typed, check it, say it again."""

from haicap.systems.onestop.online.forms.checking import Problem, check
from haicap.systems.onestop.online.forms.reading import read
from haicap.systems.onestop.online.forms.schema import Field, Form, Kind, parse
from haicap.systems.onestop.online.forms.showing import Shown, shown
from haicap.systems.onestop.online.forms.telling import Told, tell

__all__ = ["Field", "Form", "Kind", "Problem", "Shown", "Told", "check", "parse", "read", "shown", "tell"]
