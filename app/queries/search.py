"""Full text: SQLite's FTS5 and PostgreSQL's tsvector behind one condition, ``match_words()``.

Any text is a safe query. It is split into words and "phrases" here, and each reaches the database as
a quoted string or a parameter, so that no text can use the operators of either query language.
"""

import html
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any, NamedTuple

import orjson
from sqlalchemy import (
    ColumnElement,
    Select,
    Text,
    bindparam,
    cast,
    false,
    func,
    literal,
    literal_column,
    select,
    union_all,
)
from sqlalchemy.sql.expression import TableClause, column, table

from app.core.spans import make_match_key
from app.core.vocab import Noun
from app.database.reads import PreparedSelect, ReadSession, Values, is_one_of
from app.database.tables import NOW, Table
from app.queries.filters import date_sort_key
from app.queries.listing import Page, PageRequest, UnionQuery
from app.queries.parameters import Condition, FilterShape, split_filters
from app.schemas.common import split_commas
from app.schemas.search import SearchFilter

# Private-use characters around a matching word until the snippet has been escaped.
START, END = "\ue000", "\ue001"


@dataclass(frozen=True)
class Corpus:
    """A table that can be searched, its searched columns, and the title and date of a hit."""

    noun: Noun
    model: Table
    columns: tuple[str, str | None]
    title: Any
    date: Any

    @property
    def fts(self) -> TableClause:
        """The FTS5 table, created by the migrations."""
        return table(f"{self.model.__tablename__}_fts", column("rowid"))

    @property
    def text(self) -> tuple[Any, Any]:
        first, second = self.columns
        return getattr(self.model, first), getattr(self.model, second) if second else literal(None, Text)


_SPEAKER_NAME = select(NOW.speaker.name).where(NOW.speaker.id == NOW.statement.speaker_id).scalar_subquery()

CORPORA = (
    Corpus(Noun.EVENTS, NOW.event, ("title", "summary"), NOW.event.title, NOW.event.earliest),
    Corpus(Noun.STATEMENTS, NOW.statement, ("text", None), _SPEAKER_NAME, NOW.statement.said_earliest),
    Corpus(Noun.DOCUMENTS, NOW.document, ("title", "text"), NOW.document.title, NOW.document.published_earliest),
)
_CORPUS_OF = {corpus.noun: corpus for corpus in CORPORA}


def split_phrases(query: str) -> list[str]:
    """Return the words and quoted phrases of a query that contain a letter or a digit, without repetitions.

    Marking a word in a text once for each repetition would take the databases minutes.
    """
    parts = [quoted or word for quoted, word in re.findall(r'"([^"]*)"|([^\s"]+)', query)]
    phrases = [part for part in parts if any(unicodedata.category(char)[0] in "LN" for char in part)]
    return list({_without_punctuation(phrase): phrase for phrase in phrases}.values())


def _without_punctuation(phrase: str) -> str:
    chars = (char if unicodedata.category(char)[0] in "LMN" else " " for char in make_match_key(phrase))
    return " ".join("".join(chars).split())


async def get_search_values(reads: ReadSession, query: str | None, *nouns: Noun) -> dict[str, Any]:
    """Return the values of a full-text filter over ``nouns``; a query without a word matches nothing."""
    if query is None:
        return {}
    phrases = split_phrases(query)
    if reads.dialect == "postgresql" or not phrases:
        return {"q": phrases, "nothing": not phrases}
    q = " ".join('"' + phrase.replace('"', '""') + '"' for phrase in phrases)
    return {"q": q} | {f"common_{noun}": await _is_common(reads, noun, q) for noun in nouns}


async def _is_common(reads: ReadSession, noun: Noun, q: str) -> bool:
    """Return True if walking through all records by date gives a page of hits sooner than sorting all hits.

    SQLite cannot decide that itself. For a page, the walk passes ``page * records / hits`` entries of an index, each
    in an eighth of the time of looking up and sorting one hit (measured).
    """
    [(hits, records)] = await reads.fetch(_select_frequency(noun), {"q": q, "most": _MAX_COUNTED})
    return bool(hits * hits > _PAGE * (records or 0) / 8)


_PAGE, _MAX_COUNTED = 50, 20_000


@cache
def _select_frequency(noun: Noun) -> PreparedSelect:
    corpus = _CORPUS_OF[noun]
    counted = select(corpus.fts.c.rowid).where(_fts_match(corpus)).limit(bindparam("most", required=True)).subquery()
    hits = select(func.count()).select_from(counted).scalar_subquery()
    return PreparedSelect(select(hits, select(func.max(corpus.model.id)).scalar_subquery()))


def match_words(noun: Noun, shape: FilterShape, dialect: str) -> list[Condition]:
    """Return the condition that a record of ``noun`` contains every phrase of the values of ``get_search_values``."""
    if "nothing" in shape:
        return [false()]
    if "q" not in shape:
        return []
    corpus = _CORPUS_OF[noun]
    if dialect == "sqlite":
        ids = select(corpus.fts.c.rowid).where(_fts_match(corpus))
        # An expression in place of the id makes SQLite walk through the records in their order.
        ident = corpus.model.id + literal_column("0") if f"common_{noun}" in shape else corpus.model.id
        return [ident.in_(ids)]
    return [func.dateline_words(*corpus.text).op("@@")(_tsquery(shape.bind_all("q", Text)))]


