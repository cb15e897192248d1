#!/usr/bin/env python3
"""mgc as its users meet it: verbs, kinds of output, values, exit statuses.

    mgc-test.py MGC [unittest's arguments]
"""
import json
import os
import pathlib
import struct
import subprocess
import sys
import tempfile
import unittest

MGC = str(pathlib.Path(sys.argv.pop(1)).resolve()) if len(sys.argv) > 1 else "mgc"

# y = x + w, elementwise; w is a weight.
ADD = """\
func.func @main(%x: tensor<2x2xf32> {mg.name = "x"}) -> (tensor<2x2xf32> {mg.name = "y"}) {
  %w = mg.weight "w" : tensor<2x2xf32>
  %0 = mg.add %x, %w : tensor<2x2xf32>
  return %0 : tensor<2x2xf32>
}
"""
# Two entries without weights.
TWO = """\
func.func @double(%x: tensor<3xf32> {mg.name = "x"}) -> (tensor<3xf32> {mg.name = "y"}) {
  %0 = mg.add %x, %x : tensor<3xf32>
  return %0 : tensor<3xf32>
}
func.func @total(%x: tensor<3xf32> {mg.name = "x"}) -> (tensor<f32> {mg.name = "s"}) {
  %0 = mg.reduce sum %x [0] : tensor<3xf32> -> tensor<f32>
  return %0 : tensor<f32>
}
"""
# One dimension is open.
OPEN = """\
func.func @main(%x: tensor<?x3xf32, #mg.dims<batch = 1 to 64, _>> {mg.name = "x"})
    -> (tensor<?x3xf32, #mg.dims<batch = 1 to 64, _>> {mg.name = "y"}) {
  %0 = mg.abs %x : tensor<?x3xf32, #mg.dims<batch = 1 to 64, _>>
  return %0 : tensor<?x3xf32, #mg.dims<batch = 1 to 64, _>>
}
"""
# A loss of an input and a weight: sum((x w)^2), beside x w.
LOSS = """\
func.func @main(%x: tensor<2x2xf32> {mg.name = "x"}, %n: tensor<i32> {mg.name = "n"})
    -> (tensor<f32> {mg.name = "loss"}, tensor<2x2xf32> {mg.name = "y"}) {
  %w = mg.weight "w" : tensor<2x2xf32>
  %0 = mg.mul %x, %w : tensor<2x2xf32>
  %1 = mg.mul %0, %0 : tensor<2x2xf32>
  %2 = mg.reduce sum %1 [0, 1] : tensor<2x2xf32> -> tensor<f32>
  return %2, %0 : tensor<f32>, tensor<2x2xf32>
}
"""
# A loop without a bound has no reverse derivative.
ENDLESS = """\
func.func private @more(%v: tensor<f32>) -> tensor<i1> {
  %one = mg.constant dense<1.0> : tensor<f32>
  %0 = mg.compare gt %v, %one : tensor<f32>
  return %0 : tensor<i1>
}
func.func private @half(%v: tensor<f32>) -> tensor<f32> {
  %half = mg.constant dense<0.5> : tensor<f32>
  %0 = mg.mul %v, %half : tensor<f32>
  return %0 : tensor<f32>
}
func.func @main(%x: tensor<f32> {mg.name = "x"}) -> (tensor<f32> {mg.name = "y"}) {
  %0 = mg.while @more do @half(%x) : (tensor<f32>) -> tensor<f32>
  return %0 : tensor<f32>
}
"""
# Two elementwise ops.
CHAIN = """\
func.func @main(%x: tensor<40xf32> {mg.name = "x"}) -> (tensor<40xf32> {mg.name = "y"}) {
  %0 = mg.exp %x : tensor<40xf32>
  %1 = mg.add %0, %x : tensor<40xf32>
  return %1 : tensor<40xf32>
}
"""
# The index may be out of range.
GATHER = """\
func.func @main(%x: tensor<3xf32> {mg.name = "x"}, %i: tensor<1x1xi32> {mg.name = "i"})
    -> (tensor<1xf32> {mg.name = "y"}) {
  %0 = mg.gather %x, %i dims [0] : (tensor<3xf32>, tensor<1x1xi32>) -> tensor<1xf32>
  return %0 : tensor<1xf32>
}
"""


