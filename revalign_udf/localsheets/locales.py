"""What a spreadsheet's locale decides: how typed text is read, how numbers, dates and truth are shown.

The signs follow Unicode's CLDR, as Google's do. A locale that is not in the table takes the row of its language, and
an unknown language that of the United States.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache

__all__ = ["LOCALES", "Locale", "locale_of"]


@dataclass(frozen=True, slots=True)
class Words:
    """The words of a language; weeks begin on Monday."""

    months: tuple[str, ...]
    short_months: tuple[str, ...]
    days: tuple[str, ...]
    short_days: tuple[str, ...]
    truth: tuple[str, str] = ("TRUE", "FALSE")


@dataclass(frozen=True, slots=True)
class Locale:
    """One locale. Patterns are written in the API's notation (``#,##0.00``), whatever the locale shows."""

    decimal: str
    group: str
    date: str
    """pattern of a date without a pattern of its own"""
    symbol: str
    """the currency people type beside a number"""
    currency: str
    """pattern of a currency without a pattern of its own"""
    words: Words

    @property
    def separator(self) -> str:
        """What stands between the arguments of a formula; where a comma is the decimal mark, only a semicolon."""
        return ";" if self.decimal == "," else ","

    @property
    def order(self) -> str:
        """The order of day, month and year: ``dmy``, ``mdy`` or ``ymd``."""
        return "".join(dict.fromkeys(sign for sign in self.date.lower() if sign in "dmy"))


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


_EN = Words(
    months=_words("January February March April May June July August September October November December"),
    short_months=_words("Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec"),
    days=_words("Monday Tuesday Wednesday Thursday Friday Saturday Sunday"),
    short_days=_words("Mon Tue Wed Thu Fri Sat Sun"),
)
_DE = Words(
    months=_words("Januar Februar März April Mai Juni Juli August September Oktober November Dezember"),
    short_months=_words("Jan. Feb. März Apr. Mai Juni Juli Aug. Sept. Okt. Nov. Dez."),
    days=_words("Montag Dienstag Mittwoch Donnerstag Freitag Samstag Sonntag"),
    short_days=_words("Mo Di Mi Do Fr Sa So"),
    truth=("WAHR", "FALSCH"),
)
_FR = Words(
    months=_words("janvier février mars avril mai juin juillet août septembre octobre novembre décembre"),
    short_months=_words("janv. févr. mars avr. mai juin juil. août sept. oct. nov. déc."),
    days=_words("lundi mardi mercredi jeudi vendredi samedi dimanche"),
    short_days=_words("lun. mar. mer. jeu. ven. sam. dim."),
    truth=("VRAI", "FAUX"),
)
_PT = Words(
    months=_words("janeiro fevereiro março abril maio junho julho agosto setembro outubro novembro dezembro"),
    short_months=_words("jan. fev. mar. abr. mai. jun. jul. ago. set. out. nov. dez."),
    days=_words("segunda-feira terça-feira quarta-feira quinta-feira sexta-feira sábado domingo"),
    short_days=_words("seg. ter. qua. qui. sex. sáb. dom."),
    truth=("VERDADEIRO", "FALSO"),
)
_JA = Words(
    months=tuple(f"{month}月" for month in range(1, 13)),
    short_months=tuple(f"{month}月" for month in range(1, 13)),
    days=_words("月曜日 火曜日 水曜日 木曜日 金曜日 土曜日 日曜日"),
    short_days=_words("月 火 水 木 金 土 日"),
)
_SV = Words(
    months=_words("januari februari mars april maj juni juli augusti september oktober november december"),
    short_months=_words("jan. feb. mars apr. maj juni juli aug. sep. okt. nov. dec."),
    days=_words("måndag tisdag onsdag torsdag fredag lördag söndag"),
    short_days=_words("mån tis ons tors fre lör sön"),
    truth=("SANT", "FALSKT"),
)
_ES = Words(
    months=_words("enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre"),
    short_months=_words("ene feb mar abr may jun jul ago sept oct nov dic"),
    days=_words("lunes martes miércoles jueves viernes sábado domingo"),
    short_days=_words("lun mar mié jue vie sáb dom"),
    truth=("VERDADERO", "FALSO"),
)

_EUROS = "#,##0.00\\ [$€]"

LOCALES: dict[str, Locale] = {
    "en_US": Locale(".", ",", "m/d/yyyy", "$", '"$"#,##0.00', _EN),
    "en_GB": Locale(".", ",", "dd/mm/yyyy", "£", "[$£]#,##0.00", _EN),
    "en_IE": Locale(".", ",", "dd/mm/yyyy", "€", "[$€]#,##0.00", _EN),
    "en_CA": Locale(".", ",", "yyyy-mm-dd", "$", "[$$]#,##0.00", _EN),
    "en_AU": Locale(".", ",", "dd/mm/yyyy", "$", "[$$]#,##0.00", _EN),
    "de_DE": Locale(",", ".", "dd.mm.yyyy", "€", _EUROS, _DE),
    "de_AT": Locale(",", "\u00a0", "dd.mm.yyyy", "€", "[$€]\\ #,##0.00", _DE),
    "de_CH": Locale(".", "’", "dd.mm.yyyy", "CHF", "[$CHF]\\ #,##0.00", _DE),
    "fr_FR": Locale(",", "\u202f", "dd/mm/yyyy", "€", _EUROS, _FR),
    "pt_BR": Locale(",", ".", "dd/mm/yyyy", "R$", "[$R$]\\ #,##0.00", _PT),
    "es_ES": Locale(",", ".", "dd/mm/yyyy", "€", _EUROS, _ES),
    "ja_JP": Locale(".", ",", "yyyy/mm/dd", "¥", "[$¥]#,##0", _JA),
    "sv_SE": Locale(",", "\u00a0", "yyyy-mm-dd", "kr", "#,##0.00\\ [$kr]", _SV),
}


@cache
def locale_of(name: str) -> Locale:
    """The locale of a name: ``de_DE``, ``de``, ``de-LI``.

    >>> locale_of("de_LI").decimal, locale_of("xx").decimal
    (',', '.')
    """
    wanted = name.replace("-", "_")
    if wanted in LOCALES:
        return LOCALES[wanted]
    language = re.split(r"_", wanted)[0].lower()
    return next((found for key, found in LOCALES.items() if key.startswith(language + "_")), LOCALES["en_US"])
