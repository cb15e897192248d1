"""Who runs whole models. As in peers.py and ours.py, but weights are given once,
as each library likes them best: PyTorch's in a module (frozen where it compiles),
ONNX's as initializers, ours by their file's names. A cache of keys and values is
changed in place by those that can (minigrad, PyTorch; JAX is given it to
keep), and returned one row longer by ONNX models."""
import ctypes
import subprocess

import numpy as np

import floats
import machine
import ours
import peers
from ours import Failed


def wide(answers):
    return [floats.widen(a) for a in answers]


class Ours(ours.Compiled):
    def __init__(self, row, build, threads, folder, this_machine):
        self.machine = this_machine
        library = folder / f"{row.file}.so"
        prepared = folder / f"{row.file}.prepared.safetensors"
        made = subprocess.run([build / "bin/mgc", "compile", row.source, "-o", library, "--mcpu=native", *row.flags,
                               "--weights", row.weights_file, "--prepared-weights", prepared],
                              capture_output=True, text=True)
        if made.returncode:
            raise Failed(f"mgc: {made.stderr.strip().splitlines()[0] if made.stderr else made.returncode}")
        self.library = ctypes.CDLL(str(library))
        describe = self.library.model_model
        describe.restype = ctypes.POINTER(ours.Model)
        model = describe().contents
        self.entry = entry = model.entries[0]
        self.take_weights(prepared, model)
        names = [entry.inputs[i].name.decode().replace(".", "_") for i in range(entry.input_count)]
        self.inputs = [row.fresh(name) for name in names]
        self.outputs = [self.output(i) for i in range(entry.output_count)]
        self.count = len(row.output_shapes())
        self.workspace = machine.memory(entry.workspace_bytes + 1)
        self.arguments = (ours.addresses(self.inputs), ours.addresses(self.outputs))

    def output(self, i):
        """A new array, or the input that it updates."""
        updated, about = self.entry.updates[i], self.entry.outputs[i]
        if updated >= 0:
            return self.inputs[updated]
        return machine.array(about.shape[:about.rank], ours.DTYPES[about.dtype])

    def answer(self):
        for i, out in enumerate(self.outputs):
            if self.entry.updates[i] < 0:
                out.view(np.uint8).fill(0xFF)  # NaN
        self.seconds(1)
        return wide(self.outputs[:self.count])

    def planned(self):
        """Bytes that a call needs, all known before it."""
        held = {a.ctypes.data: a.nbytes for a in self.weights + self.inputs + self.outputs}
        return self.entry.workspace_bytes + sum(held.values())


class Eager(ours.Eager):
    def __init__(self, row, build, threads, folder, this_machine):
        self.folder, self.row = folder, row
        files = []
        for i, x in enumerate(row.drawn.values()):
            files.append(folder / f"{row.file}.in{i}.npy")
            np.save(files[-1], x)
        self.start(build, [row.source, str(threads), "--weights", row.weights_file, *files])

    def answer(self):
        return wide(super().answer())


def tensor(torch, x):
    if x.dtype == floats.BF16:
        return torch.from_numpy(x.view(np.int16)).view(torch.bfloat16)
    return torch.from_numpy(x)


class Torch(peers.Torch):
    def __init__(self, row, build, threads, folder, this_machine):
        super().__init__(row, threads)

    def make(self, row, threads):
        import torch
        names = self.names(torch, threads)
        run = peers.compile_text(row.torch_text(), names)
        # A layer's weights lie as PyTorch's own would: out by in.
        layers = {v.args[1].name for v in row.graph.nodes if v.op == "project"}
        self.poison = False

        class Net(torch.nn.Module):
            def __init__(self):
                super().__init__()
                for name, x in row.weights.items():
                    x = tensor(torch, x)
                    self.register_buffer(name, x.t().contiguous().t() if name in layers else x)
                self.order = list(row.weights)

            def forward(self, *inputs):
                return run(*inputs, *(getattr(self, name) for name in self.order))

        net = Net().eval()
        inputs = [tensor(torch, row.fresh(n)) for n in row.drawn]
        if self.compiled:
            torch._dynamo.reset()
            torch._inductor.config.freezing = True
            net = torch.compile(net, dynamic=False)

        def call():
            with torch.no_grad():
                return net(*inputs)

        return call

    def answer(self):
        got = self.call()
        return [t.float().numpy() for t in (got if isinstance(got, (list, tuple)) else [got])]


