"""Whether two texts are near-copies of one: by sketches of the words that they have in common.

A text is taken as the set of its runs of words (shingles; Broder, "On the resemblance and containment of documents",
1997). Of their hashes the smallest are kept: those of two texts that lie below both their bounds are one sample of the
shingles of both (bottom-k sketches, also called KMV synopses; Beyer et al., "On synopses for distinct-value estimation
under multiset operations", 2007). MinHash, of the same size, would tell what two texts share of all that either has, by
which half of a report, cut from its end, or one in a longer report is no copy; of such a sample one sees how much of
the one text is in the other.

Quotations are left out: independent reports share them, word for word.
"""

import re
import struct
import unicodedata
import zlib
from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

# Measured (docs/decisions/0014-what-an-origin-is.md): of runs of 3, 4 and 5 words those of 3 set edited copies best
# apart from independent reports of one event, and 0.4 lies between both.
_WORDS = 3  # of a shingle
_ALIKE = 0.4

_KEPT = 128  # hashes of a sketch, 4 bytes each
_LEAST = 20  # shingles: a text of fewer has no sketch
_SHARED = 6  # of the sample, so that a few words in common make no copy of a short text
_COMMON = 100  # texts that a shingle is looked up for: what more have tells nothing, and would cost the square of them

_LARGEST = 2**32 - 1
_SPREAD = 0x9E3779B1  # an odd number: the products follow no order of the checksums, and none are equal

_MARKS = (("“", "”"), ('"', '"'), ("«", "»"), ("„", "“”"), ("「", "」"))
# What is between quotation marks, or behind one that is not closed on its line: so begins each paragraph of a long
# quotation, and so may end what was cut.
_QUOTED = re.compile(
    "|".join(rf"{first}(?:[^{first}{last}\n]*+[{last}]|[^{first}{last}\n]{{0,1000}}$)" for first, last in _MARKS),
    re.MULTILINE,
)
# Scripts that put no spaces between words are cut into characters: kana, Chinese characters, Thai.
_UNSPACED = "\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff\u0e00-\u0e7f"
_WORD = re.compile(rf"[{_UNSPACED}]|[^\W_{_UNSPACED}]+")

Hashes = tuple[int, ...]
"""The smallest of a text's shingles as numbers, in their order."""


@dataclass(frozen=True, slots=True)
class Copy:
    """Of which text one is a near-copy, and how much of the one with fewer words is in the other, 0 to 1."""

    of: int
    similarity: float


def sketch(text: str) -> bytes:
    """What tells of which other texts this one is a near-copy; empty where it has too few words of its own."""
    hashes = _shingles(_QUOTED.sub("\n", text))
    if len(hashes) < _LEAST:
        return b""
    kept = sorted(hashes)[:_KEPT]
    return struct.pack(f"<{len(kept)}I", *kept)


def _shingles(text: str) -> set[int]:
    words = _WORD.findall(unicodedata.normalize("NFKC", text).casefold())
    runs = zip(*(words[first:] for first in range(_WORDS)), strict=False)
    return {zlib.crc32(" ".join(run).encode()) * _SPREAD & _LARGEST for run in runs}


def find(sketches: Mapping[int, bytes]) -> dict[int, Copy]:
    """Which texts are near-copies of one that comes before them and is itself none; of several, of the most alike."""
    firsts: dict[int, Hashes] = {}
    having: dict[int, int] = {}
    also: dict[int, list[int]] = defaultdict(list)  # few: what are no copies have little in common
    copies: dict[int, Copy] = {}
    for ident, each in sketches.items():
        hashes = _hashes(each)
        shared = Counter(having[value] for value in hashes if value in having)
        shared.update(first for value in hashes if value in also for first in also[value])
        likest = max(
            ((_likeness(hashes, firsts[first], count), first) for first, count in shared.items()), default=None
        )
        if likest is not None and likest[0] >= _ALIKE:
            copies[ident] = Copy(likest[1], likest[0])
            continue
        firsts[ident] = hashes
        for value in hashes:
            if having.setdefault(value, ident) != ident and len(also[value]) < _COMMON:
                also[value].append(ident)
    return copies


def likeness(one: bytes, other: bytes) -> float:
    """How much of the text with fewer words is in the other, 0 to 1; 0 where too little is."""
    ours, theirs = _hashes(one), _hashes(other)
    return _likeness(ours, theirs, len(set(ours).intersection(theirs)))


def _hashes(sketch: bytes) -> Hashes:
    return struct.unpack(f"<{len(sketch) // 4}I", sketch)


def _likeness(one: Hashes, other: Hashes, shared: int) -> float:
    if shared < _SHARED:
        return 0.0
    bound = min(_bound(one), _bound(other))
    return shared / min(bisect_right(one, bound), bisect_right(other, bound))


def _bound(hashes: Hashes) -> int:
    """Up to where the sketch has all shingles of its text."""
    return hashes[-1] if len(hashes) == _KEPT else _LARGEST
