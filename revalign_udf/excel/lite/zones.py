"""Time zones inside xlwings Lite: UTC always, the others where the package ``tzdata`` is there.

A browser gives Python no time-zone files, not even that of UTC.
"""

from __future__ import annotations

import struct
import zoneinfo
from importlib.util import find_spec
from io import BytesIO

from revalign_udf.errors import UserError

__all__ = ["ZoneInfo"]

#: a file of RFC 9636 (TZif, version 1) with one local time type: no offset, called UTC
_UTC = b"TZif" + bytes(16) + struct.pack(">6l", 0, 0, 0, 0, 1, 4) + struct.pack(">lbb", 0, 0, 0) + b"UTC\0"


def ZoneInfo(key: str) -> zoneinfo.ZoneInfo:  # noqa: N802 - stands in for the class of this name
    """A time zone by name, as `zoneinfo.ZoneInfo` gives it.

    Raises UserError REV-305 where no time zone but UTC is known, and `zoneinfo.ZoneInfoNotFoundError` for a name that is
    none.
    """
    try:
        return zoneinfo.ZoneInfo(key)
    except zoneinfo.ZoneInfoNotFoundError as error:
        if key.upper() == "UTC":
            return zoneinfo.ZoneInfo.from_file(BytesIO(_UTC), key="UTC")
        if zoneinfo.available_timezones() or find_spec("tzdata"):
            raise
        raise UserError(
            f'There is no time-zone data here, so "{key}" cannot be read.',
            code="REV-305",
            hint='Write "tzdata" into requirements.txt of xlwings Lite; UTC works without it.',
        ) from error
