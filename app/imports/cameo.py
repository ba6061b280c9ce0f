"""Event codes of CAMEO (Conflict and Mediation Event Observations, as GDELT uses them), and their meaning in the store.

The first two digits are the root; each further digit is a refinement of the code without it.
"""

from app.core.vocab import EventType

# PLOVER's category by the longest listed prefix of the code. PLOVER has none for 01, a public statement, which gets
# the type `statement`; it counts 02, an appeal, among the requests.
_TYPES: dict[str, EventType] = {
    "01": EventType.STATEMENT,
    "02": EventType.REQUEST,
    "03": EventType.AGREE,
    "04": EventType.CONSULT,
    "05": EventType.SUPPORT,
    "06": EventType.COOPERATE,
    "07": EventType.AID,
    "08": EventType.CONCEDE,
    **dict.fromkeys(("0813", "0814", "084", "085", "086", "087"), EventType.RETREAT),
    "09": EventType.ACCUSE,
    "10": EventType.REQUEST,
    "11": EventType.ACCUSE,
    "12": EventType.REJECT,
    "13": EventType.THREATEN,
    "14": EventType.PROTEST,
    "15": EventType.MOBILIZE,
    "16": EventType.SANCTION,
    "163": EventType.COERCE,
    "17": EventType.COERCE,
    **dict.fromkeys(("1712", "175"), EventType.ASSAULT),
    "18": EventType.ASSAULT,
    "19": EventType.ASSAULT,
    **dict.fromkeys(("191", "192"), EventType.COERCE),
    "20": EventType.ASSAULT,
}

_PHRASES: dict[str, str] = dict(
    line.strip().split(" ", 1)
    for line in """
    010 make a statement
    011 decline to comment
    012 speak pessimistically
    013 speak optimistically
    014 consider the options
    015 acknowledge or claim responsibility
    016 deny responsibility
    017 take a symbolic step
    018 express sympathy
    019 express agreement
    020 make an appeal
    021 appeal for cooperation
    022 appeal for diplomatic cooperation
    023 appeal for aid
    024 appeal for political reform
    025 appeal to yield
    026 appeal for a meeting or talks
    027 appeal to settle a dispute
    028 appeal for or offer mediation
    030 intend to cooperate
    031 intend to cooperate in practice
    032 intend to cooperate diplomatically
    033 intend to give aid
    034 intend to reform politically
    035 intend to yield
    036 intend to meet or negotiate
    037 intend to settle a dispute
    038 intend to accept mediation
    039 intend to mediate
    040 consult
    041 talk by telephone
    042 make a visit
    043 host a visit
    044 meet on neutral ground
    045 mediate
    046 negotiate
    050 cooperate diplomatically
    051 praise or endorse
    052 defend in words
    053 rally support for
    054 grant diplomatic recognition
    055 apologize
    056 forgive
    057 sign an agreement
    060 cooperate in practice
    061 cooperate economically
    062 cooperate militarily
    063 cooperate in the courts
    064 share intelligence or information
    070 give aid
    071 give economic aid
    072 give military aid
    073 give humanitarian aid
    074 give military protection or keep the peace
    075 grant asylum
    080 yield
    081 ease administrative sanctions
    082 ease political dissent
    083 accede to demands for political reform
    084 return or release
    085 ease economic sanctions
    086 admit an international presence
    087 de-escalate militarily
    090 investigate
    091 investigate crime or corruption
    092 investigate human rights abuses
    093 investigate military action
    094 investigate war crimes
    100 demand
    101 demand cooperation
    102 demand diplomatic cooperation
    103 demand aid
    104 demand political reform
    105 demand to yield
    106 demand a meeting or talks
    107 demand the settling of a dispute
    108 demand mediation
    110 disapprove
    111 criticize or denounce
    112 accuse
    113 rally opposition against
    114 complain officially
    115 bring a lawsuit against
    116 find guilty
    120 reject
    121 reject cooperation
    122 reject a request for aid
    123 reject political reform
    124 refuse to yield
    125 reject a meeting or talks
    126 reject mediation
    127 reject a settlement
    128 defy norms or law
    129 veto
    130 threaten
    131 threaten without force
    132 threaten with administrative sanctions
    133 threaten with protest
    134 threaten to halt negotiations
    135 threaten to halt mediation
    136 threaten to end an international presence
    137 threaten with repression
    138 threaten with military force
    139 give an ultimatum
    140 dissent politically
    141 demonstrate or rally
    142 hold a hunger strike
    143 strike or boycott
    144 obstruct passage
    145 riot
    150 show military or police power
    151 raise police alert
    152 raise military alert
    153 mobilize police
    154 mobilize armed forces
    155 mobilize cyber forces
    160 reduce relations
    161 reduce or break diplomatic relations
    162 reduce or stop aid
    163 impose an embargo, boycott or sanctions
    164 halt negotiations
    165 halt mediation
    166 expel or withdraw
    170 coerce
    171 seize or damage property
    172 impose administrative sanctions
    173 arrest, detain or charge
    174 expel or deport
    175 repress violently
    176 attack by cyber means
    180 use unconventional violence
    181 abduct or hijack
    182 assault physically
    183 bomb by suicide, car or other non-military means
    184 use as a human shield
    185 attempt to assassinate
    186 assassinate
    190 use conventional military force
    191 blockade or restrict movement
    192 occupy territory
    193 fight with small arms
    194 fight with artillery and tanks
    195 attack from the air
    196 violate a ceasefire
    200 use mass violence
    201 expel en masse
    202 kill en masse
    203 cleanse ethnically
    204 use weapons of mass destruction
    """.strip().splitlines()
)


def get_event_type(code: str) -> EventType:
    """Return PLOVER's category of a code. Raise `KeyError` for an unknown root."""
    return _TYPES.get(code[:4]) or _TYPES.get(code[:3]) or _TYPES[code[:2]]


def get_phrase(code: str) -> str:
    """Return the action in plain words, by the first three digits. Raise `KeyError` for an unknown root."""
    return _PHRASES.get(code[:3]) or _PHRASES[f"{code[:2]}0"]
