"""Rows from a seed: shapes that nobody chose, odd extents among them."""
import random

from row import Row

UNARY = ("exp", "tanh", "erf", "logistic", "sin", "cos", "abs", "neg")


class Draw(random.Random):
    def extent(self, low, high):
        """Log-uniform; a third odd as drawn, a third a multiple of 8, a third
        a power of two."""
        n = round(low * (high / low) ** self.random())
        form = self.randrange(3)
        return n | 1 if form == 0 else max(8, n // 8 * 8) if form == 1 else 1 << (n.bit_length() - 1)

    def matrix(self, least=1 << 12, most=1 << 24):
        """Rows and columns with between `least` and `most` elements."""
        while True:
            shape = self.extent(8, 1 << 15), self.extent(8, 1 << 14)
            if least <= shape[0] * shape[1] <= most:
                return shape


def text(shape):
    return "x".join(map(str, shape))


def chain(draw, shape, length, smooth=False):
    """Elementwise ops; `smooth`: with a derivative worth comparing."""
    def build(g):
        x, y = g.input("x", shape), g.input("y", shape)
        vectors = [g.input("r", shape[-1:]), g.input("c", shape[:-1] + (1,))]
        t, transcendental = x, 0
        for _ in range(length):
            kind = draw.randrange(5)
            if kind == 0 and transcendental < 3:
                transcendental += 1
                op = draw.choice([u for u in UNARY if not (smooth and u == "abs")])
                t = (t.min_with(2.0) if op == "exp" and not smooth else t * 0.25 if op == "exp" else t).unary(op)
            elif kind == 1:
                t = t * draw.choice(vectors) * 0.5
            elif kind == 2:
                t = t + draw.choice([y, *vectors])
            elif kind == 3 and not smooth:
                t = t.max_with(draw.uniform(-1, 0)).min_with(draw.uniform(1, 2))
            else:
                t = t * draw.choice([0.5, -0.75]) - draw.choice([x, y])
        # All inputs count, whatever was drawn.
        g.returns(t * y + vectors[0] * vectors[1])
    return Row(f"chain of {length} {text(shape)}", build, tolerance=1e-4)


def composite(draw, shape):
    name = draw.choice(["softmax", "log_softmax", "layer_norm", "rms_norm"])

    def build(g):
        x = g.input("x", shape)
        if name.endswith("softmax"):
            return g.returns(x.composite(name, dim=-1))
        more = [g.input(k, shape[-1:]) for k in ("sb" if name == "layer_norm" else "s")]
        return g.returns(x.composite(name, *more))
    return Row(f"{name} {text(shape)}", build)


def biased_softmax(draw, shape):
    def build(g):
        x, b = g.input("x", shape), g.input("b", shape[-1:])
        g.returns((x * 0.125 + b).composite("softmax", dim=-1))
    return Row(f"softmax(x/8+b) {text(shape)}", build)


def reduction(draw, shape):
    kind, dim = draw.choice(["sum", "max", "min"]), draw.randrange(2)

    def build(g):
        x = g.input("x", shape)
        t = x * x + x if draw.random() < 0.5 else x
        g.returns(t.reduce(kind, [dim]))
    return Row(f"{kind} of {'rows' if dim else 'columns'} {text(shape)}", build, tolerance=1e-4)


def everything(draw, shape):
    def build(g):
        g.returns(g.input("x", shape).reduce("sum", [0, 1]))
    return Row(f"sum of all {text(shape)}", build, tolerance=1e-4)


def mean_and_variance(draw, shape):
    def build(g):
        x = g.input("x", shape)
        g.returns(x.mean([-1]), x.composite("variance", dim=-1, shape=shape[:-1]))
    return Row(f"mean and variance {text(shape)}", build, tolerance=1e-4)


def transpose(draw, shape):
    n, m = shape
    if draw.random() < 0.5:
        shape, perm = (n, m), (1, 0)
    else:
        a = draw.extent(2, 12)
        shape = (draw.extent(2, 8), max(1, n // 8), a, max(8, m // 16))
        perm = draw.choice([(0, 2, 1, 3), (0, 1, 3, 2), (3, 1, 2, 0), (2, 0, 3, 1)])

    def build(g):
        g.returns(g.input("x", shape).transpose(*perm))
    return Row(f"transpose {text(shape)} {''.join(map(str, perm))}", build)


def views(draw, shape):
    n, m = shape

    def build(g):
        x, y = g.input("x", (n, m)), g.input("y", (m, n))
        a = x.slice((1, n, 1), (0, m - 1, 1)) + x.slice((0, n - 1, 1), (1, m, 1))
        b = y.transpose(1, 0).slice((0, n - 1, 1), (0, m - 1, 1)).reverse(draw.randrange(2))
        g.returns(a * b)
    return Row(f"shifted, transposed, reversed {text(shape)}", build)


def joined(draw, shape):
    n, m = shape

    def build(g):
        x, y = g.input("x", (n, m)), g.input("y", (n, m + 3))
        g.returns(g.concat([x * 2.0, y.pad([0, 1], [0, 2])], 1).tanh())
    return Row(f"concat and pad {text(shape)}", build)


def logsumexp(draw, shape):
    dim = draw.randrange(2)

    def build(g):
        g.returns(g.input("x", shape).composite("logsumexp", dim=dim, shape=(shape[1 - dim],)))
    return Row(f"logsumexp of {'rows' if dim else 'columns'} {text(shape)}", build)


def gelu(draw, shape):
    tanh = draw.random() < 0.5

    def build(g):
        x, w, b = g.input("x", shape), g.input("w", shape[-1:]), g.input("b", shape[-1:])
        g.returns((x * w + b).composite("gelu", tanh=tanh))
    return Row(f"gelu{'_tanh' if tanh else ''}(x*w+b) {text(shape)}", build)


def memory(seed):
    draw = Draw(seed)
    small = 1 << 22
    rows = [chain(draw, draw.matrix(), draw.randint(4, 24)) for _ in range(3)]
    rows += [make(draw, draw.matrix()) for make in (
        gelu, composite, composite, biased_softmax, reduction, reduction, everything, mean_and_variance,
        transpose, transpose, views, joined, logsumexp)]
    rows += [composite(draw, draw.matrix(most=small)).differentiated() for _ in range(2)]
    rows += [logsumexp(draw, draw.matrix(most=small)).differentiated(),
             chain(draw, draw.matrix(most=small), draw.randint(3, 8), smooth=True).differentiated()]
    return rows
