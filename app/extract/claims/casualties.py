"""Extract the numbers of people killed, injured, missing, arrested, displaced, or taking part."""

import re
from collections.abc import Iterator

from app.core.quantities import words
from app.core.spans import Span
from app.extract.claims.context import EventContext, Sentence
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
_PARTICIPLES = {  # after the people
    "fatalities": "killed|dead|died|shot dead|executed|murdered|massacred|lost their lives|drowned",
    "injured": "injured|wounded|hurt|hospitali[sz]ed",
    "missing": "missing|unaccounted for",
    "arrested": "arrested|detained|taken into custody|rounded up",
    "displaced": "displaced|evacuated|left homeless|homeless|fled their homes|forced from their homes",
    "participants": "gathered|marched|rallied|protested|demonstrated|attended|took part|turned out|took to the streets",
}
_VERBS = {  # before the people
    "fatalities": "kill(?:ed|s|ing)|shot dead|shot and killed|claim(?:ed|s|ing) the lives of|massacred|drowned",
    "injured": "injur(?:ed|es|ing)|wound(?:ed|s|ing)",
    "arrested": "arrest(?:ed|s|ing)|detain(?:ed|s|ing)|rounded up",
    "displaced": "displac(?:ed|es|ing)|evacuat(?:ed|es|ing)",
    "participants": "attended by|drew|drawing",
}
_PROPERTY_NOUNS = {"fatalities": "deaths|fatalities", "injured": "injuries", "arrested": "arrests"}
_OF = re.compile(
    r"(?:[ \u00a0]of)?(?:[ \u00a0](?!(?:of|in|on|at|to|and|or|the|for|from|by|with|as|were|was|are|who)\b)"
    rf"[A-Za-z][\w’'-]{{1,20}}){{0,3}}?[ \u00a0](?P<noun>{'|'.join([*_PAIRS, *f'{_PLAIN} {_NOUNS}'.split()])})\b"
)
_LINK = (
    r"(?:[ \u00a0](?:who|were|was|have|has|had|been|are|is|being|also|reportedly|confirmed|officially|seriously|"
    r"critically|later|still|remain|remained|reported|listed|left|there|a)\b){0,4}[ \u00a0]"
)
_AFTER = re.compile(_LINK + "(?:" + "|".join(f"(?P<{name}>{verbs})" for name, verbs in _PARTICIPLES.items()) + r")\b")
_PROPERTY_NOUN = re.compile(
    r"(?:[ \u00a0](?:confirmed|reported))?[ \u00a0](?:"
    + "|".join(f"(?P<{name}>{nouns})" for name, nouns in _PROPERTY_NOUNS.items())
    + r")\b"
)
_BEFORE = re.compile(
    r"(?:^|[^\w-])(?:"
    + "|".join(f"(?P<{name}>{verbs})" for name, verbs in _VERBS.items())
    + r")(?: another)?[ \u00a0]$",
    re.IGNORECASE,
)
_TOLL = re.compile(
    r"\bdeath toll(?: from [^.,;]{1,40})?(?: has| had| have)? ?(?:(?:rose|risen|rises|climbed|climbs|jumped|stood|"
    r"stands|reached|reaches|hit|was|is|grew|grown)(?: to| at)?)?[ \u00a0]$",
    re.IGNORECASE,
)
_CROWD = re.compile(r"\b(?:crowd|crowds|gathering|audience) of[ \u00a0]$", re.IGNORECASE)
# After "killed 12" without a noun.
_ENDS = re.compile(
    r"[.,;!)]|$|[ \u00a0](?:and|in|on|at|when|after|as|before|near|during|overnight|outside|including)\b|[ \u00a0][–—-]"
)
_PART = re.compile(r"\b(?:in|since|by|until|from|during|of|age|aged|the|No\.?|number)[ \u00a0]$", re.IGNORECASE)
_WINDOW = 80  # code points before a number that may hold its verb
_HARM = re.compile(
    r"\b(?:kill|dead|death|die|dying|attack|blast|bomb|explo|shoot|shot|gun|crash|quake|flood|storm|hurricane|typhoon|"
    r"cyclone|fire|blaze|collaps|massacre|clash|strike|shell|stab|injur|wound|toll|victim|sank|sink|capsiz|landslide|"
    r"avalanche|stampede|derail|erupt|tsunami|disaster|riot|violence)"
)
_SUFFERED = re.compile(
    r"\b(?:kill|dead|death|die|dying|toll|injur|wound|victim|casualt|missing|homeless|displac|evacuat)"
)
_TOPICS = {
    "arrested": re.compile(r"\b(?:arrest|detain|detention|police|raid|crackdown|custody|jail|round|suspect|charged)"),
    "participants": re.compile(
        r"\b(?:protest|rall|march|attend|gather|demonstrat|crowd|strike|funeral|mourn|turnout|conference|walk|parade)"
    ),
}
_NEAR, _FAR = 2, 8  # sentences; numbers further down are less often the event's
_CONFIDENCES = (0.7, 0.55, 0.4)  # near, between, far
_OFF_TOPIC_CONFIDENCE = 0.3  # if headline and first sentences mention nothing of the kind


def find_casualties(sentence: Sentence, context: EventContext) -> Iterator[ExtractedClaim]:
    """Yield the numbers of people that a plain sentence reports."""
    text, start, end = sentence.text, sentence.start, sentence.end
    for figure in words.find_figures(text, start, end):
        if figure.unit is not None or (figure.year and _PART.search(text, max(start, figure.start - 12), figure.start)):
            continue
        noun = _OF.match(text, figure.end, end)
        span = Span(figure.start, noun.end() if noun else figure.end)
        name = _find_property(sentence, span, is_bare=noun is None)
        if name is not None:
            unit = _get_unit(noun["noun"] if noun else "people")
            yield ExtractedClaim(name, span, figure.number.text, unit, _get_confidence(name, sentence, context))


def _find_property(sentence: Sentence, number: Span, *, is_bare: bool) -> str | None:
    """Return the property of which the words around a number give the value; ``is_bare`` without a noun after it."""
    text, before = sentence.text, sentence.text[max(sentence.start, number.start - _WINDOW) : number.start]
    participle = _AFTER.match(text, number.end, sentence.end)
    if participle is not None:
        return participle.lastgroup
    noun = _PROPERTY_NOUN.match(text, number.end, sentence.end) if is_bare else None
    if noun is not None:
        return noun.lastgroup
    if not is_bare or _ENDS.match(text, number.end, sentence.end):
        verb = _BEFORE.search(before)
        if verb is not None:
            return verb.lastgroup
        if _TOLL.search(before):
            return "fatalities"
    return "participants" if _CROWD.search(before) else None


def _get_unit(noun: str) -> str:
    """Return "people", or the plural of a more specific noun."""
    if noun in _PLAIN.split():
        return "people"
    return _SINGULAR.get(noun, noun if noun.endswith(_PLURAL) else f"{noun}s").casefold()


def _get_confidence(name: str, sentence: Sentence, context: EventContext) -> float:
    """Return the confidence that the number is the event's, by its topic and the place of the sentence."""
    if not context.is_about(_TOPICS.get(name, _HARM)):
        return _OFF_TOPIC_CONFIDENCE
    if sentence.place >= _NEAR and not context.is_about(_TOPICS.get(name, _SUFFERED)):
        return _OFF_TOPIC_CONFIDENCE
    return _CONFIDENCES[(sentence.place >= _NEAR) + (sentence.place >= _FAR)]
