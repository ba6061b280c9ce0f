"""Recognize single lines of a page's furniture by patterns, each anchored and of bounded reach."""

import re

_SHORT = 160  # code points; a longer line belongs to the article

_MONTH = r"(?:jan|feb|mar|apr|may|june?|july?|aug|sept?|oct|nov|dec)[a-z]{0,6}\.?"
_WEEKDAY = r"(?:(?:mon|tues|wednes|thurs|fri|satur|sun)day,? )?"
_DATE = rf"(?:{_WEEKDAY}(?:{_MONTH} \d\d?(?:st|nd|rd|th)?,? \d{{4}}|\d\d? {_MONTH},? \d{{4}}|\d{{4}}-\d\d-\d\d))"
_AGENCY = r"(?:ap|afp|reuters|getty(?: images)?|epa|xinhua|tass|sputnik|shutterstock|bloomberg|unsplash|istock)"
_NETWORK = r"(?:twitter|facebook|instagram|telegram|youtube|x)"

_LINES = (
    r"skip to (?:main |the )?(?:content|navigation)",
    r"(?:toggle |main )?(?:menu|navigation)|search|home",
    r"(?:log|sign) ?in(?: .{0,40})?|sign up(?: (?:for|to) [^,;:]{0,80})?|register(?: now)?",
    r"subscribe(?: (?:now|today|here|to [^,;:]{0,60}))?|donate(?: now)?|support us|newsletters?",
    r"advertisements?|sponsored(?: content)?|scroll (?:down )?to continue.{0,60}",
    r"(?:story|article) continues below.{0,40}",
    r"(?:share|tweet|e-?mail|print|save|copy link)(?: (?:this|on|via|to) [^,;:]{0,40})?",
    r"comments?(?: \(\d{1,6}\))?|\d{1,6} comments?",
    rf"(?:please )?(?:follow|like|find) (?:us|him|her|them|.{{2,40}}) on {_NETWORK}\b.{{0,60}}",
    r"(?:also read|read (?:more|also|next|the full .{1,40})|see also)(?:\s?[:»>|…-].{0,120})?",
    r"(?:watch|listen|related|recommended)(?:\s?[:»>|…-].{0,120})?",
    r"(?:click|tap) here .{0,80}|load(?:ing)? more.{0,20}|show more|view (?:all|more).{0,40}|back to top",
    r"(?:this (?:site|website)|we) uses? cookies\b.{0,120}|(?:accept|manage|reject) (?:all )?cookies",
    r"(?:cookie|privacy) (?:policy|settings|notice)|terms (?:of (?:use|service)|and conditions)",
    r"(?:copyright\b|©|\(c\) ?\d{4}).{0,140}|.{0,80}all rights reserved.{0,40}",
    rf"(?:published|updated|posted|last (?:updated|modified))\b:? (?:on |at )?.{{0,20}}{_DATE}.{{0,30}}",
    rf"{_DATE}(?:,? (?:at )?\d\d?[:.]\d\d.{{0,12}})?",
    r"source: [^.!?]{2,60}|\d{1,3} ?min(?:ute)?s? read|reading time\b.{0,20}",
)
_BYLINE_WITH_DATE = rf"(?:written |reported |story )?by [^.!?]{{3,60}}?(?:,? (?:on )?{_DATE}.{{0,20}})"
_BYLINES = (  # case-sensitive
    r"(?:Written |Reported |Story )?[Bb]y(?: (?:[A-Z][\w.’'-]{0,20}|de|van|von|bin|al|and|&)){2,8}"
    r"(?:,? [A-Z][\w. ]{2,40})?",
    r"BY(?: [A-Z][A-Z.’'-]{0,20}){2,6}",
)
_CREDITS = (
    rf"(?:the )?{_AGENCY}(?: (?:photos?|images?))?(?:[/ ,-]{{1,3}}.{{1,40}})?",
    rf"[^.!?]{{2,80}}(?:[/|(]|via) ?{_AGENCY}\)?",
    r"(?:photos?|images?|pictures?|credits?|caption|photograph|video)(?: (?:by|credit|courtesy(?: of)?))?:? "
    r"[^.!?]{2,80}",
    r"[^./|!?\n]{2,40}(?: [/|] [^./|!?\n]{2,40}){2,6}",
)
_TAILS = (
    r"more (?:from|on|by|about) .{2,60}|more (?:articles|stories|news|coverage|to read|top stories)",
    r"related (?:articles|stories|news|posts|topics|content|links|coverage)|related",
    r"(?:most|trending|popular|latest|recent|top|recommended|editors?[’'] )\s?"
    r"(?:read|popular|viewed|news|stories|articles|posts|picks|now|for you)",
    r"you (?:may|might) (?:also )?like|up next|(?:what to )?read next|recommended(?: for you)?",
    r"also (?:read|in the news)|leave a (?:comment|reply)|join the (?:conversation|discussion)|comments?",
)
_PITCHES = (
    r"(?:subscribe|sign up|register|join|donate|contribute|become a (?:member|subscriber|supporter)|support)\b.{0,100}",
    r"(?:get|read|receive) (?:our|the|more|unlimited|full) .{0,60}(?:newsletter|access|edition|inbox|app).{0,40}",
    r"(?:our|the|daily|weekly)? ?newsletters?(?: sign-?up)?|about (?:us|the authors?)|contact(?: us)?",
    r"advertise.{0,40}|follow us.{0,60}",
)


def _compile_any(patterns: tuple[str, ...], flags: int = re.IGNORECASE) -> re.Pattern[str]:
    return re.compile("|".join(f"(?:{pattern})" for pattern in patterns), flags)


_LINE = _compile_any(_LINES)
_BYLINE_DATED = _compile_any((_BYLINE_WITH_DATE,))
_BYLINE = _compile_any(_BYLINES, 0)
_CREDIT = _compile_any(_CREDITS)
_TAIL = _compile_any(_TAILS)
_PITCH = _compile_any(_PITCHES)
_NAME = re.compile(r"[A-Z][\w’'-]{1,20}(?: (?:[A-Z][\w’'-]{0,20}|[A-Z]\.|de|van|von|bin|al)){1,3}")
_WORD = re.compile(r"[^\W_]")


def is_furniture(line: str) -> bool:
    """Return whether a line is recognizably no part of an article: navigation, byline, credit, date, rule."""
    if not _WORD.search(line):
        return True
    if len(line) > _SHORT:
        return False
    patterns = (_LINE, _BYLINE_DATED, _BYLINE)
    return any(pattern.fullmatch(_strip_decoration(line)) for pattern in patterns) or is_credit(line) or is_tail(line)


def is_credit(line: str) -> bool:
    """Return whether a line is the credit of a photograph: "AP Images", "Jane Doe / Agency / Pool"."""
    return len(line) <= _SHORT and _CREDIT.fullmatch(line.strip()) is not None


def is_tail(line: str) -> bool:
    """Return whether a line is the heading of a list of other articles: "More from …", "Related articles"."""
    return len(line) <= _SHORT and _TAIL.fullmatch(_strip_decoration(line)) is not None


def is_pitch(heading: str) -> bool:
    """Return whether a heading belongs to a pitch: "Subscribe to …", "Become a member"."""
    return len(heading) <= _SHORT and _PITCH.fullmatch(_strip_decoration(heading)) is not None


def is_name(line: str) -> bool:
    """Return whether a line is just the name of a person."""
    return _NAME.fullmatch(line) is not None


def _strip_decoration(line: str) -> str:
    return line.strip(" \t\u00a0:»>|.*_")
