#!/usr/bin/env python3
"""Hostile ONNX models through mgc: exit 3, 4 or 5, one error line, no output.

    hostile.py MGC [--only WORD] [--times]

Each case is a name and a model. Some of them mean something, but far too much
of it: those may compile, in the time that the others have.
"""
import argparse
import os
import pathlib
import resource
import subprocess
import sys
import tempfile

from onnx_file import *

SECONDS = 2  # of the CPU: a busy machine's clock says nothing
CLOCK = 120  # where it hangs
HUGE = 1 << 62
X, Y = value("x"), value("y")


def one(op, inputs=("x",), outputs=("y",), initializers=(), domain="", x=X, y=Y, version=21,
        **attributes):
    """A model of one node, whose first input is x and whose result is y."""
    content = graph([node(op, inputs, outputs, domain, **attributes)], [x], [y], initializers)
    return model(content, [opset(version), opset(1, "com.microsoft")])


def ints(name, *values):
    return tensor(name, INT64, [len(values)], int64s(*values))


def scalar(name, value):
    return tensor(name, INT64, [], int64s(value))


GOOD = one("Neg")


def files():
    """What is no model at all."""
    yield "one-byte", b"\x08"
    yield "zeros", bytes(1000)
    yield "half", GOOD[:len(GOOD) // 2]
    yield "all-but-a-byte", GOOD[:-1]
    yield "byte-more", GOOD + b"\x3a"
    yield "graph-beyond-file", integer(1, 10) + b"\x3a\xff\xff\xff\x7f"
    yield "graph-of-4-gib", integer(1, 10) + b"\x3a\xff\xff\xff\xff\x0f"
    yield "length-beyond-64-bits", integer(1, 10) + b"\x3a" + b"\xff" * 11
    yield "field-0", integer(1, 10) + b"\x02\x00"
    yield "group", integer(1, 10) + b"\x3b\x3c"
    yield "graph-is-a-number", integer(1, 10) + integer(7, 1)
    yield "no-graph", integer(1, 10) + data(8, opset(21))
    yield "empty-graph", model(b"")
    yield "protobuf-text", b'ir_version: 8\ngraph {\n  node { op_type: "Neg" }\n}\n'
    yield "json", b'{"irVersion": "8", "graph": {}}'
    yield "node-is-a-number", model(Graph(integer(1, 1)))
    yield "dims-cut", model(graph([], [], [Y], [data(1, b"\xff")]))
    yield "name-is-not-utf-8", one("Neg", outputs=[b"\xff\xfe"])
    yield "name-with-nul", one("Neg", outputs=["y\0z", "y"])
    yield "operator-is-not-utf-8", one(b"\xc0\x80")
    yield "nested-65", nested(65)
    yield "nested-100000", nested(100_000)
    yield "types-nested-100000", model(
        graph([node("Neg", ["x"], ["y"])], [data(1, "x") + data(2, nested_type(100_000))], [Y]))


def nested(count):
    # From the inside: each level is the bytes around the one before.
    parts, length = [graph([node("Neg", ["x"], ["y"])], [], [Y])], None
    length = len(parts[0])
    for _ in range(count):
        # The attribute of an If in a graph, without copying what is inside.
        attribute_head = data(1, "then_branch") + varint(6 << 3 | 2) + varint(length)
        length += len(attribute_head)
        node_head = data(1, "c") + data(2, "y") + data(4, "If") + varint(5 << 3 | 2) + varint(length)
        length += len(node_head)
        graph_head = varint(1 << 3 | 2) + varint(length)
        length += len(graph_head)
        parts += [attribute_head, node_head, graph_head]
    return model(b"".join(reversed(parts)))


def nested_type(count):
    lengths, parts = 0, []
    for _ in range(count):
        head = varint(1 << 3 | 2) + varint(lengths)
        lengths += len(head)
        head += b""
        parts.append(head)
        outer = varint(4 << 3 | 2) + varint(lengths)
        lengths += len(outer)
        parts.append(outer)
    return b"".join(reversed(parts))


def versions():
    content = graph([node("Neg", ["x"], ["y"])], [X], [Y])
    yield "no-opset", model(content, [])
    for version in (0, -1, 10**9, (1 << 63) - 1, 99):
        yield f"opset-{version}", model(content, [opset(version)])
    yield "operator-of-opset-6", model(graph([node("Add", ["x", "x"], ["y"])], [X], [Y]), [opset(6)])
    yield "opset-of-another-domain", model(content, [opset(1, "com.microsoft")])
    yield "domain-not-imported", one("Neg", domain="nobody.knows")
    yield "unknown-operator", one("Frobnicate")
    yield "operator-too-new", one("Gelu", version=13)
    yield "node-without-operator", one("")
    yield "ml-domain", one("LabelEncoder", domain="ai.onnx.ml")


def structure():
    def nodes(*nodes, inputs=(X,), outputs=(Y,), initializers=()):
        return model(graph(nodes, inputs, outputs, initializers))

    neg = node("Neg", ["x"], ["y"])
    yield "cycle", nodes(node("Neg", ["b"], ["a"]), node("Neg", ["a"], ["b"]),
                         node("Neg", ["a"], ["y"]))
    yield "own-result", nodes(node("Add", ["x", "y"], ["y"]))
    yield "out-of-order", nodes(node("Neg", ["a"], ["y"]), node("Neg", ["x"], ["a"]))
    yield "undefined-operand", nodes(node("Neg", ["nothing"], ["y"]))
    yield "undefined-output", nodes(neg, outputs=[value("z")])
    yield "result-twice", nodes(neg, neg)
    yield "result-twice-in-one-node", nodes(node("Split", ["x"], ["y", "y"], num_outputs=2))
    yield "result-is-an-input", nodes(node("Neg", ["x"], ["x"]), neg)
    yield "result-is-an-initializer", nodes(
        node("Neg", ["x"], ["w"]), neg, initializers=[tensor("w", FLOAT, [1], floats(1))])
    yield "input-twice", nodes(neg, inputs=[X, X])
    yield "initializer-twice", nodes(
        neg, initializers=[tensor("w", FLOAT, [1], floats(1))] * 2)
    yield "output-twice", nodes(neg, outputs=[Y, Y])
    yield "no-outputs", nodes(neg, outputs=[])
    yield "no-operands", nodes(node("Neg", [], ["y"]))
    yield "operand-left-out", nodes(node("Neg", [""], ["y"]))
    yield "too-many-results", nodes(node("Neg", ["x"], ["y"] + [f"y{i}" for i in range(1000)]))
    yield "attribute-twice", nodes(
        node("Softmax", ["x"], ["y"]) + data(5, attribute("axis", 0)) + data(5, attribute("axis", 99)))
    yield "attribute-refers-to-nothing", nodes(
        node("Softmax", ["x"], ["y"]) + data(5, data(1, "axis") + data(21, "missing") + integer(20, 2)))
    yield "output-of-other-type", nodes(neg, outputs=[value("y", INT64)])
    for name, text in (("newlines", "a\nerror: b\nerror: c"), ("escapes", "\x1b[2J\x07\r"),
                       ("quotes", "'\"\\%s{}"), ("long", "a" * 1_000_000)):
        yield f"names-with-{name}", nodes(
            node("Neg", [text], [text + "y"], name=text), inputs=[value(text + "x")],
            outputs=[value(text + "z")])
        yield f"operator-with-{name}", nodes(node(text, ["x"], ["y"]))


def types():
    def typed(kind, content=b""):
        """An input of a type that is no tensor."""
        return model(graph([node("Neg", ["x"], ["y"])], [data(1, "x") + data(2, data(kind, content))],
                           [Y]))

    def shaped(dims, kind=FLOAT):
        return one("Neg", x=value("x", kind, dims), y=value("y", kind, dims))

    yield "input-without-type", model(graph([node("Neg", ["x"], ["y"])], [data(1, "x")], [Y]))
    for name, kind in (("sequence", 4), ("map", 5), ("opaque", 7), ("sparse", 8), ("optional", 9)):
        yield f"input-is-{name}", typed(kind)
    for kind in (0, STRING, COMPLEX64, FLOAT8, 99, -1):
        yield f"element-type-{kind}", shaped([2, 2], kind)
    yield "any-rank", shaped(None)
    yield "open-dimension", shaped(["n", 2])
    yield "nameless-dimension", shaped(["", 2])
    for size in (-1, -5, -(1 << 63)):
        yield f"dimension{size}", shaped([size, 2])
    for name, dims in (("2^62x2^62", [HUGE, HUGE]), ("2^63-1", [(1 << 63) - 1]), ("2^62", [HUGE]),
                       ("0x2^62x2^62", [0, HUGE, HUGE])):
        yield f"dimensions-{name}", shaped(dims)
    for rank in (17, 65, 100_000):
        yield f"rank-{rank}", shaped([1] * rank)


def initializers():
    def weight(message, y=Y):
        return model(graph([node("Add", ["x", "w"], ["y"])], [X], [y], [message]))

    four = floats(1, 2, 3, 4)
    yield "weight-too-short", weight(tensor("w", FLOAT, [2, 2], four[:-1]))
    yield "weight-too-long", weight(tensor("w", FLOAT, [2, 2], four + b"x"))
    yield "weight-without-elements", weight(tensor("w", FLOAT, [2, 2]))
    yield "weight-overflows", weight(tensor("w", FLOAT, [HUGE, HUGE], four))
    yield "weight-overflows-with-0", weight(tensor("w", FLOAT, [0, HUGE, HUGE], b""))
    yield "weight-of-2^62-bytes", weight(tensor("w", UINT8, [HUGE], four))
    yield "weight-of-negative-size", weight(tensor("w", FLOAT, [-2, -2], four))
    yield "weight-rank-65", weight(tensor("w", FLOAT, [1] * 65, floats(1)))
    yield "weight-does-not-broadcast", weight(tensor("w", FLOAT, [3], floats(1, 2, 3)))
    yield "weight-of-other-type", weight(tensor("w", INT32, [2, 2], four))
    for kind in (0, STRING, COMPLEX64, FLOAT8, 99):
        yield f"weight-of-type-{kind}", weight(tensor("w", kind, [2, 2], four))
    yield "weight-without-name", weight(tensor("", FLOAT, [2, 2], four))
    yield "weight-in-two-fields", weight(tensor("w", FLOAT, [2, 2], four) + data(4, four))
    yield "weight-in-another-field", weight(tensor("w", FLOAT, [2, 2]) + data(7, bytes(4)))
    yield "weight-in-segments", weight(tensor("w", FLOAT, [2, 2], four) + data(3, b""))
    yield "bool-of-2", model(graph([node("Where", ["w", "x", "x"], ["y"])], [X], [Y],
                                   [tensor("w", BOOL, [2, 2], b"\0\1\2\3")]))
    yield "sparse-initializer", model(
        Graph(graph([node("Neg", ["x"], ["y"])], [X], [Y]) + data(15, b"")))


def external(folder):
    """Weights in other files; `folder` is the model's."""
    (folder / "w.bin").write_bytes(floats(1, 2, 3, 4))
    (folder / "linked.bin").write_bytes(floats(1, 2, 3, 4))
    (folder / "folder").mkdir()
    os.link(folder / "linked.bin", folder / "hard.bin")
    os.symlink("w.bin", folder / "soft.bin")
    os.symlink("/etc", folder / "etc")
    os.mkfifo(folder / "pipe")

    def at(location=None, **entries):
        if location is not None:
            entries["location"] = location
        return model(graph([node("Add", ["x", "w"], ["y"])], [X], [Y],
                           [tensor("w", FLOAT, [2, 2], external=entries)]))

    for location in ("../w.bin", "folder/../w.bin", "..", "/etc/passwd", "etc/passwd", "soft.bin",
                     "hard.bin", "folder", "folder/", "pipe", "missing.bin", "", "/dev/zero",
                     "/proc/self/mem", "w.bin/x", "C:\\w.bin", "..\\w.bin", "a" * 100_000,
                     "./" * 100_000 + "w.bin", "*/_ORT_MEM_ADDR_/*"):
        if not location.endswith("/w.bin") or ".." in location:
            yield "external-" + location[:20].replace("/", "|"), at(location)
    yield "external-nul", at("w.bin\0")
    yield "external-without-location", at(offset=0)
    for name, entries in (("offset-beyond", {"offset": 17}), ("offset-2^64-1", {"offset": (1 << 64) - 1}),
                          ("offset-2^64", {"offset": 1 << 64}), ("offset-negative", {"offset": -1}),
                          ("offset-words", {"offset": "four"}), ("length-beyond", {"length": 17}),
                          ("length-short", {"length": 15}), ("length-2^64-1", {"offset": 4, "length": (1 << 64) - 1}),
                          ("length-negative", {"length": -16}), ("rest-too-short", {"offset": 4})):
        yield f"external-{name}", at("w.bin", **entries)


def functions():
    def calling(name, *functions):
        return model(graph([node(name, ["x"], ["y"], "own")], [X], [Y]), functions=functions)

    yield "function-of-itself", calling(
        "F", function("F", ["a"], ["b"], [node("F", ["a"], ["b"], "own")]))
    yield "functions-of-each-other", calling(
        "F", function("F", ["a"], ["b"], [node("G", ["a"], ["b"], "own")]),
        function("G", ["a"], ["b"], [node("F", ["a"], ["b"], "own")]))
    yield "function-twice", calling(
        "F", *[function("F", ["a"], ["b"], [node("Neg", ["a"], ["b"])])] * 2)
    yield "function-without-result", calling(
        "F", function("F", ["a"], ["b"], [node("Neg", ["a"], ["c"])]))
    yield "function-with-fewer-results", model(
        graph([node("F", ["x"], ["z", "y"], "own")], [X], [Y]),
        functions=[function("F", ["a"], ["b"], [node("Neg", ["a"], ["b"])])])
    yield "function-with-fewer-operands", model(
        graph([node("F", ["x", "x", "x"], ["y"], "own")], [X], [Y]),
        functions=[function("F", ["a"], ["b"], [node("Neg", ["a"], ["b"])])])
    yield "function-sees-around", calling(
        "F", function("F", ["a"], ["b"], [node("Neg", ["x"], ["b"])]))
    yield "function-of-opset-99", calling(
        "F", function("F", ["a"], ["b"], [node("Neg", ["a"], ["b"])], opsets=[opset(99)]))
    for count in (1000, 100_000):
        chain = [function(f"F{i}", ["a"], ["b"], [node(f"F{i + 1}", ["a"], ["b"], "own")])
                 for i in range(count)]
        last = function(f"F{count}", ["a"], ["b"], [node("Neg", ["a"], ["b"])])
        yield f"functions-{count}-deep", calling("F0", *chain, last)
    double = [function(f"F{i}", ["a"], ["b"], [node(f"F{i + 1}", ["a"], ["c"], "own"),
                                               node(f"F{i + 1}", ["c"], ["b"], "own")])
              for i in range(40)]
    yield "functions-2^40-calls", calling(
        "F0", *double, function("F40", ["a"], ["b"], [node("Neg", ["a"], ["b"])]))


def attributes():
    """Attributes and operands that break their operator's rule."""
    image = value("x", FLOAT, [1, 4, 8, 8])
    w = tensor("w", FLOAT, [4, 4, 3, 3], floats(*[1] * 144))
    row = value("x", FLOAT, [4])
    seq = value("x", FLOAT, [3, 1, 2])

    def on_image(op, *more, **attributes):
        return one(op, ["x", *more], x=image, initializers=[w], **attributes)

    def rnn(op, gates, **attributes):
        weights = [tensor(name, FLOAT, [1, gates * 2, 2], floats(*[1] * gates * 4)) for name in "wr"]
        return one(op, ["x", "w", "r"], x=seq, initializers=weights, **attributes)

    yield "softmax-axis-text", one("Softmax", axis="last")
    yield "softmax-axis-float", one("Softmax", axis=1.0)
    yield "softmax-axis-99", one("Softmax", axis=99)
    yield "softmax-axis-2^62", one("Softmax", axis=HUGE)
    yield "gemm-alpha-int", one("Gemm", ["x", "x"], alpha=1)
    yield "cast-to-nothing", one("Cast")
    yield "cast-to-99", one("Cast", to=99)
    yield "cast-to-string", one("Cast", to=STRING)
    yield "cast-to-text", one("Cast", to="float")
    yield "transpose-twice-0", one("Transpose", perm=[0, 0])
    yield "transpose-short", one("Transpose", perm=[0])
    yield "transpose-99", one("Transpose", perm=[0, 99])
    yield "transpose-floats", one("Transpose", perm=[0.0, 1.0])
    yield "concat-without-axis", one("Concat", ["x", "x"])
    yield "concat-of-nothing", one("Concat", [], axis=0)
    yield "concat-mismatch", one("Concat", ["x", "w"], axis=0,
                                 initializers=[tensor("w", FLOAT, [3, 3], floats(*[1] * 9))])
    yield "constant-without-value", one("Constant", [])
    yield "constant-of-text", one("Constant", [], value_string="text")
    yield "constant-too-short", one("Constant", [], value=constant(FLOAT, [2, 2], b"abc"))
    yield "conv-mismatch", one("Conv", ["x", "w"], x=value("x", FLOAT, [1, 3, 8, 8]), initializers=[w])
    yield "conv-group-0", on_image("Conv", "w", group=0)
    yield "conv-group-negative", on_image("Conv", "w", group=-1)
    yield "conv-group-3", on_image("Conv", "w", group=3)
    yield "conv-strides-0", on_image("Conv", "w", strides=[0, 0])
    yield "conv-strides-negative", on_image("Conv", "w", strides=[-1, -1])
    yield "conv-strides-short", on_image("Conv", "w", strides=[1])
    yield "conv-dilations-0", on_image("Conv", "w", dilations=[0, 0])
    yield "conv-dilations-huge", on_image("Conv", "w", dilations=[HUGE, HUGE])
    yield "conv-pads-short", on_image("Conv", "w", pads=[1])
    yield "conv-pads-huge", on_image("Conv", "w", pads=[HUGE] * 4)
    yield "conv-pads-negative", on_image("Conv", "w", pads=[-HUGE] * 4)
    yield "conv-other-kernel", on_image("Conv", "w", kernel_shape=[5, 5])
    yield "conv-auto-pad", on_image("Conv", "w", auto_pad="SOMEHOW")
    yield "conv-text-kernel", on_image("Conv", "w", kernel_shape="3x3")
    yield "conv-rank-2", one("Conv", ["x", "x"])
    yield "conv-without-weight", on_image("Conv")
    yield "transposed-conv-huge", on_image("ConvTranspose", "w", strides=[HUGE, HUGE])
    yield "pool-kernel-missing", on_image("MaxPool")
    yield "pool-kernel-0", on_image("MaxPool", kernel_shape=[0, 0])
    yield "pool-kernel-huge", on_image("MaxPool", kernel_shape=[HUGE, HUGE])
    yield "pool-kernel-beyond", on_image("AveragePool", kernel_shape=[9, 9])
    yield "pool-strides-0", on_image("AveragePool", kernel_shape=[2, 2], strides=[0, 0])
    yield "lp-pool-p-0", on_image("LpPool", kernel_shape=[2, 2], p=0)
    yield "batch-norm-short", on_image("BatchNormalization", "w", "w", "w", "w")
    yield "instance-norm-short", on_image("InstanceNormalization", "w", "w")
    yield "layer-norm-axis-99", one("LayerNormalization", ["x", "x"], axis=99)
    yield "group-norm-0", on_image("GroupNormalization", "w", "w", num_groups=0)
    yield "group-norm-3", on_image("GroupNormalization", "w", "w", num_groups=3)
    yield "lrn-0", on_image("LRN", size=0)
    yield "lrn-negative", on_image("LRN", size=-3)
    yield "depth-to-space-0", on_image("DepthToSpace", blocksize=0)
    yield "depth-to-space-3", on_image("DepthToSpace", blocksize=3)
    yield "space-to-depth-huge", on_image("SpaceToDepth", blocksize=HUGE)
    yield "reshape-huge", one("Reshape", ["x", "s"], initializers=[ints("s", HUGE, HUGE)])
    yield "reshape-two-open", one("Reshape", ["x", "s"], initializers=[ints("s", -1, -1)])
    yield "reshape-negative", one("Reshape", ["x", "s"], initializers=[ints("s", -2, -2)])
    yield "reshape-other-size", one("Reshape", ["x", "s"], initializers=[ints("s", 5)])
    yield "reshape-by-floats", one("Reshape", ["x", "x"])
    yield "reshape-rank-65", one("Reshape", ["x", "s"], initializers=[ints("s", 4, *[1] * 64)])
    yield "expand-negative", one("Expand", ["x", "s"], initializers=[ints("s", -1, 2)])
    yield "expand-mismatch", one("Expand", ["x", "s"], initializers=[ints("s", 3, 3)])
    yield "expand-overflow", one("Expand", ["x", "s"], initializers=[ints("s", HUGE, HUGE, 2, 2)])
    yield "tile-negative", one("Tile", ["x", "s"], initializers=[ints("s", -1, 1)])
    yield "tile-overflow", one("Tile", ["x", "s"], initializers=[ints("s", HUGE, HUGE)])
    yield "tile-short", one("Tile", ["x", "s"], initializers=[ints("s", 1)])
    yield "pad-short", one("Pad", ["x", "s"], initializers=[ints("s", 1)])
    yield "pad-overflow", one("Pad", ["x", "s"], initializers=[ints("s", HUGE, HUGE, HUGE, HUGE)])
    yield "pad-negative", one("Pad", ["x", "s"], initializers=[ints("s", -5, 0, 0, 0)])
    yield "pad-mode", one("Pad", ["x", "s"], initializers=[ints("s", 1, 0, 0, 0)], mode="sideways")
    yield "slice-step-0", one("Slice", ["x", "a", "b", "c", "a"],
                              initializers=[ints("a", 0), ints("b", 2), ints("c", 0)])
    yield "slice-axis-99", one("Slice", ["x", "a", "a", "b"], initializers=[ints("a", 0), ints("b", 99)])
    yield "slice-lengths", one("Slice", ["x", "a", "b"], initializers=[ints("a", 0), ints("b", 1, 1)])
    yield "gather-axis-99", one("Gather", ["x", "i"], axis=99, initializers=[ints("i", 0)])
    yield "gather-by-floats", one("Gather", ["x", "x"])
    yield "gather-nd-batch-99", one("GatherND", ["x", "i"], batch_dims=99, initializers=[ints("i", 0)])
    yield "gather-nd-too-long", one("GatherND", ["x", "i"], initializers=[ints("i", 0, 0, 0)])
    yield "gather-elements-rank", one("GatherElements", ["x", "i"], initializers=[ints("i", 0)])
    yield "scatter-reduction", one("ScatterElements", ["x", "i", "x"], reduction="most",
                                   initializers=[tensor("i", INT64, [2, 2], int64s(0, 0, 0, 0))])
    yield "scatter-nd-shape", one("ScatterND", ["x", "i", "x"], initializers=[ints("i", 0)])
    yield "squeeze-2", one("Squeeze", ["x", "a"], initializers=[ints("a", 0)])
    yield "unsqueeze-twice", one("Unsqueeze", ["x", "a"], initializers=[ints("a", 0, 0)])
    yield "unsqueeze-99", one("Unsqueeze", ["x", "a"], initializers=[ints("a", 99)])
    yield "flatten-99", one("Flatten", axis=99)
    yield "split-other-sum", one("Split", ["x", "s"], ["y", "z"], initializers=[ints("s", 1, 5)])
    yield "split-negative", one("Split", ["x", "s"], ["y", "z"], initializers=[ints("s", -1, 3)])
    yield "split-0", one("Split", ["x"], ["y"], num_outputs=0)
    yield "split-other-number", one("Split", ["x"], ["y", "z"], num_outputs=3)
    yield "reduce-axis-99", one("ReduceSum", ["x", "a"], initializers=[ints("a", 99)])
    yield "reduce-axis-twice", one("ReduceSum", ["x", "a"], initializers=[ints("a", 0, 0)])
    yield "arg-max-axis-99", one("ArgMax", axis=99)
    yield "top-k-too-many", one("TopK", ["x", "k"], ["y", "i"], initializers=[ints("k", 5)])
    yield "top-k-negative", one("TopK", ["x", "k"], ["y", "i"], initializers=[ints("k", -1)])
    yield "cum-sum-axis-99", one("CumSum", ["x", "a"], initializers=[scalar("a", 99)])
    yield "matmul-mismatch", one("MatMul", ["x", "w"], initializers=[tensor("w", FLOAT, [3, 3], floats(*[1] * 9))])
    yield "matmul-scalar", one("MatMul", ["x", "w"], initializers=[tensor("w", FLOAT, [], floats(1))])
    yield "gemm-rank-1", one("Gemm", ["x", "x"], x=row)
    for equation in ("", "ij,jk,kl->il", "ij->ijk", "i?->i", "ijk->i", "->", "ij->ii", "ij->i->j"):
        yield f"einsum-{equation.replace('>', '')}", one("Einsum", ["x"], equation=equation)
    yield "einsum-without-equation", one("Einsum", ["x"])
    yield "range-step-0", one("Range", ["a", "b", "c"], initializers=[scalar("a", 0), scalar("b", 9), scalar("c", 0)])
    yield "range-overflow", one("Range", ["a", "b", "c"], initializers=[
        scalar("a", -(1 << 63)), scalar("b", (1 << 63) - 1), scalar("c", 1)])
    yield "range-of-floats", one("Range", ["a", "b", "b"], initializers=[
        tensor("a", FLOAT, [], floats(0)), tensor("b", FLOAT, [], floats(float("nan")))])
    yield "one-hot-negative", one("OneHot", ["x", "d", "v"], initializers=[
        scalar("d", -1), tensor("v", FLOAT, [2], floats(0, 1))])
    yield "one-hot-overflow", one("OneHot", ["x", "d", "v"], initializers=[
        scalar("d", HUGE), tensor("v", FLOAT, [2], floats(0, 1))])
    yield "shape-constant-negative", one("ConstantOfShape", ["s"], initializers=[ints("s", -1)])
    yield "shape-constant-overflow", one("ConstantOfShape", ["s"], initializers=[ints("s", HUGE, HUGE)])
    yield "shape-constant-of-two", one("ConstantOfShape", ["s"], initializers=[ints("s", 2)],
                                       value=constant(FLOAT, [2], floats(1, 2)))
    yield "eye-like-rank-1", one("EyeLike", x=row)
    yield "resize-without-sizes", on_image("Resize")
    for scale in (0.0, -1.0, float("nan"), float("inf"), 1e30):
        yield f"resize-scale-{scale}", one("Resize", ["x", "", "s"], x=image, initializers=[
            tensor("s", FLOAT, [4], floats(1, 1, scale, scale))])
    yield "resize-sizes-overflow", one("Resize", ["x", "", "", "s"], x=image,
                                       initializers=[ints("s", 1, 4, HUGE, HUGE)])
    yield "resize-mode", one("Resize", ["x", "", "", "s"], x=image, mode="magic",
                             initializers=[ints("s", 1, 4, 16, 16)])
    yield "grid-sample-rank", one("GridSample", ["x", "x"])
    yield "roi-align-0", one("RoiAlign", ["x", "r", "b"], x=image, output_height=0, initializers=[
        tensor("r", FLOAT, [1, 4], floats(0, 0, 1, 1)), ints("b", 0)])
    yield "hann-negative", one("HannWindow", ["s"], initializers=[scalar("s", -1)])
    yield "hann-overflow", one("HannWindow", ["s"], initializers=[scalar("s", HUGE)])
    yield "mel-overflow", one("MelWeightMatrix", list("abcde"), initializers=[
        scalar("a", HUGE), scalar("b", HUGE), scalar("c", 8000), tensor("d", FLOAT, [], floats(0)),
        tensor("e", FLOAT, [], floats(1))])
    yield "dft-rank-1", one("DFT", x=row)
    yield "random-overflow", one("RandomNormal", [], shape=[HUGE, HUGE])
    yield "random-negative", one("RandomUniform", [], shape=[-1])
    yield "random-without-shape", one("RandomNormal", [])
    yield "multinomial-negative", one("Multinomial", sample_size=-1)
    yield "bernoulli-to-string", one("Bernoulli", dtype=STRING)
    yield "quantize-axis-99", one("QuantizeLinear", ["x", "s"], axis=99,
                                  initializers=[tensor("s", FLOAT, [2], floats(1, 1))])
    yield "quantize-scales", one("QuantizeLinear", ["x", "s"], axis=0,
                                 initializers=[tensor("s", FLOAT, [3], floats(1, 1, 1))])
    yield "quantize-block-negative", one("QuantizeLinear", ["x", "s"], block_size=-4,
                                         initializers=[tensor("s", FLOAT, [2, 1], floats(1, 1))])
    yield "dequantize-floats", one("DequantizeLinear", ["x", "x"])
    yield "matmul-integer-floats", one("MatMulInteger", ["x", "x"])
    for op, gates in (("LSTM", 4), ("GRU", 3), ("RNN", 1)):
        lower = op.lower()
        yield f"{lower}-hidden-negative", rnn(op, gates, hidden_size=-1)
        yield f"{lower}-hidden-other", rnn(op, gates, hidden_size=7)
        yield f"{lower}-hidden-text", rnn(op, gates, hidden_size="two")
        yield f"{lower}-direction", rnn(op, gates, hidden_size=2, direction="sideways")
        yield f"{lower}-activation", rnn(op, gates, hidden_size=2, activations=["Magic"] * 3)
        yield f"{lower}-without-weights", one(op, x=seq, hidden_size=2)
    yield "attention-heads-0", one("Attention", ["x", "x", "x"], x=seq, version=23, q_num_heads=0, kv_num_heads=0)
    yield "attention-heads-3", one("Attention", ["x", "x", "x"], x=seq, version=23, q_num_heads=3, kv_num_heads=3)
    yield "attention-rank-2", one("Attention", ["x", "x", "x"], version=23)
    yield "rotary-rank-2", one("RotaryEmbedding", ["x", "x", "x"], version=23)
    yield "ms-attention-heads-0", one("MultiHeadAttention", ["x", "x", "x"], x=seq, domain="com.microsoft", num_heads=0)
    yield "ms-gqa-heads-0", one("GroupQueryAttention", ["x", "x", "x"], x=seq, domain="com.microsoft",
                                num_heads=0, kv_num_heads=0)
    yield "clip-bounds-shape", one("Clip", ["x", "x"])
    yield "where-by-floats", one("Where", ["x", "x", "x"])
    yield "not-of-floats", one("Not")
    yield "and-of-floats", one("And", ["x", "x"])
    yield "bit-shift-floats", one("BitShift", ["x", "x"], direction="LEFT")
    yield "bit-shift-direction", one("BitShift", ["x", "x"], x=value("x", UINT8), direction="UP")
    yield "sum-of-nothing", one("Sum", [])
    yield "prelu-mismatch", one("PRelu", ["x", "s"], initializers=[tensor("s", FLOAT, [3], floats(1, 1, 1))])
    yield "trilu-rank-1", one("Trilu", x=row)
    yield "det-rank-1", one("Det", x=row)
    yield "det-not-square", one("Det", x=value("x", FLOAT, [2, 3]))
    yield "loss-reduction", one("SoftmaxCrossEntropyLoss", ["x", "l"], reduction="most", initializers=[ints("l", 0, 1)])
    yield "loss-labels", one("NegativeLogLikelihoodLoss", ["x", "l"], initializers=[ints("l", 0, 1, 2)])
    yield "nms-rank", one("NonMaxSuppression", ["x", "x"])
    yield "unique-axis-99", one("Unique", axis=99)
    yield "string-operator", one("StringNormalizer")
    yield "sequence-operator", one("SequenceConstruct")
    yield "image-decoder", one("ImageDecoder", x=value("x", UINT8, [9]))


def control():
    c, flag = value("c", BOOL, []), tensor("t", BOOL, [], b"\1")

    def branch(*results, inputs=()):
        return graph([node("Neg", ["x"], [r]) for r in results], inputs, [value(r) for r in results])

    def choose(outputs=("y",), inputs=("c",), c=c, **branches):
        return model(graph([node("If", inputs, outputs, **branches)], [X, c], [Y]))

    yield "if-without-branches", choose()
    yield "if-without-else", choose(then_branch=branch("a"))
    yield "if-branch-is-a-number", choose(then_branch=1, else_branch=branch("a"))
    yield "if-other-numbers", choose(then_branch=branch("a"), else_branch=branch("a", "b"))
    yield "if-fewer-results", choose(("y", "z"), then_branch=branch("a"), else_branch=branch("a"))
    yield "if-branches-with-inputs", choose(
        then_branch=branch("a", inputs=[value("i")]), else_branch=branch("a"))
    yield "if-other-types", choose(
        then_branch=branch("a"),
        else_branch=graph([node("Cast", ["x"], ["a"], to=INT64)], [], [value("a", INT64)]))
    yield "if-other-shapes", choose(
        then_branch=branch("a"),
        else_branch=graph([node("Concat", ["x", "x"], ["a"], axis=0)], [], [value("a")]))
    yield "if-by-floats", choose(c=value("c", FLOAT, []), then_branch=branch("a"), else_branch=branch("a"))
    yield "if-by-many", choose(c=value("c", BOOL, [3]), then_branch=branch("a"), else_branch=branch("a"))
    yield "if-undefined-inside", choose(
        then_branch=graph([node("Neg", ["nothing"], ["a"])], [], [value("a")]), else_branch=branch("a"))
    yield "if-result-of-other-branch", choose(
        then_branch=branch("a"), else_branch=graph([], [], [value("a")]))

    step = [value("i", INT64, []), value("k", BOOL, []), value("v")]

    def loop(body, inputs=("m", "", "x"), outputs=("y",), trips=3, initializers=()):
        return model(graph([node("Loop", inputs, outputs, body=body)], [X], [Y],
                           [scalar("m", trips), flag, *initializers]))

    def body(nodes, inputs=step, outputs=(value("k2", BOOL, []), value("w"))):
        return graph([node("Identity", ["k"], ["k2"]), *nodes], inputs, outputs)

    neg = node("Neg", ["v"], ["w"])
    yield "loop-without-body", model(graph([node("Loop", ["m", "", "x"], ["y"])], [X], [Y], [scalar("m", 3)]))
    yield "loop-body-is-a-number", loop(1)
    yield "loop-body-without-inputs", loop(body([neg], inputs=[]))
    yield "loop-body-with-fewer-inputs", loop(body([neg], inputs=step[:2]))
    yield "loop-body-with-more-inputs", loop(body([neg], inputs=[*step, value("u")]))
    yield "loop-body-without-outputs", loop(body([neg], outputs=[]))
    yield "loop-body-with-fewer-outputs", loop(body([neg], outputs=[value("k2", BOOL, [])]))
    yield "loop-more-results", loop(body([neg]), outputs=["y", "z", "u"])
    yield "loop-state-changes-type", loop(body([node("Cast", ["v"], ["w"], to=INT64)]))
    yield "loop-condition-is-no-bool", loop(graph(
        [neg, node("Neg", ["v"], ["k2"])], step, [value("k2"), value("w")]))
    yield "loop-trips-of-text", model(graph([node("Loop", ["x", "", "x"], ["y"], body=body([neg]))], [X], [Y]))
    yield "scan-without-body", one("Scan", num_scan_inputs=1)
    yield "scan-0-inputs", one("Scan", num_scan_inputs=0, body=branch("a"))
    yield "scan-99-inputs", one("Scan", num_scan_inputs=99, body=branch("a"))
    yield "scan-negative-inputs", one("Scan", num_scan_inputs=-1, body=branch("a"))
    yield "scan-axis-99", one("Scan", num_scan_inputs=1, scan_input_axes=[99], body=graph(
        [node("Neg", ["r"], ["a"])], [value("r", FLOAT, [2])], [value("a", FLOAT, [2])]))
    yield "scan-without-results", one("Scan", num_scan_inputs=1, body=graph(
        [], [value("r", FLOAT, [2])], []))


def giants():
    """What means something, but too much; what may be ignored."""
    yield "too-many-operands", one("Neg", ["x"] * 1000)
    yield "output-of-other-shape", one("Neg", y=value("y", FLOAT, [3, 3]))
    yield "pad-reflect-beyond", one("Pad", ["x", "s"], initializers=[ints("s", 9, 0, 0, 0)],
                                    mode="reflect")
    trips = graph([node("Identity", ["k"], ["k2"]), node("Neg", ["v"], ["w"])],
                  [value("i", INT64, []), value("k", BOOL, []), value("v")],
                  [value("k2", BOOL, []), value("w")])
    for count in (10**6, HUGE):
        yield f"loop-of-{count}", model(graph(
            [node("Loop", ["m", "", "x"], ["y"], body=trips)], [X], [Y], [scalar("m", count)]))
        # All of it is known at import.
        yield f"loop-of-constants-{count}", model(graph(
            [node("Loop", ["m", "", "w"], ["y"], body=trips)], [X], [Y],
            [scalar("m", count), tensor("w", FLOAT, [2, 2], floats(1, 2, 3, 4))]))
    for size in (1 << 30, 1 << 40):
        yield f"shape-constant-{size}", one("ConstantOfShape", ["s"], initializers=[ints("s", size)])
        yield f"range-{size}", one("Range", ["a", "b", "c"], initializers=[
            scalar("a", 0), scalar("b", size), scalar("c", 1)])
        yield f"expand-{size}", one("Expand", ["x", "s"], initializers=[ints("s", size, 2, 2)])
        yield f"tile-{size}", one("Tile", ["x", "s"], initializers=[ints("s", size, 1)])
        yield f"pad-{size}", one("Pad", ["x", "s"], initializers=[ints("s", size, 0, 0, 0)])
        yield f"one-hot-{size}", one("OneHot", ["i", "d", "v"], initializers=[
            ints("i", 1), scalar("d", size), tensor("v", FLOAT, [2], floats(0, 1))])
        yield f"hann-{size}", one("HannWindow", ["s"], initializers=[scalar("s", size)])
        yield f"random-{size}", one("RandomNormal", [], shape=[size])
        yield f"split-{size}", one("Split", ["x"], ["y"], num_outputs=size)
        yield f"resize-{size}", one("Resize", ["x", "", "", "s"], initializers=[ints("s", size, 2)])
        yield f"upsample-{size}", one("Resize", ["x", "", "s"], initializers=[
            tensor("s", FLOAT, [2], floats(size, 1))])
    doubling = [node("Concat", [f"d{i}", f"d{i}"], [f"d{i + 1}"], axis=0) for i in range(61)]
    yield "doubling-constants", model(graph(
        [*doubling, node("ReduceSum", ["d61"], ["y"])], [X], [Y], [tensor("d0", FLOAT, [1], floats(1))]))
    yield "doubling", model(graph(
        [node("Identity", ["x"], ["d0"]), *doubling, node("ReduceSum", ["d61"], ["y"])], [X], [Y]))
    yield "splits", model(graph([node("Split", ["x"], [f"s{i}" for i in range(10_000)], num_outputs=10_000)],
                                [value("x", FLOAT, [10_000])], [value("s7", FLOAT, [1])]))
    yield "operands", model(graph([node("Sum", ["x"] * 1_000, ["y"])], [X], [Y]))
    yield "attributes", model(graph([node("Neg", ["x"], ["y"]) + each(5, (
        attribute(f"a{i}", i) for i in range(100_000)))], [X], [Y]))
    yield "unused-initializers", model(graph([node("Neg", ["x"], ["y"])], [X], [Y], (
        tensor(f"w{i}", FLOAT, [1], floats(i)) for i in range(100_000))))
    yield "antialiasing", one("Resize", ["x", "", "", "s"], antialias=1, x=value("x", FLOAT, [1 << 22]),
                              y=value("y", FLOAT, None), initializers=[ints("s", 1 << 21)])
    yield "inputs", model(graph([node("Neg", ["x"], ["y"])],
                                [X, *(value(f"x{i}") for i in range(100_000))], [Y]))
    yield "100000-nodes", model(graph(
        [node("Neg", [f"n{i}"], [f"n{i + 1}"]) for i in range(100_000)], [value("n0")],
        [value("n100000")]))
    yield "dead-nodes", model(graph([*(node("Neg", ["x"], [f"d{i}"]) for i in range(20_000)),
                                     node("Neg", ["x"], ["y"])], [X], [Y]))


def cpu_of_children():
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


class Suite:
    def __init__(self, mgc, folder, only):
        self.mgc, self.folder, self.only = mgc, folder, only
        self.count, self.failures, self.times = 0, [], []

    def check(self, name, content, may_pass=False):
        if self.only not in name:
            return
        bad = self.folder / "bad.onnx"
        bad.write_bytes(content)
        before = set(self.folder.iterdir())
        self.count += 1
        before_cpu = cpu_of_children()
        try:
            done = subprocess.run([self.mgc, "compile", bad, "-o", self.folder / "out.o"],
                                  capture_output=True, timeout=CLOCK, cwd=self.folder)
        except subprocess.TimeoutExpired:
            self.failures.append(f"{name}: took more than {CLOCK} s")
            return
        seconds = cpu_of_children() - before_cpu
        self.times.append((seconds, name))
        after = set(self.folder.iterdir())
        for file in after - before:
            file.unlink()
        problems = [f"{seconds:.1f} s of CPU"] if seconds > SECONDS else []
        text = done.stderr.decode(errors="replace")
        if may_pass and done.returncode == 0:
            if problems:
                self.failures.append(f"{name}: {problems[0]}")
            return
        if done.returncode not in (3, 4, 5):
            problems.append(f"exit {done.returncode}")
        errors = [line for line in text.splitlines() if "error:" in line]
        if len(errors) != 1 or len(text.splitlines()) > 3:
            problems.append("not one error line")
        if len(text) > 2000:
            problems.append(f"{len(text)} characters")
        if not text.isascii() or any(c < " " and c != "\n" for c in text):
            problems.append("unprintable")
        if after - before:
            problems.append(f"left {[f.name for f in after - before]}")
        if problems:
            self.failures.append(f"{name}: {', '.join(problems)}\n    {text[:300]!r}")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("mgc")
    parser.add_argument("--only", default="", help="cases whose names hold this")
    parser.add_argument("--times", action="store_true", help="print the slowest")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        suite = Suite(str(pathlib.Path(options.mgc).resolve()), folder, options.only)
        # What is not broken must pass, else every test here would.
        (folder / "good.onnx").write_bytes(GOOD)
        done = subprocess.run([suite.mgc, "compile", folder / "good.onnx", "-o", folder / "good.o"],
                              capture_output=True)
        if done.returncode != 0:
            sys.exit(f"a good model fails: {done.stderr.decode()}")
        for cases in (files(), versions(), structure(), types(), initializers(), external(folder),
                      functions(), attributes(), control()):
            for case in cases:
                suite.check(*case)
        for case in giants():
            suite.check(*case, may_pass=True)
        if options.times:
            for seconds, name in sorted(suite.times, reverse=True)[:20]:
                print(f"{seconds:6.2f} s  {name}")
        for failure in suite.failures:
            print(failure)
        print(f"{suite.count} models, {len(suite.failures)} failures")
        sys.exit(1 if suite.failures else 0)


if __name__ == "__main__":
    main()
