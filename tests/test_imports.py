"""JSON lines in bulk: ``POST /imports``, and what becomes of each line."""

import gzip
import http.client
import json
import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi.testclient import TestClient
from httpx2 import Response
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from typer.testing import Result

from app.core.vocab import Scope
from app.main import create_app
from tests.conftest import Store, settings_for
from tests.properties import for_all
from tests.test_cli import Dateline, dateline, serving

__all__ = ["dateline"]  # the fixture

Line = dict[str, Any]

TEXT = "“We will not move,” the minister said on Monday. Twelve people were hurt."


def event(number: int = 1, **fields: Any) -> Line:
    body = {"title": f"Event {number}", "date": "2024-06-19", "type": "consult", "external_id": f"test:{number}"}
    return {"event": body | fields}


SOURCE: Line = {"source": {"name": "The Herald", "kind": "newspaper", "aliases": ["herald.example"]}}
SPEAKER: Line = {"speaker": {"name": "A. Minister", "slug": "minister", "kind": "person"}}
UTTERANCE: Line = {"utterance": {"speaker": "minister", "said": "2024-06-17", "external_id": "test:u"}}
DOCUMENT: Line = {
    "document": {
        "source": "the-herald",
        "text": TEXT,
        "title": "The minister speaks",
        "published": "2024-06-18",
        "reports": [
            {"event": "test:1", "claims": [{"property": "injured", "span": {"exact": "Twelve"}, "normalized": "12"}]}
        ],
        "statements": [
            {
                "speaker": "minister",
                "kind": "direct",
                "span": {"exact": "We will not move,"},
                "cue": {"exact": "said"},
                "utterance": "test:u",
                "event": "test:1",
            }
        ],
    }
}
STORY = [SOURCE, SPEAKER, event(), UTTERANCE, DOCUMENT]


def body(lines: list[Any]) -> bytes:
    return b"".join((line if isinstance(line, bytes) else json.dumps(line).encode()) + b"\n" for line in lines)


def send(writer: TestClient, lines: list[Any], **query: Any) -> dict[str, Any]:
    response = writer.post("/imports", content=body(lines), params=query)
    assert response.status_code == 200, response.text
    result: dict[str, Any] = response.json()
    return result


def outcomes(result: dict[str, Any]) -> dict[str, int]:
    """Return the outcomes that are not 0."""
    names = ("taken", "changed", "unchanged", "waiting", "skipped", "rejected")
    return {name: result[f"{name}_count"] for name in names if result[f"{name}_count"]}


def reports(response: Response) -> list[dict[str, Any]]:
    assert response.headers["Content-Type"].startswith("application/jsonl")
    return [json.loads(line) for line in response.text.splitlines()]


def count(client: TestClient, noun: str) -> int:
    number: int = client.get(f"/{noun}?count=exact&limit=1").json()["count"]
    return number


# What is taken


def test_every_kind_of_line_is_taken_as_by_its_own_post(empty_writer: TestClient) -> None:
    result = send(empty_writer, STORY, message="The Herald of 18 June")

    assert outcomes(result) == {"taken": 5}
    assert (result["state"], result["line_count"], result["problems"]) == ("finished", 5, [])
    [statement] = empty_writer.get("/statements?speaker=minister").json()["items"]
    assert (statement["text"], statement["source"]["slug"]) == ("We will not move,", "the-herald")
    [outlet] = empty_writer.get("/events/1").json()["sources"]
    assert outlet == {
        "slug": "the-herald",
        "name": "The Herald",
        "document_count": 1,
        "first_published_on": "2024-06-18",
    }
    [claim] = empty_writer.get("/claims?property=injured").json()["items"]
    assert claim["value"] == "Twelve"
    [revision] = empty_writer.get("/revisions").json()["items"]
    assert (revision["id"], revision["message"]) == (result["revision"], "The Herald of 18 June")


def test_parts_of_stored_document_are_added_by_its_id(empty_writer: TestClient) -> None:
    send(empty_writer, [SOURCE, SPEAKER, event(), {"document": {"source": "the-herald", "text": TEXT}}])
    parts: list[Line] = [
        {"report": {"document": 1, "event": "test:1"}},
        {"statement": {"document": 1, "speaker": "minister", "kind": "direct", "span": {"start": 1, "end": 18}}},
        {"claim": {"report": 1, "property": "injured", "span": {"exact": "Twelve"}}},
    ]

    assert outcomes(send(empty_writer, parts)) == {"taken": 3}
    assert outcomes(send(empty_writer, parts)) == {"unchanged": 3}
    assert [count(empty_writer, noun) for noun in ("reports", "statements", "claims")] == [1, 1, 1]


