"""The country codes of GDELT, FIPS 10-4, with those of ISO 3166-1 alpha-2.

FIPS 10-4 was withdrawn in 2008; GDELT goes on using it, with the codes that were added later and some that were
dropped before. Dependencies that ISO counts with a country are given as that country.
"""

_SAME = (
    "AE AF AL AM AO AR BB BE BR BT BV CA CM CO CU CV CY DJ EC EG ER ET FI FJ FK FM FO FR GH GI GL GP GR GT GY HK HM "
    "HR HU ID IM IN IO IR IT JE JM JO KE KG KZ LA LU LY MD MK ML MR MT MV MX MY MZ NC NF NL NO NP NR NZ PE PK PL QA "
    "RE RO RW SA SH SI SL SM SO SY TH TV TW TZ UG US UY UZ VC VE WF WS"
)

# FIPS:ISO
_DIFFERENT = (
    "AA:AW AC:AG AG:DZ AJ:AZ AN:AD AQ:AS AS:AU AT:AU AU:AT AV:AI AY:AQ BA:BH BC:BW BD:BM BF:BS BG:BD BH:BZ BK:BA "
    "BL:BO BM:MM BN:BJ BO:BY BP:SB BQ:UM BS:TF BU:BG BX:BN BY:BI CB:KH CD:TD CE:LK CF:CG CG:CD CH:CN CI:CL CJ:KY "
    "CK:CC CN:KM CQ:MP CR:AU CS:CR CT:CF CW:CK DA:DK DO:DM DQ:UM DR:DO EI:IE EK:GQ EN:EE ES:SV EU:TF EZ:CZ FG:GF "
    "FP:PF FQ:UM FS:TF GA:GM GB:GA GG:GE GJ:GD GK:GG GM:DE GO:TF GQ:GU GV:GN GZ:PS HA:HT HO:HN HQ:UM IC:IS IP:FR "
    "IS:IL IV:CI IZ:IQ JA:JP JN:SJ JQ:UM JU:TF KN:KP KQ:UM KR:KI KS:KR KT:CX KU:KW KV:XK LE:LB LG:LV LH:LT LI:LR "
    "LO:SK LQ:UM LS:LI LT:LS MA:MG MB:MQ MC:MO MF:YT MG:MN MH:MS MI:MW MJ:ME MN:MC MO:MA MP:MU MQ:UM MU:OM NE:NU "
    "NG:NE NH:VU NI:NG NN:SX NS:SR NU:NI OD:SS PA:PY PC:PN PM:PA PO:PT PP:PG PS:PW PU:GW RB:RS RI:RS RM:MH RN:MF "
    "RP:PH RQ:PR RS:RU SB:PM SC:KN SE:SC SF:ZA SG:SN SN:SG SP:ES ST:LC SU:SD SV:SJ SW:SE SX:GS SZ:CH TB:BL TD:TT "
    "TE:TF TI:TJ TK:TC TL:TK TN:TO TO:TG TP:ST TS:TN TT:TL TU:TR TX:TM UC:CW UK:GB UP:UA UV:BF VI:VG VM:VN VQ:VI "
    "VT:VA WA:NA WE:PS WI:EH WQ:UM WZ:SZ YI:RS YM:YE ZA:ZM ZI:ZW"
)

# The oceans, disputed islands, the British bases on Cyprus, and dissolved countries.
_NO_COUNTRY = "AX DX NT OC OS PF PG PJ"

ISO: dict[str, str | None] = (
    {code: code for code in _SAME.split()}
    | dict(pair.split(":") for pair in _DIFFERENT.split())
    | dict.fromkeys(_NO_COUNTRY.split())
)
"""ISO 3166-1 alpha-2 by FIPS 10-4; None for a place that is no country. Any other code is unknown."""
