"""A recurrence, h = tanh(w h + x[t]), which no graph of ops can say: its text
for every contestant."""
from types import SimpleNamespace

import numpy as np

import machine
from compared import Compared
from ours import Failed


class Scan(Compared):
    dtype, tolerance, weights = "f32", 1e-4, ()

    def __init__(self, steps, width, gradient=False):
        self.steps, self.width, self.gradient = steps, width, gradient
        self.name = f"scan of {steps} steps of {width}" + (", gradient" if gradient else "")
        self.file = f"r_scan_{steps}_{width}" + ("_gradient" if gradient else "")
        self.wrt = [0, 1, 2] if gradient else []
        moved = 4 * (width * width + width + steps * width)
        self.work = SimpleNamespace(read=moved, written=4 * width + (moved if gradient else 0),
                                    operations=0, exps=steps * width,
                                    flops=2 * steps * width * width * (3 if gradient else 1))
        self.inputs = None

    def shapes(self):
        n = self.width
        return [(n, n), (n,), (self.steps, n)]

    def prepare(self):
        rng = np.random.default_rng(1)
        self.inputs = []
        for shape in self.shapes() + [(self.width,)] * self.gradient:
            x = machine.array(shape)
            x[...] = rng.standard_normal(shape) * (0.2 if len(self.inputs) == 0 else 1)
            self.inputs.append(x)

    def output_shapes(self):
        return [(self.width,)] + (self.shapes() if self.gradient else [])

    def expected(self):
        w, h, x, *rest = (i.astype(np.float64) for i in self.inputs)
        states = [h]
        for t in range(self.steps):
            states.append(np.tanh(w @ states[-1] + x[t]))
        if not self.gradient:
            return [states[-1]]
        g, dw, dx = rest[0], np.zeros_like(w), np.zeros_like(x)
        for t in reversed(range(self.steps)):
            dx[t] = g * (1 - states[t + 1] ** 2)
            dw += np.outer(dx[t], states[t])
            g = w.T @ dx[t]
        return [states[-1], dw, g, dx]

    def mlir(self):
        n, s = self.width, self.steps
        w, h, x = f"tensor<{n}x{n}xf32>", f"tensor<{n}xf32>", f"tensor<{s}x{n}xf32>"

        def named(name):
            return f'{{mg.name = "{name}"}}'

        arguments = f"%w: {w} {named('w')}, %h: {h} {named('h')}, %x: {x} {named('x')}"
        step = f"""func.func private @step(%w: {w}, %h: {h}, %x: {h}) -> {h} {{
  %p = mg.dot %w, %h contract [1] x [0] : ({w}, {h}) -> {h}
  %s = mg.add %p, %x : {h}
  %t = mg.tanh %s : {h}
  return %t : {h}
}}
"""
        body = f"""  %y = mg.scan @step(%w, %h, %x) consts 1 carries 1 length {s} : ({w}, {h}, {x}) -> {h}
  return %y : {h}
}}
"""
        if not self.gradient:
            return step + f"func.func @main({arguments}) -> ({h} {named('y')}) {{\n" + body
        return step + f"func.func private @forward(%w: {w}, %h: {h}, %x: {x}) -> {h} {{\n" + body + f"""
func.func @main({arguments}, %g: {h} {named('g')})
    -> ({h} {named('y')}, {w} {named('dw')}, {h} {named('dh')}, {x} {named('dx')}) {{
  %r:4 = mg.vjp @forward(%w, %h, %x, %g) of [0] wrt [0, 1, 2] : ({w}, {h}, {x}, {h}) -> ({h}, {w}, {h}, {x})
  return %r#0, %r#1, %r#2, %r#3 : {h}, {w}, {h}, {x}
}}
"""

    def torch_text(self):
        return f"""def run(w, h, x):
  for t in range({self.steps}):
    h = torch.tanh(w @ h + x[t])
  return h
"""

    def torch_out_text(self):
        return None

    def torch_compiles(self):
        raise Failed("unrolls the loop: minutes of compilation")

    def jax_text(self):
        return """def run(w, h, x):
  def step(h, x):
    h = jnp.tanh(w @ h + x)
    return h, None
  return jax.lax.scan(step, h, x)[0]
"""

    def onnx(self):
        if self.gradient:
            return None
        from onnx import TensorProto, helper
        n, kind = self.width, TensorProto.FLOAT

        def info(name, shape):
            return helper.make_tensor_value_info(name, kind, shape)

        step = helper.make_graph(
            [helper.make_node("MatMul", ["w", "a"], ["p"]), helper.make_node("Add", ["p", "b"], ["s"]),
             helper.make_node("Tanh", ["s"], ["t"])],
            "step", [info("a", [n]), info("b", [n])], [info("t", [n])])
        scan = helper.make_node("Scan", ["h", "x"], ["y"], body=step, num_scan_inputs=1)
        model = helper.make_model(helper.make_graph(
            [scan], "main", [info("w", [n, n]), info("h", [n]), info("x", [self.steps, n])], [info("y", [n])]),
            opset_imports=[helper.make_opsetid("", 20)])
        model.ir_version = 9
        return model.SerializeToString()

    def streamed(self):
        return list(zip("whx", self.inputs))
