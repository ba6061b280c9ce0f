"""Statements find the utterances that they print: by the machine where it is sure, by people where it is not."""

import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from hypothesis import settings
from hypothesis import strategies as st
from sqlalchemy import text
from sqlmodel import Session
from typer.testing import CliRunner

from app.cli import app
from app.core.config import get_settings
from app.core.vocab import CodedBy
from app.database.engine import open_write_transaction
from app.database.models import Attribution, Document, Match, Statement
from app.imports import export as jsonl
from app.queries import lookups
from app.schemas.statement import StatementCreate
from app.store import records, revisions, utterances
from app.store.derived import statement_index
from seed.load import HERE, load
from tests.conftest import Store
from tests.data.annotation import DIFFERENT, SAME, STATEMENTS
from tests.data.lists import items, read
from tests.properties import for_all
from tests.test_seed import statement

Body = dict[str, Any]
Dateline = Callable[..., str]

# What TASS gives as the treaty's words stands in Putin's sentence.
PROBABLE = (("0.5", "0.1"), ("0.5", "1.1"), ("0.5", "1.2"))
ALL = (*SAME, *PROBABLE)

WORDS = "We will send three hundred engineers to rebuild the harbour before winter"
OTHERS = "We will not send three hundred engineers to rebuild the harbour before winter"


