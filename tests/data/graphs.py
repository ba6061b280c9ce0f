"""Graphs, as a JSON-LD processor without network access reads them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NoReturn

from pyld import jsonld

Document = dict[str, Any]
Contexts = Mapping[str, Document]

NO_CONTEXTS: Contexts = {}

SCHEMA = "http://schema.org/"
PROV = "http://www.w3.org/ns/prov#"
OA = "http://www.w3.org/ns/oa#"
DCTERMS = "http://purl.org/dc/terms/"
TYPE = "http://www.w3.org/1999/02/22-rdf-syntax-ns#type"
EDTF = "http://id.loc.gov/datatypes/edtf/EDTF"


def loader(contexts: Contexts) -> Any:
    """Return a document loader that has the contexts of the test, and raises for every other URL."""

    def load(url: str, _options: object) -> Document:
        if url not in contexts:
            refuse(url)
        return {"contentType": "application/ld+json", "contextUrl": None, "documentUrl": url, "document": contexts[url]}

    return load


def refuse(url: str) -> NoReturn:
    raise AssertionError(f"the document needs {url} to be read")


@dataclass
class Graph:
    """The triples of a document's default graph: IRIs and blank nodes by name, literals by their text."""

    triples: list[tuple[str, str, str]]
    datatypes: dict[tuple[str, str], str] = field(default_factory=dict)
    literals: set[str] = field(default_factory=set)

    def values(self, subject: str, predicate: str) -> list[str]:
        return [value for node, name, value in self.triples if (node, name) == (subject, predicate)]

    def value(self, subject: str, predicate: str) -> str | None:
        """Return the only value, or None."""
        values = self.values(subject, predicate)
        assert len(values) <= 1, f"{subject} has several {predicate}"
        return values[0] if values else None

    def subjects(self, predicate: str, value: str) -> list[str]:
        return [node for node, name, object_ in self.triples if (name, object_) == (predicate, value)]


def read(document: Document, contexts: Contexts = NO_CONTEXTS) -> Graph:
    data = jsonld.to_rdf(document, {"documentLoader": loader(contexts)})
    assert set(data) == {"@default"}
    graph = Graph(list(dict.fromkeys(_triples(data["@default"]))))
    for quad in data["@default"]:
        if quad["object"]["type"] == "literal":
            graph.literals.add(quad["object"]["value"])
            graph.datatypes[quad["subject"]["value"], quad["predicate"]["value"]] = quad["object"]["datatype"]
    return graph


def n_quads(document: Document) -> str:
    written: str = jsonld.to_rdf(document, {"documentLoader": loader({}), "format": "application/n-quads"})
    return written


def _triples(quads: list[Document]) -> Iterator[tuple[str, str, str]]:
    for quad in quads:
        yield quad["subject"]["value"], quad["predicate"]["value"], quad["object"]["value"]
