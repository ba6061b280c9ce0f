"""Records of every noun are created, changed and deleted over HTTP."""

import json
from collections.abc import Iterable, Iterator, Mapping
from itertools import count
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from hypothesis import settings
from hypothesis import strategies as st

from tests.conftest import Store, Templates, talking_to
from tests.properties import for_all, shares_a_store

Body = dict[str, Any]
Ids = dict[str, int]

TEXT = (
    "Anna Berg said on 3 May 2021 that “talks begin at noon” in Geneva, the agency Rhein reported. "
    "“Talks ended,” she added. Forty people came, the spokesman said; talks begin again in June 🕊️."
)

# Each noun after the nouns that its records refer to.
NOUNS = ("sources", "speakers", "events", "utterances", "documents", "reports", "statements", "claims")


def body_of(noun: str, ids: Mapping[str, int], number: int = 0) -> Body:
    """Return a body for a record of ``noun`` with all fields, which differs by ``number``."""
    bodies: dict[str, Body] = {
        "sources": {
            "name": f"Herald {number}",
            "kind": "newspaper",
            "country": "CH",
            "language": "en",
            "homepage": f"https://herald{number}.example/",
            "state_affiliated": False,
            "wikidata_id": "Q42",
            "aliases": [f"The Herald {number}", f"herald{number}.example"],
        },
        "speakers": {
            "name": f"Anna Berg {number}",
            "kind": "person",
            "title": "Envoy",
            "country": "CH",
            "wikidata_id": "Q43",
            "source": ids.get("sources"),
            "aliases": [f"Berg {number}", f"the envoy {number}"],
        },
        "events": {
            "title": f"Talks in Geneva {number}",
            "summary": "Envoys met.",
            "date": "2021-05-03",
            "type": "consult",
            "place": "Geneva",
            "country": "CH",
            "latitude": 46.2,
            "longitude": 6.15,
            "external_id": f"test:{number}",
        },
        "utterances": {"speaker": ids.get("speakers"), "said": "2021-05", "external_id": f"test:{number}"},
        "documents": {
            "source": ids.get("sources"),
            "text": f"{TEXT} {number}",
            "title": f"Talks {number}",
            "url": f"https://herald.example/talks/{number}",
            "byline": "Jo Hay",
            "language": "en",
            "published": "2021-05-04",
            "published_at": "2021-05-04T08:00:00Z",
            "retrieved_at": "2021-05-05T08:00:00Z",
        },
        "reports": {
            "event": ids.get("events"),
            "document": ids.get("documents"),
            "role": "main",
            "passage": {"exact": "talks begin at noon” in Geneva"},
            "date": "2021-05-03",
        },
        "statements": {
            "document": ids.get("documents"),
            "speaker": ids.get("speakers"),
            "event": ids.get("events"),
            "utterance": ids.get("utterances"),
            "kind": "direct",
            "span": {"exact": "talks begin at noon"},
            "cue": {"exact": "said on"},
            "said": "2021-05-03",
            "language": "de",
            "translated": True,
            "chain": [{"speaker": ids.get("speakers"), "cue": {"exact": "the agency Rhein reported"}}],
        },
        "claims": {
            "report": ids.get("reports"),
            "property": "attendance",
            "span": {"exact": "Forty people"},
            "normalized": "40",
            "unit": "people",
            "attributed_to": ids.get("speakers"),
        },
    }
    return bodies[noun] | {"coded_by": "machine", "confidence": 0.5}


def make(client: TestClient, noun: str, ids: Mapping[str, int], number: int = 0, **changes: Any) -> int:
    """Make a record and return its id."""
    answer = client.post(f"/{noun}", json=body_of(noun, ids, number) | changes)
    assert answer.status_code == 201, answer.text
    return int(answer.json()["id"])


def populate(client: TestClient, nouns: Iterable[str] = NOUNS, number: int = 0) -> Ids:
    """Make one record of each noun, which refers to the earlier ones, and return the ids by noun."""
    ids: Ids = {}
    for noun in nouns:
        ids[noun] = make(client, noun, ids, number)
    return ids


