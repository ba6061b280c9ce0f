"""``/review`` and ``/rejections``: what people say of a machine's findings, and that it holds."""

from typing import Any

import pytest
from fastapi.testclient import TestClient

from app.core.vocab import Noun
from app.database.engine import open_read_transaction
from app.database.models import Document
from app.store import rejections
from tests.conftest import Store
from tests.data.lists import items, pages, read

Body = dict[str, Any]

MACHINE = {"coded_by": "machine"}
TEXT = (
    "Envoys met in Bern on Monday. “Talks begin at noon,” Anna Berg said, the agency Rhein reported. "
    "“We shall see,” she added. Forty people came, a spokesman told Rhein. “No comment,” said Monday."
)


def statement(words: str, speaker: str | None, confidence: float | None, **more: Any) -> Body:
    return {"span": {"exact": words}, "kind": "direct", "speaker": speaker, "confidence": confidence} | MACHINE | more


def post(client: TestClient, path: str, body: Body) -> Body:
    answer = client.post(path, json=body)
    assert answer.status_code == 201, answer.text
    result: Body = answer.json()
    return result


def article(text: str = TEXT, **more: Any) -> Body:
    return {"source": "meduza", "url": "https://example.org/talks", "title": "Talks in Bern", "text": text} | more


@pytest.fixture
def desk(writer: TestClient) -> TestClient:
    """HTTP to a store with what a machine read in one article: an event, a report, three speakers, four statements."""
    for name, slug, sure in (("Anna Berg", "berg", 0.7), ("Rhein", "rhein", 0.8), ("Monday", "monday", 0.3)):
        kind = "organization" if slug == "rhein" else "person"
        post(writer, "/speakers", {"name": name, "slug": slug, "kind": kind, "confidence": sure} | MACHINE)
    event = {"title": "Envoys meet", "date": "2024-06-17", "type": "consult", "external_id": "test:1"}
    post(writer, "/events", event | MACHINE | {"confidence": 0.4})
    cued = statement("Talks begin at noon,", "berg", 0.9, cue={"exact": "said", "prefix": "Berg "}, event="test:1") | {
        "chain": [{"speaker": "monday"}, {"speaker": "rhein", "cue": {"exact": "reported"}}]
    }
    reports = [{"event": "test:1", "passage": {"exact": "Envoys met in Bern"}, "confidence": 0.5} | MACHINE]
    said = [cued, statement("We shall see,", "berg", 0.6), statement("Forty people came", None, None)]
    post(writer, "/documents", article(reports=reports, statements=[*said, statement("No comment,", "monday", 0.2)]))
    return writer


def list_queue(client: TestClient, **parameters: Any) -> list[tuple[str, str]]:
    """Noun and words of what is to be reviewed; of a speaker the name."""
    listed = client.get("/review", params=parameters)
    assert listed.status_code == 200, listed.text
    return [(item["noun"], _called(item)) for item in listed.json()["items"]]


def _called(item: Body) -> str:
    return str(item["speaker"]["name"] if item["noun"] == "speakers" else item["span"]["exact"])


def ids(client: TestClient, noun: str, **parameters: Any) -> dict[str, int]:
    """Return the ids of a noun's items in the review queue, by words or names."""
    return {_called(item): item["id"] for item in client.get(f"/review?noun={noun}").json()["items"]}


def judge(client: TestClient, *verdicts: Body, **options: Any) -> Any:
    return client.post("/review", json={"verdicts": verdicts}, **options)


IN_ORDER = [
    ("statements", "No comment,"),
    ("speakers", "Monday"),
    ("events", "Envoys met in Bern"),
    ("reports", "Envoys met in Bern"),
    ("statements", "We shall see,"),
    ("speakers", "Anna Berg"),
    ("speakers", "Rhein"),
    ("statements", "Talks begin at noon,"),
    ("statements", "Forty people came"),  # of which nobody knows how sure it is
]


