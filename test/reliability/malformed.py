#!/usr/bin/env python3
"""Broken files through mgc: exit 3, 4 or 5, one line with "error:", no output.

    malformed.py MGC [--long]

Each case is a name, the file's bytes and how mgc gets it. --long adds every
truncation and many flipped bits of the small files.
"""
import argparse
import json
import pathlib
import random
import struct
import subprocess
import sys
import tempfile
import zipfile

SECONDS = 10  # of the whole process on a busy machine; the promise is 2 on a free one

MODEL = """\
module {
  func.func @main(%x: tensor<2x2xf32> {mg.name = "x"})
      -> (tensor<2x2xf32> {mg.name = "y"}) {
    %w = mg.weight "w" : tensor<2x2xf32>
    %0 = mg.add %x, %w : tensor<2x2xf32>
    return %0 : tensor<2x2xf32>
  }
}
"""


def function(body, argument="tensor<2x2xf32>", result="tensor<2x2xf32>"):
    """A model with one function of the given body."""
    return f"func.func @main(%x: {argument}) -> {result} {{\n{body}\n}}\n"


def models():
    """(name, text) of models that are no models."""
    deep = 1_000_000
    static = "return %x : tensor<2x2xf32>"
    yield "empty-text", "}"
    yield "words", "this is no model"
    yield "nul", "module {\0}"
    yield "unclosed", "module {"
    yield "unclosed-string", 'module attributes {a = "'
    yield "closed-twice", "module {}}"
    yield "unknown-dialect", function('%0 = nope.op %x : tensor<2x2xf32>\n' + static)
    yield "unknown-op", function("%0 = mg.frobnicate %x : tensor<2x2xf32>\n" + static)
    yield "unknown-value", function("return %y : tensor<2x2xf32>")
    yield "redefined", function("%x = mg.neg %x : tensor<2x2xf32>\n" + static)
    yield "other-shape", function("%0 = mg.reshape %x : tensor<2x2xf32> -> tensor<5xf32>\n" + static)
    yield "other-types", function("%0 = mg.add %x, %x : tensor<3xf32>\n" + static)
    yield "result-type", function("return %x : tensor<2x2xf32>", result="tensor<3xf32>")
    yield "no-terminator", function("")
    yield "dot", function(
        "%0 = mg.dot %x, %x contract [5] x [0] : (tensor<2x2xf32>, tensor<2x2xf32>)"
        " -> tensor<2x2xf32>\n" + static)
    yield "permutation", function(
        "%0 = mg.transpose %x [0, 0] : tensor<2x2xf32> -> tensor<2x2xf32>\n" + static)
    yield "negative-dimension", function(
        "%0 = mg.reduce sum %x [-1] : tensor<2x2xf32> -> tensor<2xf32>\n" + static)
    yield "huge-dimension", function(
        "%0 = mg.reduce sum %x [9223372036854775807] : tensor<2x2xf32> -> tensor<2xf32>\n" + static)
    yield "overflowing-shape", function(
        "%0 = mg.neg %x : tensor<4294967296x4294967296x4294967296xf32>\n"
        "return %0 : tensor<4294967296x4294967296x4294967296xf32>",
        *["tensor<4294967296x4294967296x4294967296xf32>"] * 2)
    yield "dimension-beyond-64-bits", function(
        static, "tensor<99999999999999999999xf32>", "tensor<2x2xf32>")
    yield "rank-65", function("return %x : tensor<" + "1x" * 65 + "f32>",
                              *["tensor<" + "1x" * 65 + "f32>"] * 2)
    yield "complex", function("%0 = mg.neg %x : tensor<2xcomplex<f32>>\n"
                              "return %0 : tensor<2xcomplex<f32>>", *["tensor<2xcomplex<f32>>"] * 2)
    yield "i7", function("%0 = mg.neg %x : tensor<2xi7>\nreturn %0 : tensor<2xi7>",
                         *["tensor<2xi7>"] * 2)
    yield "large-constant", function(
        "%0 = mg.constant dense<[" + ", ".join(f"{i}.0" for i in range(40)) + "]> : tensor<40xf32>\n" + static)
    yield "splat-of-other-type", function('%0 = mg.constant dense<"abc"> : tensor<2xf32>\n' + static)
    yield "hex-constant", function('%0 = mg.constant dense<"0x0102"> : tensor<2xf32>\n' + static)
    yield "call-of-nothing", function(
        "%0 = mg.call @nothing(%x) : (tensor<2x2xf32>) -> tensor<2x2xf32>\n" + static)
    yield "calls-itself", function(
        "%0 = mg.call @main(%x) : (tensor<2x2xf32>) -> tensor<2x2xf32>\n"
        "return %0 : tensor<2x2xf32>")
    yield "deep-brackets", "module attributes {a = " + "[" * deep + "}"
    yield "deep-modules", "module {" * deep
    yield "deep-types", function(static, "tensor<" * deep)
    yield "deep-locations", function(static) + "#l = loc(" * deep
    yield "long-affine-sum", "#m = affine_map<(d0) -> (d0" + " + d0" * deep + ")>\nmodule {}}"
    yield "long-affine-minus", "#m = affine_map<(d0) -> (" + "-" * deep + "d0)>\nmodule {}}"
    yield "unknown-dims", function(static, "tensor<2x2xf32, #mg.dims<batch = 9 to 1, _>>")
    yield "unknown-attribute", "#a = #mg.nothing<1>\nmodule attributes {x = #a} {}"
    yield "alias-of-itself", "#a = #a\nmodule attributes {x = #a} {}"
    yield "resource", '{-# dialect_resources: { builtin: { a: "0x08" } } #-}}'


