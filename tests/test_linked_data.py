"""JSON-LD, read as triples by a linked-data processor."""

import json
from typing import Any

import pytest
from fastapi.testclient import TestClient
from hypothesis import example
from hypothesis import strategies as st
from pyld import jsonld

from tests.data import graphs
from tests.data.graphs import DCTERMS, EDTF, OA, PROV, SCHEMA, TYPE, Graph
from tests.properties import for_all_with_few_on_postgresql

BASE = "http://testserver"
OWN = f"{BASE}/openapi.json#/components/schemas/"

NOUNS = ["events", "documents", "reports", "statements", "utterances", "claims", "sources", "speakers"]

# All predicates of the graphs, as their vocabularies spell them.
PREDICATES = {
    TYPE,
    f"{DCTERMS}date",
    *(SCHEMA + name for name in (
        "about", "address", "addressCountry", "alternateName", "appearance", "creator", "creditText", "dateCreated",
        "dateModified", "datePublished", "description", "exampleOfWork", "endDate", "geo", "headline", "identifier",
        "inLanguage", "isBasedOn", "isPartOf", "jobTitle", "keywords", "knowsLanguage", "latitude", "location",
        "longitude", "mentions", "name", "position", "publisher", "sameAs", "startDate", "text", "url", "workExample",
    )),
    *(PROV + name for name in (
        "atLocation", "generatedAtTime", "hadPrimarySource", "wasAttributedTo", "wasQuotedFrom", "wasRevisionOf",
    )),
    *(OA + name for name in ("end", "exact", "hasSelector", "hasSource", "prefix", "start", "suffix")),
}  # fmt: skip

TYPES = {
    *(SCHEMA + name for name in (
        "Claim", "CreativeWork", "Dataset", "Event", "GeoCoordinates", "GovernmentOrganization", "NewsArticle",
        "NewsMediaOrganization", "Organization", "Person", "Place", "PostalAddress", "Quotation",
    )),
    *(PROV + name for name in ("Agent", "Entity", "Location", "Organization", "Person")),
    *(OA + name for name in ("SpecificResource", "TextPositionSelector", "TextQuoteSelector")),
}  # fmt: skip


def document(client: TestClient, address: str) -> dict[str, Any]:
    response = client.get(f"{address}{'&' if '?' in address else '?'}format=jsonld")
    assert response.status_code == 200, response.text
    assert response.headers["Content-Type"] == "application/ld+json"
    result: dict[str, Any] = response.json()
    return result


def graph_of(client: TestClient, address: str) -> Graph:
    return graphs.read(document(client, address))


def items(client: TestClient, address: str) -> list[dict[str, Any]]:
    result: list[dict[str, Any]] = client.get(f"{address}{'&' if '?' in address else '?'}limit=500").json()["items"]
    return result


def create(writer: TestClient, noun: str, **fields: object) -> dict[str, Any]:
    response = writer.post(f"/{noun}", json=fields)
    assert response.status_code == 201, response.text
    made: dict[str, Any] = response.json()
    return made


# Graphs


def test_graphs_use_only_vocabulary_terms(reader: TestClient, subtests: pytest.Subtests) -> None:
    for noun in NOUNS:
        with subtests.test(noun):
            graph = graph_of(reader, f"/{noun}")

            own = {name for _, name, _ in graph.triples if name.startswith(OWN)}
            assert {name for _, name, _ in graph.triples} - own <= PREDICATES
            assert {value for _, name, value in graph.triples if name == TYPE} <= TYPES
            for item in items(reader, f"/{noun}"):
                node = f"{BASE}/{noun}/{item['id']}"
                assert graph.values(node, TYPE)
                assert graph.value(node, f"{OWN}StatementPublic/properties/coded_by") == "human"


def test_own_terms_are_defined_in_openapi_json(reader: TestClient) -> None:
    openapi = reader.get("/openapi.json").json()
    names = {name for noun in NOUNS for _, name, _ in graph_of(reader, f"/{noun}").triples if name.startswith(OWN)}

    assert len(names) > 5
    for name in names:
        definition = openapi
        for step in name.partition("#/")[2].split("/"):
            definition = definition[step]
        assert definition


def test_every_own_address_in_a_graph_is_200(reader: TestClient, subtests: pytest.Subtests) -> None:
    for noun in NOUNS:
        with subtests.test(noun):
            graph = graph_of(reader, f"/{noun}")
            nodes = {node for subject, _, object_ in graph.triples for node in (subject, object_)} - graph.literals
            records = {node.partition("#")[0] for node in nodes if node.startswith(f"{BASE}/")}

            assert len(records) > 5
            assert {record: reader.get(record).status_code for record in records} == dict.fromkeys(records, 200)


