"""What is bound by multiply-adds: products, layers, attention. A layer's
parameters are weights: libraries that prepare them beforehand may."""
from row import Row
from suites import typed
from suites.randoms import Draw


def product(m, n, k):
    def build(g):
        g.returns(g.input("a", (m, k)).matmul(g.input("b", (k, n))))
    return Row(f"product {m}x{n}x{k}", build, tolerance=1e-4)


def products(batch, m, n, k):
    def build(g):
        g.returns(g.input("a", (batch, m, k)).matmul(g.input("b", (batch, k, n))))
    return Row(f"{batch} products {m}x{n}x{k}", build, tolerance=1e-4)


def linear(g, x, name, n):
    k = x.shape[-1]
    w, b = g.input("w" + name, (n, k)), g.input("b" + name, (n,))
    return x.composite("linear", w, b, shape=x.shape[:-1] + (n,))


def layer(m, k, n):
    """Pre-activations of about 1: weights are drawn with variance 1."""
    def build(g):
        x = g.input("x", (m, k)) * k ** -0.5
        g.returns(linear(g, x, "", n).composite("gelu", tanh=False))
    return Row(f"linear, gelu {m}x{k}->{n}", build, tolerance=1e-4, weights=("w", "b"))


def block(m, width, hidden):
    def build(g):
        x = g.input("x", (m, width)) * width ** -0.5
        h = linear(g, x, "1", hidden).composite("gelu", tanh=False) * hidden ** -0.5
        g.returns(linear(g, h, "2", width))
    return Row(f"MLP {m}x{width}->{hidden}->{width}", build, tolerance=1e-4, weights=("w1", "b1", "w2", "b2"))


def vector(k, n):
    def build(g):
        g.returns(g.input("x", (1, k)).matmul(g.input("w", (n, k)), transposed=True))
    return Row(f"vector by {n}x{k}", build, tolerance=1e-4, weights=("w",))


def attention(heads, length, width, causal=False):
    def build(g):
        q, k, v = (g.input(name, (heads, length, width)) for name in "qkv")
        g.returns(q.composite("attention", k, v, causal=causal))
    return Row(f"attention {heads}x{length}x{width}" + (" causal" if causal else ""), build, tolerance=1e-4)


def listed():
    rows = [product(n, n, n) for n in (64, 128, 256, 512, 1024, 2048)]
    rows += [product(17, 33, 65), product(127, 129, 131), product(1000, 1001, 999)]
    rows += [products(12, 128, 128, 64), products(12, 512, 64, 512)]
    rows += [layer(m, 768, 3072) for m in (1, 8, 32, 128, 512)]
    rows += [layer(m, 3072, 768) for m in (1, 8, 32, 128, 512)]
    rows += [layer(m, 4096, 4096) for m in (1, 8, 128)]
    rows += [vector(768, 3072), vector(4096, 11008)]
    rows += [block(m, 768, 3072) for m in (1, 32, 128, 512)]
    return rows + [attention(12, 128, 64), attention(12, 512, 64), attention(8, 2048, 64),
                   attention(12, 512, 64, True)] + typed.listed()


def random(seed):
    """30 rows, of every class of shapes that is difficult in its own way."""
    draw = Draw(seed)

    def size():
        return draw.extent(9, 1200)

    def few():
        return draw.randint(1, 8)
    rows = [product(size(), size(), size()) for _ in range(8)]
    rows += [product(few(), size(), size()) for _ in range(3)]
    rows += [product(size(), few(), size()) for _ in range(3)]
    rows += [product(draw.randint(1, 32), draw.randint(1, 64), draw.extent(4000, 20000)) for _ in range(3)]
    rows += [products(draw.extent(300, 4096), draw.randint(2, 12), draw.randint(2, 12), draw.randint(2, 12))
             for _ in range(3)]
    rows += [layer(draw.extent(1, 300), size(), size()) for _ in range(4)]
    rows += [vector(draw.extent(64, 4096), draw.extent(64, 4096)) for _ in range(2)]
    rows += [block(draw.extent(1, 200), size(), size())]
    return rows + [attention(draw.extent(2, 12), draw.extent(16, 600), draw.choice([32, 40, 64]),
                             draw.random() < 0.5) for _ in range(3)]
