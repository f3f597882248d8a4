"""The words of EPCIS 2.0 and its Core Business Vocabulary: event types, their fields, steps, dispositions.

Source: GS1 EPCIS Standard 2.0 and CBV Standard 2.0 (the lists of their JSON binding).
"""

from __future__ import annotations

CONTEXT = "https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld"
SCHEMA_VERSION = "2.0"
DOCUMENT = "EPCISDocument"
QUERY_DOCUMENT = "EPCISQueryDocument"

OBJECT, AGGREGATION, TRANSACTION = "ObjectEvent", "AggregationEvent", "TransactionEvent"
TRANSFORMATION, ASSOCIATION = "TransformationEvent", "AssociationEvent"
EVENT_TYPES = (OBJECT, AGGREGATION, TRANSACTION, TRANSFORMATION, ASSOCIATION)
ACTIONS = ("OBSERVE", "ADD", "DELETE")

BIZ_STEPS = frozenset(
    [
        "accepting",
        "arriving",
        "assembling",
        "collecting",
        "commissioning",
        "consigning",
        "creating_class_instance",
        "cycle_counting",
        "decommissioning",
        "departing",
        "destroying",
        "disassembling",
        "dispensing",
        "encoding",
        "entering_exiting",
        "holding",
        "inspecting",
        "installing",
        "killing",
        "loading",
        "other",
        "packing",
        "picking",
        "receiving",
        "removing",
        "repackaging",
        "repairing",
        "replacing",
        "reserving",
        "retail_selling",
        "sampling",
        "sensor_reporting",
        "shipping",
        "staging_outbound",
        "stock_taking",
        "stocking",
        "storing",
        "transporting",
        "unloading",
        "unpacking",
        "void_shipping",
    ]
)
DISPOSITIONS = frozenset(
    [
        "active",
        "available",
        "completeness_inferred",
        "completeness_verified",
        "conformant",
        "container_closed",
        "container_open",
        "damaged",
        "destroyed",
        "dispensed",
        "disposed",
        "encoded",
        "expired",
        "in_progress",
        "in_transit",
        "inactive",
        "mismatch_class",
        "mismatch_instance",
        "mismatch_quantity",
        "needs_replacement",
        "no_pedigree_match",
        "non_conformant",
        "non_sellable_other",
        "partially_dispensed",
        "recalled",
        "reserved",
        "retail_sold",
        "returned",
        "sellable_accessible",
        "sellable_not_accessible",
        "stolen",
        "unavailable",
        "unknown",
    ]
)
TRANSACTION_TYPES = frozenset(
    ["bol", "cert", "desadv", "inv", "pedigree", "po", "poc", "prodorder", "recadv", "rma", "testprd", "testres", "upevt"]
)
SOURCE_TYPES = frozenset(("owning_party", "possessing_party", "location"))
ERROR_REASONS = frozenset(("did_not_occur", "incorrect_data"))

_COMMON = ("@context", "type", "eventTime", "recordTime", "eventTimeZoneOffset", "eventID", "certificationInfo", "errorDeclaration")
_WHERE = ("bizStep", "disposition", "readPoint", "bizLocation", "bizTransactionList", "sourceList", "destinationList", "sensorElementList")
FIELDS = {
    OBJECT: (*_COMMON, *_WHERE, "epcList", "quantityList", "action", "persistentDisposition", "ilmd"),
    AGGREGATION: (*_COMMON, *_WHERE, "parentID", "childEPCs", "childQuantityList", "action"),
    ASSOCIATION: (*_COMMON, *_WHERE, "parentID", "childEPCs", "childQuantityList", "action"),
    TRANSACTION: (*_COMMON, *_WHERE, "parentID", "epcList", "quantityList", "action"),
    TRANSFORMATION: (
        *_COMMON, *_WHERE, "inputEPCList", "inputQuantityList", "outputEPCList", "outputQuantityList", "transformationID",
        "persistentDisposition", "ilmd",
    ),
}  # fmt: skip
TOLERATED = frozenset(("id", "type", "@id", "@type", "persistentDisposition"))
"""Names that GS1's own examples use where the schema has them only by its silence: JSON-LD's keywords, and a field of other events."""
EPC_FIELDS = ("epcList", "childEPCs", "inputEPCList", "outputEPCList")
QUANTITY_FIELDS = ("quantityList", "childQuantityList", "inputQuantityList", "outputQuantityList")
