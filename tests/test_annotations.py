"""Web Annotations, checked against the W3C's data model and the texts that they annotate."""

from collections.abc import Iterator
from typing import Any

import pytest
from fastapi.testclient import TestClient

from tests.data import graphs
from tests.data.graphs import OA, TYPE

BASE = "http://testserver"
CONTEXT = "http://www.w3.org/ns/anno.jsonld"
MEDIA_TYPE = f'application/ld+json; profile="{CONTEXT}"'

# Web Annotation Data Model §3.3.5.
MOTIVATIONS = {
    "assessing", "bookmarking", "classifying", "commenting", "describing", "editing", "highlighting", "identifying",
    "linking", "moderating", "questioning", "replying", "tagging",
}  # fmt: skip

# The part of the W3C's context that is used in this file, for a processor without network access.
_IRI = {"@type": "@id"}
_WORD = {"@type": "@vocab"}
OWN_CONTEXT = {
    "@context": {
        "@vocab": OA,
        "oa": OA,
        "dc": "http://purl.org/dc/elements/1.1/",
        "dcterms": "http://purl.org/dc/terms/",
        "as": "http://www.w3.org/ns/activitystreams#",
        "rdf": "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
        "rdfs": "http://www.w3.org/2000/01/rdf-schema#",
        "foaf": "http://xmlns.com/foaf/0.1/",
        "xsd": "http://www.w3.org/2001/XMLSchema#",
        "id": {"@type": "@id", "@id": "@id"},
        "type": {"@type": "@id", "@id": "@type"},
        "Person": "foaf:Person",
        "Software": "as:Application",
        "AnnotationCollection": "as:OrderedCollection",
        "AnnotationPage": "as:OrderedCollectionPage",
        "body": {"@id": "oa:hasBody"} | _IRI,
        "target": {"@id": "oa:hasTarget"} | _IRI,
        "source": {"@id": "oa:hasSource"} | _IRI,
        "selector": {"@id": "oa:hasSelector"} | _IRI,
        "state": {"@id": "oa:hasState"} | _IRI,
        "cached": {"@id": "oa:cachedSource"} | _IRI,
        "motivation": {"@id": "oa:motivatedBy"} | _WORD,
        "purpose": {"@id": "oa:hasPurpose"} | _WORD,
        "creator": {"@id": "dcterms:creator"} | _IRI,
        "generator": {"@id": "as:generator"} | _IRI,
        "modified": {"@id": "dcterms:modified", "@type": "xsd:dateTime"},
        "value": "rdf:value",
        "format": "dc:format",
        "label": "rdfs:label",
        "name": "foaf:name",
        "first": {"@id": "as:first"} | _IRI,
        "next": {"@id": "as:next"} | _IRI,
        "partOf": {"@id": "as:partOf"} | _IRI,
        "startIndex": {"@id": "as:startIndex", "@type": "xsd:nonNegativeInteger"},
        "items": {"@id": "as:items", "@container": "@list"} | _IRI,
    }
}


def collection(client: TestClient, address: str) -> dict[str, Any]:
    response = client.get(f"{address}{'&' if '?' in address else '?'}format=annotations")
    assert response.status_code == 200, response.text
    assert response.headers["Content-Type"] == MEDIA_TYPE
    result: dict[str, Any] = response.json()
    return result


def annotations(client: TestClient, address: str) -> list[dict[str, Any]]:
    """Return the annotations of a list of one page."""
    result: list[dict[str, Any]] = collection(client, address)["first"]["items"]
    return result


def create(writer: TestClient, noun: str, **fields: object) -> dict[str, Any]:
    response = writer.post(f"/{noun}", json=fields)
    assert response.status_code == 201, response.text
    made: dict[str, Any] = response.json()
    return made


def check(annotation: dict[str, Any]) -> None:
    """Check the rules of the model for the parts that we use (§3.1 to §3.3, §4.2)."""
    assert set(annotation) - {"creator"} == {"id", "type", "motivation", "body", "target", "generator"}
    assert annotation["type"] == "Annotation"
    assert annotation["motivation"] in MOTIVATIONS
    for body in annotation["body"]:
        assert body["purpose"] in MOTIVATIONS
        if body["type"] == "TextualBody":
            assert set(body) == {"type", "value", "format", "purpose"}
        else:
            assert (set(body), body["type"]) == ({"type", "source", "purpose"}, "SpecificResource")
    target = annotation["target"]
    assert set(target) - {"selector", "state"} == {"type", "source"}
    assert target["type"] == "SpecificResource"
    for state in [target["state"]] if "state" in target else []:
        assert (set(state), state["type"]) == ({"type", "cached"}, "TimeState")
    for selector in target.get("selector", []):
        if selector["type"] == "TextQuoteSelector":
            assert set(selector) == {"type", "exact", "prefix", "suffix"}
        else:
            assert (set(selector), selector["type"]) == ({"type", "start", "end"}, "TextPositionSelector")
            assert 0 <= selector["start"] < selector["end"]


@pytest.mark.parametrize("noun", ["statements", "claims", "reports"])
def test_records_are_valid_annotations(reader: TestClient, noun: str) -> None:
    whole = collection(reader, f"/{noun}")
    page = whole["first"]

    assert (whole["@context"], whole["type"]) == (CONTEXT, "AnnotationCollection")
    assert (page["type"], page["partOf"], page["startIndex"]) == ("AnnotationPage", whole["id"], 0)
    assert page["id"] != whole["id"]
    assert "next" not in page
    assert [annotation["id"] for annotation in page["items"]] == [
        f"{BASE}/{noun}/{item['id']}#annotation" for item in reader.get(f"/{noun}?limit=500").json()["items"]
    ]
    for annotation in page["items"]:
        check(annotation)


