"""Everyday words for what reference works call otherwise: "how many people live" is *population*.

A small table of English phrases and the keys under which tables, dictionaries of places and
encyclopedias have what they ask for. A phrase stands here when it asks for the same thing of
whatever it is asked about; none is of one pack. What an index cannot know, as no word of the
question stands in the answer, is known here and nowhere else. Does not search.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

READINGS_MAX: Final = 3
_TOLD_MAX: Final = 300  # characters of a question that is read so: a longer one says what it means

_LISTED: Final[Mapping[str, str]] = {
    # people
    r"how many (?:people|inhabitants|residents|citizens)(?: (?:live|are there|are|does|do))?"
    r"|number of (?:people|inhabitants)": "population",
    r"(?:people|population)\b.*\b(?:grow(?:s|ing)?|increas\w+)": "population growth rate",
    r"(?:liv\w+|people) in (?:towns?|cities|the city)|city dwellers": "urban population",
    r"how long (?:do|does|can|will)\b.*\blives?|how old do\b.*\b(?:get|become)": "life expectancy",
    r"how old (?:is|are) (?:the )?(?:average|most|typical)|average age": "median age",
    r"how many (?:babies|children|kids)": "fertility rate, birth rate",
    r"(?:kinds?|groups|sorts) of people|what peoples": "ethnic groups",
    r"(?:speaks?|spoken|speaking|mother tongue)": "languages",
    r"believes? in|faiths?|worship\w*|pray(?:s|ing)?": "religions",
    r"read (?:and|or) write": "literacy",
    r"doctors?": "physicians",
    # money and work
    r"(?:what )?(?:money|coins|banknotes)\b|pay with": "currency, exchange rates",
    r"how (?:rich|wealthy|well[- ]off)|how much do\b.*\bearn": "gdp per capita, income",
    r"(?:how )?poor(?: people)?|in poverty": "below poverty line",
    r"(?:out of|without|no) (?:work|a job|jobs?)|jobless": "unemployment rate",
    r"prices\b.*\b(?:ris\w+|go(?:es|ing)? up|climb\w*)|dearer": "inflation rate",
    r"(?:sell|sold|ship)s?\b.*\b(?:most|mainly|mostly)|(?:buys?) most": "exports partners",
    r"(?:sell|sold|ship)s?\b.*\b(?:abroad|overseas|other countries|the world)": "exports",
    r"(?:buy|bought|gets?)\b.*\b(?:abroad|overseas|other countries)": "imports",
    r"farmers?|farms?|crops?|(?:grown|grows?) (?:there|in)": "agriculture products",
    r"factor(?:y|ies)|manufactur\w+": "industries",
    r"owes?\b|in debt": "external debt",
    r"(?:be )?(?:mined|dug up)|under the ground|riches of the (?:earth|soil)": "natural resources",
    # land
    r"how (?:big|large) is|what size": "area",
    r"where (?:is|are|does|do)(?=\b(?!.*\bfrom\b))(?:.*\b(?:lie|found|located))?": "location",
    r"next to|neighbou?rs?(?: of| with)?|borders? on|share a border": "border countries",
    r"(?:tallest|highest|biggest) (?:mountain|peak|hill|place|spot)": "highest point",
    r"(?:lowest|deepest) (?:place|spot|valley)": "lowest point",
    r"sea ?shores?|seaside|beaches": "coastline",
    r"weather|how (?:hot|cold|warm|wet)": "climate",
    r"(?:land|countryside|landscape)\b.*\blooks? like|landscape|mountainous or flat": "terrain",
    r"disasters?|dangers? (?:of|from) nature": "natural hazards",
    # state
    r"who (?:runs?|rules?|leads?|governs?|is in charge of)|(?:leader|boss) of":
        "head of government, chief of state",
    r"(?:main|first) city|seat of (?:the )?government": "capital",
    r"(?:biggest|largest) (?:city|cities|towns?)": "major urban areas, largest city",
    r"kingdom or|or a (?:republic|kingdom|monarchy)|how is\b.*\b(?:ruled|governed)":
        "government type",
    r"become (?:independent|free)|became (?:independent|free)|gain(?:ed)? freedom": "independence",
    r"(?:old|age)\b.*\bvotes?|who (?:can|may) vote|allowed to vote": "suffrage, voting age",
    r"national day|celebrate\w*": "national holiday",
    r"song|hymn": "national anthem",
    r"army|soldiers|armed forces": "military",
    r"schools?|teach\w*": "education",
    # getting about, and news
    r"airfields?|places to land": "airports",
    r"railway (?:track|lines?)|trains?|rails": "railways",
    r"streets|motorways?|highways": "roadways",
    r"online|(?:have|has|use|uses|using) (?:the )?(?:internet|web)": "internet users",
    r"(?:web|internet|website)\b.*\b(?:ending|suffix|domain)|top[- ]level domain":
        "internet country code",
    r"(?:mobile|cell) ?phones?": "mobile cellular telephones",
    r"(?:clean|safe|tap) water|water\b.*\bdrink": "drinking water",
    r"what time|time zone|clocks?": "time difference",
    r"flag\b.*\blooks? like|(?:colou?rs|what is) (?:in|on|of) the flag": "flag description",
}  # fmt: skip
_TABLE: Final = [
    (re.compile(rf"\b(?:{phrase})\b", re.IGNORECASE), tuple(keys.split(", ")))
    for phrase, keys in _LISTED.items()
]
# What is left of such a question without saying anything.
_EMPTY: Final = re.compile(
    r"\b(?:people|persons?|men|man|women|woman|countr(?:y|ies)|nation|place|liv(?:e|es|ing)|used?"
    r"|uses|using|have|has|many|much|most|mostly|kinds?|sorts?|looks?|like|get|gets|called|there"
    r"|what['’]?s?|how|which|who|where|when|compared|other|its|their|does|do|is|are|the)\b",  # noqa: RUF001
    re.IGNORECASE,
)


def rewordings(question: str) -> list[str]:
    """The question as a reference work would be asked it: by key and subject. None for most."""
    if len(question) > _TOLD_MAX:
        return []
    found: list[str] = []
    for phrase, keys in _TABLE:
        match = phrase.search(question)
        if match is None:
            continue
        # What stands within the phrase may be what the question is about: "how long do people in
        # Sweden live". Names keep their capitals.
        inside = " ".join(word for word in match[0].split()[1:] if word[:1].isupper())
        rest = f"{question[: match.start()]} {inside} {question[match.end() :]}"
        subject = " ".join(_EMPTY.sub(" ", rest).split())
        found += [f"{key} {subject}".strip(" ?") for key in keys]
    return found[:READINGS_MAX]
