"""``/matches``: what may be one; and what people say of it, and of claims, in ``/review``."""

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode

import pytest
from fastapi.testclient import TestClient
from hypothesis import strategies as st
from sqlmodel import Session, col, delete

from app.core.vocab import CodedBy
from app.database.models import Match
from app.schemas.match import MatchPublic
from app.schemas.review import ReviewPublic
from app.store import revisions
from tests.conftest import Store
from tests.data.lists import items, pages, read
from tests.properties import for_all, shares_a_store

Body = dict[str, Any]

MACHINE: Body = {"coded_by": "machine", "confidence": 0.6}
TEXT = "“We agreed on everything,” Kim said. “All was agreed,” said Kim. 40 ships came. Nobody else spoke."


def post(client: TestClient, path: str, body: Body) -> int:
    answer = client.post(path, json=body)
    assert answer.status_code == 201, answer.text
    return int(answer.json()["id"])


def match(store: Store, one: int, other: int, *, of: str, confidence: float = 0.6) -> int:
    """Add a match that a machine proposes, and return its id."""
    with revisions.write(store.engine, author="tests", message="") as session:
        row = _match(of, min(one, other), max(one, other), coded_by=CodedBy.MACHINE, confidence=confidence)
        session.add(row)
        session.flush()
        return row.id or 0


def _match(of: str, one: int, other: int, **more: Any) -> Match:
    ids: dict[str, Any] = {f"{of.removesuffix('s')}_id": one, f"other_{of.removesuffix('s')}_id": other}
    return Match(**ids, **more)


def judge(client: TestClient, *verdicts: Body) -> Any:
    return client.post("/review", json={"verdicts": verdicts})


def verdict(ident: int, word: str, noun: str = "matches", **more: Any) -> Body:
    return {"noun": noun, "id": ident, "verdict": word} | more


def event(client: TestClient, title: str) -> int:
    return post(client, "/events", {"title": title, "date": "2024-06-17", "type": "consult"})


@pytest.fixture
def statements(writer: TestClient) -> list[int]:
    """Two statements that a machine read, which stand alone until somebody says that they are one."""
    said: list[Body] = [
        {"span": {"exact": words}, "kind": "direct", "speaker": "kim-jong-un", "said": said} | MACHINE
        for words, said in (("We agreed on everything,", "1999-01-02"), ("All was agreed,", "2001-05-06"))
    ]
    post(writer, "/documents", {"source": "meduza", "title": "Ships", "text": TEXT, "statements": said})
    return sorted(statement["id"] for statement in read(writer, "/statements?sort=-id&limit=2")["items"])


# The list


def test_match_of_statements_has_both_sides(writer: TestClient, store: Store, statements: list[int]) -> None:
    ident = match(store, *statements, of="statements")
    shape = read(writer, f"/matches/{ident}")

    assert MatchPublic.model_validate(shape).model_dump(mode="json") == shape
    assert (shape["noun"], shape["same"], shape["confidence"], shape["coded_by"]) == (
        "statements",
        None,
        0.6,
        "machine",
    )
    assert [shape[side]["words"] for side in ("one", "other")] == ["We agreed on everything,", "All was agreed,"]
    assert [read(writer, shape[side]["href"])["id"] for side in ("one", "other")] == statements
    assert shape["one"]["source"]["slug"] == "meduza"
    assert shape["other"]["date"]["edtf"] == "2001-05-06"


def test_match_of_events_has_both_sides(writer: TestClient, store: Store) -> None:
    one, other = event(writer, "Envoys meet"), event(writer, "A meeting of envoys")
    shape = read(writer, f"/matches/{match(store, one, other, of='events')}")

    assert [shape[side]["href"] for side in ("one", "other")] == [f"/events/{one}", f"/events/{other}"]
    assert [shape[side]["words"] for side in ("one", "other")] == ["Envoys meet", "A meeting of envoys"]
    assert shape["one"]["speaker"] is shape["one"]["source"] is None


def test_match_has_history_and_can_be_deleted(writer: TestClient, store: Store, statements: list[int]) -> None:
    ident = match(store, *statements, of="statements")
    before = read(writer, f"/matches/{ident}")
    changes = items(writer, f"/changes?since={before['revision'] - 1}")

    assert [(change["noun"], change["id"]) for change in changes] == [("matches", ident)]
    assert writer.delete(f"/matches/{ident}").status_code == 204
    gone = writer.get(f"/matches/{ident}")
    assert (gone.status_code, gone.json()["detail"]) == (
        410,
        f"The match {ident} was deleted in revision {before['revision'] + 1}.",
    )
    assert read(writer, f"/matches/{ident}?as_of={before['revision']}") == before
    assert [version["operation"] for version in items(writer, f"/matches/{ident}/history")] == ["delete", "create"]


def test_match_is_deleted_with_its_records(writer: TestClient, store: Store, statements: list[int]) -> None:
    ident = match(store, *statements, of="statements")

    assert writer.delete(f"/statements/{statements[1]}").status_code == 204
    assert writer.get(f"/matches/{ident}").status_code == 410


