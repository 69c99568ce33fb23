"""Requests and recipes as the database keeps them: JSON of what was said."""

from dataclasses import MISSING, Field, fields
from typing import Any

import msgspec

from bot.request import Request
from generation.recipe import Recipe


def compact(said: Request | Recipe) -> str:
    """Return it as JSON without the fields in which nothing is said; msgspec reads it back.

    A default that says something, as a strength of 0.6, is written: it may be another one day.
    """
    values = ((field, getattr(said, field.name)) for field in fields(said))
    return msgspec.json.encode({f.name: value for f, value in values if _says(f, value)}).decode()


def _says(field: Field[Any], value: object) -> bool:
    usual = field.default if field.default_factory is MISSING else field.default_factory()
    return value != usual or bool(value)
