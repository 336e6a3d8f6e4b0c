#!/usr/bin/env python3
"""unet_torch.py - the networks of bench/networks.c in PyTorch, one step a line.

usage: unet_torch.py NETWORK train|infer THREADS VARIANT FILE

VARIANT: default, channels_last, groupnorm (channels_last with GroupNorm(C, C), which is instance
norm without its copies), compile (groupnorm under torch.compile), or openvino (inference only).
FILE holds weights and samples as bench_unet wrote them.  Prints "ready VALUE", then "SECONDS
PEAK_MIB" for each line read, as bench/harness.h says.
"""
import resource
import sys
import time

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F

NETWORKS = {  # dims, stages, patch, batch
    'unet3d': (3, 4, (64, 64, 64), 2),
    'nnunet3d': (3, 6, (128, 128, 128), 2),
    'unet2d': (2, 8, (512, 512), 4),
}
CLASSES = 3


def block(dims, ci, co, stride, norm):
    conv = (nn.Conv2d, nn.Conv3d)[dims - 2](ci, co, 3, stride, 1)
    layer = nn.GroupNorm(co, co) if norm == 'group' else \
        (nn.InstanceNorm2d, nn.InstanceNorm3d)[dims - 2](co, affine=True)
    return [conv, layer, nn.LeakyReLU(0.01, inplace=True)]


class UNet(nn.Module):
    """Parameters stand in the order of bench_unet's flat array."""

    def __init__(self, dims, stages, norm):
        super().__init__()
        most = 320 if dims == 3 else 512
        f = [min(32 << i, most) for i in range(stages)]
        conv, up = ((nn.Conv2d, nn.ConvTranspose2d), (nn.Conv3d, nn.ConvTranspose3d))[dims - 2]
        self.encoder = nn.ModuleList(
            nn.Sequential(*block(dims, f[i - 1] if i else 1, f[i], 2 if i else 1, norm),
                          *block(dims, f[i], f[i], 1, norm)) for i in range(stages))
        down = range(stages - 2, -1, -1)
        self.decoder = nn.ModuleList(
            nn.Sequential(*block(dims, 2 * f[i], f[i], 1, norm), *block(dims, f[i], f[i], 1, norm))
            for i in down)
        self.ups = nn.ModuleList(up(f[i + 1], f[i], 2, 2) for i in down)
        self.heads = nn.ModuleList(conv(f[i], CLASSES, 1) for i in down)
        self.all = True

    def forward(self, x):
        skips, out = [], []
        for stage in self.encoder:
            x = stage(x)
            skips.append(x)
        for stage, up, head, skip in zip(self.decoder, self.ups, self.heads, skips[-2::-1]):
            x = stage(torch.cat((up(x), skip), 1))
            if self.all or skip is skips[0]:
                out.append(head(x))
        return out[::-1] if self.all else out[-1]


def dice_ce(logits, t):
    """Soft Dice of the foreground classes a sample and cross entropy, as nnU-Net adds them."""
    ce = F.cross_entropy(logits, t)
    axes = tuple(range(2, logits.dim()))
    y = torch.softmax(logits, 1)[:, 1:]
    one = F.one_hot(t, CLASSES).movedim(-1, 1)[:, 1:].to(y.dtype)
    both, total = (y * one).sum(axes), y.sum(axes) + one.sum(axes)
    return ce - ((2 * both + 1e-5) / torch.clip(total + 1e-5, 1e-8)).mean()


def loss_of(out, targets):
    weight = [0.5 ** i for i in range(len(out))]
    if len(out) > 1:
        weight[-1] = 0
    return sum(w / sum(weight) * dice_ce(o, t) for w, o, t in zip(weight, out, targets) if w)


def read(path, dims, patch, batch, net):
    with open(path, 'rb') as f:
        weights, n, _ = map(int, f.readline().split())
        w = np.fromfile(f, '<f4', weights)
        image = torch.from_numpy(np.fromfile(f, '<f4', n)).reshape(batch, 1, *patch)
        target = torch.from_numpy(np.fromfile(f, 'u1', n)).reshape(batch, *patch)
    order = [p for part in (net.encoder, net.decoder, net.ups, net.heads) for p in part.parameters()]
    at = 0
    with torch.no_grad():
        for p in order:
            p.copy_(torch.from_numpy(w[at:at + p.numel()]).reshape(p.shape))
            at += p.numel()
    assert at == weights, f'{at} parameters, {weights} in the file'
    targets = [target[(slice(None),) + (slice(2 ** i // 2, None, 2 ** i),) * dims].long()
               for i in range(len(net.heads))]
    return image, targets


def openvino(net, image, threads):
    import openvino as ov
    net.all = False
    model = ov.convert_model(net.eval(), example_input=image[:1], input=[list(image[:1].shape)])
    hint = {'INFERENCE_NUM_THREADS': threads, 'INFERENCE_PRECISION_HINT': 'f32',
            'PERFORMANCE_HINT': 'LATENCY'}
    compiled = ov.Core().compile_model(model, 'CPU', hint)
    samples = [image[i:i + 1].numpy() for i in range(len(image))]
    return lambda: float(np.mean([np.abs(compiled(s)[0]).mean() for s in samples]))


def main():
    name, mode, threads, variant, path = sys.argv[1:]
    dims, stages, patch, batch = NETWORKS[name]
    torch.set_num_threads(int(threads))
    torch.set_flush_denormal(True)
    torch.manual_seed(1)
    last = variant in ('channels_last', 'groupnorm', 'compile')
    net = UNet(dims, stages, 'group' if variant in ('groupnorm', 'compile') else 'instance')
    image, targets = read(path, dims, patch, batch, net)
    if last:
        layout = (torch.channels_last, torch.channels_last_3d)[dims - 2]
        net, image = net.to(memory_format=layout), image.to(memory_format=layout)
    if variant == 'openvino':
        step = openvino(net, image, int(threads))
    else:
        net.all = mode == 'train'
        run = torch.compile(net) if variant == 'compile' else net
        sgd = torch.optim.SGD(net.parameters(), 1e-3, 0.99, nesterov=True, weight_decay=3e-5)

        def train():
            sgd.zero_grad(set_to_none=True)
            loss = loss_of(run(image), targets)
            loss.backward()
            sgd.step()
            return loss.item()

        def infer():
            with torch.inference_mode():
                return run(image).abs().mean().item()
        step = train if mode == 'train' else infer
    print('ready %.9g' % step(), flush=True)
    for _ in sys.stdin:
        start = time.perf_counter()
        step()
        seconds = time.perf_counter() - start
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print('%.9g %.1f' % (seconds, peak), flush=True)


if __name__ == "__main__":
    main()
