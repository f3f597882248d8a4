"""Tags of every kind that come into a shop: the standard's own examples, damaged ones, foreign ones."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from store_hub.rules.epc import Epc, UnknownEpc, gtin_of_epc, read_epc, read_tag_uri, told_epc, write_epc
from store_hub.rules.epc_errors import EpcBitsInvalid, EpcDoesNotFit, EpcUriInvalid, Gs1ElementsInvalid, NoGs1Key
from store_hub.rules.epc_fields import GS1_ALPHABET, PART_ALPHABET
from store_hub.rules.epc_gs1 import digital_link, element_string, gs1_check_digit, read_digital_link, read_element_string
from store_hub.rules.epc_identity import EpcIdentity, read_identity_uri
from store_hub.rules.epc_schemes import CODINGS, SCHEMES

# GS1 EPC Tag Data Standard 1.13, annex E (bits filled up to whole words).
EXAMPLES = [
    ("3074257BF7194E4000001A85", "sgtin-96:3.0614141.812345.6789", "(01)80614141123458(21)6789"),
    ("3674257BF6B7A659B2C2BF1000000000000000000000000000", "sgtin-198:3.0614141.712345.32a%2Fb", "(01)70614141123451(21)32a/b"),
    ("3174257BF4499602D2000000", "sscc-96:3.0614141.1234567890", "(00)106141412345678908"),
    ("3274257BF46072000000162E", "sgln-96:3.0614141.12345.5678", "(414)0614141123452(254)5678"),
    ("3974257BF46072CD9615F8800000000000000000000000000000", "sgln-195:3.0614141.12345.32a%2Fb", "(414)0614141123452(254)32a/b"),
    ("3374257BF40C0E400000162E", "grai-96:3.0614141.12345.5678", "(8003)006141411234525678"),
    ("3774257BF40C0E59B2C2BF1000000000000000000000", "grai-170:3.0614141.12345.32a%2Fb", "(8003)0061414112345232a/b"),
    ("3474257BF40000000000162E", "giai-96:3.0614141.5678", "(8004)06141415678"),
    ("3874257BF59B2C2BF10000000000000000000000000000000000", "giai-202:3.0614141.32a%2Fb", "(8004)061414132a/b"),
    ("2D74257BF4499602D2000000", "gsrn-96:3.0614141.1234567890", "(8018)061414112345678902"),
    ("2E74257BF4499602D2000000", "gsrnp-96:3.0614141.1234567890", "(8017)061414112345678902"),
    ("2C74257BF46072000000162E", "gdti-96:3.0614141.12345.5678", "(253)06141411234525678"),
    ("3F74F4E4E612640000019907", "sgcn-96:3.4012345.67890.04711", "(255)401234567890104711"),
    ("3C74257BF400C0E680003039", "cpi-96:3.0614141.98765.12345", "(8010)061414198765(8011)12345"),
    ("3D74257BF75411DEF6B4CC00000003039000", "cpi-var:3.0614141.5PQ7%2FZ43.12345", "(8010)06141415PQ7/Z43(8011)12345"),
]


def padded(epc_hex: str, words: int) -> str:
    return epc_hex.ljust(4 * words, "0")


@pytest.mark.parametrize(("epc_hex", "tag", "elements"), EXAMPLES, ids=[tag.split(":")[0] for _, tag, _ in EXAMPLES])
def test_the_standards_examples_are_read_and_written_in_every_form(epc_hex: str, tag: str, elements: str) -> None:
    epc = read_tag_uri(f"urn:epc:tag:{tag}")
    assert epc.hex == padded(epc_hex, len(epc.hex) // 4)
    assert read_epc(epc.hex) == epc
    assert read_identity_uri(epc.identity.uri) == epc.identity
    assert element_string(epc.identity) == elements
    assert read_element_string(elements, len(epc.identity.parts[0])) == epc.identity
    assert read_digital_link(digital_link(epc.identity), len(epc.identity.parts[0])) == epc.identity


@pytest.mark.parametrize(
    ("epc_hex", "tag"),
    [
        ("350007AB70425D4000000586", "gid-96:31415.271828.1414"),
        ("2F320434147455900000162E", "usdod-96:3.CAGEY.5678"),
        ("3B0E0CF5E76C9047759AD00373DC7602E7200000", "adi-var:3.35962.PQ7VZ4.M37GXB92"),
    ],
)
def test_tags_that_are_no_gs1_keys_are_read_too(epc_hex: str, tag: str) -> None:
    epc = read_tag_uri(f"urn:epc:tag:{tag}")
    assert epc.hex == padded(epc_hex, len(epc.hex) // 4)
    assert read_epc(epc.hex) == epc
    for told in (element_string, digital_link):
        with pytest.raises(NoGs1Key, match="no GS1 key"):
            told(epc.identity)


@pytest.mark.parametrize(
    ("uri", "link"),
    [
        ("sgtin:0614141.812345.6789", "/01/80614141123458/21/6789"),
        ("sgtin:0614141.712345.32a%2Fb", "/01/70614141123451/21/32a%2Fb"),
        ("sscc:0614141.1234567890", "/00/106141412345678908"),
        ("sgln:0614141.12345.400", "/414/0614141123452/254/400"),
        ("sgln:0614141.12345.0", "/414/0614141123452"),
        ("grai:0614141.12345.400", "/8003/00614141123452400"),
        ("giai:0614141.1ABc%2FD", "/8004/06141411ABc%2FD"),
        ("itip:4012345.012345.01.02.987", "/8006/040123451234560102/21/987"),
    ],
)
def test_a_digital_link_leads_to_the_thing(uri: str, link: str) -> None:
    identity = read_identity_uri(f"urn:epc:id:{uri}")
    assert digital_link(identity) == f"https://id.gs1.org{link}"
    assert digital_link(identity, "https://shop.example/things/") == f"https://shop.example/things{link}"
    for address in (f"https://id.gs1.org{link}", f"http://shop.example/a/b{link}?17=271231#top"):
        assert read_digital_link(address, 7) == identity


def test_a_short_gtin_and_a_lot_may_stand_in_a_digital_link() -> None:
    told = "urn:epc:id:sgtin:00000950.01093.Serial"
    assert read_digital_link("https://id.gs1.org/01/95010939/10/LOT/21/Serial", 8).uri == told
    assert read_digital_link("https://id.gs1.org/01/00000095010939/21/Serial", 8).uri == told


@pytest.mark.parametrize(
    ("link", "reason"),
    [
        ("https://id.gs1.org/01/80614141123459/21/1", "check digit of 80614141123459 must be 8, not 9"),
        ("https://id.gs1.org/01/80614141123458", r"\(21\) is missing"),
        ("https://id.gs1.org/01/8061414112/21/1", "14 digits must stand"),
        ("https://id.gs1.org/01/80614141123458/21/%2", "two hex digits"),
        ("https://id.gs1.org/01/80614141123458/21/%23", "holds '#'"),
        ("https://id.gs1.org/offers", "no GS1 key"),
        ("ftp://id.gs1.org/01/80614141123458/21/1", "http or https"),
        ("https://id.gs1.org/8003/80614141123452400", "a 0 must stand"),
    ],
)
def test_a_broken_digital_link_is_refused_with_the_reason(link: str, reason: str) -> None:
    with pytest.raises(Gs1ElementsInvalid, match=reason):
        read_digital_link(link, 7)


@pytest.mark.parametrize(
    ("elements", "company_digits", "reason"),
    [
        ("0180614141123458", 7, "in brackets"),
        ("(37)12", 7, "not the key of a scheme"),
        ("(01)80614141123458(21)1", 5, "6 to 12 digits, not 5"),
        ("(00)106141412345678907", 7, "must be 8, not 7"),
        ("(00)1061414123456789081", 7, "too much behind"),
        ("(01)80614141123458(10)LOT(21)1", 7, "further element"),
        ("(01)80614141123458(21)" + "1" * 21, 7, "1 to 20 characters"),
    ],
)
def test_broken_elements_are_refused_with_the_reason(elements: str, company_digits: int, reason: str) -> None:
    with pytest.raises(Gs1ElementsInvalid, match=reason):
        read_element_string(elements, company_digits)


@pytest.mark.parametrize(
    ("epc_hex", "reason"),
    [
        ("", "hex digits"),
        ("0x3034", "hex digits"),
        ("3034257BF7194E4000001AZZ", "hex digits"),
        ("3034257BF7194E40", "32 bits too early"),
        ("303C257BF7194E4000001A85", "partition value 7"),
        ("3017FFFFF7194E4000001A85", "more than the 7 digits"),
        ("3034257BF7FFFFC000001A85", "more than the 6 digits"),
        ("3034257BF7194E4000001A850001", "behind its end"),
        ("3174257BF4499602D2000001", "24 reserved bits"),
        ("3614257BF46DB660808400000000000000000000000000000000", "behind the end of the text 'A'"),
        ("3614257BF46DB640000000000000000000000000000000000000", "1 to 20 characters"),
        ("3614257BF46DB652000000000000000000000000000000000000", r"holds '\$'"),
        ("3F74F4E4E612640000000001", "behind a 1"),
    ],
)
def test_a_damaged_tag_is_refused_with_the_reason_and_still_shown(epc_hex: str, reason: str) -> None:
    with pytest.raises(EpcBitsInvalid, match=reason) as refusal:
        read_epc(epc_hex)
    assert told_epc(epc_hex) == (f"urn:epc:raw:{4 * len(epc_hex)}.x{epc_hex.upper()}", refusal.value.reason)
    assert gtin_of_epc(epc_hex) is None


@pytest.mark.parametrize("epc_hex", ["E2801160600002042A6B1C2D", "000000000000000000000000", "F74257BF7194E4000001A850", "ABCD"])
def test_a_tag_of_an_unknown_scheme_is_kept_as_it_is(epc_hex: str) -> None:
    unknown = read_epc(epc_hex)
    assert unknown == UnknownEpc(epc_hex, int(epc_hex[:2], 16))
    assert told_epc(epc_hex) == (f"urn:epc:raw:{4 * len(epc_hex)}.x{epc_hex}", "")
    assert gtin_of_epc(epc_hex) is None


def test_only_tags_of_articles_have_a_gtin() -> None:
    assert gtin_of_epc("3074257bf7194e4000001a85") == gtin_of_epc("3074257BF7194E4000001A850000") == "80614141123458"
    assert gtin_of_epc("3674257BF6B7A659B2C2BF10000000000000000000000000000") == "70614141123451"
    assert gtin_of_epc("3174257BF4499602D2000000") is None


@pytest.mark.parametrize(
    ("tag", "reason"),
    [
        ("urn:epc:id:sgtin:0614141.812345.6789", "must start with urn:epc:tag:"),
        ("urn:epc:tag:sgtin-64:3.0614141.812345.6789", "no coding of the standard"),
        ("urn:epc:tag:sgtin-96:8.0614141.812345.6789", "filter value '8' must be 0 to 7"),
        ("urn:epc:tag:sgtin-96:0614141.812345.6789", "filter value"),
        ("urn:epc:tag:sgtin-96:3.0614141.812345.06789", "leading zeros"),
        ("urn:epc:tag:sgtin-96:3.0614141.812345.274877906944", "38 bits"),
        ("urn:epc:tag:sgtin-96:3.061414١.812345.1", "6 to 12 digits"),
        ("urn:epc:tag:sgtin-198:3.0614141.712345.32a/b", "write / as %2F"),
        ("urn:epc:tag:sgtin-198:3.0614141.712345.32a%2Gb", "two hex digits"),
        ("urn:epc:tag:sgtin-198:3.0614141.712345.32%C3", "holds"),
        ("urn:epc:tag:giai-96:3.0614141.9999999999999999999", "more than the 18 digits"),
    ],
)
def test_a_broken_tag_uri_is_refused_with_the_reason(tag: str, reason: str) -> None:
    with pytest.raises(EpcUriInvalid, match=reason):
        read_tag_uri(tag)


def test_a_carton_is_not_written_as_an_article() -> None:
    carton = read_identity_uri("urn:epc:id:sscc:0614141.1234567890")
    with pytest.raises(EpcDoesNotFit, match="sscc has sscc-96"):
        write_epc(carton, "sgtin-96")
    with pytest.raises(EpcDoesNotFit, match="3 bits"):
        write_epc(carton, "sscc-96", 8)
    with pytest.raises(EpcUriInvalid, match="here only sgtin will do"):
        read_identity_uri(carton.uri, "sgtin")


def test_a_long_text_makes_a_short_error() -> None:
    with pytest.raises(EpcUriInvalid) as refusal:
        read_identity_uri("urn:epc:id:sgtin:0614141.812345." + "9" * 5_000)
    assert len(str(refusal.value).split(": ")[0]) < 200


GS1_TEXT = "".join(sorted(GS1_ALPHABET))
PART_TEXT = "".join(sorted(PART_ALPHABET))
TOTALS = {"sgtin": 13, "itip": 13, "sscc": 17, "gsrn": 17, "gsrnp": 17, "sgln": 12, "grai": 12, "gdti": 12, "sgcn": 12}
SERIALS = {"sgtin": 20, "sgln": 20, "grai": 16, "gdti": 17, "itip": 20}


def digits(count: int) -> st.SearchStrategy[str]:
    return st.integers(0, 10**count - 1).map(lambda value: f"{value:0{count}d}" if count else "")


@st.composite
def written_tags(draw: st.DrawFn) -> Epc:
    """A thing's name in one of the codings that have room for it."""
    coding = draw(st.sampled_from([name for name in CODINGS if name.split("-")[0] not in {"gid", "usdod", "adi"}]))
    scheme, room = coding.split("-")
    short = room in {"96", "110"}
    parts = [draw(st.integers(6, 12).flatmap(digits))]
    left = 30 - len(parts[0])
    if scheme in TOTALS:
        parts.append(draw(digits(TOTALS[scheme] - len(parts[0]))))
    elif scheme == "giai":
        parts.append(draw(st.integers(0, 2**42 - 1).map(str) if short else st.text(GS1_TEXT, min_size=1, max_size=left)))
    else:
        parts.append(draw(st.integers(0, 999).map(str) if short else st.text(PART_TEXT, min_size=1, max_size=left)))
        parts.append(str(draw(st.integers(0, 2**31 - 1))))
    if scheme == "itip":
        parts += [draw(digits(2)), draw(digits(2))]
    if scheme == "sgcn":
        parts.append(draw(st.integers(1, 12).flatmap(digits)))
    if scheme in SERIALS:
        serial = st.integers(0, 2**38 - 1).map(str) if short else st.text(GS1_TEXT, min_size=1, max_size=SERIALS[scheme])
        parts.append(draw(serial))
    return Epc(EpcIdentity(scheme, tuple(parts)), coding, draw(st.integers(0, 7)))


