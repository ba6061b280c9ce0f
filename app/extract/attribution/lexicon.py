"""Words that attribute, by class: written by hand, after the classes of verbs of communication and attitude.

All are lemmas, except the inflected forms of ``get_speech_forms`` for texts without a parse.
"""

import functools

from app.extract.mentions.nouns import words

# Verbs of saying, with a clause or a quotation as content: "X said that …", "…," X said.
SAY = words("""
    say tell add note explain state announce write tweet declare claim argue insist assert contend maintain warn
    report observe remark comment reply respond answer acknowledge admit concede confirm reveal disclose stress
    emphasize emphasise underscore underline reiterate repeat recall recount relate joke quip boast brag complain
    lament caution allege charge predict suggest hint imply proclaim pronounce profess testify swear affirm assure
    reassure inform notify advise remind vow pledge promise agree deny conclude continue
    counter retort rebut reason posit opine muse remonstrate protest object exclaim shout yell scream cry whisper
    mutter murmur snap tease deadpan gush rail thunder roar bellow blurt interject reckon estimate
    post blog retweet email cable message text signal indicate clarify elaborate expound specify detail describe
    quote cite paraphrase summarize dictate preach lecture chide scold admonish berate
    attest certify verify avow rule decree order recommend urge propose ask inquire wonder question speculate
    theorize hypothesize surmise forecast project contradict
    apologize apologise confess divulge leak hail rejoice fume bemoan grumble groan sigh laugh chuckle sneer scoff
    interrupt chime begin start offer volunteer venture point concur intone guarantee chant recite
""")

# Verbs that attribute a quotation in marks beside them; not all are verbs of saying.
QUOTING = SAY | words("""
    go read think believe tout crow chant sing argue close open finish end sum call conclude demand plead beg
    criticize criticise blast slam mock declare ask accuse respond explain jab shoot fire
    label dub brand term characterize characterise portray depict deem refer liken
""") - words("order project rule signal post text detail start offer open close end message cable go fire shoot sing")

# Verbs of belief, knowledge, feeling and expectation, with a clause.
THINK = words("""
    think believe know feel hope fear expect understand doubt suspect assume consider imagine worry realize realise
    recognize recognise decide hold reckon guess figure see hear learn find remember forget dream bet trust foresee
    envision anticipate presume suppose determine notice perceive regret concede accept judge deem mean convince hop
""")  # "hop" is what the model makes of "hoping"

# Verbs of wish, intention and commitment, with an infinitive.
WANT = words("""
    want wish intend plan hope aim seek vow pledge promise threaten offer agree refuse decline propose decide
    prefer expect swear volunteer resolve vote ask demand desire hop hesitate plead attempt claim consider
    yearn long dare profess undertake contract elect beg strive opt
""")

# Verbs of appearance, with a complement.
SEEM = words("seem appear")

# Verbs with the addressee as object: "…," she told the paper.
ADDRESSED = words("tell inform assure warn remind advise notify")

# Verbs of appeal: called on them to …, called for ….
CALLING = words("call push press lobby campaign appeal clamor")

# Verbs with a gerund as content: "reported spending".
GERUND = words("report suggest propose consider recall remember admit deny mention advocate oppose acknowledge love")

# Light verbs, whose object attributes: "expressed concern about".
LIGHT = words("express issue offer raise voice make")

# Verbs of request, with a person and an infinitive.
URGE = words("""
    urge ask tell advise encourage warn order beg press implore instruct invite request command exhort beseech push
    pressure remind caution direct challenge want expect call persuade
""")

# Verbs of judgement, and verbs of expression, with a noun phrase.
JUDGE = words("""
    criticize criticise praise condemn denounce blast slam attack mock endorse support oppose reject back defend
    dismiss dispute question challenge deny applaud welcome ridicule deride decry disavow disparage rebuke assail
    lambast lambaste bash chastise castigate censure repudiate champion tout laud hail extol celebrate commend thank
    favor favour disagree object bemoan lament deplore resent admire respect hate love like dislike blame fault
    insult belittle scold trash rip hammer skewer mourn honor protest prefer congratulate salute reprimand disown
    accept embrace ignore shun resist renounce rebuff refute rebut chide taunt savage savor relish cheer boo
    downplay minimize exaggerate trumpet herald extoll approve disapprove veto boycott recognize
    recognise credit remember underestimate misrepresent trivialize romanticize disregard contradict promote
     seek want expect fear enjoy crave nominate pan counter despise detest loathe revile cherish
    distrust mistrust doubt regret recant retract justify rationalize envision imagine perceive interpret excoriate
    pummel lampoon satirize heckle jeer smear malign vilify demonize politicize mischaracterize caricature discredit
    debunk appoint abhor acclaim berate bless condone damn denigrate deprecate diss dread
    esteem excuse forgive gripe impugn knock loath needle nix pillory rap rue
    scapegoat scorn second shame shrug slag slander spurn trivialise upbraid value vouch flay roast
    rubbish pooh-pooh lionize idolize venerate envy pity overestimate misjudge forswear
""")
VOICE = words("""
    affirm reaffirm underscore underline
    announce express discuss mention cite describe explain address highlight acknowledge admit propose promise
    demand predict recommend outline detail reveal confirm declare proclaim reiterate repeat echo voice recall
    recount report note stress emphasize emphasise request urge advocate call answer unveil present
    disclose debate suggest allege state claim reference articulate convey issue warn quote threaten vow pledge offer
    list identify retweet recite chant document estimate foresee forecast project anticipate argue float mull indicate
    spell_out lay_out point_out rule_out brush_off shrug_off call_out play_down walk_back attribute publish release
    circulate share leak believe feel name tweet post foreshadow preach broadcast publicize publicise renew spread
    contend concede contemplate ponder pitch summarize summarise show parrot profess assess revisit misstate deflect
    aver avow relate conjecture hazard propound foretell prophesy presage insinuate intimate hint proffer tender
    table submit bring_up set_out put_forward talk_up talk_down write_off wave_off
    sum_up
""")

