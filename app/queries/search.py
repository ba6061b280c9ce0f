"""Full text: SQLite's FTS5 and PostgreSQL's tsvector behind one condition, ``matches()``.

Any text is a safe query. It is cut into words and "phrases" here, and each reaches the database as
a quoted string or a parameter: no operator of either query language can be written in it.
"""

import html
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any

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
from app.database.json_sql import is_one_of
from app.database.statements import PreparedSelect, ReadSession, Values
from app.database.tables import NOW, Table
from app.queries.filters import or_no_date
from app.queries.listing import Page, PageRequest, UnionQuery
from app.queries.parameters import Condition, FilterShape, split_filters
from app.schemas.common import split_commas
from app.schemas.search import SearchFilter

# Private-use signs that stand around a found word until the snippet has been escaped.
FOUND, END = "\ue000", "\ue001"


@dataclass(frozen=True)
class Corpus:
    """One table that can be searched, the columns that are, and how a hit is titled and dated."""

    noun: Noun
    model: Table
    columns: tuple[str, str | None]
    title: Any
    date: Any

    @property
    def fts(self) -> TableClause:
        """The FTS5 table, made by the migrations."""
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


def phrases(query: str) -> list[str]:
    """The words and quoted phrases of a query that hold a letter or a digit; each once, however it is punctuated.

    To mark a word in a text as often as a query repeats it would take the databases minutes.
    """
    parts = [quoted or word for quoted, word in re.findall(r'"([^"]*)"|([^\s"]+)', query)]
    wanted = [part for part in parts if any(unicodedata.category(sign)[0] in "LN" for sign in part)]
    return list({_bare(part): part for part in wanted}.values())


def _bare(phrase: str) -> str:
    """The letters, digits and their marks of a phrase, with one space where there is anything else."""
    kept = (sign if unicodedata.category(sign)[0] in "LMN" else " " for sign in make_match_key(phrase))
    return " ".join("".join(kept).split())


async def search_values(reads: ReadSession, query: str | None, *nouns: Noun) -> dict[str, Any]:
    """The values of a full-text filter over ``nouns``; one that names no word finds nothing."""
    if query is None:
        return {}
    wanted = phrases(query)
    if reads.dialect == "postgresql" or not wanted:
        return {"q": wanted, "nothing": not wanted}
    q = _quoted(wanted)
    return {"q": q} | {f"common_{noun}": await _is_common(reads, noun, q) for noun in nouns}


async def _is_common(reads: ReadSession, noun: Noun, q: str) -> bool:
    """Whether to walk through all records by date finds a page of hits sooner than to sort all hits.

    SQLite cannot tell. For a page, the walk passes ``page * records / hits`` entries of an index, each of
    which takes an eighth of the time that it takes to look up and sort one hit (measured).
    """
    [(hits, records)] = await reads.fetch(_spread(noun), {"q": q, "most": _COUNTED})
    return bool(hits * hits > _PAGE * (records or 0) / 8)


_PAGE, _COUNTED = 50, 20_000


@cache
def _spread(noun: Noun) -> PreparedSelect:
    corpus = _CORPUS_OF[noun]
    counted = select(corpus.fts.c.rowid).where(_fts_match(corpus)).limit(bindparam("most", required=True)).subquery()
    hits = select(func.count()).select_from(counted).scalar_subquery()
    return PreparedSelect(select(hits, select(func.max(corpus.model.id)).scalar_subquery()))


def _quoted(wanted: Sequence[str]) -> str:
    return " ".join('"' + phrase.replace('"', '""') + '"' for phrase in wanted)


def matches(noun: Noun, shape: FilterShape, dialect: str) -> list[Condition]:
    """The records of ``noun`` in which every word and phrase occurs that ``search_values`` gave."""
    if "nothing" in shape:
        return [false()]
    if "q" not in shape:
        return []
    corpus = _CORPUS_OF[noun]
    if dialect == "sqlite":
        ids = select(corpus.fts.c.rowid).where(_fts_match(corpus))
        # What is no plain column cannot be looked up: the records are walked through in their order.
        ident = corpus.model.id + literal_column("0") if f"common_{noun}" in shape else corpus.model.id
        return [ident.in_(ids)]
    return [func.dateline_words(*corpus.text).op("@@")(_tsquery(shape.values("q", Text)))]


def _fts_match(corpus: Corpus) -> Condition:
    return literal_column(corpus.fts.name).op("MATCH")(bindparam("q", type_=Text, required=True))


