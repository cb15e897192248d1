"""One row of the table: a workload with its shapes and its inputs."""
import functools
import re

import numpy as np

import emit_mlir
import emit_python
import machine
import reference
from compared import Compared
from composites import COMPOSITES
from graph import Graph, Work, flatten


class Row(Compared):
    """Of a graph. Other kinds of rows (suites/loops.py) have the same methods.
    `weights`: inputs that a library may prepare beforehand, as inference does."""

    dtype = "f32"

    def __init__(self, name, build, tolerance=2e-5, weights=()):
        self.name, self.tolerance, self.weights = name, tolerance, weights
        self.graph = Graph()
        build(self.graph)
        self.inputs = None

    @property
    def file(self):
        return "r_" + re.sub(r"\W+", "_", self.name)

    @functools.cached_property
    def flat(self):
        return flatten(self.graph, COMPOSITES)

    @functools.cached_property
    def work(self):
        return Work(self.flat)

    def differentiated(self, *wrt):
        """The same row with the gradients by these inputs; by all, where none
        is said."""
        inputs = self.graph.inputs
        self.graph.gradient(*(inputs[i] for i in wrt or range(len(inputs))))
        self.name += ", gradient"
        self.tolerance = max(self.tolerance, 1e-4)
        return self

    def torch_compiles(self):
        """Raises where that is hopeless."""

    def prepare(self):
        """Draws the inputs: of a row that is measured only."""
        rng = np.random.default_rng(1)
        shapes = [v.shape for v in self.graph.inputs]
        if self.graph.wrt:
            shapes.append(self.graph.outputs[0].shape)
        self.inputs = []
        for shape in shapes:
            x = machine.array(shape)
            rng.standard_normal(dtype=np.float32, out=x.reshape(-1) if x.ndim == 0 else x)
            self.inputs.append(x)

    def output_shapes(self):
        return [o.shape for o in self.graph.outputs] + [self.graph.inputs[i].shape for i in self.graph.wrt]

    def expected(self):
        return reference.evaluate(self.flat, self.inputs)

    def mlir(self, weights=()):
        """With the inputs that `weights` names as weights of the module."""
        return emit_mlir.emit(self.graph, weights)

    def named_weights(self):
        return {v.name: x for v, x in zip(self.graph.inputs, self.inputs) if v.name in self.weights}

    @property
    def wrt(self):
        return self.graph.wrt

    def torch_text(self):
        return emit_python.torch_text(self.graph)

    def torch_out_text(self):
        return None if self.graph.wrt else emit_python.torch_out_text(self.graph)

    def jax_text(self):
        return emit_python.jax_text(self.graph)

    def onnx(self):
        import emit_onnx
        return emit_onnx.emit(self.graph, self.named_weights())

    def streamed(self):
        """The inputs that are not weights."""
        return [(v.name, x) for v, x in zip(self.graph.inputs, self.inputs) if v.name not in self.weights]
