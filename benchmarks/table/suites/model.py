"""Whole models with random weights: each as benchmarks/models has it, said once
more as a graph for everybody else. `tiny`: the same with a few channels, for
tests."""
import numpy as np

from whole_model import Model


def normal(rng, shape):
    return rng.standard_normal(shape, np.float32)


def below(limit):
    return lambda rng, shape: rng.integers(0, limit, shape).astype(np.int32)


def constant(value):
    return lambda rng, shape: np.full(shape, value, np.int32)


def linear(x, w, path):
    weight = w(path + ".w")
    return x.composite("project", weight, w(path + ".b"), shape=(*x.shape[:-1], weight.shape[-1]))


def layer_norm(x, w, path):
    return x.composite("layer_norm", w(path + ".scale"), w(path + ".bias"))


def relu(x):
    return x.composite("relu")


def relu6(x):
    return x.max_with(0.0).min_with(6.0)


def convolved(x, w, path, stride=1, depthwise=False):
    """A convolution and its batch norm."""
    kernel = w(path + ".conv.w")
    y = x.conv(kernel, stride, kernel.shape[-1] // 2, x.shape[1] if depthwise else 1)
    norm = path + ".norm."
    return y.composite("batch_norm", *(w(norm + n) for n in ("scale", "bias", "running_mean", "running_var")))


def mlp(g, w, x):
    count = sum(path.endswith(".w") for path in w.arrays)
    for i in range(count):
        x = linear(x, w, f"layers.{i}")
        x = relu(x) if i < count - 1 else x
    return [x]


def resnet(blocks):
    def build(g, w, x):
        x = relu(convolved(x, w, "stem", 2)).max_pool(3, 2, 1)
        number = 0
        for stage, count in enumerate(blocks):
            for i in range(count):
                path, stride = f"blocks.{number}", 2 if stage > 0 and i == 0 else 1
                y = relu(convolved(x, w, path + ".reduce"))
                y = relu(convolved(y, w, path + ".middle", stride))
                y = convolved(y, w, path + ".expand")
                if w.has(path + ".shortcut.conv.w"):
                    x = convolved(x, w, path + ".shortcut", stride)
                x, number = relu(y + x), number + 1
        return [linear(x.mean([2, 3]), w, "head")]
    return build


MOBILENET = ((1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1), (6, 160, 3, 2),
             (6, 320, 1, 1))


def mobilenet(stages):
    def build(g, w, x):
        x, number = relu6(convolved(x, w, "stem", 2)), 0
        for factor, out, count, first in stages:
            for i in range(count):
                path, stride = f"blocks.{number}", first if i == 0 else 1
                y = relu6(convolved(x, w, path + ".expand")) if factor > 1 else x
                y = relu6(convolved(y, w, path + ".middle", stride, depthwise=True))
                y = convolved(y, w, path + ".project")
                x, number = x + y if stride == 1 and x.shape == y.shape else y, number + 1
        return [linear(relu6(convolved(x, w, "last")).mean([2, 3]), w, "head")]
    return build


def unet(levels):
    def twice(x, w, path):
        return relu(convolved(relu(convolved(x, w, path + ".first")), w, path + ".second"))

    def build(g, w, x):
        beside = []
        for i in range(levels + 1):
            x = twice(x.max_pool(2, 2) if i else x, w, f"down.{i}")
            beside.append(x)
        beside.pop()
        for i in range(levels):
            path = f"up.{i}"
            kernel = w(path + ".larger.w")
            shape = (x.shape[0], kernel.shape[1], 2 * x.shape[2], 2 * x.shape[3])
            larger = x.composite("conv_transpose", kernel, w(path + ".larger.b"), shape=shape)
            x = twice(g.concat([beside.pop(), larger], 1), w, path + ".twice")
        return [x.conv(w("head.w")) + w("head.b").reshape(-1, 1, 1)]
    return build


def heads_of(x, part, heads):
    """Part 0, 1 or 2 of (n, l, 3 width) as (n, heads, l, head width)."""
    n, length, width = x.shape[0], x.shape[1], x.shape[2] // 3
    one = x.slice((0, n, 1), (0, length, 1), (part * width, (part + 1) * width, 1))
    return one.reshape(n, length, heads, width // heads).transpose(0, 2, 1, 3)


def joined(x):
    n, heads, length, width = x.shape
    return x.transpose(0, 2, 1, 3).reshape(n, length, heads * width)


def embedded(w, x):
    places = w("places").slice((0, x.shape[1], 1), (0, w("places").shape[1], 1))
    return w("tokens.table").take(x) + places


def bert(layers, heads):
    def build(g, w, x):
        x = layer_norm(embedded(w, x), w, "norm")
        for i in range(layers):
            path = f"blocks.{i}"
            all = linear(x, w, path + ".attention.in")
            seen = heads_of(all, 0, heads).composite("heads_attention", heads_of(all, 1, heads),
                                                     heads_of(all, 2, heads), causal=False)
            x = layer_norm(x + linear(joined(seen), w, path + ".attention.out"), w, path + ".after_attention")
            h = linear(x, w, path + ".up").composite("gelu", tanh=False)
            x = layer_norm(x + linear(h, w, path + ".down"), w, path + ".after_network")
        return [x]
    return build


def decoder_network(x, seen, w, path):
    x = x + linear(joined(seen), w, path + ".out")
    h = linear(layer_norm(x, w, path + ".before_network"), w, path + ".up").composite("gelu", tanh=True)
    return x + linear(h, w, path + ".down")


def logits(h, w):
    n, _, width = h.shape
    return layer_norm(h, w, "norm").reshape(n, width).matmul(w("tokens.table"), transposed=True)


def gpt_prompt(layers, heads):
    def build(g, w, x):
        x, cached = embedded(w, x), []
        for i in range(layers):
            path = f"blocks.{i}"
            all = linear(layer_norm(x, w, path + ".before_attention"), w, path + ".in")
            q, k, v = (heads_of(all, part, heads) for part in range(3))
            cached += [k, v]
            x = decoder_network(x, q.composite("heads_attention", k, v, causal=True), w, path)
        n, length, width = x.shape
        return [logits(x.slice((0, n, 1), (length - 1, length, 1), (0, width, 1)), w), *cached]
    return build


def gpt_step(layers, heads):
    def build(g, w, x, place, *cache):
        mask = place.reshape(1, 1, 1, 1).at_least(g.iota((1, 1, 1, cache[0].shape[2]), 3))
        x = w("tokens.table").take(x) + w("places").take(place)
        for i in range(layers):
            path = f"blocks.{i}"
            all = linear(layer_norm(x, w, path + ".before_attention"), w, path + ".in")
            k, v = (cache[2 * i + part].store(heads_of(all, 1 + part, heads), place) for part in range(2))
            x = decoder_network(x, heads_of(all, 0, heads).composite("masked_attention", k, v, mask), w, path)
        return [logits(x, w)]
    return build


def images(batch, size):
    return {"x": ((batch, 3, size, size), None, normal)}


def tokens(batch, length, vocabulary):
    return {"x": ((batch, length), "i32", below(vocabulary))}


def step_inputs(batch, capacity, layers, heads, width, vocabulary):
    """The cache is full but for the last place."""
    inputs = tokens(batch, 1, vocabulary) | {"place": ((1,), "i32", constant(capacity - 1))}
    for i in range(layers):
        for kind in ("keys", "values"):
            inputs[f"cache.{i}.{kind}"] = ((batch, heads, capacity, width // heads), None, normal)
    return inputs


def models(batch, dtype, tiny=False):
    def row(name, model, build, inputs, *words):
        return Model(name, model, build, inputs, words, batch, dtype, tiny)

    first, wide = ((20, 30) if tiny else (784, 1024))
    layers, heads, width = (2, 2, 32) if tiny else (12, 12, 768)
    sizes = {"bert": 40, "gpt": 40} if tiny else {"bert": 30522, "gpt": 50257}
    length, caches = (8, (8,)) if tiny else (128, (256, 1024))
    size, small = (20, 12) if tiny else (224, 128)
    rows = [
        row("MLP 784-512-512-10", "mlp", mlp, {"x": ((batch, first), None, normal)}),
        row("MLP 1024-4096-4096-1024", "wide-mlp", mlp, {"x": ((batch, wide), None, normal)}),
        row("ResNet-50", "resnet", resnet((1, 2) if tiny else (3, 4, 6, 3)), images(batch, size)),
        row("MobileNetV2", "mobilenet", mobilenet(((1, 4, 1, 1), (2, 6, 2, 2)) if tiny else MOBILENET),
            images(batch, size)),
        row("U-Net", "unet", unet(2 if tiny else 4), images(batch, small)),
        row(f"BERT-base, {length} tokens", "bert", bert(layers, heads), tokens(batch, length, sizes["bert"]),
            "--length", str(length)),
        row(f"GPT-2, prompt of {length}", "gpt-prompt", gpt_prompt(layers, heads),
            tokens(batch, length, sizes["gpt"]), "--length", str(length))]
    return rows + [
        row(f"GPT-2, a token more than {n - 1}", "gpt-step", gpt_step(layers, heads),
            step_inputs(batch, n, layers, heads, width, sizes["gpt"]), "--length", str(n)) for n in caches]


def listed():
    return [r for batch, dtype in ((1, "f32"), (8, "f32"), (1, "bf16"), (8, "bf16")) for r in models(batch, dtype)]


def tiny():
    return [r for dtype in ("f32", "bf16") for r in models(2, dtype, tiny=True)]
