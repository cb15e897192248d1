"""Products of other types than f32, whose text no graph of f32 ops can say:
bf16 to bf16, f64, and int8 to int32. The right factor of a layer is a weight."""
import re
from types import SimpleNamespace

import numpy as np

import machine
from compared import Compared
from ours import Failed

# Of an element: NumPy's type, PyTorch's, ONNX's, and the result's. bf16 is two
# bytes without a meaning to NumPy.
TYPES = {"bf16": ("V2", "bfloat16", "BFLOAT16", "bf16"), "f64": ("f8", "float64", "DOUBLE", "f64"),
         "i8": ("i1", "int8", "INT8", "i32"), "i32": ("i4", "int32", "INT32", "i32")}


def widened(x):
    """The values in f64."""
    if x.dtype.itemsize == 2:
        return (x.view(np.uint16).astype(np.uint32) << 16).view(np.float32).astype(np.float64)
    return x.astype(np.float64)


class Product(Compared):
    wrt = []

    def __init__(self, dtype, m, n, k, transposed=False):
        self.dtype, self.sizes, self.transposed = dtype, (m, n, k), transposed
        self.name = (f"{dtype} vector by {n}x{k}" if transposed and m == 1 else
                     f"{dtype} layer {m}x{k}->{n}" if transposed else f"{dtype} product {m}x{n}x{k}")
        self.file = "r_" + re.sub(r"\W+", "_", self.name)
        self.weights = ("b",) if transposed else ()
        self.result = TYPES[dtype][3]
        self.output_dtype = np.dtype(TYPES[self.result][0])
        # Half a place of bf16; integers are exact, as f64 is of their sums.
        self.tolerance = {"bf16": 2.0 ** -8, "f64": 1e-12, "i8": 1e-15}[dtype]
        size = np.dtype(TYPES[dtype][0]).itemsize
        self.work = SimpleNamespace(read=size * (m * k + k * n), written=self.output_dtype.itemsize * m * n,
                                    flops=2 * m * n * k, operations=0, exps=0, dtype=dtype)
        self.inputs = None

    def shapes(self):
        m, n, k = self.sizes
        return [(m, k), (n, k) if self.transposed else (k, n)]

    def prepare(self):
        rng = np.random.default_rng(1)
        self.inputs = []
        for shape in self.shapes():
            x = machine.array(shape, np.dtype(TYPES[self.dtype][0]))
            if self.dtype == "i8":
                x[...] = rng.integers(-128, 128, shape)
            elif self.dtype == "f64":
                x[...] = rng.standard_normal(shape)
            else:
                bits = rng.standard_normal(shape, dtype=np.float32).view(np.uint32)
                x.view(np.uint16)[...] = bits >> 16
            self.inputs.append(x)

    def output_shapes(self):
        return [self.sizes[:2]]

    def expected(self):
        a, b = map(widened, self.inputs)
        return [a @ (b.T if self.transposed else b)]

    def values(self, x):
        return widened(x)

    def mlir(self, weights=()):
        (m, k), b = self.shapes()
        n = self.sizes[1]
        left, right = (f"tensor<{r}x{c}x{self.dtype}>" for r, c in ((m, k), b))
        out = f"tensor<{m}x{n}x{self.result}>"
        given = "" if weights else f', %b: {right} {{mg.name = "b"}}'
        known = f'  %b = mg.weight "b" : {right}\n' if weights else ""
        return (f'func.func @main(%a: {left} {{mg.name = "a"}}{given}) -> '
                f'({out} {{mg.name = "y"}}) {{\n{known}'
                f"  %y = mg.dot %a, %b contract [1] x [{int(self.transposed)}] : ({left}, {right}) -> {out}\n"
                f"  return %y : {out}\n}}\n")

    def named_weights(self):
        return {"b": self.inputs[1]} if self.weights else {}

    def torch_inputs(self, torch):
        if self.dtype == "bf16":
            return [torch.from_numpy(x.view(np.int16)).view(torch.bfloat16) for x in self.inputs]
        return [torch.from_numpy(x) for x in self.inputs]

    def torch_array(self, x):
        return x.view(dtype=__import__("torch").int16).numpy().view("V2") if self.dtype == "bf16" else x.numpy()

    def torch_text(self):
        b = "b.mT" if self.transposed else "b"
        call = f"torch._int_mm(a, {b})" if self.dtype == "i8" else f"a @ {b}"
        return f"def run(a, b):\n  return {call}\n"

    def torch_out_text(self):
        return None

    def torch_compiles(self):
        pass

    def jax_inputs(self, jnp):
        if self.dtype == "f64":
            raise Failed("computes in f32")
        return [jnp.asarray(x.view(jnp.bfloat16) if self.dtype == "bf16" else x) for x in self.inputs]

    def jax_text(self):
        b = "b.T" if self.transposed else "b"
        kind = "jnp.int32" if self.dtype == "i8" else "None"
        return f"def run(a, b):\n  return jnp.matmul(a, {b}, preferred_element_type={kind})\n"

    def jax_array(self, x):
        return np.asarray(x).view("V2") if self.dtype == "bf16" else np.asarray(x)

    def onnx(self):
        """The weight of a layer as an initializer, turned as the op wants it."""
        if self.dtype == "bf16":
            raise Failed("has no kernel for bf16")
        from onnx import TensorProto, helper, numpy_helper
        kind, out = (getattr(TensorProto, TYPES[t][2]) for t in (self.dtype, self.result))
        op = "MatMulInteger" if self.dtype == "i8" else "MatMul"
        info = [helper.make_tensor_value_info(name, kind, shape)
                for name, shape in zip("ab", self.shapes())][:1 if self.transposed else 2]
        weights = [numpy_helper.from_array(np.ascontiguousarray(self.inputs[1].T), "b")] if self.transposed else []
        model = helper.make_model(helper.make_graph(
            [helper.make_node(op, ["a", "b"], ["y"])], "main", info,
            [helper.make_tensor_value_info("y", out, self.output_shapes()[0])], weights),
            opset_imports=[helper.make_opsetid("", 20)])
        model.ir_version = 9
        return model.SerializeToString()

    def streamed(self):
        return list(zip("ab", self.inputs))[:1 if self.weights else 2]


def listed():
    rows = []
    for dtype in ("bf16", "f64", "i8"):
        rows += [Product(dtype, n, n, n) for n in (256, 1024)]
        rows += [Product(dtype, m, n, k, True) for n, k in ((3072, 768), (768, 3072))
                 for m in (1, 8, 32, 128, 512) if dtype != "f64" or m in (1, 32, 128)]
    return rows