def item(client: TestClient, noun: str, ident: int) -> Body:
    answer = client.get(f"/{noun}/{ident}")
    assert answer.status_code == 200, answer.text
    record: Body = answer.json()
    return record


def revision(client: TestClient) -> int:
    """Return the number of the latest revision."""
    return int(client.get("/revisions?limit=1").headers["Dateline-Revision"])


def wrong_fields(answer: Any) -> list[str]:
    assert answer.status_code == 422, answer.text
    return [error["field"] for error in answer.json()["errors"]]


@pytest.fixture(scope="session")
def written_store(backend: str, templates: Templates) -> Iterator[Store]:
    with templates.copy(backend, "migrated") as copy:
        yield copy


@pytest.fixture(scope="session")
def write_key(written_store: Store) -> dict[str, str]:
    return written_store.key()


@pytest.fixture
def shared(application: FastAPI, written_store: Store, write_key: dict[str, str]) -> Iterator[TestClient]:
    """Yield a client with a key for writes, on one store for all tests of this file."""
    with talking_to(application, written_store) as test_client:
        test_client.headers |= write_key
        yield test_client


_numbers = count(1)


@pytest.fixture
def number() -> int:
    """Return a number that no other test has."""
    return next(_numbers)


@pytest.fixture(scope="session")
def first(application: FastAPI, written_store: Store, write_key: dict[str, str]) -> Ids:
    """Make one record of each noun, which no test changes: to refer to, and to conflict with."""
    with talking_to(application, written_store) as test_client:
        test_client.headers |= write_key
        return populate(test_client)


@pytest.fixture
def ids(shared: TestClient, number: int) -> Ids:
    """Make one record of each noun for this test."""
    return populate(shared, number=number)


def make_unlike(client: TestClient, noun: str, ids: Ids, number: int) -> int:
    """Make a record of ``noun`` that refers to ``ids``, and return its id."""
    return make(client, noun, refer_to(client, noun, ids, number), number)


def refer_to(client: TestClient, noun: str, ids: Ids, number: int) -> Ids:
    """Return ``ids``, for a report with a new event: a document reports an event once."""
    return ids | {"events": make(client, "events", ids, number)} if noun == "reports" else ids


# Creating


def test_creation_is_a_201_with_location_and_etag(
    shared: TestClient, first: Ids, number: int, subtests: pytest.Subtests
) -> None:
    for noun in NOUNS:
        with subtests.test(noun):
            refs = refer_to(shared, noun, first, number + 10_000)

            answer = shared.post(f"/{noun}", json=body_of(noun, refs, number))

            assert answer.status_code == 201
            assert answer.headers["Location"] == f"/{noun}/{answer.json()['id']}"
            assert answer.headers["Dateline-Revision"] == str(answer.json()["revision"]) == str(revision(shared))
            location = shared.get(answer.headers["Location"])
            assert location.json() == answer.json()
            assert location.headers["ETag"] == answer.headers["ETag"]


@pytest.mark.parametrize(
    ("noun", "expected"),
    [
        ("sources", {"slug": "herald-0", "state_affiliated": False, "aliases": ["The Herald 0", "herald0.example"]}),
        ("speakers", {"slug": "anna-berg-0", "source": {"id": 1, "slug": "herald-0", "name": "Herald 0"}}),
        (
            "events",
            {
                "date": {"edtf": "2021-05-03", "earliest": "2021-05-03", "latest": "2021-05-03"},
                "place": {"name": "Geneva", "country": "CH", "latitude": 46.2, "longitude": 6.15},
            },
        ),
        ("utterances", {"said": {"edtf": "2021-05", "earliest": "2021-05-01", "latest": "2021-05-31"}}),
        ("documents", {"published_at": "2021-05-04T08:00:00Z", "length": len(TEXT) + 2, "text": f"{TEXT} 0"}),
        (
            "reports",
            {"role": "main", "date": {"edtf": "2021-05-03", "earliest": "2021-05-03", "latest": "2021-05-03"}},
        ),
        ("statements", {"text": "talks begin at noon", "kind": "direct", "language": "de", "translated": True}),
        ("claims", {"property": "attendance", "value": "Forty people", "normalized": "40", "unit": "people"}),
    ],
)
def test_record_has_the_values_of_its_body(shared: TestClient, first: Ids, noun: str, expected: Body) -> None:
    record = item(shared, noun, first[noun])

    assert {name: record[name] for name in expected} == expected
    assert (record["coded_by"], record["confidence"]) == ("machine", 0.5)


