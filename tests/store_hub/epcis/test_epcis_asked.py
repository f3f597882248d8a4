"""What SimpleEventQuery asks of an event's inside, on GS1's own example events."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from store_hub.rules.epcis_asked import AskedWrong, fits, read_asked
from store_hub.rules.epcis_query import read_query

ALL_FIELDS = "JSON/WithFullCombinationOfFields/object_event_all_possible_fields.jsonld"
HOURLY = "JSON/WithSensorData/SensorDataExample1.jsonld"


def events_of(shared_data: Path, name: str) -> list[dict[str, Any]]:
    document = json.loads((shared_data / "rfid" / "epcis2" / name).read_text(encoding="utf-8"))
    return [{"@context": document["@context"], **event} for event in document["epcisBody"]["eventList"]]


def answers(event: dict[str, Any], query: str, prefixes: dict[str, str] | None = None) -> bool:
    asked = read_query([(name, value) for part in query.split("&") for name, _, value in [part.partition("=")]]).asked
    assert len(asked) == len(query.split("&")), "each is asked of the event's inside"
    return fits(asked, prefixes or {})(json.dumps(event).encode())


@pytest.mark.parametrize(
    ("query", "is_so"),
    [
        ("EQ_quantity=200", True),
        ("EQ_quantity_KGM=100|200", True),
        ("GT_quantity_KGM=200", False),
        ("GE_quantity_KGM=200", True),
        ("LT_quantity_GRM=300", False),
        ("EQ_bizTransaction_po=urn:epc:id:gdti:0614141.00001.1618034", True),
        ("EQ_bizTransaction_desadv=urn:epc:id:gdti:0614141.00001.1618034", False),
        ("EQ_source_location=https://id.gs1.org/414/4012345002256", True),
        ("EQ_source_owning_party=urn:epc:id:pgln:4012345.00225", True),
        ("EQ_destination_possessing_party=urn:epc:id:pgln:4012345.00225", False),
        ("EXISTS_sensorElementList", True),
        ("EXISTS_sensorElementList=false", False),
        ("EQ_type=Temperature", True),
        ("EQ_type=gs1:Temperature|Speed", True),
        ("EQ_type=Speed", False),
        ("GE_value_CEL=26&LE_value_CEL=26", True),
        ("GT_value_CEL=26", False),
        ("EQ_value_CEL=26.0", True),
        ("EQ_value_FAH=26", False),
        ("GT_maxValue_CEL=26.1&LT_meanValue_CEL=14&EQ_sDev_CEL=0.1&GE_percValue_CEL=12.7", True),
        ("GE_percRank=50&LT_percRank=51", True),
        ("GE_time=2019-04-02T13:05:00.000Z", True),
        ("GE_startTime=2019-04-02T12:55:01.000Z&LT_endTime=2019-04-02T14:00:00.000Z", True),
        ("LT_startTime=2019-04-02T14:55:01.000+02:00", False),
        ("EQ_deviceID=https://id.gs1.org/8004/4000001111", True),
        ("EQ_booleanValue=true&EQ_stringValue=SomeString&EQ_hexBinaryValue=f0f0f0", True),
        ("EQ_microorganism=https://www.ncbi.nlm.nih.gov/taxonomy/1126011", True),
        ("EQ_SENSORMETADATA_ext1:someFurtherMetadata=someText", True),
        ("EQ_SENSORREPORT_ext1:someFurtherMetadata=someText", False),
        ("EXISTS_SENSORREPORT_ext1:someFurtherReportData", True),
        ("GT_SENSORELEMENT_ext1:float=19.5", True),
        ("EQ_INNER_SENSORELEMENT_ext3:string=stringInObjectInObject", True),
        ("EQ_ext1:string=string&EQ_ext1:int=10&EQ_ext1:array=stringInArray", True),
        ("GE_ext1:time=2013-06-08T14:58:56Z&LT_ext1:time=2013-06-08T16:59:00%2B02:00".replace("%2B", " "), True),
        ("EQ_ext3:string=stringInObjectInObject", False),
        ("EQ_INNER_ext3:string=stringInObjectInObject", True),
        ("EQ_INNER_ext1:string=string", False),
        ("EXISTS_INNER_ext2:array", True),
        ("EQ_ILMD_cbvmda:lotNumber=ABC123&GT_ILMD_cbvmda:netWeight=3", True),
        ("EQ_INNER_ILMD_ext2:int=13", True),
        ("EXISTS_ILMD_cbvmda:bestBeforeDate", False),
    ],
)
def test_an_event_with_every_field_answers(shared_data: Path, query: str, is_so: bool) -> None:
    (event,) = events_of(shared_data, ALL_FIELDS)
    assert answers(event, query) is is_so


def test_of_all_examples_with_sensor_data_the_right_ones_answer(shared_data: Path) -> None:
    folder = shared_data / "rfid" / "epcis2" / "JSON" / "WithSensorData"
    cold = set()
    for path in sorted(folder.glob("*.jsonld")):
        for event in json.loads(path.read_text(encoding="utf-8")).get("epcisBody", {}).get("eventList", []):
            reports = [report for element in event.get("sensorElementList", []) for report in element["sensorReport"]]
            by_hand = any(report.get("uom") == "CEL" and report.get("value", -999) >= 26 for report in reports)
            assert answers(event, "GE_value_CEL=26") is by_hand, path.name
            cold |= {by_hand}
    assert cold == {True, False}


def test_an_extension_is_known_by_its_address_whatever_its_prefix(shared_data: Path) -> None:
    (event,) = events_of(shared_data, ALL_FIELDS)
    addresses = {name: value for part in event["@context"] if isinstance(part, dict) for name, value in part.items()}
    assert answers(event, "EQ_mine:string=string", {"mine": addresses["ext1"]})
    assert not answers(event, "EQ_mine:string=string", {"mine": addresses["ext2"]})
    assert answers(event, f"EQ_{addresses['ext1']}string=string")


@pytest.mark.parametrize("name", ["EQ_value", "EQ_bizStepp", "GE_deviceID", "GT_source_location", "MATCH_quantity", "EQ_source_Location!"])
def test_what_the_standard_does_not_know_is_none_of_its_questions(name: str) -> None:
    assert read_asked(name, ["1"]) is None


@pytest.mark.parametrize(("name", "value"), [("GE_value_CEL", "warm"), ("LT_time", "noon"), ("GT_ext:x", "much"), ("EXISTS_ext:x", "2")])
def test_a_value_that_does_not_fit_is_refused(name: str, value: str) -> None:
    with pytest.raises(AskedWrong):
        read_asked(name, [value])
