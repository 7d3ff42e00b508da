"""What a locale is called, which way it is written, and how a browser calls it. Pure."""

import re
from typing import Final

from icesync.model import DEFAULT_LOCALE

# graph-api.md, Limits: the locales of the messaging documents.
_NAMES: Final = {
    DEFAULT_LOCALE: "Everyone else",
    "af_ZA": "Afrikaans",
    "ar_AR": "Arabic",
    "bn_IN": "Bengali",
    "cs_CZ": "Czech",
    "da_DK": "Danish",
    "de_DE": "German",
    "el_GR": "Greek",
    "en_GB": "English (United Kingdom)",
    "en_US": "English (United States)",
    "es_ES": "Spanish (Spain)",
    "es_LA": "Spanish (Latin America)",
    "fi_FI": "Finnish",
    "fr_FR": "French",
    "gu_IN": "Gujarati",
    "he_IL": "Hebrew",
    "hi_IN": "Hindi",
    "hr_HR": "Croatian",
    "hu_HU": "Hungarian",
    "id_ID": "Indonesian",
    "it_IT": "Italian",
    "ja_JP": "Japanese",
    "kn_IN": "Kannada",
    "ko_KR": "Korean",
    "ml_IN": "Malayalam",
    "mr_IN": "Marathi",
    "ms_MY": "Malay",
    "nb_NO": "Norwegian",
    "nl_NL": "Dutch",
    "pa_IN": "Punjabi",
    "pl_PL": "Polish",
    "pt_BR": "Portuguese (Brazil)",
    "pt_PT": "Portuguese (Portugal)",
    "ro_RO": "Romanian",
    "ru_RU": "Russian",
    "sk_SK": "Slovak",
    "sv_SE": "Swedish",
    "ta_IN": "Tamil",
    "te_IN": "Telugu",
    "th_TH": "Thai",
    "tl_PH": "Tagalog",
    "tr_TR": "Turkish",
    "uk_UA": "Ukrainian",
    "vi_VN": "Vietnamese",
    "zh_CN": "Chinese (Simplified)",
    "zh_HK": "Chinese (Hong Kong)",
    "zh_TW": "Chinese (Taiwan)",
}
_LEFTWARD: Final = frozenset(("ar", "ckb", "dv", "fa", "he", "ps", "sd", "ug", "ur", "yi"))
_WELL_FORMED: Final = re.compile(r"[a-z]{2,3}_[A-Z]{2}")


def name(locale: str) -> str:
    """For people; empty for a locale that Meta does not list."""
    return _NAMES.get(locale, "")


def direction(locale: str) -> str:
    """`rtl` where the script of the locale runs to the left; else each text decides for itself."""
    return "rtl" if locale.partition("_")[0] in _LEFTWARD else "auto"


def language(locale: str) -> str:
    """The tag of the language for a browser (`fr-FR`); empty where the locale names none."""
    return locale.replace("_", "-") if _WELL_FORMED.fullmatch(locale) else ""