def test_statement_has_its_chain_with_cues(shared: TestClient, first: Ids) -> None:
    [hop] = item(shared, "statements", first["statements"])["chain"]

    assert (hop["position"], hop["speaker"]["slug"]) == (0, "anna-berg-0")
    assert hop["cue"]["exact"] == TEXT[hop["cue"]["start"] : hop["cue"]["end"]] == "the agency Rhein reported"


def test_time_with_an_offset_is_stored_in_utc(shared: TestClient, first: Ids, number: int) -> None:
    document = make(shared, "documents", first, number, published_at="2021-05-04T01:30:00+02:00")

    assert item(shared, "documents", document)["published_at"] == "2021-05-03T23:30:00Z"


# Slugs and other keys


def test_slug_is_the_name_and_a_number_if_taken(shared: TestClient, number: int) -> None:
    body = {"name": f"Le Monde ({number})", "kind": "newspaper"}

    slugs = [shared.post("/sources", json=body).json()["slug"] for _ in range(3)]

    assert slugs == [f"le-monde-{number}", f"le-monde-{number}-2", f"le-monde-{number}-3"]


@pytest.mark.parametrize("name", ["a" * 69 + " bbbbb", "a" * 80, "x" * 200, "Правда", "112", "新华社"])
def test_numbered_slug_of_any_name_addresses_its_record(shared: TestClient, name: str) -> None:
    for _ in range(2):
        made = shared.post("/speakers", json={"name": name, "kind": "person"}).json()

    assert shared.get(f"/speakers/{made['slug']}").json() == made


@pytest.mark.parametrize(
    ("noun", "key"),
    [
        ("sources", {"slug": "herald-0"}),
        ("speakers", {"slug": "anna-berg-0"}),
        ("events", {"external_id": "test:0"}),
        ("utterances", {"external_id": "test:0"}),
    ],
)
@pytest.mark.parametrize("way", ["created", "changed"])
def test_key_of_another_record_is_a_409_with_its_id(
    shared: TestClient, first: Ids, number: int, noun: str, key: Body, way: str
) -> None:
    other = make(shared, noun, first, number)

    if way == "created":
        answer = shared.post(f"/{noun}", json=body_of(noun, first, number + 10_000) | key)
    else:
        answer = shared.patch(f"/{noun}/{other}", json=key)

    assert answer.status_code == 409
    assert answer.json()["id"] == first[noun]


def test_second_report_of_an_event_is_a_409(shared: TestClient, first: Ids) -> None:
    assert shared.post("/reports", json=body_of("reports", first)).status_code == 409


def test_patch_with_the_same_key_changes_nothing(shared: TestClient, first: Ids, subtests: pytest.Subtests) -> None:
    for noun in ("sources", "speakers", "events", "utterances"):
        with subtests.test(noun):
            key = "slug" if noun in ("sources", "speakers") else "external_id"
            before = item(shared, noun, first[noun])

            body = {key: before[key], "coded_by": before["coded_by"]}
            answer = shared.patch(f"/{noun}/{first[noun]}", json=body)

            assert (answer.status_code, answer.json()) == (200, before)


# References


def test_unknown_reference_is_a_422_with_its_field(
    shared: TestClient, first: Ids, number: int, subtests: pytest.Subtests
) -> None:
    for noun, field in (
        ("speakers", "source"),
        ("utterances", "speaker"),
        ("documents", "source"),
        ("documents", "supersedes_id"),
        ("reports", "event"),
        ("reports", "document"),
        ("statements", "document"),
        ("statements", "speaker"),
        ("statements", "event"),
        ("statements", "utterance"),
        ("claims", "report"),
        ("claims", "attributed_to"),
    ):
        with subtests.test(noun, field=field):
            answer = shared.post(f"/{noun}", json=body_of(noun, first, number) | {field: 999_999})

            assert wrong_fields(answer) == [field]


