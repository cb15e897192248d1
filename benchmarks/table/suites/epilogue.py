"""What follows a contraction, beside the contraction alone, which takes its turns
with it: what is left of 1 is the price of the epilogue. f32, weights known."""
import ours
from row import Row
from suites import conv, contraction


class Fused(Row):
    """`alone`: the row that is the contraction and nothing else."""

    contestants = ("ours", "alone")

    def __init__(self, name, build, weights, alone):
        super().__init__(name, build, tolerance=1e-4, weights=weights)
        self.alone = alone

    def prepare(self):
        super().prepare()
        self.alone.prepare()
        self.alone.flags = self.flags

    def release(self):
        super().release()
        self.alone.release()

    def contestant(self, name, build, threads, folder, this_machine):
        row = self if name == "ours" else self.alone
        runner = ours.Compiled(row, build, folder, this_machine)
        runner.row = row
        return runner

    def check(self, runner):
        if runner.row is self:
            super().check(runner)
        else:
            runner.row.check(runner)


def product(m, k, n):
    def build(g):
        g.returns(g.input("x", (m, k)).matmul(g.input("w", (n, k)), transposed=True))
    return Row(f"{m}x{k}->{n} alone", build, tolerance=1e-4, weights=("w",))


def gelu(m, k, n):
    def build(g):
        g.returns(contraction.linear(g, g.input("x", (m, k)), "", n).composite("gelu", tanh=False))
    return Fused(f"{m}x{k}->{n}, bias, gelu", build, ("w", "b"), product(m, k, n))


def norm(m, k, n):
    def build(g):
        y = contraction.linear(g, g.input("x", (m, k)), "", n) + g.input("r", (m, n))
        g.returns(y.composite("layer_norm", g.input("s", (n,)), g.input("t", (n,))))
    return Fused(f"{m}x{k}->{n}, bias, residual, layer_norm", build, ("w", "b", "s", "t"), product(m, k, n))


def batch_norm(channels, size, out, kernel, stride=1):
    alone = conv.conv(channels, size, out, kernel, stride, relu=False)
    alone.weights = ("w",)

    def build(g):
        x = g.input("x", (1, channels, size, size))
        y = x.conv(g.input("w", (out, channels, kernel, kernel)), stride, kernel // 2, 1, 1)
        scale, bias, mean, variance = (g.input(name, (out,)) for name in "abcd")
        g.returns(y.composite("batch_norm", scale, bias, mean, variance * variance).composite("relu"))
    return Fused(f"{alone.name}, batch_norm, relu", build, ("w", "a", "b", "c", "d"), alone)


def listed():
    layers = [(128, 768, 768), (512, 768, 3072), (512, 3072, 768)]
    images = [(64, 56, 64, 3), (256, 14, 256, 3), (256, 56, 64, 1), (64, 56, 128, 3, 2)]
    return [gelu(*s) for s in layers] + [norm(*s) for s in layers] + [batch_norm(*i) for i in images]
