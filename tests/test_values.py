"""Test parsing, formatting and comparing the values of claims."""

from contextlib import suppress
from decimal import Decimal
from random import Random

import pytest
from hypothesis import assume
from hypothesis import strategies as st

from app.analysis.discrepancies import (
    ComparableClaim,
    ValueRelation,
    compare_claims,
    compare_values,
    parse_value,
)
from app.core.quantities import words
from app.core.quantities.notation import Quantity, parse_quantity
from app.core.quantities.units import convert_multiple
from app.core.vocab import Accord
from tests.properties import for_all

bounds = st.none() | st.decimals(-10_000, 10**12, places=2)


@st.composite
def quantities(draw: st.DrawFn) -> Quantity:
    low, high = sorted_bounds(draw(bounds), draw(bounds))
    assume(low is not None or high is not None)
    above = low is not None and low != high and draw(st.booleans())
    below = high is not None and low != high and draw(st.booleans())
    return Quantity(low, high, above, below, draw(st.booleans()))


def sorted_bounds(one: Decimal | None, two: Decimal | None) -> tuple[Decimal | None, Decimal | None]:
    return (two, one) if one is not None and two is not None and two < one else (one, two)


dates = st.sampled_from(
    ["2024-06-19", "2024-06", "2024", "2000-07", "1994-06~/2004-06~", "2024-06-19?", "1961", "2024~"]
)
units = st.sampled_from(["people", "hours", "minutes", "days", "months", "years", "USD", "soldiers", "decades"])
normalized = st.tuples(quantities().map(lambda quantity: quantity.text), units | st.none())
normal = normalized | st.tuples(dates, st.just("edtf")) | st.tuples(st.text(min_size=1, max_size=9), st.just("name"))
claims = st.tuples(st.text(max_size=20), normal | st.just((None, None)))
Claim = tuple[str, tuple[str | None, str | None]]


def said(one: tuple[str, str | None], other: tuple[str, str | None]) -> str:
    return compare_values(parse_value("", *one), parse_value("", *other)).value


@for_all(quantities())
def test_quantity_round_trips_through_its_notation(quantity: Quantity) -> None:
    assert parse_quantity(quantity.text) == quantity
    assert parse_quantity(quantity.text).text == quantity.text


@for_all(st.text(alphabet="0123456789.<>~- e,", max_size=12))
def test_text_that_is_no_notation_raises_only_value_error(text: str) -> None:
    with suppress(ValueError):
        assert parse_quantity(text) == parse_quantity(parse_quantity(text).text)


@pytest.mark.parametrize(
    "text", ["", "..", "~", "600..550", ">5..5", "5..<5", "1e9", "1,000", "1..2..3", "9" * 19, "٣"]
)
def test_number_without_or_out_of_bounds_is_rejected(text: str) -> None:
    with pytest.raises(ValueError, match=r"bound|a number such as"):
        parse_quantity(text)


@for_all(claims, claims)
def test_comparing_values_is_symmetric(one: Claim, other: Claim) -> None:
    first, second = (parse_value(words, *normal) for words, normal in (one, other))

    assert compare_values(first, second) is compare_values(second, first)
    assert compare_values(first, first) is ValueRelation.SAME
    assert (compare_values(first, second) is ValueRelation.SAME) == (first.key == second.key)


@for_all(st.lists(claims, max_size=8), st.randoms(use_true_random=False))
def test_discrepancies_do_not_depend_on_the_claims_order(claims_of_values: list[Claim], random: Random) -> None:
    ordered = [
        ComparableClaim("killed", words, *normal, place) for place, (words, normal) in enumerate(claims_of_values)
    ]
    mixed = list(ordered)
    random.shuffle(mixed)

    one, other = (
        [
            (
                discrepancy.accord,
                [
                    (group.value.key, sorted(claim.payload for claim in group.claims), group.related)
                    for group in discrepancy.groups
                ],
            )
            for discrepancy in compare_claims(some)
        ]
        for some in (ordered, mixed)
    )

    assert one == other


