"""Writes the ESPHome file of a shelf node: who it is, and how it proves that to the shop's broker."""

from __future__ import annotations

import textwrap


def node_file(name: str, *, address: str, port: int, authority: str, certificate: str, key: str) -> str:
    """Return the file, to lie beside `shelf_node.yaml`.

    Args:
        address, port: the broker's, as the node reaches them.
        authority, certificate, key: in PEM.

    The certificate's name is not compared, because it is not the address under which a node knows the hub; only what this shop's authority
    has signed for a server passes all the same.
    """
    papers = [("certificate_authority", authority), ("client_certificate", certificate), ("client_certificate_key", key)]
    lines = [f"  {field}: |\n{textwrap.indent(pem.strip(), '    ')}" for field, pem in papers]
    return "\n".join(
        [
            f"# The shelf node {name}: lay it beside shelf_node.yaml, show it to nobody, then: esphome run {name}.yaml",
            "substitutions:",
            f"  node: {name}",
            "packages:",
            "  shelf_node: !include shelf_node.yaml",
            "mqtt:",
            f"  broker: {address}",
            f"  port: {port}",
            *lines,
            "  skip_cert_cn_check: true",
            "",
        ]
    )
