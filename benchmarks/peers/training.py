"""Time of a whole training step beside PyTorch and JAX, taking turns in one run.

  training.py BENCH_TRAINING [--threads 1] [--rounds 7] [--models mlp,cnn,transformer]

Prints a table: median milliseconds per step of minigrad, PyTorch eager,
torch.compile and jax.jit, and the ratio of each to minigrad (above 1: minigrad
is faster), with its lowest and highest round. All take the same shapes,
float32, Adam with a fused or compiled update; initial values differ.
"""

import argparse
import math
import os
import statistics
import subprocess
import sys
import time


def arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument("program")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--models", default="mlp,cnn,transformer")
    parser.add_argument("--peers", default="torch,compile,jax")
    return parser.parse_args()


ARGS = arguments()
# Before the libraries start their threads.
os.environ["OMP_NUM_THREADS"] = str(ARGS.threads)
os.environ["XLA_FLAGS"] = (
    f"--xla_cpu_multi_thread_eigen={'true' if ARGS.threads > 1 else 'false'} "
    f"intra_op_parallelism_threads={ARGS.threads}")
os.environ["JAX_PLATFORMS"] = "cpu"
if hasattr(os, "sched_setaffinity"):
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:ARGS.threads])

import jax  # noqa: E402
import jax.numpy as jnp  # noqa: E402
import numpy as np  # noqa: E402
import torch  # noqa: E402
from torch import nn  # noqa: E402
from torch.nn import functional as F  # noqa: E402

torch.set_num_threads(ARGS.threads)
WIDTH, HEADS, LENGTH, DEPTH, VOCABULARY = 256, 4, 128, 4, 256
STEPS = {"mlp": 20, "cnn": 3, "transformer": 2}


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


# --- ours --------------------------------------------------------------------


class Ours:
    def __init__(self, model):
        self.process = subprocess.Popen(
            [ARGS.program, model, "--threads", str(ARGS.threads)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def seconds(self, steps):
        self.process.stdin.write(f"{steps}\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline().split()
        if len(line) != 2 or not math.isfinite(float(line[1])):
            sys.exit(f"training.py: {ARGS.program} answered {line}")
        return float(line[0])

    def close(self):
        self.process.stdin.close()
        self.process.wait()


# --- PyTorch -----------------------------------------------------------------


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


class Torch:
    def __init__(self, model, compiled):
        x, y = data(model)
        self.x, self.y = torch.from_numpy(x), torch.from_numpy(y)
        net = torch_model(model)
        self.optimizer = torch.optim.Adam(net.parameters(), lr=1e-3, fused=True)

        def loss(x, y):
            out = net(x)
            return F.cross_entropy(out.flatten(0, -2), y.flatten())

        self.loss = torch.compile(loss) if compiled else loss

    def seconds(self, steps):
        start = time.perf_counter()
        for _ in range(steps):
            self.optimizer.zero_grad()
            value = self.loss(self.x, self.y)
            value.backward()
            self.optimizer.step()
        value.item()
        return (time.perf_counter() - start) / steps

    def close(self):
        pass


# --- JAX ---------------------------------------------------------------------


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


class Jax:
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
        lowered = self.step.lower(*self.state, *self.data).compile()
        self.memory = lowered.memory_analysis()

    def seconds(self, steps):
        start = time.perf_counter()
        for _ in range(steps):
            *state, value = self.step(*self.state, *self.data)
            self.state = tuple(state)
        value.block_until_ready()
        return (time.perf_counter() - start) / steps

    def close(self):
        pass


MAKERS = {"torch": lambda m: Torch(m, False), "compile": lambda m: Torch(m, True),
          "jax": Jax}
NAMES = {"torch": "PyTorch", "compile": "torch.compile", "jax": "jax.jit"}


def measure(model):
    steps, peers = STEPS[model], ARGS.peers.split(",")
    runs = {"ours": Ours(model), **{p: MAKERS[p](model) for p in peers}}
    for run in runs.values():
        run.seconds(steps), run.seconds(steps)
    times = {name: [] for name in runs}
    for _ in range(ARGS.rounds):
        for name, run in runs.items():
            times[name].append(run.seconds(steps))
    for run in runs.values():
        run.close()
    cells = [f"{1e3 * statistics.median(times['ours']):.2f}"]
    for peer in peers:
        ratios = sorted(t / o for t, o in zip(times[peer], times["ours"]))
        cells.append(f"{1e3 * statistics.median(times[peer]):.2f} "
                     f"({statistics.median(ratios):.2f}: "
                     f"{ratios[0]:.2f}-{ratios[-1]:.2f})")
    print(f"| {model} | {ARGS.threads} | " + " | ".join(cells) + " |",
          flush=True)


print("| step | threads | minigrad, ms | "
      + " | ".join(f"{NAMES[p]}, ms (ratio: lowest-highest)"
                   for p in ARGS.peers.split(",")) + " |")
print("|---|---|---|" + "---|" * len(ARGS.peers.split(",")))
for model in ARGS.models.split(","):
    measure(model)
