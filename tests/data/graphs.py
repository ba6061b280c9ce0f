"""Graphs, as a JSON-LD processor reads them that may fetch nothing."""

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
    """Gives the contexts that a test brings; what else is asked for, nobody has."""

    def load(url: str, _options: object) -> Document:
        if url not in contexts:
            refuse(url)
        return {"contentType": "application/ld+json", "contextUrl": None, "documentUrl": url, "document": contexts[url]}

    return load


def refuse(url: str) -> NoReturn:
    raise AssertionError(f"the document needs {url} to be read")


@dataclass
class Graph:
    """The triples of a document's default graph: addresses and blank nodes by name, literals by their text."""

    triples: list[tuple[str, str, str]]
    datatypes: dict[tuple[str, str], str] = field(default_factory=dict)
    literals: set[str] = field(default_factory=set)

    def values(self, subject: str, predicate: str) -> list[str]:
        return [value for node, name, value in self.triples if (node, name) == (subject, predicate)]

    def value(self, subject: str, predicate: str) -> str | None:
        """The one value, or none."""
        found = self.values(subject, predicate)
        assert len(found) <= 1, f"{subject} has several {predicate}"
        return found[0] if found else None

    def subjects(self, predicate: str, value: str) -> list[str]:
        return [node for node, name, each in self.triples if (name, each) == (predicate, value)]


def read(document: Document, contexts: Contexts = NO_CONTEXTS) -> Graph:
    data = jsonld.to_rdf(document, {"documentLoader": loader(contexts)})
    assert set(data) == {"@default"}
    graph = Graph(list(dict.fromkeys(_triples(data["@default"]))))
    for each in data["@default"]:
        if each["object"]["type"] == "literal":
            graph.literals.add(each["object"]["value"])
            graph.datatypes[each["subject"]["value"], each["predicate"]["value"]] = each["object"]["datatype"]
    return graph


def n_quads(document: Document) -> str:
    written: str = jsonld.to_rdf(document, {"documentLoader": loader({}), "format": "application/n-quads"})
    return written


def _triples(found: list[Document]) -> Iterator[tuple[str, str, str]]:
    for each in found:
        yield each["subject"]["value"], each["predicate"]["value"], each["object"]["value"]
