"""Whether promises were kept: every hand-off held against every promise that speaks of it, and amounts against promises.

All of it is judged at one instant, the end of the last day hand-offs are loaded for in the company's time zone. What is
known of later moments is not known yet.
"""

from revalign_udf.query.promises.cases import Case, Handoff
from revalign_udf.query.promises.counting import OF_PROMISES, records_of_promises, volumes_of
from revalign_udf.query.promises.desk import Promises, Volume, parts_of, promises_of

__all__ = [
    "OF_PROMISES", "Case", "Handoff", "Promises", "Volume", "parts_of", "promises_of", "records_of_promises", "volumes_of",
]  # fmt: skip
