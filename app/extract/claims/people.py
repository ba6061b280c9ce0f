"""How many were killed, injured, missing, arrested, displaced, or took part."""

import re
from collections.abc import Iterator

from app.core.quantities import words
from app.core.quantities.words import Figure
from app.core.spans import Span
from app.extract.claims.scene import Scene, Sentence
from app.extract.findings import ExtractedClaim

_PLAIN = "people persons person others other victims individuals humans"
_NOUNS = (
    "civilians civilian soldiers soldier troops servicemen personnel officers officer policemen police children child "
    "women woman men man girls girl boys boy teenagers youths students student pupils teachers passengers passenger "
    "protesters protester protestors demonstrators demonstrator marchers rioters activists supporters mourners fans "
    "worshippers pilgrims delegates spectators militants militant fighters fighter rebels rebel insurgents gunmen "
    "attackers terrorists suspects suspect workers worker miners miner employees staff migrants migrant refugees "
    "refugee residents resident villagers villager tourists tourist patients journalists journalist prisoners inmates "
    "hostages firefighters rescuers crew sailors fishermen pilots drivers customers shoppers families family "
    "Palestinians Israelis Syrians Ukrainians Russians Americans Iraqis Afghans Yemenis Rohingya"
)
_PAIRS = ("police officers", "police officer", "family members", "family member", "aid workers", "aid worker")
_SINGULAR = {"man": "men", "woman": "women", "child": "children", "family": "families"}
_PLURAL = ("s", "men", "ren", "personnel", "police", "staff", "crew", "Rohingya")
_DONE = {  # what was done to them, or what they did
    "fatalities": "killed|dead|died|shot dead|executed|murdered|massacred|lost their lives|drowned",
    "injured": "injured|wounded|hurt|hospitali[sz]ed",
    "missing": "missing|unaccounted for",
    "arrested": "arrested|detained|taken into custody|rounded up",
    "displaced": "displaced|evacuated|left homeless|homeless|fled their homes|forced from their homes",
    "participants": "gathered|marched|rallied|protested|demonstrated|attended|took part|turned out|took to the streets",
}
_DOING = {  # what did it to them
    "fatalities": "kill(?:ed|s|ing)|shot dead|shot and killed|claim(?:ed|s|ing) the lives of|massacred|drowned",
    "injured": "injur(?:ed|es|ing)|wound(?:ed|s|ing)",
    "arrested": "arrest(?:ed|s|ing)|detain(?:ed|s|ing)|rounded up",
    "displaced": "displac(?:ed|es|ing)|evacuat(?:ed|es|ing)",
    "participants": "attended by|drew|drawing",
}
_NOUN_OF = {"fatalities": "deaths|fatalities", "injured": "injuries", "arrested": "arrests"}
_OF = re.compile(
    r"(?:[ \u00a0]of)?(?:[ \u00a0](?!(?:of|in|on|at|to|and|or|the|for|from|by|with|as|were|was|are|who)\b)"
    rf"[A-Za-z][\w’'-]{{1,20}}){{0,3}}?[ \u00a0](?P<noun>{'|'.join([*_PAIRS, *f'{_PLAIN} {_NOUNS}'.split()])})\b"
)
_LINK = (
    r"(?:[ \u00a0](?:who|were|was|have|has|had|been|are|is|being|also|reportedly|confirmed|officially|seriously|"
    r"critically|later|still|remain|remained|reported|listed|left|there|a)\b){0,4}[ \u00a0]"
)
_AFTER = re.compile(_LINK + "(?:" + "|".join(f"(?P<{name}>{verbs})" for name, verbs in _DONE.items()) + r")\b")
_THINGS = re.compile(
    r"(?:[ \u00a0](?:confirmed|reported))?[ \u00a0](?:"
    + "|".join(f"(?P<{name}>{nouns})" for name, nouns in _NOUN_OF.items())
    + r")\b"
)
_BEFORE = re.compile(
    r"(?:^|[^\w-])(?:"
    + "|".join(f"(?P<{name}>{verbs})" for name, verbs in _DOING.items())
    + r")(?: another)?[ \u00a0]$",
    re.IGNORECASE,
)
_TOLL = re.compile(
    r"\bdeath toll(?: from [^.,;]{1,40})?(?: has| had| have)? ?(?:(?:rose|risen|rises|climbed|climbs|jumped|stood|"
    r"stands|reached|reaches|hit|was|is|grew|grown)(?: to| at)?)?[ \u00a0]$",
    re.IGNORECASE,
)
_CROWD = re.compile(r"\b(?:crowd|crowds|gathering|audience) of[ \u00a0]$", re.IGNORECASE)
# After "killed 12", where no noun says of what.
_ENDS = re.compile(
    r"[.,;!)]|$|[ \u00a0](?:and|in|on|at|when|after|as|before|near|during|overnight|outside|including)\b|[ \u00a0][–—-]"
)
_PART = re.compile(r"\b(?:in|since|by|until|from|during|of|age|aged|the|No\.?|number)[ \u00a0]$", re.IGNORECASE)
_WINDOW = 80  # code points before a number that say what it counts
_HARM = re.compile(
    r"\b(?:kill|dead|death|die|dying|attack|blast|bomb|explo|shoot|shot|gun|crash|quake|flood|storm|hurricane|typhoon|"
    r"cyclone|fire|blaze|collaps|massacre|clash|strike|shell|stab|injur|wound|toll|victim|sank|sink|capsiz|landslide|"
    r"avalanche|stampede|derail|erupt|tsunami|disaster|riot|violence)"
)
_SUFFERED = re.compile(
    r"\b(?:kill|dead|death|die|dying|toll|injur|wound|victim|casualt|missing|homeless|displac|evacuat)"
)
_ABOUT = {
    "arrested": re.compile(r"\b(?:arrest|detain|detention|police|raid|crackdown|custody|jail|round|suspect|charged)"),
    "participants": re.compile(
        r"\b(?:protest|rall|march|attend|gather|demonstrat|crowd|strike|funeral|mourn|turnout|conference|walk|parade)"
    ),
}
_FIRST, _FURTHER = 2, 8  # sentences: what stands further down is less often of the event
_CONFIDENCE = (0.7, 0.55, 0.4)
_BESIDE = 0.3  # where headline and first sentences speak of nothing of the kind


