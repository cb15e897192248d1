"""generate_option_tests.py FOLDER [COUNT [SEED]]: tests of operators' options and old versions that ONNX's own lack, in ONNX's
layout (`node-tests FOLDER`). COUNT rounds draw shapes and attributes; onnxruntime answers, or onnx's reference where it cannot.
"""
import pathlib
import sys
from collections import Counter

import numpy as np
import onnx
import onnxruntime
from onnx import helper, numpy_helper
from onnx.reference import ReferenceEvaluator

F32 = np.float32


class Draw:
    """Random shapes, elements and choices."""

    def __init__(self, seed):
        self.random = np.random.default_rng(seed)

    def int(self, low, high):
        return int(self.random.integers(low, high + 1))

    def ints(self, count, low, high):
        return [self.int(low, high) for _ in range(count)]

    def one(self, *choices):
        return choices[self.int(0, len(choices) - 1)]

    def coin(self):
        return self.int(0, 1) == 1

    def floats(self, *shape):
        return self.random.standard_normal(shape).astype(F32)

    def positive(self, *shape):
        return self.random.random(shape).astype(F32) + F32(0.1)

    def labels(self, classes, *shape):
        return self.random.integers(0, classes, shape)

    def windows(self, kernel, dilated=True, most=None):
        """strides, dilations and padding of a kernel. SAME only with strides that no kernel is smaller than: there the judges do
        not agree whether padding may be negative."""
        n, attributes = len(kernel), {}
        if self.coin():
            attributes["strides"] = self.ints(n, 1, 3)
        mode = self.one("NOTSET", "NOTSET", "VALID", "SAME_UPPER", "SAME_LOWER")
        if mode.startswith("SAME"):
            attributes["strides"] = [self.int(1, k) for k in kernel]
        elif dilated and self.coin():
            attributes["dilations"] = self.ints(n, 1, 2)
        if mode != "NOTSET":
            attributes["auto_pad"] = mode
        elif self.coin():
            attributes["pads"] = [self.int(0, k - 1 if most is None else most) for k in kernel * 2]
        return attributes


class Suite:
    """Tests as they are added."""

    def __init__(self, folder):
        self.folder, self.by = folder, Counter()

    def add(self, op, version, operands, results=1, known=(), judges=("onnxruntime", "reference"), **attributes):
        """A test of one node; operands that are None are left out, those in `known` are initializers."""
        names = ["" if x is None else f"x{i}" for i, x in enumerate(operands)]
        given = {f"x{i}": np.asarray(x) for i, x in enumerate(operands) if x is not None}
        inputs = {name: x for name, x in given.items() if int(name[1:]) not in known}
        attributes = {name: value for name, value in attributes.items() if value is not None}
        node = helper.make_node(op, names, [f"y{i}" for i in range(results)], **attributes)
        graph = helper.make_graph(
            [node], "g", [self.info(name, x) for name, x in inputs.items()],
            [helper.make_empty_tensor_value_info(f"y{i}") for i in range(results)],
            [numpy_helper.from_array(x, name) for name, x in given.items() if name not in inputs])
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", version)], ir_version=10)
        for judge in judges:
            try:
                outputs = [np.asarray(y) for y in self.answers(judge, model, inputs)]
            except Exception:  # the judge has no such operator, or not these options
                continue
            self.write(f"{op.lower()}_v{version}_{sum(self.by.values())}", model, inputs, outputs)
            self.by[judge] += 1
            return
        self.by["nobody"] += 1

    @staticmethod
    def info(name, x):
        return helper.make_tensor_value_info(name, helper.np_dtype_to_tensor_dtype(x.dtype), x.shape)

    @staticmethod
    def answers(judge, model, inputs):
        if judge == "reference":
            return ReferenceEvaluator(model).run(None, inputs)
        options = onnxruntime.SessionOptions()
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
        session = onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
        return session.run(None, inputs)

    def write(self, name, model, inputs, outputs):
        del model.graph.output[:]
        model.graph.output.extend(self.info(f"y{i}", y) for i, y in enumerate(outputs))
        data = self.folder / name / "test_data_set_0"
        data.mkdir(parents=True, exist_ok=True)
        (data.parent / "model.onnx").write_bytes(model.SerializeToString())
        for kind, values in (("input", inputs.items()), ("output", ((f"y{i}", y) for i, y in enumerate(outputs)))):
            for i, (value, x) in enumerate(values):
                (data / f"{kind}_{i}.pb").write_bytes(numpy_helper.from_array(x, value).SerializeToString())


