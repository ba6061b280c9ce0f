"""Test the event that an extracted document joins: a stored one, a possible one, or a new one."""

import itertools
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
import yaml
from fastapi.testclient import TestClient

from app.analysis.grouping import DOUBTFUL, SURE, Account, Story, compute_confidence, rank
from app.core.dates import parse_edtf
from app.core.vocab import CodedBy, EventType, SourceKind
from app.database.models import Match, Report
from app.extract.findings import Extraction
from app.queries import lookups
from app.schemas.document import DocumentCreate
from app.schemas.event import EventCreate
from app.schemas.source import SourceCreate
from app.store import records, revisions, sources_and_speakers
from app.store.extractions.documents import extract_document, save_extraction
from seed.load import HERE
from tests.benchmarks.online import Article, build_word_finder, compute_bcubed, find_by_title, group_articles
from tests.conftest import Store
from tests.data.lists import items, read
from tests.data.stories import STORIES
from tests.test_cli import Dateline, dateline
from tests.test_event_merge import matches
from tests.test_reading import older

__all__ = ["dateline"]  # the fixture

BRIDGE = """Mayor opens rebuilt Oldtown bridge

OLDTOWN, May 6 — Mayor Jane Doe opened the rebuilt bridge over the river Ald in Oldtown on Monday.

“This bridge was paid for by the farmers of the valley and by nobody else,” Doe said.
"""
# The same in other words; and what has only the place and the mayor in common with it.
AGAIN = """Rebuilt bridge over the Ald opens in Oldtown

OLDTOWN, May 6 — Cars crossed the river Ald in Oldtown on Monday for the first time in a year, over the rebuilt bridge.

“This bridge was paid for by the farmers of the valley and by nobody else,” said Jane Doe, the mayor.
"""
SCHOOL = """Mayor of Oldtown lays first stone of school

OLDTOWN, May 8 — A school for 300 children will stand in Oldtown by next summer. Its first stone was laid on Wednesday
by Mayor Jane Doe.

“It will be the largest in the valley,” Doe said. Parents had asked for it since the old building burned down.
"""
FERRY = f"{STORIES[0].title}\n\n{STORIES[0].text}\n"


def put(client: TestClient, text: str, outlet: str, day: str = "2024-05-07", **fields: object) -> int:
    title, _, _ = text.partition("\n")
    body = {"source": outlet, "title": title, "language": "en", "published": day, "text": text, "extract": True}
    answer = client.post("/documents", json=body | fields)
    assert answer.status_code == 201, answer.text
    return int(answer.json()["id"])


def report(client: TestClient, document: int) -> dict[str, Any]:
    [report] = [row for row in items(client, "/reports?limit=500") if row["document"]["id"] == document]
    return report


def event_of(client: TestClient, document: int) -> int:
    return int(report(client, document)["event"]["id"])


def named(client: TestClient, title: str, date: str = "2024-05-06", **more: str) -> int:
    body = {"title": title, "date": date, "type": "consult"} | more
    return int(client.post("/events", json=body).json()["id"])


def test_certain_event_is_joined_by_the_machine(writer: TestClient) -> None:
    first, second = put(writer, BRIDGE, "meduza"), put(writer, AGAIN, "tass")

    joined = report(writer, second)
    assert joined["event"]["id"] == event_of(writer, first)
    assert (joined["coded_by"], joined["role"], joined["passage"]["start"] > 0) == ("machine", "main", True)
    assert 0.5 <= joined["confidence"] < 1
    assert read(writer, f"/events/{event_of(writer, first)}")["document_count"] == 2
    assert matches(writer) == {}


def test_possible_event_becomes_a_new_event_and_a_match(writer: TestClient) -> None:
    first, second = put(writer, BRIDGE, "meduza"), put(writer, SCHOOL, "tass", "2024-05-08")

    made = read(writer, f"/events/{event_of(writer, second)}")
    assert (made["coded_by"], made["document_count"]) == ("machine", 1)
    [match] = items(writer, f"/matches?event={made['id']}")
    assert (match["one"]["id"], match["other"]["id"]) == (event_of(writer, first), made["id"])
    assert (match["coded_by"], match["same"], match["confidence"] < 0.5) == ("machine", None, True)


