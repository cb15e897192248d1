"""The answer: a graph of primitive ops by NumPy in f64, and its gradient by a
tape of each op's own derivative. Shares no code with any contestant."""
import math

import numpy as np

from graph import Value


def _erf_table():
    at = np.arange(-6 * 512, 6 * 512 + 1) / 512.0
    return at, np.array([math.erf(t) for t in at])


_AT, _ERF = _erf_table()


def erf(x):
    """Taylor's series of degree 5 around the nearest of 6145 points: 1e-17."""
    near = np.clip(np.rint(x * 512), -6 * 512, 6 * 512)
    t, i = near / 512.0, near.astype(np.int64) + 6 * 512
    h = np.clip(x, -6, 6) - t
    slope = 2 / math.sqrt(math.pi) * np.exp(-t * t)
    series = 1 + h * (-t + h * ((2 * t * t - 1) / 3 + h * (t * (3 - 2 * t * t) / 6
             + h * (4 * t ** 4 - 12 * t * t + 3) / 30)))
    return _ERF[i] + slope * h * series


def keep(y, v):
    """A reduction's result with its dimensions of size 1."""
    x = v.args[0]
    return np.reshape(y, [1 if i in v.attrs["dims"] else n for i, n in enumerate(x.shape)])


def fit(g, shape):
    """The cotangent of what was broadcast: sums over what is new."""
    g = np.asarray(g)
    extra = g.ndim - len(shape)
    axes = tuple(range(extra)) + tuple(extra + i for i, n in enumerate(shape) if n == 1 and g.shape[extra + i] != 1)
    return np.reshape(np.sum(g, axes), shape)


def window(x, v):
    """The operand of a convolution as (n, groups, c, out.., kernel..)."""
    pad, stride, groups, dilation = (v.attrs[a] for a in ("padding", "stride", "groups", "dilation"))
    w = v.args[1]
    spatial = len(v.shape) - 2
    x = np.pad(x, [(0, 0), (0, 0)] + [(pad, pad)] * spatial)
    axes = tuple(range(2, 2 + spatial))
    x = np.lib.stride_tricks.sliding_window_view(x, [(k - 1) * dilation + 1 for k in w.shape[2:]], axes)
    steps = (slice(None, None, stride),) * spatial + (slice(None, None, dilation),) * spatial
    x = x[(slice(None), slice(None)) + steps]
    return x.reshape(x.shape[0], groups, -1, *x.shape[2:])


def conv(v, x, w):
    groups = v.attrs["groups"]
    columns = window(x, v)
    w = w.reshape(groups, -1, *w.shape[1:])
    spatial = len(v.shape) - 2
    out = []
    for g in range(groups):
        taps = [1] + list(range(2 + spatial, 2 + 2 * spatial))
        out.append(np.tensordot(columns[:, g], w[g], (taps, list(range(1, 2 + spatial)))))
    return np.moveaxis(np.concatenate(out, -1), -1, 1).reshape(v.shape)


def dot(v, a, b):
    return a @ (np.swapaxes(b, -1, -2) if v.attrs["transposed"] else b)


def place(v, g):
    out = np.zeros(v.args[0].shape)
    out[tuple(slice(b, e, s) for b, e, s in v.attrs["ranges"])] = g
    return out


def max_pool(v, x):
    n, stride, pad = v.attrs["window"], v.attrs["stride"], v.attrs["padding"]
    x = np.pad(x, [(0, 0), (0, 0), (pad, pad), (pad, pad)], constant_values=-np.inf)
    windows = np.lib.stride_tricks.sliding_window_view(x, (n, n), (2, 3))
    return windows[:, :, ::stride, ::stride].max((4, 5))


def store(v, cache, x, place):
    cache = cache.copy()
    cache[..., int(place[0]), :] = x[..., 0, :]
    return cache


def reduce(v, x):
    kind = {"sum": np.sum, "max": np.max, "min": np.min}[v.attrs["kind"]]
    return np.reshape(kind(x, tuple(v.attrs["dims"])), v.shape)


