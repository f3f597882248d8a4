"""Requests as an OpenAPI document allows them, and a little beyond: whoever sends whatever, a server says what is wrong with it."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote

from hypothesis import strategies as st

HOSTILE = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=30),
    st.sampled_from(["", "\x00", "\u202e", "' OR 1=1 --", "../../etc/passwd", "9" * 400, "0", "-1", "2026-02-30", "NaN", "1e999"]),
    st.sampled_from([2**63, -(2**63) - 1, 10**400, -0.0, 1e308, [], {}, [[]], {"": None}]),
)


class AnyRequest:
    """Draws requests.

    Args:
        document: OpenAPI 3.1, as the server tells it.
    """

    def __init__(self, document: dict[str, Any]) -> None:
        self._document = document
        self._operations = [
            (method, path, operation)
            for path, methods in sorted(document["paths"].items())
            for method, operation in sorted(methods.items())
            if method in ("get", "put", "post", "patch", "delete")
        ]

    @property
    def operations(self) -> int:
        """How many there are to draw from."""
        return len(self._operations)

    def draw(self, data: st.DataObject) -> tuple[str, str, bytes | None, dict[str, str]]:
        """Return method, address, body and headers."""
        method, path, operation = data.draw(st.sampled_from(self._operations))
        query, headers = [], {}
        for each in operation.get("parameters", []):
            parameter = self._followed(each)
            value = self._text(data.draw(self._value(parameter.get("schema", {}))))
            if parameter["in"] == "path":
                path = path.replace("{" + parameter["name"] + "}", quote(value, safe="") or "%20")
            elif parameter["in"] == "query" and (parameter.get("required") or data.draw(st.booleans())):
                query.append(f"{quote(parameter['name'])}={quote(value, safe='')}")
            elif parameter["in"] == "header" and value.isascii() and value.isprintable():
                headers[parameter["name"]] = value.strip()
        body = None
        for kind, content in self._followed(operation.get("requestBody", {})).get("content", {}).items():
            drawn = data.draw(self._value(content.get("schema", {})))
            body = drawn.encode("utf-8", "surrogatepass") if isinstance(drawn, str) and "json" not in kind else json.dumps(drawn).encode()
            headers["content-type"] = kind
            break
        if body is not None and data.draw(st.integers(0, 9)) == 0:
            body = body[: data.draw(st.integers(0, len(body)))]
        return method, path + ("?" + "&".join(query) if query else ""), body, headers

    def _followed(self, part: dict[str, Any]) -> dict[str, Any]:
        while "$ref" in part:
            found: Any = self._document
            for step in part["$ref"].removeprefix("#/").split("/"):
                found = found[step.replace("~1", "/").replace("~0", "~")]
            part = found
        return part

    @staticmethod
    def _text(value: Any) -> str:
        return value if isinstance(value, str) else json.dumps(value)

    def _value(self, schema: Any, depth: int = 0) -> st.SearchStrategy[Any]:
        """A value of a schema; one in ten is something else."""
        fitting = self._fitting(self._followed(schema) if isinstance(schema, dict) else {}, depth)
        return st.integers(0, 9).flatmap(lambda chance: HOSTILE if chance == 0 else fitting)

    def _fitting(self, schema: dict[str, Any], depth: int) -> st.SearchStrategy[Any]:
        if "const" in schema:
            return st.just(schema["const"])
        if "enum" in schema:
            return st.sampled_from(schema["enum"])
        if choices := schema.get("anyOf") or schema.get("oneOf"):
            return st.sampled_from(choices).flatmap(lambda choice: self._fitting(self._followed(choice), depth))
        kind = schema.get("type")
        if isinstance(kind, list):
            return st.sampled_from(kind).flatmap(lambda one: self._fitting({**schema, "type": one}, depth))
        if kind == "object":
            return self._object(schema, depth)
        if kind == "array":
            size = min(schema.get("minItems", 0) + 2, 4) if depth < 5 else schema.get("minItems", 0)
            return st.lists(self._value(schema.get("items", {}), depth + 1), min_size=schema.get("minItems", 0), max_size=size)
        return self._scalar(schema, kind)

    def _object(self, schema: dict[str, Any], depth: int) -> st.SearchStrategy[Any]:
        known = {name: self._value(part, depth + 1) for name, part in schema.get("properties", {}).items()}
        needed = {name: value for name, value in known.items() if name in schema.get("required", ())}
        others = {name: value for name, value in known.items() if name not in needed} if depth < 5 else {}
        return st.fixed_dictionaries(needed, optional=others)

    @staticmethod
    def _scalar(schema: dict[str, Any], kind: str | None) -> st.SearchStrategy[Any]:
        if kind == "string":
            if "pattern" in schema:
                return st.from_regex(schema["pattern"])
            return st.one_of(st.text(max_size=12), st.sampled_from(["shop-1", "milk", "fridge-1", "aisle", "2026-06-01", "2026-06"]))
        if kind == "integer":
            return st.integers(schema.get("minimum", -3), schema.get("maximum", 2**53)) | st.integers(0, 5)
        if kind == "number":
            return st.floats(allow_nan=False, allow_infinity=False) | st.floats(0.0, 10.0)
        return {"boolean": st.booleans(), "null": st.none()}.get(kind or "", HOSTILE)
