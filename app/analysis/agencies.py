"""The world's news agencies, with the names that credits and speakers use for them."""

from dataclasses import dataclass

from app.core.spans import make_match_key


@dataclass(frozen=True, slots=True)
class Agency:
    """A news agency; ``state`` is the ISO 3166-1 code of the state that certainly runs it."""

    name: str
    names: tuple[str, ...]
    state: str | None = None

    @property
    def key(self) -> str:
        return make_match_key(self.name)

    @property
    def keys(self) -> tuple[str, ...]:
        """The keys of all its names."""
        return tuple(map(make_match_key, self.names))


# One agency a line: its name, other names that credits use, and after ``@`` the state whose organ it is. Public funding
# alone makes no organ of a state. Names that also mean other organizations in credits (AA, CP, CNA) are left out.
_LIST = """
Associated Press; AP; The Associated Press
Reuters; Thomson Reuters; Рейтер
Agence France-Presse; AFP; Agence France Presse
United Press International; UPI
Bloomberg News; Bloomberg
Deutsche Presse-Agentur; dpa; DPA
Press Association; PA Media; PA news agency
Xinhua News Agency; Xinhua; XINHUA; Xinhuanet; 新华社 @CN
China News Service; CNS; 中新社 @CN
TASS; ITAR-TASS; Itar-Tass; Tass; TASS Russian News Agency; ТАСС @RU
RIA Novosti; RIA; РИА Новости @RU
Sputnik; Sputnik News @RU
Interfax; INTERFAX; Интерфакс
Korean Central News Agency; KCNA; 조선중앙통신 @KP
Yonhap News Agency; Yonhap; 연합뉴스
Kyodo News; Kyodo; KYODO; 共同通信
Jiji Press; Jiji; JIJI; 時事通信
Press Trust of India; PTI
Asian News International; ANI
Indo-Asian News Service; IANS
United News of India; UNI
Associated Press of Pakistan; APP @PK
Bangladesh Sangbad Sangstha; BSS @BD
United News of Bangladesh; UNB
Islamic Republic News Agency; IRNA @IR
Tasnim News Agency; Tasnim
Fars News Agency; Fars
Mehr News Agency; Mehr
Iranian Students' News Agency; ISNA
Syrian Arab News Agency; SANA @SY
Saudi Press Agency; SPA @SA
Emirates News Agency; WAM @AE
Qatar News Agency; QNA @QA
Kuwait News Agency; KUNA @KW
Bahrain News Agency; BNA @BH
Oman News Agency; ONA @OM
Iraqi News Agency; INA @IQ
Jordan News Agency; Petra News Agency; Petra @JO
Middle East News Agency; MENA @EG
Palestinian News and Information Agency; WAFA
National News Agency; NNA @LB
Anadolu Agency; Anadolu; Anadolu Ajansı @TR
Demirören News Agency; DHA
Belarusian Telegraph Agency; BelTA; BELTA; БелТА @BY
Ukrinform; Укрінформ @UA
Interfax-Ukraine; Interfax Ukraine
UNIAN; УНИАН; УНІАН
Kazinform; Казинформ @KZ
Kabar; Кабар @KG
Khovar @TJ
Uzbekistan National News Agency; UzA @UZ
Turkmenistan State News Agency; TDH @TM
Azerbaijan State News Agency; AZERTAC; Azertac; AzerTAc @AZ
Armenpress; ARMENPRESS @AM
Montsame; MONTSAME @MN
Vietnam News Agency; VNA @VN
Lao News Agency; KPL @LA
Agence Kampuchea Presse; AKP @KH
Bernama; BERNAMA @MY
Antara; ANTARA @ID
Philippine News Agency; PNA @PH
Central News Agency
Australian Associated Press; AAP
Canadian Press; The Canadian Press; La Presse Canadienne
Prensa Latina @CU
Agencia Venezolana de Noticias; AVN @VE
Agência Brasil @BR
Télam; Telam
EFE; Agencia EFE
Europa Press
Agenzia Nazionale Stampa Associata; ANSA
Agência Lusa; Lusa; LUSA
Austria Presse Agentur; APA
Keystone-SDA; Keystone-ATS
Agence Belga; Belga; BELGA
Algemeen Nederlands Persbureau; ANP
Polska Agencja Prasowa; PAP; Polish Press Agency
Czech News Agency; ČTK; CTK
News Agency of the Slovak Republic; TASR
Magyar Távirati Iroda; MTI
Agerpres; AGERPRES
Bulgarian News Agency; BTA
Tanjug; TANJUG; Танјуг
HINA
Slovenian Press Agency; STA
Athens-Macedonian News Agency; ANA-MPA; AMNA
Cyprus News Agency
Tidningarnas Telegrambyrå; TT News Agency
Norsk Telegrambyrå; NTB
Ritzau
Finnish News Agency; STT
Baltic News Service; BNS
LETA
ELTA
Algeria Press Service; Algérie Presse Service; APS @DZ
Maghreb Arabe Presse; MAP @MA
Tunis Afrique Presse; TAP @TN
Sudan News Agency; SUNA @SD
Ethiopian News Agency; ENA @ET
News Agency of Nigeria; NAN @NG
Ghana News Agency; GNA @GH
Inter Press Service; IPS
"""


def _parse_agency(line: str) -> Agency:
    names, _, state = line.partition("@")
    name, *aliases = (name.strip() for name in names.split(";"))
    return Agency(name, tuple(dict.fromkeys((name, *aliases))), state or None)


AGENCIES = tuple(_parse_agency(line) for line in _LIST.strip().splitlines())
AGENCY_BY_KEY = {make_match_key(name): agency for agency in AGENCIES for name in agency.names}
"""Each agency under the match key of each of its names."""
