"""digits.py DATA [EPOCHS [SEEDS]]: the networks of examples/train-digits by
PyTorch: the same layers, PyTorch's own initial weights, Adam with lr 1e-3,
shuffled batches of 64, the rest of an epoch dropped. Prints what the example
prints."""
import statistics
import sys

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

BATCH = 64


def make(network):
    if network == "mlp":
        return nn.Sequential(nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 10))
    return nn.Sequential(
        nn.Unflatten(1, (1, 8, 8)),
        nn.Conv2d(1, 16, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(16, 32, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
        nn.Flatten(), nn.Linear(128, 10))


def train(network, seed, epochs, images, labels):
    torch.manual_seed(seed)
    model = make(network)
    adam = torch.optim.Adam(model.parameters(), lr=1e-3)
    losses = []
    for _ in range(epochs):
        order = torch.randperm(len(labels))
        for at in range(0, len(labels) - BATCH + 1, BATCH):
            batch = order[at:at + BATCH]
            loss = F.cross_entropy(model(images[batch]), labels[batch])
            adam.zero_grad()
            loss.backward()
            adam.step()
            losses.append(loss.item())
    return model, losses


def main():
    folder = sys.argv[1]
    epochs, seeds = (int(word) for word in (sys.argv[2:] + ["100", "5"][len(sys.argv) - 2:]))

    def load(name):
        return torch.from_numpy(np.load(f"{folder}/{name}.npy"))

    images, labels = load("train_images"), load("train_labels").long()
    tests, answers = load("test_images"), load("test_labels").long()
    torch.set_num_threads(1)
    for network in ("mlp", "cnn"):
        rates = []
        for seed in range(seeds):
            model, losses = train(network, seed, epochs, images, labels)
            with torch.no_grad():
                correct = int((model(tests).argmax(1) == answers).sum())
            rates.append(100 * correct / len(answers))
            last = losses[-(len(labels) // BATCH):]
            print(f"{network} seed {seed}: loss {losses[0]:.4f}, then {statistics.fmean(last):.4f}; "
                  f"{correct} of {len(answers)} correct", flush=True)
        deviation = statistics.stdev(rates) if seeds > 1 else 0
        print(f"{network} mean of {seeds}: {statistics.fmean(rates):.2f}%, standard deviation {deviation:.2f}")


main()