def npy(values, shape):
    text = f"{{'descr': '<f4', 'fortran_order': False, 'shape': {shape}, }}\n"
    return (b"\x93NUMPY\1\0" + struct.pack("<H", len(text)) + text.encode()
            + struct.pack(f"<{len(values)}f", *values))


def floats(path):
    data = pathlib.Path(path).read_bytes()
    start = 10 + struct.unpack("<H", data[8:10])[0]
    return list(struct.unpack(f"<{(len(data) - start) // 4}f", data[start:]))


def safetensors(shape=(2, 2), **tensors):
    header, data = {}, b""
    for name, values in tensors.items():
        raw = struct.pack(f"<{len(values)}f", *values)
        header[name] = {"dtype": "F32", "shape": shape, "data_offsets": [len(data), len(data) + len(raw)]}
        data += raw
    text = json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + data


class Case(unittest.TestCase):
    def setUp(self):
        temporary = tempfile.TemporaryDirectory()
        self.addCleanup(temporary.cleanup)
        self.folder = pathlib.Path(temporary.name)
        self.write("add.mlir", ADD)
        self.write("two.mlir", TWO)
        self.write("open.mlir", OPEN)
        self.write("gather.mlir", GATHER)
        self.write("loss.mlir", LOSS)
        self.write("w.safetensors", safetensors(w=[10, 20, 30, 40]))

    def write(self, name, data):
        path = self.folder / name
        path.write_bytes(data.encode() if isinstance(data, str) else data)
        return path

    def command(self, *words, input=None, **environment):
        return subprocess.run([str(w) for w in words], cwd=self.folder, capture_output=True, text=True,
                              input=input, env={**os.environ, **environment}, timeout=120)

    def mgc(self, *words, status=0, **more):
        done = self.command(MGC, *words, **more)
        self.assertEqual(done.returncode, status, f"{words}\n{done.stdout}{done.stderr}")
        if status not in (0, 1):
            errors = [line for line in done.stderr.splitlines() if "error:" in line]
            self.assertEqual(len(errors), 1, done.stderr)
        return done

    def files(self):
        return sorted(path.name for path in self.folder.iterdir())


class Passes(Case):
    def test_one_is_left_out(self):
        self.write("chain.mlir", CHAIN)
        loops = [self.mgc("compile", "chain.mlir", "-o", "-", "--emit=linalg", *more).stdout.count("linalg.generic")
                 for more in ([], ["--disable-pass", "mg-fuse-elementwise,mg-fuse"])]
        self.assertEqual(loops, [1, 2])

    def test_only_optional_ones(self):
        done = self.mgc("compile", "two.mlir", "-o", "two.o", "--disable-pass", "mg-lower-to-linalg", status=2)
        self.assertIn("mg-fuse-elementwise", done.stderr)


class Bench(Case):
    def test_roofline(self):
        report = json.loads(self.mgc("bench", "--roofline", "--rounds", 1, "--threads", "1,2", "--json").stdout)
        self.assertEqual([roofline["threads"] for roofline in report["roofline"]], [1, 2])
        for roofline in report["roofline"]:
            self.assertGreater(roofline["gflops"], 0)
            self.assertGreater(roofline["fork_join_us"], 0)
            levels = roofline["levels"]
            self.assertEqual([level["name"] for level in levels], ["L1", "L2", "L3", "DRAM"])
            self.assertEqual(sorted(level["bytes"] for level in levels), [level["bytes"] for level in levels])
            self.assertGreaterEqual(levels[-1]["bytes"], 256 << 20)
            for level in levels:
                for name in "read", "write", "stream_write", "copy", "stream_copy":
                    self.assertGreater(level[name + "_gbs"], 0)

    def test_needs_a_model_or_nothing(self):
        self.mgc("bench", status=2)
        self.mgc("bench", "two.mlir", "--roofline", status=2)


