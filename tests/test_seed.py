"""The seed: what the five documents say is in the store, once, and nothing broken gets in."""

import re
import shutil
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from app.core.errors import Invalid
from seed.load import HERE, SeedError, load
from tests.conftest import Store
from tests.data.annotation import DIFFERENT, OUTLETS, SAME, STATEMENTS
from tests.data.lists import items, read

MEDUZA = "documents/003_5e586879e8766416.yaml"


def statement(client: TestClient, number: str) -> dict[str, Any]:
    """Return the statement with this number in the annotation."""
    [annotation] = [row for row in STATEMENTS if row.number == number]
    outlet = OUTLETS[number.partition(".")[0]]
    statements = items(client, f"/statements?source={outlet}&limit=500")
    [match] = [item for item in statements if item["text"].startswith(annotation.words)]
    return match


def test_annotated_statement_is_in_the_store(reader: TestClient, subtests: pytest.Subtests) -> None:
    for annotation in STATEMENTS:
        with subtests.test(case=annotation):
            stored = statement(reader, annotation.number)

            assert (stored["speaker"] or {}).get("slug") == annotation.speaker
            assert stored["kind"] == annotation.kind
            assert tuple(hop["speaker"]["slug"] for hop in stored["chain"]) == annotation.chain


def test_store_has_only_annotated_statements(reader: TestClient) -> None:
    assert read(reader, "/statements?count=exact&limit=1")["count"] == len(STATEMENTS)


def test_printings_of_one_utterance_share_it(reader: TestClient, subtests: pytest.Subtests) -> None:
    for one, other in SAME:
        with subtests.test(one=one, other=other):
            assert statement(reader, one)["utterance_id"] is not None
            assert statement(reader, one)["utterance_id"] == statement(reader, other)["utterance_id"]


def test_similar_statements_share_no_utterance(reader: TestClient, subtests: pytest.Subtests) -> None:
    for one, other in DIFFERENT:
        with subtests.test(one=one, other=other):
            utterances = [statement(reader, number)["utterance_id"] for number in (one, other)]

            assert None in utterances or utterances[0] != utterances[1]


def test_second_seed_makes_no_revision(client: TestClient, store: Store) -> None:
    before = client.get("/changes?limit=500").json()

    again = load(store.engine)

    assert client.get("/revisions").json()["items"] == [client.get("/revisions").json()["items"][0]]
    assert client.get("/changes?limit=500").json() == before
    assert {state for tally in again.values() for state in tally} == {"existing"}


def test_first_seed_counts_what_it_loaded(empty_store: Store) -> None:
    loaded = load(empty_store.engine)

    assert loaded["document"] == Counter(new=5)
    assert loaded["statement"] == Counter(new=len(STATEMENTS))
    assert {state for tally in loaded.values() for state in tally} == {"new"}


def test_corrected_record_is_not_overwritten(writer: TestClient, store: Store) -> None:
    assert writer.patch("/sources/meduza", json={"country": "DE"}).status_code == 200

    load(store.engine)

    assert read(writer, "/sources/meduza")["country"] == "DE"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Copy the seed, for the test to break."""
    copy = tmp_path / "seed"
    shutil.copytree(HERE, copy, ignore=shutil.ignore_patterns("*.py", "__pycache__"))
    return copy


def edit(path: Path, pattern: str, replacement: str) -> None:
    """Replace the first place where ``pattern`` stands."""
    text = path.read_text(encoding="utf-8")
    changed = re.sub(pattern, replacement, text, count=1)
    assert changed != text
    path.write_text(changed, encoding="utf-8")


@pytest.mark.before_the_database
@pytest.mark.parametrize(
    ("file", "pattern", "replacement", "field"),
    [
        (MEDUZA, r"start: 2361", "start: 2360", r"statements\.5\.span"),
        (MEDUZA, r"end: 264\b", "end: 265", r"statements\.1\.chain\.0\.cue"),
        (MEDUZA, r"end: 70\b", "end: 71", r"reports\.1\.claims\.0\.span"),
        (MEDUZA, r"speaker: sergey-lavrov", "speaker: nobody", r"statements\.5\.speaker"),
        (MEDUZA, r"event: seed:notes", "event: seed:no-notes", r"reports\.5\.event"),
        ("utterances.yaml", r"speaker: kim-jong-un", "speaker: nobody", "speaker"),
        ("speakers.yaml", r"\n  source: tass", "\n  source: nobody", "source"),
    ],
)
def test_wrong_span_or_name_is_refused_by_file_and_field(
    empty_store: Store, folder: Path, file: str, pattern: str, replacement: str, field: str
) -> None:
    path = folder / file
    edit(path, pattern, replacement)

    with pytest.raises(SeedError, match=rf"{path.name}.*{field}"):
        load(empty_store.engine, folder=folder)


@pytest.mark.before_the_database
@pytest.mark.parametrize(
    ("file", "pattern", "replacement", "field"),
    [
        ("sources.yaml", r"kind: newspaper", "kind: gazette", "kind"),
        ("speakers.yaml", r"country: RU", "country: RUS", "country"),
        ("events.yaml", r"date: 2000-07", "date: July 2000", "date"),
        ("documents/002_7ee20080cdfc7c83.yaml", r"kind: indirect", "kind: rumour", r"statements\.0\.kind"),
    ],
)
def test_malformed_value_is_refused_by_file_and_field(
    empty_store: Store, folder: Path, file: str, pattern: str, replacement: str, field: str
) -> None:
    path = folder / file
    edit(path, pattern, replacement)

    with pytest.raises(SeedError, match=rf"{path.name}.*{field}"):
        load(empty_store.engine, folder=folder)


@pytest.mark.expensive("tries many random sequences")
def test_edited_text_is_refused(empty_store: Store, folder: Path) -> None:
    path = folder / "documents" / "001_11f47949577b4fac.txt"
    path.write_text(path.read_text(encoding="utf-8") + " ", encoding="utf-8")

    with pytest.raises(SeedError, match=r"001_11f47949577b4fac\.yaml: the text has changed"):
        load(empty_store.engine, folder=folder)


def test_broken_seed_loads_nothing(empty_writer: TestClient, empty_store: Store, folder: Path) -> None:
    edit(folder / "documents" / "004_09aed770719d76ca.yaml", r"start: 2463", "start: 2462")

    with pytest.raises((SeedError, Invalid)):
        load(empty_store.engine, folder=folder)

    for noun in ("sources", "speakers", "events", "documents", "statements", "revisions"):
        assert items(empty_writer, f"/{noun}") == []


def test_mended_seed_loads_after_a_broken_one(empty_writer: TestClient, empty_store: Store, folder: Path) -> None:
    edit(folder / "sources.yaml", "kind: newspaper", "kind: gazette")
    with pytest.raises(SeedError):
        load(empty_store.engine, folder=folder)
    edit(folder / "sources.yaml", "kind: gazette", "kind: newspaper")

    load(empty_store.engine, folder=folder)

    assert read(empty_writer, "/documents?count=exact")["count"] == 5