@pytest.fixture(scope="module")
def unplaced(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Copy the seed without its utterances."""
    copy = tmp_path_factory.mktemp("unplaced") / "seed"
    shutil.copytree(HERE, copy, ignore=shutil.ignore_patterns("*.py", "__pycache__"))
    (copy / "utterances.yaml").write_text("[]", encoding="utf-8")
    for path in (copy / "documents").glob("*.yaml"):
        path.write_text(re.sub(r"\n    utterance: .*", "", path.read_text(encoding="utf-8")), encoding="utf-8")
    return copy


@pytest.fixture
def dateline(monkeypatch: pytest.MonkeyPatch) -> Iterator[Dateline]:
    """Return a function that runs a command on the store at a URL, and returns its output."""

    def run(url: str, *arguments: str) -> str:
        monkeypatch.setenv("DATELINE_DATABASE_URL", url)
        get_settings.cache_clear()
        result = CliRunner().invoke(app, list(arguments))
        assert result.exit_code == 0, result.output
        return result.output

    yield run
    get_settings.cache_clear()


@pytest.mark.expensive("tries many random sequences")
def test_machine_joins_the_annotated_pairs_only(empty_writer: TestClient, empty_store: Store, unplaced: Path) -> None:
    load(empty_store.engine, folder=unplaced)

    by_number = {number: statement(empty_writer, number) for pair in (*ALL, *DIFFERENT) for number in pair}
    for one, other in ALL:
        assert by_number[one]["utterance_id"] is not None
        assert by_number[one]["utterance_id"] == by_number[other]["utterance_id"], (one, other)
    for one, other in DIFFERENT:
        assert None in (by_number[one]["utterance_id"], by_number[other]["utterance_id"]) or (
            by_number[one]["utterance_id"] != by_number[other]["utterance_id"]
        ), (one, other)
    joined = by_number["0.1"]
    assert (joined["utterance_by"], joined["coded_by"], joined["confidence"]) == ("machine", "human", None)
    assert 0.7 <= joined["utterance_confidence"] <= 1
    utterance = read(empty_writer, f"/utterances/{joined['utterance_id']}")
    assert (utterance["coded_by"], utterance["speaker"]["slug"]) == ("machine", "vladimir-putin")
    assert utterance["said"]["edtf"] == "2024-06-19"
    assert read(empty_writer, f"/utterances/{by_number['2.2']['utterance_id']}")["speaker"]["slug"] == "treaty-2024"


class Undone(Exception):
    """Ends a write transaction without a trace."""


def again(session: Session) -> dict[str, StatementCreate]:
    """Return new copies of the store's annotated statements, by their numbers."""
    documents = {row.id: str(place) for place, row in enumerate(lookups.list_rows(session, Document))}
    made = {}
    for row in lookups.list_rows(session, Statement):
        [number] = [
            annotation.number
            for annotation in STATEMENTS
            if annotation.number.startswith(f"{documents[row.document_id]}.") and row.text.startswith(annotation.words)
        ]
        values = {"kind": row.kind, "said": row.said}
        chain = [{"speaker": hop.speaker_id} for hop in lookups.list_rows(session, Attribution, statement_id=row.id)]
        span = {"start": row.start, "end": row.end}
        refs = {"document": row.document_id, "speaker": row.speaker_id, "event": row.event_id}
        made[number] = StatementCreate.model_validate(values | refs | {"span": span, "chain": chain})
    return made


@pytest.mark.expensive("tries many random sequences")
def test_joins_do_not_depend_on_the_order(empty_store: Store, unplaced: Path) -> None:
    load(empty_store.engine, folder=unplaced)
    with revisions.write(empty_store.engine, author="tests", message="") as session:
        arriving = again(session)
        for row in lookups.list_rows(session, Statement):
            records.delete(session, row)

    @settings(max_examples=3)
    @for_all(order=st.permutations(sorted({number for pair in (*ALL, *DIFFERENT) for number in pair})))
    def arrive(order: list[str]) -> None:
        with suppress(Undone), revisions.write(empty_store.engine, author="tests", message="") as session:
            rows = {number: records.add_statement(session, arriving[number]) for number in order}
            placed = {number: row.utterance_id for number, row in rows.items()}
            assert not [pair for pair in DIFFERENT if placed[pair[0]] and placed[pair[0]] == placed[pair[1]]]
            assert not [pair for pair in ALL if not placed[pair[0]] or placed[pair[0]] != placed[pair[1]]]
            raise Undone

    arrive()


def test_utterances_of_people_stay_human(reader: TestClient) -> None:
    annotated, probable = statement(reader, "0.1"), statement(reader, "0.5")

    assert (annotated["utterance_by"], annotated["utterance_confidence"]) == ("human", None)
    assert (probable["utterance_by"], probable["utterance_id"]) == ("machine", annotated["utterance_id"])
    utterance = read(reader, f"/utterances/{annotated['utterance_id']}")
    assert (utterance["coded_by"], utterance["external_id"]) == ("human", "seed:putin-mutual-assistance")


@pytest.fixture
def press(empty_writer: TestClient) -> TestClient:
    """HTTP to a store with two papers and a minister."""
    for slug in ("herald", "courier"):
        post(empty_writer, "/sources", {"name": slug.title(), "slug": slug, "kind": "newspaper"})
    for slug in ("minister", "rival"):
        post(empty_writer, "/speakers", {"name": slug.title(), "slug": slug, "kind": "person"})
    return empty_writer


def post(client: TestClient, path: str, body: Body) -> Body:
    answer = client.post(path, json=body)
    assert answer.status_code == 201, answer.text
    result: Body = answer.json()
    return result


def printed(
    client: TestClient, words: str, *, published: str = "2024-06-20", source: str = "herald", **more: Any
) -> Body:
    """Post a statement of the minister, in a document of its own."""
    number = len(items(client, "/documents?limit=500"))
    said = {"span": {"exact": words}, "kind": "direct", "speaker": "minister"} | more
    document = {"source": source, "url": f"https://example.org/{number}", "published": published, "statements": [said]}
    made = post(client, "/documents", document | {"text": f"Article {number}. {words}, it was said."})
    [created] = items(client, f"/documents/{made['id']}/statements")
    return created


def placed(client: TestClient, printing: Body) -> tuple[int | None, str | None]:
    shape = read(client, f"/statements/{printing['id']}")
    return shape["utterance_id"], shape["utterance_by"]


def test_second_printing_makes_an_utterance(press: TestClient) -> None:
    first = printed(press, WORDS)
    assert placed(press, first) == (None, "machine")

    second = printed(press, "send three hundred engineers to rebuild the harbour", source="courier")
    third = printed(press, WORDS.upper(), source="courier", published="2024-06-22")

    assert second["utterance_id"] is not None
    assert placed(press, first) == placed(press, third) == (second["utterance_id"], "machine")
    [utterance] = items(press, "/utterances")
    assert (utterance["id"], utterance["coded_by"]) == (second["utterance_id"], "machine")
    assert utterance["statement_ids"] == [first["id"], second["id"], third["id"]]


@pytest.mark.parametrize(
    "other",
    [{"speaker": "rival"}, {"published": "2024-08-20"}, {"said": "2024-05-01"}, {"utterance": None}],
    ids=["another speaker", "another month", "another day", "said to stand alone"],
)
def test_different_speaker_date_or_verdict_prevents_joining(press: TestClient, other: Body) -> None:
    first = printed(press, WORDS)

    assert printed(press, WORDS, source="courier", **other)["utterance_id"] is None
    assert placed(press, first) == (None, "machine")
    assert items(press, "/matches") == []


def test_doubtful_pair_is_proposed_as_a_match(press: TestClient, empty_store: Store, dateline: Dateline) -> None:
    first, second = printed(press, WORDS), printed(press, OTHERS, source="courier")
    [match] = items(press, "/matches")
    assert (match["one"]["id"], match["other"]["id"]) == (first["id"], second["id"])
    assert (match["same"], match["coded_by"], second["utterance_id"]) == (None, "machine", None)
    assert 0 < match["confidence"] < 0.7

    with revisions.write(empty_store.engine, author="tests", message="") as session:
        session.get_one(Match, match["id"]).same = False
    printed(press, WORDS, published="2024-06-21")
    third = printed(press, OTHERS, published="2024-06-21")

    assert placed(press, first)[0] != placed(press, second)[0] is not None
    assert placed(press, second)[0] == third["utterance_id"]


def test_person_can_join_a_doubtful_pair(press: TestClient, empty_store: Store) -> None:
    pairs = [printed(press, words, published=day) for day in ("2024-06-20", "2024-06-21") for words in (WORDS, OTHERS)]
    one, other = pairs[0]["id"], pairs[1]["id"]

    with revisions.write(empty_store.engine, author="tests", message="") as session:
        rows = [session.get_one(Statement, ident) for ident in (one, other)]
        utterances.join(session, rows[0], rows[1], by=CodedBy.HUMAN)

    [utterance] = items(press, "/utterances")
    assert utterance["statement_ids"] == [pair["id"] for pair in pairs]
    assert placed(press, pairs[0]) == placed(press, pairs[1]) == (utterance["id"], "human")
    assert placed(press, pairs[2]) == (utterance["id"], "machine")


def test_removed_statement_is_not_joined_again(press: TestClient) -> None:
    first, second = printed(press, WORDS), printed(press, WORDS, source="courier")

    answer = press.patch(f"/statements/{first['id']}", json={"utterance": None})

    assert (answer.json()["utterance_id"], answer.json()["utterance_by"]) == (None, "human")
    assert placed(press, second) == (None, "machine")
    assert press.get(f"/utterances/{second['utterance_id']}").status_code == 410
    assert printed(press, WORDS, published="2024-06-21")["utterance_id"] == placed(press, second)[0] is not None
    assert placed(press, first) == (None, "human")


@pytest.mark.parametrize("change", [{"speaker": "rival"}, {"said": "2020"}, {"span": {"exact": "Article"}}], ids=str)
def test_changed_statement_is_compared_again(press: TestClient, change: Body) -> None:
    first, second = printed(press, WORDS), printed(press, WORDS, source="courier")

    assert press.patch(f"/statements/{second['id']}", json=change).json()["utterance_id"] is None
    assert placed(press, first) == (None, "machine")
    assert items(press, "/utterances") == []


def test_speaker_merge_joins_and_split_separates(press: TestClient) -> None:
    first, second = printed(press, WORDS), printed(press, WORDS, source="courier", speaker="rival")
    assert placed(press, second)[0] is None

    merged = press.post("/speakers/minister/merge", json={"from": ["rival"]})

    assert merged.status_code == 200, merged.text
    assert placed(press, first)[0] == placed(press, second)[0] is not None
    press.post("/speakers/minister/split", json={"name": "The rival", "statement_ids": [second["id"]]})
    assert placed(press, second) == (None, "machine")


def test_machine_utterance_needs_two_printings(press: TestClient) -> None:
    ours = post(press, "/utterances", {"speaker": "minister"})
    remaining = printed(press, "The talks failed because nobody came to the table", utterance=ours["id"])
    first, second = printed(press, WORDS), printed(press, WORDS, source="courier")

    for gone in (remaining, first):
        assert press.delete(f"/statements/{gone['id']}").status_code == 204

    assert [utterance["id"] for utterance in items(press, "/utterances")] == [ours["id"]]
    assert placed(press, second) == (None, "machine")
    assert read(press, f"/statements/{second['id']}")["utterance_confidence"] is None


def test_command_joins_statements_not_compared_yet(press: TestClient, empty_store: Store, dateline: Dateline) -> None:
    alone = [printed(press, WORDS, published=f"2024-06-{day}", utterance=None) for day in (20, 21)]
    doubted = printed(press, OTHERS, utterance=None)
    with empty_store.engine.begin() as connection:
        connection.execute(text("UPDATE statement SET utterance_by = NULL"))
    at = read(press, "/revisions")["items"][0]["id"]

    said = [dateline(empty_store.url, "group") for _ in range(2)]

    assert "2 statements put with utterances, 1 doubtful pairs proposed" in said[0]
    assert "0 statements put with utterances, 0 doubtful pairs proposed" in said[1]
    [revision] = [revision for revision in items(press, "/revisions") if revision["id"] > at]
    assert revision["author"] == "dateline group"
    assert {placed(press, statement) for statement in alone} == {(items(press, "/utterances")[0]["id"], "machine")}
    assert placed(press, doubted) == (None, None)


def get_index_rows(store: Store) -> list[tuple[Any, ...]]:
    with store.engine.connect() as connection:
        return [tuple(row) for row in connection.execute(text("SELECT * FROM voicing ORDER BY 1, 2, 3"))]


def made_anew(store: Store) -> list[tuple[Any, ...]]:
    with open_write_transaction(store.engine) as session:
        list(statement_index.refresh_all(session.connection()))
    return get_index_rows(store)


def test_statement_index_is_right_after_any_writes(writer: TestClient, store: Store) -> None:
    before = get_index_rows(store)
    writer.patch("/statements/1", json={"said": "2023", "speaker": "kim-jong-un"})
    writer.patch("/statements/6", json={"chain": [{"speaker": "meduza-desk"}, {"speaker": "tass"}]})
    writer.patch("/statements/7", json={"chain": [{"speaker": "yonhap-news-agency"}]})
    writer.patch("/documents/4", json={"published": "2024-07"})
    writer.patch("/speakers/kcna", json={"kind": "document"})
    writer.post("/speakers/tass/merge", json={"from": ["russian-news-agencies"]})
    writer.delete("/documents/3")
    printed_after = get_index_rows(store)

    assert printed_after != before
    assert printed_after == made_anew(store)


def test_import_of_an_export_keeps_the_index(store: Store, empty_store: Store) -> None:
    list(jsonl.read(empty_store.engine, jsonl.write(store.engine)))

    assert get_index_rows(empty_store) == get_index_rows(store)