class Compile(Case):
    def compile(self, out, *more):
        return self.mgc("compile", "two.mlir", "-o", out, *more)

    def test_object_and_header(self):
        self.compile("two.o")
        self.assertEqual((self.folder / "two.o").read_bytes()[:4], b"\x7fELF")
        self.assertIn("two_double", (self.folder / "two.h").read_text())

    def test_a_model_alone_means_compile(self):
        self.mgc("two.mlir", "-o", "two.o")
        self.assertIn("two.h", self.files())

    def test_archive(self):
        self.compile("libtwo.a")
        self.assertEqual((self.folder / "libtwo.a").read_bytes()[:8], b"!<arch>\n")
        names = self.command("nm", "-g", "libtwo.a").stdout
        self.assertIn("T two_double", names)
        self.assertIn("two.o", names)

    def test_texts(self):
        for out, text in (("t.s", ".text"), ("t.ll", "define "), ("t.mlir", "mg.add")):
            self.compile(out)
            self.assertIn(text, (self.folder / out).read_text(), out)

    def test_levels(self):
        for level, text in (("mg", "mg.add"), ("grad", "mg.add"), ("simplified", "mg."), ("linalg", "linalg.generic"),
                            ("buffers", "memref"), ("vector", "vector."), ("llvm", "llvm.func"),
                            ("asm", ".text")):
            done = self.mgc("compile", "two.mlir", "--emit", level, "-o", "-")
            self.assertIn(text, done.stdout, level)
            self.assertEqual(done.stderr, "")

    def test_shared_library_runs(self):
        self.compile("two.so")
        done = self.mgc("run", "two.so", "--entry", "double", "-i", "x=f32[3]:1,2,3")
        self.assertEqual(done.stdout, "y=f32[3]:2,4,6\n")

    def test_executable_reads_and_writes_npy(self):
        self.compile("two")
        self.write("x.npy", npy([1, 2, 3], "(3,)"))
        done = self.command(self.folder / "two", "--entry", "double", "--input", "x=@x.npy", "--output", "y=@y.npy")
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertEqual(floats(self.folder / "y.npy"), [2, 4, 6])
        done = self.command(self.folder / "two", "--entry", "double")
        self.assertEqual(done.returncode, 2)
        self.assertIn("no value for the input 'x'", done.stderr)

    def test_one_entry(self):
        self.compile("two.o", "--entry", "total")
        header = (self.folder / "two.h").read_text()
        self.assertIn("two_total", header)
        self.assertNotIn("two_double", header)

    def test_stdin_and_stdout(self):
        done = self.mgc("compile", "-", "-o", "-", input=TWO)
        self.assertIn("mg.reduce", done.stdout)
        with open(self.folder / "text", "w") as file:
            subprocess.run([MGC, "compile", self.folder / "two.mlir", "-o", "-"], stdout=file, check=True)
        self.assertIn("mg.reduce", (self.folder / "text").read_text())

    def test_weights_embedded_and_outside(self):
        self.mgc("compile", "add.mlir", "--weights", "embed", "--weights", "w.safetensors", "-o", "add.so")
        self.assertEqual(self.mgc("run", "add.so", "-i", "x=zeros").stdout, "y=f32[2,2]:10,20,30,40\n")
        self.mgc("compile", "add.mlir", "-o", "add.so")
        self.assertIn("w", self.mgc("run", "add.so", "-i", "x=zeros", status=3).stderr)
        done = self.mgc("run", "add.so", "-i", "x=zeros", "--weights", "w.safetensors")
        self.assertEqual(done.stdout, "y=f32[2,2]:10,20,30,40\n")

    def test_prepared_weights(self):
        """The artefact reads the file that was made for it, and that one only."""
        model = """func.func @main(%x: tensor<4x32xf32> {mg.name = "x"}) -> (tensor<4x48xf32> {mg.name = "y"}) {
  %w = mg.weight "m" : tensor<48x32xf32>
  %y = mg.dot %x, %w contract [1] x [1] : (tensor<4x32xf32>, tensor<48x32xf32>) -> tensor<4x48xf32>
  return %y : tensor<4x48xf32>
}
"""
        self.write("dot.mlir", model.encode())
        self.write("m.safetensors", safetensors((48, 32), m=[i % 7 - 3 for i in range(48 * 32)]))
        self.mgc("verify", "dot.mlir", "--weights", "m.safetensors")
        self.mgc("compile", "dot.mlir", "--weights", "m.safetensors", "-o", "plain.so")
        self.mgc("compile", "dot.mlir", "--weights", "m.safetensors", "--prepared-weights", "p.safetensors",
                 "-o", "dot.so")
        self.write("x.npy", npy([i % 5 - 2 for i in range(4 * 32)], (4, 32)))
        run = ["-i", "x=@x.npy", "--weights"]
        expected = self.mgc("run", "plain.so", *run, "m.safetensors").stdout
        self.assertEqual(self.mgc("run", "dot.so", *run, "p.safetensors").stdout, expected)
        self.assertIn("m.panels", self.mgc("run", "dot.so", *run, "m.safetensors", status=3).stderr)
        done = self.mgc("compile", "dot.mlir", "--weights", "m.safetensors", "--weights", "embed",
                        "--prepared-weights", "p.safetensors", "-o", "dot.so", status=2)
        self.assertIn("--prepared-weights", done.stderr)

    def test_reports(self):
        done = self.compile("two.o", "--time-report", "--trace", "t.json", "--dump-dir", "dump")
        self.assertIn("total", done.stderr)
        self.assertIn("traceEvents", json.loads((self.folder / "t.json").read_text()))
        self.assertTrue(list((self.folder / "dump").iterdir()))

    def test_the_same_bytes_twice(self):
        self.compile("a.o")
        self.compile("b.o")
        self.assertEqual((self.folder / "a.o").read_bytes(), (self.folder / "b.o").read_bytes())

    def test_bytecode_is_found_by_content(self):
        opt = pathlib.Path(MGC).parent / "mgc-opt"
        done = self.command(opt, "two.mlir", "--emit-bytecode", "-o", "two.txt")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("mg.reduce", self.mgc("compile", "two.txt", "-o", "-").stdout)