@pytest.mark.parametrize(
    ("noun", "references"),
    [
        ("speakers", {"source": "herald-0"}),
        ("utterances", {"speaker": "anna-berg-0"}),
        ("statements", {"speaker": "anna-berg-0", "event": "test:0", "utterance": "test:0"}),
        ("claims", {"attributed_to": "anna-berg-0"}),
    ],
)
def test_reference_may_be_a_slug_or_external_id(
    shared: TestClient, first: Ids, number: int, noun: str, references: Body
) -> None:
    by_id = body_of(noun, first)

    made = item(shared, noun, make(shared, noun, first, number, **references))

    for field in references:
        value = made["utterance_id" if field == "utterance" else field]
        assert (value["id"] if isinstance(value, dict) else value) == by_id[field]


# Spans


@pytest.mark.parametrize(
    ("span", "start"),
    [
        ({"exact": "Talks ended,"}, TEXT.index("Talks ended")),
        ({"exact": "said", "prefix": "Berg "}, TEXT.index("said")),
        ({"exact": "talks begin", "suffix": " again"}, TEXT.rindex("talks begin")),
        ({"start": 0, "end": 9}, 0),
        ({"exact": "Anna Berg", "start": 0, "end": 9}, 0),
        ({"exact": "🕊️."}, TEXT.index("🕊")),
    ],
)
def test_span_is_located_by_words_context_or_offsets(shared: TestClient, first: Ids, span: Body, start: int) -> None:
    statement = item(shared, "statements", make(shared, "statements", first, span=span))

    assert statement["span"]["start"] == start
    assert statement["text"] == statement["span"]["exact"] == TEXT[start : statement["span"]["end"]]


def test_ambiguous_or_missing_span_is_a_422(shared: TestClient, first: Ids, subtests: pytest.Subtests) -> None:
    for span in (
        {"exact": "said"},
        {"exact": "talks begin", "prefix": "", "suffix": ""},
        {"exact": "not in the text"},
        {"exact": "said", "prefix": "nobody "},
        {"exact": "Anna Berg", "start": 1, "end": 10},
        {"start": 5, "end": 5},
        {"start": 9, "end": 5},
        {"start": 0, "end": 100_000},
        {"start": 2**31 - 2, "end": 2**31 - 1},
        {"start": 0},
        {"prefix": "said"},
        {},
        None,
    ):
        with subtests.test(span=span):
            answer = shared.post("/statements", json=body_of("statements", first) | {"span": span})

            assert wrong_fields(answer) == ["span"]


@settings(shares_a_store, max_examples=12)
@for_all(
    text=st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=1, max_size=60),
    data=st.data(),
)
def test_span_has_the_words_at_its_code_points(shared: TestClient, first: Ids, text: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(text) - 1))
    end = data.draw(st.integers(start + 1, len(text)))
    statement = {"kind": "indirect", "span": {"start": start, "end": end}}
    body = {"source": first["sources"], "title": f"{next(_numbers)}", "text": text, "statements": [statement]}

    document = shared.post("/documents", json=body).json()
    [record] = shared.get(f"/documents/{document['id']}/statements").json()["items"]

    assert (document["text"], document["length"]) == (text, len(text))
    assert record["text"] == record["span"]["exact"] == text[start:end]
    assert record["span"]["prefix"] == text[max(0, start - 32) : start]
    assert record["span"]["suffix"] == text[end : end + 32]


# Changing

