"""Candidates for a name that no source or speaker has, so that a model can repeat its question."""

from collections.abc import Sequence
from typing import Any

from app.core.errors import Ambiguous, DatelineError, Invalid
from app.core.vocab import Noun
from app.integrations.assistants.context import Store, ToolContext
from app.integrations.assistants.questions import Question
from app.queries.lists import LISTS
from app.queries.names import resolve_names
from app.schemas.common import split_commas

_NOUNS = {"source": Noun.SOURCES, "speaker": Noun.SPEAKERS}

# Names of a question, candidates for a name, words of it to search for, and code points of a search, at most.
_NAMES, _CANDIDATES, _WORDS, _MAX_LENGTH = 20, 5, 5, 200

Candidate = dict[str, Any]


async def find_candidates(store: Store, error: DatelineError, question: Question) -> Sequence[Candidate]:
    """Find the possible meanings of the names on which a question failed; none if it failed for another reason."""
    if isinstance(error, Ambiguous):
        return list(error.extensions.get("candidates", ()))
    if not isinstance(error, Invalid):
        return []
    names = {field: getattr(question, field, None) for field in _NOUNS}
    return await store.run(lambda context: _find_similar(context, names))


async def _find_similar(context: ToolContext, names_by_field: dict[str, str | None]) -> list[Candidate]:
    candidates: list[Candidate] = []
    for field, names in names_by_field.items():
        for name in split_commas(names)[:_NAMES]:
            try:
                await resolve_names(context.reads, {field: name})
            except Ambiguous:
                continue
            except Invalid:
                candidates += await _search_name(context, _NOUNS[field], name)
    return candidates


async def _search_name(context: ToolContext, noun: Noun, name: str) -> list[Candidate]:
    """Search for names that contain this one, or else the longest of its words that any name contains."""
    longest = sorted(name.split(), key=len, reverse=True)
    for part in (name, *longest[:_WORDS]):
        noun_list = LISTS[noun]
        filters = noun_list.filters.model_validate({"q": part[:_MAX_LENGTH]})
        items = await context.read_first(await noun_list.get_listing(context.reads, filters), _CANDIDATES, filters.sort)
        if items:
            return [{key: item[key] for key in ("id", "slug", "name")} for item in items]
    return []