def test_queue_is_least_confident_first(desk: TestClient) -> None:
    assert list_queue(desk) == IN_ORDER
    assert list_queue(desk, sort="-confidence") == IN_ORDER[::-1]
    assert [(item["noun"], _called(item)) for page in pages(desk, "/review?limit=2") for item in page] == IN_ORDER
    backwards = [item for page in pages(desk, "/review?sort=-confidence&limit=4") for item in page]
    assert [(backward["noun"], _called(backward)) for backward in backwards] == IN_ORDER[::-1]
    assert read(desk, "/review?count=exact&limit=1")["count"] == len(IN_ORDER)


def test_filter_selects_items(desk: TestClient) -> None:
    document = read(desk, "/documents?sort=-id&limit=1")["items"][0]["id"]

    assert list_queue(desk, noun="events,speakers") == [item for item in IN_ORDER if item[0] in ("events", "speakers")]
    assert list_queue(desk, max_confidence=0.3) == IN_ORDER[:2]
    assert list_queue(desk, min_confidence=0.8) == IN_ORDER[6:8]
    assert list_queue(desk, min_confidence=0.35, max_confidence=0.5) == IN_ORDER[2:4]
    assert list_queue(desk, source="meduza") == list_queue(desk, document=document) == IN_ORDER
    assert list_queue(desk, source="tass") == list_queue(desk, document=1) == list_queue(desk, document=10**40) == []


@pytest.mark.parametrize(
    ("query", "parameter"),
    [("noun=sources", "noun"), ("min_confidence=2", "min_confidence"), ("document=x", "document"), ("sort=id", "sort")],
)
def test_malformed_filter_is_422_naming_it(reader: TestClient, query: str, parameter: str) -> None:
    response = reader.get(f"/review?{query}")

    assert response.status_code == 422
    assert [error["field"] for error in response.json()["errors"]] == [parameter]


def test_queue_item_has_its_context(desk: TestClient) -> None:
    said, person, event = (
        next(item for item in items(desk, "/review") if (item["noun"], _called(item)) == key)
        for key in (IN_ORDER[7], IN_ORDER[6], IN_ORDER[2])
    )

    assert said["span"]["prefix"] == "Envoys met in Bern on Monday. “"
    assert (said["speaker"]["slug"], said["cue"]["exact"], said["source"]["slug"]) == ("berg", "said", "meduza")
    assert [hop["speaker"]["slug"] for hop in said["chain"]] == ["monday", "rhein"]
    assert (said["document"]["title"], said["event"]["title"]) == ("Talks in Bern", "Envoys meet")
    assert read(desk, said["href"])["revision"] == said["revision"]
    # A speaker that has only relayed is shown by what it relayed; an event by the passage that reports it.
    assert (person["kind"], person["span"]["exact"]) == ("organization", "Talks begin at noon,")
    assert (event["kind"], event["document"]["title"], event["chain"]) == ("consult", "Talks in Bern", [])


def test_confirmed_or_corrected_record_is_human(desk: TestClient) -> None:
    said, people, events = ids(desk, "statements"), ids(desk, "speakers"), ids(desk, "events")
    before = read(desk, f"/statements/{said['No comment,']}")
    correction = {"speaker": "berg", "kind": "mixed", "chain": []}

    answer = judge(
        desk,
        {"noun": "statements", "id": said["No comment,"], "verdict": "confirm", "if_revision": before["revision"]},
        {"noun": "statements", "id": said["Talks begin at noon,"], "verdict": "correct", "changes": correction},
        {"noun": "speakers", "id": people["Rhein"], "verdict": "correct", "changes": {"aliases": ["agency Rhein"]}},
        {"noun": "events", "id": events["Envoys met in Bern"], "verdict": "confirm"},
    )

    assert answer.status_code == 200
    made = answer.json()["revision"]
    assert answer.json() == {"confirmed_count": 2, "corrected_count": 2, "rejected_count": 0, "revision": made}
    statement = read(desk, f"/statements/{said['No comment,']}")
    assert statement == before | {"coded_by": "human", "confidence": None, "revision": made}
    statement = read(desk, f"/statements/{said['Talks begin at noon,']}")
    assert (statement["kind"], statement["chain"], statement["coded_by"], statement["confidence"]) == (
        "mixed",
        [],
        "human",
        None,
    )
    assert read(desk, "/speakers/rhein")["aliases"] == ["agency Rhein"]
    assert [item[1] for item in list_queue(desk, noun="statements")] == ["We shall see,", "Forty people came"]