def contractions(s, d):
    a, b = d.one(((4,), (4,)), ((4,), (2, 4, 3)), ((2, 3, 4), (4,)), ((2, 1, 3, 4), (5, 4, 2)), ((3, 4), (2, 4, 5)))
    s.add("MatMul", d.one(7, 9, 13), [d.floats(*a), d.floats(*b)])
    s.add("MatMul", d.one(9, 13), [d.labels(9, *a).astype(np.int32), d.labels(9, *b).astype(np.int32)])
    turned = d.ints(2, 0, 1)
    version = d.one(7, 9, 11, 13)
    c = d.one([d.floats(5)], [d.floats(3, 1)], [d.floats(3, 5)], [] if version > 9 else [d.floats(1, 1)])
    s.add("Gemm", version, [d.floats(*(4, 3)[::1 if turned[0] else -1]), d.floats(*(5, 4)[::1 if turned[1] else -1])] + c,
          transA=turned[0], transB=turned[1], alpha=d.one(1.0, 0.5), beta=d.one(1.0, 0.25, 0.0))
    equation, shapes = d.one(("i j , j k", [(2, 3), (3, 4)]), ("...ii->...i", [(2, 3, 3)]), ("Aij,jB->ABi", [(2, 2, 3), (3, 4)]),
                             ("ij,jk,kl->il", [(2, 3), (3, 4), (4, 2)]), ("ba", [(2, 3)]), ("i,i->i", [(3,), (3,)]))
    s.add("Einsum", 12, [d.floats(*shape) for shape in shapes], equation=equation)
    n = d.int(1, 6)
    s.add("Det", d.one(11, 22), [d.floats(*d.one((), (2,), (2, 3)), n, n)])


def convolutions(s, d):
    n, groups = d.int(1, 3), d.one(1, 1, 2, 3)
    kernel, ins, outs = d.ints(n, 1, 3), d.int(1, 2), d.int(1, 2)
    bias = [d.floats(outs * groups)] if d.coin() else []
    s.add("Conv", d.one(7, 11, 22), [d.floats(2, ins * groups, *d.ints(n, 5, 8)), d.floats(outs * groups, ins, *kernel)] + bias,
          group=groups, **d.windows(kernel, most=2))
    x, attributes = d.floats(2, ins * groups, *d.ints(n, 3, 5)), d.windows(kernel, most=1)
    strides = attributes.get("strides", [1] * n)
    if d.coin():
        attributes["output_padding"] = [d.int(0, stride - 1) for stride in strides]
    if "auto_pad" not in attributes and d.coin():
        attributes.pop("pads", None)
        attributes["output_shape"] = [stride * size for stride, size in zip(strides, x.shape[2:])]
    s.add("ConvTranspose", d.one(7, 11, 22), [x, d.floats(ins * groups, outs, *kernel)] + bias, group=groups, **attributes)


