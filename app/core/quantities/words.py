"""Numbers in English prose: "at least 550", "dozens", "about 1,000", "550 to 600", "twenty-one", "$4.5 million"."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from app.core.quantities.notation import Quantity, make_exact
from app.core.quantities.units import canonicalize_unit, convert_multiple

_ONES = (
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve",
    "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen",
)  # fmt: skip
_TENS = ("twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
_SMALL = {word: number for number, word in enumerate(_ONES)} | {
    word: 10 * number for number, word in enumerate(_TENS, start=2)
}
_SCALES = {"thousand": 10**3, "million": 10**6, "billion": 10**9, "trillion": 10**12}
_LETTERS = {"k": 10**3, "m": 10**6, "mn": 10**6, "bn": 10**9, "b": 10**9, "tn": 10**12}
# Ranges of words without a number. A writer with 1,000 says "thousands", so "hundreds" ends at 999.
_RANGES = {
    "dozens": (24, 99), "scores": (40, 99), "hundreds": (200, 999), "thousands": (2_000, 9_999),
    "tens of thousands": (20_000, 99_999), "hundreds of thousands": (200_000, 999_999),
    "millions": (2_000_000, 9_999_999), "tens of millions": (20_000_000, 99_999_999),
    "billions": (2_000_000_000, 9_999_999_999),
}  # fmt: skip
_HEDGES = {
    "low": "at least|no fewer than|no less than|not less than|a minimum of",
    "above": "more than|greater than|over|above|beyond|exceeding|in excess of|upwards? of|passe[sd]|topped|tops|"
    "surpasse[sd]|exceeds|exceeded",
    "high": "at most|no more than|not more than|up to|as many as|a maximum of",
    "below": "fewer than|less than|under|below",
    "about": "about|around|approximately|roughly|some|an estimated|estimated|nearly|almost|close to|circa",
}
_AFTER = {"or more": "low", "plus": "low", "+": "low", "or fewer": "high", "or less": "high", "or so": "about"}

_ATOM = f"(?:{'|'.join(sorted((*_SMALL, 'hundred', 'dozen', *_SCALES), key=len, reverse=True))})"
_AND = r"(?:(?<=hundred)|(?<=thousand)|(?<=million))[ ]and[ ]"
_SPELLED = (
    rf"(?:(?:half[ ])?an?[ ](?=hundred|thousand|million|billion|dozen))?{_ATOM}(?:(?:[ -]|{_AND}){_ATOM}\b){{0,8}}"
)
_FIGURES = r"(?:\d{1,3}(?:,\d{3}){1,4}(?![\d,])|\d{1,13}(?:\.\d{1,6})?)"
_SCALE = rf"(?:(?:[ \u00a0-](?:{'|'.join(_SCALES)})|(?:bn|mn|tn|[mkb]))\b)"
_SIGN = r"(?:US\$|[$€£])"
_ONE = rf"(?:{_SIGN}[ ]?)?(?:{_FIGURES}{_SCALE}?|{_SPELLED}\b)"
_MANY = "|".join(sorted(_RANGES, key=len, reverse=True))
_FIGURE = re.compile(
    rf"(?<![\w.,:/$€£%+-])(?:(?P<hedge>{'|'.join(_HEDGES.values())})[ \u00a0])?"
    rf"(?:(?P<vague>{_MANY})\b|(?P<open>(?:between|from)[ \u00a0])?(?P<one>{_ONE})"
    rf"(?:(?P<to>[ \u00a0]to[ \u00a0]|[ \u00a0]?[–-][ \u00a0]?|[ \u00a0]and[ \u00a0])(?P<two>{_ONE}))?)"
    rf"(?P<after>[ -](?:or more|plus|or fewer|or less|or so)\b|\+)?(?![\w$]|[.,:/]\d)",
    re.IGNORECASE | re.ASCII,
)
# Every number has a digit or one of these words.
_HINT = re.compile(rf"\d|\b(?:{_ATOM}|{_MANY})\b", re.IGNORECASE | re.ASCII)
_PERCENT = re.compile(r"[ \u00a0]?(?:%|per[ ]?cent\b|pct\b)", re.IGNORECASE)
_YEAR = re.compile(r"(?:1[5-9]|20)[0-9]{2}")
_LARGEST = Decimal(10**15)  # a larger number is no plausible count
_MAX_LENGTH = 200  # code points of words that are parsed as a number


@dataclass(frozen=True, slots=True)
class Figure:
    """A number in a text: its span with the words that bound it, its value, and its unit if it carries one."""

    start: int
    end: int
    number: Quantity
    unit: str | None = None
    year: bool = False  # it may also be a year


def may_have_figure(text: str, start: int, end: int) -> bool:
    """Return False if `text[start:end]` has no number; faster than `find_figures`."""
    return _HINT.search(text, start, end) is not None


def find_figures(text: str, start: int, end: int) -> Iterator[Figure]:
    """Yield the numbers in `text[start:end]`, without the two of a rise or fall "from 10 to 20"."""
    for match in _FIGURE.finditer(text, start, end):
        number = _parse_match(match)
        if number is None or (number.high or number.low or 0) > _LARGEST:
            continue
        percent = _PERCENT.match(text, match.end(), end)
        sign = re.match(_SIGN, match["one"] or "", re.IGNORECASE)
        unit = "percent" if percent else canonicalize_unit(sign[0]) if sign else None
        bare = not (match["hedge"] or match["two"] or match["after"] or unit)
        year = bare and _YEAR.fullmatch(match["one"] or "") is not None
        yield Figure(match.start(), percent.end() if percent else match.end(), number, unit, year)


def parse_quantity_words(words: str) -> tuple[Quantity, str | None] | None:
    """Parse words that are a number with at most a unit, "about two hours". Return None for other words."""
    words = words.strip()
    figure = next(find_figures(words, 0, min(len(words), _MAX_LENGTH)), None)
    if figure is None or figure.start > 0 or len(words) > _MAX_LENGTH:
        return None
    rest = words[figure.end :].replace("-", " ").strip()
    if figure.number.low != figure.number.high:
        rest = rest.removeprefix("of ")  # "dozens of people", but not "one of them"
    if figure.unit or not rest:
        return (figure.number, figure.unit) if not rest else None
    return convert_multiple(figure.number, rest) if len(rest.split()) == 1 else None


def _parse_match(match: re.Match[str]) -> Quantity | None:
    bound = _get_bound(match["hedge"], match["after"])
    if match["vague"]:
        low, high = _RANGES[" ".join(match["vague"].casefold().split())]
        return Quantity(Decimal(low), Decimal(high)) if bound in (None, "about") else None
    number = _parse_number(match["one"])
    if match["two"] is not None:
        return _parse_range(match, number, bound)
    if number is None or match["open"]:
        return None
    match bound:
        case "low" | "above":
            return Quantity(number, None, above=bound == "above")
        case "high" | "below":
            return Quantity(None, number, below=bound == "below")
        case _:
            return make_exact(number, about=bound == "about")


def _parse_range(match: re.Match[str], low: Decimal | None, bound: str | None) -> Quantity | None:
    high = _parse_number(match["two"])
    opening, link = (match["open"] or "").strip().casefold(), match["to"].strip().casefold()
    if low is None or high is None or opening == "from" or (opening == "between") != (link == "and"):
        return None
    scale = re.search(rf"{_SCALE}$", match["two"], re.IGNORECASE)
    if scale and low < high and not re.search(rf"{_SCALE}$", match["one"], re.IGNORECASE):
        low *= _get_scale(scale[0])  # "two to three million"
    return Quantity(low, high, about=bound == "about") if low < high and bound in (None, "about") else None


def _get_bound(hedge: str | None, after: str | None) -> str | None:
    if after:
        return _AFTER[after.strip(" -").casefold()]
    if hedge is None:
        return None
    return next(name for name, words in _HEDGES.items() if re.fullmatch(words, hedge, re.IGNORECASE))


def _parse_number(words: str) -> Decimal | None:
    """Return the number that digits with a scale, or words, stand for."""
    words = re.sub(rf"^{_SIGN}", "", words, flags=re.IGNORECASE).strip().casefold()
    digits = re.match(_FIGURES, words)
    if digits is None:
        return _parse_spelled(words)
    scale = words[digits.end() :]
    return Decimal(digits[0].replace(",", "")) * (_get_scale(scale) if scale else 1)


def _get_scale(word: str) -> int:
    word = word.strip(" \u00a0-").casefold()
    return _SCALES.get(word) or _LETTERS[word]


def _parse_spelled(words: str) -> Decimal | None:
    """Return the number that words spell, or None for words such as "two three"."""
    half = words.startswith("half ")
    total, group, last = 0, 0, 10**15
    for word in re.split(r"[ -](?:and )?", words.removeprefix("half ")):
        if word in _SMALL:
            if group % 100 and not (group % 100 >= 20 and group % 10 == 0 and 0 < _SMALL[word] < 10):
                return None
            group += _SMALL[word]
        elif word in ("hundred", "dozen"):
            group = (group or 1) * (100 if word == "hundred" else 12)
        elif word in _SCALES:
            if _SCALES[word] >= last:
                return None
            last = _SCALES[word]
            total, group = total + (group or 1) * last, 0
    number = Decimal(total + group)
    return number / 2 if half else number
