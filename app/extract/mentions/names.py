"""Proper names in a text: where they stand, and what of a noun phrase is title and what is name."""

import functools
import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum, auto

from app.extract.mentions import nouns, places

_UPPER = "A-ZÀ-ÖØ-ÞĀĂĄĆČĎĐĒĖĘĚĞĢĪĮİĶĹĻĽŁŃŅŇŌŐŒŔŘŚŞŠȘŢŤȚŪŮŰŲŹŻŽА-ЯЁ"
_CAP = rf"[{_UPPER}][\w’'&-]{{0,40}}\.?(?:[A-Z]\.){{0,4}}"
_GAP = r"[ \u00a0]{1,3}"
_PARTICLE = r"(?:de|del|della|da|di|du|la|le|van|von|der|den|ter|bin|bint|ibn|al|el|abu|e|y)"
_PORTFOLIO = rf"of(?={_GAP}(?:the )?(?:{'|'.join(sorted(word.title() for word in nouns.PORTFOLIOS))})\b)(?: the)?"
_RUN = re.compile(rf"(?<![\w’'.]){_CAP}(?:{_GAP}(?:(?:{_PARTICLE}|{_PORTFOLIO}){_GAP}){{0,2}}{_CAP}){{0,11}}")
_OF_WHAT = re.compile(
    rf"{_GAP}(?:of|on|for){_GAP}(?:the{_GAP})?(?:{_CAP}(?:{_GAP}and{_GAP}|{_GAP})?){{1,5}}(?<=\w)(?!\w)"
)
_POSSESSIVE = re.compile(r"(?:['’]s|(?<=s)['’])$")
_ENDS = re.compile(r"\s?[,(:;\[]|\s[–—-]{1,2}\s|\s(?:who|whose|which)\s|(?<! of| in| to| by| on)\sthat\s")
_WORD = re.compile(r"[^\s,;:()\[\]\"“”]+")
_PATRONYMIC = re.compile(r"\w{2,}(?:ovich|evich|yevich|ich|ovna|evna|yevna|ichna)", re.IGNORECASE)
_ACRONYM = re.compile(rf"(?:[{_UPPER}]\.){{2,6}}|[{_UPPER}][{_UPPER}&0-9-]{{1,9}}")

_KEPT = 4096  # names whose parts are remembered
_SUFFIXES = frozenset({"jr", "sr", "ii", "iii", "iv"})
_ALSO_SURNAMES = nouns.words("king pope prince bishop judge major marshal priest baron count miss chancellor duke")
_OF = frozenset({"of", "the", "and", "for"}) | nouns.PORTFOLIOS


class Sort(Enum):
    """What a name may be the name of, by its own words."""

    PERSON = auto()
    ORGANIZATION = auto()
    EITHER = auto()


@dataclass(frozen=True, slots=True)
class Name:
    """A name without what stands around it; ``title`` as printed before it ("Russian President")."""

    name: str
    title: str
    start: int  # of the name, in code points of the text it was cut from
    end: int
    sort: Sort

    @property
    def key(self) -> tuple[str, ...]:
        return key(self.name)


@functools.lru_cache(maxsize=_KEPT)
def key(name: str) -> tuple[str, ...]:
    """The parts of a name, as they are compared: case, hyphens and full stops aside."""
    return tuple(name.casefold().replace("-", " ").replace(".", "").replace("’", "'").split())


def find(text: str, start: int, end: int) -> Iterator[Name]:
    """Yield the names in `text[start:end]`, in order, each without its title: "Russia's President Vladimir Putin"."""
    for run in _RUN.finditer(text, start, end):
        for name in _cut(run[0]):
            first = run.start() + name.start
            if first >= start:
                start = run.start() + name.end
                rest = _OF_WHAT.match(text, start, end) if name.sort is Sort.ORGANIZATION else None
                if rest is None or _low(name.name.split()[-1]) not in nouns.ORGANIZATIONS:
                    yield Name(name.name, name.title, first, start, name.sort)
                    continue
                start = rest.end()  # "Federation of Teachers"
                yield Name(" ".join(text[first:start].split()), name.title, first, start, name.sort)


@functools.lru_cache(maxsize=_KEPT)
def _cut(run: str) -> tuple[Name, ...]:
    """Cut a stretch of capitalized words into names. An article repeats few of them many times."""
    pieces: list[list[tuple[str, int]]] = [[]]
    for match in _WORD.finditer(run):
        word = match[0]
        bare = _POSSESSIVE.sub("", word)
        pieces[-1].append((bare, match.start()))
        if bare != word or (word.endswith(".") and _ends_sentence(word)):
            pieces.append([])
    return tuple(name for piece in pieces if (name := _name(run, piece)) is not None)


