"""exact_torch.py - a whole network's gradients and losses beside PyTorch's, in double and in single.

usage: exact_torch.py NETWORK FILE STEPS

FILE, FILE.gradient and STEPS (a file of losses, one a line) are those of 'bench_unet NETWORK exact'.
Relative errors of gradients are against PyTorch in double: |a - b| / |b| in the 2-norm, a tensor at a
time (biases before a norm, whose gradient is zero but for rounding, left out) and over all.  Exit
code 1 if ours are worse than PyTorch's own in single, or a loss differs by more than 1e-4.
"""
import sys

import numpy as np
import torch

from unet_torch import NETWORKS, UNet, loss_of, read


def gradients(net, image, targets):
    loss = loss_of(net(image), targets)
    loss.backward()
    order = [p for part in (net.encoder, net.decoder, net.ups, net.heads) for p in part.parameters()]
    # the coarsest head has weight 0 in the loss
    return [(torch.zeros_like(p) if p.grad is None else p.grad).double().flatten().numpy() for p in order]


def main():
    name, path, steps = sys.argv[1:]
    dims, stages, patch, batch = NETWORKS[name]
    torch.manual_seed(1)
    single = UNet(dims, stages, 'instance')
    image, targets = read(path, dims, patch, batch, single)
    double = UNet(dims, stages, 'instance')
    read(path, dims, patch, batch, double)
    exact = gradients(double.double(), image.double(), targets)
    theirs = gradients(single, image, targets)
    flat = np.fromfile(path + '.gradient', '<f4').astype(float) / batch
    ours, at = [], 0
    for g in exact:
        ours.append(flat[at:at + g.size])
        at += g.size
    scale = np.sqrt(sum((g ** 2).sum() for g in exact))

    def errors(list_):
        each = [np.linalg.norm(a - b) / np.linalg.norm(b) for a, b in zip(list_, exact)
                if np.linalg.norm(b) > 1e-9 * scale]
        return max(each), np.sqrt(sum(((a - b) ** 2).sum() for a, b in zip(list_, exact))) / scale, len(each)

    (worst, whole, n), (worst32, whole32, _) = errors(ours), errors(theirs)
    print(f'gradients, {n} tensors: largest error ours {worst:.3g}, PyTorch in single {worst32:.3g}; '
          f'all ours {whole:.3g}, PyTorch in single {whole32:.3g}', flush=True)
    single.zero_grad()
    sgd = torch.optim.SGD(single.parameters(), 1e-3, 0.99, nesterov=True, weight_decay=3e-5)
    apart = 0.0
    for want in map(float, open(steps)):
        sgd.zero_grad(set_to_none=True)
        loss = loss_of(single(image), targets)
        loss.backward()
        sgd.step()
        apart = max(apart, abs(loss.item() - want))
    print(f'losses of the steps: at most {apart:.3g} apart')
    sys.exit(int(worst > worst32 or whole > whole32 or apart > 1e-4))


if __name__ == "__main__":
    main()