CHANGES: list[tuple[str, Body, Body]] = [
    ("sources", {"name": "Bote", "slug": "bote"}, {"name": "Bote", "slug": "bote"}),
    ("sources", {"state_affiliated": True}, {"state_affiliated": True}),
    ("sources", {"aliases": ["b", "a"]}, {"aliases": ["b", "a"]}),
    ("sources", {"aliases": []}, {"aliases": []}),
    ("speakers", {"kind": "unnamed", "title": "Aide"}, {"kind": "unnamed", "title": "Aide"}),
    ("speakers", {"aliases": ["the envoy", "AB"]}, {"aliases": ["the envoy", "AB"]}),
    ("speakers", {"aliases": ["BERG"]}, {"aliases": ["BERG"]}),
    (
        "events",
        {"date": "2021-05", "title": "Talks"},
        {"date": {"edtf": "2021-05", "earliest": "2021-05-01", "latest": "2021-05-31"}, "title": "Talks"},
    ),
    (
        "events",
        {"place": "Bern"},
        {"place": {"name": "Bern", "country": "CH", "latitude": 46.2, "longitude": 6.15}},
    ),
    ("utterances", {"external_id": "other:1"}, {"external_id": "other:1"}),
    ("documents", {"title": "Talks in Geneva", "byline": "Al Poe"}, {"title": "Talks in Geneva", "byline": "Al Poe"}),
    (
        "documents",
        {"url": "https://Herald.example/a?utm_source=x"},
        {"url": "https://Herald.example/a?utm_source=x", "canonical_url": "https://herald.example/a"},
    ),
    ("reports", {"role": "background"}, {"role": "background"}),
    ("statements", {"kind": "mixed", "translated": False}, {"kind": "mixed", "translated": False}),
    ("claims", {"property": "people", "unit": None}, {"property": "people", "unit": None}),
    ("claims", {"coded_by": "human", "confidence": 1}, {"coded_by": "human", "confidence": 1.0}),
]


@pytest.mark.parametrize(("noun", "change", "expected"), CHANGES)
def test_patch_changes_only_its_fields(
    shared: TestClient, first: Ids, number: int, noun: str, change: Body, expected: Body
) -> None:
    ident = make_unlike(shared, noun, first, number)
    was = item(shared, noun, ident)

    answer = shared.patch(f"/{noun}/{ident}", json=change)

    assert answer.status_code == 200
    persons = {"coded_by": "human", "confidence": None}  # a machine had coded the record
    assert answer.json() == was | persons | expected | {"revision": revision(shared)} == item(shared, noun, ident)
    assert answer.headers["Dateline-Revision"] == str(answer.json()["revision"])


def test_patched_span_has_its_words(shared: TestClient, first: Ids, number: int) -> None:
    change = {"span": {"exact": "Talks ended,"}, "cue": {"exact": "she added"}}

    record = shared.patch(f"/statements/{make_unlike(shared, 'statements', first, number)}", json=change).json()

    assert (record["text"], record["span"]["exact"], record["cue"]["exact"]) == (
        "Talks ended,",
        "Talks ended,",
        "she added",
    )


def test_patched_chain_replaces_the_former(shared: TestClient, first: Ids, number: int) -> None:
    relay = make(shared, "speakers", first, number)
    chain = [{"speaker": relay, "cue": {"exact": "the spokesman said"}}, {"speaker": "anna-berg-0"}]

    record = shared.patch(
        f"/statements/{make_unlike(shared, 'statements', first, number)}", json={"chain": chain}
    ).json()

    assert [(hop["position"], hop["speaker"]["id"], hop["cue"] and hop["cue"]["exact"]) for hop in record["chain"]] == [
        (0, relay, "the spokesman said"),
        (1, first["speakers"], None),
    ]


NULLABLE: dict[str, dict[str, str]] = {
    # Fields that null clears, and their places in a response.
    "sources": {name: name for name in ("country", "language", "homepage", "state_affiliated", "wikidata_id")},
    "speakers": {name: name for name in ("title", "country", "wikidata_id", "source")},
    "events": {
        "summary": "summary",
        "place": "place.name",
        "country": "place.country",
        "latitude": "place.latitude",
        "longitude": "place.longitude",
        "external_id": "external_id",
    },
    "utterances": {name: name for name in ("speaker", "said", "external_id")},
    "documents": {name: name for name in ("title", "url", "byline", "language", "published", "published_at")},
    "reports": {"passage": "passage", "date": "date"},
    "statements": {
        **{name: name for name in ("speaker", "event", "cue", "said", "translated")},
        "utterance": "utterance_id",
    },
    "claims": {name: name for name in ("normalized", "unit", "attributed_to")},
}