def _tsquery(wanted: Sequence[ColumnElement[str]], *, as_printed: bool = False) -> ColumnElement[Any]:
    """All of ``wanted``; ``as_printed`` also in the form in which PostgreSQL reads a text such as "U.N." by itself."""
    if len(wanted) > 1:  # halved, so that many words are not nested as deep
        half = len(wanted) // 2
        first, second = (_tsquery(part, as_printed=as_printed) for part in (wanted[:half], wanted[half:]))
        return first.op("&&")(second)
    phrase: ColumnElement[Any] = func.dateline_phrase(wanted[0])
    return phrase.op("||")(func.phraseto_tsquery("simple", wanted[0])) if as_printed else phrase


async def search(reads: ReadSession, filters: SearchFilter) -> "SearchListing":
    """The events, statements and documents that match."""
    nouns = [corpus.noun for corpus in CORPORA if not filters.noun or corpus.noun in split_commas(filters.noun)]
    return SearchListing(*split_filters(**await search_values(reads, filters.q, *nouns)), nouns, reads.dialect)


class SearchListing:
    """The records in which every word occurs: one statement finds a page, one cuts its snippets."""

    def __init__(self, shape: FilterShape, values: Values, nouns: Sequence[Noun], dialect: str) -> None:
        self._shape = shape
        self._values = values
        self._dialect = dialect
        self._hits = _hits(shape, tuple(nouns), dialect)

    async def page(self, reads: ReadSession, request: PageRequest) -> Page:
        found = await self._hits.page(reads, request, self._values)
        keys = [(noun, ident) for noun, ident, _ in found.records]
        snippets = await self._cut(reads, keys)
        return Page([_hit(noun, ident, *snippets[noun, ident]) for noun, ident in keys], found.last)

    async def count(self, reads: ReadSession) -> int:
        return await self._hits.count(reads, self._values)

    async def _cut(self, reads: ReadSession, keys: Sequence[tuple[Noun, int]]) -> dict[tuple[Noun, int], Sequence[Any]]:
        """Revision, title and snippet of each."""
        if not keys:
            return {}
        ids = {f"ids_{corpus.noun}": [ident for noun, ident in keys if noun == corpus.noun] for corpus in CORPORA}
        rows = await reads.fetch(_snippets(self._shape, self._dialect), {**self._values, **ids})
        return {(Noun(noun), ident): told for noun, ident, *told in rows}


@lru_cache(maxsize=256)
def _hits(shape: FilterShape, nouns: Sequence[Noun], dialect: str) -> UnionQuery[Noun]:
    return UnionQuery([(corpus.noun, _found(corpus, shape, dialect)) for corpus in CORPORA if corpus.noun in nouns])


def _found(corpus: Corpus, shape: FilterShape, dialect: str) -> Select[Any]:
    newest = or_no_date(corpus.date)
    there = [NOW.event.merged_into_id.is_(None)] if corpus.noun is Noun.EVENTS else []
    return select(corpus.model.id, newest).where(*matches(corpus.noun, shape, dialect), *there)


@lru_cache(maxsize=64)
def _snippets(shape: FilterShape, dialect: str) -> PreparedSelect:
    return PreparedSelect(select(union_all(*(_cut(corpus, shape, dialect) for corpus in CORPORA)).subquery()))


def _cut(corpus: Corpus, shape: FilterShape, dialect: str) -> Select[Any]:
    model, here = corpus.model, is_one_of(corpus.model.id, f"ids_{corpus.noun}")
    known = (literal(corpus.noun.value).label("noun"), model.id.label("id"), model.revision_id.label("revision"))
    head = (*known, cast(corpus.title, Text).label("title"))
    if dialect == "sqlite":
        snippet = func.snippet(literal_column(corpus.fts.name), -1, FOUND, END, "…", 32)
        return (
            select(*head, snippet.label("snippet"))
            .select_from(model)
            .join(corpus.fts, corpus.fts.c.rowid == model.id)
            .where(_fts_match(corpus), here)
        )
    first, second = corpus.text
    text = func.concat_ws(" — ", first, second)
    options = f"StartSel={FOUND}, StopSel={END}, MaxFragments=1, MaxWords=32, MinWords=16"
    wanted = _tsquery(shape.values("q", Text), as_printed=True)
    snippet = func.ts_headline("simple", func.left(text, 200_000), wanted, options)
    return select(*head, snippet.label("snippet")).where(here)


def _hit(noun: Noun, ident: int, revision: int, title: str | None, snippet: str) -> str:
    hit = {"noun": noun, "id": ident, "title": title, "snippet": mark(snippet), "href": f"/{noun}/{ident}"}
    return orjson.dumps({**hit, "revision": revision}).decode()


def mark(snippet: str) -> str:
    """A snippet as HTML: escaped, its found words in balanced ``<mark>`` elements."""
    escaped = html.escape(snippet)
    marked = re.sub(f"{FOUND}([^{FOUND}{END}]*){END}", r"<mark>\1</mark>", escaped)
    return marked.replace(FOUND, "").replace(END, "")