def find(sentence: Sentence, scene: Scene) -> Iterator[ExtractedClaim]:
    """Yield how many people a plain sentence says were what."""
    text, start, end = sentence.text, sentence.start, sentence.end
    for figure in words.find_figures(text, start, end):
        if figure.unit is not None or (figure.year and _PART.search(text, max(start, figure.start - 12), figure.start)):
            continue
        noun = _OF.match(text, figure.end, end)
        name = _property(sentence, figure, noun.end() if noun else figure.end, bare=noun is None)
        if name is not None:
            counted = noun["noun"] if noun else "people"
            span = Span(figure.start, noun.end() if noun else figure.end)
            yield ExtractedClaim(name, span, figure.number.text, _unit(counted), _confidence(name, sentence, scene))


def _property(sentence: Sentence, figure: Figure, end: int, *, bare: bool) -> str | None:
    """What is said of so many, by the words after them or before."""
    text, window = sentence.text, sentence.text[max(sentence.start, figure.start - _WINDOW) : figure.start]
    done = _AFTER.match(text, end, sentence.end)
    if done is not None:
        return done.lastgroup
    things = _THINGS.match(text, end, sentence.end) if bare else None
    if things is not None:
        return things.lastgroup
    if not bare or _ENDS.match(text, end, sentence.end):
        doing = _BEFORE.search(window)
        if doing is not None:
            return doing.lastgroup
        if _TOLL.search(window):
            return "fatalities"
    return "participants" if _CROWD.search(window) else None


def _unit(noun: str) -> str:
    """What is counted: people, or the sort of them that the text names, in the plural."""
    if noun in _PLAIN.split():
        return "people"
    return _SINGULAR.get(noun, noun if noun.endswith(_PLURAL) else f"{noun}s").casefold()


def _confidence(name: str, sentence: Sentence, scene: Scene) -> float:
    """How sure it is that the event's own are meant: by what it is about, and how far down the sentence stands."""
    if not scene.is_about(_ABOUT.get(name, _HARM)):
        return _BESIDE
    if sentence.place >= _FIRST and not scene.is_about(_ABOUT.get(name, _SUFFERED)):
        return _BESIDE
    return _CONFIDENCE[(sentence.place >= _FIRST) + (sentence.place >= _FURTHER)]
