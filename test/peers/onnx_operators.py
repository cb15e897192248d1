"""onnx_operators.py MGC: operators with the options that the standard's own tests lack, and those of
onnxruntime, by onnxruntime: compiled code against its results, the eager mode against compiled code."""
import concurrent.futures
import os
import pathlib
import subprocess
import sys
import tempfile

import numpy as np
import onnx
import onnxruntime
from onnx import helper, numpy_helper

f32, f16, i8, u8, i32, i64 = np.float32, np.float16, np.int8, np.uint8, np.int32, np.int64
random = np.random.default_rng(0)
cases = []
# One step of the result: quantized values at the middle between two.
STEP = {"rtol": 0, "atol": 1}
EXACT = {"rtol": 0, "atol": 0}


def real(*shape):
    return random.standard_normal(shape).astype(f32)


def positive(*shape):
    return real(*shape) ** 2 * f32(0.01) + f32(0.01)


def whole(dtype, *shape):
    limits = np.iinfo(dtype)
    return random.integers(limits.min, limits.max + 1, shape).astype(dtype)


def case(name, op, inputs, outputs=("y",), *, known=(), opset=17, domain="", rtol=1e-3, atol=1e-4, **attributes):
    """`known`: which inputs are initializers."""
    arrays = [x if x is None else np.asarray(x) for x in inputs]
    attributes = {key.rstrip("_"): value for key, value in attributes.items()}
    cases.append((name, op, arrays, outputs, known, opset, domain, {"rtol": rtol, "atol": atol}, attributes))


def ours(name, op, inputs, outputs=("y",), **options):
    case(name, op, inputs, outputs, domain="com.microsoft", **options)


def types(graph, values):
    """Says of the results what onnxruntime found."""
    del graph.output[:]
    for name, value in values.items():
        dtype = helper.np_dtype_to_tensor_dtype(value.dtype)
        graph.output.append(helper.make_tensor_value_info(name, dtype, value.shape))


def check(mgc, folder, described):
    name, op, inputs, outputs, known, opset, domain, tolerance, attributes = described
    folder = pathlib.Path(folder, name)
    folder.mkdir()
    names = [f"i{i}" if x is not None else "" for i, x in enumerate(inputs)]
    given = {n: x for n, x in zip(names, inputs) if n}
    weights = {f"i{i}" for i in known}
    node = helper.make_node(op, names, list(outputs), name="node", domain=domain, **attributes)
    graph = helper.make_graph(
        [node], "graph",
        [helper.make_tensor_value_info(n, helper.np_dtype_to_tensor_dtype(x.dtype), x.shape)
         for n, x in given.items() if n not in weights],
        [onnx.ValueInfoProto(name=n) for n in outputs if n],
        [numpy_helper.from_array(x, n) for n, x in given.items() if n in weights])
    model = helper.make_model(graph, ir_version=9, opset_imports=[
        helper.make_opsetid("", opset), helper.make_opsetid("com.microsoft", 1)])
    feed = {n: x for n, x in given.items() if n not in weights}
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    wanted = [n for n in outputs if n]
    expected = dict(zip(wanted, session.run(wanted, feed)))
    types(model.graph, expected)
    path = folder / "model.onnx"
    onnx.save(model, path)
    np.savez(folder / "in.npz", **feed)
    np.savez(folder / "out.npz", **expected)
    common = [path, "--threads", "1", *(["-i", f"@{folder / 'in.npz'}"] if feed else [])]
    for verb in (["run", "--expect", f"@{folder / 'out.npz'}", "-O1",
                  *(f"--{key}={value}" for key, value in tolerance.items())], ["verify"]):
        done = subprocess.run([mgc, verb[0], *common, *verb[1:]], capture_output=True, text=True)
        if done.returncode:
            return f"{name}: mgc {verb[0]} exits with {done.returncode}: {done.stdout}{done.stderr}"
    return None