def _ends_sentence(word: str) -> bool:
    bare = word.rstrip(".")
    return len(bare) > 1 and "." not in bare and bare.casefold() not in nouns.ABBREVIATIONS


def _name(run: str, words: list[tuple[str, int]]) -> Name | None:
    first = 0
    while first < len(words) and _low(words[first][0]) in nouns.STOP and not _initial(words[first][0]):
        first += 1
    while first + 2 < len(words) and _low(words[first][0]) in nouns.PARTIES:
        first += 1
    words = words[first:]
    begin = _title_end([_low(word) for word, _ in words])
    named = words[begin:]
    named = named[_place_end([word for word, _ in named]) :]
    if not named:
        return None
    last, place = named[-1]
    stop = place + len(last if _keeps_stop(last) else last.rstrip("."))
    title = " ".join(run[words[0][1] : named[0][1]].split())
    name = " ".join(run[named[0][1] : stop].split())
    return Name(name, title, named[0][1], stop, _sort([word for word, _ in named], begin))


def _keeps_stop(word: str) -> bool:
    return _initial(word) or _low(word) in _SUFFIXES or _ACRONYM.fullmatch(word) is not None


def _initial(word: str) -> bool:
    return len(word) == 2 and word.endswith(".")


def _low(word: str) -> str:
    return word.rstrip(".").casefold()


def _title_end(lows: list[str]) -> int:
    """How many of the words are a title; all of them where no name follows."""
    while lows and lows[-1] in _SUFFIXES:
        lows = lows[:-1]
    if not lows or (lows[-1] in nouns.ORGANIZATIONS and not any(low in nouns.OFFICES for low in lows[:-1])):
        return 0
    if len(lows) > 1 and lows[-1] in _ALSO_SURNAMES and lows[-2] not in nouns.OFFICES:
        lows = lows[:-1]
    end = 0
    for i, low in enumerate(lows):
        if nouns.is_office(low) or (end and end >= i - 2 and low in nouns.PORTFOLIOS and lows[i - 1] in _OF):
            end = i + 1
    if end == 0 and len(lows) >= 3:  # "Foreign Ministry Jane Doe", "State Department Jane Doe"
        end = max((i + 1 for i, low in enumerate(lows[:-2]) if low in ("ministry", "department")), default=0)
    return end


def _place_end(words: list[str]) -> int:
    """How many of the words name the country of a person named after it: "DPRK Kim Jong Un"."""
    if len(words) < 3 or _low(words[-1]) in nouns.ORGANIZATIONS:
        return 0
    for size in (2, 1):
        if len(words) - size >= 2 and (places.country(" ".join(words[:size])) or places.is_nationality(words[0])):
            return size
    return 0


def _sort(words: list[str], offices: int) -> Sort:
    name = " ".join(words)
    if offices:
        return Sort.PERSON
    if any(_low(word) in nouns.ORGANIZATIONS for word in words) or places.is_place(name) or places.is_nationality(name):
        return Sort.ORGANIZATION
    if len(words) == 1 and _ACRONYM.fullmatch(name):
        return Sort.ORGANIZATION
    given = _low(words[0]) in nouns.GIVEN_TO_MEN or _low(words[0]) in nouns.GIVEN_TO_WOMEN
    eastern = len(words) >= 2 and _low(words[0]) in nouns.FAMILY_NAMES_FIRST
    return Sort.PERSON if 2 <= len(words) <= 4 and (given or eastern) else Sort.EITHER


def head_part(phrase: str) -> str:
    """A noun phrase up to where a comma, a bracket or a relative clause begins."""
    end = _ENDS.search(phrase, 1)
    return phrase[: end.start()] if end else phrase


def is_acronym(name: str) -> bool:
    """Tell whether a name is written in capitals: "KCNA", "U.N."."""
    return _ACRONYM.fullmatch(name) is not None


def without_patronymic(name: str) -> str:
    """A name as it is known abroad: "Vladimir Putin" for "Vladimir Vladimirovich Putin"."""
    parts = name.split()
    return " ".join([parts[0], parts[2]]) if len(parts) == 3 and _PATRONYMIC.fullmatch(parts[1]) else name