class Grad(Case):
    """x = 1 2 3 4, w = 10 20 30 40: the gradients are 2 x w^2 and 2 x^2 w."""
    X = "x=f32[2,2]:1,2,3,4"
    EXPECT = ("--expect", "grad.x=f32[2,2]:200,1600,5400,12800", "--expect", "grad.w=f32[2,2]:20,160,540,1280",
              "--expect", "loss=f32[]:35400", "--expect", "y=f32[2,2]:10,40,90,160", "--rtol", "1e-6")

    def grad(self, *more, status=0, wrt="x,w", **options):
        return self.mgc("grad", "loss.mlir", "--wrt", wrt, "--loss", "loss", *more, status=status, **options)

    def check(self, model, *more):
        self.mgc("run", model, "--entry", "main_grad", "-i", self.X, "-i", "n=zeros", "--weights", "w.safetensors",
                 *self.EXPECT, *more)

    def test_levels_are_resumed(self):
        for level in ("mg", "grad", "simplified", "linalg"):
            self.grad("--emit", level, "-o", f"{level}.mlir")
            self.check(f"{level}.mlir")
        text = {level: (self.folder / f"{level}.mlir").read_text() for level in ("mg", "grad")}
        self.assertIn("mg.vjp", text["mg"])
        self.assertNotIn("mg.vjp", text["grad"])
        self.assertEqual(self.grad().stdout, text["grad"])

    def test_the_entry_stays(self):
        self.grad("-o", "loss.so")
        self.check("loss.so")
        self.mgc("run", "loss.so", "--entry", "main", "-i", self.X, "-i", "n=zeros", "--weights", "w.safetensors",
                 "--expect", "loss=f32[]:35400")

    def test_object_and_header(self):
        self.grad("-o", "loss.o")
        self.assertIn("float *grad_w", (self.folder / "loss.h").read_text())

    def test_agrees_with_eager(self):
        self.grad("-o", "derived.mlir")
        self.mgc("verify", "derived.mlir", "--weights", "w.safetensors")

    def test_errors(self):
        for status, says, words in (
                (2, "'v' is no input and no weight of 'main'", ["loss.mlir", "--wrt", "v", "--loss", "loss"]),
                (2, "'x' is there twice", ["loss.mlir", "--wrt", "x,x", "--loss", "loss"]),
                (2, "outputs are loss, y", ["loss.mlir", "--wrt", "x"]),
                (2, "'z' is no output", ["loss.mlir", "--wrt", "x", "--loss", "z"]),
                (2, "entries are double, total", ["two.mlir", "--wrt", "x"]),
                (2, "", ["loss.mlir", "--loss", "loss"]),
                (5, "'n' is tensor<i32>: derivatives are of floats", ["loss.mlir", "--wrt", "n", "--loss", "loss"]),
                (5, "a loss is a scalar", ["loss.mlir", "--wrt", "x", "--loss", "y"])):
            self.assertIn(says, self.mgc("grad", *words, "-o", "none.o", status=status).stderr)
            self.assertNotIn("none.o", self.files())

    def test_without_a_derivative(self):
        self.write("endless.mlir", ENDLESS)
        done = self.mgc("grad", "endless.mlir", "--wrt", "x", status=4)
        self.assertIn("endless.mlir:12:8: error: while: ", done.stderr)