@pytest.mark.expensive("tries many random sequences")
@pytest.mark.parametrize(("text", "day"), [(BRIDGE, "2024-05-20"), (FERRY, "2024-05-07")])
def test_other_days_or_topic_make_a_new_event(writer: TestClient, text: str, day: str) -> None:
    first = put(writer, BRIDGE, "meduza")

    second = put(writer, text.replace("May 6", "").replace("on Monday", ""), "tass", day)

    assert event_of(writer, first) != event_of(writer, second)
    assert matches(writer) == {}


def test_rejected_match_is_not_proposed_again(writer: TestClient, store: Store) -> None:
    title = "Mayor Jane Doe opens the rebuilt bridge over the river Ald in Oldtown"
    one, other = named(writer, title), named(writer, title)
    first = put(writer, BRIDGE, "meduza")
    assert event_of(writer, first) == one
    assert matches(writer) == {(one, other): (None, "machine")}  # both are surely it, and so each other
    with revisions.write(store.engine, author="tests", message="") as session:
        [row] = lookups.list_rows(session, Match, event_id=one)
        row.same, row.coded_by = False, CodedBy.HUMAN

    second = put(writer, AGAIN, "tass")

    assert event_of(writer, second) in (one, other)
    assert matches(writer) == {(one, other): (False, "human")}


def test_merged_event_is_joined_at_its_target(writer: TestClient) -> None:
    elsewhere = named(writer, "Feast of the valley's farmers", "2024-05-05")
    bridge = event_of(writer, put(writer, BRIDGE, "meduza"))
    assert writer.post(f"/events/{elsewhere}/merge", json={"from": [bridge]}).status_code == 200

    assert event_of(writer, put(writer, AGAIN, "tass")) == elsewhere


def test_new_extraction_keeps_the_documents_event(writer: TestClient, store: Store, dateline: Dateline) -> None:
    first, second = put(writer, BRIDGE, "meduza"), put(writer, AGAIN, "tass")
    bridge = event_of(writer, first)
    body = {"title": "Cars cross the Ald", "document_ids": [second]}
    moved = writer.post(f"/events/{bridge}/split", json=body).json()["id"]
    for document in (first, second):
        older(store, document)

    dateline(store.url, "extract", "--again")

    assert (event_of(writer, first), event_of(writer, second)) == (bridge, moved)
    assert read(writer, f"/events/{moved}")["title"] == "Cars cross the Ald"
    assert matches(writer) == {(bridge, moved): (False, "human")}


def test_right_event_is_joined_among_many_of_its_days(empty_writer: TestClient, empty_store: Store) -> None:
    words = ["harvest", "budget", "strike", "storm", "match", "visit", "trial", "fire", "vote", "fair"]
    titles = [
        f"{one} and {other} in Oldtown on {day}" for one, other in itertools.permutations(words, 2) for day in "12"
    ]
    with revisions.write(empty_store.engine, author="tests", message="") as session:
        sources_and_speakers.add_source(session, SourceCreate(name="The Ald", slug="ald", kind=SourceKind.NEWSPAPER))
        headline = [*titles[:90], "Bridge over the Ald rebuilt, says mayor Doe", *titles[90:]]
        bodies = [EventCreate(title=title, date="2024-05-06", type=EventType.CONSULT) for title in headline]
        ids = [event.id for event in records.add_events(session, bodies)]

    assert event_of(empty_writer, put(empty_writer, BRIDGE, "ald")) == ids[90]


SEEDED = sorted((HERE / "documents").glob("*.yaml"))


@pytest.fixture(scope="module")
def seeds() -> list[tuple[DocumentCreate, Extraction]]:
    """Return the five documents of the seed with their extractions."""
    seeds = []
    for path in SEEDED:
        entry = yaml.load(path.read_text(), yaml.BaseLoader)
        fields = {name: entry[name] for name in ("source", "title", "published", "language") if name in entry}
        body = DocumentCreate(**fields, text=path.with_name(entry["file"]).read_text())
        seeds.append((body, extract_document(body)))
    return seeds