def reduce_gradient(v, g, y, x):
    wide = np.broadcast_to(keep(g, v), x.shape)
    if v.attrs["kind"] == "sum":
        return [wide]
    hit = x == keep(y, v)
    return [wide * hit / keep(np.sum(hit, tuple(v.attrs["dims"])), v)]


def split(v, g):
    at = np.cumsum([a.shape[v.attrs["dim"]] for a in v.args])[:-1]
    return np.split(g, at, v.attrs["dim"])


def iota(v):
    n = v.shape[v.attrs["dim"]]
    shape = [n if i == v.attrs["dim"] else 1 for i in range(len(v.shape))]
    return np.broadcast_to(np.arange(n).reshape(shape), v.shape)


def unpad(v, g):
    return g[tuple(slice(lo, n + lo) for lo, n in zip(v.attrs["lo"], v.args[0].shape))]


FORWARD = {
    "add": lambda v, a, b: a + b, "sub": lambda v, a, b: a - b,
    "mul": lambda v, a, b: a * b, "div": lambda v, a, b: a / b,
    "max": lambda v, a, b: np.maximum(a, b), "min": lambda v, a, b: np.minimum(a, b),
    "eq": lambda v, a, b: a == b, "ge": lambda v, a, b: a >= b,
    "neg": lambda v, x: -x, "exp": lambda v, x: np.exp(x), "log": lambda v, x: np.log(x),
    "tanh": lambda v, x: np.tanh(x), "erf": lambda v, x: erf(x),
    "logistic": lambda v, x: 1 / (1 + np.exp(-x)), "sin": lambda v, x: np.sin(x),
    "cos": lambda v, x: np.cos(x), "sqrt": lambda v, x: np.sqrt(x),
    "rsqrt": lambda v, x: 1 / np.sqrt(x), "abs": lambda v, x: np.abs(x),
    "stop_gradient": lambda v, x: x,
    "select": lambda v, c, a, b: np.where(c, a, b),
    "reduce": reduce, "iota": iota, "dot": dot, "conv": conv,
    "max_pool": max_pool, "store": store, "take": lambda v, table, indices: table[indices],
    "reshape": lambda v, x: np.reshape(x, v.shape),
    "transpose": lambda v, x: np.transpose(x, v.attrs["perm"]),
    "slice": lambda v, x: x[tuple(slice(b, e, s) for b, e, s in v.attrs["ranges"])],
    "reverse": lambda v, x: np.flip(x, v.attrs["dims"]),
    "broadcast": lambda v, x: np.broadcast_to(x, v.shape),
    "concat": lambda v, *xs: np.concatenate(xs, v.attrs["dim"]),
    "pad": lambda v, x: np.pad(x, list(zip(v.attrs["lo"], v.attrs["hi"]))),
}

