"""The table of tools: their questions, answers and functions. The names of the tools are part of the API."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from inspect import cleandoc
from typing import Any

from app.integrations.assistants import answers, questions
from app.integrations.assistants.comparison_tools import compare_wordings, list_discrepancies, list_reporting_outlets
from app.integrations.assistants.context import ToolContext
from app.integrations.assistants.search_tools import find_events, find_records, find_statements, read_passage


@dataclass(frozen=True)
class Tool:
    """A tool: the shapes of its question and its answer, and the function that answers."""

    title: str
    question: type[questions.Question]
    answer: type[answers.Answer]
    run: Callable[[ToolContext, Any], Awaitable[answers.Answer]]

    @property
    def description(self) -> str:
        return " ".join(cleandoc(self.question.__doc__ or "").split())


TOOLS: Mapping[str, Tool] = {
    "events_on_a_date": Tool("Events on a date", questions.EventsOnADate, answers.Events, find_events),
    "who_reported": Tool(
        "Outlets that reported an event", questions.WhoReported, answers.Reported, list_reporting_outlets
    ),
    "statements_by": Tool("Statements of a speaker", questions.StatementsBy, answers.Statements, find_statements),
    "compare_wordings": Tool(
        "Printings of an utterance", questions.CompareWordings, answers.Wordings, compare_wordings
    ),
    "discrepancies_of": Tool(
        "Different claims about an event",
        questions.DiscrepanciesOf,
        answers.Discrepancies,
        list_discrepancies,
    ),
    "search": Tool("Search", questions.Search, answers.Hits, find_records),
    "read_passage": Tool("Read a document", questions.ReadPassage, answers.Text, read_passage),
}
