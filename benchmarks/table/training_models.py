"""The models of benchmarks/training.cpp by PyTorch and by JAX, and a training
step of each: forward, backward, Adam. Shapes are the same; initial values are
each library's own."""
import jax
import jax.numpy as jnp
import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

WIDTH, HEADS, LENGTH, DEPTH, VOCABULARY = 256, 4, 128, 4, 256


def data(model):
    rng = np.random.default_rng(0)
    if model == "mlp":
        return (rng.standard_normal((128, 784), np.float32),
                rng.integers(0, 10, 128))
    if model == "cnn":
        return (rng.standard_normal((64, 1, 28, 28), np.float32),
                rng.integers(0, 10, 64))
    return (rng.integers(0, VOCABULARY, (8, LENGTH)),
            rng.integers(0, VOCABULARY, (8, LENGTH)))



class Block(nn.Module):
    def __init__(self):
        super().__init__()
        self.before, self.between = nn.LayerNorm(WIDTH), nn.LayerNorm(WIDTH)
        self.project = nn.Linear(WIDTH, 3 * WIDTH)
        self.out = nn.Linear(WIDTH, WIDTH)
        self.up, self.down = (nn.Linear(WIDTH, 4 * WIDTH),
                              nn.Linear(4 * WIDTH, WIDTH))

    def attend(self, x):
        n, length, _ = x.shape
        q, k, v = (t.reshape(n, length, HEADS, -1).transpose(1, 2)
                   for t in self.project(x).chunk(3, -1))
        y = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        return self.out(y.transpose(1, 2).reshape(n, length, WIDTH))

    def forward(self, x):
        x = x + self.attend(self.before(x))
        return x + self.down(F.gelu(self.up(self.between(x)),
                                    approximate="tanh"))


class Transformer(nn.Module):
    def __init__(self):
        super().__init__()
        self.tokens = nn.Embedding(VOCABULARY, WIDTH)
        self.places = nn.Parameter(torch.randn(LENGTH, WIDTH))
        self.blocks = nn.Sequential(*[Block() for _ in range(DEPTH)])
        self.last, self.head = nn.LayerNorm(WIDTH), nn.Linear(WIDTH, VOCABULARY)

    def forward(self, x):
        return self.head(self.last(self.blocks(self.tokens(x) + self.places)))