def test_rejected_record_is_deleted_and_remembered(desk: TestClient, store: Store) -> None:
    said, event = ids(desk, "statements"), ids(desk, "events")["Envoys met in Bern"]

    answer = judge(
        desk,
        {"noun": "statements", "id": said["We shall see,"], "verdict": "reject"},
        {"noun": "events", "id": event, "verdict": "reject"},
    )

    assert (answer.status_code, answer.json()["rejected_count"]) == (200, 2)
    assert desk.get(f"/statements/{said['We shall see,']}").status_code == 410
    assert desk.get(f"/events/{event}").status_code == 410
    assert list_queue(desk, noun="reports") == []
    assert read(desk, f"/statements/{said['Talks begin at noon,']}")["event"] is None
    rejections = items(desk, "/rejections")
    assert [(item["noun"], item["words"]) for item in rejections] == [
        ("events", "envoys met in bern"),
        ("statements", "we shall see,"),
    ]
    assert {item["document"]["title"] for item in rejections} == {"Talks in Bern"}


def covered(store: Store, document: int, noun: Noun, words: str, start: int | None = None) -> bool:
    """Return True if the store rejects these words of the document for extractors."""
    with open_read_transaction(store.engine) as session:
        row = session.get_one(Document, document)
        at = row.text.index(words) if start is None else start
        return rejections.get_rejected(session, row).covers(noun, at, at + len(words), words)


def test_rejection_holds_for_every_document_version(desk: TestClient, store: Store) -> None:
    first = read(desk, "/documents?sort=-id&limit=1")["items"][0]["id"]
    later = post(desk, "/documents", article(f"Corrected. {TEXT.replace('Forty', 'Fifty')}"))["id"]
    tied = post(desk, "/documents", {"source": "tass", "text": f"{TEXT} (Rhein)", "supersedes_id": later})["id"]
    other = post(desk, "/documents", {"source": "meduza", "title": "Another", "text": f"{TEXT} Again."})["id"]
    said = ids(desk, "statements")["We shall see,"]
    report = ids(desk, "reports")["Envoys met in Bern"]

    judge(
        desk,
        {"noun": "statements", "id": said, "verdict": "reject"},
        {"noun": "reports", "id": report, "verdict": "reject"},
    )

    # In the same text by its place, exactly or nearly; in other versions by its words.
    assert covered(store, first, Noun.STATEMENTS, "We shall see,")
    assert covered(store, first, Noun.STATEMENTS, "“We shall see,” she added")
    assert covered(store, first, Noun.STATEMENTS, "shall see")
    assert not covered(store, first, Noun.STATEMENTS, "see,")
    assert not covered(store, first, Noun.STATEMENTS, "Talks begin at noon,")
    assert not covered(store, first, Noun.SPEAKERS, "We shall see,")
    assert covered(store, later, Noun.STATEMENTS, "We shall see,")
    assert not covered(store, later, Noun.STATEMENTS, "shall see")
    assert covered(store, tied, Noun.STATEMENTS, "We shall see,")
    assert not covered(store, other, Noun.STATEMENTS, "We shall see,")
    # A report is found with its event: neither comes back.
    assert covered(store, first, Noun.EVENTS, "Envoys met in Bern on Monday.")