def binary_models():
    """(name, bytes) of files that are neither text nor right bytecode."""
    yield "elf", b"\x7fELF\x02\x01\x01" + bytes(64)
    yield "noise", random.Random(1).randbytes(4096)
    yield "zeros", bytes(100)
    yield "bytecode-magic-alone", b"ML\xefR"
    yield "bytecode-version", b"ML\xefR\xffMLIR\0" + bytes(50)
    yield "bytecode-noise", b"ML\xefR\x0d" + b"MLIR19\0" + random.Random(2).randbytes(200)
    yield "utf-16", MODEL.encode("utf-16")
    yield "zip", b"PK\3\4" + bytes(40)


def npy(header, data=bytes(16), version=1, length=None):
    text = header.encode() + b"\n"
    size = len(text) if length is None else length
    packed = struct.pack("<H" if version == 1 else "<I", size)
    return b"\x93NUMPY" + bytes([version, 0]) + packed + text + data


def descr(dtype="<f4", shape="(2, 2)", order="False"):
    return f"{{'descr': '{dtype}', 'fortran_order': {order}, 'shape': {shape}, }}"


def npy_files():
    good = npy(descr())
    yield "npy-empty", b""
    yield "npy-magic-alone", good[:6]
    yield "npy-short-header", good[:20]
    yield "npy-short-data", good[:-1]
    yield "npy-long-data", good + b"x"
    yield "npy-version", npy(descr(), version=9)
    yield "npy-header-length", npy(descr(), length=65535)
    yield "npy-header-4-gib", npy(descr(), version=2, length=0xFFFFFFFF)
    yield "npy-negative", npy(descr(shape="(-2, 2)"))
    yield "npy-overflow", npy(descr(shape="(4611686018427387904, 4)"))
    yield "npy-overflow-with-zero", npy(descr(shape="(0, 4611686018427387904, 4)"), b"")
    yield "npy-beyond-64-bits", npy(descr(shape="(99999999999999999999,)"))
    yield "npy-terabytes", npy(descr(shape="(1099511627776,)"))
    yield "npy-rank-65", npy(descr(shape="(" + "1," * 65 + ")"))
    yield "npy-object", npy(descr(dtype="|O"))
    yield "npy-complex", npy(descr(dtype="<c8"))
    yield "npy-string", npy(descr(dtype="<U4"))
    yield "npy-structured", npy("{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (4,)}")
    yield "npy-order", npy(descr(order="None"))
    yield "npy-no-shape", npy("{'descr': '<f4', 'fortran_order': False}")
    yield "npy-deep", npy("(" * 60000)
    yield "npy-code", npy("__import__('os').abort()")


def npz(name, data, method=zipfile.ZIP_STORED):
    with tempfile.TemporaryFile() as file:
        with zipfile.ZipFile(file, "w", method) as archive:
            archive.writestr(name, data)
        file.seek(0)
        return file.read()


def npz_files():
    good = npz("x.npy", npy(descr()))
    yield "npz-magic-alone", b"PK\3\4"
    yield "npz-half", good[: len(good) // 2]
    yield "npz-empty-archive", b"PK\5\6" + bytes(18)
    yield "npz-text-member", npz("x.txt", b"hello")
    yield "npz-bad-member", npz("x.npy", b"hello")
    yield "npz-other-size", npz("x.npy", npy(descr(shape="(1000000000, 1000)")), zipfile.ZIP_DEFLATED)
    yield "npz-bzip2", npz("x.npy", npy(descr()), zipfile.ZIP_BZIP2)
    directory = good.rindex(b"PK\1\2")
    claim = bytearray(good)
    claim[directory + 24:directory + 28] = b"\xff\xff\xff\x7f"
    yield "npz-claims-2-gib", bytes(claim)
    damaged = bytearray(good)
    damaged[good.index(b"NUMPY") + 130] ^= 1
    yield "npz-checksum", bytes(damaged)


def safetensors(header, data=bytes(16), length=None):
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(text) if length is None else length) + text + data


def entry(dtype="F32", shape=(2, 2), offsets=(0, 16)):
    return {"dtype": dtype, "shape": list(shape), "data_offsets": list(offsets)}