def recurrent():
    length, batch, width, hidden = 5, 3, 4, 6

    def one(op, gates, activations, lengths=None, bias=True, states=True, peepholes=False, **attributes):
        n = 2 if attributes.get("direction") == "bidirectional" else 1
        state = real(n, batch, hidden) if states else None
        inputs = [real(length, batch, width), real(n, gates * hidden, width), real(n, gates * hidden, hidden),
                  real(n, 2 * gates * hidden) if bias else None, np.array(lengths, i32) if lengths else None, state]
        outputs = ["y", "h"]
        if op == "LSTM":
            inputs += [real(n, batch, hidden) if states else None, real(n, 3 * hidden) if peepholes else None]
            outputs.append("c")
        while inputs[-1] is None:
            inputs.pop()
        if activations:
            attributes["activations"] = activations * n
        case(f"{op}{len(cases)}", op, inputs, outputs, known=(1, 2, 3, 7), hidden_size=hidden, **attributes)

    forms = {"LSTM": (4, ["HardSigmoid", "Relu", "ScaledTanh"], ["Sigmoid", "Softsign", "Elu"]),
             "GRU": (3, ["HardSigmoid", "LeakyRelu"], ["Sigmoid", "Softplus"]),
             "RNN": (1, ["Affine"], ["LeakyRelu"])}
    for op, (gates, scaled, plain) in forms.items():
        for direction in ("forward", "reverse", "bidirectional"):
            one(op, gates, None, direction=direction)
            one(op, gates, None, lengths=[5, 2, 3], direction=direction)
        one(op, gates, None, bias=False, states=False)
        one(op, gates, None, clip=0.3)
        one(op, gates, plain, direction="bidirectional")
        one(op, gates, scaled, activation_alpha=[0.3, 1.2][:len(scaled)], activation_beta=[0.4, 0.8])
    one("LSTM", 4, None, peepholes=True)
    one("LSTM", 4, None, peepholes=True, input_forget=1, clip=0.5, direction="bidirectional")
    one("GRU", 3, None, linear_before_reset=1, clip=0.4, lengths=[1, 5, 4], direction="bidirectional")


