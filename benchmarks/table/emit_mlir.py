"""A graph as a module of the `mg` dialect with one entry, `main`."""
import math
import struct

from composites import COMPOSITES
from graph import Value, trace


def type_of(value):
    return "tensor<" + "".join(f"{n}x" for n in value.shape) + value.dtype + ">"


def number(x, dtype):
    if dtype != "f32":
        return str(int(x))
    # By its bits, as f32: what is printed is what is meant.
    return "0x%08X" % struct.unpack("<I", struct.pack("<f", x))


class Module:
    def __init__(self):
        self.functions, self.count = [], 0

    def name(self, hint):
        self.count += 1
        return f"@{hint}.{self.count}"

    def private(self, hint, body, specs):
        """Adds a function; its name and its results."""
        graph = trace(body, specs)
        name = self.name(hint)
        Function(self, graph).write(f"func.func private {name}", lambda v: "", False)
        return name, graph.outputs

    def text(self):
        return "\n".join(self.functions)


class Function:
    def __init__(self, module, graph):
        self.module, self.graph = module, graph
        self.lines, self.names = [], {}

    def emit(self, line):
        self.module.count += 1
        name = f"%v{self.module.count}"
        self.lines.append(f"  {name} = {line}")
        return name

    def typed(self, arg, shape, dtype):
        """The argument of an elementwise op, as wide as its result."""
        wanted = "tensor<" + "".join(f"{n}x" for n in shape) + dtype + ">"
        if not isinstance(arg, Value):
            scalar = self.emit(f"mg.constant dense<{number(arg, dtype)}> : tensor<{dtype}>")
            return self.emit(f"mg.broadcast {scalar} [] : tensor<{dtype}> -> {wanted}") if shape else scalar
        if arg.shape == tuple(shape):
            return self.names[arg]
        first = len(shape) - len(arg.shape)
        dims = list(range(first, len(shape)))
        return self.emit(f"mg.broadcast {self.names[arg]} {dims} : {type_of(arg)} -> {wanted}")

    def write(self, head, attributes, entry, weights=()):
        """`weights`: inputs, by name, that are no arguments."""
        for node in self.graph.nodes:
            if node.op == "input" and node.name in weights:
                self.names[node] = self.emit(f'mg.weight "{node.name}" : {type_of(node)}')
            elif node.op == "input":
                self.names[node] = f"%{node.name}"
            else:
                self.names[node] = self.node(node)
        arguments = ", ".join(f"%{v.name}: {type_of(v)}{attributes(v.name)}"
                              for v in self.graph.inputs if v.name not in weights)
        outputs = self.graph.outputs
        types = ", ".join(type_of(o) + attributes(f"y{i}") for i, o in enumerate(outputs))
        self.module.functions.append(
            f"{head}({arguments}) -> ({types}) {{\n" + "\n".join(self.lines) +
            f"\n  return {', '.join(self.names[o] for o in outputs)} : {', '.join(map(type_of, outputs))}\n}}\n")

    def node(self, v):
        if v.op in COMPOSITES:
            return self.composite(v)
        method = getattr(self, "op_" + v.op, None)
        return method(v) if method else self.elementwise(v)

    def elementwise(self, v):
        arguments = [self.typed(a, v.shape, v.dtype) for a in v.args]
        return self.emit(f"mg.{v.op} {', '.join(arguments)} : {type_of(v)}")

    def compare(self, v):
        dtype = next(a.dtype for a in v.args if isinstance(a, Value))
        a, b = (self.typed(x, v.shape, dtype) for x in v.args)
        wide = "tensor<" + "".join(f"{n}x" for n in v.shape) + dtype + ">"
        return self.emit(f"mg.compare {v.op} {a}, {b} : {wide}")

    op_eq = op_ge = compare

    def op_select(self, v):
        c = self.typed(v.args[0], v.shape, "i1")
        a, b = (self.typed(x, v.shape, v.dtype) for x in v.args[1:])
        flags = "tensor<" + "".join(f"{n}x" for n in v.shape) + "i1>"
        return self.emit(f"mg.select {c}, {a}, {b} : {flags}, {type_of(v)}")

    def op_reduce(self, v):
        x, dims = v.args[0], v.attrs["dims"]
        shape = "".join(f"{n}x" for i, n in enumerate(x.shape) if i not in dims)
        flat = f"tensor<{shape}{v.dtype}>"
        y = self.emit(f"mg.reduce {v.attrs['kind']} {self.names[x]} {sorted(dims)} : {type_of(x)} -> {flat}")
        if not v.attrs["keep"]:
            return y
        return self.emit(f"mg.reshape {y} : {flat} -> {type_of(v)}")

    def unary_type(self, v, words):
        x = v.args[0]
        return self.emit(f"mg.{words.format(self.names[x])} : {type_of(x)} -> {type_of(v)}")

    def op_reshape(self, v):
        return self.unary_type(v, "reshape {}")

    def op_transpose(self, v):
        return self.unary_type(v, f"transpose {{}} {v.attrs['perm']}")

    def op_slice(self, v):
        ranges = ", ".join(f"{b}:{e}" + (f":{s}" if s != 1 else "") for b, e, s in v.attrs["ranges"])
        return self.unary_type(v, f"slice {{}} [{ranges}]")

    def op_reverse(self, v):
        return self.emit(f"mg.reverse {self.names[v.args[0]]} {v.attrs['dims']} : {type_of(v)}")

    def op_broadcast(self, v):
        return self.typed(v.args[0], v.shape, v.dtype)

    def op_iota(self, v):
        return self.emit(f"mg.iota dim {v.attrs['dim']} : {type_of(v)}")

    def op_concat(self, v):
        names, types = (", ".join(map(f, v.args)) for f in (self.names.get, type_of))
        return self.emit(f"mg.concat {names} dim {v.attrs['dim']} : ({types}) -> {type_of(v)}")

    def op_pad(self, v):
        x, a = v.args[0], v.attrs
        zero = self.emit("mg.constant dense<0.0> : tensor<f32>")
        inner = [0] * len(v.shape)
        return self.emit(f"mg.pad {self.names[x]}, {zero} lo {a['lo']} hi {a['hi']} interior {inner}"
                         f" : ({type_of(x)}, tensor<f32>) -> {type_of(v)}")

    def op_stop_gradient(self, v):
        return self.emit(f"mg.stop_gradient {self.names[v.args[0]]} : {type_of(v)}")

    def op_dot(self, v):
        a, b = v.args
        k, rank = len(a.shape) - 1, len(b.shape)
        other = rank - 1 if v.attrs["transposed"] else rank - 2
        batch = list(range(rank - 2))
        both = f" batch {batch} x {batch}" if batch else ""
        if batch and a.shape[:-2] != b.shape[:-2]:
            raise ValueError("batches of a product must be equal")
        return self.emit(f"mg.dot {self.names[a]}, {self.names[b]} contract [{k}] x [{other}]{both}"
                         f" : ({type_of(a)}, {type_of(b)}) -> {type_of(v)}")

    def op_conv(self, v):
        (x, w), a = v.args, v.attrs
        n = len(v.shape) - 2
        pad, ones, dilation = [a["padding"]] * n, [1] * n, [a["dilation"]] * n
        groups = f" groups {a['groups']}" if a["groups"] != 1 else ""
        return self.emit(f"mg.conv {self.names[x]}, {self.names[w]} strides {[a['stride']] * n} lo {pad} hi {pad}"
                         f" lhs_dilation {ones} rhs_dilation {dilation}{groups}"
                         f" : ({type_of(x)}, {type_of(w)}) -> {type_of(v)}")

    def composite(self, v):
        c, specs = COMPOSITES[v.op], [(a.shape, a.dtype) for a in v.args]

        def bound(f):
            return lambda *xs: f(*xs, **v.attrs)

        body, _ = self.module.private(v.op, bound(c.body), specs)
        rule = ""
        if c.forward and self.module.derived:
            forward, results = self.module.private(v.op + ".forward", bound(c.forward), specs)
            left = [(r.shape, r.dtype) for r in [*results[1:], v]]
            backward, _ = self.module.private(v.op + ".backward", bound(c.backward), left)
            rule = f" rule {forward}, {backward}"
        names, types = (", ".join(map(f, v.args)) for f in (self.names.get, type_of))
        return self.emit(f'mg.composite "{v.op}"({names}) {{}} {body}{rule} : ({types}) -> {type_of(v)}')