# Verbs with a prepositional phrase as content, by preposition.
PREPOSITIONS = {
    "for": words("""
        call push vouch press argue advocate vote plead ask beg apologize apologise campaign lobby hope wish hop
        criticize criticise praise blame blast slam thank attack mock congratulate know look cheer
    """),
    "against": words("argue vote rail warn inveigh advise protest lobby campaign fulminate speak caution come push"),
    "about": words("""
        talk speak complain boast brag joke warn worry rant care lie testify ask inquire think say know muse open
        fret gripe grumble moan gush rave wonder speculate argue crow opine reminisce
    """),
    "of": words("speak complain boast warn accuse talk approve disapprove dream think assure"),
    "to": words("refer allude object point agree admit respond react confess testify attest reply liken look"),
    "on": words("""
        comment dwell harp backtrack backpedal equivocate waver insist opine elaborate expound remark agree
        focus touch weigh double challenge push sound
    """),
    "upon": words("remark touch"),
    "at": words("hint scoff lash rail sneer balk"),
    "with": words("agree disagree side concur charge sympathize sympathise empathize quarrel"),
    "as": words("""
        refer identify view regard describe portray cite denounce dismiss defend praise position interpret remember
        name cast see present
    """),
    "in": words("believe"),
    "by": words("stand"),
    "from": words("distance"),
    "like": words("seem"),
}

# Nouns and adjectives of attitude with a prepositional phrase as content, by preposition.
NOUN_PREPOSITIONS = {
    "about": words("""
        question concern doubt worry comment anxiety fear skepticism scepticism information story remark joke talk
        word conversation speech detail feeling frustration disagreement disappointment anger attitude
    """),
    "of": words("""
        criticism critique denunciation condemnation embrace disclosure announcement accusation view opinion hope
        favor favour mention rejection understanding proponent defense defence endorsement assessment critic fear
        praise disapproval approval skeptic
    """),
    "for": words("call support enthusiasm advocate passion proposal praise contempt admiration respect disdain"),
    "on": words("attack criticism comment consensus position agreement disagreement"),
    "to": words("opposition reference allegiance"),
    "against": words("attack campaign"),
    "over": words("criticism concern attack anger frustration disagreement dispute"),
    "in": words("interest belief confidence"),
    "with": words("disappointment frustration disagreement"),
}
ADJECTIVE_PREPOSITIONS = {
    "about": words("""
        worried concerned pessimistic skeptical sceptical excited unhappy nervous vocal upbeat enthusiastic anxious
        outspoken cynical uneasy passionate
    """),
    "of": words("""
        critical supportive afraid wary sceptical skeptical suspicious dismissive aware enamored proud fond leery
        mindful appreciative
    """),
    "to": words("opposed devoted sympathetic loyal"),
    "with": words("disappointed satisfied unhappy concerned frustrated impressed uncomfortable"),
    "in": words("interested confident"),
    "at": words("angry furious"),
}

# Messages, whose content is their sender's.
MESSAGES = words("""
    statement letter email note memo message tweet post remark comment communication speech release telegram
""")

# Performative verbs, whose object paraphrases the content.
PLEDGE = words("affirm reaffirm announce reiterate pledge vow promise deny condemn")

# Verbs with a document as source, and nouns for such documents.
PROVIDE = words("require provide stipulate state read say specify mandate prohibit forbid oblige declare note find")
DOCUMENTS = words("""
    agreement treaty pact accord convention charter constitution law statute act bill resolution ordinance amendment
    article clause section paragraph protocol contract decree directive regulation rule report document text
    declaration communique communiqué memo memorandum ruling verdict filing indictment affidavit
""")

# Verbs of naming, with an object and its predicate.
NAME = words("""
    call describe label brand dub term characterize characterise portray deem accuse compare liken depict paint cast
    declare pronounce consider view regard denounce refer frame hail tout cite decry dismiss mock name blame see
""")

