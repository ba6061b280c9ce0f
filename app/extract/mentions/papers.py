"""Documents that speak in a text: treaties, reports, lawsuits, and which one "the agreement" is."""

import bisect
import functools
import itertools
import re
from collections.abc import Iterable
from dataclasses import dataclass

from app.core.spans import Span
from app.extract.mentions import nouns

_NOUN = re.compile(rf"\b({'|'.join(sorted(nouns.DOCUMENT, key=len, reverse=True))})\b", re.IGNORECASE)
_FORMAL = (
    "Treaty|Agreement|Convention|Act|Charter|Constitution|Pact|Protocol|Declaration|Resolution|Accords?|Memorandum"
)
_CAPS = r"(?>[A-Z][\w’'-]{0,30}(?![\w’'-])[ \u00a0]?)"
_LINK = r"(?:of|on|for|between|and|the|to|against|in|with)"
_NAMED = re.compile(
    rf"\b(?:{_FORMAL})[ \u00a0](?:of|on|for|between|against|to)[ \u00a0](?>(?:{_CAPS}|{_LINK}[ \u00a0]){{1,25}})"
    rf"(?:(?:,[ \u00a0]{_CAPS}{{1,4}}){{1,4}},?[ \u00a0]?and[ \u00a0]{_CAPS}{{1,4}})?"
    rf"(?>(?:{_CAPS}|{_LINK}[ \u00a0]){{0,15}})"
)
_TRAILING = re.compile(rf"(?:[ \u00a0,]|\b{_LINK}\b)+$")
_BEFORE = re.compile(r"(?:[\w’'.-]{1,30}[ \u00a0]){1,6}$")
_PART = re.compile(rf"(?:{'|'.join(nouns.PARTS)})[ \u00a0][\w.()-]{{1,10}}[ \u00a0](?:of|in)[ \u00a0]", re.IGNORECASE)
_YEAR = re.compile(r"\b(?:1[5-9]|20)\d\d\b")
_POINTING = frozenset({"that", "this", "these", "those"})
_IN_YEAR = re.compile(r"\b[Ii]n (\d{4})\b")
_SENTENCE = re.compile(r"[.;!?]\s")
_REACH = 60  # code points around a document's name in which its year may stand: "signed in 1961"


@dataclass(frozen=True, slots=True)
class Paper:
    """A document, by the words that tell it from others; ``dated`` is where the text gives its year."""

    name: str
    noun: str
    span: Span
    year: str | None = None
    dated: Span | None = None


class Papers:
    """The documents of one text that are named or described tellingly."""

    def __init__(self, text: str, spans: Iterable[Span]) -> None:
        self._text = text
        self._spans = tuple(spans)

    @functools.cached_property
    def _papers(self) -> list[Paper]:
        found = [paper for span in self._spans for paper in _papers(self._text, span)]
        return sorted(found, key=lambda paper: paper.span.start)

    @functools.cached_property
    def _by_name(self) -> dict[str, Paper]:
        return {paper.name.casefold(): paper for paper in reversed(self._papers)}

    @functools.cached_property
    def _starts(self) -> list[int]:
        return [paper.span.start for paper in self._papers]

    def meant(self, phrase: str, place: int) -> Paper | None:
        """Which of them a noun phrase at that place stands for: "Article 4 of the new agreement"."""
        words = _without_part(phrase).split()
        noun = _noun(words)
        if noun is None:
            return None
        year = _YEAR.search(" ".join(words))
        if _telling(words, noun):
            name = " ".join(itertools.dropwhile(_is_untelling, words))
            return self.called(name) or Paper(name, noun, Span(place, place))
        known = self._before(place)
        if year:
            known = [paper for paper in known if paper.year == year[0]]
        elif words[0].casefold() not in _POINTING:
            known = [paper for paper in known if paper.noun == noun] or known
        family = nouns.family(noun)
        return next((paper for paper in known if paper.noun in family), None)

    def called(self, name: str) -> Paper | None:
        """The document of this name."""
        return self._by_name.get(name.casefold())

    def _before(self, place: int, count: int = 40) -> list[Paper]:
        stop = bisect.bisect_left(self._starts, place)
        return self._papers[max(0, stop - count) : stop][::-1]