def quantized():
    for a, b in ((u8, u8), (u8, i8), (i8, i8)):
        name = f"{np.dtype(a)}x{np.dtype(b)}"
        x, w, zero = whole(a, 5, 40), whole(b, 40, 7), np.array(130 if a is u8 else -3, a)
        case(f"MatMulInteger-{name}", "MatMulInteger", [x, w, zero, np.array(7, b)], **EXACT)
        case(f"MatMulInteger-columns-{name}", "MatMulInteger", [whole(a, 2, 5, 40), w, zero, whole(b, 7)],
             known=(1, 2, 3), **EXACT)
        case(f"MatMulInteger-zero-{name}", "MatMulInteger", [x, w], **EXACT)
        case(f"QLinearMatMul-{name}", "QLinearMatMul",
             [x, f32(0.02), a(3), w, positive(7), np.full(7, 5, b), f32(0.9), a(4)], known=range(1, 8), **STEP)
        for group, pads, strides in ((1, [1, 1, 1, 1], [1, 1]), (2, [0, 1, 2, 0], [2, 1])):
            each = b is i8
            case(f"QLinearConv-{group}-{name}", "QLinearConv",
                 [whole(a, 2, 4, 7, 6), f32(0.02), a(9), whole(b, 6, 4 // group, 3, 3),
                  positive(6) if each else f32(0.02), np.zeros(6, b) if each else b(120), f32(0.7), a(12),
                  random.integers(-900, 900, 6).astype(i32)],
                 known=range(1, 9), group=group, pads=pads, strides=strides, **STEP)
    case("ConvInteger", "ConvInteger", [whole(u8, 2, 4, 7, 6), whole(u8, 6, 4, 3, 3), u8(9), u8(100)],
         pads=[1, 1, 1, 1], dilations=[1, 2], **EXACT)
    case("DynamicQuantizeLinear", "DynamicQuantizeLinear", [real(4, 9)], ("y", "s", "z"))
    case("QuantizeLinear-axis", "QuantizeLinear", [real(2, 3, 4), f32([0.1, 0.2, 0.3]), i8([1, 2, 3])], axis=1)
    case("QuantizeLinear-blocks", "QuantizeLinear", [real(2, 6, 4), positive(2, 2, 4), whole(i8, 2, 2, 4)], axis=1,
         block_size=3, opset=21)
    case("QuantizeLinear-u16", "QuantizeLinear", [real(5, 4) * f32(9e4), f32(2), np.uint16(40000)], opset=21)
    case("DequantizeLinear-blocks", "DequantizeLinear", [whole(u8, 2, 6, 4), positive(2, 2, 4), whole(u8, 2, 2, 4)],
         axis=1, block_size=3, opset=21)
    case("DequantizeLinear-i32", "DequantizeLinear",
         [random.integers(-99999, 99999, (3, 4)).astype(i32), f32([0.1, 0.2, 0.3])], axis=0)
    case("DequantizeLinear-f16", "DequantizeLinear", [whole(i8, 3, 4), f16(0.1), i8(3)], opset=19)


def quantized_contrib():
    def operand(dtype, *shape):
        return [whole(dtype, *shape), f32(0.03), dtype(5)]

    unit = [f32(1 / 256), u8(0)]
    ours("QLinearAdd", "QLinearAdd", operand(u8, 3, 4) + operand(u8, 3, 4) + [f32(0.05), u8(7)], **STEP)
    ours("QLinearMul", "QLinearMul", operand(i8, 3, 4) + operand(i8, 4) + [f32(0.09), i8(7)], **STEP)
    ours("QLinearSigmoid", "QLinearSigmoid", operand(u8, 3, 4) + unit, known=range(1, 5), **STEP)
    ours("QLinearLeakyRelu", "QLinearLeakyRelu", operand(i8, 3, 4) + [f32(0.05), i8(0)], known=range(1, 5), alpha=0.1,
         **STEP)
    ours("QLinearSoftmax", "QLinearSoftmax", operand(u8, 3, 40) + unit, known=range(1, 5), axis=-1, opset_=13, **STEP)
    ours("QLinearGlobalAveragePool", "QLinearGlobalAveragePool", operand(u8, 2, 3, 4, 4) + [f32(0.02), u8(7)],
         channels_last=0, **STEP)
    ours("QLinearConcat", "QLinearConcat", [f32(0.05), u8(7)] + operand(u8, 3, 4) + operand(u8, 2, 4), known=(0, 1),
         axis=0, **STEP)
    product = [whole(u8, 5, 9), f32(0.02), u8(3), whole(i8, 6, 9), f32(0.01), i8(0)]
    ours("QGemm", "QGemm", product + [random.integers(-900, 900, 6).astype(i32), f32(0.05), u8(9)], transB=1, **STEP)
    ours("QGemm-float", "QGemm", product, transB=1, alpha=0.5)
    ours("MatMulIntegerToFloat", "MatMulIntegerToFloat",
         [whole(u8, 5, 9), whole(i8, 9, 6), f32(0.02), positive(6), u8(3), whole(i8, 6), real(6)])
    ours("DynamicQuantizeMatMul", "DynamicQuantizeMatMul", [real(5, 9), whole(u8, 9, 6), positive(6), whole(u8, 6),
                                                           real(6)], rtol=1e-2, atol=1e-2)


def fused():
    x = real(3, 8)
    ours("Gelu", "Gelu", [x])
    ours("FastGelu", "FastGelu", [x, real(8)])
    ours("BiasGelu", "BiasGelu", [x, real(8)])
    ours("QuickGelu", "QuickGelu", [x])
    ours("QuickGelu-silu", "QuickGelu", [x], alpha=1.0)
    rows = real(2, 3, 8)
    ours("SkipLayerNormalization", "SkipLayerNormalization", [rows, real(2, 3, 8), real(8), real(8), real(8)],
         ("y", "", "", "sum"), epsilon=1e-5)
    ours("SkipLayerNormalization-shared", "SkipLayerNormalization", [rows, real(3, 8), real(8)], epsilon=1e-5)
    ours("SkipSimplifiedLayerNormalization", "SkipSimplifiedLayerNormalization", [rows, real(2, 3, 8), real(8)],
         ("y", "", "", "sum"), epsilon=1e-5)
    case("SimplifiedLayerNormalization", "SimplifiedLayerNormalization", [rows, real(8)], axis=-1, epsilon=1e-5,
         stash_type=1)
    ours("EmbedLayerNormalization", "EmbedLayerNormalization",
         [random.integers(0, 9, (2, 3)).astype(i32), random.integers(0, 2, (2, 3)).astype(i32), real(9, 8), real(5, 8),
          real(2, 8), real(8), real(8)], ("y", "m"), epsilon=1e-5)
    case("LayerNormalization-1", "LayerNormalization", [rows, real(8), real(8)], axis=-1, epsilon=1e-5, stash_type=1,
         opset=11)
    for a in (0, 1):
        for b in (0, 1):
            ours(f"FusedMatMul-{a}{b}", "FusedMatMul", [real(2, 5, 4) if a else real(2, 4, 5),
                                                        real(2, 6, 5) if b else real(2, 5, 6)],
                 transA=a, transB=b, alpha=0.5)
    image = [real(1, 3, 6, 5), real(4, 3, 3, 3), real(4)]
    for activation, constants in (("Relu", []), ("LeakyRelu", [0.1]), ("Clip", [-0.5, 0.5]), ("HardSigmoid", [0.3, 0.4]),
                                  ("Tanh", []), ("Sigmoid", [])):
        more = {"activation_params": constants} if constants else {}
        ours(f"FusedConv-{activation}", "FusedConv", image, activation=activation, pads=[1, 1, 1, 1], **more)
    ours("FusedConv-sum", "FusedConv", image + [real(1, 4, 4, 3)], activation="Relu")
    ours("FusedGemm", "FusedGemm", [real(4, 3), real(5, 3), real(5)], activation="LeakyRelu", activation_alpha=0.2,
         alpha=0.5, transB=1)
    ours("FusedMatMul-batch", "FusedMatMul", [real(4, 2, 5), real(5, 2, 6)], transBatchA=1, transBatchB=1)
    for bits in (2, 4, 8):
        for k, block in ((64, 32), (40, 16)):
            blocks, n = -(-k // block), 6
            weights = [real(3, k), whole(u8, n, blocks, block * bits // 8), real(n, blocks)]
            for zeros in ([], [whole(u8, n, -(-blocks * bits // 8))]):
                ours(f"MatMulNBits-{bits}-{k}-{len(zeros)}", "MatMulNBits", weights + zeros, known=(1, 2, 3), K=k, N=n,
                     bits=bits, block_size=block)
    ours("MatMulNBits-bias", "MatMulNBits", [real(2, 3, 32), whole(u8, 8, 1, 16), real(8, 1), None, None, real(8)],
         known=(1, 2), K=32, N=8, bits=4, block_size=32)


BATCH, LENGTH, HEADS, SHARED, WIDTH = 2, 4, 4, 2, 16
HIDDEN = HEADS * WIDTH


def attention():
    def heads(name, *inputs, outputs=("y",), **attributes):
        ours(f"MultiHeadAttention-{name}", "MultiHeadAttention", list(inputs), outputs, num_heads=HEADS, **attributes)

    q, k, v = real(BATCH, LENGTH, HIDDEN), real(BATCH, 5, HIDDEN), real(BATCH, 5, HIDDEN)
    past = [real(BATCH, HEADS, 3, WIDTH) for _ in range(2)]
    heads("plain", q, k, v)
    heads("bias", q, k, v, real(3 * HIDDEN), scale=0.3)
    heads("mask", q, k, v, None, i32([[1, 1, 1, 0, 0], [1, 1, 1, 1, 1]]), real(1, HEADS, LENGTH, 5))
    heads("past", q, q, q, None, None, None, *past, outputs=("y", "k", "v"), unidirectional=1)
    heads("causal", q, q, q, unidirectional=1)
    heads("cross", q, real(BATCH, HEADS, 6, WIDTH), real(BATCH, HEADS, 6, WIDTH))

    def projecting(name, *inputs, values=HIDDEN, outputs=("y",), **attributes):
        columns = 2 * HIDDEN + values
        ours(f"Attention-{name}", "Attention", [real(BATCH, LENGTH, 16), real(16, columns), real(columns), *inputs],
             outputs, num_heads=HEADS, **attributes)

    projecting("plain")
    projecting("causal", unidirectional=1)
    projecting("mask", i32([[1, 1, 0, 0], [1, 1, 1, 1]]))
    projecting("lengths", i32([2, 4]))
    projecting("queries", random.integers(0, 2, (BATCH, LENGTH, LENGTH)).astype(i32))
    projecting("past", None, real(2, BATCH, HEADS, 3, WIDTH), outputs=("y", "p"), unidirectional=1)
    projecting("sizes", values=16, qkv_hidden_sizes=[HIDDEN, HIDDEN, 16])


def angles(half):
    all_ = np.arange(16)[:, None] / 10000 ** (np.arange(half) / half)
    return [np.cos(all_).astype(f32), np.sin(all_).astype(f32)]


def grouped(name, batch, length, past, lengths, rotary=0, packed=False, tail=(), **attributes):
    """lengths: all keys of each example but one."""
    columns = (HEADS + 2 * SHARED) * WIDTH if packed else HIDDEN
    own = [None, None] if packed else [real(batch, length, SHARED * WIDTH) for _ in range(2)]
    cache = [real(batch, SHARED, past, WIDTH) if past else None for _ in range(2)]
    # Rows behind an example's own stay what they are here, and become 0 there.
    for example, keys in enumerate(lengths if past else []):
        for rows in cache:
            rows[example, :, keys + 1 - length:] = 0
    inputs = [real(batch, length, columns), *own, *cache, i32(lengths), i32(past + length),
              *(angles(WIDTH // 2) if rotary else [None, None]), *tail]
    while inputs[-1] is None:
        inputs.pop()
    ours(f"GroupQueryAttention-{name}", "GroupQueryAttention", inputs, ("y", "k", "v"), known=(6, 7, 8),
         num_heads=HEADS, kv_num_heads=SHARED, do_rotary=rotary, **attributes)


def grouped_attention():
    grouped("prompt", 2, 5, 0, [4, 4])
    grouped("rotary", 2, 5, 0, [4, 4], 1)
    grouped("interleaved", 1, 5, 0, [4], 1, rotary_interleaved=1)
    grouped("packed", 2, 5, 0, [4, 4], 1, packed=True)
    grouped("past", 2, 1, 6, [6, 6], 1)
    grouped("ragged", 2, 1, 6, [6, 3], 1)
    grouped("chunk", 1, 3, 4, [6], 1)
    grouped("softcap", 2, 5, 0, [4, 4], softcap=5.0)
    grouped("window", 2, 6, 0, [5, 5], local_window_size=3)
    grouped("window-past", 1, 1, 6, [6], local_window_size=3)
    grouped("smooth", 2, 5, 0, [4, 4], smooth_softmax=1)
    grouped("bias", 1, 5, 0, [4], tail=[None, real(1, HEADS, 5, 5)])
    grouped("sink", 1, 5, 0, [4], tail=[None, None, real(HEADS)])
    grouped("scale", 1, 5, 0, [4], scale=0.2)
    places = random.integers(0, 16, (2, 5))
    ours("RotaryEmbedding-first", "RotaryEmbedding", [real(2, 5, HIDDEN), i64([1]), *angles(WIDTH // 2)])
    ours("RotaryEmbedding-interleaved", "RotaryEmbedding",
         [real(2, HEADS, 5, WIDTH), places, *angles(WIDTH // 2)], interleaved=1)
    ours("RotaryEmbedding-part", "RotaryEmbedding", [real(2, 5, HIDDEN), places, *angles(4)], num_heads=HEADS,
         rotary_embedding_dim=8)


def main(mgc):
    onnxruntime.set_default_logger_severity(3)
    for family in (recurrent, quantized, quantized_contrib, fused, attention, grouped_attention):
        family()
    with tempfile.TemporaryDirectory() as folder:
        with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
            failures = [f for f in pool.map(lambda c: check(mgc, folder, c), cases) if f]
    print("\n".join(failures))
    print(f"{len(cases)} cases, {len(failures)} fail")
    return bool(failures)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
