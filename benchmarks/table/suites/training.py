"""Whole training steps, f32, Adam with a fused or compiled update. Initial values
are each library's own, so what is checked is that the loss is a number and
falls."""
import math
import subprocess
import time
from types import SimpleNamespace

from ours import Failed

# Multiply-adds of the forward pass without padding's, and of the first layer's,
# whose input has no gradient.
PRODUCTS = {
    "mlp": (128 * (784 * 512 + 512 * 512 + 512 * 10), 128 * 784 * 512),
    "cnn": (64 * (32 * 82 * 82 + 64 * 32 * 40 * 40 + 64 * 49 * 10), 64 * 32 * 82 * 82),
    "transformer": (8 * 128 * (4 * (12 * 256 * 256 + 2 * 128 * 256) + 256 * 256), 0),
}


class Process:
    """bench-training, ahead or op by op."""

    def __init__(self, model, build, threads, *flags):
        self.process = subprocess.Popen(
            [build / "bin/bench-training", model, "--threads", str(threads), *flags],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def run(self, steps):
        self.process.stdin.write(f"{steps}\n")
        self.process.stdin.flush()
        words = self.process.stdout.readline().split()
        if len(words) != 2:
            raise Failed(f"bench-training: {self.process.stderr.read().strip()[:200]}")
        return map(float, words)

    def seconds(self, repeat):
        return next(self.run(repeat))

    def loss(self, steps):
        return list(self.run(steps))[1]

    def close(self):
        self.process.stdin.close()
        self.process.wait()


class Library:
    def __init__(self, step):
        self.step = step
        self.loss = step.steps

    def seconds(self, repeat):
        start = time.perf_counter()
        self.step.steps(repeat)
        return (time.perf_counter() - start) / repeat

    def close(self):
        self.step = self.loss = None


class Training:
    dtype = "f32"

    def __init__(self, model):
        self.model, self.name = model, f"training step of {model}"
        products, first = PRODUCTS[model]
        # Two products more for the gradients; bytes do not bound these.
        self.work = SimpleNamespace(read=0, written=0, operations=0, exps=0, flops=6 * products - 2 * first)

    def prepare(self):
        pass

    def release(self):
        pass

    def contestant(self, name, build, threads, *_):
        if name == "ours":
            return Process(self.model, build, threads)
        if name == "eager":
            return Process(self.model, build, threads, "--eager")
        if name not in ("torch", "torch.compile", "jax"):
            raise Failed("trains no model")
        import torch

        import training_models
        torch.set_num_threads(threads)
        return Library(training_models.JaxStep(self.model) if name == "jax"
                       else training_models.TorchStep(self.model, name == "torch.compile"))

    def check(self, runner):
        first, last = runner.loss(1), runner.loss(8)
        if not (math.isfinite(first) and last < first):
            raise Failed(f"wrong: the loss goes from {first} to {last}")


def listed():
    return [Training(model) for model in PRODUCTS]