def safetensors_files():
    good = safetensors({"w": entry()})
    yield "st-empty", b""
    yield "st-length-alone", good[:8]
    yield "st-half-header", good[:30]
    yield "st-short-data", good[:-1]
    yield "st-length-beyond", safetensors({"w": entry()}, length=1 << 40)
    yield "st-length-2^63", safetensors({"w": entry()}, length=1 << 63)
    yield "st-no-json", safetensors(b"{hello}")
    yield "st-deep-json", safetensors(b'{"w":' + b"[" * 1_000_000)
    yield "st-other-dtype", safetensors({"w": entry(dtype="Q7")})
    yield "st-other-size", safetensors({"w": entry(shape=(3, 3))})
    yield "st-negative-shape", safetensors({"w": entry(shape=(-2, -2))})
    yield "st-overflow", safetensors({"w": entry(shape=(1 << 62, 1 << 62))})
    yield "st-offsets-beyond", safetensors({"w": entry(offsets=(0, 1 << 40))})
    yield "st-offsets-reversed", safetensors({"w": entry(offsets=(16, 0))})
    yield "st-twice", safetensors(
        b'{"w":{"dtype":"F32","shape":[2,2],"data_offsets":[0,16]},'
        b'"w":{"dtype":"F32","shape":[2,2],"data_offsets":[0,16]}}')
    yield "st-overlap", safetensors({"w": entry(), "v": entry()})
    yield "st-unknown-key", safetensors({"w": {**entry(), "more": 1}})
    yield "st-other-name", safetensors({"v": entry()})
    yield "st-other-type", safetensors({"w": entry(dtype="I32")})
    yield "st-not-utf-8", safetensors(b'{"\xff\xfe":' + json.dumps(entry()).encode() + b"}")
    yield "st-text", b"no weights here, only words"


def long_cases(kind, good, generator):
    for size in range(0, len(good)):
        yield f"{kind}-cut-{size}", good[:size]
    for _ in range(200):
        flipped = bytearray(good)
        flipped[generator.randrange(len(good))] ^= 1 << generator.randrange(8)
        yield f"{kind}-flip", bytes(flipped)


class Suite:
    def __init__(self, mgc, folder):
        self.mgc, self.folder = mgc, pathlib.Path(folder)
        self.good_model = self.folder / "good.mlir"
        self.good_model.write_text(MODEL)
        self.good_weights = self.folder / "good.safetensors"
        self.good_weights.write_bytes(safetensors({"w": entry()}))
        self.count, self.failures = 0, []

    def run(self, *arguments):
        return subprocess.run([self.mgc, *map(str, arguments)], capture_output=True,
                              timeout=SECONDS, cwd=self.folder)

    def commands(self, kind, bad, out):
        """How a file of a kind reaches mgc."""
        if kind == "model":
            return ["compile", bad, "-o", out]
        if kind == "weights":
            return ["compile", self.good_model, "--weights", "embed", "--weights", bad, "-o", out]
        return ["run", self.good_model, "--weights", self.good_weights,
                "--input", f"x=@{bad}", "--output", f"y=@{out}"]

    def check(self, kind, name, data, may_pass=False):
        bad = self.folder / "bad"
        bad.write_bytes(data)
        out = self.folder / "out.o"
        before = set(self.folder.iterdir())
        self.count += 1
        try:
            done = self.run(*self.commands(kind, bad, out))
        except subprocess.TimeoutExpired:
            self.failures.append(f"{name}: took more than {SECONDS} s")
            return
        after = set(self.folder.iterdir())
        for file in after - before:
            file.unlink()
        if may_pass and done.returncode == 0:
            return
        text = done.stderr.decode(errors="replace")
        problems = []
        if done.returncode not in (3, 4, 5):
            problems.append(f"exit {done.returncode}")
        errors = [line for line in text.splitlines() if "error:" in line]
        if len(errors) != 1 or len(text.splitlines()) > 3:
            problems.append("not one error line")
        if after - before:
            problems.append(f"left {[f.name for f in after - before]}")
        if problems:
            self.failures.append(f"{name}: {', '.join(problems)}\n    {text[:400]!r}")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("mgc")
    parser.add_argument("--long", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        suite = Suite(str(pathlib.Path(options.mgc).resolve()), folder)
        # What is not broken must pass, else every test here would.
        done = suite.run(*suite.commands("input", write(suite.folder / "x.npy", npy(descr())),
                                         suite.folder / "y.npy"))
        if done.returncode != 0:
            sys.exit(f"the right files fail: {done.stderr.decode()}")
        (suite.folder / "y.npy").unlink()
        for name, text in models():
            suite.check("model", name, text.encode())
        for name, data in binary_models():
            suite.check("model", name, data)
        for name, data in [*npy_files(), *npz_files()]:
            suite.check("input", name, data)
        for name, data in safetensors_files():
            suite.check("weights", name, data)
        if options.long:
            generator = random.Random(3)
            for kind, good in (("model", MODEL.encode()),
                               ("input", npy(descr())),
                               ("input", npz("x.npy", npy(descr()))),
                               ("weights", safetensors({"w": entry()}))):
                for name, data in long_cases(kind, good, generator):
                    suite.check(kind, name, data, may_pass=True)
        for failure in suite.failures:
            print(failure)
        print(f"{suite.count} files, {len(suite.failures)} failures")
        sys.exit(1 if suite.failures else 0)


def write(path, data):
    path.write_bytes(data)
    return path


if __name__ == "__main__":
    main()