def torch_model(model):
    if model == "mlp":
        return nn.Sequential(nn.Linear(784, 512), nn.ReLU(),
                             nn.Linear(512, 512), nn.ReLU(),
                             nn.Linear(512, 10))
    if model == "cnn":
        return nn.Sequential(
            nn.Conv2d(1, 32, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
            nn.Conv2d(32, 64, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
            nn.Flatten(), nn.Linear(64 * 49, 10))
    return Transformer()


class TorchStep:
    def __init__(self, model, compiled):
        x, y = data(model)
        self.x, self.y = torch.from_numpy(x), torch.from_numpy(y)
        net = torch_model(model)
        self.optimizer = torch.optim.Adam(net.parameters(), lr=1e-3, fused=True)

        def loss(x, y):
            return F.cross_entropy(net(x).flatten(0, -2), y.flatten())

        self.loss = torch.compile(loss) if compiled else loss

    def steps(self, count):
        """The last loss."""
        for _ in range(count):
            self.optimizer.zero_grad()
            value = self.loss(self.x, self.y)
            value.backward()
            self.optimizer.step()
        return value.item()


def dense(key, i, o):
    return {"w": jax.random.uniform(key, (i, o), minval=-1, maxval=1) / i**.5,
            "b": jnp.zeros(o)}


def apply(layer, x):
    return x @ layer["w"] + layer["b"]


def norm(layer, x):
    centered = x - x.mean(-1, keepdims=True)
    variance = (centered * centered).mean(-1, keepdims=True)
    return centered * jax.lax.rsqrt(variance + 1e-5) * layer["w"] + layer["b"]


def jax_mlp(keys):
    sizes = [784, 512, 512, 10]
    return [dense(k, i, o) for k, i, o in zip(keys, sizes, sizes[1:])]


def jax_mlp_apply(p, x):
    for layer in p[:-1]:
        x = jax.nn.relu(apply(layer, x))
    return apply(p[-1], x)


def jax_cnn(keys):
    def conv(key, i, o):
        return {"w": jax.random.normal(key, (o, i, 3, 3)) / (9 * i)**.5,
                "b": jnp.zeros((o, 1, 1))}
    return [conv(keys[0], 1, 32), conv(keys[1], 32, 64),
            dense(keys[2], 64 * 49, 10)]


def jax_cnn_apply(p, x):
    for layer in p[:-1]:
        x = jax.lax.conv(x, layer["w"], (1, 1), "SAME") + layer["b"]
        x = jax.lax.reduce_window(jax.nn.relu(x), -jnp.inf, jax.lax.max,
                                  (1, 1, 2, 2), (1, 1, 2, 2), "VALID")
    return apply(p[-1], x.reshape(x.shape[0], -1))


def jax_transformer(keys):
    def unit():
        return {"w": jnp.ones(WIDTH), "b": jnp.zeros(WIDTH)}

    def block(key):
        k = jax.random.split(key, 4)
        return {"before": unit(), "between": unit(),
                "project": dense(k[0], WIDTH, 3 * WIDTH),
                "out": dense(k[1], WIDTH, WIDTH),
                "up": dense(k[2], WIDTH, 4 * WIDTH),
                "down": dense(k[3], 4 * WIDTH, WIDTH)}
    return {"tokens": jax.random.normal(keys[0], (VOCABULARY, WIDTH)),
            "places": jax.random.normal(keys[1], (LENGTH, WIDTH)),
            "blocks": [block(k) for k in keys[3:]], "last": unit(),
            "head": dense(keys[2], WIDTH, VOCABULARY)}


def jax_transformer_apply(p, x):
    y = p["tokens"][x] + p["places"]
    causal = jnp.tril(jnp.ones((LENGTH, LENGTH), bool))
    for b in p["blocks"]:
        n, length, _ = y.shape
        q, k, v = (t.reshape(n, length, HEADS, -1).transpose(0, 2, 1, 3)
                   for t in jnp.split(apply(b["project"], norm(b["before"], y)),
                                      3, -1))
        scores = q @ k.transpose(0, 1, 3, 2) / (WIDTH / HEADS)**.5
        a = jax.nn.softmax(jnp.where(causal, scores, -jnp.inf)) @ v
        y = y + apply(b["out"], a.transpose(0, 2, 1, 3).reshape(y.shape))
        y = y + apply(b["down"], jax.nn.gelu(apply(b["up"],
                                                   norm(b["between"], y))))
    return apply(p["head"], norm(p["last"], y))


JAX_MODELS = {"mlp": (jax_mlp, jax_mlp_apply), "cnn": (jax_cnn, jax_cnn_apply),
              "transformer": (jax_transformer, jax_transformer_apply)}


def adam(p, g, m, v, step):
    tree = jax.tree_util.tree_map
    m = tree(lambda m, g: .9 * m + .1 * g, m, g)
    v = tree(lambda v, g: .999 * v + .001 * g * g, v, g)
    a, b = 1 - .9**step, 1 - .999**step
    p = tree(lambda p, m, v: p - 1e-3 * (m / a) / (jnp.sqrt(v / b) + 1e-8),
             p, m, v)
    return p, m, v


class JaxStep:
    def __init__(self, model):
        init, net = JAX_MODELS[model]
        params = init(jax.random.split(jax.random.key(0), 3 + DEPTH))
        zeros = jax.tree_util.tree_map(jnp.zeros_like, params)
        copy = jax.tree_util.tree_map(jnp.array, zeros)
        x, y = map(jnp.asarray, data(model))

        def loss(p, x, y):
            logits = net(p, x)
            picked = jnp.take_along_axis(logits, y[..., None], -1)[..., 0]
            return (jax.nn.logsumexp(logits, -1) - picked).mean()

        def step(p, m, v, count, x, y):
            value, g = jax.value_and_grad(loss)(p, x, y)
            p, m, v = adam(p, g, m, v, count)
            return p, m, v, count + 1, value

        self.state = (params, zeros, copy, jnp.float32(1))
        self.data = (x, y)
        self.step = jax.jit(step, donate_argnums=(0, 1, 2))

    def steps(self, count):
        for _ in range(count):
            *state, value = self.step(*self.state, *self.data)
            self.state = tuple(state)
        return float(value.block_until_ready())