# Verbs with documents, polls and evidence as source.
SHOW = words(
    "show indicate find suggest read state say reveal contain stipulate require provide reflect prove demonstrate"
)

# Nouns with a clause or complement as content.
NOUNS = words("""
    claim statement assertion allegation accusation announcement argument belief call charge comment complaint
    concern conclusion confidence confirmation conviction criticism decision declaration demand denial description
    desire doubt endorsement estimate expectation fear finding hope idea insistence intention invitation message
    notion objection offer opinion opposition plan pledge plea position praise prediction promise proposal
    proposition question recommendation rejection remark report request response revelation rumor sense
    speculation story suggestion support suspicion testimony theory thought threat understanding view vow warning
    wish worry attack assurance contention admission acknowledgment condemnation commitment attitude stance
    defense defence explanation interest focus push rhetoric reference talk vision case point agreement recognition
    impression perception refusal reluctance unwillingness willingness eagerness assumption advice narrative feeling
    reminder admiration passion respect anger frustration disagreement dispute disappointment skepticism scepticism
    disdain goal concession certainty
""")

# Adjectives of attitude: "is confident that", "critical of".
ADJECTIVES = words("""
    adamant afraid angry anxious aware capable careful certain clear concerned confident conscious convinced
    critical cautious determined disappointed dismissive doubtful dubious eager excited explicit fearful firm frustrated
    furious glad grateful happy hopeful hesitant keen mindful nervous open opposed optimistic pessimistic pleased proud
    quick ready reluctant right sad satisfied sceptical skeptical sorry supportive sure surprised suspicious sympathetic
    thankful thrilled troubled unaware uncertain unconvinced unhappy unsure unwilling vocal wary willing worried wrong
     enthusiastic upbeat enamored fond interested devoted unclear outspoken cynical uneasy passionate leery
    appreciative loyal impressed uncomfortable
""")

# The classes of words as features of a trained tagger.
CLASSES = {
    "say": SAY,
    "think": THINK,
    "want": WANT,
    "urge": URGE,
    "judge": JUDGE,
    "voice": VOICE,
    "name": NAME,
    "show": SHOW,
    "noun": NOUNS,
    "adjective": ADJECTIVES,
}

_IRREGULAR = {
    "say": "said",
    "tell": "told",
    "write": "wrote written",
    "read": "read",
    "think": "thought",
    "swear": "swore sworn",
    "begin": "began begun",
    "sing": "sang sung",
    "go": "went gone",
    "plead": "pleaded pled",
    "shoot": "shot",
    "quote": "quoted",
}
_DOUBLED = words("admit quip brag chat tip rebut sum jab snap plan rap spot nod tap blog beg slam")

# Verbs whose base form and third person are as often nouns: "his order", "reports".
_NOUN_FORMS = words("""
    answer argument attack begin blog boast brag cable call caution charge claim close comment cry demand detail end
    email estimate finish fire forecast go hail hint joke laugh lecture message mock mutter note object offer open
    order pledge point post preach project promise protest question quip quote read remark reply report request retort
    rule scream shout sigh signal sneer start state stress support tease text tweet volunteer vow warrant whisper
    wonder yell
""")

# Verbs that attribute if "back" follows: "fired back".
RETORTS = words("fire fires fired shoot shoots shot hit hits snap snaps snapped write writes wrote push pushes pushed")


@functools.cache
def get_speech_forms() -> dict[str, str]:
    """Return the inflected forms of the verbs that attribute quotations, with their lemmas."""
    return {form: lemma for lemma in sorted(QUOTING) for form in _inflect(lemma)}


def _inflect(lemma: str) -> set[str]:
    stem = lemma + lemma[-1] if lemma in _DOUBLED else lemma
    if lemma.endswith("y") and lemma[-2] not in "aeiou":
        third, past = lemma[:-1] + "ies", lemma[:-1] + "ied"
    else:
        third = lemma + ("es" if lemma.endswith(("s", "sh", "ch", "x", "o")) else "s")
        past = stem + ("d" if stem.endswith("e") else "ed")
    ing = (stem[:-1] if stem.endswith("e") and not stem.endswith("ee") else stem) + "ing"
    forms = {ing, *_IRREGULAR.get(lemma, past).split()}
    return forms if lemma in _NOUN_FORMS else forms | {lemma, third}


@functools.cache
def get_lemmas() -> frozenset[str]:
    """Return the lemmas of all words of this lexicon; "accord" is the lemma of "according"."""
    by_preposition = (*PREPOSITIONS.values(), *NOUN_PREPOSITIONS.values(), *ADJECTIVE_PREPOSITIONS.values())
    lemmas = (
        frozenset(["accord", *SEEM]).union(*by_preposition)
        | SAY
        | QUOTING
        | THINK
        | WANT
        | URGE
        | JUDGE
        | VOICE
        | NAME
        | SHOW
        | PROVIDE
        | NOUNS
        | ADJECTIVES
    )
    return lemmas | {lemma.partition("_")[0] for lemma in lemmas}
