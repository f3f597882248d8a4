"""The published vectors of epcpy and epc-tds: every valid one is read and written alike, every invalid one is refused with a reason."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from store_hub.rules.epc import Epc, read_epc, read_tag_uri, write_epc
from store_hub.rules.epc_errors import EpcInvalid
from store_hub.rules.epc_gs1 import digital_link, element_string, gs1_key, read_digital_link, read_element_string, short_gtin
from store_hub.rules.epc_identity import EpcIdentity, read_identity_pattern, read_identity_uri

GTIN_LENGTHS = {"GTIN_TYPE.GTIN8": 8, "GTIN_TYPE.GTIN12": 12, "GTIN_TYPE.GTIN13": 13}
SCHEMES_NEEDED = {"sgtin", "sscc", "sgln", "grai", "giai"}
Vector = dict[str, Any]


@pytest.fixture(scope="module")
def vectors(shared_data: Path) -> list[Vector]:
    lines = (shared_data / "rfid" / "epc_vectors" / "vectors.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines]


def named_key(identity: EpcIdentity, vector: Vector) -> str:
    length = GTIN_LENGTHS.get(vector.get("kwargs", {}).get("gtin_type", ""))
    return gs1_key(identity) if length is None else short_gtin(gs1_key(identity), length)


def use(vector: Vector) -> None:
    """Do all that an invalid vector asks for, in the form it came in; somewhere on the way it must be refused."""
    if "idpat" in vector:
        gs1_key(read_identity_pattern(vector["idpat"]))
        return
    scheme = Path(vector["source"]).stem.removeprefix("test_")
    identity = read_identity_uri(vector["uri"], scheme)
    if "binary_coding_scheme" in vector.get("kwargs", {}):
        # `SGTIN.BinaryCodingScheme.SGTIN_96` is our sgtin-96.
        write_epc(identity, vector["kwargs"]["binary_coding_scheme"].rsplit(".", 1)[1].lower().replace("_", "-"))
    if "gtin_type" in vector.get("kwargs", {}):
        named_key(identity, vector)


def test_every_published_tag_says_the_same_in_hex_tag_uri_and_identity(shared_data: Path) -> None:
    with (shared_data / "rfid" / "epc_vectors" / "hex_tag_uri.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 37
    for row in rows:
        epc = read_epc(row["hex"])
        assert isinstance(epc, Epc), row
        assert (epc.tag_uri, epc.identity.uri, epc.hex) == (row["tag_uri"], row["pure_identity_uri"], row["hex"])
        assert read_tag_uri(row["tag_uri"]) == epc
        if row["gs1_element_string"]:
            assert element_string(epc.identity) == row["gs1_element_string"]


def test_every_valid_vector_is_read_and_written_alike(vectors: list[Vector]) -> None:
    valid = [vector for vector in vectors if vector["valid"] and "uri" in vector]
    checks: tuple[Callable[[Vector, EpcIdentity], None], ...] = (check_tag, check_elements)
    for vector in valid:
        identity = read_identity_uri(vector["uri"])
        assert identity.uri == vector["uri"]
        for check in checks:
            check(vector, identity)
    assert len(valid) == 145
    assert {read_identity_uri(vector["uri"]).scheme for vector in valid} >= SCHEMES_NEEDED


def check_tag(vector: Vector, identity: EpcIdentity) -> None:
    if "hex" not in vector:
        return
    epc = read_tag_uri(vector["tag_uri"])
    assert (epc.identity, epc.hex) == (identity, vector["hex"])
    assert read_epc(vector["hex"]) == epc
    if "binary" in vector:
        assert int(vector["binary"], 2) == int(vector["hex"], 16)


def check_elements(vector: Vector, identity: EpcIdentity) -> None:
    if "gs1_key" in vector:
        assert named_key(identity, vector) == vector["gs1_key"]
    if "gs1_element_string" in vector:
        assert element_string(identity) == vector["gs1_element_string"]
    if "company_prefix_length" in vector:
        assert read_element_string(vector["gs1_element_string"], vector["company_prefix_length"]) == identity
        assert read_digital_link(digital_link(identity), vector["company_prefix_length"]) == identity


def test_every_valid_pattern_gives_its_key(vectors: list[Vector]) -> None:
    patterns = [vector for vector in vectors if vector["valid"] and "idpat" in vector]
    assert len(patterns) == 7
    for vector in patterns:
        assert named_key(read_identity_pattern(vector["idpat"]), vector) == vector["gs1_key"]


def test_every_invalid_vector_is_refused_with_a_reason(vectors: list[Vector]) -> None:
    invalid = [vector for vector in vectors if not vector["valid"]]
    assert len(invalid) == 82
    for vector in invalid:
        with pytest.raises(EpcInvalid) as refusal:
            use(vector)
        assert len(refusal.value.reason) > 10, vector
        assert "\n" not in str(refusal.value)