def test_what_is_sent_again_changes_nothing(empty_writer: TestClient) -> None:
    send(empty_writer, STORY)
    before = empty_writer.get("/revisions").json()["items"]

    result = send(empty_writer, [*STORY, *STORY])

    assert outcomes(result) == {"unchanged": 10}
    assert result["revision"] is None
    assert empty_writer.get("/revisions").json()["items"] == before


def test_what_stands_twice_in_one_body_is_taken_once(empty_writer: TestClient) -> None:
    assert outcomes(send(empty_writer, [*STORY, *STORY])) == {"taken": 5, "unchanged": 5}
    assert count(empty_writer, "documents") == count(empty_writer, "events") == 1


def test_later_line_changes_record_of_earlier_line(empty_writer: TestClient) -> None:
    assert outcomes(send(empty_writer, [event(), event(title="Another")])) == {"taken": 1, "changed": 1}
    assert empty_writer.get("/events/1").json()["title"] == "Another"


def test_lines_without_a_key_are_recognized_by_their_names(empty_writer: TestClient) -> None:
    namesake: Line = {"source": {"name": "The-Herald", "kind": "online"}}
    unnumbered: Line = {"event": {"title": "A flood", "date": "2024-06", "type": "aid"}}

    first = send(empty_writer, [SOURCE, namesake, unnumbered])
    again = send(empty_writer, [SOURCE, namesake, unnumbered, event(title="A flood", date="2024-06")])

    assert (outcomes(first), outcomes(again)) == ({"taken": 3}, {"unchanged": 3, "taken": 1})
    assert {item["slug"] for item in empty_writer.get("/sources").json()["items"]} == {"the-herald", "the-herald-2"}


# What is changed, and what is not


def test_fields_that_differ_are_changed_and_the_others_left(empty_writer: TestClient) -> None:
    send(empty_writer, [event(place="Geneva"), SOURCE, SPEAKER, UTTERANCE])
    changes = [
        event(title="Another", date="2024-06"),
        {"source": {"name": "The Herald", "kind": "online", "aliases": ["herald.example", "The Daily Herald"]}},
        {"speaker": {"slug": "minister", "name": "A. Minister", "kind": "person", "source": "the-herald"}},
        {"utterance": {"external_id": "test:u", "said": "2024-06-16"}},
    ]

    result = send(empty_writer, changes)

    assert outcomes(result) == {"changed": 4}
    updated = empty_writer.get("/events/1").json()
    assert (updated["title"], updated["date"]["latest"], updated["place"]["name"]) == (
        "Another",
        "2024-06-30",
        "Geneva",
    )
    source = empty_writer.get("/sources/the-herald").json()
    assert (source["kind"], source["aliases"]) == ("online", ["herald.example", "The Daily Herald"])
    assert empty_writer.get("/speakers/minister").json()["source"]["slug"] == "the-herald"
    said = empty_writer.get("/utterances/1").json()
    assert (said["said"]["edtf"], said["speaker"]["slug"]) == ("2024-06-16", "minister")
    versions = empty_writer.get("/events/1/history").json()["items"]
    assert [version["snapshot"]["title"] for version in versions] == ["Another", "Event 1"]


@pytest.mark.parametrize("coded_by", ["machine", "import"])
def test_what_a_person_has_read_is_changed_by_persons_alone(empty_writer: TestClient, coded_by: str) -> None:
    send(empty_writer, [event()])

    result = send(empty_writer, [event(title="Another", coded_by=coded_by), event(2, coded_by=coded_by)])

    assert outcomes(result) == {"taken": 1, "skipped": 1}
    [problem] = result["problems"]
    assert (problem["line"], problem["field"]) == (1, None)
    assert "a person" in problem["detail"]
    assert result["count_by_reason"] == {f"skipped: {problem['detail']}": 1}
    assert empty_writer.get("/events/1").json()["title"] == "Event 1"
    assert outcomes(send(empty_writer, [event(2, title="Another")])) == {"changed": 1}


# What is wrong