class Run(Case):
    def run_add(self, *more, status=0):
        return self.mgc("run", "add.mlir", "--weights", "w.safetensors", *more, status=status)

    def test_values(self):
        self.assertEqual(self.run_add("-i", "x=f32[2,2]:1,2,3,4").stdout, "y=f32[2,2]:11,22,33,44\n")
        self.assertEqual(self.run_add("--input", "x=zeros").stdout, "y=f32[2,2]:10,20,30,40\n")
        self.assertEqual(self.run_add("-i", "x=random:1").stdout, self.run_add("-i", "x=random:1").stdout)

    def test_weights_beside_the_model(self):
        (self.folder / "w.safetensors").rename(self.folder / "add.safetensors")
        self.assertEqual(self.mgc("run", "add.mlir", "-i", "x=zeros").stdout, "y=f32[2,2]:10,20,30,40\n")

    def test_files(self):
        self.write("x.npy", npy([1, 2, 3, 4], "(2, 2)"))
        done = self.run_add("-i", "x=@x.npy", "--output", "y=@y.npy")
        self.assertEqual(done.stdout, "")
        self.assertEqual(floats(self.folder / "y.npy"), [11, 22, 33, 44])

    def test_sets(self):
        self.run_add("-i", "x=zeros", "--output", "@y.npz", "--output", "@y.safetensors")
        self.run_add("-i", "x=zeros", "--expect", "@y.npz", "--exact")
        self.run_add("-i", "x=zeros", "--expect", "@y.safetensors", "--exact")
        self.write("set.safetensors", safetensors(x=[1, 1, 1, 1]))
        self.assertEqual(self.run_add("--input", "@set.safetensors").stdout, "y=f32[2,2]:11,21,31,41\n")

    def test_expect(self):
        right, near = "y=f32[2,2]:10,20,30,40", "y=f32[2,2]:10.01,20,30,40"
        self.run_add("-i", "x=zeros", "--expect", right, "--exact")
        self.assertIn("differs", self.run_add("-i", "x=zeros", "--expect", near, status=1).stdout)
        self.run_add("-i", "x=zeros", "--expect", near, "--atol", "0.1")
        self.run_add("-i", "x=zeros", "--expect", near, "--rtol", "0.01")
        self.run_add("-i", "x=zeros", "--expect", near, "--ulp", "100000")
        self.run_add("-i", "x=zeros", "--expect", near, "--exact", "--atol", "0.1", status=1)

    def test_json(self):
        report = json.loads(self.run_add("-i", "x=zeros", "--json").stdout)
        self.assertEqual(report["outputs"]["y"]["value"], "f32[2,2]:10,20,30,40")

    def test_open_dimensions(self):
        for option in ("--dim=batch=2", "--shape=x=2x3"):
            self.assertEqual(self.mgc("run", "open.mlir", option, "-i", "x=zeros").stdout, "y=f32[2,3]:0,0,0,0,0,0\n")

    def test_every_optimization_and_thread_count_agrees(self):
        for level in range(4):
            for threads in (0, 1, 2):
                done = self.run_add("-i", "x=zeros", f"-O{level}", "--threads", threads)
                self.assertEqual(done.stdout, "y=f32[2,2]:10,20,30,40\n")

    def test_convolutions_as_sums_of_products(self):
        tensor = "tensor<{}xf32>".format
        x, w, y = tensor("1x64x18x18"), tensor("64x64x3x3"), tensor("1x64x16x16")
        ones = "[1, 1]"
        self.write("conv.mlir", f"""func.func @conv(%x: {x}, %w: {w}) -> ({y} {{mg.name = "y"}}) {{
          %0 = mg.conv %x, %w strides {ones} lo [0, 0] hi [0, 0] lhs_dilation {ones} rhs_dilation {ones}
            : ({x}, {w}) -> {y}
          return %0 : {y}
        }}""")
        inputs = ["-i", "arg0=random:1", "-i", "arg1=random:2"]
        self.mgc("run", "conv.mlir", *inputs, "--no-winograd", "--output", "y=@y.npy")
        self.mgc("run", "conv.mlir", *inputs, "--expect", "y=@y.npy", "--exact", status=1)
        self.mgc("run", "conv.mlir", *inputs, "--expect", "y=@y.npy", "--atol", "1e-4")
        self.mgc("run", "conv.mlir", *inputs, "--expect", "y=@y.npy", "--exact", "--no-winograd", "--threads", "2")


