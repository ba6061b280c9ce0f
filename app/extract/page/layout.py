"""Find the article in a captured page: its paragraphs and its headline, without the page's furniture.

Furniture is everything around the article: navigation, bylines, photo credits, teasers, pitches. In doubt a line
belongs to the article. The page may be plain text or the Markdown that page converters write. Offsets are those of the
given text.
"""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from enum import Enum, auto

from app.core.spans import Span
from app.extract.page import furniture

_LINE = re.compile(r"[^\n]+")
_MARKER = re.compile(r"(?:(#{1,6})\s+|[-*•]\s{1,4}|>\s?)?")
_LINK = re.compile(r"\[([^\[\]\n]{0,300})\]\([^()\s]{0,500}\)")
_TERMINAL = re.compile(r"[.!?…:;,][\"'”’»)\]]{0,3}$")
_SURROGATE = re.compile(r"[\ud800-\udfff]")  # models reject them
_HEADLINE_LENGTH = 200
_SOLID = 120  # code points from which a line with a full stop is a paragraph of an article


class Role(Enum):
    """The role of a line in its page."""

    TEXT = auto()
    HEADING = auto()
    TITLE = auto()
    FURNITURE = auto()


@dataclass(frozen=True, slots=True)
class Block:
    """A line of the page, or a paragraph that was broken into lines, without its Markdown marker."""

    span: Span
    words: str  # as displayed: without the addresses of links
    role: Role = Role.TEXT
    level: int = 0  # of a Markdown heading; 0 if it is none
    is_apart: bool = False  # an empty line precedes it

    @property
    def is_finished(self) -> bool:
        """True if it ends like a sentence."""
        return _TERMINAL.search(self.words[-4:]) is not None


@dataclass(frozen=True, slots=True)
class Layout:
    """The blocks of a page; ``plain`` is its text with spaces in place of markup, so that offsets stay valid."""

    plain: str
    blocks: tuple[Block, ...]

    def get_spans(self, *roles: Role) -> tuple[Span, ...]:
        """Return the spans of the blocks with one of these roles, in the order of the text."""
        return tuple(block.span for block in self.blocks if block.role in roles)


def parse_layout(text: str, title: str | None = None) -> Layout:
    """Split a page into blocks with their roles. `title` is its headline, if known; it need not be in the text."""
    plain = _blank_links(_SURROGATE.sub("\ufffd", text))
    blocks = list(_split_into_blocks(plain))
    if _is_wrapped(blocks):
        plain, blocks = _unwrap(plain, blocks)
    roles = [block.role for block in blocks]
    for assign_roles in (_mark_lines, _mark_captions, _mark_repetitions, _mark_sections, _mark_tail, _mark_signature):
        assign_roles(blocks, roles)
    _mark_headline(blocks, roles, title)
    return Layout(plain, tuple(replace(block, role=role) for block, role in zip(blocks, roles, strict=True)))


def _blank_links(text: str) -> str:
    """Replace Markdown links by their text and spaces, so that offsets stay valid."""

    def blank(link: re.Match[str]) -> str:
        return f" {link[1]}".ljust(len(link[0]))

    return _LINK.sub(blank, text)


def _split_into_blocks(plain: str) -> Iterator[Block]:
    last_end = -1
    for line in _LINE.finditer(plain):
        start, end = _strip(plain, *line.span())
        if start == end:
            continue
        marker = _MARKER.match(plain, start, end)
        sign = marker[0] if marker else ""
        body, _ = _strip(plain, start + len(sign), end)
        if body < end:
            level = len(sign.rstrip()) if sign.startswith("#") else 0
            yield Block(
                span=Span(body, end),
                words=plain[body:end],
                level=level,
                is_apart=plain.count("\n", last_end, start) > 1 if last_end >= 0 else True,
            )
        last_end = end


def _strip(text: str, start: int, end: int) -> tuple[int, int]:
    """Return the bounds of a line without white space around it; an empty range at its end if it is blank."""
    line = text[start:end]
    left = len(line) - len(line.lstrip())
    return (start + left, start + len(line.rstrip())) if left < len(line) else (end, end)


def _is_wrapped(blocks: Sequence[Block]) -> bool:
    """Return whether paragraphs were broken into lines of about one length, as in mail and on terminals."""
    lengths = [block.span.end - block.span.start for block in blocks]
    joined = sum(not block.is_apart for block in blocks)
    return (
        len(blocks) >= 6
        and max(lengths) <= 100
        and 2 * sum(length >= 50 for length in lengths) > len(lengths)
        and 2 * joined > len(blocks)
        and joined < len(blocks) - 1
    )


