"""Numbers with units in a text, compared although they are written in other units.

Knows how numbers are written in English, words for thousands and millions, and units of length,
area, mass, volume, time and share. Does not know what a number is of.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

# So far may two ways of writing the same lie apart: a mile has 1.609344 km, and people say 1.6.
TOLERANCE: Final = 0.01
# Without a change of unit only what rounding does.
_SAME_UNIT: Final = 0.005

_NUMBER: Final = re.compile(
    r"(?P<sign>(?<![\w.])[-\u2212])?"
    r"(?P<number>\d{1,3}(?:[,\u00a0\u202f ]\d{3})+(?!\d)(?:\.\d{1,9})?|\d{1,15}(?:\.\d{1,9})?)"
    r"(?:\s?(?P<scale>thousand|million|billion|trillion)\b)?"
    r"\s?(?P<unit>%|(?:square|sq|cubic|cu)\.? ?[a-z]+|[a-zµ]+[²³]?|°[cf])?",
    re.IGNORECASE,
)
_SCALES: Final = {"thousand": 1e3, "million": 1e6, "billion": 1e9, "trillion": 1e12}
_UNITS_LISTED: Final[Mapping[str, str]] = {
    "length": "m:1 metre:1 metres:1 meter:1 meters:1 km:1000 kilometre:1000 kilometres:1000 "
    "kilometer:1000 kilometers:1000 cm:0.01 mm:0.001 mi:1609.344 mile:1609.344 miles:1609.344 "
    "ft:0.3048 foot:0.3048 feet:0.3048 nm:1852 inch:0.0254 inches:0.0254",
    "area": "km²:1 sqkm:1 squarekilometres:1 squarekilometers:1 squarekm:1 sqmi:2.589988 "
    "squaremiles:2.589988 squaremile:2.589988 ha:0.01 hectares:0.01 m²:0.000001 "
    "squaremetres:0.000001 squaremeters:0.000001 acres:0.00404686",
    "mass": "kg:1 kilogram:1 kilograms:1 g:0.001 gram:0.001 grams:0.001 t:1000 tonne:1000 "
    "tonnes:1000 ton:1000 tons:1000 lb:0.45359237 lbs:0.45359237 pounds:0.45359237",
    "volume": "l:1 litre:1 litres:1 liter:1 liters:1 ml:0.001 cum:1000 m³:1000 cukm:1e12 km³:1e12 "
    "cubickilometres:1e12 cubickilometers:1e12",
    "time": "seconds:1 second:1 s:1 minutes:60 minute:60 min:60 hours:3600 hour:3600 h:3600 "
    "days:86400 day:86400 years:31557600 year:31557600",
    "share": "%:1 percent:1",
}  # fmt: skip
_UNITS: Final = {
    word.partition(":")[0]: (dimension, float(word.partition(":")[2]))
    for dimension, words in _UNITS_LISTED.items()
    for word in words.split()
}


@dataclass(frozen=True, slots=True)
class Quantity:
    """A number as it is written.

    Attributes:
        value: in the dimension's own unit; as written without one.
        dimension: "" without a unit that is known.
        is_exact: whether it is written without a fraction, a scale or a unit: a year, a count.
        begins: whether the text begins with it.
        written: the number without its unit.
    """

    value: float
    dimension: str
    is_exact: bool
    begins: bool
    written: float


def quantities(text: str) -> Iterator[Quantity]:
    """The numbers of a text, in its order."""
    for found in _NUMBER.finditer(text):
        number = float(re.sub(r"[^\d.]", "", found["number"])) * (-1 if found["sign"] else 1)
        scale = _SCALES.get((found["scale"] or "").lower(), 1.0)
        unit = re.sub(r"[ .]", "", (found["unit"] or "").lower())
        dimension, size = _UNITS.get(unit, ("", 1.0))
        is_exact = scale == 1 and "." not in found["number"] and not dimension
        begins = not text[: found.start()].strip(" $€£~≈\"'“(")
        yield Quantity(number * scale * size, dimension, is_exact, begins, number * scale)


def are_close(said: Quantity, wanted: Quantity) -> bool:
    """Whether what is said is what is wanted. A number without a unit is taken to be in the same;
    a year or a small count has to be met exactly.
    """
    if said.dimension and wanted.dimension:
        if said.dimension != wanted.dimension:
            return False
        return _near(said.value, wanted.value, TOLERANCE)
    if not wanted.dimension and wanted.is_exact and abs(wanted.value) < 10_000:
        return said.written == wanted.written
    return _near(said.written, wanted.written, _SAME_UNIT)


def _near(one: float, other: float, tolerance: float) -> bool:
    return abs(one - other) <= tolerance * max(abs(one), abs(other))
