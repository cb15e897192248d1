"""A workload, said once: values and the ops between them.

Each contestant turns the same graph into its own form: the `mg` dialect
(emit_mlir.py), PyTorch and JAX (emit_python.py), ONNX (emit_onnx.py), and NumPy
in f64, which is what all of them are compared with (reference.py).

Elementwise ops broadcast as NumPy's do. A number is an argument as it is. What
a library has as one op (softmax, gelu, ..) is a composite: a node of its own,
so that each contestant may use its own kernel, with a body of primitive ops for
those that have none.
"""
import math

BYTES = {"f32": 4, "bf16": 2, "i32": 4, "i1": 1}
# Counted as one exponential each where the bound is computed.
TRANSCENDENTAL = {"exp", "log", "tanh", "erf", "logistic", "sin", "cos"}
# One instruction each, at least.
ARITHMETIC = {"add", "sub", "mul", "div", "max", "min", "sqrt", "rsqrt"}
# Elements at other places: nothing is computed.
VIEWS = {"reshape", "transpose", "slice", "reverse", "broadcast", "take"}


def broadcast_shape(shapes):
    rank = max(map(len, shapes))
    padded = [(1,) * (rank - len(s)) + tuple(s) for s in shapes]
    out = []
    for sizes in zip(*padded):
        wide = {n for n in sizes if n != 1} or {1}
        if len(wide) != 1:
            raise ValueError(f"shapes {shapes} do not broadcast")
        out.append(wide.pop())
    return tuple(out)


