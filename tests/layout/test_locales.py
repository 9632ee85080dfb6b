"""Formulas are written with the marks of the spreadsheet's locale."""

from __future__ import annotations

import pytest
from babel import Locale, localedata
from babel.numbers import get_decimal_symbol

from revalign_udf.layout.locales import _COMMA, _COMMA_IN, _DOT_IN, formula_marks

#: the 72 locales Google Sheets offers (File > Settings), and those of them whose formulas have commas between arguments
OFFERED = """
es_AR hy_AM en_AU az_AZ be_BY es_BO pt_BR bg_BG en_CA fr_CA es_CL zh_CN es_CO hr_HR cs_CZ da_DK es_EC ar_EG fi_FI fr_FR
ka_GE de_DE el_GR zh_HK hu_HU en_IN bn_IN gu_IN kn_IN ml_IN mr_IN pa_IN ta_IN te_IN in_ID en_IE iw_IL it_IT ja_JP kk_KZ
lv_LV lt_LT es_MX mn_MN my_MM nl_NL nb_NO nn_NO es_PY fil_PH pl_PL pt_PT ro_RO ru_RU sr_RS sk_SK sl_SI ko_KR es_ES ca_ES
sv_SE de_CH zh_TW th_TH tr_TR uk_UA en_GB cy_GB en_US es_UY es_VE vi_VN
""".split()
WITH_COMMAS = """
ar_EG bn_IN cy_GB de_CH en_AU en_CA en_GB en_IE en_IN en_US es_MX fil_PH gu_IN iw_IL ja_JP kn_IN ko_KR ml_IN mn_MN mr_IN
my_MM pa_IN ta_IN te_IN th_TH zh_CN zh_HK zh_TW
""".split()


def test_the_locales_google_offers_fall_into_the_two_groups_people_found() -> None:
    """Sorted by hand in every locale: https://stackoverflow.com/questions/73767719 (28 of 72 with commas)."""
    assert len(OFFERED) == 72
    assert sorted(one for one in OFFERED if formula_marks(one)[1] == ",") == sorted(WITH_COMMAS)


def test_the_decimal_mark_and_the_separator_never_collide() -> None:
    assert {formula_marks(one) for one in OFFERED} == {(".", ","), (",", ";")}


def known() -> list[Locale]:
    """Every locale of CLDR in a two-letter language or Filipino, in its usual script."""
    found = [Locale.parse(name) for name in localedata.locale_identifiers()]
    return [
        one for one in found if not one.script and not one.variant and (len(one.language) == 2 or one.language == "fil")
    ]


@pytest.mark.parametrize("whole", [False, True], ids=["languages", "countries"])
def test_every_locale_of_cldr_has_its_decimal_mark(whole: bool) -> None:
    wrong = {
        str(one): formula_marks(str(one))[0]
        for one in known()
        if bool(one.territory) == whole
        and formula_marks(str(one))[0] != get_decimal_symbol(one, numbering_system="latn")
    }
    assert wrong == {}


def test_no_entry_of_the_table_is_without_use() -> None:
    assert {one.language for one in known()} >= _COMMA
    countries = {str(one) for one in known() if one.territory}
    assert countries >= _COMMA_IN | _DOT_IN
    assert not {name.partition("_")[0] for name in _COMMA_IN} & _COMMA
    assert {name.partition("_")[0] for name in _DOT_IN} <= _COMMA


@pytest.mark.parametrize(
    ("locale", "decimal"),
    [
        ("de", ","),
        ("de_XX", ","),  # a country nobody knows: as in its language
        ("xx_DE", "."),  # a language nobody knows: as in English
        ("", "."),
        ("sr_Latn_RS", ","),
        ("pt-br", ","),
        ("DE_de.UTF-8", ","),
        ("de_CH@euro", "."),
        ("es_419", "."),
        ("id_ID", ","),
        ("in_ID", ","),
    ],
)
def test_a_locale_written_in_any_way(locale: str, decimal: str) -> None:
    assert formula_marks(locale)[0] == decimal
