"""Find the proper names in a text, and tell title from name in a noun phrase."""

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

_CACHED_NAMES = 4096
_SUFFIXES = frozenset({"jr", "sr", "ii", "iii", "iv"})
_ALSO_SURNAMES = nouns.words("king pope prince bishop judge major marshal priest baron count miss chancellor duke")
_OF = frozenset({"of", "the", "and", "for"}) | nouns.PORTFOLIOS


class NameKind(Enum):
    """The kind of thing that a name means, by its own words."""

    PERSON = auto()
    ORGANIZATION = auto()
    EITHER = auto()


@dataclass(frozen=True, slots=True)
class Name:
    """A name without the words around it; ``title`` as printed before it ("Russian President")."""

    name: str
    title: str
    start: int  # of the name, in code points of the text it was cut from
    end: int
    kind: NameKind

    @property
    def key(self) -> tuple[str, ...]:
        return get_key(self.name)


@functools.lru_cache(maxsize=_CACHED_NAMES)
def get_key(name: str) -> tuple[str, ...]:
    """Return the parts of a name for comparison, without case, hyphens and full stops."""
    return tuple(name.casefold().replace("-", " ").replace(".", "").replace("’", "'").split())


def find_names(text: str, start: int, end: int) -> Iterator[Name]:
    """Yield the names in `text[start:end]`, in order, each without its title: "Russia's President Vladimir Putin"."""
    for run in _RUN.finditer(text, start, end):
        for name in _cut_into_names(run[0]):
            first = run.start() + name.start
            if first >= start:
                start = run.start() + name.end
                suffix = _OF_WHAT.match(text, start, end) if name.kind is NameKind.ORGANIZATION else None
                if suffix is None or _fold(name.name.split()[-1]) not in nouns.ORGANIZATIONS:
                    yield Name(name.name, name.title, first, start, name.kind)
                    continue
                start = suffix.end()  # "Federation of Teachers"
                yield Name(" ".join(text[first:start].split()), name.title, first, start, name.kind)


@functools.lru_cache(maxsize=_CACHED_NAMES)
def _cut_into_names(run: str) -> tuple[Name, ...]:
    """Cut a run of capitalized words into names; cached, since an article repeats a few runs many times."""
    pieces: list[list[tuple[str, int]]] = [[]]
    for match in _WORD.finditer(run):
        word = match[0]
        bare = _POSSESSIVE.sub("", word)
        pieces[-1].append((bare, match.start()))
        if bare != word or (word.endswith(".") and _ends_sentence(word)):
            pieces.append([])
    return tuple(name for piece in pieces if (name := _build_name(run, piece)) is not None)


def _ends_sentence(word: str) -> bool:
    bare = word.rstrip(".")
    return len(bare) > 1 and "." not in bare and bare.casefold() not in nouns.ABBREVIATIONS


def _build_name(run: str, words: list[tuple[str, int]]) -> Name | None:
    first = 0
    while first < len(words) and _fold(words[first][0]) in nouns.STOP_WORDS and not _is_initial(words[first][0]):
        first += 1
    while first + 2 < len(words) and _fold(words[first][0]) in nouns.PARTIES:
        first += 1
    words = words[first:]
    title_length = _count_title_words([_fold(word) for word, _ in words])
    name_words = words[title_length:]
    name_words = name_words[_count_country_words([word for word, _ in name_words]) :]
    if not name_words:
        return None
    last, place = name_words[-1]
    keeps_stop = _is_initial(last) or _fold(last) in _SUFFIXES or is_acronym(last)
    end = place + len(last if keeps_stop else last.rstrip("."))
    start = name_words[0][1]
    title = " ".join(run[words[0][1] : start].split())
    name = " ".join(run[start:end].split())
    return Name(name, title, start, end, _classify([word for word, _ in name_words], has_title=title_length > 0))


def _is_initial(word: str) -> bool:
    return len(word) == 2 and word.endswith(".")


def _fold(word: str) -> str:
    return word.rstrip(".").casefold()


def _count_title_words(words: list[str]) -> int:
    """Count the words of the title at the beginning; all words if no name follows."""
    while words and words[-1] in _SUFFIXES:
        words = words[:-1]
    if not words or (words[-1] in nouns.ORGANIZATIONS and not any(word in nouns.OFFICES for word in words[:-1])):
        return 0
    if len(words) > 1 and words[-1] in _ALSO_SURNAMES and words[-2] not in nouns.OFFICES:
        words = words[:-1]
    end = 0
    for i, word in enumerate(words):
        if nouns.is_office(word) or (end and end >= i - 2 and word in nouns.PORTFOLIOS and words[i - 1] in _OF):
            end = i + 1
    if end == 0 and len(words) >= 3:  # "Foreign Ministry Jane Doe", "State Department Jane Doe"
        end = max((i + 1 for i, word in enumerate(words[:-2]) if word in ("ministry", "department")), default=0)
    return end


def _count_country_words(words: list[str]) -> int:
    """Count the words at the beginning that name the country of the person after them: "DPRK Kim Jong Un"."""
    if len(words) < 3 or _fold(words[-1]) in nouns.ORGANIZATIONS:
        return 0
    for size in (2, 1):
        if len(words) - size >= 2 and (places.get_country(" ".join(words[:size])) or places.is_nationality(words[0])):
            return size
    return 0


def _classify(words: list[str], *, has_title: bool) -> NameKind:
    name = " ".join(words)
    if has_title:
        return NameKind.PERSON
    if (
        any(_fold(word) in nouns.ORGANIZATIONS for word in words)
        or places.is_place(name)
        or places.is_nationality(name)
    ):
        return NameKind.ORGANIZATION
    if len(words) == 1 and is_acronym(name):
        return NameKind.ORGANIZATION
    first = _fold(words[0])
    is_given = first in nouns.GIVEN_TO_MEN or first in nouns.GIVEN_TO_WOMEN
    is_family = len(words) >= 2 and first in nouns.FAMILY_NAMES_FIRST
    return NameKind.PERSON if 2 <= len(words) <= 4 and (is_given or is_family) else NameKind.EITHER


def cut_modifiers(phrase: str) -> str:
    """Cut a noun phrase where a comma, a bracket or a relative clause begins."""
    end = _ENDS.search(phrase, 1)
    return phrase[: end.start()] if end else phrase


def is_acronym(name: str) -> bool:
    """Return True if a name is written in capitals: "KCNA", "U.N."."""
    return _ACRONYM.fullmatch(name) is not None


def remove_patronymic(name: str) -> str:
    """Return a name as it is usual abroad: "Vladimir Putin" for "Vladimir Vladimirovich Putin"."""
    parts = name.split()
    return " ".join([parts[0], parts[2]]) if len(parts) == 3 and _PATRONYMIC.fullmatch(parts[1]) else name