class Value:
    """The result of one op. Its methods append to its graph."""

    def __init__(self, graph, op, args, shape, dtype="f32", **attrs):
        self.graph, self.op, self.args, self.attrs = graph, op, args, attrs
        self.shape, self.dtype = tuple(int(n) for n in shape), dtype
        self.name = ""

    @property
    def size(self):
        return math.prod(self.shape)

    @property
    def bytes(self):
        return self.size * BYTES[self.dtype]

    def _binary(self, op, a, b, dtype=None):
        shapes = [v.shape for v in (a, b) if isinstance(v, Value)]
        return self.graph.add(op, [a, b], broadcast_shape(shapes), dtype or self.dtype)

    def __add__(self, o): return self._binary("add", self, o)
    def __radd__(self, o): return self._binary("add", o, self)
    def __sub__(self, o): return self._binary("sub", self, o)
    def __rsub__(self, o): return self._binary("sub", o, self)
    def __mul__(self, o): return self._binary("mul", self, o)
    def __rmul__(self, o): return self._binary("mul", o, self)
    def __truediv__(self, o): return self._binary("div", self, o)
    def __rtruediv__(self, o): return self._binary("div", o, self)
    def max_with(self, o): return self._binary("max", self, o)
    def min_with(self, o): return self._binary("min", self, o)
    def equals(self, o): return self._binary("eq", self, o, "i1")
    def at_least(self, o): return self._binary("ge", self, o, "i1")
    def __neg__(self): return self.unary("neg")

    def unary(self, op):
        return self.graph.add(op, [self], self.shape, self.dtype)

    def reduce(self, kind, dims, keep=False):
        dims = [d % len(self.shape) for d in dims]
        shape = [1 if i in dims else n for i, n in enumerate(self.shape) if keep or i not in dims]
        return self.graph.add("reduce", [self], shape, self.dtype, kind=kind, dims=dims, keep=keep)

    def mean(self, dims, keep=False):
        n = math.prod(self.shape[d] for d in dims)
        return self.reduce("sum", dims, keep) * (1.0 / n)

    def reshape(self, *shape):
        shape = list(shape)
        if -1 in shape:
            shape[shape.index(-1)] = self.size // -math.prod(shape)
        return self.graph.add("reshape", [self], shape, self.dtype)

    def transpose(self, *perm):
        return self.graph.add("transpose", [self], [self.shape[p] for p in perm], self.dtype, perm=list(perm))

    def slice(self, *ranges):
        """A (begin, end, step) per dimension."""
        shape = [-(-(e - b) // s) for b, e, s in ranges]
        return self.graph.add("slice", [self], shape, self.dtype, ranges=[tuple(r) for r in ranges])

    def reverse(self, *dims):
        return self.graph.add("reverse", [self], self.shape, self.dtype, dims=list(dims))

    def broadcast_to(self, *shape):
        return self.graph.add("broadcast", [self], shape, self.dtype)

    def pad(self, lo, hi):
        shape = [n + a + b for n, a, b in zip(self.shape, lo, hi)]
        return self.graph.add("pad", [self], shape, self.dtype, lo=list(lo), hi=list(hi))

    def select(self, a, b):
        shapes = [v.shape for v in (self, a, b) if isinstance(v, Value)]
        dtype = next((v.dtype for v in (a, b) if isinstance(v, Value)), "f32")
        return self.graph.add("select", [self, a, b], broadcast_shape(shapes), dtype)

    def matmul(self, o, transposed=False):
        """The last two dimensions; `transposed`: o's are (n, k)."""
        n = o.shape[-2] if transposed else o.shape[-1]
        batch = broadcast_shape([self.shape[:-2], o.shape[:-2]])
        return self.graph.add("dot", [self, o], batch + (self.shape[-2], n), self.dtype, transposed=transposed)

    def conv(self, w, stride=1, padding=0, groups=1, dilation=1):
        (n, _, *size), (o, _, *kernel) = self.shape, w.shape
        out = [(s + 2 * padding - (k - 1) * dilation - 1) // stride + 1 for s, k in zip(size, kernel)]
        return self.graph.add("conv", [self, w], [n, o, *out], self.dtype, stride=stride, padding=padding,
                              groups=groups, dilation=dilation)

    def max_pool(self, window, stride, padding=0):
        """Over the last two dimensions; padding never is the maximum."""
        shape = [*self.shape[:2], *((n + 2 * padding - window) // stride + 1 for n in self.shape[2:])]
        return self.graph.add("max_pool", [self], shape, self.dtype, window=window, stride=stride, padding=padding)

    def take(self, indices):
        """Rows of a table."""
        return self.graph.add("take", [self, indices], indices.shape + self.shape[1:], self.dtype)

    def store(self, x, place):
        """x (.., 1, width) at `place`, which is (1), of the last dimension but
        one; contestants may write it over this value."""
        return self.graph.add("store", [self, x, place], self.shape, self.dtype)

    def composite(self, name, *others, shape=None, **attrs):
        return self.graph.add(name, [self, *others], self.shape if shape is None else shape, self.dtype, **attrs)


for _name in ("exp", "log", "tanh", "erf", "logistic", "sin", "cos", "sqrt", "rsqrt", "abs", "stop_gradient"):
    setattr(Value, _name, lambda self, op=_name: self.unary(op))


class Graph:
    """Ops in order; `inputs` first. `wrt`: the inputs of which the gradient is
    taken by the only output, whose cotangent is one more input, `dy`; the
    outputs of all contestants are then the forward one and the gradients."""

    def __init__(self):
        self.nodes, self.inputs, self.outputs, self.wrt = [], [], [], []

    def add(self, op, args, shape, dtype="f32", **attrs):
        value = Value(self, op, args, shape, dtype, **attrs)
        self.nodes.append(value)
        return value

    def input(self, name, shape, dtype="f32"):
        value = self.add("input", [], shape, dtype)
        value.name = name
        self.inputs.append(value)
        return value

    def iota(self, shape, dim):
        return self.add("iota", [], shape, "i32", dim=dim)

    def concat(self, values, dim):
        shape = list(values[0].shape)
        shape[dim] = sum(v.shape[dim] for v in values)
        return self.add("concat", list(values), shape, values[0].dtype, dim=dim)

    def returns(self, *outputs):
        self.outputs = list(outputs)
        return self

    def gradient(self, *wrt):
        self.wrt = [self.inputs.index(v) for v in wrt]
        return self


def trace(body, specs):
    """The graph of `body`, a function of the graph's inputs, for inputs of
    these (shape, dtype)."""
    graph = Graph()
    inputs = [graph.input(f"a{i}", shape, dtype) for i, (shape, dtype) in enumerate(specs)]
    result = body(*inputs)
    return graph.returns(*(result if isinstance(result, (list, tuple)) else [result]))


def flatten(graph, composites):
    """The same in primitive ops only."""
    flat, seen = Graph(), {}

    def copy(node, args):
        if node.op in composites:
            return composites[node.op].body(*args, **node.attrs)
        value = flat.add(node.op, args, node.shape, node.dtype, **node.attrs)
        value.name = node.name
        if node.op == "input":
            flat.inputs.append(value)
        return value

    for node in graph.nodes:
        seen[node] = copy(node, [seen.get(a, a) if isinstance(a, Value) else a for a in node.args])
    flat.wrt = list(graph.wrt)
    return flat.returns(*(seen[o] for o in graph.outputs))


class Work:
    """What cannot be avoided: bytes in and out, multiply-adds, exponentials,
    other arithmetic. Of a gradient, only the forward part is counted, but for
    products, of which it has two more."""

    def __init__(self, flat):
        used = {v: [] for v in flat.nodes}
        for node in flat.nodes:
            for arg in node.args:
                if isinstance(arg, Value):
                    used[arg].append(node)

        def needed(value):
            # What views leave out is not read.
            if value in flat.outputs or not used[value]:
                return value.size
            return min(value.size, sum(needed(u) if u.op in VIEWS - {"broadcast"} else value.size
                                       for u in used[value]))

        gradients = [flat.inputs[i] for i in flat.wrt]
        self.read = sum(needed(i) * BYTES[i.dtype] for i in flat.inputs if used[i])
        self.written = sum(o.bytes for o in flat.outputs) + sum(g.bytes for g in gradients)
        if gradients:
            self.read += flat.outputs[0].bytes  # its cotangent
        self.exps = sum(n.size for n in flat.nodes if n.op in TRANSCENDENTAL)
        self.operations = sum(n.size for n in flat.nodes if n.op in ARITHMETIC)
        times = 1 + (2 if gradients else 0)
        self.flops = times * sum(flops(n) for n in flat.nodes)
        self.fewest = times * sum(flops(n) * winograd(n) for n in flat.nodes)


def taps(size, kernel, stride, padding, dilation, out):
    """Products along one dimension that are not with padding."""
    return sum(0 <= o * stride - padding + k * dilation < size for o in range(out) for k in range(kernel))


def flops(node):
    if node.op == "dot":
        return 2 * node.size * node.args[0].shape[-1]
    if node.op != "conv":
        return 0
    x, w = node.args
    valid = math.prod(taps(s, k, node.attrs["stride"], node.attrs["padding"], node.attrs["dilation"], o)
                      for s, k, o in zip(x.shape[2:], w.shape[2:], node.shape[2:]))
    return 2 * x.shape[0] * w.shape[0] * w.shape[1] * valid


def winograd(node, tile=4):
    """The share of the definition's products that is left where `tile` results in
    a row are made of transformed inputs and windows: Winograd's F(4, k) in each
    dimension. Larger tiles lose too many digits."""
    if node.op != "conv" or node.attrs["stride"] != 1:
        return 1
    return math.prod((tile + k - 1) / (tile * k) for k in node.args[1].shape[2:])
