"""The peers, each with its library imported when it is made first.

All take the same inputs in the same memory where they allow that. Where a peer
allocates its outputs, malloc keeps the pages (worker.py), so that what is timed
is not the kernel zeroing them.
"""
import math
import os

import numpy as np

import machine
from ours import Failed


class Peer:
    """seconds(repeat) by Python calls; `note` says what a call includes."""

    note = ""

    def __init__(self, row, threads):
        self.call = self.make(row, threads)

    def seconds(self, repeat):
        from time import perf_counter
        call = self.call
        start = perf_counter()
        for _ in range(repeat):
            call()
        return (perf_counter() - start) / repeat

    def close(self):
        self.call = None


def compile_text(text, names):
    scope = dict(names)
    exec(compile(text, "<row>", "exec"), scope)
    return scope["run"]


class Torch(Peer):
    name = "torch"
    note = "op by op; the last op writes into a given tensor where PyTorch has `out=`, else allocates"
    compiled = False

    @staticmethod
    def version():
        import torch
        return torch.__version__

    @staticmethod
    def names(torch, threads):
        """What a program's text speaks of."""
        from torch.nn import functional as F
        torch.set_num_threads(threads)

        def iota(shape, dim):
            return torch.arange(shape[dim]).reshape([n if i == dim else 1 for i, n in enumerate(shape)])

        return {"torch": torch, "F": F, "iota": iota}

    def make(self, row, threads):
        import torch
        names = self.names(torch, threads)
        inputs = row.torch_inputs(torch)
        self.array = row.torch_array
        run = compile_text(row.torch_text(), names)
        if self.compiled:
            row.torch_compiles()
            torch._dynamo.reset()
            run = torch.compile(run, dynamic=False)
        if row.wrt:
            return self.derivative(torch, row, run, inputs)
        self.out = None
        out_text = None if self.compiled else row.torch_out_text()
        if out_text:
            self.out = torch.from_numpy(machine.array(row.output_shapes()[0]))
            inputs.append(self.out)
            run = compile_text(out_text, names)

        def call():
            with torch.no_grad():
                return run(*inputs)

        self.poison = out_text is not None
        return call

    def derivative(self, torch, row, run, inputs):
        *inputs, cotangent = inputs
        wrt = [inputs[i].requires_grad_() for i in row.wrt]
        self.poison = False

        def call():
            y = run(*inputs)
            return [y.detach(), *torch.autograd.grad(y, wrt, cotangent)]

        return call

    def answer(self):
        if self.poison:
            self.out.fill_(math.nan)
        got = self.call()
        return [self.array(t.detach()) for t in (got if isinstance(got, (list, tuple)) else [got])]


class TorchCompiled(Torch):
    name = "torch.compile"
    note = "allocates its outputs"
    compiled = True


def jax_names(jax, jnp):
    """What a program's text speaks of."""
    def layer_norm(x, scale, bias):
        mean = x.mean(-1, keepdims=True)
        variance = ((x - mean) ** 2).mean(-1, keepdims=True)
        return (x - mean) * jax.lax.rsqrt(variance + 1e-5) * scale + bias

    def rms_norm(x, scale):
        return x * jax.lax.rsqrt((x * x).mean(-1, keepdims=True) + 1e-5) * scale

    def batch_norm(x, scale, bias, mean, variance):
        factor = jax.lax.rsqrt(variance + 1e-5) * scale
        return (x - mean[:, None, None]) * factor[:, None, None] + bias[:, None, None]

    def attention(q, k, v, causal):
        q, k, v = (t.swapaxes(0, 1)[None] for t in (q, k, v))
        return jax.nn.dot_product_attention(q, k, v, is_causal=causal)[0].swapaxes(0, 1)

    def heads_attention(q, k, v, causal=False, mask=None):
        q, k, v = (t.swapaxes(1, 2) for t in (q, k, v))
        return jax.nn.dot_product_attention(q, k, v, mask=mask, is_causal=causal).swapaxes(1, 2)

    def masked_attention(q, k, v, mask):
        return heads_attention(q, k, v, mask=mask)

    def conv_transpose(x, w, b):
        (n, c, h, width), (_, o, k, _) = x.shape, w.shape
        y = jnp.einsum("nchw,coab->nohawb", x, w).reshape(n, o, h * k, width * k)
        return y + b[:, None, None]

    return {"jax": jax, "jnp": jnp, "layer_norm": layer_norm, "rms_norm": rms_norm, "attention": attention,
            "batch_norm": batch_norm, "heads_attention": heads_attention, "masked_attention": masked_attention,
            "conv_transpose": conv_transpose}


