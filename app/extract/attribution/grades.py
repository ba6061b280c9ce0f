"""How sure it is that a word attributes in a construction: often, now and then or seldom, written by hand."""

from app.extract.mentions.nouns import words

OFTEN, NOW_AND_THEN, SELDOM = 0.65, 0.5, 0.4

# How often a word attributes where it stands in a construction, where others of its class do so less often or oftener.
_OFTEN = {
    "object": words("""
        list prefer retweet trumpet extol extoll bemoan admire refute argue criticise chide rebut foresee mull
        recommend estimate deride cite express applaud decry note propose question remember lament brush_off fear
        criticize mock congratulate slam insult reaffirm warn state repudiate bash recount announce describe tweet
        highlight praise recall mention thank ridicule voice disclose endorse tout reject disavow spell_out recognize
        recite herald stress reiterate dismiss defend emphasize say condemn hail blast declare lay_out
    """),
    "infinitive": words(
        "vow promise prefer aim ask agree claim decline refuse threaten swear hope expect decide plead"
    ),
    "person": words("urge ask order implore beg exhort beseech"),
    "clause": words("worry hope expect think feel hop fear believe convince"),
    "that": words("""
        worry suspect realize realise anticipate notice doubt hope fear hop believe recognize recognise learn convince
        assume
    """),
    "for": words("call vouch praise advocate blast criticize criticise campaign push apologize apologise"),
    "about": words("speak talk joke boast brag complain muse warn"),
    "of": words("warn complain accuse boast"),
    "on": words("comment agree touch weigh"),
    "as": words("describe cite denounce dismiss praise regard defend"),
    "against": words("warn speak argue caution come"),
    "noun-of": words("favor favour embrace denunciation understanding hope mention opinion proponent"),
    "noun-about": words("question concern joke word"),
    "noun-clause": words("complaint statement suggestion assertion claim hope vow"),
}
_SELDOM = {
    "object": words("""
        attack challenge offer present favor favour underscore release publish promote embrace ignore
        downplay answer acknowledge enjoy nominate report detail counter address celebrate issue share
        back deny accept seek claim respect hate reveal post unveil debate feel believe
        call renew circulate appoint name advocate pitch spread broadcast welcome identify
        outline demand threaten pledge hammer rip champion protest
    """),
    "infinitive": words("seek pledge intend attempt hop want"),
    "person": words("invite tell push call pressure expect"),
    "clause": words("see guess assume hear determine hold learn decide consider understand remember figure forget"),
    "that": words("see decide determine remember understand"),
    "for": words("vote thank look know attack blame ask press hope cheer"),
    "about": words("care worry know think lie"),
    "to": words("look"),
    "as": words("see identify cast present name"),
    "on": words("focus double sound"),
    "noun-of": words("criticism critique endorsement assessment defense defence critic announcement"),
    "noun-for": words("support"),
    "noun-on": words("position attack"),
    "noun-clause": words("position idea plan sense story message threat notion"),
}


def grade(construction: str, lemma: str) -> float:
    """Return how sure it is that a word attributes in a construction, its class being one that may."""
    if lemma in _OFTEN.get(construction, ()):
        return OFTEN
    return SELDOM if lemma in _SELDOM.get(construction, ()) else NOW_AND_THEN