WRONG: list[tuple[Any, str | None, str]] = [
    (b"{", None, "not valid JSON"),
    (b'{"event": {"title": "\xff"}}', None, "not valid JSON"),
    (b"[" * 100_000, None, "not valid JSON"),
    (b"17", None, "one key of: source,"),
    (b"{}", None, "one key of: source,"),
    ({"colour": {}}, None, "one key of: source,"),
    ({**event(), **SOURCE}, None, "one key of: source,"),
    ({"event": 17}, "event", "valid dictionary"),
    (event(date="2024-02-30"), "event.date", "calendar"),
    (event(colour="red"), "event.colour", "not permitted"),
    (event(title="a\0b"), "event.title", "U+0000"),
    ({"document": DOCUMENT["document"] | {"source": "nobody"}}, "document.source", "no source nobody"),
    ({"report": {"document": 99, "event": "test:99"}}, "report.event", "no event test:99"),
    ({"statement": {"document": 99, "kind": "direct", "span": {"exact": "a"}}}, "statement.document", "99"),
    ({"claim": {"report": 2**63, "property": "a", "span": {"exact": "a"}}}, "claim.report", "less than"),
    ({"utterance": {"said": "2024"}}, "utterance.external_id", "needed here"),
]


def test_lines_that_are_wrong_are_told_and_the_others_stand(empty_writer: TestClient) -> None:
    mixed = [line for number, (line, _, _) in enumerate(WRONG) for line in (event(number), b"", line, b" \r")]

    result = send(empty_writer, mixed)

    assert outcomes(result) == {"taken": len(WRONG), "rejected": len(WRONG)}
    assert result["line_count"] == 4 * len(WRONG)
    assert sum(result["count_by_reason"].values()) == len(WRONG)
    for place, (problem, (_, field, detail)) in enumerate(zip(result["problems"], WRONG, strict=True)):
        assert (problem["line"], problem["field"]) == (4 * place + 3, field)
        assert detail in problem["detail"]
    assert count(empty_writer, "events") == len(WRONG)


def test_document_with_one_wrong_part_leaves_no_trace(empty_writer: TestClient) -> None:
    good = DOCUMENT["document"]
    spoiled = good | {"statements": [*good["statements"], {"kind": "direct", "span": {"exact": "Nobody said so"}}]}

    # The first change of the transaction is one that is undone: its revision must not be taken for drawn.
    result = send(empty_writer, [{"document": spoiled | {"source": "x"}}, *STORY[:4], {"document": spoiled}, event(2)])

    assert [problem["field"] for problem in result["problems"]] == ["document.source", "document.statements.1.span"]
    assert [count(empty_writer, noun) for noun in ("documents", "reports", "statements", "claims")] == [0] * 4
    assert empty_writer.get("/events/1").json()["document_count"] == 0
    assert outcomes(send(empty_writer, STORY)) == {"taken": 1, "unchanged": 4}
    changes = empty_writer.get("/changes?limit=500").json()["items"]
    assert {change["revision"] for change in changes} == {1, 2}


def test_what_was_undone_is_no_revision_and_no_history(empty_writer: TestClient) -> None:
    send(empty_writer, STORY[:4])
    spoiled = DOCUMENT["document"] | {"statements": [{"kind": "direct", "span": {"exact": "Nobody said so"}}]}

    send(empty_writer, [{"document": spoiled}])
    result = send(
        empty_writer, [{"document": spoiled}, event(title="Second"), {"document": spoiled}, event(title="Third")]
    )

    assert outcomes(result) == {"changed": 2, "rejected": 2}
    versions = empty_writer.get("/events/1/history").json()["items"]
    assert [version["snapshot"]["title"] for version in versions] == ["Third", "Event 1"]
    assert len(empty_writer.get("/revisions").json()["items"]) == 2


def test_a_line_may_refer_to_earlier_lines_alone(empty_writer: TestClient) -> None:
    result = send(empty_writer, [DOCUMENT, *STORY[:4], DOCUMENT])

    assert outcomes(result) == {"taken": 5, "rejected": 1}
    assert result["problems"] == [{"line": 1, "field": "document.source", "detail": "there is no source the-herald"}]


def test_reports_a_hundred_problems_and_counts_all(empty_writer: TestClient) -> None:
    result = send(empty_writer, [b"{"] * 120)

    assert [problem["line"] for problem in result["problems"]] == list(range(1, 101))
    assert result["rejected_count"] == 120


@settings(max_examples=8, suppress_health_check=[HealthCheck.function_scoped_fixture])
@for_all(
    lines=st.lists(
        st.binary(max_size=60)
        | st.recursive(st.none() | st.text(max_size=5) | st.integers(), lambda inner: st.lists(inner, max_size=2)).map(
            lambda value: json.dumps({"event": {"title": value, "date": "2024", "type": "aid"}}).encode()
        ),
        max_size=8,
    )
)
def test_whatever_is_sent_every_line_has_its_report(empty_writer: TestClient, lines: list[bytes]) -> None:
    sent = b"\n".join(lines)

    response = empty_writer.post("/imports?format=jsonl", content=sent)

    filled = [number for number, line in enumerate(sent.split(b"\n"), start=1) if line.strip()]
    assert response.status_code == 200
    assert [report["line"] for report in reports(response)] == filled


