"""The last used things, as many as fit in so many bytes."""

from collections import OrderedDict
from collections.abc import Hashable
from typing import Generic, TypeVar

Value = TypeVar("Value")


class Kept(Generic[Value]):
    """Things by key; the least used leave first."""

    def __init__(self, budget_bytes: int) -> None:
        self._budget_bytes = budget_bytes
        self._things: OrderedDict[Hashable, tuple[Value, int]] = OrderedDict()
        self.size_bytes = 0
        """Of all that are kept, at most the budget."""

    def __len__(self) -> int:
        return len(self._things)

    def find(self, key: Hashable) -> Value | None:
        """Return the thing of this key, or None."""
        if key not in self._things:
            return None
        self._things.move_to_end(key)
        return self._things[key][0]

    def keep(self, key: Hashable, value: Value, size_bytes: int) -> None:
        """Keep a thing under a new key; what is larger than the whole budget is not kept."""
        if size_bytes > self._budget_bytes:
            return
        self._things[key] = (value, size_bytes)
        self.size_bytes += size_bytes
        while self.size_bytes > self._budget_bytes:
            _, (_, freed) = self._things.popitem(last=False)
            self.size_bytes -= freed