@pytest.mark.parametrize(
    ("one", "other", "says"),
    [
        (("2000-07", "edtf"), ("2000", "edtf"), "agrees"),
        (("2000-07", "edtf"), ("1994-06~/2004-06~", "edtf"), "agrees"),
        (("2024-06-19", "edtf"), ("2024-06-20", "edtf"), "differs"),
        (("2024-06-19?", "edtf"), ("2020", "edtf"), "unclear"),
        (("2024~", "edtf"), ("2023", "edtf"), "unclear"),
        (("2024~", "edtf"), ("1961", "edtf"), "differs"),
        (("550..", "people"), ("600", "persons"), "agrees"),
        (("550..", "people"), ("24..99", "people"), "differs"),
        ((">900", "people"), ("900", "people"), "differs"),
        (("..19", "people"), ("19", "people"), "agrees"),
        (("<20", "people"), ("20", "people"), "differs"),
        (("~1000", "people"), ("1090", "people"), "agrees"),
        (("~1000", "people"), ("1400", "people"), "unclear"),
        (("~1000", "people"), ("3000", "people"), "differs"),
        (("12", "soldiers"), ("12", "people"), "unclear"),
        (("2", "hours"), ("120", "minutes"), "same"),
        (("2", "weeks"), ("14", "days"), "same"),
        (("20", "years"), ("2", "decades"), "same"),
        (("1", "months"), ("30", "days"), "agrees"),
        (("1", "months"), ("40", "days"), "differs"),
        (("1", "kilometres"), ("1000", "metres"), "same"),
        (("5", "dollars"), ("5", "USD"), "unclear"),
        (("Pyongyang", "name"), ("the Pyongyang", None), "same"),
        (("Pyongyang", "name"), ("Pyongyang airport", "name"), "agrees"),
        (("treaty", "name"), ("pact", "name"), "differs"),
        (("2000", "edtf"), ("2000", None), "unclear"),
    ],
)
def test_two_values_have_the_expected_relation(one: tuple[str, str], other: tuple[str, str], says: str) -> None:
    assert said(one, other) == says


def test_plain_words_are_same_or_unclear() -> None:
    one, same, other = (
        parse_value(words, None, None) for words in ("In case of war", "in  case of war", "in the event")
    )

    assert compare_values(one, same) is ValueRelation.SAME
    assert compare_values(one, other) is ValueRelation.UNCLEAR


@pytest.mark.parametrize(
    ("printed", "read"),
    [
        ("at least 550 people", ("550..", "people")),
        ("passes 900", (">900", None)),
        ("more than a dozen soldiers", (">12", "soldiers")),
        ("fewer than 20", ("<20", None)),
        ("up to 1,200 men", ("..1200", "men")),
        ("dozens of people", ("24..99", "people")),
        ("hundreds", ("200..999", None)),
        ("tens of thousands", ("20000..99999", None)),
        ("about 1,000", ("~1000", None)),
        ("an estimated 3.5 million people", ("~3500000", "people")),
        ("550 to 600", ("550..600", None)),
        ("between two and three hours", ("2..3", "hours")),
        ("two to three million", ("2000000..3000000", None)),
        ("twenty-one", ("21", None)),
        ("two hundred and fifty", ("250", None)),
        ("half a million", ("500000", None)),
        ("a dozen", ("12", None)),
        ("$4.5 million", ("4500000", "dollars")),
        ("€20m", ("20000000", "EUR")),
        ("12.5 percent", ("12.5", "percent")),
        ("10-Year", ("10", "years")),
        ("about two hours", ("~2", "hours")),
        ("over two decades", (">20", "years")),
        ("40,000 or so", ("~40000", None)),
        ("from 10 to 20", None),
        ("two three", None),
        ("one of them", None),
        ("the 1980s", None),
        ("treaty", None),
    ],
)
def test_numbers_in_prose_are_parsed(printed: str, read: tuple[str, str | None] | None) -> None:
    claims_of_values = words.parse_quantity_words(printed)

    assert (claims_of_values and (claims_of_values[0].text, claims_of_values[1])) == read


def test_claim_without_normal_form_is_parsed_from_its_words() -> None:
    one, other = parse_value("at least 550 people", None, None), parse_value("600", "600", "people")

    assert compare_values(one, other) is ValueRelation.AGREES
    assert (one.text, one.unit) == ("550..", "people")


@for_all(st.text(max_size=300), st.integers(0, 5))
def test_any_text_yields_only_valid_figures(text: str, start: int) -> None:
    for figure in words.find_figures(text, min(start, len(text)), len(text)):
        assert start <= figure.start < figure.end <= len(text)
        assert parse_quantity(figure.number.text) == figure.number


@pytest.mark.parametrize("text", ["1" * 200_000, "1," * 100_000, "two " * 50_000, "over " * 50_000, "1 to " * 50_000])
def test_hostile_text_yields_fewer_figures_than_characters(text: str) -> None:
    assert len(list(words.find_figures(text, 0, len(text)))) < len(text)


def test_first_hundred_of_many_values_are_compared() -> None:
    [discrepancy] = compare_claims([ComparableClaim("killed", "", f"{n}", "people", n) for n in range(1000)])

    assert (len(discrepancy.groups), discrepancy.value_count, discrepancy.claim_count) == (100, 1000, 1000)
    assert discrepancy.accord is Accord.CONFLICT


@for_all(quantities(), st.sampled_from(["decades", "years", "hours", "soldiers"]))
def test_quantities_in_larger_and_smaller_unit_are_equal(quantity: Quantity, unit: str) -> None:
    number, name = convert_multiple(quantity, unit)

    assert parse_value("", number.text, name).key == parse_value("", quantity.text, unit).key
