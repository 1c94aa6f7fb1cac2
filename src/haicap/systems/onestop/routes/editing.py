"""Changes of a draft's steps as pure functions: add, move, remove, replace; outcomes that lead nowhere then say so."""

from __future__ import annotations

import re
from dataclasses import replace
from decimal import Decimal

from haicap.kernel.text import fold
from haicap.systems.onestop.models import TaskKind
from haicap.systems.onestop.routes.definition import KEY_LENGTH, Definition, Step

_NOT_A_KEY = re.compile(r"[^a-z0-9]+")


def key_for(definition: Definition, name: str) -> str:
    """A key for a new step, from its name; one that no other step has."""
    words = fold(name).replace("đ", "d")
    base = _NOT_A_KEY.sub("-", words).strip("-")[: KEY_LENGTH - 4].strip("-") or "buoc"
    key, number = base, 2
    while definition.step(key) is not None:
        key, number = f"{base}-{number}", number + 1
    return key


def add_step(definition: Definition, name: str, kind: TaskKind, title: str, hours: Decimal) -> Definition:
    """The definition with one more step at its end, without outcomes yet."""
    step = Step(key_for(definition, name), name, kind, title, hours, ())
    return Definition((*definition.steps, step))


def move_step(definition: Definition, key: str, by: int) -> Definition:
    """The definition with a step further up (-1) or down (1); unchanged at the edge or where there is no such step."""
    steps = list(definition.steps)
    at = next((number for number, step in enumerate(steps) if step.key == key), None)
    if at is None or not 0 <= at + by < len(steps):
        return definition
    steps.insert(at + by, steps.pop(at))
    return Definition(tuple(steps))


def remove_step(definition: Definition, key: str) -> Definition:
    """The definition without a step; outcomes that led to it go."""
    return Definition(
        tuple(
            replace(step, outcomes=tuple(each for each in step.outcomes if each.to != key))
            for step in definition.steps
            if step.key != key
        )
    )


def replace_step(definition: Definition, changed: Step) -> Definition:
    """The definition with another step under the same key."""
    return Definition(tuple(changed if step.key == changed.key else step for step in definition.steps))
