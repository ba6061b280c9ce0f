"""What a rule says of the candidates of a word."""

from typing import NamedTuple

from app.extract.attribution.candidates import Candidate

Frames = dict[str, Candidate]  # the candidates of a word by their constructions, one each


class Judgement(NamedTuple):
    """A candidate, how sure it is that it attributes (0 to 1), and what says so."""

    candidate: Candidate
    confidence: float
    rule: str


def first_of(frames: Frames, *names: str) -> Candidate | None:
    """Return the candidate of the first of these constructions that there is."""
    for name in names:
        if name in frames:
            return frames[name]
    return None
