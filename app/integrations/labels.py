"""Names for people: of countries, and of the words of our vocabularies."""

import pycountry


def get_country_name(code: str) -> str:
    """Return the English name of a country, or the code itself if it has none."""
    country = pycountry.countries.get(alpha_2=code)
    return code if country is None else str(getattr(country, "common_name", country.name))


def format_label(word: str) -> str:
    """Return a word of a vocabulary as a label: ``News agency`` for ``news_agency``."""
    return word.replace("_", " ").capitalize()