def conv_gradient(v, g, y, x, w):
    pad, stride, groups = v.attrs["padding"], v.attrs["stride"], v.attrs["groups"]
    spatial, kernel = g.ndim - 2, w.shape[2:]
    columns, g = window(x, v), g.reshape(g.shape[0], groups, -1, *g.shape[2:])
    w = w.reshape(groups, -1, *w.shape[1:])
    pixels = [0] + list(range(2, 2 + spatial))
    dw = np.stack([np.tensordot(g[:, i], columns[:, i], (pixels, pixels)) for i in range(groups)])
    dx = np.zeros((x.shape[0], groups, x.shape[1] // groups, *(n + 2 * pad for n in x.shape[2:])))
    for tap in np.ndindex(*kernel):
        reached = tuple(slice(t, t + stride * n, stride) for t, n in zip(tap, g.shape[3:]))
        for i in range(groups):
            part = np.tensordot(g[:, i], w[(i, slice(None), slice(None)) + tap], (1, 0))
            dx[(slice(None), i, slice(None)) + reached] += np.moveaxis(part, -1, 1)
    inner = tuple(slice(pad, pad + n) for n in x.shape[2:])
    dx = dx[(slice(None),) * 3 + inner]
    return [dx.reshape(x.shape), dw.reshape(v.args[1].shape)]


# (node, cotangent, result, operands..) -> a cotangent per operand, maybe wider.
BACKWARD = {
    "conv": conv_gradient,
    "add": lambda v, g, y, a, b: [g, g], "sub": lambda v, g, y, a, b: [g, -g],
    "mul": lambda v, g, y, a, b: [g * b, g * a],
    "div": lambda v, g, y, a, b: [g / b, -g * y / b],
    "max": lambda v, g, y, a, b: [g * (a > b) + g * (a == b) / 2, g * (b > a) + g * (a == b) / 2],
    "min": lambda v, g, y, a, b: [g * (a < b) + g * (a == b) / 2, g * (b < a) + g * (a == b) / 2],
    "neg": lambda v, g, y, x: [-g], "exp": lambda v, g, y, x: [g * y],
    "log": lambda v, g, y, x: [g / x], "tanh": lambda v, g, y, x: [g * (1 - y * y)],
    "erf": lambda v, g, y, x: [g * 2 / math.sqrt(math.pi) * np.exp(-x * x)],
    "logistic": lambda v, g, y, x: [g * y * (1 - y)],
    "sin": lambda v, g, y, x: [g * np.cos(x)], "cos": lambda v, g, y, x: [-g * np.sin(x)],
    "sqrt": lambda v, g, y, x: [g / (2 * y)], "rsqrt": lambda v, g, y, x: [-g * y * y * y / 2],
    "abs": lambda v, g, y, x: [g * np.sign(x)],
    "select": lambda v, g, y, c, a, b: [None, np.where(c, g, 0), np.where(c, 0, g)],
    "reduce": reduce_gradient,
    "reshape": lambda v, g, y, x: [g.reshape(x.shape)],
    "transpose": lambda v, g, y, x: [np.transpose(g, np.argsort(v.attrs["perm"]))],
    "slice": lambda v, g, y, x: [place(v, g)],
    "reverse": lambda v, g, y, x: [np.flip(g, v.attrs["dims"])],
    "broadcast": lambda v, g, y, x: [g], "concat": lambda v, g, y, *xs: split(v, g),
    "pad": lambda v, g, y, x: [unpad(v, g)],
}


def value_of(arg, known):
    return known[arg] if isinstance(arg, Value) else arg


def evaluate(graph, inputs):
    """The outputs for f64 `inputs`, the cotangent last where there is one."""
    known = {v: x.astype(np.float64) if x.dtype == np.float32 else x for v, x in zip(graph.inputs, inputs)}
    last = {a: i for i, n in enumerate(graph.nodes) for a in n.args if isinstance(a, Value)}
    for i, node in enumerate(graph.nodes):
        if node.op != "input":
            known[node] = FORWARD[node.op](node, *(value_of(a, known) for a in node.args))
        # Large arrays go when nobody needs them any more.
        if not graph.wrt:
            for a in node.args:
                if isinstance(a, Value) and last[a] == i and a not in graph.outputs:
                    known.pop(a, None)
    outputs = [known[o] for o in graph.outputs]
    return outputs + (pull(graph, known, inputs[-1].astype(np.float64)) if graph.wrt else [])


def pull(graph, known, cotangent):
    got = {graph.outputs[0]: cotangent}
    for node in reversed(graph.nodes):
        g = got.get(node)
        if g is None or node.op not in BACKWARD:
            continue
        operands = [value_of(a, known) for a in node.args]
        for arg, part in zip(node.args, BACKWARD[node.op](node, g, known[node], *operands)):
            if isinstance(arg, Value) and part is not None and arg.dtype == "f32":
                part = fit(part, arg.shape)
                got[arg] = got[arg] + part if arg in got else part
    return [got.get(v, np.zeros(v.shape)) for v in (graph.inputs[i] for i in graph.wrt)]
