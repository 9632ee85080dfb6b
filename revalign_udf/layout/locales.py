"""Which marks a spreadsheet's locale puts into formulas: Google Sheets reads ``=MIN(A1,0.5)`` in one country only as
``=MIN(A1;0,5)`` in another, and refuses the wrong one.

Where numbers have a decimal comma, the arguments of a function are parted by a semicolon. Which countries do is taken
from Unicode's CLDR 47 (decimal sign of the western digits); a test compares every entry with it.
"""

from __future__ import annotations

import re

__all__ = ["formula_marks"]

#: languages whose speakers write a decimal comma ...
_COMMA = frozenset(
    "af az be bg br bs ca cs cv da de el eo es et eu ff fi fo fr fy gl hr ht hu hy ia id ie is it jv ka kk kl ku ky lb ln"
    " lo lt lu lv mk nb nl nn no nr pl ps pt rn ro ru rw sc se sg sk sl sq sr ss su sv tg tk tr ts tt uk uz ve vi wo".split()
)
#: ... and the countries that do otherwise than their language
_DOT_IN = frozenset(
    "de_CH de_LI it_CH es_419 es_BR es_BZ es_CU es_DO es_GT es_HN es_MX es_NI es_PA es_PE es_PR es_SV es_US".split()
)
_COMMA_IN = frozenset(
    "ar_DZ ar_LB ar_LY ar_MA ar_MR ar_TN en_AT en_BE en_CZ en_DE en_DK en_ES en_FI en_FR en_HU en_ID en_IT en_NL en_NO"
    " en_PL en_PT en_RO en_SE en_SI en_SK en_ZA ms_BN ms_ID qu_BO sw_CD".split()
)
#: codes as Java once wrote them, which Google still hands out
_OLD = {"iw": "he", "in": "id", "ji": "yi", "tl": "fil"}


def formula_marks(locale: str) -> tuple[str, str]:
    """The decimal mark and the mark between arguments in formulas of a spreadsheet of a locale.

    A country nobody knows is taken for the main one of its language, a language nobody knows for English.

    >>> formula_marks("en_US"), formula_marks("de_DE"), formula_marks("de-CH"), formula_marks("es_MX"), formula_marks("")
    (('.', ','), (',', ';'), ('.', ','), ('.', ','), ('.', ','))
    """
    language, *rest = re.split(r"[_-]", locale.strip().partition(".")[0].partition("@")[0])
    language = _OLD.get(language.lower(), language.lower())
    # a script stands between language and country, as in sr_Latn_RS
    country = next((part.upper() for part in rest if re.fullmatch(r"[A-Za-z]{2}|\d{3}", part)), "")
    full = f"{language}_{country}"
    comma = full in _COMMA_IN or (language in _COMMA and full not in _DOT_IN)
    return (",", ";") if comma else (".", ",")
