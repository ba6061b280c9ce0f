"""Whom a name may mean that nobody bears: a model that is told can ask again."""

from collections.abc import Sequence
from typing import Any

from app.core.errors import Ambiguous, DatelineError, Invalid
from app.core.vocab import Noun
from app.integrations.assistants.desk import Desk, Library
from app.integrations.assistants.questions import Question
from app.queries.lists import LISTS
from app.queries.names import resolve_names
from app.schemas.common import comma_list

_NOUNS = {"source": Noun.SOURCES, "speaker": Noun.SPEAKERS}

# Names that are looked into, candidates for each, and words and signs of it that are looked for.
_NAMES, _MOST, _WORDS, _LONGEST = 20, 5, 5, 200

Candidate = dict[str, Any]


async def candidates(library: Library, error: DatelineError, question: Question) -> Sequence[Candidate]:
    """Who may be meant where a question failed for a name; nobody where it failed for something else."""
    if isinstance(error, Ambiguous):
        return list(error.extensions.get("candidates", ()))
    if not isinstance(error, Invalid):
        return []
    asked = {field: getattr(question, field, None) for field in _NOUNS}
    return await library.ask(lambda desk: _near(desk, asked))


async def _near(desk: Desk, asked: dict[str, str | None]) -> list[Candidate]:
    found: list[Candidate] = []
    for field, names in asked.items():
        for name in comma_list(names)[:_NAMES]:
            try:
                await resolve_names(desk.reads, {field: name})
            except Ambiguous:
                continue
            except Invalid:
                found += await _alike(desk, _NOUNS[field], name)
    return found


async def _alike(desk: Desk, noun: Noun, name: str) -> list[Candidate]:
    """Those whose names have this one in them; else one of its words, the longest that anybody has."""
    longest = sorted(name.split(), key=len, reverse=True)
    for part in (name, *longest[:_WORDS]):
        listed = LISTS[noun]
        filters = listed.filters.model_validate({"q": part[:_LONGEST]})
        items = await desk.first(await listed.find(desk.reads, filters), _MOST, filters.sort)
        if items:
            return [{key: item[key] for key in ("id", "slug", "name")} for item in items]
    return []
