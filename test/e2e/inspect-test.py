#!/usr/bin/env python3
"""mgc inspect, bench, bisect, --trace and --profile as their users meet them.

    inspect-test.py MGC [unittest's arguments]

A page is loaded by a browser without a screen where there is one (chromium, chrome).
"""
import json
import math
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

MGC = str(pathlib.Path(sys.argv.pop(1)).resolve()) if len(sys.argv) > 1 else "mgc"
BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)

# y = softmax(x w) by hand; the lines matter.
SOFTMAX = """\
func.func @main(%x: tensor<60x30xf32> {mg.name = "x"}) -> (tensor<60x50xf32> {mg.name = "y"}) {
  %w = mg.weight "w" : tensor<30x50xf32>
  %h = mg.dot %x, %w contract [1] x [0] : (tensor<60x30xf32>, tensor<30x50xf32>) -> tensor<60x50xf32>
  %m = mg.reduce max %h [1] : tensor<60x50xf32> -> tensor<60xf32>
  %mb = mg.broadcast %m [0] : tensor<60xf32> -> tensor<60x50xf32>
  %d = mg.sub %h, %mb : tensor<60x50xf32>
  %e = mg.exp %d : tensor<60x50xf32>
  %s = mg.reduce sum %e [1] : tensor<60x50xf32> -> tensor<60xf32>
  %sb = mg.broadcast %s [0] : tensor<60xf32> -> tensor<60x50xf32>
  %y = mg.div %e, %sb : tensor<60x50xf32>
  return %y : tensor<60x50xf32>
}
"""
# One loop: (exp(x) + x) * x.
CHAIN = """\
func.func @main(%x: tensor<40x25xf32> {mg.name = "x"}) -> (tensor<40x25xf32> {mg.name = "y"}) {
  %0 = mg.exp %x : tensor<40x25xf32>
  %1 = mg.add %0, %x : tensor<40x25xf32>
  %2 = mg.mul %1, %x : tensor<40x25xf32>
  return %2 : tensor<40x25xf32>
}
"""
# An output that shows an input has to be written.
MOVES = """\
func.func @input(%x: tensor<40x25xf32> {mg.name = "x"}) -> (tensor<25x40xf32> {mg.name = "y"}) {
  %0 = mg.transpose %x [1, 0] : tensor<40x25xf32> -> tensor<25x40xf32>
  return %0 : tensor<25x40xf32>
}
"""

# The runtime sorts rows that lie in memory: a transposed input has to be copied first.
SORT = """\
func.func @main(%x: tensor<40x25xf32> {mg.name = "x"}) -> (tensor<25x40xf32> {mg.name = "y"}) {
  %0 = mg.transpose %x [1, 0] : tensor<40x25xf32> -> tensor<25x40xf32>
  %1 = mg.sort %0 dim 1 : (tensor<25x40xf32>) -> tensor<25x40xf32>
  return %1 : tensor<25x40xf32>
}
"""
# Running sums: one addition of 3 floats, 50 times.
SCAN = """\
func.func @main(%h: tensor<3xf32> {mg.name = "h"}, %x: tensor<50x3xf32> {mg.name = "x"})
    -> (tensor<50x3xf32> {mg.name = "y"}) {
  %y:2 = mg.scan @add(%h, %x) carries 1 length 50 : (tensor<3xf32>, tensor<50x3xf32>) -> (tensor<3xf32>, tensor<50x3xf32>)
  return %y#1 : tensor<50x3xf32>
}
func.func private @add(%h: tensor<3xf32>, %x: tensor<3xf32>) -> (tensor<3xf32>, tensor<3xf32>) {
  %y = mg.add %h, %x : tensor<3xf32>
  return %y, %y : tensor<3xf32>, tensor<3xf32>
}
"""
# The cotangent of exp.
VJP = """\
func.func private @f(%x: tensor<30xf32>) -> tensor<30xf32> {
  %0 = mg.exp %x : tensor<30xf32>
  return %0 : tensor<30xf32>
}
func.func @main(%x: tensor<30xf32> {mg.name = "x"}, %c: tensor<30xf32> {mg.name = "c"}) -> (tensor<30xf32> {mg.name = "y"}) {
  %y, %dx = mg.vjp @f(%x, %c) of [0] wrt [0] : (tensor<30xf32>, tensor<30xf32>) -> (tensor<30xf32>, tensor<30xf32>)
  return %dx : tensor<30xf32>
}
"""