def _fts_match(corpus: Corpus) -> Condition:
    return literal_column(corpus.fts.name).op("MATCH")(bindparam("q", type_=Text, required=True))


def _tsquery(phrases: Sequence[ColumnElement[str]], *, as_printed: bool = False) -> ColumnElement[Any]:
    """Build a query for all phrases; ``as_printed`` adds the form in which PostgreSQL itself reads words like U.N."""
    if len(phrases) > 1:  # halved, so that many phrases are not nested as deep
        half = len(phrases) // 2
        first, second = (_tsquery(part, as_printed=as_printed) for part in (phrases[:half], phrases[half:]))
        return first.op("&&")(second)
    phrase: ColumnElement[Any] = func.dateline_phrase(phrases[0])
    return phrase.op("||")(func.phraseto_tsquery("simple", phrases[0])) if as_printed else phrase


async def search(reads: ReadSession, filters: SearchFilter) -> "SearchListing":
    """Return the events, statements and documents that match."""
    nouns = [corpus.noun for corpus in CORPORA if not filters.noun or corpus.noun in split_commas(filters.noun)]
    return SearchListing(*split_filters(**await get_search_values(reads, filters.q, *nouns)), nouns, reads.dialect)


class SearchListing:
    """The records that contain every phrase: one statement selects a page, one builds its snippets."""

    def __init__(self, shape: FilterShape, values: Values, nouns: Sequence[Noun], dialect: str) -> None:
        self._shape = shape
        self._values = values
        self._dialect = dialect
        self._query = _build_query(shape, tuple(nouns), dialect)

    async def page(self, reads: ReadSession, request: PageRequest) -> Page:
        """Return one page; raise ValueError if ``request.after`` is not a key of this list."""
        page = await self._query.page(reads, request, self._values)
        if not page.records:
            return Page([], page.last)
        ids = {
            f"ids_{corpus.noun}": [ident for noun, ident, _ in page.records if noun == corpus.noun]
            for corpus in CORPORA
        }
        rows = await reads.fetch(_select_snippets(self._shape, self._dialect), {**self._values, **ids})
        hits = [_Hit(*row) for row in rows]
        items = {(hit.noun, hit.id): hit.to_item() for hit in hits}
        return Page([items[noun, ident] for noun, ident, _ in page.records], page.last)

    async def count(self, reads: ReadSession) -> int:
        """Return the number of hits on all pages."""
        return await self._query.count(reads, self._values)


class _Hit(NamedTuple):
    """A row of ``_select_snippets``."""

    noun: str
    id: int
    revision: int
    title: str | None
    snippet: str

    def to_item(self) -> str:
        """Return the hit as a ``SearchPublic``, as JSON text."""
        href = f"/{self.noun}/{self.id}"
        fields = {"noun": self.noun, "id": self.id, "title": self.title, "snippet": mark(self.snippet), "href": href}
        return orjson.dumps({**fields, "revision": self.revision}).decode()


@lru_cache(maxsize=256)
def _build_query(shape: FilterShape, nouns: Sequence[Noun], dialect: str) -> UnionQuery[Noun]:
    return UnionQuery(
        [(corpus.noun, _select_ids(corpus, shape, dialect)) for corpus in CORPORA if corpus.noun in nouns]
    )


def _select_ids(corpus: Corpus, shape: FilterShape, dialect: str) -> Select[Any]:
    conditions = match_words(corpus.noun, shape, dialect)
    if corpus.noun is Noun.EVENTS:
        conditions.append(NOW.event.merged_into_id.is_(None))
    return select(corpus.model.id, date_sort_key(corpus.date)).where(*conditions)


@lru_cache(maxsize=64)
def _select_snippets(shape: FilterShape, dialect: str) -> PreparedSelect:
    snippets = (_select_snippets_of(corpus, shape, dialect) for corpus in CORPORA)
    return PreparedSelect(select(union_all(*snippets).subquery()))


def _select_snippets_of(corpus: Corpus, shape: FilterShape, dialect: str) -> Select[Any]:
    model, is_on_page = corpus.model, is_one_of(corpus.model.id, f"ids_{corpus.noun}")
    columns = (
        literal(corpus.noun.value).label("noun"),
        model.id.label("id"),
        model.revision_id.label("revision"),
        cast(corpus.title, Text).label("title"),
    )
    if dialect == "sqlite":
        snippet = func.snippet(literal_column(corpus.fts.name), -1, START, END, "…", 32)
        return (
            select(*columns, snippet.label("snippet"))
            .select_from(model)
            .join(corpus.fts, corpus.fts.c.rowid == model.id)
            .where(_fts_match(corpus), is_on_page)
        )
    first, second = corpus.text
    text = func.concat_ws(" — ", first, second)
    options = f"StartSel={START}, StopSel={END}, MaxFragments=1, MaxWords=32, MinWords=16"
    query = _tsquery(shape.bind_all("q", Text), as_printed=True)
    snippet = func.ts_headline("simple", func.left(text, 200_000), query, options)
    return select(*columns, snippet.label("snippet")).where(is_on_page)


def mark(snippet: str) -> str:
    """Return a snippet as HTML: escaped, its matching words in balanced ``<mark>`` elements."""
    escaped = html.escape(snippet)
    marked = re.sub(f"{START}([^{START}{END}]*){END}", r"<mark>\1</mark>", escaped)
    return marked.replace(START, "").replace(END, "")
