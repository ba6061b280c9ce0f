"""Find the documents that speak in a text, such as treaties and reports, and resolve "the agreement" to one of them."""

import bisect
import functools
import itertools
import re
from collections.abc import Iterable
from dataclasses import dataclass

from app.core.spans import Span
from app.extract.mentions import nouns

_NOUN = re.compile(rf"\b({'|'.join(sorted(nouns.DOCUMENT_NOUNS, key=len, reverse=True))})\b", re.IGNORECASE)
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
_DEMONSTRATIVES = frozenset({"that", "this", "these", "those"})
_IN_YEAR = re.compile(r"\b[Ii]n (\d{4})\b")
_SENTENCE = re.compile(r"[.;!?]\s")
_REACH = 60  # code points around a document's name that may give its year: "signed in 1961"
_MAX_CANDIDATES = 40


@dataclass(frozen=True, slots=True)
class NamedDocument:
    """A document under its distinctive name; ``dated`` is the span that gives its year."""

    name: str
    noun: str
    span: Span
    year: str | None = None
    dated: Span | None = None


class DocumentIndex:
    """The documents of one text that have a distinctive name or description."""

    def __init__(self, text: str, spans: Iterable[Span]) -> None:
        self._text = text
        self._spans = tuple(spans)

    @functools.cached_property
    def _documents(self) -> list[NamedDocument]:
        documents = [document for span in self._spans for document in _find_documents(self._text, span)]
        return sorted(documents, key=lambda document: document.span.start)

    @functools.cached_property
    def _by_name(self) -> dict[str, NamedDocument]:
        return {document.name.casefold(): document for document in reversed(self._documents)}

    @functools.cached_property
    def _starts(self) -> list[int]:
        return [document.span.start for document in self._documents]

    def resolve(self, phrase: str, place: int) -> NamedDocument | None:
        """Return the document that a noun phrase at a place means: "Article 4 of the new agreement"."""
        part = _PART.match(phrase)
        words = (phrase[part.end() :] if part else phrase).split()
        noun = _find_head_noun(words)
        if noun is None:
            return None
        if _is_distinctive(words, noun):
            name = " ".join(itertools.dropwhile(_is_vague, words))
            return self.get_document(name) or NamedDocument(name, noun, Span(place, place))
        stop = bisect.bisect_left(self._starts, place)
        candidates = self._documents[max(0, stop - _MAX_CANDIDATES) : stop][::-1]
        year = _YEAR.search(" ".join(words))
        if year:
            candidates = [document for document in candidates if document.year == year[0]]
        elif words[0].casefold() not in _DEMONSTRATIVES:
            candidates = [document for document in candidates if document.noun == noun] or candidates
        family = nouns.list_synonyms(noun)
        return next((document for document in candidates if document.noun in family), None)

    def get_document(self, name: str) -> NamedDocument | None:
        return self._by_name.get(name.casefold())


def is_document(phrase: str) -> bool:
    """Return True if a noun phrase means a document: "Section 2 of the report", "the 1961 treaty"."""
    return _PART.match(phrase) is not None or _find_head_noun(phrase.split()) is not None


def remove_article(phrase: str) -> str:
    words = phrase.split()
    return " ".join(words[1:] if len(words) > 1 and words[0].casefold() in nouns.STOP_WORDS else words)


def _find_head_noun(words: list[str]) -> str | None:
    """Return the document noun that heads a phrase: the last word before a preposition."""
    if not words:
        return None
    core = words
    for i, word in enumerate(words[1:], 1):
        if word in ("of", "on", "for", "from", "by", "in", "between", "to", "with", "against"):
            core = words[:i]
            break
    last = core[-1].strip(",.").casefold().removesuffix("’s").removesuffix("'s")
    for noun in (last, last.removesuffix("s")):
        if noun in nouns.DOCUMENT_NOUNS:
            is_name = core[-1][0].isupper() and len(core) > 1 and core[-2][0].isupper()
            return None if is_name and last in nouns.ORGANIZATIONS else noun
    return None


def _is_vague(word: str) -> bool:
    return word.casefold() in nouns.STOP_WORDS or word.casefold() in nouns.VAGUE_MODIFIERS


def _is_distinctive(words: list[str], noun: str) -> bool:
    """Return True if the words tell the document from others of its kind."""
    vague = nouns.STOP_WORDS | nouns.VAGUE_MODIFIERS | {noun, f"{noun}s"}
    return any(word.casefold().strip(",.") not in vague and not _YEAR.fullmatch(word) for word in words)


def _find_documents(text: str, span: Span) -> Iterable[NamedDocument]:
    for match in _NAMED.finditer(text, span.start, span.end):
        name = _TRAILING.sub("", match[0])
        if " " in name:
            place = Span(match.start(), match.start() + len(name))
            year = _find_year(text, place, span)
            yield NamedDocument(" ".join(name.split()), name.split()[0].casefold(), place, *year)
    for match in _NOUN.finditer(text, span.start, span.end):
        words = _find_modifiers(text, span.start, match.start())
        noun = match[1]
        is_outlet = noun[0].isupper() and noun.casefold() in nouns.ORGANIZATIONS
        if words and not is_outlet and _is_distinctive(words, noun.casefold()):
            place = Span(match.start() - len(" ".join(words)) - 1, match.end())
            year = _find_year(text, place, span)
            yield NamedDocument(" ".join([*words, noun]), noun.casefold(), place, *year)


def _find_modifiers(text: str, start: int, place: int) -> list[str]:
    """Return the words before a noun that describe it."""
    before = _BEFORE.search(text, max(start, place - 80), place)
    modifiers: list[str] = []
    for word in reversed(before[0].split() if before else []):
        if (
            word.casefold() in nouns.STOP_WORDS
            or word.endswith(("’s", "'s", ".", "ed", "ing"))
            or _YEAR.fullmatch(word)
        ):
            break
        modifiers.insert(0, word)
    while modifiers and modifiers[0].casefold() in nouns.VAGUE_MODIFIERS:
        modifiers.pop(0)
    return modifiers


def _find_year(text: str, name: Span, span: Span) -> tuple[str | None, Span | None]:
    """Return the year near a name and its span: "signed in 1961" after it, "in 2000, the two signed" before it."""
    after = _SENTENCE.split(text[name.end : min(span.end, name.end + _REACH)])[0]
    year = _YEAR.search(after)
    if year:
        return year[0], Span(name.end, name.end + year.end())
    start = max(span.start, name.start - _REACH)
    before = _SENTENCE.split(text[start : name.start])[-1]
    year = _IN_YEAR.search(before)
    return (year[1], Span(name.start - len(before), name.start)) if year else (None, None)