class Case(unittest.TestCase):
    def setUp(self):
        temporary = tempfile.TemporaryDirectory()
        self.addCleanup(temporary.cleanup)
        self.folder = pathlib.Path(temporary.name)
        for name, text in (("softmax", SOFTMAX), ("chain", CHAIN), ("moves", MOVES), ("sort", SORT), ("scan", SCAN),
                           ("vjp", VJP)):
            (self.folder / f"{name}.mlir").write_text(text)

    def mgc(self, *words, status=0):
        done = subprocess.run([MGC, *map(str, words)], cwd=self.folder, capture_output=True, text=True, timeout=300)
        self.assertEqual(done.returncode, status, f"{words}\n{done.stdout}{done.stderr}")
        return done

    def inspect(self, model, *more):
        return json.loads(self.mgc("inspect", model, "--json", *more).stdout)["entries"][0]


class Inspect(Case):
    def test_a_chain_is_one_kernel(self):
        entry = self.inspect("chain.mlir", "--expect", "one_kernel,no_copy,vector,kernels<=1")
        [kernel] = entry["kernels"]
        self.assertEqual(kernel["lines"], [2, 3, 4])
        # exp, add, mul of 1,000 floats; one array in, one out.
        self.assertEqual((kernel["flops"], kernel["bytes_read"], kernel["bytes_written"]), (3000, 4000, 4000))
        self.assertEqual((entry["flops"], entry["least_bytes"], entry["peak_bytes"]), (3000, 8000, 0))
        self.assertEqual(entry["ops"], {"exp": 1, "add": 1, "mul": 1})

    def test_unfused_it_is_three(self):
        entry = self.inspect("chain.mlir", "--disable-pass", "mg-fuse-elementwise", "--disable-pass", "mg-fuse")
        kernels = entry["kernels"]
        self.assertEqual(len(kernels), 3)
        self.assertEqual([[edge["from"] for edge in kernel["reads"]] for kernel in kernels], [[], [0], [1]])
        self.assertEqual(sum(kernel["flops"] for kernel in kernels), 3000)

    def test_expectations_can_fail(self):
        done = self.mgc("inspect", "chain.mlir", "-q", "--disable-pass", "mg-fuse-elementwise", "--disable-pass", "mg-fuse", "--expect",
                        "one_kernel,kernels<=2,vector", status=1)
        self.assertEqual(done.stderr.splitlines(), ["mgc: 'main' is not one_kernel: 3 kernels",
                                                    "mgc: 'main' is not kernels<=2: 3 kernels"])
        self.mgc("inspect", "chain.mlir", "--expect", "two_kernels", status=2)
        self.mgc("inspect", "chain.mlir", "--expect", "kernels<=x", status=2)

    def test_a_contraction_counts_its_work(self):
        entry = self.inspect("softmax.mlir")
        [dot] = [op for kernel in entry["kernels"] for op in kernel["ops"] if op["contraction"]]
        self.assertEqual(dot["flops"], 2 * 60 * 30 * 50)
        self.assertEqual(sorted(dot["loops"]), [30, 50, 60])
        self.assertEqual(entry["least_bytes"], 4 * (60 * 30 + 30 * 50 + 60 * 50))
        self.assertEqual(entry["views"], 2)

    def test_an_output_that_shows_an_input_is_no_copy(self):
        entry = self.inspect("moves.mlir", "--expect", "no_copy")
        self.assertTrue(all(kernel["inherent"] for kernel in entry["kernels"]))

    def test_a_copy_is_told(self):
        done = self.mgc("inspect", "sort.mlir", "-q", "--expect", "no_copy", status=1)
        self.assertIn("mgc: 'main' is not no_copy: copies at sort.mlir:", done.stderr)
        self.assertIn("(4.00 kB)", done.stderr)

    def test_what_runs_in_a_loop_counts_as_often(self):
        entry = self.inspect("scan.mlir")
        [add] = [kernel for kernel in entry["kernels"] if kernel["flops"]]
        self.assertEqual((add["trips"], add["flops"], entry["flops"]), (50, 3, 150))

    def test_buffers_fit_into_the_peak_and_never_meet(self):
        entry = self.inspect("softmax.mlir", "--disable-pass", "mg-fuse-elementwise", "--disable-pass", "mg-fuse")
        buffers = entry["buffers"]
        self.assertTrue(buffers)
        self.assertEqual(max(b["offset"] + b["bytes"] for b in buffers), entry["peak_bytes"])
        for i, a in enumerate(buffers):
            for b in buffers[:i]:
                apart = (a["end"] < b["begin"] or b["end"] < a["begin"] or a["offset"] + a["bytes"] <= b["offset"]
                         or b["offset"] + b["bytes"] <= a["offset"])
                self.assertTrue(apart, (a, b))

    def test_text(self):
        text = self.mgc("inspect", "chain.mlir").stdout
        for part in "entry main", "x f32[40,25]", "kernels   1", "2-4", "exp addf mulf", "copies left: 0":
            self.assertIn(part, text)

    def test_the_page_holds_everything(self):
        self.mgc("inspect", "softmax.mlir", "-q", "--html", "page.html", "--disable-pass", "mg-fuse-elementwise", "--disable-pass", "mg-fuse")
        page = (self.folder / "page.html").read_text()
        self.assertNotIn("http", page.replace("http-equiv", ""))
        entry = self.inspect("softmax.mlir", "--disable-pass", "mg-fuse-elementwise", "--disable-pass", "mg-fuse")
        self.assertEqual(page.count('<g class="kernel'), len(entry["kernels"]))

    @unittest.skipUnless(BROWSER, "no chromium or chrome is installed")
    def test_a_browser_draws_what_json_counts(self):
        arguments = ["softmax.mlir", "--disable-pass", "mg-fuse-elementwise", "--disable-pass", "mg-fuse"]
        self.mgc("inspect", *arguments, "-q", "--html", "page.html")
        entry = self.inspect(*arguments)
        # The script of the page counts what the browser made of it.
        dom = subprocess.run([BROWSER, "--headless", "--no-sandbox", "--disable-gpu", "--dump-dom",
                              f"--user-data-dir={self.folder}/profile", (self.folder / "page.html").as_uri()],
                             capture_output=True, text=True, timeout=120).stdout
        counts = [len(entry["kernels"]), sum(len(kernel["reads"]) for kernel in entry["kernels"]),
                  len(entry["buffers"]), len(entry["unfused"])]
        self.assertIn(f'data-drawn="{" ".join(map(str, counts))}"', dom)