class Verify(Case):
    def test_agrees(self):
        done = self.mgc("verify", "two.mlir")
        self.assertEqual(len(done.stdout.splitlines()), 2)
        self.mgc("verify", "two.mlir", "--mcpu=x86-64-v2,native", "-O0")

    def test_open_dimensions_and_given_inputs(self):
        self.mgc("verify", "open.mlir", "--dim", "batch=5", "-i", "x=random:3")
        self.assertEqual(self.mgc("verify", "open.mlir", "--dim", "batch=5", "-q").stdout, "")

    def test_json(self):
        report = json.loads(self.mgc("verify", "two.mlir", "--json", "--entry", "double").stdout)
        self.assertEqual([(r["entry"], r["fits"]) for r in report], [("double", True)])


class Doctor(Case):
    def test_facts(self):
        self.assertIn("x86-64-v2", self.mgc("doctor").stdout)
        facts = json.loads(self.mgc("doctor", "--json", MG_THREADS="3").stdout)
        self.assertEqual(facts["MG_THREADS"], "3")


class Status(Case):
    """Each failure has its number, one error line, and leaves no file."""

    def fails(self, status, *words, says=""):
        before = self.files()
        done = self.mgc(*words, status=status)
        self.assertIn(says, done.stderr)
        self.assertEqual(self.files(), before)

    def test_usage(self):
        for words in ([], ["compile"], ["compile", "two.mlir"], ["run", "two.mlir", "--nope"],
                      ["run", "two.mlir"], ["run", "two.mlir", "--entry", "nope"],
                      ["run", "two.mlir", "--entry", "double"],
                      ["run", "two.mlir", "--entry", "double", "-i", "z=zeros"],
                      ["run", "two.mlir", "--entry", "double", "-i", "x"],
                      ["run", "two.mlir", "--entry", "double", "-i", "x=f32[2]:1"],
                      ["run", "two.mlir", "--entry", "double", "-i", "x=zeros", "--output", "y=file"],
                      ["compile", "two.mlir", "-o", "two.exe"],
                      ["compile", "two.mlir", "-o", "two.o", "--emit", "nope"],
                      ["compile", "two.mlir", "-o", "two.o", "-O7"],
                      ["compile", "two.mlir", "-o", "two.o", "--mcpu", "pentium"],
                      ["compile", "two.mlir", "-o", "two.o", "--dim", "batch"],
                      ["compile", "two.mlir", "-o", "two.o", "-mllvm", "-no-such-option"],
                      ["compile", "two.mlir", "-o", "two.s", "--mcpu", "x86-64-v2,x86-64-v3"],
                      ["run", "add.mlir", "-i", "x=zeros"], ["bench", "two.mlir", "--rounds", "0"], ["speed", "two.mlir"]):
            self.fails(2, *words)

    def test_unreadable(self):
        self.fails(3, "compile", "none.mlir", "-o", "two.o", says="none.mlir: error: No such file")
        self.fails(3, "compile", ".", "-o", "two.o", says="is a directory")
        self.fails(3, "run", "two.mlir", "--entry", "double", "-i", "x=@none.npy", says="none.npy: error:")
        self.write("bad.mlir", "module {\n  nonsense\n}")
        self.fails(3, "compile", "bad.mlir", "-o", "two.o", says="bad.mlir:2:3: error:")
        self.write("other.safetensors", safetensors(v=[1, 2, 3, 4]))
        self.fails(3, "run", "add.mlir", "--weights", "other.safetensors", "-i", "x=zeros",
                   says="no weight named 'w'")

    def test_unsupported(self):
        self.fails(4, "compile", "open.mlir", "-o", "open.o", says="open.mlir:3:8: error: not supported")

    def test_other_cpu(self):
        self.mgc("compile", "two.mlir", "--mcpu=x86-64-v3", "-o", "two.so")
        for model in (["two.so"], ["two.mlir", "--mcpu=x86-64-v3"]):
            done = self.mgc("run", *model, "--entry", "double", "-i", "x=zeros", status=9, MG_CPU_LIMIT="v2")
            self.assertIn("CPU", done.stderr)

    def test_invalid(self):
        self.write("bad.mlir", TWO.replace("return %0 : tensor<3xf32>", "return %0, %0 : tensor<3xf32>, tensor<3xf32>"))
        self.fails(5, "compile", "bad.mlir", "-o", "two.o", says="bad.mlir:3:3: error:")
        self.fails(5, "compile", "open.mlir", "--dim", "batch=99", "-o", "open.o", says="1 to 64")
        self.fails(5, "compile", "open.mlir", "--shape", "x=2x4", "-o", "open.o")

    def test_cannot_write(self):
        self.fails(6, "compile", "two.mlir", "-o", "none/two.o", says="none/two.o: error: cannot be written")
        self.fails(6, "run", "two.mlir", "--entry", "double", "-i", "x=zeros", "--output", "y=@none/y.npy")
        self.fails(6, "compile", "two.mlir", "-o", "-", "--dump-dir", "two.mlir/dump")

    def test_bad_argument(self):
        self.write("x.npy", npy([1, 2], "(2,)"))
        self.fails(7, "run", "two.mlir", "--entry", "double", "-i", "x=@x.npy",
                   says="'x' is f32[2] where f32[3] is expected")
        self.fails(7, "run", "gather.mlir", "-i", "x=zeros", "-i", "i=i32[1,1]:3", says="out of range")


if __name__ == "__main__":
    unittest.main()