Pair = tuple[str, int, int, bool | None, float | None]

pairs = st.lists(
    st.tuples(
        st.sampled_from(["events", "statements"]),
        st.integers(1, 6),
        st.integers(1, 6),
        st.none() | st.booleans(),
        st.none() | st.sampled_from([0.2, 0.5, 0.9]),
    ).filter(lambda pair: pair[1] < pair[2]),
    unique_by=lambda pair: pair[:3],
    max_size=6,
)
filters = st.fixed_dictionaries(
    {},
    optional={
        "noun": st.sampled_from(["events", "statements", "events,statements"]),
        "same": st.sampled_from(["true", "false", "unknown", "false,unknown"]),
        "event": st.sampled_from(["1", "2,3"]),
        "statement": st.sampled_from(["1", "2,3"]),
        "min_confidence": st.just("0.5"),
    },
)


def fill(session: Session, pairs: Sequence[Pair]) -> None:
    session.exec(delete(Match).where(col(Match.id) > 0))
    for noun, one, other, same, confidence in pairs:
        session.add(_match(noun, one, other, same=same, confidence=confidence))


@pytest.mark.expensive("tries many random sequences")
@shares_a_store
@for_all(generated=pairs, query=filters, limit=st.integers(1, 4))
def test_filters_equal_a_recount(
    client: TestClient, store: Store, generated: list[Pair], query: dict[str, str], limit: int
) -> None:
    with revisions.write(store.engine, author="tests", message="") as session:
        fill(session, generated)
        session.draw_revision()
    address = f"/matches?{urlencode(query)}"
    page = read(client, f"{address}&limit=500&count=exact")
    listed = [(item["noun"], item["one"]["id"], item["other"]["id"]) for item in page["items"]]

    assert sorted(listed) == sorted(pair[:3] for pair in generated if is_asked_for(pair, query))
    assert page["count"] == len(listed)
    assert [item for page in pages(client, f"{address}&limit={limit}") for item in page] == page["items"]


def is_asked_for(pair: Pair, query: dict[str, str]) -> bool:
    noun, one, other, same, confidence = pair
    filters = {name: text.split(",") for name, text in query.items()}
    return (
        noun in filters.get("noun", [noun])
        and {True: "true", False: "false", None: "unknown"}[same] in filters.get("same", ["true", "false", "unknown"])
        and all(
            noun == f"{of}s" and {str(one), str(other)} & set(filters[of])
            for of in ("event", "statement")
            if of in filters
        )
        and (1.0 if confidence is None else confidence) >= float(query.get("min_confidence", 0))
    )


def test_matches_as_csv(writer: TestClient, store: Store, statements: list[int]) -> None:
    match(store, *statements, of="statements")
    header, row, *_ = writer.get("/matches?format=csv").text.splitlines()

    assert header.startswith("id,noun,one_id,one_href,one_words,one_date_edtf")
    assert f",/statements/{statements[1]}," in row


# Review


def test_queued_match_has_its_context(writer: TestClient, store: Store, statements: list[int]) -> None:
    ident = match(store, *statements, of="statements")
    [item] = items(writer, "/review?noun=matches")

    assert ReviewPublic.model_validate(item).model_dump(mode="json") == item
    assert (item["id"], item["kind"], item["href"]) == (ident, "statements", f"/matches/{ident}")
    assert (item["span"]["exact"], item["other"]["words"]) == ("We agreed on everything,", "All was agreed,")
    assert (item["document"]["title"], item["speaker"]["slug"]) == ("Ships", "kim-jong-un")


def test_queued_matches_filter_by_either_document(writer: TestClient, store: Store, statements: list[int]) -> None:
    early = read(writer, "/statements?sort=id&limit=1")["items"][0]
    of_statements = match(store, early["id"], statements[0], of="statements")
    of_events = match(store, 1, event(writer, "A signing"), of="events")

    def find_ids(query: str) -> set[int]:
        return {item["id"] for item in items(writer, f"/review?noun=matches&{query}")}

    assert find_ids("source=meduza") == {of_statements, of_events}
    assert find_ids(f"document={early['document']['id']}") >= {of_statements}
    assert find_ids("source=tass") == set()
    assert find_ids("max_confidence=0.5") == set()


def test_confirmed_match_joins_statements(writer: TestClient, store: Store, statements: list[int]) -> None:
    ident = match(store, *statements, of="statements")

    assert judge(writer, verdict(ident, "confirm")).json()["confirmed_count"] == 1
    one, other = (read(writer, f"/statements/{statement}") for statement in statements)
    assert one["utterance_id"] == other["utterance_id"] is not None
    assert read(writer, f"/utterances/{one['utterance_id']}")["statement_ids"] == statements
    settled = read(writer, f"/matches/{ident}")
    assert (settled["same"], settled["coded_by"], settled["confidence"]) == (True, "human", None)
    assert items(writer, "/review?noun=matches") == []


