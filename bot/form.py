"""A form: what can be filled in, with what stands there now."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from bot.action import Action
from bot.wording import say

MOST_CHARS = 4000
"""What a field of a Discord modal takes."""
JOINT = "+"
"""Between the names of fields that were made one."""
_LINE = re.compile(r"\s*([^:：]{1,40}?)\s*[:：](.*)", re.DOTALL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One thing to be filled in."""

    name: str
    """By which what is filled in is handed back; the same in every language."""
    label: str
    """What a person reads; at most 45 characters."""
    value: str = ""
    """What stands there now."""
    most: int = MOST_CHARS
    """Characters that it takes."""
    choices: tuple[str, ...] = ()
    """What is offered; other values may be typed. Empty: nothing in particular."""
    help: str = ""
    """What may stand there, in at most 100 characters; for where the field is empty."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """Fields to be filled in together; handed back, they come as a Submission.

    All that it takes to understand what is handed back is in the action, so a form outlives a
    restart. The fields come in the order of their weight. A platform that has room for fewer
    (a Discord modal for 5) takes `within(5)`, in which the last ones are one field of several
    lines, "label：value"; one that has none (a chat with words alone) shows and takes back the text
    of `within(1)`. What a platform hands back under such a field goes through as it is: `parted`
    takes it apart on the way in.
    """

    action: Action
    """What is done with what was filled in."""
    title: str
    """At most 45 characters."""
    fields: tuple[Field, ...]

    def within(self, count: int) -> "Form":
        """Return the form with at most so many fields, at least one."""
        alone, rest = self.fields[: count - 1], self.fields[count - 1 :]
        return self if len(rest) < 2 else replace(self, fields=(*alone, _joined(rest)))  # noqa: PLR2004

    def parted(self, values: Mapping[str, str]) -> dict[str, str]:
        """Return what was filled in by fields as they were before any were made one.

        A line goes to the field whose label or name it begins with; one that begins with none
        goes on what stands above it. What stands above the first is handed back under the name
        that it came with, and belongs to no field.
        """
        found = dict[str, str]()
        for name, value in values.items():
            if JOINT in name:
                found |= self._lines(name, value)
            else:
                found[name] = value
        return found

    def filled(self, values: Mapping[str, str]) -> "Form":
        """Return the form with other values in it, each cut to what its field takes."""
        fields = (
            replace(field, value=values.get(field.name, field.value)[: field.most])
            for field in self.fields
        )
        return replace(self, fields=tuple(fields))

    @property
    def values(self) -> dict[str, str]:
        """What stands in it now, by names of fields."""
        return {field.name: field.value for field in self.fields}

    def _lines(self, name: str, text: str) -> dict[str, str]:
        called = {word: field.name for field in self.fields for word in (field.name, field.label)}
        found, at = dict[str, str](), name
        for line in text.splitlines():
            begun = _LINE.fullmatch(line)
            mine = called.get(begun[1]) if begun else None
            said = begun[2] if begun and mine else line
            at = mine or at
            found[at] = f"{found.get(at, '')}\n{said.strip()}".strip()
        if not found.get(name):
            found.pop(name, None)
        return found


def _joined(fields: Sequence[Field]) -> Field:
    """Return one field in which each of several has a line."""
    lines = [say("{label}：{value}", label=field.label, value=field.value) for field in fields]
    return Field(
        name=JOINT.join(field.name for field in fields),
        label=" / ".join(field.label for field in fields)[:45],
        value="\n".join(lines),
        most=min(MOST_CHARS, sum(len(field.label) + 2 + field.most for field in fields)),
    )
