"""onnx-test.py MGC FOLDER: `--onnx-test`, `--constant` and `doctor` on tests of ONNX's own, which lie in FOLDER."""
import json
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

FOLDER = pathlib.Path(sys.argv.pop(2))
MGC = sys.argv.pop(1)


def mgc(*words):
    return subprocess.run([MGC, *map(str, words)], capture_output=True, text=True)


class OnnxTest(unittest.TestCase):
    def setUp(self):
        place = tempfile.TemporaryDirectory(prefix="mg-onnx-")
        self.addCleanup(place.cleanup)
        self.place = pathlib.Path(place.name)

    def copy(self, name):
        return pathlib.Path(shutil.copytree(FOLDER / name, self.place / name))

    def check(self, done, status, *texts):
        self.assertEqual(done.returncode, status, done.stdout + done.stderr)
        for text in texts:
            self.assertIn(text, done.stdout + done.stderr)

    def test_run_compares_compiled_code_only(self):
        done = mgc("run", "--onnx-test", FOLDER / "test_averagepool_2d_ceil")
        self.check(done, 0, "test_data_set_0 native compiled: y: equal")
        self.assertNotIn("eager", done.stdout)

    def test_verify_compares_all_three(self):
        done = mgc("verify", "--onnx-test", FOLDER / "test_averagepool_2d_ceil")
        self.check(done, 0, "compiled: y", "eager: y", "compiled and eager: y")

    def test_every_set_at_every_level(self):
        test = self.copy("test_averagepool_2d_ceil")
        for number in range(1, 11):
            shutil.copytree(test / "test_data_set_0", test / f"test_data_set_{number}")
        done = mgc("run", "--onnx-test", test, "--mcpu=native,x86-64-v2")
        self.check(done, 0)
        told = [line.split()[:2] for line in done.stdout.splitlines()]
        self.assertEqual(told, [[f"test_data_set_{i}", level] for level in ("native", "x86-64-v2") for i in range(11)])

    def test_another_result_differs(self):
        test = self.copy("test_averagepool_2d_ceil")
        expected = test / "test_data_set_0" / "output_0.pb"
        data = bytearray(expected.read_bytes())
        data[-1] ^= 0x80  # the sign of the last float
        expected.write_bytes(data)
        for verb in ("run", "verify"):
            self.check(mgc(verb, "--onnx-test", test), 1, "compiled: y: differs in 1 of 4 elements")
        self.check(mgc("run", "--onnx-test", test, "--atol", "100"), 0, "y: close")
        (test / "data.json").write_text('{"atol": 100, "rtol": 0}')
        self.check(mgc("run", "--onnx-test", test), 0, "y: close")
        self.check(mgc("run", "--onnx-test", test, "--atol", "0"), 1)
        (test / "data.json").write_text("[")
        self.check(mgc("run", "--onnx-test", test), 3, "is no JSON object")

    def test_json(self):
        done = mgc("verify", "--onnx-test", FOLDER / "test_averagepool_2d_ceil", "--json")
        rows = json.loads(done.stdout)
        self.assertEqual([row["of"] for row in rows], ["compiled", "eager", "compiled and eager"])
        self.assertTrue(all(row["fits"] and row["output"] == "y" for row in rows))

    def test_a_shape_that_is_an_input_is_fixed(self):
        test = FOLDER / "test_reshape_one_dim"
        self.check(mgc("run", "--onnx-test", test), 0, "compiled for the values of: shape")
        self.check(mgc("compile", test / "model.onnx", "-o", self.place / "m.o"), 4, "is not known before the model runs")
        self.check(mgc("compile", test / "model.onnx", "-o", self.place / "m.o", "--constant", "shape=i64[1]:24"), 0)
        header = (self.place / "m.h").read_text()
        self.assertIn("const float *data", header)
        self.assertNotIn("shape,", header)

    def test_wrong_constants(self):
        model, out = FOLDER / "test_reshape_one_dim" / "model.onnx", self.place / "m.o"
        for constant, status, text in (("axes=i64[1]:1", 5, "no input 'axes'"), ("shape=f32[1]:24", 5, "element type"),
                                       ("shape=i64[2]:4,6", 5, "shape"), ("shape=random:1", 2, "--constant"),
                                       ("shape=i64[1]:25", 5, "Reshape")):
            self.check(mgc("compile", model, "-o", out, "--constant", constant), status, text)
            self.assertFalse(out.exists())

    def test_sequences_are_not_supported(self):
        for words in (["run", "--onnx-test"], ["verify", "--onnx-test"]):
            self.check(mgc(*words, FOLDER / "test_sequence_insert_at_back"), 4, "'sequence'", "it is no tensor")

    def test_random_results_are_compared_by_type(self):
        self.check(mgc("run", "--onnx-test", FOLDER / "test_bernoulli"), 0, "random, of the right type")

    def test_a_folder_without_tests(self):
        self.check(mgc("run", "--onnx-test", self.place), 3)
        model = shutil.copy(FOLDER / "test_averagepool_2d_ceil" / "model.onnx", self.place)
        self.check(mgc("run", "--onnx-test", self.place), 3, "holds no test_data_set_N")
        (self.place / "test_data_set_0").mkdir()
        self.check(mgc("run", model, "--onnx-test", self.place), 3, "holds no input_0.pb")

    def test_usage(self):
        self.check(mgc("run"), 2, "MODEL")
        self.check(mgc("verify"), 2, "MODEL")
        self.check(mgc("run", "--onnx-test", self.place, "-i", "x=zeros"), 2)

    def test_doctor_finds_what_is_missing(self):
        done = mgc("doctor", FOLDER / "test_sequence_insert_at_back" / "model.onnx")
        self.check(done, 4, "SequenceInsert", "node 'output_sequence' (SequenceInsert): not supported")
        done = mgc("doctor", "--json", FOLDER / "test_sequence_insert_at_back" / "model.onnx")
        [row] = json.loads(done.stdout)["operators"]
        self.assertEqual((row["operator"], row["version"], row["count"], row["supported"]), ("SequenceInsert", 11, 1, False))

    def test_doctor_finds_meanings_that_are_missing(self):
        model = FOLDER / "test_reshape_one_dim" / "model.onnx"
        self.check(mgc("doctor", model), 4, "is not known before the model runs")
        self.check(mgc("doctor", model, "--constant", "shape=i64[1]:24"), 0, "0 not supported")

    def test_doctor_without_complaint(self):
        done = mgc("doctor", "-v", FOLDER / "test_averagepool_2d_ceil" / "model.onnx")
        self.check(done, 0, "AveragePool", "1 operators of 1 kinds, 0 not supported")

    def test_doctor_lists_operators(self):
        listed = json.loads(mgc("doctor", "--onnx", "--json").stdout)
        self.assertEqual(listed["Softmax"][-1], 13)
        self.check(mgc("doctor", "--onnx"), 0, "Softmax")
        self.check(mgc("doctor", "--onnx", FOLDER / "test_averagepool_2d_ceil" / "model.onnx"), 2)


if __name__ == "__main__":
    unittest.main()