# Reports, line by line


@pytest.mark.parametrize("options", [{"params": {"format": "jsonl"}}, {"headers": {"Accept": "application/x-ndjson"}}])
def test_every_line_is_reported_where_that_is_asked_for(empty_writer: TestClient, options: dict[str, Any]) -> None:
    response = empty_writer.post("/imports", content=body([SOURCE, b"", event(date="x"), SOURCE]), **options)

    first, second, third = reports(response)
    assert first == {"line": 1, "outcome": "taken", "noun": "sources", "id": 1, "href": "/sources/1"}
    assert (second["line"], second["outcome"], second["field"]) == (3, "rejected", "event.date")
    assert third == {"line": 4, "outcome": "unchanged", "noun": "sources", "id": 1, "href": "/sources/1"}
    assert empty_writer.get(response.headers["Location"]).json()["line_count"] == 4


# Bodies


def test_gzip_is_inflated_in_any_number_of_members(empty_writer: TestClient) -> None:
    members = gzip.compress(body(STORY[:2])) + gzip.compress(body(STORY[2:]))

    response = empty_writer.post("/imports", content=members, headers={"Content-Encoding": "gzip"})

    assert response.status_code == 200
    assert outcomes(response.json()) == {"taken": 5}


UNREADABLE = {
    "no gzip": (body(STORY), "gzip", 400),
    "cut short": (gzip.compress(body(STORY))[:-4], "gzip", 400),
    "not known": (gzip.compress(body(STORY)), "br", 422),
    "a line that inflates": (gzip.compress(b" " * 10_000_000), "gzip", 413),
    "a long line": (b" " * 5_000_001, "identity", 413),
}


@pytest.mark.parametrize("format_", ["json", "jsonl"])
def test_a_body_that_cannot_be_read_is_a_problem(empty_writer: TestClient, format_: str) -> None:
    for name, (sent, encoding, status) in UNREADABLE.items():
        headers = {"Content-Encoding": encoding}
        response = empty_writer.post(f"/imports?format={format_}", content=sent, headers=headers)

        assert response.status_code == status, name
        assert response.headers["Content-Type"] == "application/problem+json"
    assert count(empty_writer, "imports") == 0


@pytest.fixture
def cramped(empty_store: Store) -> Iterator[TestClient]:
    """HTTP with a key to a server that takes small imports only."""
    sizes = {"max_import_bytes": 100_000, "max_body_bytes": 20_000}
    application = create_app(settings_for(empty_store.url).model_copy(update=sizes))
    with TestClient(application, headers=empty_store.key()) as client:
        yield client


def test_too_large_body_keeps_and_reports_committed_lines(cramped: TestClient) -> None:
    pieces = (body([event(number) for number in range(start, start + 250)]) for start in range(1, 2_000, 250))

    response = cramped.post("/imports", content=pieces)

    assert response.status_code == 413
    problem = response.json()
    assert "100000" in problem["detail"]
    assert problem["line_count"] in (500, 750)
    record = cramped.get(f"/imports/{problem['import_id']}").json()
    assert (record["state"], record["line_count"]) == ("broken_off", problem["line_count"])
    assert count(cramped, "events") == record["taken_count"] == problem["line_count"]


def test_body_with_too_large_length_is_refused_unread(cramped: TestClient) -> None:
    assert cramped.post("/imports", content=b" " * 100_001).status_code == 413
    assert count(cramped, "imports") == 0


def test_an_import_that_broke_off_goes_on_where_it_was(cramped: TestClient) -> None:
    lines = [event(number) for number in range(1, 521)]
    broken = cramped.post("/imports?format=jsonl", content=iter([body(lines[:510]), b" " * 30_000]))
    *committed, problem = reports(broken)
    assert [report["line"] for report in committed] == list(range(1, 501))
    assert (problem["status"], problem["line_count"]) == (413, 500)
    assert "Line 511" in problem["detail"]

    rest = cramped.post(
        f"/imports?resume={problem['import_id']}&format=jsonl", content=body(lines[problem["line_count"] :])
    )

    assert [report["line"] for report in reports(rest)] == list(range(501, 521))
    record = cramped.get(rest.headers["Location"]).json()
    assert (record["id"], record["state"], record["taken_count"]) == (problem["import_id"], "finished", 520)
    for ident in (problem["import_id"], 999):
        refused = cramped.post(f"/imports?resume={ident}", content=b"")
        assert refused.status_code == 422
        assert refused.json()["errors"][0]["field"] == "resume"


