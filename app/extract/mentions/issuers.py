"""Whose statement a statement is: "the ministry issued a statement saying …" is said by the ministry."""

from typing import TYPE_CHECKING

from app.core.spans import Span
from app.extract.mentions import nouns

if TYPE_CHECKING:
    from spacy.tokens import Doc, Token

UTTERANCES = nouns.words(
    "remark remarks comment comments statement statements communication communications letter letters note notes "
    "message messages speech address tweet tweets post posts email emails memo interview release announcement"
)
_SUBJECTS = ("nsubj", "nsubjpass")
_CLIMB = 5  # verbs above that may lend their subject


def phrase(head: "Token") -> Span:
    """The noun phrase of a token, without clauses that hang on it and marks around it."""
    tokens = list(head.subtree)
    clause = next((kid.left_edge.i for kid in head.rights if kid.dep_ in ("relcl", "acl", "punct")), None)
    tokens = [token for token in tokens if clause is None or token.i < clause]
    words = [token for token in tokens if not token.is_space and not token.is_punct] or [head]
    return Span(words[0].idx, words[-1].idx + len(words[-1]))


def issuer(doc: "Doc", mention: Span) -> Span | None:
    """Return who made the remarks that a mention names; None where it names no remarks, or nobody made them."""
    span = doc.char_span(mention.start, mention.end, alignment_mode="expand")
    head = span.root if span is not None and len(span) else None
    if head is None or head.lower_ not in UTTERANCES:
        return None
    owner = next((kid for kid in head.lefts if kid.dep_ == "poss"), None)
    if owner is not None:
        return phrase(owner)
    return _maker(head) if head.dep_ in ("dobj", "pobj") else None


def _maker(head: "Token") -> Span | None:
    verb = head.head if head.dep_ == "dobj" else head.head.head
    for _ in range(_CLIMB):
        subject = next((kid for kid in verb.lefts if kid.dep_ in _SUBJECTS), None)
        if subject is not None:
            return phrase(subject)
        if verb.dep_ not in ("conj", "xcomp", "advcl", "acl", "ccomp") or verb.head is verb:
            return None
        verb = verb.head
    return None