@pytest.mark.parametrize("order", [(0, 1, 2, 3, 4), (2, 4, 0, 1, 3)])
def test_summit_documents_join_one_event_in_any_order(
    empty_store: Store, seeds: Sequence[tuple[DocumentCreate, Extraction]], order: Sequence[int]
) -> None:
    with revisions.write(empty_store.engine, author="tests", message="") as session:
        for slug in {body.source for body, _ in seeds}:
            sources_and_speakers.add_source(
                session, SourceCreate(name=str(slug), slug=str(slug), kind=SourceKind.ONLINE)
            )
        for place in order:
            body, extraction = seeds[place]
            save_extraction(session, records.put_document(session, body), extraction)
        events = {row.event_id for row in lookups.list_rows(session, Report)}
        proposed = [{row.event_id, row.other_event_id} for row in lookups.list_rows(session, Match) if row.event_id]

    # The page of 2025 (004) begins with a sentence about the summit.
    assert len(events) <= 2
    assert proposed == ([events] if len(events) == 2 else [])


ARTICLES = [Article(*headline) for headline in STORIES]


def test_stories_of_several_days_join_and_others_do_not() -> None:
    ours, by_titles = (
        compute_bcubed(group_articles(ARTICLES, build_word_finder(SURE))),
        compute_bcubed(group_articles(ARTICLES, find_by_title)),
    )

    assert ours.f1 > 0.9 > 0.6 > by_titles.f1
    assert ours.recall == 1


def story(headline: str = "Ferry aground off Skarvik", day: str = "2031-03-03", **more: Any) -> Story:
    date = parse_edtf(day)
    return Story([Account(headline, STORIES[0].text)], date.earliest, date.latest, **more)


def of_day(title: str) -> Story:
    return Story([Account(title)], STORIES[0].day, STORIES[0].day)


def score(one: Story, *candidates: Story) -> list[float]:
    """Return the scores of the similar candidates, in their order."""
    return [row.score for row in sorted(rank(one, candidates))]


def test_common_speakers_places_and_quotations_raise_scores() -> None:
    place, speaker, run = {"place": "basel"}, {"speakers": frozenset({"anna berg"})}, {"quotations": frozenset({"x"})}
    plain = score(story("Ship hits rocks"), story())

    for more in (place, speaker, run):
        assert score(story("Ship hits rocks", **more), story(**more)) > plain
        assert score(story("Ship hits rocks", **more), story()) == plain
    for other in (story(country="NO"), story(day="2031-03-05")):
        assert score(story("Ship hits rocks", country="SE"), other) < plain
    assert score(story(), story(day="2031-03-10"), story(day="2031-03-11"))[1:] == []
    assert score(story(), story(day="2031-03"), story(day="2031")) == score(story(), story(), story())


def test_name_of_the_town_alone_gives_no_score() -> None:
    strike, ferry = (of_day("Strike in Skarvik"), of_day("Ferry off Skarvik"))

    assert score(strike, ferry)[0] >= DOUBTFUL
    assert score(replace(strike, place="skarvik"), replace(ferry, place="skarvik")) == []


def test_word_of_all_candidates_weighs_little() -> None:
    doc = of_day("Doe opens bridge")
    candidates = [
        of_day("Bridge closed"),
        *(of_day(f"Doe visits {town}") for town in ("Aberg", "Beberg", "Ceberg", "Deberg")),
    ]

    assert rank(doc, candidates)[0].place == 0


def test_no_candidates_give_no_ranking() -> None:
    empty = Story([Account("")], story().first, story().last)

    assert (
        rank(story(), []) == rank(empty, [story()]) == rank(story(), [empty, Story([], empty.first, empty.last)]) == []
    )


def test_confidence_rises_with_the_score_below_one() -> None:
    confidences = [compute_confidence(score) for score in (DOUBTFUL, SURE - 0.01, SURE, 0.6, 1.0, 1.2)]

    assert confidences == sorted(confidences)
    assert confidences[1] < 0.5 == confidences[2]
    assert (confidences[0], confidences[-1]) == (0.3, 0.95)
