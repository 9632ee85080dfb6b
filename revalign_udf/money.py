"""Exact money.

Money is never a binary float inside Revalign. An amount is held in **micros**: a whole number of millionths of the
currency's major unit (for a two-decimal currency that is 1e-4 of a cent), the same scale for every currency, so that
conversion needs no knowledge of decimals. Recurring amounts are held ANNUALISED in micros, which is exact for the
intervals that occur; division by 12 and rounding happen at the edge only.

Numbers leave the core as the IEEE double nearest the exact value (`to_double`); rounding to minor units, half away
from zero, is for printed text and number formats (`round_half_away`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal, InvalidOperation
from fractions import Fraction

from revalign_udf.errors import UserError

__all__ = [
    "MICROS",
    "decimals",
    "exact",
    "from_micros",
    "is_currency",
    "largest_remainder",
    "round_half_away",
    "to_double",
    "to_micros",
]

#: micros in one major unit
MICROS = 1_000_000
#: the largest power of ten a number may have; doubles end at 308
_LONGEST = 400

#: ISO 4217 currencies whose number of decimals is not two
_DECIMALS: Mapping[str, int] = {
    **dict.fromkeys("BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF".split(), 0),
    **dict.fromkeys("BHD IQD JOD KWD LYD OMR TND".split(), 3),
    **dict.fromkeys("CLF UYW".split(), 4),
}

Number = int | Fraction | Decimal | str | float


def is_currency(code: str) -> bool:
    """Whether a text has the form of an ISO 4217 code.

    >>> is_currency("EUR"), is_currency("euro")
    (True, False)
    """
    return len(code) == 3 and code.isascii() and code.isalpha() and code.isupper()


def decimals(currency: str) -> int:
    """Decimal places of a currency (ISO 4217): 2 unless the standard says otherwise.

    >>> decimals("USD"), decimals("JPY"), decimals("KWD")
    (2, 0, 3)
    """
    return _DECIMALS.get(currency.upper(), 2)


def exact(value: Number) -> Fraction:
    """The exact value of a number. A float stands for the shortest decimal that reads back as it, as a person typed it.

    >>> exact(0.1) + exact(0.2) == exact("0.3")
    True

    Raises UserError REV-112 for text that is no number, for infinities, and beyond 400 digits.
    """
    if type(value) is Fraction:  # the commonest case by far inside formulas
        return value
    if isinstance(value, bool):
        raise UserError(f"{value} is not a number.", code="REV-112")
    if isinstance(value, int | Fraction):
        return Fraction(value)
    try:
        number = Decimal(repr(value) if isinstance(value, float) else value)
        # a typed 1e999999999 is a number of a billion digits: nobody's money, and it would take all memory
        if number.is_finite() and abs(number.adjusted()) <= _LONGEST:
            return Fraction(number)
    except (InvalidOperation, ValueError, TypeError):
        pass
    raise UserError(f"{value!r} is not a number.", code="REV-112")


def to_micros(value: Number) -> int:
    """Micros of an amount in major units, half away from zero beyond the sixth decimal.

    >>> to_micros("19.99"), to_micros("-0.0000005")
    (19990000, -1)
    """
    return round_half_away(exact(value) * MICROS)


def from_micros(micros: int | Fraction | Decimal) -> Fraction:
    """The exact amount in major units."""
    return exact(micros) / MICROS


def to_double(value: Fraction | int) -> float:
    """The IEEE double nearest an exact value.

    >>> to_double(Fraction(1, 3))
    0.3333333333333333
    """
    fraction = Fraction(value)
    return fraction.numerator / fraction.denominator


def round_half_away(value: Fraction | int) -> int:
    """The nearest whole number, halves away from zero: 2.5 -> 3, -2.5 -> -3.

    >>> [round_half_away(Fraction(x, 2)) for x in (-5, -1, 1, 5)]
    [-3, -1, 1, 3]
    """
    fraction = Fraction(value)
    whole = (2 * abs(fraction.numerator) + fraction.denominator) // (2 * fraction.denominator)
    return whole if fraction >= 0 else -whole


def largest_remainder(total: int, weights: Sequence[Number]) -> list[int]:
    """Split a whole number by weights so that the parts add up to it exactly.

    Each part gets the whole number below its exact share; what is left goes, one unit each, to the largest
    remainders, ties to the earlier part. All weights zero splits evenly. Negative weights are refused (REV-114).

    >>> largest_remainder(100, [1, 1, 1])
    [34, 33, 33]
    >>> largest_remainder(-100, [1, 1, 1])
    [-34, -33, -33]
    """
    if not weights:
        if total:
            raise UserError("There is nothing to split the amount over.", code="REV-114", cell="#NUM!")
        return []
    shares = [exact(weight) for weight in weights]
    if any(share < 0 for share in shares):
        raise UserError("A weight is negative.", code="REV-114", cell="#NUM!")
    whole = sum(shares)
    if not whole:
        shares, whole = [Fraction(1)] * len(shares), Fraction(len(shares))
    sign, size = (-1, -total) if total < 0 else (1, total)
    wanted = [size * share / whole for share in shares]
    parts = [part.numerator // part.denominator for part in wanted]
    order = sorted(range(len(parts)), key=lambda i: (parts[i] - wanted[i], i))
    for index in order[: size - sum(parts)]:
        parts[index] += 1
    return [sign * part for part in parts]
