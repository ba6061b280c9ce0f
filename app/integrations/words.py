"""Words of our vocabularies as people read them."""

import pycountry


def country_name(code: str) -> str:
    """What a country is called in English; the code itself where that is not known."""
    country = pycountry.countries.get(alpha_2=code)
    return code if country is None else str(getattr(country, "common_name", country.name))


def label(word: str) -> str:
    """A word of a vocabulary, such as ``news_agency``."""
    return word.replace("_", " ").capitalize()