def test_null_clears_optional_fields(shared: TestClient, first: Ids, subtests: pytest.Subtests) -> None:
    for noun in NOUNS:
        with subtests.test(noun):
            ident = make_unlike(shared, noun, first, next(_numbers))
            fields = NULLABLE[noun] | {"confidence": "confidence"}

            record = shared.patch(f"/{noun}/{ident}", json=dict.fromkeys(fields)).json()

            assert {path: value_at(record, path) for path in fields.values()} == dict.fromkeys(fields.values())


def value_at(record: Any, path: str) -> Any:
    value = record
    for name in path.split("."):
        value = value[name]
    return value


def test_statement_without_language_has_its_documents(shared: TestClient, first: Ids, number: int) -> None:
    record = shared.patch(
        f"/statements/{make_unlike(shared, 'statements', first, number)}", json={"language": None}
    ).json()

    assert record["language"] == "en"


def test_null_for_a_required_field_is_a_422(shared: TestClient, first: Ids, subtests: pytest.Subtests) -> None:
    for noun, fields in {
        "sources": ["name", "slug", "kind", "aliases", "coded_by"],
        "speakers": ["name", "slug", "kind", "aliases", "coded_by"],
        "events": ["title", "date", "type", "coded_by"],
        "utterances": ["coded_by"],
        "documents": ["coded_by"],
        "reports": ["role", "coded_by"],
        "statements": ["kind", "span", "chain", "coded_by"],
        "claims": ["property", "span", "coded_by"],
    }.items():
        for field in fields:
            with subtests.test(noun, field=field):
                answer = shared.patch(f"/{noun}/{first[noun]}", json={field: None})

                assert wrong_fields(answer) == [field]


def test_unknown_field_is_a_422(shared: TestClient, first: Ids, subtests: pytest.Subtests) -> None:
    for noun in NOUNS:
        with subtests.test(noun):
            answer = shared.patch(f"/{noun}/{first[noun]}", json={"id": 7, "nonsense": 1})

            assert sorted(wrong_fields(answer)) == ["id", "nonsense"]


def test_patch_of_a_documents_text_is_a_422(shared: TestClient, first: Ids) -> None:
    answer = shared.patch(f"/documents/{first['documents']}", json={"text": "Other words"})

    assert wrong_fields(answer) == ["text"]


def test_write_to_a_missing_record_is_a_404(shared: TestClient, subtests: pytest.Subtests) -> None:
    for noun in NOUNS:
        with subtests.test(noun):
            assert shared.patch(f"/{noun}/999999", json={}).status_code == 404
            assert shared.delete(f"/{noun}/999999").status_code == 404


# Deleting


def read_statuses(client: TestClient, ids: Ids) -> dict[str, int]:
    return {noun: client.get(f"/{noun}/{ident}").status_code for noun, ident in ids.items()}


@pytest.mark.parametrize(
    ("noun", "gone"),
    [
        ("documents", {"documents", "reports", "claims", "statements"}),
        ("events", {"events", "reports", "claims"}),
        ("reports", {"reports", "claims"}),
        ("statements", {"statements"}),
        ("utterances", {"utterances"}),
        ("claims", {"claims"}),
    ],
)
def test_deletion_deletes_dependent_records(shared: TestClient, ids: Ids, noun: str, gone: set[str]) -> None:
    answer = shared.delete(f"/{noun}/{ids[noun]}")

    assert (answer.status_code, answer.content) == (204, b"")
    assert {noun for noun, status in read_statuses(shared, ids).items() if status == 410} == gone
    assert {status for noun, status in read_statuses(shared, ids).items() if noun not in gone} == {200}