@settings(max_examples=300, deadline=None)
@given(written_tags())
def test_what_is_written_is_read_again_in_every_form(epc: Epc) -> None:
    assert read_epc(epc.hex) == epc
    assert read_tag_uri(epc.tag_uri) == epc
    assert read_identity_uri(epc.identity.uri) == epc.identity
    assert read_digital_link(digital_link(epc.identity), len(epc.identity.parts[0])) == epc.identity


@settings(max_examples=300, deadline=None)
@given(written_tags(), st.lists(st.integers(0, 500), min_size=1, max_size=3), st.integers(0, 6))
def test_a_tag_with_flipped_bits_is_another_thing_or_refused(epc: Epc, flipped: list[int], cut: int) -> None:
    """Whatever is read would be written in the same bits: no two contents of a tag are the same thing by accident."""
    bits = int(epc.hex, 16)
    for place in flipped:
        bits ^= 1 << place % (4 * len(epc.hex))
    epc_hex = f"{bits:0{len(epc.hex)}X}"[: len(epc.hex) - cut]
    assume(any(coding.header == int(epc_hex[:2], 16) for _, coding in CODINGS.values()))
    with suppress(EpcBitsInvalid):
        read = read_epc(epc_hex)
        assert isinstance(read, Epc)
        assert read.hex.rstrip("0") == epc_hex.rstrip("0")


@given(st.text(max_size=60))
def test_no_text_breaks_a_reader(text: str) -> None:
    for start in ("", "urn:epc:id:sgtin:", "urn:epc:tag:giai-202:0.", "https://id.gs1.org/01/", "(01)"):
        for read in (read_identity_uri, read_tag_uri):
            with pytest.raises(EpcUriInvalid):
                read(start + text)
        for read_elements in (read_digital_link, read_element_string):
            with pytest.raises(Gs1ElementsInvalid):
                read_elements(start + text, 7)


def test_check_digits_are_those_of_gs1() -> None:
    assert (gs1_check_digit("629104150021"), gs1_check_digit("37610425002123456")) == ("3", "9")
    assert len(SCHEMES) == 21
