"""The tools: what each is asked, what it answers, and how. Their names are a contract."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from inspect import cleandoc
from typing import Any

from app.integrations.assistants import answers, comparing, finding, questions
from app.integrations.assistants.desk import Desk


@dataclass(frozen=True)
class Tool:
    title: str
    question: type[questions.Question]
    answer: type[answers.Answer]
    find: Callable[[Desk, Any], Awaitable[answers.Answer]]

    @property
    def description(self) -> str:
        return " ".join(cleandoc(self.question.__doc__ or "").split())


TOOLS: Mapping[str, Tool] = {
    "events_on_a_date": Tool("Events on a date", questions.EventsOnADate, answers.Events, finding.events_on_a_date),
    "who_reported": Tool("Who reported an event", questions.WhoReported, answers.Reported, comparing.who_reported),
    "statements_by": Tool("What a speaker said", questions.StatementsBy, answers.Statements, finding.statements_by),
    "compare_wordings": Tool(
        "How words were printed", questions.CompareWordings, answers.Wordings, comparing.compare_wordings
    ),
    "discrepancies_of": Tool(
        "What is reported differently", questions.DiscrepanciesOf, answers.Discrepancies, comparing.discrepancies_of
    ),
    "search": Tool("Search", questions.Search, answers.Hits, finding.search_records),
    "read_passage": Tool("Read a document", questions.ReadPassage, answers.Text, finding.read_passage),
}