class Bench(Case):
    def bench(self, *words):
        return json.loads(self.mgc("bench", *words, "--rounds", 2, "--min-time", 0.001, "--json").stdout)

    def test_three_variants(self):
        report = self.bench("chain.mlir", "--threads", "1,2", "--profile")
        self.assertEqual([(row["what"], row["runs"], row["flops"], row["bytes"]) for row in report["kernels"]],
                         2 * [("exp addf mulf", 1, 3000, 8000)])
        self.assertIn("date", report["context"])
        rows = report["benchmarks"]
        medians = {row["run_name"]: row for row in rows if row["run_type"] == "aggregate"}
        self.assertEqual(list(medians), [f"chain/main/{variant}/threads:{threads}" for threads in (1, 2)
                                         for variant in ("eager", "unfused", "fused")])
        for row in rows:
            self.assertEqual(row["time_unit"], "us")
            for name in "real_time", "iterations", "flops", "bytes_per_second", "share_of_bound", "speedup":
                self.assertGreater(row[name], 0, row)
        for name, row in medians.items():
            single = sorted(r["real_time"] for r in rows if r["run_name"] == name and r["run_type"] == "iteration")
            self.assertEqual(len(single), 2)
            self.assertTrue(math.isclose(row["real_time"], sum(single) / 2))
            # Arrays of 4,000 bytes: an output, and two temporaries where each op is a kernel.
            self.assertEqual(row["peak_bytes"] >= 8000, "/fused/" not in name, row)

    def test_text_and_page(self):
        text = self.mgc("bench", "softmax.mlir", "--rounds", 2, "--min-time", 0.001, "--html", "page.html",
                        "--profile").stdout
        for part in "eager", "unfused", "fused", "bound", "kernels of main", "contraction":
            self.assertIn(part, text)
        page = (self.folder / "page.html").read_text()
        self.assertEqual(page.count('<circle class="point'), 3)

    def test_a_derivative(self):
        self.mgc("verify", "vjp.mlir")
        self.assertIn("vjp main", self.mgc("bench", "vjp.mlir", "--rounds", 1, "--min-time", 0).stdout)

    def test_wrong_code_is_told(self):
        done = self.mgc("bench", "chain.mlir", "--rounds", 1, "--min-time", 0, "-mllvm", "-mg-perturb=mg.exp", status=1)
        self.assertIn("fused is not eager: y", done.stderr)


