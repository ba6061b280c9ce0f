"""Vocabularies of voices: offices, given names, organizations, documents."""


def words(text: str) -> frozenset[str]:
    """Split a list of words into a set."""
    return frozenset(text.split())


MONTHS = (
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
)
DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
OFFICES = words(
    "president vice-president premier chancellor minister king queen prince princess emperor empress pope "
    "cardinal archbishop bishop reverend pastor priest imam rabbi ayatollah sheikh sultan emir senator "
    "representative congressman congresswoman lawmaker legislator delegate governor mayor councilman councilwoman "
    "councillor councilor alderman judge justice magistrate prosecutor secretary ambassador envoy diplomat consul "
    "commissioner speaker leader chairman chairwoman chairperson chair director head chief executive officer "
    "founder co-founder manager coach captain colonel general lieutenant major sergeant corporal admiral "
    "commander marshal detective sheriff deputy inspector superintendent agent doctor professor scientist "
    "researcher scholar historian spokesman spokeswoman spokesperson analyst economist strategist lawyer attorney "
    "counsel author writer novelist poet journalist reporter editor columnist correspondent anchor host actor "
    "actress singer musician director producer artist player striker candidate nominee frontrunner hopeful "
    "activist organizer adviser advisor aide billionaire businessman businesswoman mogul tycoon developer owner "
    "partner principal teacher nurse physician surgeon psychologist engineer farmer official comrade dictator "
    "chairperson treasurer whip co-chair pollster operative consultant expert fellow veteran pilot nominee"
)
ABBREVIATIONS = words(
    "mr mrs ms miss mx dr prof rev sen sens rep reps gov lt gen col maj capt sgt cpl adm cmdr hon st sir dame "
    "lord lady baroness baron count countess ceo cfo coo cto pm fm mp det insp supt atty pres sec amb fr"
)
BEFORE_OFFICES = words(
    "former ex acting interim then late incoming outgoing first deputy vice assistant associate senior junior "
    "chief prime foreign defense defence finance interior attorney district executive national general state "
    "federal supreme presidential republican democratic democrat gop conservative liberal labour top longtime "
    "veteran leading co- press security house senate under permanent special party opposition majority minority "
    "dear great beloved campaign election union trial communications policy press"
)
PARTIES = words("republican democratic democrat gop labour tory conservative liberal")
PORTFOLIOS = words(  # "Secretary of State", "Minister of Foreign Affairs"
    "state defense defence treasury labor labour energy commerce education agriculture interior justice war "
    "health transportation transport homeland security foreign affairs finance economy economics trade culture "
    "information environment development planning home natural resources ecology veterans human services staff "
    "police parliament"
)
MEN = words(
    "mr sir lord king prince pope spokesman chairman congressman councilman businessman father husband son "
    "brother actor emperor duke baron count man he him his himself"
)
WOMEN = words(
    "mrs ms miss dame lady queen princess spokeswoman chairwoman congresswoman councilwoman businesswoman mother "
    "wife daughter sister actress empress duchess baroness countess woman she her hers herself"
)
GIVEN_TO_MEN = words(
    "adam alan albert alexander andrew anthony antony arthur barack ben benjamin bernie bill bob boris brian "
    "bruce carl charles chris christopher daniel dave david dennis dmitry donald douglas edward emmanuel eric "
    "frank fred gary george giovanni greg harry henry ivan jack jacob james jason jeff jeffrey jerry jim jimmy "
    "joe john jonathan jose joseph juan justin keith kevin larry luis mark martin marco matt matthew michael mike "
    "mitch mitt mohammed muhammad nicholas nick nikita oleg patrick paul peter philip rand ray richard rick "
    "robert roger ron ronald ryan sam samuel scott sergei sergey simon stephen steve steven ted thomas tim tom "
    "tony vladimir volodymyr walter william"
)
GIVEN_TO_WOMEN = words(
    "alice amanda amy andrea angela ann anna anne barbara betsy carly carol caroline catherine christine cindy "
    "debbie deborah diana diane donna elena elizabeth ellen emily emma eva hannah heather helen hillary huma "
    "ivanka jane janet jennifer jessica jill joan judith julia julie karen kate katherine kathleen kelly kristen "
    "laura linda lisa loretta lucy maria marie marina marine martha mary megan melania melissa michelle nancy "
    "natalie nicole nikki olga pamela patricia rachel rebecca rosa ruth sally samantha sandra sara sarah sharon "
    "stephanie susan svetlana tatiana teresa theresa ursula valerie victoria wendy"
)
FAMILY_NAMES_FIRST = words(  # Korean, Chinese and Vietnamese names begin with the family name
    "kim lee yi ri rhee park pak choi choe jung jong chung kang cho jo yoon yun jang chang lim im han oh o seo so "
    "shin sin kwon hwang ahn an song ryu yoo yu hong moon mun ko ho pyon hyon thae kye wang li zhang liu chen "
    "yang huang zhao wu zhou xu sun ma zhu hu guo he gao lin luo zheng liang xie tang deng xi peng cao zeng xiao "
    "tian dong pan yuan cai jiang nguyen tran le pham hoang phan vu dang bui do ngo duong to"
)
ORGANIZATIONS = words(
    "agency agencies ministry department office bureau commission committee council board authority authorities "
    "police army navy military force forces government administration parliament congress senate house assembly "
    "court party campaign company companies corporation corp inc ltd llc co plc group firm bank fund foundation "
    "institute institution university college school hospital church union federation association alliance league "
    "coalition organization organisation network channel station radio television tv newspaper paper magazine "
    "times post news press journal herald tribune guardian gazette chronicle observer telegraph globe mail daily "
    "weekly outlet outlets media broadcaster website service services center centre society club team airlines "
    "motors industries holdings studios embassy kremlin pentagon nato nations secretariat directorate command "
    "regime state country nation city county panel task mission security reuters bloomberg google facebook "
    "twitter amazon microsoft apple delegation cabinet leadership think-tank watchdog regulator prosecutors"
)
MEDIA = words(
    "media agency agencies newspaper newspapers paper magazine television tv radio broadcaster network channel "
    "station outlet outlets website news press times post journal herald tribune guardian gazette chronicle "
    "telegraph globe reuters ap afp bbc cnn nbc cbs abc msnbc npr pbs tass kcna xinhua interfax yonhap kyodo dpa "
    "efe bloomberg politico axios buzzfeed breitbart huffpost aljazeera jazeera newsweek"
)
DOCUMENT_SYNONYMS = (
    words("treaty agreement pact deal accord convention protocol charter memorandum constitution article"),
    words("report study paper survey poll review assessment analysis audit book article editorial investigation"),
    words("lawsuit suit complaint indictment filing affidavit petition motion brief ruling opinion decision verdict"),
    words("law bill act legislation measure statute ordinance resolution order directive decree amendment"),
    words("letter email e-mail memo note message statement communique declaration tweet post release transcript"),
)
GENERIC_DOCUMENTS = words("document text version draft")
PARTS = words("article section chapter clause paragraph preamble annex page")
DOCUMENT_NOUNS = frozenset.union(*DOCUMENT_SYNONYMS) | GENERIC_DOCUMENTS
VAGUE_MODIFIERS = words(
    "new newer old older earlier later recent latest previous original final full current historic same other "
    "first second third key landmark such proposed signed joint so-called entire whole former subsequent "
    "bilateral"
)
STOP_WORDS = words(
    "the a an this that these those his her its their our my your in on at by to of for from with about after "
    "before during since until under over as and or but if when while where which who whom whose what how why "
    "because although though so yet not no nor only also even still then there here he she it they we i you one "
    "two some many most several all both each every any another other others meanwhile however moreover according "
    "asked back earlier later now today yesterday tonight monday tuesday wednesday thursday friday saturday "
    "sunday january february march april may june july august september october november december is was are were "
    "be been has have had do does did will would can could should may might must said says told asked yes well "
    "just like more than is isn't don't that's it's he's she's let literally commenting speaking asked"
)


def list_synonyms(noun: str) -> frozenset[str]:
    """List the nouns for documents that may mean the same document: a treaty is also called an agreement."""
    if noun in GENERIC_DOCUMENTS:
        return DOCUMENT_NOUNS
    return frozenset({noun}).union(GENERIC_DOCUMENTS, *(synonyms for synonyms in DOCUMENT_SYNONYMS if noun in synonyms))


def is_office(word: str) -> bool:
    """Return True if a word is an office or an honorific: "president", "Mr."."""
    low = word.rstrip(".").casefold()
    return low in OFFICES or low in ABBREVIATIONS