def is_document(phrase: str) -> bool:
    """Tell whether a noun phrase is that of a document: "Section 2 of the report", "the 1961 treaty"."""
    return _PART.match(phrase) is not None or _noun(phrase.split()) is not None


def description(phrase: str) -> str:
    """A document's name where the text tells nothing more of it: the phrase, without its article."""
    words = phrase.split()
    return " ".join(words[1:] if len(words) > 1 and words[0].casefold() in nouns.STOP else words)


def _without_part(phrase: str) -> str:
    part = _PART.match(phrase)
    return phrase[part.end() :] if part else phrase


def _noun(words: list[str]) -> str | None:
    """The document's noun: the last word before a preposition, or the first of a formal name."""
    if not words:
        return None
    core = words
    for i, word in enumerate(words[1:], 1):
        if word in ("of", "on", "for", "from", "by", "in", "between", "to", "with", "against"):
            core = words[:i]
            break
    last = core[-1].strip(",.").casefold().removesuffix("’s").removesuffix("'s")
    for noun in (last, last.removesuffix("s")):
        if noun in nouns.DOCUMENT:
            named = core[-1][0].isupper() and len(core) > 1 and core[-2][0].isupper()
            return None if named and last in nouns.ORGANIZATIONS else noun
    return None


def _is_untelling(word: str) -> bool:
    return word.casefold() in nouns.STOP or word.casefold() in nouns.UNTELLING


def _telling(words: list[str], noun: str) -> bool:
    skipped = nouns.STOP | nouns.UNTELLING | {noun, f"{noun}s"}
    rest = [word for word in words if word.casefold().strip(",.") not in skipped and not _YEAR.fullmatch(word)]
    return bool(rest)


def _papers(text: str, span: Span) -> Iterable[Paper]:
    for found in _NAMED.finditer(text, span.start, span.end):
        name = _TRAILING.sub("", found[0])
        if " " in name:
            place = Span(found.start(), found.start() + len(name))
            yield Paper(" ".join(name.split()), name.split()[0].casefold(), place, *_year(text, place, span))
    for found in _NOUN.finditer(text, span.start, span.end):
        words = _modifiers(text, span.start, found.start())
        noun = found[1]
        outlet = noun[0].isupper() and noun.casefold() in nouns.ORGANIZATIONS
        if words and not outlet and _telling(words, noun.casefold()):
            place = Span(found.start() - len(" ".join(words)) - 1, found.end())
            yield Paper(" ".join([*words, noun]), noun.casefold(), place, *_year(text, place, span))


def _modifiers(text: str, start: int, place: int) -> list[str]:
    """The words before a noun that describe it."""
    before = _BEFORE.search(text, max(start, place - 80), place)
    kept: list[str] = []
    for word in reversed(before[0].split() if before else []):
        if word.casefold() in nouns.STOP or word.endswith(("’s", "'s", ".", "ed", "ing")) or _YEAR.fullmatch(word):
            break
        kept.insert(0, word)
    while kept and kept[0].casefold() in nouns.UNTELLING:
        kept.pop(0)
    return kept


def _year(text: str, name: Span, span: Span) -> tuple[str | None, Span | None]:
    """The year that stands beside a name: "signed in 1961" after it, "in 2000, the two signed" before it."""
    after = _SENTENCE.split(text[name.end : min(span.end, name.end + _REACH)])[0]
    found = _YEAR.search(after)
    if found:
        return found[0], Span(name.end, name.end + found.end())
    start = max(span.start, name.start - _REACH)
    before = _SENTENCE.split(text[start : name.start])[-1]
    found = _IN_YEAR.search(before)
    return (found[1], Span(name.start - len(before), name.start)) if found else (None, None)