def test_first_node_describes_the_list(reader: TestClient) -> None:
    graph = graph_of(reader, "/events")
    node = f"{BASE}/events?format=jsonld"

    assert graph.values(node, TYPE) == [f"{SCHEMA}Dataset"]
    assert "events" in str(graph.value(node, f"{SCHEMA}name"))
    assert str(graph.value(node, f"{SCHEMA}dateModified")).endswith("Z")


def test_graph_survives_flattening_and_n_quads(reader: TestClient) -> None:
    graph = document(reader, "/statements")
    options = {"documentLoader": graphs.loader({})}

    flat = jsonld.flatten(graph, None, options)
    assert len({node["@id"] for node in flat}) == len(flat)
    again = jsonld.from_rdf(graphs.n_quads(graph), {"format": "application/n-quads"} | options)
    assert graphs.n_quads({"@graph": again}).count("\n") == graphs.n_quads(graph).count("\n")


def test_empty_list_is_a_graph_of_its_dataset(reader: TestClient) -> None:
    [node] = document(reader, "/events?date=1900-01-01")["@graph"]

    assert node["@type"] == "Dataset"


def test_nested_list_is_a_graph_and_coverage_is_422(reader: TestClient) -> None:
    assert graph_of(reader, "/events/1/statements").subjects(TYPE, f"{SCHEMA}Quotation")

    response = reader.get("/coverage?format=jsonld")
    assert response.status_code == 422
    assert response.json()["errors"][0]["field"] == "format"


def test_accept_header_selects_json_ld(reader: TestClient) -> None:
    response = reader.get("/events", headers={"Accept": "application/ld+json, application/json;q=0.5"})

    assert response.headers["Content-Type"] == "application/ld+json"
    assert "<http" not in response.headers["Link"]
    assert 'format=jsonld>; rel="alternate"; type="application/ld+json"' in reader.get("/events").headers["Link"]


# Statements of the graphs


def test_graph_tells_articles_and_relays_of_a_quote(reader: TestClient) -> None:
    [utterance] = items(reader, '/utterances?speaker=putin&q="comprehensive partnership agreement"')
    expected = {
        (item["source"]["name"], item["document"]["id"], tuple(hop["speaker"]["name"] for hop in item["chain"]))
        for item in items(reader, f"/statements?utterance={utterance['id']}")
    }

    graph = graph_of(reader, "/statements")
    quotations = {
        quoting(graph, printing)
        for printing in graph.subjects(f"{SCHEMA}exampleOfWork", f"{BASE}/utterances/{utterance['id']}")
    }

    assert quotations == {(name, f"{BASE}/documents/{ident}", voices) for name, ident, voices in expected}
    assert len(quotations) > 1


def test_graph_has_the_chain_in_order(reader: TestClient) -> None:
    statements = [item for item in items(reader, "/statements") if item["chain"]]
    graph = graph_of(reader, "/statements")

    assert max(len(item["chain"]) for item in statements) > 1
    for item in statements:
        _, _, voices = quoting(graph, f"{BASE}/statements/{item['id']}")
        assert voices == tuple(hop["speaker"]["name"] for hop in item["chain"])


def quoting(graph: Graph, printing: str) -> tuple[str | None, str | None, tuple[str | None, ...]]:
    """Return the publisher and the address of the article with a quotation, and the names of its relays."""
    article = str(graph.value(printing, f"{PROV}wasQuotedFrom"))
    publisher = str(graph.value(article, f"{SCHEMA}publisher"))
    voices, entity = [], graph.value(printing, f"{PROV}hadPrimarySource")
    while entity is not None and f"{PROV}Entity" in graph.values(entity, TYPE):
        voice = graph.value(entity, f"{PROV}wasAttributedTo") or graph.value(entity, f"{SCHEMA}isBasedOn")
        voices.append(graph.value(str(voice), f"{SCHEMA}name"))
        entity = graph.value(entity, f"{PROV}hadPrimarySource")
    return graph.value(publisher, f"{SCHEMA}name"), article, tuple(voices)


