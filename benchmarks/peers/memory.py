"""memory.py [LAYERS..]: what JAX plans for the training step of bench-checkpoint, by its own compiled.memory_analysis():
width 256, 4 heads, 4 windows of 128 bytes, SGD, parameters donated, without and with jax.checkpoint around each block."""

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


for layers in [int(a) for a in sys.argv[1:]] or [12]:
    tokens = jnp.zeros((BATCH, WINDOW), jnp.int32)
    params = init(layers)
    for name, wrap in [("none", block), ("nothing", jax.checkpoint(block)),
                       ("dots", jax.checkpoint(block, policy=jax.checkpoint_policies.dots_saveable))]:
        compiled = jax.jit(step_of(wrap), donate_argnums=0).lower(params, tokens, tokens).compile()
        m = compiled.memory_analysis()
        print(f"{layers} layers, {name}: temporary {m.temp_size_in_bytes / 2**20:.2f} MiB, "
              f"arguments {m.argument_size_in_bytes / 2**20:.2f}, outputs {m.output_size_in_bytes / 2**20:.2f}, "
              f"of them aliased {m.alias_size_in_bytes / 2**20:.2f}", flush=True)
