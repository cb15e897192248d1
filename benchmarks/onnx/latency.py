"""latency.py BUILD MODEL.onnx..|FOLDER..: ONNX models compiled by mgc beside onnxruntime, in one process and in turns, as a table.

A FOLDER holds model.onnx, and the inputs where it is a test in ONNX's layout (test/onnx/export_models.py writes such folders); other
inputs are random. The figures are medians of rounds, and a round is the fastest of some bursts. Both keep inputs and outputs in given
memory. The last columns say what compiling took: seconds, and the most that the process had in memory beside what the file takes.

Wants numpy, onnx and onnxruntime, and the targets mgc and mgbench.
"""
import argparse
import ctypes
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

import numpy as np
import onnx
import onnxruntime as ort
from onnx import numpy_helper

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "table"))
import machine
import ours
import weights_file

BURSTS, BURST_SECONDS = 3, 0.02


def given_inputs(folder, model):
    """In the graph's order, without those that have values in the model."""
    known = {x.name for x in model.graph.initializer}
    random = np.random.default_rng(1)
    inputs = {}
    for i, info in enumerate(model.graph.input):
        if info.name in known:
            continue
        file = folder / "test_data_set_0" / f"input_{i}.pb"
        if file.exists():
            inputs[info.name] = numpy_helper.to_array(onnx.TensorProto.FromString(file.read_bytes()))
            continue
        kind = info.type.tensor_type
        shape = [d.dim_value or 1 for d in kind.shape.dim]
        inputs[info.name] = random.standard_normal(shape).astype(onnx.helper.tensor_dtype_to_np_dtype(kind.elem_type))
    return {name: machine.copied(np.ascontiguousarray(x)) for name, x in inputs.items()}


class Ours:
    def __init__(self, build, path, folder, inputs, results, clock):
        library = folder / "model.so"
        shapes = [word for name, x in inputs.items() if x.ndim for word in ("--shape", f"{name}={'x'.join(map(str, x.shape))}")]
        self.compile([build / "bin/mgc", "compile", path, "-o", library, "--mcpu=native", *shapes])
        self.library = ctypes.CDLL(str(library))
        names = [line.split()[2] for line in subprocess.run(["nm", "-D", "--defined-only", library], capture_output=True, text=True)
                 .stdout.splitlines() if line.endswith("_model")]
        describe = getattr(self.library, names[0])
        describe.restype = ctypes.POINTER(ours.Model)
        model = describe().contents
        self.entry, self.clock, self.results = model.entries[0], clock, results
        self.weights = None
        if model.weight_count:
            weights = [model.weights[i].name.decode() for i in range(model.weight_count)]
            self.weight_arrays = weights_file.in_memory(library.with_suffix(".safetensors"), weights)
            self.weights = ours.addresses(self.weight_arrays)
        self.workspace = machine.memory(self.entry.workspace_bytes + 1)
        self.arguments = (ours.addresses(list(inputs.values())), ours.addresses(results))

    def compile(self, command):
        """In one process, whose peak is watched: wait4() would count ours, too."""
        start, self.peak_bytes = time.monotonic(), 0
        child = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env={**os.environ, "MGC_NO_FORK": "1"})
        while child.poll() is None:
            lines = pathlib.Path(f"/proc/{child.pid}/status").read_text().splitlines()
            self.peak_bytes = max([self.peak_bytes] + [int(line.split()[1]) << 10 for line in lines if line.startswith("VmHWM")])
            time.sleep(0.005)
        self.compile_seconds = time.monotonic() - start
        if child.returncode:
            raise ours.Failed(child.stderr.read().strip().splitlines()[0])

    def seconds(self, repeat):
        took = self.clock.lib.mgb_call(self.entry.call, self.weights, *self.arguments, self.workspace.ctypes.data, self.clock.pool, repeat)
        if took <= 0:
            raise ours.Failed(f"status {-took:.0f}")
        return took


class Theirs:
    def __init__(self, path, inputs, threads):
        options = ort.SessionOptions()
        options.intra_op_num_threads, options.inter_op_num_threads, options.log_severity_level = threads, 1, 4
        self.session = ort.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
        self.results = [machine.copied(np.ascontiguousarray(x)) for x in self.session.run(None, inputs)]
        self.binding = self.session.io_binding()
        for name, x in inputs.items():
            self.binding.bind_input(name, "cpu", 0, x.dtype.type, x.shape, x.ctypes.data)
        for info, x in zip(self.session.get_outputs(), self.results):
            self.binding.bind_output(info.name, "cpu", 0, x.dtype.type, x.shape, x.ctypes.data)

    def seconds(self, repeat):
        start = time.perf_counter()
        for _ in range(repeat):
            self.session.run_with_iobinding(self.binding)
        return (time.perf_counter() - start) / repeat


def fastest(contestant, repeat):
    return min(contestant.seconds(repeat) for _ in range(BURSTS))


def worst_error(got, expected):
    """Relative to the largest element of each output."""
    return max(float(np.max(np.abs(g.astype(np.float64) - e.astype(np.float64)), initial=0)) / max(1e-30, float(np.max(np.abs(e), initial=0)))
               for g, e in zip(got, expected))


def measure(path, options, clock):
    model = onnx.load(path, load_external_data=False)
    inputs = given_inputs(path.parent, model)
    theirs = Theirs(path, inputs, options.threads)
    expected = [x.copy() for x in theirs.results]
    results = [machine.array(x.shape, x.dtype) for x in expected]
    with tempfile.TemporaryDirectory(prefix="mg-onnx-") as folder:
        mine = Ours(options.build, path.resolve(), pathlib.Path(folder), inputs, results, clock)
        repeats = [max(1, int(BURST_SECONDS / c.seconds(2))) for c in (mine, theirs)]
        rounds = [(fastest(mine, repeats[0]), fastest(theirs, repeats[1])) for _ in range(options.rounds)]
    error = worst_error(results, expected)
    ms = [1e3 * statistics.median(column) for column in zip(*rounds)]
    ratio = statistics.median(b / a for a, b in rounds)
    size = path.stat().st_size / 1e6
    return (f"{len(model.graph.node)} | {ms[0]:.2f} ms | {ms[1]:.2f} ms | {ratio:.2f} | {error:.1e} | {mine.compile_seconds:.1f} s | "
            f"{mine.peak_bytes / 1e6:.0f} MB of {size:.0f} MB")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("build", type=pathlib.Path)
    parser.add_argument("models", nargs="+", type=pathlib.Path)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=9)
    options = parser.parse_args()
    options.build = options.build.resolve()
    clock = machine.Machine(options.build / "lib/libmgbench.so", options.threads)
    print(f"{options.threads} threads, onnxruntime {ort.__version__}, {options.rounds} rounds\n")
    print("| model | nodes | minigrad | onnxruntime | times as fast | worst difference | compiled in | peak of compiling, of file |")
    print("|---|---|---|---|---|---|---|---|")
    failed = False
    for path in options.models:
        path = path / "model.onnx" if path.is_dir() else path
        name = path.parent.name if path.name == "model.onnx" else path.stem
        try:
            print(f"| {name} | {measure(path, options, clock)} |", flush=True)
        except ours.Failed as error:
            failed = True
            print(f"| {name} | | {error} | | | | | |", flush=True)
    sys.exit(failed)


if __name__ == "__main__":
    main()