class TorchCompiled(Torch):
    name, compiled = "torch.compile", True


class Jax(peers.Jax):
    def __init__(self, row, build, threads, folder, this_machine):
        self.count = len(row.output_shapes())
        super().__init__(row, threads)

    def make(self, row, threads):
        import jax
        import jax.numpy as jnp
        import ml_dtypes

        def array(x):
            return jnp.array(x.view(ml_dtypes.bfloat16) if x.dtype == floats.BF16 else x)

        run = peers.compile_text(row.jax_graph(), peers.jax_names(jax, jnp))
        names = [v.name for v in row.graph.inputs]
        given = [array(row.weights[n] if n in row.weights else row.fresh(n)) for n in names]
        kept = [names.index(n) for n in row.order]
        compiled = jax.jit(run, donate_argnums=kept).lower(*given).compile()

        def call():
            out = compiled(*given)
            for i, cache in zip(kept, out[self.count:] if kept else ()):
                given[i] = cache
            return jax.block_until_ready(out)

        return call

    def answer(self):
        got = self.call()
        got = got if isinstance(got, (list, tuple)) else [got]
        return [np.asarray(x.astype("float32")) for x in got[:self.count]]


def checked(row, model):
    """What ONNX's libraries read has to fit into one message of protobuf."""
    if len(model) >= 1 << 31:
        raise Failed("larger than a file of ONNX may be")
    return model


class OnnxRuntime(peers.OnnxRuntime):
    def __init__(self, row, build, threads, folder, this_machine):
        if row.dtype != "f32":
            raise Failed("has no bf16 on CPUs")
        super().__init__(row, threads)

    def make(self, row, threads):
        import onnxruntime as ort
        options = ort.SessionOptions()
        options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
        options.log_severity_level = 4
        session = self.session = ort.InferenceSession(checked(row, row.onnx()), options,
                                                      providers=["CPUExecutionProvider"])
        binding = self.binding = session.io_binding()
        self.given = dict(row.onnx_inputs())
        for info in session.get_inputs():
            x = self.given[info.name]
            binding.bind_input(info.name, "cpu", 0, x.dtype.type, x.shape, x.ctypes.data)
        outputs = [machine.array(s) for s in row.onnx_output_shapes()]
        for info, out in zip(session.get_outputs(), outputs, strict=True):
            binding.bind_output(info.name, "cpu", 0, out.dtype.type, out.shape, out.ctypes.data)
        self.bound, self.out = outputs, outputs[:len(row.output_shapes())]
        return lambda: session.run_with_iobinding(binding)


class OpenVino(peers.OpenVino):
    def __init__(self, row, build, threads, folder, this_machine):
        super().__init__(row, threads)

    def make(self, row, threads):
        import openvino as ov
        core = ov.Core()
        compiled = core.compile_model(core.read_model(checked(row, row.onnx())), "CPU", {
            "INFERENCE_NUM_THREADS": threads, "INFERENCE_PRECISION_HINT": row.dtype,
            "PERFORMANCE_HINT": "LATENCY", "NUM_STREAMS": 1})
        request = self.request = compiled.create_infer_request()
        self.given = dict(row.onnx_inputs())
        for port in compiled.inputs:
            request.set_tensor(port, ov.Tensor(self.given[port.any_name], shared_memory=True))
        outputs = [machine.array(s) for s in row.onnx_output_shapes()]
        for i, out in enumerate(outputs):
            request.set_output_tensor(i, ov.Tensor(out, shared_memory=True))
        self.bound, self.out = outputs, outputs[:len(row.output_shapes())]
        return request.infer


class OpenBlas:
    def __init__(self, *_):
        raise Failed("not a plain product")


ALL = {"ours": Ours, "eager": Eager, "torch": Torch, "torch.compile": TorchCompiled, "jax": Jax,
       "onnxruntime": OnnxRuntime, "openvino": OpenVino, "openblas": OpenBlas}