def test_confirmed_match_merges_the_smaller_event(writer: TestClient, store: Store) -> None:
    larger, smaller = 1, event(writer, "A signing")
    text = {"source": "meduza", "title": "A signing", "text": "They signed.", "reports": [{"event": smaller}]}
    post(writer, "/documents", text)
    ident = match(store, larger, smaller, of="events")

    assert judge(writer, verdict(ident, "confirm")).status_code == 200
    assert read(writer, f"/events/{smaller}")["merged_into_id"] == larger
    assert "A signing" in {
        document["title"]
        for outlet in items(writer, f"/events/{larger}/sources")
        for document in outlet["reporting_documents"]
    }
    assert read(writer, f"/matches/{ident}")["same"] is True


def test_chained_matches_can_be_confirmed_together(writer: TestClient, store: Store) -> None:
    one, two, three = (event(writer, title) for title in ("Talks", "Talks begin", "Talks are held"))
    chain = [match(store, one, two, of="events"), match(store, two, three, of="events")]

    assert judge(writer, *(verdict(match_id, "confirm") for match_id in chain)).json()["confirmed_count"] == 2
    assert [read(writer, f"/events/{item}")["merged_into_id"] for item in (one, two, three)] == [None, one, one]


def test_rejected_match_is_remembered(writer: TestClient, store: Store, statements: list[int]) -> None:
    ident = match(store, *statements, of="statements")
    before = [read(writer, f"/statements/{statement}") for statement in statements]

    assert judge(writer, verdict(ident, "reject")).json()["rejected_count"] == 1
    settled = read(writer, f"/matches/{ident}")
    assert (settled["same"], settled["coded_by"]) == (False, "human")
    assert [read(writer, f"/statements/{statement}") for statement in statements] == before
    assert items(writer, "/review?noun=matches") == items(writer, "/rejections") == []
    assert judge(writer, verdict(ident, "confirm")).status_code == 409


def test_match_is_deleted_with_a_rejected_statement(writer: TestClient, store: Store, statements: list[int]) -> None:
    ident = match(store, *statements, of="statements")
    rejected = verdict(statements[0], "reject", "statements")

    assert judge(writer, verdict(ident, "reject"), rejected).status_code == 409
    assert judge(writer, rejected).status_code == 200
    assert writer.get(f"/matches/{ident}").status_code == 410


@pytest.mark.parametrize(
    ("more", "field"),
    [({"verdict": "correct"}, "verdict"), ({"changes": {"same": True}}, "changes"), ({"id": 999_999}, "id")],
)
def test_match_cannot_be_corrected(writer: TestClient, more: Body, field: str) -> None:
    response = judge(writer, verdict(1, "confirm") | more)

    assert response.status_code == 422
    assert [error["field"] for error in response.json()["errors"]] == [f"verdicts.0.{field}"]


@pytest.fixture
def claim(writer: TestClient) -> int:
    """Add a claim that a machine found, and return its id."""
    value = {"property": "ships", "span": {"exact": "40 ships"}, "normalized": "40", "unit": "ship"} | MACHINE
    report = {"event": event(writer, "Ships come"), "claims": [value]}
    post(writer, "/documents", {"source": "meduza", "title": "Ships", "text": TEXT, "reports": [report]})
    [created] = items(writer, "/claims?property=ships")
    return int(created["id"])


def test_queued_claim_has_its_context(writer: TestClient, claim: int) -> None:
    [item] = items(writer, "/review?noun=claims")

    assert ReviewPublic.model_validate(item).model_dump(mode="json") == item
    assert (item["id"], item["kind"], item["href"]) == (claim, "ships", f"/claims/{claim}")
    assert (item["span"]["exact"], item["normalized"], item["unit"]) == ("40 ships", "40", "ship")
    assert (item["event"]["title"], item["source"]["slug"]) == ("Ships come", "meduza")
    assert items(writer, "/review?noun=claims&source=tass") == []
    assert items(writer, f"/review?noun=claims&document={item['document']['id']}") == [item]


def test_claim_can_be_confirmed_corrected_and_rejected(writer: TestClient, claim: int) -> None:
    corrected = verdict(claim, "correct", "claims", changes={"unit": "vessel"})

    assert judge(writer, corrected).json()["corrected_count"] == 1
    result = read(writer, f"/claims/{claim}")
    assert (result["unit"], result["coded_by"], result["confidence"]) == ("vessel", "human", None)
    assert judge(writer, verdict(claim, "confirm", "claims")).status_code == 409

    writer.patch(f"/claims/{claim}", json=MACHINE)
    assert judge(writer, verdict(claim, "reject", "claims")).json()["rejected_count"] == 1
    assert writer.get(f"/claims/{claim}").status_code == 410
    [rejection] = items(writer, "/rejections")
    assert (rejection["noun"], rejection["words"]) == ("claims", "ships: 40 ships")