def test_event_without_passage_is_rejected_in_whole_document(desk: TestClient, store: Store) -> None:
    document = read(desk, "/documents?sort=-id&limit=1")["items"][0]["id"]
    event = post(desk, "/events", {"title": "No event", "date": "2024", "type": "aid"} | MACHINE)["id"]
    post(desk, "/reports", {"event": event, "document": document} | MACHINE)

    assert judge(desk, {"noun": "events", "id": event, "verdict": "reject"}).status_code == 200

    assert covered(store, document, Noun.EVENTS, "Forty people came")
    assert not covered(store, document, Noun.STATEMENTS, "Forty people came")


def test_rejected_speaker_leaves_statements_and_chains(desk: TestClient, store: Store) -> None:
    said, monday = ids(desk, "statements"), ids(desk, "speakers")["Monday"]
    report = ids(desk, "reports")["Envoys met in Bern"]
    claim = {"report": report, "property": "people", "span": {"exact": "Forty"}, "attributed_to": "monday"}
    claimed = post(desk, "/claims", claim)["id"]
    uttered = post(desk, "/utterances", {"speaker": "monday"})["id"]

    assert judge(desk, {"noun": "speakers", "id": monday, "verdict": "reject"}).status_code == 200

    assert desk.get("/speakers/monday").status_code == 410
    assert read(desk, f"/statements/{said['No comment,']}")["speaker"] is None
    chain = read(desk, f"/statements/{said['Talks begin at noon,']}")["chain"]
    assert [(hop["position"], hop["speaker"]["slug"]) for hop in chain] == [(0, "rhein")]
    assert read(desk, f"/claims/{claimed}")["attributed_to"] is None
    assert read(desk, f"/utterances/{uttered}")["speaker"] is None
    with open_read_transaction(store.engine) as session:
        assert rejections.is_rejected_speaker(session, "MONDAY")
        assert not rejections.is_rejected_speaker(session, "Tuesday")


def test_rejection_can_be_deleted(desk: TestClient, store: Store) -> None:
    judge(desk, {"noun": "speakers", "id": ids(desk, "speakers")["Monday"], "verdict": "reject"})
    listed = desk.get("/rejections")
    [rejection] = listed.json()["items"]

    assert desk.delete(f"/rejections/{rejection['id']}").status_code == 204

    assert desk.get("/rejections", headers={"If-None-Match": listed.headers["ETag"]}).json()["items"] == []
    assert desk.delete(f"/rejections/{rejection['id']}").status_code == 404
    with open_read_transaction(store.engine) as session:
        assert not rejections.is_rejected_speaker(session, "Monday")


def test_one_invalid_verdict_undoes_all_and_is_named(desk: TestClient) -> None:
    said = ids(desk, "statements")
    fine = {"noun": "statements", "id": said["No comment,"], "verdict": "confirm"}
    human = read(desk, "/statements?coded_by=human&limit=1")["items"][0]["id"]
    report, event = ids(desk, "reports")["Envoys met in Bern"], ids(desk, "events")["Envoys met in Bern"]
    lost = {"noun": "statements", "id": said["We shall see,"], "verdict": "correct"}
    wrong: list[tuple[list[Body], int, str]] = [
        ([fine, {"noun": "statements", "id": 999_999, "verdict": "reject"}], 422, "verdicts.1.id"),
        ([fine, {"noun": "statements", "id": human, "verdict": "confirm"}], 409, "verdicts.1.id"),
        ([fine, {"noun": "statements", "id": human, "verdict": "reject"}], 409, "verdicts.1.id"),
        ([fine, fine], 422, "verdicts.1.id"),
        ([fine, {"noun": "events", "id": event, "verdict": "reject", "if_revision": 1}], 412, "verdicts.1.id"),
        ([fine, lost | {"changes": {"speaker": "nobody"}}], 422, "verdicts.1.changes.speaker"),
        ([fine, lost | {"changes": {"span": {"exact": "never said"}}}], 422, "verdicts.1.changes.span"),
        ([fine, lost | {"changes": {"type": "aid"}}], 422, "verdicts.1.changes.type"),
        ([fine, lost], 422, "verdicts.1"),
        ([fine | {"changes": {}}], 422, "verdicts.0"),
        ([fine, {"noun": "sources", "id": 1, "verdict": "confirm"}], 422, "verdicts.1"),
        ([fine, {"noun": "events", "id": 1, "verdict": "maybe"}], 422, "verdicts.1.verdict"),
        ([], 422, "verdicts"),
        (
            [
                {"noun": "reports", "id": report, "verdict": "confirm"},
                {"noun": "events", "id": event, "verdict": "reject"},
            ],
            409,
            "verdicts.0.id",
        ),
    ]
    before = desk.get("/revisions?limit=1").headers["Dateline-Revision"]

    for verdicts, status, field in wrong:
        answer = judge(desk, *verdicts)
        assert (answer.status_code, [error["field"] for error in answer.json()["errors"]]) == (status, [field])

    assert desk.get("/revisions?limit=1").headers["Dateline-Revision"] == before
    assert list_queue(desk) == IN_ORDER
    assert items(desk, "/rejections") == []