@pytest.mark.parametrize("noun", ["statements", "claims", "reports"])
def test_selectors_match_the_captured_text(reader: TestClient, noun: str) -> None:
    texts = {f"{BASE}/documents/{ident}": reader.get(f"/documents/{ident}").json()["text"] for ident in range(1, 6)}
    targets = [annotation["target"] for annotation in annotations(reader, f"/{noun}")]
    with_selector = [target for target in targets if "selector" in target]

    assert len(with_selector) > 5
    for target in with_selector:
        quote, place = target["selector"]
        text = texts[target.get("state", {}).get("cached", target["source"])]
        assert text[place["start"] : place["end"]] == quote["exact"]
        assert text[: place["start"]].endswith(quote["prefix"])
        assert text[place["end"] :].startswith(quote["suffix"])


def test_positions_are_code_points_of_the_cached_state(writer: TestClient) -> None:
    made = create(
        writer, "documents", source="meduza", text="👩🏽‍🚀 said: “𝒳!”", url="https://example.org/1",
        statements=[{"kind": "direct", "span": {"exact": "𝒳!"}, "cue": {"exact": "said"}, "coded_by": "machine"}],
    )  # fmt: skip
    [annotation] = annotations(writer, f"/documents/{made['id']}/statements")
    target = annotation["target"]

    check(annotation)
    assert target["source"] == "https://example.org/1"
    assert target["state"] == {"type": "TimeState", "cached": f"{BASE}/documents/{made['id']}"}
    assert target["selector"][1] == {"type": "TextPositionSelector", "start": 12, "end": 14}


def test_annotation_names_speaker_and_relays(reader: TestClient) -> None:
    statement = next(item for item in reader.get("/statements?limit=500").json()["items"] if item["chain"])
    [annotation] = annotations(reader, f"/statements?id={statement['id']}")
    linked = {body["purpose"]: body["source"] for body in annotation["body"] if body["type"] == "SpecificResource"}
    [description] = [body["value"] for body in annotation["body"] if body["purpose"] == "describing"]

    assert linked["identifying"] == f"{BASE}/speakers/{statement['speaker']['id']}"
    for voice in (statement["speaker"], *(hop["speaker"] for hop in statement["chain"])):
        assert voice["name"] in description


def test_creator_tells_machine_from_person(writer: TestClient) -> None:
    creators = {}
    for coder in ("human", "machine", "import"):
        fields = {"document": 1, "kind": "direct", "span": {"start": 0, "end": 5}, "coded_by": coder}
        statement = create(writer, "statements", **fields)
        [annotation] = annotations(writer, f"/statements?id={statement['id']}")
        creators[coder] = annotation.get("creator", {}).get("type")

    assert creators == {"human": "Person", "machine": "Software", "import": None}


def pages(client: TestClient, address: str) -> Iterator[dict[str, Any]]:
    whole = collection(client, address)
    page = whole["first"]
    yield page
    while "next" in page:
        page = client.get(page["next"]).json()
        assert (page["type"], page["partOf"]) == ("AnnotationPage", whole["id"])
        yield page


def test_next_links_give_each_annotation_once(reader: TestClient) -> None:
    read_pages = list(pages(reader, "/statements?source=naenara,meduza&limit=3&sort=id"))

    whole = annotations(reader, "/statements?source=naenara,meduza&sort=id")
    assert [annotation for page in read_pages for annotation in page["items"]] == whole
    assert len({page["id"] for page in read_pages}) == len(read_pages) > 2


def test_json_ld_processor_reads_annotations(reader: TestClient) -> None:
    graph = graphs.read(collection(reader, "/documents/1/statements"), {CONTEXT: OWN_CONTEXT})
    statements = reader.get("/documents/1/statements?limit=500").json()["items"]

    assert len(graph.subjects(TYPE, f"{OA}Annotation")) == len(statements)
    for statement in statements:
        target = graph.value(f"{BASE}/statements/{statement['id']}#annotation", f"{OA}hasTarget")
        assert graph.value(str(target), f"{OA}hasSource") == f"{BASE}/documents/1"
        selectors = graph.values(str(target), f"{OA}hasSelector")
        assert statement["text"] in {graph.value(selector, f"{OA}exact") for selector in selectors}


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        (MEDIA_TYPE, MEDIA_TYPE),
        (f'application/ld+json;profile="{CONTEXT}";q=0.9, application/json;q=0.5', MEDIA_TYPE),
        ("application/ld+json", "application/ld+json"),
        ('application/ld+json; profile="http://www.w3.org/ns/json-ld#expanded"', "application/ld+json"),
    ],
)
def test_profile_selects_annotations_over_json_ld(reader: TestClient, accept: str, expected: str) -> None:
    assert reader.get("/statements", headers={"Accept": accept}).headers["Content-Type"] == expected


def test_annotations_of_events_are_422(reader: TestClient) -> None:
    response = reader.get("/events?format=annotations")

    assert response.status_code == 422
    assert "annotations" not in response.json()["errors"][0]["detail"]


def test_empty_list_is_an_empty_page(reader: TestClient) -> None:
    assert annotations(reader, "/statements?date=1900-01-01") == []
