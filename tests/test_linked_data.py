"""JSON-LD, read as a processor of linked data reads it: as triples."""

import json
from typing import Any

import pytest
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from pyld import jsonld

from tests.data import graphs
from tests.data.graphs import DCTERMS, EDTF, OA, PROV, SCHEMA, TYPE, Graph

BASE = "http://testserver"
OWN = f"{BASE}/openapi.json#/components/schemas/"

NOUNS = ["events", "documents", "reports", "statements", "utterances", "claims", "sources", "speakers"]

# All that the graphs say, each word as its vocabulary has it.
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

# A store that many examples share: what one leaves in it is nothing to the next.
shares_a_store = settings(suppress_health_check=[HealthCheck.function_scoped_fixture])


def document(client: TestClient, address: str) -> dict[str, Any]:
    response = client.get(f"{address}{'&' if '?' in address else '?'}format=jsonld")
    assert response.status_code == 200, response.text
    assert response.headers["Content-Type"] == "application/ld+json"
    found: dict[str, Any] = response.json()
    return found


def graph_of(client: TestClient, address: str) -> Graph:
    return graphs.read(document(client, address))


def items(client: TestClient, address: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = client.get(f"{address}{'&' if '?' in address else '?'}limit=500").json()["items"]
    return found


def create(writer: TestClient, noun: str, **fields: object) -> dict[str, Any]:
    response = writer.post(f"/{noun}", json=fields)
    assert response.status_code == 201, response.text
    made: dict[str, Any] = response.json()
    return made


# What the graphs are


@pytest.mark.parametrize("noun", NOUNS)
def test_a_list_is_a_graph_of_its_records_in_known_words_that_needs_nothing_fetched(
    reader: TestClient, noun: str
) -> None:
    graph = graph_of(reader, f"/{noun}")

    own = {name for _, name, _ in graph.triples if name.startswith(OWN)}
    assert {name for _, name, _ in graph.triples} - own <= PREDICATES
    assert {value for _, name, value in graph.triples if name == TYPE} <= TYPES
    for item in items(reader, f"/{noun}"):
        assert graph.values(f"{BASE}/{noun}/{item['id']}", TYPE)
        assert graph.value(f"{BASE}/{noun}/{item['id']}", f"{OWN}StatementPublic/properties/coded_by") == "human"


def test_words_of_our_own_are_where_they_are_said_to_be_defined(reader: TestClient) -> None:
    defined = reader.get("/openapi.json").json()
    names = {name for noun in NOUNS for _, name, _ in graph_of(reader, f"/{noun}").triples if name.startswith(OWN)}

    assert len(names) > 5
    for name in names:
        found = defined
        for step in name.partition("#/")[2].split("/"):
            found = found[step]
        assert found


@pytest.mark.parametrize("noun", NOUNS)
def test_what_a_graph_names_by_an_address_of_ours_is_there(reader: TestClient, noun: str) -> None:
    graph = graph_of(reader, f"/{noun}")
    named = {each for triple in graph.triples for each in (triple[0], triple[2]) if each not in graph.literals}
    records = {each.partition("#")[0] for each in named if each.startswith(f"{BASE}/")}

    assert len(records) > 5
    assert {each: reader.get(each).status_code for each in records} == dict.fromkeys(records, 200)


def test_the_first_node_tells_of_the_list(reader: TestClient) -> None:
    graph = graph_of(reader, "/events")
    here = f"{BASE}/events?format=jsonld"

    assert graph.values(here, TYPE) == [f"{SCHEMA}Dataset"]
    assert "events" in str(graph.value(here, f"{SCHEMA}name"))
    assert str(graph.value(here, f"{SCHEMA}dateModified")).endswith("Z")


def test_a_graph_can_be_flattened_to_one_node_a_thing_and_comes_back_from_n_quads(reader: TestClient) -> None:
    found = document(reader, "/statements")
    options = {"documentLoader": graphs.loader({})}

    flat = jsonld.flatten(found, None, options)
    assert len({node["@id"] for node in flat}) == len(flat)
    again = jsonld.from_rdf(graphs.n_quads(found), {"format": "application/n-quads"} | options)
    assert graphs.n_quads({"@graph": again}).count("\n") == graphs.n_quads(found).count("\n")


def test_an_empty_list_is_a_graph_too(reader: TestClient) -> None:
    [node] = document(reader, "/events?date=1900-01-01")["@graph"]

    assert node["@type"] == "Dataset"


def test_a_list_within_a_record_is_a_graph_and_what_is_no_record_is_none(reader: TestClient) -> None:
    assert graph_of(reader, "/events/1/statements").subjects(TYPE, f"{SCHEMA}Quotation")

    response = reader.get("/coverage?format=jsonld")
    assert response.status_code == 422
    assert response.json()["errors"][0]["field"] == "format"


def test_a_client_of_linked_data_is_answered_with_it(reader: TestClient) -> None:
    response = reader.get("/events", headers={"Accept": "application/ld+json, application/json;q=0.5"})

    assert response.headers["Content-Type"] == "application/ld+json"
    assert "<http" not in response.headers["Link"]
    assert 'format=jsonld>; rel="alternate"; type="application/ld+json"' in reader.get("/events").headers["Link"]


# What they say


def test_a_graph_alone_tells_which_articles_quote_a_sentence_and_through_whom(reader: TestClient) -> None:
    [utterance] = items(reader, '/utterances?speaker=putin&q="comprehensive partnership agreement"')
    expected = {
        (item["source"]["name"], item["document"]["id"], tuple(hop["speaker"]["name"] for hop in item["chain"]))
        for item in items(reader, f"/statements?utterance={utterance['id']}")
    }

    graph = graph_of(reader, "/statements")
    found = {
        quoting(graph, printing)
        for printing in graph.subjects(f"{SCHEMA}exampleOfWork", f"{BASE}/utterances/{utterance['id']}")
    }

    assert found == {(name, f"{BASE}/documents/{ident}", voices) for name, ident, voices in expected}
    assert len(found) > 1


def test_a_graph_tells_a_chain_in_its_order(reader: TestClient) -> None:
    statements = [item for item in items(reader, "/statements") if item["chain"]]
    graph = graph_of(reader, "/statements")

    assert max(len(item["chain"]) for item in statements) > 1
    for item in statements:
        _, _, voices = quoting(graph, f"{BASE}/statements/{item['id']}")
        assert voices == tuple(hop["speaker"]["name"] for hop in item["chain"])


def quoting(graph: Graph, printing: str) -> tuple[str | None, str | None, tuple[str | None, ...]]:
    """Publisher and address of the article in which a quotation stands, and the names of those who relayed it."""
    article = str(graph.value(printing, f"{PROV}wasQuotedFrom"))
    publisher = str(graph.value(article, f"{SCHEMA}publisher"))
    voices, told = [], graph.value(printing, f"{PROV}hadPrimarySource")
    while told is not None and f"{PROV}Entity" in graph.values(told, TYPE):
        voice = graph.value(told, f"{PROV}wasAttributedTo") or graph.value(told, f"{SCHEMA}isBasedOn")
        voices.append(graph.value(str(voice), f"{SCHEMA}name"))
        told = graph.value(told, f"{PROV}hadPrimarySource")
    return graph.value(publisher, f"{SCHEMA}name"), article, tuple(voices)


def test_a_quotation_says_where_in_the_document_it_stands(reader: TestClient) -> None:
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
def test_a_date_in_doubt_is_told_as_such_alone(writer: TestClient, date: str, start: str | None, end: str) -> None:
    made = create(writer, "events", title="An event", date=date, type="aid")
    here, graph = f"{BASE}/events/{made['id']}", graph_of(writer, f"/events?id={made['id']}")

    assert graph.value(here, f"{DCTERMS}date") == date
    assert graph.datatypes[here, f"{DCTERMS}date"] == EDTF
    assert graph.value(here, f"{SCHEMA}startDate") == start
    assert graph.value(here, f"{SCHEMA}endDate") == end


def test_a_treaty_speaks_but_does_not_act(writer: TestClient) -> None:
    treaty = create(writer, "speakers", name="Article 4", kind="document")
    agency = create(writer, "speakers", name="TASS", kind="organization")
    made = create(
        writer, "statements", document=1, kind="direct", speaker=treaty["id"], span={"start": 0, "end": 5},
        chain=[{"speaker": agency["id"]}, {"speaker": treaty["id"]}], coded_by="machine", confidence=0.25,
    )  # fmt: skip
    here = f"{BASE}/statements/{made['id']}"
    graph = graph_of(writer, f"/statements?id={made['id']}")

    assert graph.value(here, f"{SCHEMA}isBasedOn") == f"{BASE}/speakers/{treaty['id']}"
    assert graph.value(here, f"{PROV}wasAttributedTo") is graph.value(here, f"{SCHEMA}creator") is None
    assert quoting(graph, here)[2] == ("TASS", "Article 4")
    assert graph.value(here, f"{OWN}StatementPublic/properties/coded_by") == "machine"
    assert float(str(graph.value(here, f"{OWN}StatementPublic/properties/confidence"))) == 0.25


# What somebody wrote


@shares_a_store
@given(path=st.text(st.characters(min_codepoint=33, max_codepoint=0x2FFF, exclude_characters="\x7f"), max_size=8))
@example(path="<script>")
@example(path='">{}|\\^`')
@example(path="東京?q=ü#ö")
def test_an_address_that_no_graph_can_hold_is_left_out(writer: TestClient, path: str) -> None:
    address = f"https://example.org/{path}"
    response = writer.post("/documents", json={"source": "meduza", "text": path, "title": path or "-", "url": address})
    if response.status_code == 422:  # an address that the store does not take
        return
    made = response.json()
    found = document(writer, f"/documents?id={made['id']}")
    url = graphs.read(found).value(f"{BASE}/documents/{made['id']}", f"{SCHEMA}url")

    assert url == (None if set('<>"{}|\\^`') & set(path) else address)
    assert jsonld.from_rdf(graphs.n_quads(found), {"format": "application/n-quads"})


def test_what_is_written_in_a_title_stays_a_text_and_in_its_script(writer: TestClient) -> None:
    title = '</script><script>alert(1)</script>{"@id": "x:y"} @type <http://example.org/>'
    made = create(writer, "events", title=title, date="2024", type="aid", place="@id")
    text = writer.get(f"/events?id={made['id']}&format=jsonld").text
    graph = graphs.read(json.loads(text))

    assert "<" not in text
    assert graph.value(f"{BASE}/events/{made['id']}", f"{SCHEMA}name") == title
    place = str(graph.value(f"{BASE}/events/{made['id']}", f"{SCHEMA}location"))
    assert graph.value(place, f"{SCHEMA}name") == "@id"


def test_what_is_written_into_the_query_is_escaped_in_the_name_of_the_list(reader: TestClient) -> None:
    [node] = document(reader, '/events?q="<b>{nowhere}|^`"')["@graph"]

    assert not set('<>"{}|^`') & set(node["@id"])
    assert graphs.read({"@graph": [node]}) is not None