def test_event_and_report_can_be_rejected_together(desk: TestClient) -> None:
    report, event = ids(desk, "reports")["Envoys met in Bern"], ids(desk, "events")["Envoys met in Bern"]

    answer = judge(
        desk, *({"noun": n, "id": i, "verdict": "reject"} for n, i in (("events", event), ("reports", report)))
    )

    assert (answer.status_code, answer.json()["rejected_count"]) == (200, 2)
    assert [item["noun"] for item in items(desk, "/rejections")] == ["reports"]


def test_repeated_review_is_idempotent(desk: TestClient) -> None:
    verdict = {"noun": "statements", "id": ids(desk, "statements")["No comment,"], "verdict": "reject"}
    key = {"Idempotency-Key": "once"}

    first, second = (judge(desk, verdict, headers=key) for _ in range(2))

    assert (first.status_code, first.json()) == (second.status_code, second.json()) == (200, first.json())
    assert len(items(desk, "/rejections")) == 1


def test_review_without_key_is_401(reader: TestClient) -> None:
    assert judge(reader, {"noun": "events", "id": 1, "verdict": "confirm"}).status_code == 401


def test_change_by_a_person_makes_record_human(desk: TestClient) -> None:
    said, people = ids(desk, "statements"), ids(desk, "speakers")

    changed = desk.patch(f"/statements/{said['No comment,']}", json={"kind": "mixed"}).json()
    chained = desk.patch(f"/statements/{said['Talks begin at noon,']}", json={"chain": []}).json()
    sure = desk.patch(f"/speakers/{people['Rhein']}", json={"title": "Agency", "confidence": 0.9}).json()
    machines = desk.patch(f"/speakers/{people['Anna Berg']}", json={"title": "Envoy", "coded_by": "machine"}).json()
    nothing = desk.patch(f"/speakers/{people['Monday']}", json={}).json()
    again = desk.patch(f"/speakers/{people['Rhein']}", json={"title": "News agency"}).json()

    assert [
        (match_id["coded_by"], match_id["confidence"])
        for match_id in (changed, chained, sure, machines, nothing, again)
    ] == [
        ("human", None),
        ("human", None),
        ("human", 0.9),
        ("machine", 0.7),
        ("machine", 0.3),
        ("human", 0.9),
    ]


def test_statements_filter_by_coder_and_confidence(desk: TestClient) -> None:
    def words(query: str) -> set[str]:
        return {statement["text"] for statement in desk.get(f"/statements?limit=500&{query}").json()["items"]}

    machines = words("coded_by=machine")
    everything = words("")

    assert machines == {"Talks begin at noon,", "We shall see,", "Forty people came", "No comment,"}
    assert words("coded_by=human,import") == everything - machines
    assert words("coded_by=machine&min_confidence=0.7") == {"Talks begin at noon,", "Forty people came"}
    assert words("min_confidence=0.7") == everything - {"We shall see,", "No comment,"}
    assert desk.get("/statements?coded_by=robot").status_code == 422
