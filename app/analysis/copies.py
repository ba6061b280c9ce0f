"""Find near-duplicate texts by sketches of their shingles.

A text is the set of its runs of words (shingles; Broder, "On the resemblance and containment of documents", 1997). A
sketch holds the smallest of their hashes: those of two texts that lie below the bounds of both sketches are one sample
of the shingles of both (bottom-k sketches, also called KMV synopses; Beyer et al., "On synopses for distinct-value
estimation under multiset operations", 2007). MinHash of the same size would estimate the Jaccard index, by which half
of a report, cut from its end, or one inside a longer report is no copy; this sample estimates containment.

Quotations are left out: independent reports share them word for word.
"""

import re
import struct
import unicodedata
import zlib
from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

# Measured (docs/decisions/0014-origins.md): of shingles of 3, 4 and 5 words those of 3 best tell edited
# copies from independent reports of one event, and 0.4 lies between both.
_COPY_SIMILARITY = 0.4

_SKETCH_SIZE = 128  # hashes of a sketch, 4 bytes each
_LEAST_SHINGLES = 20  # a text of fewer has no sketch
_LEAST_SHARED = 6  # hashes of the sample, so that a few words in common make no copy of a short text
_MOST_COMMON = 100  # texts that are looked up for one hash: more common ones say little, at the cost of their square

_LARGEST = 2**32 - 1
_SPREAD = 0x9E3779B1  # an odd number: the products follow no order of the checksums, and none are equal

_MARKS = (("“", "”"), ('"', '"'), ("«", "»"), ("„", "“”"), ("「", "」"))
# Words between quotation marks, or after one that is not closed on its line: each paragraph of a long quotation begins
# so, and a text that was cut may end so.
_QUOTED = re.compile(
    "|".join(rf"{first}(?:[^{first}{last}\n]*+[{last}]|[^{first}{last}\n]{{0,1000}}$)" for first, last in _MARKS),
    re.MULTILINE,
)
# Scripts that put no spaces between words are cut into characters: kana, Chinese characters, Thai.
_UNSPACED = "\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff\u0e00-\u0e7f"
_WORD = re.compile(rf"[{_UNSPACED}]|[^\W_{_UNSPACED}]+")

Hashes = tuple[int, ...]
"""The smallest hashes of a text's shingles, in ascending order."""


@dataclass(frozen=True, slots=True)
class Copy:
    """The text that another one copies, and the share of the shorter of the two that the longer holds, 0 to 1."""

    original_id: int
    similarity: float


def build_sketch(text: str) -> bytes:
    """Return the sketch by which near-duplicates of a text are found; empty if it has too few words of its own."""
    words = _WORD.findall(unicodedata.normalize("NFKC", _QUOTED.sub("\n", text)).casefold())
    shingles = zip(words, words[1:], words[2:], strict=False)
    hashes = {zlib.crc32(" ".join(shingle).encode()) * _SPREAD & _LARGEST for shingle in shingles}
    if len(hashes) < _LEAST_SHINGLES:
        return b""
    smallest = sorted(hashes)[:_SKETCH_SIZE]
    return struct.pack(f"<{len(smallest)}I", *smallest)


def find_copies(sketches: Mapping[int, bytes]) -> dict[int, Copy]:
    """Find the texts that are near-duplicates of an earlier original; of several originals the most similar counts."""
    originals: dict[int, Hashes] = {}
    first_with: dict[int, int] = {}
    others_with: dict[int, list[int]] = defaultdict(list)  # few: originals have little in common
    copies: dict[int, Copy] = {}
    for text_id, sketch in sketches.items():
        hashes = _unpack(sketch)
        shared = Counter(first_with[value] for value in hashes if value in first_with)
        for value in hashes:
            if value in others_with:
                shared.update(others_with[value])
        similarity, original_id = max(
            ((_estimate(hashes, originals[other], count), other) for other, count in shared.items()), default=(0.0, 0)
        )
        if similarity >= _COPY_SIMILARITY:
            copies[text_id] = Copy(original_id, similarity)
            continue
        originals[text_id] = hashes
        for value in hashes:
            if first_with.setdefault(value, text_id) != text_id and len(others_with[value]) < _MOST_COMMON:
                others_with[value].append(text_id)
    return copies


def compare_sketches(sketch: bytes, other: bytes) -> float:
    """Return the share of the shorter text that the longer holds, 0 to 1; 0 if they share too little."""
    hashes, other_hashes = _unpack(sketch), _unpack(other)
    return _estimate(hashes, other_hashes, len(set(hashes).intersection(other_hashes)))


def _unpack(sketch: bytes) -> Hashes:
    return struct.unpack(f"<{len(sketch) // 4}I", sketch)


def _estimate(hashes: Hashes, other: Hashes, shared: int) -> float:
    """Estimate containment from the sample of hashes below the bounds up to which both sketches are complete."""
    if shared < _LEAST_SHARED:
        return 0.0
    bound = _LARGEST
    for sample in (hashes, other):
        if len(sample) == _SKETCH_SIZE:
            bound = min(bound, sample[-1])
    return shared / min(bisect_right(hashes, bound), bisect_right(other, bound))