@pytest.fixture
def server(empty_store: Store) -> Iterator[str]:
    """Start a server in a process of its own, and return its address."""
    with serving(empty_store.url) as running:
        yield running.address


@pytest.mark.before_the_database
def test_reports_stream_while_body_arrives(server: str, empty_store: Store) -> None:
    key = empty_store.key()
    first = first_report_of_an_import_that_breaks_off(server, key, [b"{", *(event(number) for number in range(2, 511))])
    assert (first["line"], first["outcome"]) == (1, "rejected")
    record = wait_until_broken_off(server)
    assert (record["line_count"], record["taken_count"], record["rejected_count"]) == (500, 499, 1)

    # What is told of these fills every buffer on the way back, and httpx reads none of it before it has sent them all.
    lines = body([event(**{"x" * 180: 1})] * 30_000)
    pieces = (lines[start : start + 60_000] for start in range(0, len(lines), 60_000))
    response = httpx.post(f"{server}/imports?format=jsonl", content=pieces, headers=key, trust_env=False, timeout=40)
    assert response.text.count("\n") == 30_000


def first_report_of_an_import_that_breaks_off(server: str, key: dict[str, str], lines: list[Any]) -> dict[str, Any]:
    connection = http.client.HTTPConnection(server.removeprefix("http://"), timeout=20)
    connection.putrequest("POST", "/imports?format=jsonl")
    for name, value in {**key, "Transfer-Encoding": "chunked"}.items():
        connection.putheader(name, value)
    connection.endheaders()
    sent = body(lines)
    connection.send(f"{len(sent):x}\r\n".encode() + sent + b"\r\n")
    with connection.sock.makefile("rb") as answer:
        assert answer.readline().startswith(b"HTTP/1.1 200")
        while answer.readline() != b"\r\n":
            pass
        answer.readline()  # the length of a chunk
        first: dict[str, Any] = json.loads(answer.readline())
    connection.close()
    return first


def wait_until_broken_off(server: str) -> dict[str, Any]:
    deadline = time.monotonic() + 10
    while True:
        record: dict[str, Any] = httpx.get(f"{server}/imports/1", trust_env=False).json()
        if record["state"] == "broken_off" or time.monotonic() > deadline:
            return record
        time.sleep(0.05)


# Who may, and what is kept of it


def test_only_a_key_that_may_write_may_import(empty_writer: TestClient, empty_store: Store) -> None:
    reading = empty_writer.post("/imports", content=body(STORY), headers=empty_store.key(Scope.READ))
    nobody = empty_writer.post("/imports", content=body(STORY), headers={"Authorization": ""})

    assert (reading.status_code, nobody.status_code) == (403, 401)
    assert count(empty_writer, "imports") == 0


def test_imports_are_listed_page_by_page_and_never_stored(empty_writer: TestClient) -> None:
    for number in range(3):
        send(empty_writer, [event(number)], message=f"Number {number}")

    first = empty_writer.get("/imports?limit=2")
    second = empty_writer.get(first.json()["next"])

    names = [item["name"] for page in (first, second) for item in page.json()["items"]]
    assert names == ["Number 2", "Number 1", "Number 0"]
    assert first.headers["Cache-Control"] == "no-store"
    assert "ETag" not in first.headers
    assert empty_writer.get("/imports/3").json() == first.json()["items"][0]
    assert empty_writer.get("/imports/4").status_code == 404
    assert empty_writer.get("/imports?format=csv").text.count("\r\n") == 4


# The command


def test_the_command_takes_the_same_lines(dateline: Dateline, empty_store: Store, tmp_path: Path) -> None:
    file = tmp_path / "story.jsonl"
    file.write_bytes(body([*STORY, b"", event(2, date="x"), event(3)]))

    first = dateline(empty_store.url, "import", str(file))
    again = dateline(empty_store.url, "import", "--again", str(file))

    assert (first.exit_code, again.exit_code) == (0, 0), first.output + again.output
    assert counted(first) == {"taken": 6, "rejected": 1}
    assert counted(again) == {"unchanged": 6, "rejected": 1}
    refused = file.with_name("story.jsonl.rejects").read_text().splitlines()
    assert "event.date" in refused[0]
    assert event(2, date="x") in map(
        json.loads, (value for value in json.loads(refused[0]).values() if "{" in str(value))
    )
    assert "read before" in dateline(empty_store.url, "import", str(file)).stdout


def counted(done: Result) -> dict[str, int]:
    """Return the outcomes in a summary."""
    rows = re.findall(r"(taken|changed|unchanged|skipped|rejected)\W+([0-9,]+)", done.stdout)
    return {outcome: int(number) for outcome, number in rows if number != "0"}