def test_quotation_has_its_location_in_the_document(reader: TestClient) -> None:
    graph = graph_of(reader, "/documents/1/statements")

    for item in items(reader, "/documents/1/statements"):
        place = str(graph.value(f"{BASE}/statements/{item['id']}", f"{PROV}atLocation"))
        stretch, quote = sorted(graph.values(place, f"{OA}hasSelector"), key=lambda node: graph.values(node, TYPE))
        assert graph.value(place, f"{OA}hasSource") == f"{BASE}/documents/1"
        assert [graph.value(stretch, f"{OA}{name}") for name in ("start", "end")] == [
            str(item["span"][name]) for name in ("start", "end")
        ]
        assert graph.value(quote, f"{OA}exact") == item["text"]


@pytest.mark.parametrize(
    ("date", "start", "end"),
    [
        ("2024-06-19", "2024-06-19", None),
        ("2024-06", "2024-06", None),
        ("2024-06-18/2024-06-20", "2024-06-18", "2024-06-20"),
        ("2024-06-19?", None, None),
        ("2024-06~/2024-07", None, None),
    ],
)
def test_uncertain_date_is_only_edtf(writer: TestClient, date: str, start: str | None, end: str) -> None:
    made = create(writer, "events", title="An event", date=date, type="aid")
    node, graph = f"{BASE}/events/{made['id']}", graph_of(writer, f"/events?id={made['id']}")

    assert graph.value(node, f"{DCTERMS}date") == date
    assert graph.datatypes[node, f"{DCTERMS}date"] == EDTF
    assert graph.value(node, f"{SCHEMA}startDate") == start
    assert graph.value(node, f"{SCHEMA}endDate") == end


def test_statement_is_based_on_a_treaty(writer: TestClient) -> None:
    treaty = create(writer, "speakers", name="Article 4", kind="document")
    agency = create(writer, "speakers", name="TASS", kind="organization")
    made = create(
        writer, "statements", document=1, kind="direct", speaker=treaty["id"], span={"start": 0, "end": 5},
        chain=[{"speaker": agency["id"]}, {"speaker": treaty["id"]}], coded_by="machine", confidence=0.25,
    )  # fmt: skip
    node = f"{BASE}/statements/{made['id']}"
    graph = graph_of(writer, f"/statements?id={made['id']}")

    assert graph.value(node, f"{SCHEMA}isBasedOn") == f"{BASE}/speakers/{treaty['id']}"
    assert graph.value(node, f"{PROV}wasAttributedTo") is graph.value(node, f"{SCHEMA}creator") is None
    assert quoting(graph, node)[2] == ("TASS", "Article 4")
    assert graph.value(node, f"{OWN}StatementPublic/properties/coded_by") == "machine"
    assert float(str(graph.value(node, f"{OWN}StatementPublic/properties/confidence"))) == 0.25


# Texts and addresses from documents


@for_all_with_few_on_postgresql(
    path=st.text(st.characters(min_codepoint=33, max_codepoint=0x2FFF, exclude_characters="\x7f"), max_size=8)
)
@example(path="<script>")
@example(path='">{}|\\^`')
@example(path="東京?q=ü#ö")
def test_url_that_is_no_iri_is_left_out(writer: TestClient, path: str) -> None:
    address = f"https://example.org/{path}"
    response = writer.post("/documents", json={"source": "meduza", "text": path, "title": path or "-", "url": address})
    if response.status_code == 422:  # an address that the store refuses
        return
    made = response.json()
    graph = document(writer, f"/documents?id={made['id']}")
    url = graphs.read(graph).value(f"{BASE}/documents/{made['id']}", f"{SCHEMA}url")

    assert url == (None if set('<>"{}|\\^`') & set(path) else address)
    assert jsonld.from_rdf(graphs.n_quads(graph), {"format": "application/n-quads"})


def test_title_is_a_literal_without_html(writer: TestClient) -> None:
    title = '</script><script>alert(1)</script>{"@id": "x:y"} @type <http://example.org/>'
    made = create(writer, "events", title=title, date="2024", type="aid", place="@id")
    text = writer.get(f"/events?id={made['id']}&format=jsonld").text
    graph = graphs.read(json.loads(text))

    assert "<" not in text
    assert graph.value(f"{BASE}/events/{made['id']}", f"{SCHEMA}name") == title
    place = str(graph.value(f"{BASE}/events/{made['id']}", f"{SCHEMA}location"))
    assert graph.value(place, f"{SCHEMA}name") == "@id"


def test_query_is_escaped_in_the_iri_of_the_list(reader: TestClient) -> None:
    [node] = document(reader, '/events?q="<b>{nowhere}|^`"')["@graph"]

    assert not set('<>"{}|^`') & set(node["@id"])
    assert graphs.read({"@graph": [node]}) is not None