@pytest.mark.parametrize(
    ("noun", "left", "field"),
    [("events", "statements", "event"), ("utterances", "statements", "utterance_id")],
)
def test_deletion_clears_references_of_other_records(
    shared: TestClient, ids: Ids, noun: str, left: str, field: str
) -> None:
    shared.delete(f"/{noun}/{ids[noun]}")

    record = item(shared, left, ids[left])
    assert (record[field], record["revision"]) == (None, revision(shared))


def test_deletion_of_a_source_with_documents_is_a_409(shared: TestClient, ids: Ids) -> None:
    answer = shared.delete(f"/sources/{ids['sources']}")

    assert (answer.status_code, answer.json()["type"]) == (409, "urn:dateline:problem:in-use")
    assert set(read_statuses(shared, ids).values()) == {200}


def test_deletion_of_a_source_clears_it_from_its_speaker(shared: TestClient, number: int) -> None:
    ids = populate(shared, ["sources", "speakers"], number)

    assert shared.delete(f"/sources/herald-{number}").status_code == 204
    assert item(shared, "speakers", ids["speakers"])["source"] is None


@pytest.mark.parametrize("owner", ["utterances", "statements", "claims", "chain"])
def test_deletion_of_a_referenced_speaker_is_a_409(shared: TestClient, ids: Ids, number: int, owner: str) -> None:
    speaker = make(shared, "speakers", ids, number + 10_000)
    if owner == "chain":
        shared.patch(f"/statements/{ids['statements']}", json={"chain": [{"speaker": speaker}]})
    else:
        field = "attributed_to" if owner == "claims" else "speaker"
        shared.patch(f"/{owner}/{ids[owner]}", json={field: speaker})

    answer = shared.delete(f"/speakers/{speaker}")

    assert (answer.status_code, answer.json()["type"]) == (409, "urn:dateline:problem:in-use")
    assert item(shared, "speakers", speaker)["aliases"] == body_of("speakers", ids, number + 10_000)["aliases"]


def test_refused_deletion_makes_no_revision(shared: TestClient, ids: Ids) -> None:
    at = revision(shared)

    assert shared.delete(f"/speakers/{ids['speakers']}").status_code == 409
    assert revision(shared) == at


def test_id_is_never_reused(shared: TestClient, ids: Ids) -> None:
    shared.delete(f"/claims/{ids['claims']}")

    assert make(shared, "claims", ids) > ids["claims"]


# Documents with their parts


def whole(ids: Mapping[str, int], number: int) -> Body:
    """Return a body of a document with a report of two claims, and two statements with chains."""
    claim = {key: value for key, value in body_of("claims", ids).items() if key != "report"}
    report = {key: value for key, value in body_of("reports", ids).items() if key != "document"}
    statement = {key: value for key, value in body_of("statements", ids).items() if key != "document"}
    second = {"property": "exit", "span": {"exact": "spokesman"}}
    body = body_of("documents", ids, number) | {
        "reports": [report | {"claims": [claim, second]}],
        "statements": [statement, statement | {"span": {"exact": "Talks ended,"}, "chain": statement["chain"] * 2}],
    }
    copied: Body = json.loads(json.dumps(body))
    return copied


def count_records(client: TestClient) -> Body:
    """Return the number of documents and of their parts, and the latest revision."""
    counts = {noun: client.get(f"/{noun}?limit=1&count=exact").json()["count"] for noun in NOUNS[4:]}
    return counts | {"revision": revision(client)}


def test_document_and_its_parts_are_one_revision(shared: TestClient, first: Ids, number: int) -> None:
    at = revision(shared)

    document = shared.post("/documents", json=whole(first, number)).json()

    assert (document["report_count"], document["statement_count"]) == (1, 2)
    assert [
        len(statement["chain"])
        for statement in shared.get(f"/documents/{document['id']}/statements?sort=id").json()["items"]
    ] == [1, 2]
    changes = shared.get(f"/changes?since={at}").json()["items"]
    assert {change["revision"] for change in changes} == {document["revision"]}
    nouns = ["documents", "reports", "statements", "statements", "claims", "claims"]
    assert sorted(change["noun"] for change in changes) == sorted(nouns)