def named(name):
    return f' {{mg.name = "{name}"}}'


def emit(graph, weights=()):
    module = Module()
    module.derived = bool(graph.wrt)
    if not graph.wrt:
        Function(module, graph).write("func.func @main", named, True, weights)
        return module.text()
    Function(module, graph).write("func.func private @forward", lambda v: "", False)
    (y,), wrt = graph.outputs, graph.wrt
    gradients = [graph.inputs[i] for i in wrt]
    arguments = ", ".join(f"%{v.name}: {type_of(v)}{named(v.name)}" for v in graph.inputs)
    names = ", ".join(f"%{v.name}" for v in graph.inputs)
    types = ", ".join(type_of(v) for v in graph.inputs)
    out = ", ".join(type_of(v) for v in [y, *gradients])
    outs = ", ".join(type_of(v) + named(f"y{i}") for i, v in enumerate([y, *gradients]))
    results = ", ".join(f"%all#{i}" for i in range(1 + len(wrt)))
    module.functions.append(
        f"func.func @main({arguments}, %dy: {type_of(y)}{named('dy')}) -> ({outs}) {{\n"
        f"  %all:{1 + len(wrt)} = mg.vjp @forward({names}, %dy) of [0] wrt {wrt}"
        f" : ({types}, {type_of(y)}) -> ({out})\n  return {results} : {out}\n}}\n")
    return module.text()
