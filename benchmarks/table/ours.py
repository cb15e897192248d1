"""minigrad: compiled, by its C ABI, and eager mode, in a process beside."""
import ctypes
import pathlib
import subprocess
import sys

import numpy as np

import floats
import machine
import weights_file


class Failed(Exception):
    """Why a contestant has no figure."""


class Argument(ctypes.Structure):
    """struct mg_argument."""
    _fields_ = [("name", ctypes.c_char_p), ("dtype", ctypes.c_int32), ("rank", ctypes.c_int32),
                ("shape", ctypes.POINTER(ctypes.c_int64))]


# By the numbers of mg_dtype.
DTYPES = {3: np.dtype("<i4"), 10: floats.BF16, 11: np.dtype("<f4")}


class Entry(ctypes.Structure):
    """struct mg_entry of minigrad/model.h."""
    _fields_ = [("name", ctypes.c_char_p), ("call", ctypes.c_void_p), ("workspace_bytes", ctypes.c_uint64),
                ("alignment", ctypes.c_uint64), ("input_count", ctypes.c_uint32), ("output_count", ctypes.c_uint32),
                ("inputs", ctypes.POINTER(Argument)), ("outputs", ctypes.POINTER(Argument)),
                ("updates", ctypes.POINTER(ctypes.c_int32))]


class Model(ctypes.Structure):
    """struct mg_model."""
    _fields_ = [("abi_version", ctypes.c_uint32), ("entry_count", ctypes.c_uint32), ("name", ctypes.c_char_p),
                ("levels", ctypes.c_char_p), ("entries", ctypes.POINTER(Entry)), ("weight_count", ctypes.c_uint32),
                ("state_count", ctypes.c_uint32), ("weights", ctypes.POINTER(Argument)),
                ("state", ctypes.POINTER(Argument))]


def addresses(arrays):
    return (ctypes.c_void_p * max(len(arrays), 1))(*(a.ctypes.data for a in arrays))


class Compiled:
    """Direct calls from C; outputs and workspace are allocated once. Weights
    are laid out by the compiler as it likes."""

    weight_addresses = None

    def __init__(self, row, tools, folder, this_machine):
        self.machine = this_machine
        source, library = folder / f"{row.file}.mlir", folder / f"{row.file}.so"
        command = [tools / "bin/mgc", "compile", source, "-o", library, "--mcpu=native", *row.flags]
        if row.weights:
            given, prepared = (folder / f"{row.file}{end}.safetensors" for end in ("", ".prepared"))
            weights_file.save(given, row.named_weights())
            command += ["--weights", given, "--prepared-weights", prepared]
        source.write_text(row.mlir(row.weights) if row.weights else row.mlir())
        made = subprocess.run(command, capture_output=True, text=True)
        if made.returncode:
            raise Failed(f"mgc: {made.stderr.strip().splitlines()[0] if made.stderr else made.returncode}")
        self.library = ctypes.CDLL(str(library))
        describe = getattr(self.library, f"{row.file}_model")
        describe.restype = ctypes.POINTER(Model)
        model = describe().contents
        self.entry = model.entries[0]
        if row.weights:
            self.take_weights(prepared, model)
        self.inputs = [x for _, x in row.streamed()] if row.weights else row.inputs
        self.outputs = [machine.array(s, row.output_dtype) for s in row.output_shapes()]
        self.workspace = machine.memory(self.entry.workspace_bytes + 1)
        self.arguments = (addresses(self.inputs), addresses(self.outputs))

    def take_weights(self, file, model):
        names = [model.weights[i].name.decode() for i in range(model.weight_count)]
        self.weights = weights_file.in_memory(file, names)
        self.weight_addresses = addresses(self.weights)

    def seconds(self, repeat):
        took = self.machine.lib.mgb_call(self.entry.call, self.weight_addresses, *self.arguments,
                                         self.workspace.ctypes.data, self.machine.pool, repeat)
        if took <= 0:
            raise Failed(f"status {-took:.0f}")
        return took

    def answer(self):
        for out in self.outputs:
            machine.poison(out)
        self.seconds(1)
        return self.outputs

    def close(self):
        pass


class Eager:
    """Op by op, each op a kernel of the runtime; allocates every result."""

    def __init__(self, row, tools, folder, this_machine):
        self.folder, self.row = folder, row
        source = folder / f"{row.file}.mlir"
        source.write_text(row.mlir())
        files = []
        for i, x in enumerate(row.inputs):
            files.append(folder / f"{row.file}.in{i}.npy")
            np.save(files[-1], x)
        self.start(tools, [source, str(this_machine.threads), *files])

    def start(self, tools, words):
        self.process = subprocess.Popen(
            [tools / "bin/bench-interpret", *words], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def ask(self, words):
        try:
            self.process.stdin.write(words + "\n")
            self.process.stdin.flush()
        except BrokenPipeError:
            pass
        line = self.process.stdout.readline()
        if not line:
            reason = self.process.stderr.read().strip().splitlines()
            raise Failed(reason[0] if reason else f"ended with {self.process.wait()}")
        return line

    def seconds(self, repeat):
        return float(self.ask(str(repeat)))

    def answer(self):
        prefix = self.folder / f"{self.row.file}.out"
        self.ask(f"write {prefix}")
        return [np.load(f"{prefix}.{i}.npy") for i in range(len(self.row.output_shapes()))]

    def close(self):
        self.process.stdin.close()
        self.process.wait()
        for file in self.folder.glob(f"{self.row.file}.*.npy"):
            file.unlink()
