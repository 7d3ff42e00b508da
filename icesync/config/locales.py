"""Which locales Meta lists for messaging, and what somebody meant who wrote another one."""

import re
from difflib import get_close_matches
from typing import Final

from icesync.model import DEFAULT_LOCALE

# graph-api.md, Limits: the 46 locales of the messaging documents.
_LISTED: Final = (
    "af_ZA ar_AR bn_IN cs_CZ da_DK de_DE el_GR en_GB en_US es_ES es_LA fi_FI "
    "fr_FR gu_IN he_IL hi_IN hr_HR hu_HU id_ID it_IT ja_JP kn_IN ko_KR ml_IN "
    "mr_IN ms_MY nb_NO nl_NL pa_IN pl_PL pt_BR pt_PT ro_RO ru_RU sk_SK sv_SE "
    "ta_IN te_IN th_TH tl_PH tr_TR uk_UA vi_VN zh_CN zh_HK zh_TW"
)
LISTED: Final = frozenset(_LISTED.split())
KNOWN: Final = LISTED | {DEFAULT_LOCALE}
WELL_FORMED: Final = re.compile(r"default|[a-z]{2,3}_[A-Z]{2}")


def suggestions(locale: str) -> list[str]:
    """The known locales that were probably meant, the nearest first; at most three."""
    language, _, region = locale[:20].replace("-", "_").partition("_")
    tidy = f"{language.lower()}_{region.upper()}"
    if tidy in LISTED:
        return [tidy]
    same_language = sorted(known for known in LISTED if known.startswith(f"{language.lower()}_"))
    return same_language[:3] or get_close_matches(locale[:20], sorted(KNOWN), n=1)