class Levels(Case):
    def test_what_has_no_eager_mode_is_refused(self):
        self.mgc("compile", "chain.mlir", "-o", "low.mlir", "--emit=linalg")
        for verb in "bench", "bisect", "verify":
            done = self.mgc(verb, "low.mlir", status=4)
            self.assertIn("no eager execution", done.stderr)
        self.assertEqual(len(self.inspect("low.mlir")["kernels"]), 1)


class Trace(Case):
    def spans(self, *words):
        self.mgc(*words, "--trace", "trace.json")
        return json.loads((self.folder / "trace.json").read_text())["traceEvents"]

    def test_passes_and_kernels(self):
        spans = self.spans("run", "chain.mlir", "-i", "x=zeros", "--threads", 1)
        names = [span["name"] for span in spans]
        self.assertIn("mg-lower-to-linalg", names)
        [kernel] = [span for span in spans if span.get("cat") == "run"]
        self.assertEqual(kernel["name"], "kernel 0: exp addf mulf")
        self.assertEqual(kernel["args"], {"lines": "2-4", "flops": "3000", "bytes": "8000"})
        compiled = next(span for span in spans if span["name"] == "mg-lower-to-linalg")
        self.assertGreater(kernel["ts"], compiled["ts"] + compiled["dur"])

    def test_only_what_is_profiled_pays(self):
        self.mgc("compile", "chain.mlir", "-o", "chain.o")
        self.assertNotIn(b"mg_profile", (self.folder / "chain.o").read_bytes())

    def test_a_profile_changes_no_result(self):
        plain = self.mgc("run", "chain.mlir", "-i", "x=random:3", "--threads", 1)
        profiled = self.mgc("run", "chain.mlir", "-i", "x=random:3", "--threads", 1, "--profile")
        self.assertEqual(profiled.stdout, plain.stdout)
        self.assertIn("kernels of main", profiled.stderr)


class Bisect(Case):
    def bisect(self, *words, status=1):
        return json.loads(self.mgc("bisect", *words, "--threads", 1, "--json", status=status).stdout)

    def test_all_agree(self):
        self.assertEqual(self.bisect("softmax.mlir", status=0), {"found": False})
        self.assertIn("agree", self.mgc("bisect", "chain.mlir").stdout)

    def test_an_op_that_is_wrong_by_itself(self):
        found = self.bisect("softmax.mlir", "-mllvm", "-mg-perturb=mg.sub", "-o", "small.mlir")
        self.assertEqual((found["op"], found["ops"]), ("mg.sub", 1))
        self.assertIn(":6:", found["location"])
        self.assertIn("6", found["kernel"].partition("lines")[2].partition(":")[0])
        small = (self.folder / "small.mlir").read_text()
        self.assertEqual([small.count("mg.sub"), small.count("mg.dot")], [1, 0])
        # It is the fault, and without the fault it is fine.
        self.mgc("verify", "small.mlir", "-i", "@small.npz", "-mllvm", "-mg-perturb=mg.sub", status=1)
        self.mgc("verify", "small.mlir", "-i", "@small.npz")

    def test_an_op_that_is_wrong_with_those_before_it(self):
        # Only a division of what exp made, three ops before it, is wrong.
        found = self.bisect("softmax.mlir", "-mllvm", "-mg-perturb=mg.div<mg.exp", "-o", "small.mlir")
        self.assertEqual((found["op"], found["ops"]), ("mg.div", 4))
        self.mgc("verify", "small.mlir", "-i", "@small.npz", "-mllvm", "-mg-perturb=mg.div<mg.exp", status=1)


if __name__ == "__main__":
    unittest.main()