def test_document_has_its_spans_in_order(shared: TestClient, first: Ids, number: int) -> None:
    document = shared.post("/documents", json=whole(first, number)).json()

    spans = [(span["noun"], document["text"][span["start"] : span["end"]]) for span in document["spans"]]
    assert spans == sorted(spans, key=lambda span: document["text"].index(span[1]))
    assert {noun for noun, _ in spans} == {"statements", "cues", "passages", "attributions", "claims"}
    assert spans.count(("attributions", "the agency Rhein reported")) == 3


INVALID: dict[str, Any] = {
    "source": "nobody",
    "supersedes_id": 999_999,
    "reports.0.event": "test:nothing",
    "reports.0.passage": {"exact": "nowhere"},
    "reports.0.claims.0.attributed_to": "nobody",
    "reports.0.claims.1.span": {"exact": "nowhere"},
    "statements.0.span": {"exact": "said"},
    "statements.0.speaker": "nobody",
    "statements.1.event": 999_999,
    "statements.1.utterance": 999_999,
    "statements.1.cue": {"start": 5, "end": 5},
    "statements.1.chain.0.cue": {"exact": "nowhere"},
    "statements.1.chain.1.speaker": "nobody",
    "statements.1.said": "yesterday",
    "statements.1.chain.0.confidence": 2,
}


def test_invalid_nested_field_is_a_422_and_stores_nothing(
    shared: TestClient, first: Ids, number: int, subtests: pytest.Subtests
) -> None:
    before = count_records(shared)
    for path, value in INVALID.items():
        with subtests.test(path):
            body = whole(first, number)
            *steps, last = path.split(".")
            inner: Any = body
            for step in steps:
                inner = inner[int(step) if step.isdigit() else step]
            inner[last] = value

            answer = shared.post("/documents", json=body)

            assert wrong_fields(answer) == [path]
            assert count_records(shared) == before


def test_event_reported_twice_in_a_document_is_a_409(shared: TestClient, first: Ids, number: int) -> None:
    body, before = whole(first, number), count_records(shared)

    answer = shared.post("/documents", json=body | {"reports": body["reports"] * 2})

    assert answer.status_code == 409
    assert count_records(shared) == before


def test_same_document_again_is_a_200_with_the_stored_one(shared: TestClient, first: Ids, number: int) -> None:
    body = whole(first, number)
    made, before = shared.post("/documents", json=body), count_records(shared)

    again = shared.post("/documents", json=body | {"byline": "Somebody else", "reports": [], "statements": []})

    assert (made.status_code, again.status_code) == (201, 200)
    assert again.json() == made.json()
    assert again.headers["Location"] == made.headers["Location"]
    assert count_records(shared) == before


def test_changed_text_at_one_url_is_a_new_document(shared: TestClient, first: Ids, number: int) -> None:
    changed = {
        "url": "https://herald.example/talks/0",
        "text": f"Other words {number}.",
        "supersedes_id": first["documents"],
    }

    new = make(shared, "documents", first, number, **changed)

    assert item(shared, "documents", new)["supersedes_id"] == first["documents"] != new


def test_deletion_of_the_superseded_document_clears_it(shared: TestClient, first: Ids, number: int) -> None:
    old = make(shared, "documents", first, number)
    new = make(shared, "documents", first, number + 10_000, supersedes_id=old)

    shared.delete(f"/documents/{old}")

    assert item(shared, "documents", new)["supersedes_id"] is None


def test_document_superseding_itself_is_a_422(shared: TestClient, first: Ids) -> None:
    document = first["documents"]

    assert wrong_fields(shared.patch(f"/documents/{document}", json={"supersedes_id": document})) == ["supersedes_id"]


def test_url_of_another_document_with_its_text_is_a_409(shared: TestClient, first: Ids, number: int) -> None:
    other = make(shared, "documents", first, number, text=f"{TEXT} 0")

    answer = shared.patch(f"/documents/{other}", json={"url": "https://herald.example/talks/0"})

    assert answer.status_code == 409
    assert item(shared, "documents", other)["url"] == f"https://herald.example/talks/{number}"
