"""English names of countries, their adjectives and their capitals."""

import functools

import pycountry

_ADJECTIVES = (
    "afghan AF albanian AL algerian DZ american US argentine AR argentinian AR armenian AM australian AU austrian "
    "AT azerbaijani AZ bahraini BH bangladeshi BD belarusian BY belgian BE bolivian BO bosnian BA brazilian BR "
    "british GB bulgarian BG burmese MM cambodian KH cameroonian CM canadian CA chadian TD chilean CL chinese CN "
    "colombian CO congolese CD croatian HR cuban CU cypriot CY czech CZ danish DK dutch NL ecuadorian EC egyptian "
    "EG emirati AE english GB eritrean ER estonian EE ethiopian ET filipino PH finnish FI french FR georgian GE "
    "german DE ghanaian GH greek GR guatemalan GT haitian HT honduran HN hungarian HU icelandic IS indian IN "
    "indonesian ID iranian IR iraqi IQ irish IE israeli IL italian IT ivorian CI jamaican JM japanese JP "
    "jordanian JO kazakh KZ kenyan KE kuwaiti KW kyrgyz KG laotian LA latvian LV lebanese LB liberian LR libyan "
    "LY lithuanian LT malaysian MY malian ML maltese MT mexican MX moldovan MD mongolian MN montenegrin ME "
    "moroccan MA mozambican MZ namibian NA nepalese NP nicaraguan NI nigerian NG nigerien NE norwegian NO omani "
    "OM pakistani PK palestinian PS panamanian PA paraguayan PY peruvian PE polish PL portuguese PT qatari QA "
    "romanian RO russian RU rwandan RW salvadoran SV saudi SA scottish GB senegalese SN serbian RS singaporean SG "
    "slovak SK slovenian SI somali SO spanish ES sudanese SD swedish SE swiss CH syrian SY taiwanese TW tajik TJ "
    "tanzanian TZ thai TH tunisian TN turkish TR turkmen TM ugandan UG ukrainian UA uruguayan UY uzbek UZ "
    "venezuelan VE vietnamese VN welsh GB yemeni YE zambian ZM zimbabwean ZW"
)
_NAMES = {
    "u.s.": "US", "us": "US", "usa": "US", "america": "US", "u.k.": "GB", "uk": "GB", "britain": "GB",
    "england": "GB", "great britain": "GB", "scotland": "GB", "wales": "GB", "russia": "RU", "north korea": "KP",
    "dprk": "KP", "south korea": "KR", "republic of korea": "KR", "iran": "IR", "syria": "SY", "vietnam": "VN",
    "venezuela": "VE", "bolivia": "BO", "tanzania": "TZ", "moldova": "MD", "laos": "LA", "taiwan": "TW",
    "turkey": "TR", "palestine": "PS", "czech republic": "CZ", "ivory coast": "CI", "burma": "MM",
    "the gambia": "GM", "brunei": "BN", "uae": "AE", "democratic people's republic of korea": "KP", "kosovo": "XK",
    "north korean": "KP", "south korean": "KR", "saudi arabian": "SA", "south african": "ZA", "sri lankan": "LK",
    "new zealander": "NZ", "vatican": "VA",
}  # fmt: skip
_CAPITALS = {
    "kabul": "AF", "canberra": "AU", "vienna": "AT", "baku": "AZ", "minsk": "BY", "brussels": "BE",
    "brasilia": "BR", "sofia": "BG", "ottawa": "CA", "beijing": "CN", "bogota": "CO", "havana": "CU",
    "prague": "CZ", "copenhagen": "DK", "cairo": "EG", "addis ababa": "ET", "helsinki": "FI", "paris": "FR",
    "tbilisi": "GE", "berlin": "DE", "athens": "GR", "budapest": "HU", "new delhi": "IN", "delhi": "IN",
    "jakarta": "ID", "tehran": "IR", "baghdad": "IQ", "dublin": "IE", "jerusalem": "IL", "tel aviv": "IL",
    "rome": "IT", "tokyo": "JP", "amman": "JO", "nairobi": "KE", "pyongyang": "KP", "seoul": "KR", "beirut": "LB",
    "tripoli": "LY", "vilnius": "LT", "riga": "LV", "kuala lumpur": "MY", "mexico city": "MX", "chisinau": "MD",
    "rabat": "MA", "amsterdam": "NL", "the hague": "NL", "oslo": "NO", "abuja": "NG", "islamabad": "PK",
    "ramallah": "PS", "gaza": "PS", "manila": "PH", "warsaw": "PL", "lisbon": "PT", "doha": "QA", "bucharest": "RO",
    "moscow": "RU", "riyadh": "SA", "belgrade": "RS", "mogadishu": "SO", "pretoria": "ZA", "madrid": "ES",
    "khartoum": "SD", "stockholm": "SE", "bern": "CH", "geneva": "CH", "damascus": "SY", "taipei": "TW",
    "bangkok": "TH", "ankara": "TR", "istanbul": "TR", "kyiv": "UA", "kiev": "UA", "abu dhabi": "AE", "dubai": "AE",
    "london": "GB", "washington": "US", "new york": "US", "caracas": "VE", "hanoi": "VN", "sanaa": "YE",
    "harare": "ZW", "hong kong": "HK",
}  # fmt: skip


@functools.cache
def _get_countries() -> dict[str, str]:
    names = {}
    for country in pycountry.countries:
        for name in (country.name, getattr(country, "common_name", ""), getattr(country, "official_name", "")):
            names[name.casefold()] = country.alpha_2
    return names | _NAMES


@functools.cache
def _get_adjectives() -> dict[str, str]:
    words = _ADJECTIVES.split()
    return dict(zip(words[::2], words[1::2], strict=True))


def is_country(name: str) -> bool:
    """Return True for the name of a country: "Russia", "the United States"."""
    return _get_key(name) in _get_countries()


def is_place(name: str) -> bool:
    """Return True for the name of a country, a capital or another seat of power."""
    return _get_key(name) in _CAPITALS or is_country(name)


def is_nationality(word: str) -> bool:
    """Return True for the adjective of a country: "Russian"."""
    return word.casefold() in _get_adjectives()


def get_country(name: str) -> str | None:
    """Return the ISO 3166-1 alpha-2 code of a country, of a capital's country, or of a nationality."""
    key = _get_key(name)
    return _get_countries().get(key) or _CAPITALS.get(key) or _get_adjectives().get(key)


def find_country(words: str) -> str | None:
    """Return the code of the first country in some words: "the North Korean leader" is KP."""
    parts = words.replace("’s", "").replace("'s", "").split()
    for i, part in enumerate(parts):
        for phrase in (" ".join(parts[i : i + 2]), part):
            code = get_country(phrase.strip(",()")) if part[:1].isupper() else None
            if code:
                return code
    return None


def _get_key(name: str) -> str:
    return " ".join(name.casefold().replace("’", "'").removeprefix("the ").split())
