#!/usr/bin/env python3
"""Writes digits.onnx, the network of examples/digits as a framework would export it: needs the packages onnx and numpy.

    export.py DIGITS_DATA OUT.onnx
"""
import json
import struct
import sys

import numpy
import onnx
from onnx import helper, numpy_helper

data, out = sys.argv[1:]
with open(f"{data}/mlp.safetensors", "rb") as file:
    size, = struct.unpack("<Q", file.read(8))
    header, body = json.loads(file.read(size)), file.read()
arrays = {name: numpy.frombuffer(body[slice(*entry["data_offsets"])], numpy.float32).reshape(entry["shape"])
          for name, entry in header.items() if name != "__metadata__"}
nodes = [helper.make_node("Gemm", ["image", "fc1.weight", "fc1.bias"], ["hidden"], name="fc1"),
         helper.make_node("Relu", ["hidden"], ["active"], name="relu"),
         helper.make_node("Gemm", ["active", "fc2.weight", "fc2.bias"], ["logits"], name="fc2")]
graph = helper.make_graph(
    nodes, "digits",
    [helper.make_tensor_value_info("image", onnx.TensorProto.FLOAT, ["batch", 64])],
    [helper.make_tensor_value_info("logits", onnx.TensorProto.FLOAT, ["batch", 10])],
    [numpy_helper.from_array(array, name) for name, array in arrays.items()])
model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
onnx.checker.check_model(model)
onnx.save(model, out)
