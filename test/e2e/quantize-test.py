#!/usr/bin/env python3
"""mgc quantize: what it writes against NumPy's own quantization, what it leaves, what it refuses.

    quantize-test.py MGC SOURCE QUANTIZE-CNN [unittest's arguments]
"""
import json
import os
import pathlib
import struct
import subprocess
import sys
import tempfile
import unittest

import numpy as np

MGC, SOURCE, CNN = (str(pathlib.Path(sys.argv.pop(1)).resolve()) for _ in range(3))
DTYPES = {"F32": np.float32, "I8": np.int8, "U8": np.uint8}


def save(path, arrays):
    header, data = {}, b""
    for name, array in arrays.items():
        dtype = next(key for key, value in DTYPES.items() if value == array.dtype)
        header[name] = {"dtype": dtype, "shape": list(array.shape), "data_offsets": [len(data), len(data) + array.nbytes]}
        data += array.tobytes()
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    path.write_bytes(struct.pack("<Q", len(text)) + text + data)


def load(path):
    data = path.read_bytes()
    (size,) = struct.unpack("<Q", data[:8])
    return {name: np.frombuffer(data[8 + size:][slice(*entry["data_offsets"])], DTYPES[entry["dtype"]]).reshape(entry["shape"])
            for name, entry in json.loads(data[8:8 + size]).items() if name != "__metadata__"}


def int8(w, summed):
    """Quantized values, scales of the dimensions that are left."""
    most = np.abs(w).max(axis=summed, keepdims=True)
    scale = np.where(most > 0, most / np.float32(127), np.float32(1)).astype(np.float32)
    q = np.clip(np.rint(w / scale), -127, 127).astype(np.int8)
    return q, scale


