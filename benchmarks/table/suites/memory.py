"""What is bound by memory, by exponentials or by the call itself."""
from row import Row
from suites import loops, randoms


def text(shape):
    return "x".join(map(str, shape))


def gelu_chain(rows, columns, tanh):
    def build(g):
        x, w, b = g.input("x", (rows, columns)), g.input("w", (columns,)), g.input("b", (columns,))
        g.returns((x * w + b).composite("gelu", tanh=tanh))
    return Row(f"gelu{'_tanh' if tanh else ''}(x*w+b) {rows}x{columns}", build)


def twenty_ops(rows, columns):
    """Twenty ops with broadcasts along both dimensions, a transpose and a
    reverse between them."""
    def build(g):
        x, y = g.input("x", (rows, columns)), g.input("y", (columns, rows))
        row, column = g.input("r", (columns,)), g.input("c", (rows, 1))
        t = x * row + column
        t = (t.abs() + 1.0).sqrt() * 0.5
        t = t - y.transpose(1, 0) * 0.25
        t = t.max_with(-2.0).min_with(2.0) * row - x
        t = (t * t + 0.5).sqrt() / (column * column + 1.0)
        t = (-t + column) * 1.5
        g.returns(t.abs() + t.reverse(1))
    return Row(f"20 ops with views {rows}x{columns}", build)


def vectors(elements):
    def build(g):
        x, y = g.input("x", (elements,)), g.input("y", (elements,))
        t = x
        for i in range(5):
            t = (t * y + 0.5 * i).max_with(-3.0) * 0.5
        g.returns(t)
    return Row(f"20 ops of vectors {elements}", build)


def along(name, shape, dim=-1):
    def build(g):
        g.returns(g.input("x", shape).composite(name, dim=dim))
    return Row(f"{name} {text(shape)}", build)


def reduced(name, shape, dim):
    def build(g):
        x = g.input("x", shape)
        g.returns(x.reduce("sum", [dim]) if name == "sum"
                  else x.composite(name, dim=dim, shape=(shape[1 - dim],)))
    return Row(f"{name} of {'rows' if dim else 'columns'} {text(shape)}", build)


def norm(name, rows, columns):
    def build(g):
        x, s = g.input("x", (rows, columns)), g.input("s", (columns,))
        more = [g.input("b", (columns,))] if name == "layer_norm" else []
        g.returns(x.composite(name, s, *more))
    return Row(f"{name} {rows}x{columns}", build)


def transposed(shape, perm):
    def build(g):
        g.returns(g.input("x", shape).transpose(*perm))
    return Row(f"transpose {text(shape)} {''.join(map(str, perm))}", build)


def strided():
    def build(g):
        x = g.input("x", (2048, 4096))
        g.returns(x.slice((0, 2048, 2), (0, 4096, 2)).reverse(0).transpose(1, 0))
    return Row("every second of 2048x4096 reversed and transposed", build)


def sixteen():
    def build(g):
        g.returns(g.input("x", (16,)) + g.input("y", (16,)))
    return Row("add of 16 floats", build)


def small_mlp():
    def build(g):
        x = g.input("x", (1, 64))
        for i in range(5):
            x = x.composite("linear", g.input(f"w{i}", (64, 64)), g.input(f"b{i}", (64,)), shape=(1, 64))
            if i < 4:
                x = x.composite("relu")
        g.returns(x)
    return Row("5-layer MLP 1x64", build, tolerance=1e-4, weights=[f"{k}{i}" for i in range(5) for k in "wb"])


def listed():
    rows = [gelu_chain(64, 1024, False), gelu_chain(1024, 1024, False), gelu_chain(1024, 1024, True),
            gelu_chain(32768, 1024, False), gelu_chain(32768, 1024, True),
            twenty_ops(4096, 4096), vectors(1 << 24)]
    rows += [along("softmax", s) for s in ((256, 256), (1024, 1024), (4096, 4096), (4096, 4097))]
    for name in ("layer_norm", "rms_norm"):
        rows += [norm(name, *s) for s in ((128, 768), (512, 768), (4096, 1024))]
    rows += [along("softmax", (1024, 1024)).differentiated(), norm("layer_norm", 512, 768).differentiated(),
             norm("rms_norm", 512, 768).differentiated(), gelu_chain(1024, 1024, False).differentiated(),
             reduced("logsumexp", (1024, 1024), 1).differentiated()]
    rows += [transposed((2048, 2048), (1, 0)), transposed((1, 512, 12, 64), (0, 2, 1, 3)), strided()]
    for shape in ((4096, 4096), (32768, 4096)):
        rows += [reduced("sum", shape, 1), reduced("sum", shape, 0), reduced("logsumexp", shape, 1)]
    return rows + [sixteen(), small_mlp(), loops.Scan(614, 16), loops.Scan(614, 16, gradient=True)]


def random(seed):
    return randoms.memory(seed)
