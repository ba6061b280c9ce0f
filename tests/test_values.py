"""Values of claims: read, written and compared, whatever order they come in."""

from contextlib import suppress
from decimal import Decimal
from random import Random

import pytest
from hypothesis import assume, given
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
normalized = st.tuples(quantities().map(lambda each: each.text), units | st.none())
normal = normalized | st.tuples(dates, st.just("edtf")) | st.tuples(st.text(min_size=1, max_size=9), st.just("name"))
claims = st.tuples(st.text(max_size=20), normal | st.just((None, None)))
Claim = tuple[str, tuple[str | None, str | None]]


def said(one: tuple[str, str | None], other: tuple[str, str | None]) -> str:
    return compare_values(parse_value("", *one), parse_value("", *other)).value


@given(quantities())
def test_the_notation_of_a_quantity_reads_back_as_that_quantity(quantity: Quantity) -> None:
    assert parse_quantity(quantity.text) == quantity
    assert parse_quantity(quantity.text).text == quantity.text


@given(st.text(alphabet="0123456789.<>~- e,", max_size=12))
def test_what_is_no_notation_is_refused_and_nothing_else_happens(text: str) -> None:
    with suppress(ValueError):
        assert parse_quantity(text) == parse_quantity(parse_quantity(text).text)


@pytest.mark.parametrize(
    "text", ["", "..", "~", "600..550", ">5..5", "5..<5", "1e9", "1,000", "1..2..3", "9" * 19, "٣"]
)
def test_a_number_without_bounds_or_out_of_them_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"bound|a number such as"):
        parse_quantity(text)


@given(claims, claims)
def test_two_values_say_the_same_of_each_other_in_either_order(one: Claim, other: Claim) -> None:
    first, second = (parse_value(words, *normal) for words, normal in (one, other))

    assert compare_values(first, second) is compare_values(second, first)
    assert compare_values(first, first) is ValueRelation.SAME
    assert (compare_values(first, second) is ValueRelation.SAME) == (first.key == second.key)


@given(st.lists(claims, max_size=8), st.randoms(use_true_random=False))
def test_what_is_said_of_a_property_does_not_depend_on_the_order_of_claims(found: list[Claim], random: Random) -> None:
    given_ = [ComparableClaim("killed", words, *normal, place) for place, (words, normal) in enumerate(found)]
    mixed = list(given_)
    random.shuffle(mixed)

    one, other = (
        [
            (
                each.accord,
                [
                    (group.value.key, sorted(claim.payload for claim in group.claims), group.related)
                    for group in each.groups
                ],
            )
            for each in compare_claims(some)
        ]
        for some in (given_, mixed)
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
def test_what_two_values_say_of_each_other(one: tuple[str, str], other: tuple[str, str], says: str) -> None:
    assert said(one, other) == says


def test_words_that_are_no_value_neither_agree_nor_differ() -> None:
    one, same, other = (parse_value(each, None, None) for each in ("In case of war", "in  case of war", "in the event"))

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
def test_numbers_are_read_as_prose_prints_them(printed: str, read: tuple[str, str | None] | None) -> None:
    found = words.parse_quantity_words(printed)

    assert (found and (found[0].text, found[1])) == read


def test_a_claim_without_a_normal_form_is_read_from_its_words() -> None:
    one, other = parse_value("at least 550 people", None, None), parse_value("600", "600", "people")

    assert compare_values(one, other) is ValueRelation.AGREES
    assert (one.text, one.unit) == ("550..", "people")


@given(st.text(max_size=300), st.integers(0, 5))
def test_no_text_is_too_much_for_the_reader_of_numbers(text: str, start: int) -> None:
    for figure in words.find_figures(text, min(start, len(text)), len(text)):
        assert start <= figure.start < figure.end <= len(text)
        assert parse_quantity(figure.number.text) == figure.number


@pytest.mark.parametrize("text", ["1" * 200_000, "1," * 100_000, "two " * 50_000, "over " * 50_000, "1 to " * 50_000])
def test_a_hostile_text_is_read_in_good_time(text: str) -> None:
    assert len(list(words.find_figures(text, 0, len(text)))) < len(text)


def test_of_many_values_the_first_hundred_are_compared() -> None:
    [found] = compare_claims([ComparableClaim("killed", "", f"{n}", "people", n) for n in range(1000)])

    assert (len(found.groups), found.value_count, found.claim_count) == (100, 1000, 1000)
    assert found.accord is Accord.CONFLICT


@given(quantities(), st.sampled_from(["decades", "years", "hours", "soldiers"]))
def test_a_quantity_in_a_larger_unit_is_one_in_the_smaller(quantity: Quantity, unit: str) -> None:
    number, name = convert_multiple(quantity, unit)

    assert parse_value("", number.text, name).key == parse_value("", quantity.text, unit).key
