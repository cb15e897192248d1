"""memory.py [LAYERS..]: what JAX plans, by its own compiled.memory_analysis(), for the training steps of bench-planned
and of bench-checkpoint (width 256, 4 heads, 4 windows of 128 bytes, SGD), parameters donated, the latter without and
with jax.checkpoint around each block."""

import sys

import jax
import jax.numpy as jnp

BATCH, WINDOW, WIDTH, HEADS = 4, 128, 256, 4


def norm(p, x):
    mean = x.mean(-1, keepdims=True)
    return (x - mean) / jnp.sqrt(x.var(-1, keepdims=True) + 1e-5) * p["scale"] + p["bias"]


def block(p, x):
    q, k, v = jnp.split(norm(p["norm1"], x) @ p["in"]["w"] + p["in"]["b"], 3, -1)
    heads = [t.reshape(BATCH, WINDOW, HEADS, WIDTH // HEADS) for t in (q, k, v)]
    y = jax.nn.dot_product_attention(*heads, is_causal=True).reshape(BATCH, WINDOW, WIDTH)
    x = x + y @ p["out"]["w"] + p["out"]["b"]
    h = jax.nn.gelu(norm(p["norm2"], x) @ p["up"]["w"] + p["up"]["b"], approximate=False)
    return x + h @ p["down"]["w"] + p["down"]["b"]


def init(layers):
    def layer(i, o):
        return {"w": jnp.ones((i, o)), "b": jnp.zeros(o)}

    def ln():
        return {"scale": jnp.ones(WIDTH), "bias": jnp.zeros(WIDTH)}

    one = lambda: {"norm1": ln(), "norm2": ln(), "in": layer(WIDTH, 3 * WIDTH), "out": layer(WIDTH, WIDTH),
                   "up": layer(WIDTH, 4 * WIDTH), "down": layer(4 * WIDTH, WIDTH)}
    return {"table": jnp.ones((256, WIDTH)), "positions": jnp.ones((WINDOW, WIDTH)), "norm": ln(),
            "blocks": [one() for _ in range(layers)]}


def step_of(wrap):
    def loss(p, x, y):
        h = p["table"][x] + p["positions"]
        for b in p["blocks"]:
            h = wrap(b, h)
        logits = norm(p["norm"], h) @ p["table"].T
        picked = jnp.take_along_axis(jax.nn.log_softmax(logits), y[..., None], -1)
        return -picked.mean()

    def step(p, x, y):
        value, gradient = jax.value_and_grad(loss)(p, x, y)
        return jax.tree.map(lambda t, g: t - 0.1 * g, p, gradient), value

    return step


def report(what, compiled):
    m = compiled.memory_analysis()
    print(f"{what}: temporary {m.temp_size_in_bytes / 2**20:.2f} MiB, "
          f"arguments {m.argument_size_in_bytes / 2**20:.2f}, outputs {m.output_size_in_bytes / 2**20:.2f}, "
          f"of them aliased {m.alias_size_in_bytes / 2**20:.2f}", flush=True)


def digits_cnn():
    """One step of the CNN of examples/train-digits: Adam, 64 images."""
    def convolve(p, x):
        y = jax.lax.conv(x, p["w"], (1, 1), "SAME") + p["b"][:, None, None]
        return jax.lax.reduce_window(jax.nn.relu(y), -jnp.inf, jax.lax.max, (1, 1, 2, 2), (1, 1, 2, 2), "VALID")

    def loss(p, x, y):
        h = convolve(p["conv2"], convolve(p["conv1"], x.reshape(64, 1, 8, 8)))
        logits = h.reshape(64, 128) @ p["fc"]["w"] + p["fc"]["b"]
        return -jnp.take_along_axis(jax.nn.log_softmax(logits), y[:, None], -1).mean()

    def step(p, m, v, t, x, y):
        value, g = jax.value_and_grad(loss)(p, x, y)
        m = jax.tree.map(lambda m, g: 0.9 * m + 0.1 * g, m, g)
        v = jax.tree.map(lambda v, g: 0.999 * v + 0.001 * g * g, v, g)
        t = t + 1
        p = jax.tree.map(lambda p, m, v: p - 1e-3 * (m / (1 - 0.9**t)) / (jnp.sqrt(v / (1 - 0.999**t)) + 1e-8), p, m, v)
        return p, m, v, t, value

    p = {"conv1": {"w": jnp.ones((16, 1, 3, 3)), "b": jnp.zeros(16)},
         "conv2": {"w": jnp.ones((32, 16, 3, 3)), "b": jnp.zeros(32)},
         "fc": {"w": jnp.ones((128, 10)), "b": jnp.zeros(10)}}
    zero = jax.tree.map(jnp.zeros_like, p)
    report("digits CNN", jax.jit(step, donate_argnums=(0, 1, 2, 3)).lower(
        p, zero, zero, jnp.float32(0), jnp.zeros((64, 64)), jnp.zeros(64, jnp.int32)).compile())


digits_cnn()
for layers in [int(a) for a in sys.argv[1:]] or [12]:
    tokens = jnp.zeros((BATCH, WINDOW), jnp.int32)
    params = init(layers)
    for name, wrap in [("none", block), ("nothing", jax.checkpoint(block)),
                       ("dots", jax.checkpoint(block, policy=jax.checkpoint_policies.dots_saveable))]:
        report(f"{layers} layers, {name}",
               jax.jit(step_of(wrap), donate_argnums=0).lower(params, tokens, tokens).compile())