def rare_convolutions(s, d):
    kernel, strides, dilations, pads = d.ints(2, 1, 3), d.ints(2, 1, 2), d.ints(2, 1, 2), d.ints(4, 0, 1)
    groups, parts, ins = d.one(1, 2), d.one(1, 2), 2 * d.int(1, 2)
    places = [(size + pads[i] + pads[2 + i] - (kernel[i] - 1) * dilations[i] - 1) // strides[i] + 1 for i, size in enumerate((7, 8))]
    count = parts * kernel[0] * kernel[1]
    s.add("DeformConv", d.one(19, 22), [d.floats(2, ins, 7, 8), d.floats(2 * groups, ins // groups, *kernel),
                                        d.floats(2, count * 2, *places), d.floats(2 * groups) if d.coin() else None,
                                        d.positive(2, count, *places)],
          group=groups, offset_group=parts, strides=strides, dilations=dilations, pads=pads, kernel_shape=kernel)
    image = d.ints(2, 4, 7)
    blocks = [(size + pads[i] + pads[2 + i] - kernel[i]) // strides[i] + 1 for i, size in enumerate(image)]
    s.add("Col2Im", 18, [d.floats(2, 3 * kernel[0] * kernel[1], blocks[0] * blocks[1]), np.array(image), np.array(kernel)],
          known=(1, 2), pads=pads, strides=strides)
    k = d.int(1, 4)
    s.add("CausalConvWithState", 27, [d.floats(2, 3, d.int(1, 6)), d.floats(3, 1, k)] +
          d.one([], [d.floats(3)], [None, d.floats(2, 3, k - 1)]), 2, activation=d.one("none", "silu", None))


def pools(s, d):
    n = d.int(1, 3)
    kernel, x = d.ints(n, 1, 3), d.floats(d.int(1, 2), d.int(1, 3), *d.ints(n, 5, 9))
    for op, versions, dilated, rounded in (("MaxPool", (8, 10, 12, 22), 10, 10), ("AveragePool", (7, 10, 11, 19, 22), 19, 10),
                                           ("LpPool", (7, 11, 18, 22), 18, 18)):
        version = d.one(*versions)
        attributes = d.windows(kernel, version >= dilated)
        if version >= rounded and d.coin() and "auto_pad" not in attributes:
            attributes["ceil_mode"] = 1
        if op == "MaxPool":
            s.add(op, version, [x], 2, storage_order=d.int(0, 1), kernel_shape=kernel, **attributes)
        if op == "AveragePool":
            attributes["count_include_pad"] = d.int(0, 1)
        if op == "LpPool":
            attributes["p"] = d.int(1, 3)
        s.add(op, version, [x], kernel_shape=kernel, **attributes)
    for op in ("GlobalAveragePool", "GlobalMaxPool", "GlobalLpPool"):
        s.add(op, 7, [x])
    half = d.ints(2, 1, 3)
    index = [d.random.permutation(4 * half[0] * half[1])[:half[0] * half[1]].reshape(half) + c * 4 * half[0] * half[1] for c in (0, 1)]
    s.add("MaxUnpool", d.one(9, 11), [d.floats(1, 2, *half), np.stack(index)[None]], kernel_shape=[2, 2], strides=[2, 2])


def norms(s, d):
    x = d.floats(3, 6, *d.ints(d.int(1, 2), 1, 4))
    s.add("BatchNormalization", d.one(7, 9, 14, 15), [x, d.floats(6), d.floats(6), d.floats(6), d.positive(6)], epsilon=1e-3)
    s.add("BatchNormalization", d.one(14, 15), [x, d.floats(6), d.floats(6), d.floats(6), d.positive(6)], 3, training_mode=1,
          momentum=0.7)
    s.add("InstanceNormalization", 7, [x, d.floats(6), d.floats(6)], epsilon=1e-2)
    groups = d.one(1, 2, 3)
    s.add("GroupNormalization", 18, [x, d.floats(groups), d.floats(groups)], num_groups=groups, epsilon=1e-2)
    s.add("GroupNormalization", 21, [x, d.floats(6), d.floats(6)], num_groups=groups, epsilon=1e-2)
    s.add("MeanVarianceNormalization", d.one(9, 13), [d.floats(2, 3, 4, 5)], axes=d.one(None, [0, 2, 3], [1], [-1, -2]))
    s.add("LRN", d.one(7, 13), [d.floats(2, d.int(1, 7), 3, 4)], size=d.one(1, 3, 5), alpha=0.3, beta=d.one(0.75, 0.5), bias=2.0)
    s.add("LpNormalization", 7, [d.floats(3, 4, 5)], axis=d.one(-1, 0, 1, None), p=d.one(1, 2, None))
    shape = d.ints(d.int(2, 4), 1, 4)
    axis = d.int(-len(shape), len(shape) - 1)
    rows = shape[axis:]
    s.add("LayerNormalization", 17, [d.floats(*shape), d.floats(*rows)] + ([d.floats(*rows)] if d.coin() else []), d.one(1, 3),
          axis=axis, epsilon=1e-3)
    s.add("RMSNormalization", 23, [d.floats(*shape), d.floats(*rows)], axis=axis)
    version = d.one(7, 11, 13)
    for op in ("Softmax", "LogSoftmax", "Hardmax"):
        s.add(op, version, [d.floats(*shape)], axis=abs(axis) % len(shape) if version < 11 else axis)


def resizes(s, d):
    version, mode = d.one(11, 13, 18, 19), d.one("nearest", "linear", "cubic")
    space = d.ints(2 if mode == "cubic" else d.int(1, 2), 2, 6)
    x = d.floats(*[1, 2][:4 - len(space)], *space)
    ones, rank, judges = [1.0] * (x.ndim - len(space)), x.ndim, ("onnxruntime", "reference")
    coordinates = d.one("half_pixel", "pytorch_half_pixel", "asymmetric", "tf_crop_and_resize", "align_corners",
                        "half_pixel_symmetric" if version >= 19 else "half_pixel")
    attributes, region = {"mode": mode, "coordinate_transformation_mode": coordinates}, np.zeros(0, F32)
    if mode == "nearest":
        attributes["nearest_mode"] = d.one("round_prefer_floor", "round_prefer_ceil", "floor", "ceil")
    elif version >= 18 and coordinates != "tf_crop_and_resize" and d.coin():
        attributes["antialias"], judges = 1, ("reference",)
    elif mode == "cubic":
        attributes.update(exclude_outside=d.int(0, 1), cubic_coeff_a=d.one(-0.5, -0.75))
    if coordinates == "tf_crop_and_resize":
        attributes["extrapolation_value"], judges = 3.0, ("reference",)
        region = np.array([0.0] * rank + [1.0] * rank, F32)
        region[rank - len(space):rank] = -0.2 + 0.6 * d.positive(len(space))
        region[2 * rank - len(space):] = 0.5 + 0.7 * d.positive(len(space))
    # By a scale that gives no whole size the standard's text, its tests, the reference and onnxruntime do not agree.
    if d.coin() or coordinates in ("align_corners", "tf_crop_and_resize"):
        operands = [x, region, None, np.array([*x.shape[:len(ones)], *d.ints(len(space), 1, 9)], np.int64)]
    else:
        operands = [x, region, np.array(ones + [d.one(0.5, 0.6, 1.5, 2, 2.5, 3) for _ in space], F32)]
    s.add("Resize", version, operands, known=(1, 2, 3), judges=judges, **attributes)
    s.add("Resize", 10, [d.floats(1, 2, 3, 4), np.array([1, 1, d.one(0.5, 2, 1.5), d.one(2, 0.6)], F32)], known=(1,),
          mode=d.one("nearest", "linear"))
    s.add("Upsample", 9, [d.floats(1, 2, 3, 4), np.array([1, 1, d.one(1, 2, 1.5), d.one(2, 1.6)], F32)], known=(1,),
          mode=d.one("nearest", "linear"))
    s.add("Upsample", 7, [d.floats(1, 2, 3, 4)], scales=[1.0, 1.0, 2.0, 1.5], mode=d.one("nearest", "linear"))


def grids(s, d):
    n = d.one(2, 2, 3)
    grid = (d.random.random((2, *d.ints(n, 1, 3), n)) * 3 - 1.5).astype(F32)
    version = d.one(16, 20) if n == 2 else 20
    mode = d.one("nearest", *(("bilinear", "bicubic") if version == 16 else ("linear",)))
    s.add("GridSample", version, [d.floats(2, 2, *d.ints(n, 2, 5)), grid], mode=mode, align_corners=d.int(0, 1),
          padding_mode=d.one("zeros", "border", "reflection"), judges=("onnxruntime",))
    s.add("AffineGrid", 20, [d.floats(2, n, n + 1), np.array([2, 1, *d.ints(n, 2, 4)])], known=(1,), align_corners=d.int(0, 1))


def regions(s, d):
    count = d.int(1, 4)
    near, size = d.random.random((count, 2)) * 5 - 1, d.random.random((count, 2)) * 5
    boxes, batch = np.concatenate([near, near + size], 1).astype(F32), d.labels(2, count)
    x, version, ratio = d.floats(2, 3, 8, 9), d.one(10, 16), d.int(0, 3)
    mode = {} if version == 10 else {"coordinate_transformation_mode": d.one("half_pixel", "output_half_pixel")}
    s.add("RoiAlign", version, [x, boxes, batch], mode=d.one("avg", "max"), output_height=d.int(1, 3), output_width=d.int(1, 3),
          sampling_ratio=ratio, spatial_scale=d.one(1.0, 0.5), known=() if ratio else (1,), **mode)
    s.add("MaxRoiPool", 7, [x, np.concatenate([batch[:, None].astype(F32), boxes], 1)], pooled_shape=[d.int(1, 3), d.int(1, 4)],
          spatial_scale=d.one(1.0, 0.5, 0.7))
    batches, classes, n = d.int(1, 2), d.int(1, 3), d.int(1, 12)
    s.add("NonMaxSuppression", d.one(10, 11), [4 * d.positive(batches, n, 4), d.positive(batches, classes, n), np.array([d.int(1, 5)]),
                                               np.array([d.one(0.2, 0.5)], F32)] + ([np.array([0.3], F32)] if d.coin() else []),
          center_point_box=d.int(0, 1), known=range(5))


def losses(s, d):
    classes, shape = d.int(2, 5), [d.int(2, 3), *d.ints(d.int(0, 2), 1, 3)]
    x, labels, ignored = d.floats(shape[0], classes, *shape[1:]), d.labels(classes, *shape), d.one(None, None, 1, -1)
    labels.flat[0] = 0  # one counts
    if ignored == -1:
        labels.flat[1] = -1
    weights = [d.positive(classes)] if d.coin() or ignored == -1 else []
    reduction = d.one("mean", "sum", "none")
    s.add("NegativeLogLikelihoodLoss", d.one(12, 13), [x, labels] + weights, reduction=reduction, ignore_index=ignored)
    s.add("SoftmaxCrossEntropyLoss", d.one(12, 13), [x, labels] + weights, d.one(1, 2), reduction=reduction, ignore_index=ignored)


def signals(s, d):
    n, parts = d.one(1, 2, 5, 12, 33, 60, 97, 100), d.int(1, 2)
    judges = ("reference",)  # onnxruntime's transforms are less accurate

    def signal(*shape):
        """Small, because what should be 0 is compared absolutely."""
        return d.floats(*shape) * F32(0.01)

    s.add("DFT", 17, [signal(2, n, 3, parts)], axis=d.one(1, -3, 2), inverse=d.int(0, parts - 1), judges=judges)
    length = np.array(d.int(1, n + 3)) if d.coin() else None
    s.add("DFT", 20, [signal(2, n, 3, parts), length, np.array(d.one(1, -3, 2, -2))], known=(1, 2),
          inverse=d.int(0, parts - 1), judges=judges)
    s.add("DFT", 20, [signal(2, n, 3, 1), length, np.array(1)], known=(1, 2), onesided=1, judges=judges)
    s.add("DFT", 20, [signal(2, n + 1, 3, 2), np.array(2 * n + d.int(0, 1)), np.array(1)], known=(1, 2), onesided=1, inverse=1,
          judges=judges)
    frame = d.int(4, 16)
    s.add("STFT", 17, [signal(2, d.int(20, 40), 1), np.array(d.int(1, 9)), d.floats(frame) if d.coin() else None, np.array(frame)],
          known=(1, 3), onesided=d.int(0, 1), judges=judges)
    for op in ("HannWindow", "HammingWindow", "BlackmanWindow"):
        s.add(op, 17, [np.array(d.int(2, 20))], known=(0,), periodic=d.int(0, 1), output_datatype=d.one(1, 11), judges=judges)
    s.add("MelWeightMatrix", 17, [np.array(d.int(3, 10)), np.array(d.one(16, 33, 64)), np.array(8192), np.array(d.one(0, 100), F32),
                                  np.array(4096, F32)], known=range(5))


def main(families):
    folder = pathlib.Path(sys.argv[1])
    rounds, seed = (list(map(int, sys.argv[2:])) + [4, 1][len(sys.argv) - 2:])[:2]
    onnxruntime.set_default_logger_severity(4)
    suite, draw = Suite(folder), Draw(seed)
    for _ in range(rounds):
        for family in families:
            family(suite, draw)
    print(f"{folder}: tests judged by " + ", ".join(f"{judge}: {count}" for judge, count in suite.by.items()))


if __name__ == "__main__":
    main((contractions, convolutions, rare_convolutions, pools, norms, resizes, grids, regions, losses, signals))