def _unwrap(plain: str, blocks: Sequence[Block]) -> tuple[str, list[Block]]:
    """Join the lines of broken paragraphs; return the new plain text and the blocks."""
    letters = list(plain)
    joined: list[Block] = []
    for block in blocks:
        if block.is_apart or block.level or not joined:
            joined.append(block)
            continue
        last = joined[-1]
        for i in range(last.span.end, block.span.start):
            letters[i] = " "
        joined[-1] = replace(last, span=Span(last.span.start, block.span.end))
    plain = "".join(letters)
    return plain, [replace(block, words=plain[block.span.start : block.span.end]) for block in joined]


def _mark_lines(blocks: Sequence[Block], roles: list[Role]) -> None:
    """Mark lines that are furniture or headings by themselves."""
    for i, block in enumerate(blocks):
        if furniture.is_furniture(block.words):
            roles[i] = Role.FURNITURE
        elif block.level:
            roles[i] = Role.HEADING


def _mark_captions(blocks: Sequence[Block], roles: list[Role]) -> None:
    """Mark a caption next to a credit, with no empty line between them."""
    for i, block in enumerate(blocks[1:], 1):
        if block.is_apart or block.level:
            continue
        above = blocks[i - 1]
        if furniture.is_credit(above.words) and not block.is_finished and len(block.words) < _SOLID:
            roles[i] = Role.FURNITURE
        elif (
            furniture.is_credit(block.words) and not above.is_finished and len(above.words) < _SOLID and not above.level
        ):
            roles[i - 1] = Role.FURNITURE


def _mark_repetitions(blocks: Sequence[Block], roles: list[Role]) -> None:
    """Mark repeated lines: teasers occur as text of a picture and of a link. Of a paragraph, the first stays."""
    times = Counter(block.words for block in blocks if len(block.words.split()) >= 3)
    seen: set[str] = set()
    for i, block in enumerate(blocks):
        if times[block.words] > 1 and (block.words in seen or not block.is_finished):
            roles[i] = Role.FURNITURE
        seen.add(block.words)


def _mark_sections(blocks: Sequence[Block], roles: list[Role]) -> None:
    """Mark the section below the heading of a pitch, up to the next heading of its level or above."""
    level = 0
    for i, block in enumerate(blocks):
        if block.level and (not level or block.level <= level):
            level = block.level if furniture.is_pitch(block.words) else 0
        if level:
            roles[i] = Role.FURNITURE


def _mark_tail(blocks: Sequence[Block], roles: list[Role]) -> None:
    """Mark everything after "More from …", unless the article continues there."""
    solid = unfinished = lines = 0
    tail = len(blocks)
    for i in range(len(blocks) - 1, 0, -1):
        if furniture.is_tail(blocks[i].words) and solid < 2 and 2 * unfinished >= lines:
            tail = i
        if roles[i] is Role.TEXT:
            lines += 1
            unfinished += not blocks[i].is_finished
            solid += blocks[i].is_finished and len(blocks[i].words) >= _SOLID
    roles[tail:] = [Role.FURNITURE] * (len(blocks) - tail)


def _mark_signature(blocks: Sequence[Block], roles: list[Role]) -> None:
    """Mark a name alone on the last line of the article as its author's."""
    last = next((i for i in range(len(blocks) - 1, 0, -1) if roles[i] is Role.TEXT), 0)
    if last > 1 and furniture.is_name(blocks[last].words):
        roles[last] = Role.FURNITURE


def _mark_headline(blocks: Sequence[Block], roles: list[Role], title: str | None) -> None:
    """Mark the headline, and short unfinished lines above it as furniture."""
    headline = _find_headline(blocks, roles, title)
    if headline is None:
        return
    roles[headline] = Role.TITLE
    for i in range(headline):
        if not blocks[i].is_finished and len(blocks[i].words) < _SOLID:
            roles[i] = Role.FURNITURE


def _find_headline(blocks: Sequence[Block], roles: Sequence[Role], title: str | None) -> int | None:
    """Return the number of the block with the title, else of a heading or an unfinished line above the article."""
    if title:
        key = "".join(title.split()).casefold()
        for i, block in enumerate(blocks[:50]):
            if "".join(block.words.split()).casefold() == key:
                return i
    for i, block in enumerate(blocks):
        if roles[i] is Role.FURNITURE:
            continue
        if block.is_finished or len(block.words) > _HEADLINE_LENGTH:
            return None
        if roles[i] is Role.HEADING or len(block.words.split()) >= 4:
            return i if i + 1 < len(blocks) else None
    return None
