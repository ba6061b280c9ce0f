"""Find the issuer of remarks: in "the ministry issued a statement saying …" the ministry is the source."""

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
_MAX_CLIMB = 5  # governing verbs whose subject may be the issuer


def find_noun_phrase(head: "Token") -> Span:
    """Return the noun phrase of a token, without dependent clauses and without marks around it."""
    tokens = list(head.subtree)
    clause = next((kid.left_edge.i for kid in head.rights if kid.dep_ in ("relcl", "acl", "punct")), None)
    tokens = [token for token in tokens if clause is None or token.i < clause]
    words = [token for token in tokens if not token.is_space and not token.is_punct] or [head]
    return Span(words[0].idx, words[-1].idx + len(words[-1]))


def find_issuer(doc: "Doc", mention: Span) -> Span | None:
    """Return the issuer of the remarks that a mention names, if it names remarks and the text names the issuer."""
    span = doc.char_span(mention.start, mention.end, alignment_mode="expand")
    head = span.root if span is not None and len(span) else None
    if head is None or head.lower_ not in UTTERANCES:
        return None
    owner = next((kid for kid in head.lefts if kid.dep_ == "poss"), None)
    if owner is not None:
        return find_noun_phrase(owner)
    if head.dep_ not in ("dobj", "pobj"):
        return None
    verb = head.head if head.dep_ == "dobj" else head.head.head
    for _ in range(_MAX_CLIMB):
        subject = next((kid for kid in verb.lefts if kid.dep_ in _SUBJECTS), None)
        if subject is not None:
            return find_noun_phrase(subject)
        if verb.dep_ not in ("conj", "xcomp", "advcl", "acl", "ccomp") or verb.head is verb:
            return None
        verb = verb.head
    return None
