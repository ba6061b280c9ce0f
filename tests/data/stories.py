"""Eight invented events, each reported by three outlets; some events share a week and a subject."""

import datetime as dt
from collections.abc import Iterator
from typing import NamedTuple


class Story(NamedTuple):
    """An outlet's report of an event on a day."""

    event: str
    day: dt.date
    title: str
    text: str


_STORIES = """
ferry | 2031-03-03 | Ferry runs aground off Skarvik with 140 aboard
SKARVIK - A passenger ferry ran aground on rocks off Skarvik early on Monday. All 140 people aboard were brought
ashore by lifeboats, the coast guard said.

ferry | 2031-03-03 | All passengers rescued after Skarvik ferry hits rocks
Lifeboats took 140 passengers and crew off a ferry that struck rocks in fog near the harbour of Skarvik. Nobody was
hurt, according to the coast guard.

ferry | 2031-03-04 | Captain of grounded ferry blames fog
The captain of the ferry that ran aground off Skarvik on Monday said that he had seen neither the rocks nor the
lighthouse in the fog.

harbour strike | 2031-03-05 | Dock workers in Skarvik walk out over pay
SKARVIK - Some 600 dock workers stopped work at the port of Skarvik on Wednesday and demanded nine percent more pay.
No container ship was unloaded.

harbour strike | 2031-03-05 | Strike shuts port of Skarvik as union seeks nine percent
Container ships waited outside Skarvik on Wednesday as the dock workers' union called 600 members out on strike for
higher pay.

harbour strike | 2031-03-06 | Union and port operator to meet over Skarvik strike
The dock workers' union and the operator of the port of Skarvik agreed to talk on Friday about the strike for higher
pay that began on Wednesday.

budget | 2031-03-04 | Parliament of Norland rejects Lindqvist's budget
NORSTAD - The parliament of Norland voted down the budget of Prime Minister Eva Lindqvist by 88 votes to 81 on
Tuesday, after her own coalition partner left her.

budget | 2031-03-04 | Lindqvist loses budget vote after partner defects
Prime Minister Eva Lindqvist lost a vote on Norland's budget, 88 to 81, when the Farmers' Party broke with her
coalition.

budget | 2031-03-05 | Norland without a budget: what Lindqvist can do now
A day after parliament voted her budget down, Prime Minister Eva Lindqvist of Norland may call an election or look for
another coalition partner.

election | 2031-03-07 | Lindqvist calls early election in Norland for May 11
NORSTAD - Prime Minister Eva Lindqvist dissolved the parliament of Norland on Friday and called an election for May
11, two years early.

election | 2031-03-07 | Norland to vote on May 11 as Lindqvist dissolves parliament
Voters in Norland go to the polls on May 11, two years ahead of time, after Prime Minister Eva Lindqvist dissolved
parliament.

election | 2031-03-08 | Opposition welcomes early election called by Lindqvist
The leader of Norland's opposition, Per Dahl, said he was ready for the early election that Eva Lindqvist called for
May 11.

bear | 2031-03-03 | Brown bear seen near Alta valley for first time in a century
A brown bear was filmed by a hiker's camera in the Alta valley, where none had lived for a hundred years, the park
service said.

bear | 2031-03-04 | First brown bear in a hundred years filmed in Alta valley
The park service confirmed that a film taken by a hiker shows a brown bear in the Alta valley.

bear | 2031-03-05 | Shepherds in Alta valley demand fences after bear sighting
Shepherds of the Alta valley asked for fences and dogs after a brown bear was filmed there by a hiker.

flood | 2031-03-06 | Flood in Tamra leaves 12 dead and thousands homeless
TAMRA - The river Oru burst its banks after three days of rain, killing 12 people in the city of Tamra and driving
4,000 out of their houses.

flood | 2031-03-06 | At least twelve killed as river Oru floods Tamra
At least twelve people died when the Oru overflowed in Tamra after heavy rain. Thousands spent the night in schools.

flood | 2031-03-07 | Tamra flood: mayor accuses ministry of ignoring warnings
The mayor of Tamra said that the ministry had ignored warnings about the dykes of the river Oru, whose flood killed 12
people in the city.

other flood | 2031-03-25 | Second flood of the month hits Tamra
TAMRA - The river Oru rose again on Tuesday and flooded the lower quarters of Tamra, nineteen days after a flood that
killed 12. Nobody was hurt this time.

other flood | 2031-03-25 | Tamra under water again as river Oru rises
Streets in the lower quarters of Tamra were flooded by the Oru again, without anybody being hurt, the mayor said.

other flood | 2031-03-26 | Army builds dykes in Tamra after second flood
Soldiers began to build dykes of sandbags along the Oru in Tamra, a day after the river flooded the lower quarters for
the second time in March.

merger | 2031-03-05 | Rhenia Steel to buy rival Vulkan for 4.2 billion
Rhenia Steel agreed to take over its rival Vulkan for 4.2 billion crowns, the companies said. The regulator has to
approve.

merger | 2031-03-05 | Vulkan accepts 4.2 billion takeover offer from Rhenia Steel
The board of the steelmaker Vulkan accepted an offer of 4.2 billion crowns from Rhenia Steel.

merger | 2031-03-06 | Unions fear for jobs as Rhenia Steel takes over Vulkan
Unions said that 2,000 jobs were at risk in the takeover of Vulkan by Rhenia Steel for 4.2 billion crowns.
"""


def _parse_stories() -> Iterator[Story]:
    for block in _STORIES.strip().split("\n\n"):
        head, _, text = block.partition("\n")
        event, day, title = head.split(" | ")
        yield Story(event, dt.date.fromisoformat(day), title, text.replace("\n", " "))


STORIES = tuple(_parse_stories())
