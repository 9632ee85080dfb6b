"""What has just been said is said again at once: a bounded memory of answers."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Generic, TypeVar

__all__ = ["Memory"]

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class Memory(Generic[K, V]):
    """The values last asked for, at least ``size`` and at most twice as many of them.

    Two generations instead of a list in order of use: a look-up costs two of a dictionary, and what has not been asked
    for during a whole generation is forgotten. Threads may use it side by side.

    >>> known = Memory(2)
    >>> for key in "abc":
    ...     known.put(key, key.upper())
    >>> known.get("a"), known.get("z")
    ('A', None)
    """

    __slots__ = ("_new", "_old", "_size")

    def __init__(self, size: int) -> None:
        self._size = size
        self._new: dict[K, V] = {}
        self._old: dict[K, V] = {}

    def __len__(self) -> int:
        return len(self._new.keys() | self._old.keys())

    def get(self, key: K) -> V | None:
        """What is remembered under a key, else None."""
        found = self._new.get(key)
        if found is None and (found := self._old.get(key)) is not None:
            self.put(key, found)
        return found

    def put(self, key: K, value: V) -> None:
        """Remember a value, which is not None."""
        if len(self._new) >= self._size:
            self._old, self._new = self._new, {}
        self._new[key] = value