class Jax(Peer):
    name = "jax"
    note = "allocates its outputs"

    @staticmethod
    def version():
        import jax
        return jax.__version__

    def make(self, row, threads):
        import jax
        import jax.numpy as jnp

        run = compile_text(row.jax_text(), jax_names(jax, jnp))
        if row.wrt:
            forward, wrt = run, row.wrt

            def run(*all):
                *inputs, cotangent = all

                def of(*chosen):
                    given = list(inputs)
                    for i, x in zip(wrt, chosen):
                        given[i] = x
                    return forward(*given)

                y, pull = jax.vjp(of, *(inputs[i] for i in wrt))
                return [y, *pull(cotangent)]

        inputs = row.jax_inputs(jnp)
        self.array = row.jax_array
        compiled = jax.jit(run).lower(*inputs).compile()
        return lambda: jax.block_until_ready(compiled(*inputs))

    def answer(self):
        got = self.call()
        return [self.array(x) for x in (got if isinstance(got, (list, tuple)) else [got])]


class OnnxRuntime(Peer):
    name = "onnxruntime"
    note = "inputs and outputs bound to given memory"

    @staticmethod
    def version():
        import onnxruntime
        return onnxruntime.__version__

    def make(self, row, threads):
        import onnxruntime as ort
        model = row.onnx()
        if model is None:
            raise Failed("ONNX has no derivatives")
        options = ort.SessionOptions()
        options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
        options.log_severity_level = 4
        session = self.session = ort.InferenceSession(model, options, providers=["CPUExecutionProvider"])
        binding = self.binding = session.io_binding()
        for name, x in row.streamed():
            binding.bind_input(name, "cpu", 0, x.dtype.type, x.shape, x.ctypes.data)
        self.out = [machine.array(s, row.output_dtype) for s in row.output_shapes()]
        for info, out in zip(session.get_outputs(), self.out):
            binding.bind_output(info.name, "cpu", 0, out.dtype.type, out.shape, out.ctypes.data)
        return lambda: session.run_with_iobinding(binding)

    def answer(self):
        for out in self.out:
            machine.poison(out)
        self.call()
        return self.out


class OpenVino(Peer):
    name = "openvino"
    note = "inputs and outputs in given memory, f32 demanded"

    @staticmethod
    def version():
        import openvino
        return openvino.__version__.split("-")[0]

    def make(self, row, threads):
        import openvino as ov
        model = row.onnx()
        if model is None:
            raise Failed("ONNX has no derivatives")
        core = ov.Core()
        compiled = core.compile_model(core.read_model(model), "CPU", {
            "INFERENCE_NUM_THREADS": threads, "INFERENCE_PRECISION_HINT": "f32",
            "PERFORMANCE_HINT": "LATENCY", "NUM_STREAMS": 1})
        request = self.request = compiled.create_infer_request()
        for name, x in row.streamed():
            request.set_tensor(name, ov.Tensor(x, shared_memory=True))
        self.out = [machine.array(s, row.output_dtype) for s in row.output_shapes()]
        for i, out in enumerate(self.out):
            request.set_output_tensor(i, ov.Tensor(out, shared_memory=True))
        return request.infer

    def answer(self):
        for out in self.out:
            machine.poison(out)
        self.call()
        return self.out


class OpenBlas(Peer):
    """cblas_sgemm of the OpenBLAS in NumPy's wheel, called through NumPy."""
    name = "openblas"
    note = "cblas_sgemm by way of numpy.matmul(out=)"

    @staticmethod
    def version():
        blas = np.show_config(mode="dicts")["Build Dependencies"]["blas"]
        if "openblas" not in blas["name"]:
            raise ImportError(f"NumPy uses {blas['name']}")
        return blas["version"]

    def make(self, row, threads):
        plain = getattr(row, "graph", None)
        nodes = [n for n in plain.nodes if n.op != "input"] if plain and not plain.wrt else []
        if len(nodes) != 1 or nodes[0].op != "dot":
            raise Failed("not a plain product")
        a, b = row.inputs
        b = np.swapaxes(b, -1, -2) if nodes[0].attrs["transposed"] else b
        self.out = machine.array(row.output_shapes()[0])
        return lambda: np.matmul(a, b, out=self.out)

    def answer(self):
        self.out.fill(math.nan)
        self.call()
        return [self.out]


ALL = {p.name: p for p in (Jax, Torch, TorchCompiled, OnnxRuntime, OpenVino, OpenBlas)}
