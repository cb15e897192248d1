"""A whole model as a row. minigrad's program is that of benchmarks/models, in the
C++ DSL, written by bench-models with its weights; everybody else's comes from a
graph that is given the same weights. So a model has two descriptions, and each
row proves that they are the same function."""
import re
import subprocess

import numpy as np

import emit_python
import floats
import machine
import reference
import weights_file
from compared import Compared
from composites import COMPOSITES
from graph import Graph, Work, flatten

NAME = {dtype: name for name, dtype in floats.NUMPY.items()}


def identifier(path):
    return re.sub(r"\W", "_", path)


class Parameters:
    """The weights of a graph, which become its inputs as they are asked for."""

    def __init__(self, graph, arrays, dtype):
        self.graph, self.arrays, self.dtype, self.used = graph, arrays, dtype, {}

    def __call__(self, path):
        if path not in self.used:
            self.used[path] = self.graph.input(identifier(path), self.arrays[path][1].shape, self.dtype)
        return self.used[path]

    def has(self, path):
        return path in self.arrays


class Model(Compared):
    """`build(graph, weights, inputs)` returns the outputs. `inputs`: name ->
    (shape, dtype, draw), dtype None for the model's."""

    wrt = ()

    def __init__(self, name, model, build, inputs, words=(), batch=1, dtype="f32", tiny=False):
        self.name = ("tiny " if tiny else "") + f"{name}, batch {batch}" + (", bf16" if dtype == "bf16" else "")
        self.model, self.build, self.given, self.dtype, self.tiny = model, build, inputs, dtype, tiny
        self.words = [model, "--batch", str(batch), *words, *(["--bf16"] if dtype == "bf16" else []),
                      *(["--tiny"] if tiny else [])]
        # bf16 has 8 bits: errors of 2^-9 in each of many layers; all contestants
        # are 0.15 off in MobileNetV2.
        self.tolerance = 1e-3 if dtype == "f32" else 0.25
        self.inputs = None

    @property
    def file(self):
        return "m_" + re.sub(r"\W+", "_", self.name)

    def export(self, build, folder):
        """Writes program and weights, and reads the latter."""
        self.source, self.weights_file = folder / f"{self.file}.mlir", folder / f"{self.file}.safetensors"
        subprocess.run([build / "bin/bench-models", *self.words, "-o", folder / self.file], check=True)
        self.arrays = {n: (NAME[x.dtype], x) for n, x in weights_file.load(self.weights_file).items()}

    def describe(self, dtype):
        graph = Graph()
        inputs = [graph.input(identifier(n), shape, kind or dtype) for n, (shape, kind, _) in self.given.items()]
        weights = Parameters(graph, self.arrays, dtype)
        outputs = self.build(graph, weights, *inputs)
        unused = set(self.arrays) - set(weights.used)
        if unused:
            raise ValueError(f"{self.name}: weights without a use: {sorted(unused)[:5]}")
        graph.returns(*outputs)
        return graph, weights

    def prepare(self):
        rng = np.random.default_rng(1)
        self.graph, weights = self.describe(self.dtype)
        self.flat = flatten(self.graph, COMPOSITES)
        self.work = Work(self.flat)
        self.work.dtype = self.dtype
        self.weights = {identifier(p): machine.copied(self.arrays[p][1]) for p in weights.used}
        self.paths = {identifier(p): p for p in weights.used}
        self.drawn = {}
        for name, (shape, kind, draw) in self.given.items():
            x = draw(rng, shape)
            x = floats.narrow(x) if (kind or self.dtype) == "bf16" else x
            self.drawn[identifier(name)] = machine.copied(x)
        # A cache is written by a step: each contestant has its own.
        self.stored = {v.args[0].name: v for v in self.graph.nodes if v.op == "store"}
        self.inputs = [self.weights.get(v.name, self.drawn.get(v.name)) for v in self.graph.inputs]

    def release(self):
        super().release()
        self.weights = self.drawn = self.arrays = self.graph = self.flat = None

    def fresh(self, name):
        """An input that the contestant may write to."""
        return machine.copied(self.drawn[name]) if name in self.stored else self.drawn[name]

    def output_shapes(self):
        return [o.shape for o in self.graph.outputs]

    def expected(self):
        return reference.evaluate(self.flat, [floats.widen(x) for x in self.inputs])

    def torch_text(self):
        return emit_python.torch_text(self.graph)

    def jax_graph(self):
        """The same, returning what it stored: JAX changes nothing in place."""
        graph, _ = self.describe(self.dtype)
        stored = {v.args[0].name: v for v in graph.nodes if v.op == "store"}
        self.order = list(stored)
        graph.returns(*graph.outputs, *stored.values())
        return emit_python.jax_text(graph)

    def onnx(self):
        """In f32, whatever the model is, returning what is to be cached."""
        import emit_onnx
        graph, _ = self.describe("f32")
        graph.returns(*graph.outputs, *(v for v in graph.nodes if v.op == "store"))
        return emit_onnx.emit(graph, {n: floats.widen(x) for n, x in self.weights.items()})

    def onnx_inputs(self):
        """A cache as it is before a step, which appends to it."""
        for name, x in self.drawn.items():
            x = floats.widen(x)
            yield name, np.ascontiguousarray(x[:, :, :-1]) if name in self.stored else x

    def onnx_output_shapes(self):
        return self.output_shapes() + [v.shape for v in self.stored.values()]

    def contestant(self, name, build, threads, folder, this_machine):
        import model_contestants
        return model_contestants.ALL[name](self, build, threads, folder, this_machine)