def int4(w):
    """Bytes and scales of a matrix (k, n) in blocks along k, and the matrix that they stand for."""
    k, n = w.shape
    blocks = w.reshape(k // 32, 32, n)
    most = np.take_along_axis(blocks, np.abs(blocks).argmax(axis=1, keepdims=True), axis=1)
    scale = (most / np.float32(-8)).astype(np.float32)
    q = np.clip(np.rint(blocks / scale), -8, 7)
    halves = (q + 8).astype(np.uint8)
    return halves[:, :16] | halves[:, 16:] << 4, scale[:, 0], (q * scale).reshape(k, n).astype(np.float32)


def dot_model(m, k, n, rhs="contract [1] x [0]", shape=None):
    shape = shape or f"{k}x{n}"
    return f"""
func.func @main(%x: tensor<{m}x{k}xf32> {{mg.name = "x"}}) -> (tensor<{m}x{n}xf32> {{mg.name = "y"}}) {{
  %w = mg.weight "w" : tensor<{shape}xf32>
  %y = mg.dot %x, %w {rhs} : (tensor<{m}x{k}xf32>, tensor<{shape}xf32>) -> tensor<{m}x{n}xf32>
  return %y : tensor<{m}x{n}xf32>
}}
"""


class Quantize(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.at = pathlib.Path(self.folder.name)
        (self.at / "data").mkdir()
        self.random = np.random.default_rng(5)

    def write(self, model, weights, **data):
        (self.at / "m.mlir").write_text(model)
        save(self.at / "m.safetensors", weights)
        for name, array in data.items():
            np.save(self.at / "data" / f"{name}.npy", array)

    def normal(self, *shape):
        return self.random.standard_normal(shape, np.float32)

    def mgc(self, *words, status=0):
        done = subprocess.run([MGC, *map(str, words)], cwd=self.at, capture_output=True, text=True, timeout=300)
        self.assertEqual(done.returncode, status, done.stdout + done.stderr)
        return done

    def quantize(self, *words):
        """The report, the weights, the output on the data."""
        report = json.loads(self.mgc("quantize", "m.mlir", "--data", "data", "--out", "q.mlir", "--json", *words).stdout)
        return report, load(self.at / "q.safetensors")

    def outputs(self, model="q.mlir", x="data/x.npy", y="y"):
        self.mgc("run", model, "-i", f"x=@{x}", "--output", f"{y}=@y.npy")
        self.mgc("verify", model)
        return np.load(self.at / "y.npy")

    def refused(self, status, *words, message, data="data"):
        done = self.mgc("quantize", "m.mlir", "--data", data, "--out", "q.mlir", *words, status=status)
        errors = [line for line in done.stderr.splitlines() if "error:" in line]
        self.assertEqual(len(errors), 1, done.stderr)
        self.assertLessEqual(len(done.stderr.splitlines()), 2, done.stderr)
        self.assertIn(message, errors[0])
        self.assertFalse((self.at / "q.mlir").exists())
        self.assertFalse((self.at / "q.safetensors").exists())

    def testInt8Weights(self):
        x, w = self.normal(24, 40), self.normal(40, 9)
        w[:, 3] = 0
        self.write(dot_model(8, 40, 9), {"w": w}, x=x)
        before = (self.at / "m.safetensors").read_bytes()
        report, weights = self.quantize()
        q, scale = int8(w, 0)
        np.testing.assert_array_equal(weights["w"], q)
        np.testing.assert_array_equal(weights["w.scale"], scale[0])
        np.save(self.at / "x8.npy", x[:8])
        np.testing.assert_allclose(self.outputs(x="x8.npy"), x[:8] @ (q * scale), atol=1e-4)
        self.assertEqual(report["calls"], 3)
        self.assertEqual((report["bytes_before"], report["bytes_after"]), (40 * 9 * 4, 40 * 9 + 9 * 4))
        error = np.linalg.norm(x @ (q * scale) - x @ w) / np.linalg.norm(x @ w)
        self.assertAlmostEqual(report["outputs"]["y"]["relative_error"] / error, 1, 3)
        noise = ((q * scale - w)**2).sum() / (w**2).sum()
        self.assertAlmostEqual(report["layers"][0]["weight_sqnr_db"], -10 * np.log10(noise), 2)
        self.assertEqual((self.at / "m.safetensors").read_bytes(), before)

    def testInt8Activations(self):
        x, w = self.normal(8, 40), self.normal(40, 9)
        x[0, 0] = 100
        self.write(dot_model(8, 40, 9), {"w": w}, x=x)
        for percentile in 100, 99:
            report, weights = self.quantize("--activations", "int8", "--percentile", percentile)
            self.assertEqual(report["layers"][0]["activations"], "int8")
            y = self.outputs()
            q, scale = int8(w, 0)
            # The range is in the model; NumPy knows it for the largest number.
            if percentile == 100:
                step = np.float32(100) / np.float32(127)
                steps = np.clip(np.rint(x / step), -128, 127).astype(np.int32)
                np.testing.assert_allclose(y, (steps @ q.astype(np.int32)) * (scale * step), atol=2e-3)
                coarse = np.abs(y[1:] - x[1:] @ w).max()
            else:
                self.assertLess(np.abs(y[1:] - x[1:] @ w).max(), coarse / 4)

    def testInt4Weights(self):
        x, w = self.normal(6, 96), self.normal(96, 10)
        self.write(dot_model(6, 96, 10), {"w": w}, x=x)
        report, weights = self.quantize("--weights", "int4")
        packed, scale, stands = int4(w)
        np.testing.assert_array_equal(weights["w"], packed)
        np.testing.assert_array_equal(weights["w.scale"], scale)
        np.testing.assert_allclose(self.outputs(), x @ stands, atol=1e-4)
        self.assertEqual(report["bytes_after"], 96 * 10 // 2 + 3 * 10 * 4)

    def testFewRowsDequantizeAsTheyRead(self):
        """No kernel writes the numbers that the weights stand for."""
        x, w = self.normal(8, 512), self.normal(512, 256)
        for weights in ("int8", "int4"):
            self.write(dot_model(8, 512, 256), {"w": w}, x=x)
            self.quantize("--weights", weights)
            kernels = json.loads(self.mgc("inspect", "q.mlir", "--json").stdout)["entries"][0]["kernels"]
            self.assertLess(sum(kernel["bytes_written"] for kernel in kernels), w.nbytes // 8, weights)

    def testTransposedAndLeftWeights(self):
        x, w = self.normal(6, 64), self.normal(10, 64)
        model = dot_model(6, 64, 10, "contract [1] x [1]", "10x64")
        swapped = """
func.func @main(%x: tensor<6x64xf32> {mg.name = "x"}) -> (tensor<10x6xf32> {mg.name = "y"}) {
  %w = mg.weight "w" : tensor<10x64xf32>
  %y = mg.dot %w, %x contract [1] x [1] : (tensor<10x64xf32>, tensor<6x64xf32>) -> tensor<10x6xf32>
  return %y : tensor<10x6xf32>
}
"""
        q, scale = int8(w, 1)
        stands = {"int8": q * scale, "int4": int4(w.T)[2].T}
        for weights, w_ in stands.items():
            self.write(model, {"w": w}, x=x)
            self.quantize("--weights", weights)
            np.testing.assert_allclose(self.outputs(), x @ w_.T, atol=1e-4)
            self.write(swapped, {"w": w}, x=x)
            self.quantize("--weights", weights)
            np.testing.assert_allclose(self.outputs(), w_ @ x.T, atol=1e-4)

    def testBatchedWeight(self):
        x, w = self.normal(3, 4, 32), self.normal(3, 32, 7)
        self.write("""
func.func @main(%x: tensor<3x4x32xf32> {mg.name = "x"}) -> (tensor<3x4x7xf32> {mg.name = "y"}) {
  %w = mg.weight "w" : tensor<3x32x7xf32>
  %y = mg.dot %x, %w contract [2] x [1] batch [0] x [0] : (tensor<3x4x32xf32>, tensor<3x32x7xf32>) -> tensor<3x4x7xf32>
  return %y : tensor<3x4x7xf32>
}
""", {"w": w}, x=x)
        q, scale = int8(w, 1)
        self.quantize()
        np.testing.assert_allclose(self.outputs(), x @ (q * scale), atol=1e-4)
        self.quantize("--weights", "int4")
        stands = np.stack([int4(part)[2] for part in w])
        np.testing.assert_allclose(self.outputs(), x @ stands, atol=1e-4)

    def testConvolution(self):
        x, w = self.normal(2, 32, 6, 6), self.normal(5, 32, 3, 3)
        self.write("""
func.func @main(%x: tensor<2x32x6x6xf32> {mg.name = "x"}) -> (tensor<2x5x4x4xf32> {mg.name = "y"}) {
  %w = mg.weight "w" : tensor<5x32x3x3xf32>
  %y = mg.conv %x, %w strides [1, 1] lo [0, 0] hi [0, 0] lhs_dilation [1, 1] rhs_dilation [1, 1]
      : (tensor<2x32x6x6xf32>, tensor<5x32x3x3xf32>) -> tensor<2x5x4x4xf32>
  return %y : tensor<2x5x4x4xf32>
}
""", {"w": w}, x=x)
        windows = np.lib.stride_tricks.sliding_window_view(x, (3, 3), axis=(2, 3))
        conv = lambda x, w: np.einsum("nchwij,ocij->nohw", x, w)
        q, scale = int8(w, (1, 2, 3))
        self.quantize()
        np.testing.assert_allclose(self.outputs(), conv(windows, q * scale), atol=1e-3)
        self.quantize("--weights", "int4")
        stands = int4(w.reshape(5, -1).T)[2].T.reshape(w.shape)
        np.testing.assert_allclose(self.outputs(), conv(windows, stands), atol=1e-3)
        self.quantize("--activations", "int8")
        step = np.abs(x).max() / np.float32(127)
        steps = np.clip(np.rint(windows / step), -128, 127)
        np.testing.assert_allclose(self.outputs(), conv(steps, q * (scale * step)), atol=5e-3)

    def testWhatIsLeft(self):
        self.write("""
func.func @main(%x: tensor<4x33xf32> {mg.name = "x"}, %i: tensor<2x1xi32> {mg.name = "i"})
    -> (tensor<4x6xf32> {mg.name = "y"}, tensor<2x6xf32> {mg.name = "z"}) {
  %w = mg.weight "odd" : tensor<33x33xf32>
  %a = mg.dot %x, %w contract [1] x [0] : (tensor<4x33xf32>, tensor<33x33xf32>) -> tensor<4x33xf32>
  %e = mg.weight "table" : tensor<33x6xf32>
  %y = mg.dot %a, %e contract [1] x [0] : (tensor<4x33xf32>, tensor<33x6xf32>) -> tensor<4x6xf32>
  %r = mg.gather %e, %i dims [0] : (tensor<33x6xf32>, tensor<2x1xi32>) -> tensor<2x6xf32>
  %s = mg.dot %a, %x contract [1] x [1] : (tensor<4x33xf32>, tensor<4x33xf32>) -> tensor<4x4xf32>
  %t = mg.weight "thin" : tensor<1x6xf32>
  %o = mg.slice %s [0:4, 0:1] : tensor<4x4xf32> -> tensor<4x1xf32>
  %u = mg.dot %o, %t contract [1] x [0] : (tensor<4x1xf32>, tensor<1x6xf32>) -> tensor<4x6xf32>
  %v = mg.add %y, %u : tensor<4x6xf32>
  return %v, %r : tensor<4x6xf32>, tensor<2x6xf32>
}
""", {"odd": self.normal(33, 33), "table": self.normal(33, 6), "thin": self.normal(1, 6)},
                   x=self.normal(4, 33), i=np.array([[3], [5]], np.int32))
        report, weights = self.quantize("--weights", "int4")
        layers = {layer["name"]: layer for layer in report["layers"]}
        self.assertEqual(layers["odd"]["weights"], "int8")  # 33 is no multiple of 32
        self.assertIn("it is read by gather", layers["table"]["left"])
        self.assertIn("no operand is a weight", next(l["left"] for n, l in layers.items() if n.startswith("dot at m.mlir")))
        self.assertIn("scales", layers["thin"]["left"])
        self.assertEqual(weights["table"].dtype, np.float32)
        self.assertEqual(report["bytes_after"], sum(w.nbytes for w in weights.values()))

    def testDigits(self):
        """The accuracy of the example."""
        digits = pathlib.Path(SOURCE) / "examples/digits"
        model = (digits / "digits.mlir").read_text()
        arrays = load(digits / "data/mlp.safetensors")
        self.write(model, arrays, x=np.load(digits / "data/test_images.npy"), labels=np.load(digits / "data/test_labels.npy"))
        for words, least, ratio in ((["--weights", "int8"], 328, 3.6), (["--activations", "int8"], 326, 3.6), (["--weights", "int4"], 322, 5.9)):
            report, _ = self.quantize(*words)
            self.assertEqual((report["top1"]["rows"], report["top1"]["before"]), (360, 329))
            self.assertGreaterEqual(report["top1"]["after"], least)
            self.assertGreater(report["bytes_before"] / report["bytes_after"], ratio)

    def testConvolutionalDigits(self):
        """The accuracy of the other one, which is trained first."""
        subprocess.run([CNN, f"{SOURCE}/examples/digits/data", "cnn", "10"], cwd=self.at, check=True,
                       env=os.environ | {"MG_THREADS": "1"}, timeout=300)
        for words, ratio in ((["--weights", "int8"], 3.7), (["--activations", "int8"], 3.7), (["--weights", "int4"], 4.0)):
            done = self.mgc("quantize", "cnn/cnn.mlir", "--data", "cnn/data", "--out", "q.mlir", "--json", *words)
            report = json.loads(done.stdout)
            self.assertGreater(report["top1"]["before"], 300)
            self.assertGreaterEqual(report["top1"]["after"], report["top1"]["before"] - (9 if "int4" in words else 4))
            self.assertEqual([layer["name"] for layer in report["layers"]], ["conv1.w", "conv2.w", "fc.w"])
            self.assertGreater(report["bytes_before"] / report["bytes_after"], ratio)
            self.mgc("verify", "q.mlir")

    def testSetsOfArrays(self):
        """Two files in the order of their names, labels in each."""
        w = np.eye(4, dtype=np.float32)
        self.write(dot_model(2, 4, 4), {"w": w})
        rows = np.eye(4, dtype=np.float32)
        np.savez(self.at / "data/a.npz", x=rows[:2], labels=np.array([0, 1]))
        np.savez(self.at / "data/b.npz", x=np.concatenate([rows[2:], rows[:1]]), labels=np.array([2, 0, 3]))
        report, _ = self.quantize()
        self.assertEqual(report["calls"], 2)  # the third row of b has no partner
        self.assertEqual(report["top1"], {"rows": 4, "before": 3, "after": 3})

    def testBadData(self):
        w, x = self.normal(40, 9), self.normal(8, 40)
        self.write(dot_model(8, 40, 9), {"w": w})
        self.refused(3, message="holds no array for the input 'x'")
        self.refused(3, data="nowhere", message="No such file")
        self.refused(3, data="m.mlir", message="Not a directory")
        np.save(self.at / "data/x.npy", x[:7])
        self.refused(5, message="'x' is f32[7,40] where f32[8,40]")
        np.save(self.at / "data/x.npy", x.astype(np.float64))
        self.refused(5, message="'x' is f64[8,40]")
        np.save(self.at / "data/x.npy", x[:, :3])
        self.refused(5, message="f32[8,3]")
        np.save(self.at / "data/x.npy", x)
        np.save(self.at / "data/labels.npy", x)
        self.refused(5, message="'labels' is f32[8,40]")
        np.save(self.at / "data/labels.npy", np.zeros(16, np.int32))
        self.refused(5, message="labels for 2 calls and inputs for 1")
        (self.at / "data/labels.npy").unlink()
        for name, content in {"a.npy": b"", "b.npy": b"\x93NUMPY\x01\x00\xff\xff{", "c.npz": b"PK\x03\x04",
                              "d.safetensors": b"\xff" * 8 + b"{}"}.items():
            (self.at / "data" / name).write_bytes(content)
            self.refused(3, message=name)
            (self.at / "data" / name).unlink()
        x[3, 3] = np.nan
        np.save(self.at / "data/x.npy", x)
        report, _ = self.quantize("--activations", "int8")
        self.assertEqual(report["layers"][0]["left"], "its input is not finite")
        np.save(self.at / "data/x.npy", np.zeros_like(x))
        report, _ = self.quantize("--activations", "int8")
        self.assertEqual(report["layers"][0]["left"], "its input is 0 on all data")

    def testBadWords(self):
        self.write(dot_model(8, 40, 9), {"w": self.normal(40, 9)}, x=self.normal(8, 40))
        before = (self.at / "m.mlir").read_bytes(), (self.at / "m.safetensors").read_bytes()
        for out in "m.mlir", "q.o", "q":
            self.mgc("quantize", "m.mlir", "--data", "data", "--out", out, status=2)
        # Its weights would lie where those of the model do.
        os.link(self.at / "m.safetensors", self.at / "n.safetensors")
        self.mgc("quantize", "m.mlir", "--data", "data", "--out", "n.mlir", status=2)
        self.mgc("quantize", "m.mlir", status=2)
        self.mgc("quantize", "m.mlir", "--data", "data", "--activations", "int4", status=2)
        self.mgc("quantize", "m.mlir", "--data", "data", "--out", "none/q.mlir", status=6)
        self.assertEqual(((self.at / "m.mlir").read_bytes(), (self.at / "m.safetensors").read_bytes()), before)
        self.mgc("quantize", "m.mlir", "--data", "data", "-q")
        self.assertTrue((self.at / "m.int8.mlir").exists() and (self.at / "m.int8.safetensors").exists())


if __name__ == "__main__":
    unittest.main()
