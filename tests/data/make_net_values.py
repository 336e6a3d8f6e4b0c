#!/usr/bin/env python3
"""make_net_values.py - reference numbers of lib/net from PyTorch in double precision.

usage: python3 tests/data/make_net_values.py     (needs torch; written with 1.13)

Writes net_logits.csv, net_gradients.csv, net_steps.csv, net_sgd.csv and net_layers.csv beside itself.
Weights, images and targets follow from integers (see `mixed`), so the C tests make the same ones.
The column f32 is the relative L2 error of PyTorch's own single precision against double.
"""
import math
import os

import torch
import torch.nn.functional as F

HERE = os.path.dirname(os.path.abspath(__file__))

# name: dims, channels, classes, features, strides, kernels, blocks (encoder, decoder), patch, deep
NETS = {
    'iso': (3, 1, 3, [8, 16, 32], [(1, 1, 1), (2, 2, 2), (2, 2, 2)], [(3, 3, 3)] * 3, (2, 2), (16, 16, 16), True),
    'thick': (3, 2, 2, [6, 12, 20, 33], [(1, 1, 1), (1, 2, 2), (2, 2, 2), (1, 2, 2)],
              [(1, 3, 3), (3, 3, 3), (3, 3, 3), (3, 3, 3)], (2, 2), (6, 16, 24), True),
    'flat': (2, 1, 4, [8, 16, 24], [(1, 1, 1), (1, 2, 2), (1, 2, 2)], [(1, 3, 3)] * 3, (2, 1), (1, 32, 20), True),
    'plain': (3, 1, 2, [16, 32], [(1, 1, 1), (2, 2, 2)], [(3, 3, 3)] * 2, (1, 2), (8, 8, 8), False),
}


def mixed(tensor, count):
    """count numbers in [-0.5, 0.5) for a tensor: a hash of (tensor, element), exact in float32."""
    e = torch.arange(count, dtype=torch.int64)
    h = (e * 2654435761 + tensor * 40503 * 65537 + 12345) % 2 ** 32
    h = (h ^ (h >> 15)) * 739981 % 2 ** 32
    h = (h ^ (h >> 13)) * 97423 % 2 ** 32
    h = h ^ (h >> 16)
    return (h >> 8).double() / 2 ** 24 - 0.5


def params(net):
    dims, channels, classes, features, strides, kernels, (enc, dec), _, _ = NETS[net]
    cut = 3 - dims
    out = []

    def conv(name, ci, co, k, up=False):
        out.append((name + '.weight', ((ci, co) if up else (co, ci)) + tuple(k[cut:])))
        out.append((name + '.bias', (co,)))

    def blocks(stage, n, ci, co, k):
        for i in range(n):
            conv(f'{stage}.convs.{i}.conv', ci if i == 0 else co, co, k)
            out.append((f'{stage}.convs.{i}.norm.weight', (co,)))
            out.append((f'{stage}.convs.{i}.norm.bias', (co,)))

    n = len(features)
    for s in range(n):
        blocks(f'encoder.stages.{s}.0', enc, channels if s == 0 else features[s - 1], features[s], kernels[s])
    for s in range(n - 1):
        e = n - 2 - s
        blocks(f'decoder.stages.{s}', dec, 2 * features[e], features[e], kernels[e])
    for s in range(n - 1):
        e = n - 1 - s
        conv(f'decoder.transpconvs.{s}', features[e], features[e - 1], strides[e], up=True)
    for s in range(n - 1):
        conv(f'decoder.seg_layers.{s}', features[n - 2 - s], classes, (1, 1, 1))
    return out


def weights(net):
    w = {}
    for i, (name, shape) in enumerate(params(net)):
        count = 1
        for s in shape:
            count *= s
        v = mixed(i + 1, count).reshape(shape)
        if len(shape) > 1:
            fan = count // shape[0]
            scale = 2.0 ** round(math.log2(12 / fan) / 2 + 0.25)
            v = v * scale
        elif name.endswith('norm.weight'):
            v = 1 + v / 2
        else:
            v = v / 4
        w[name] = v
    return w


def forward(net, w, x):
    dims, _, _, features, strides, kernels, (enc, dec), _, _ = NETS[net]
    cut = 3 - dims
    conv, up = (F.conv3d, F.conv_transpose3d) if dims == 3 else (F.conv2d, F.conv_transpose2d)
    n = len(features)

    def block(x, name, stride, k):
        x = conv(x, w[name + '.conv.weight'], w[name + '.conv.bias'], stride=stride[cut:],
                 padding=[(i - 1) // 2 for i in k[cut:]])
        return F.leaky_relu(F.instance_norm(x, weight=w[name + '.norm.weight'], bias=w[name + '.norm.bias'],
                                            eps=1e-5), 0.01)

    skips = []
    for s in range(n):
        for i in range(enc):
            x = block(x, f'encoder.stages.{s}.0.convs.{i}', strides[s] if i == 0 else (1, 1, 1), kernels[s])
        skips.append(x)
    outs = []
    for s in range(n - 1):
        e = n - 2 - s
        t = f'decoder.transpconvs.{s}'
        x = up(x, w[t + '.weight'], w[t + '.bias'], stride=strides[e + 1][cut:])
        x = torch.cat((x, skips[e]), 1)
        for i in range(dec):
            x = block(x, f'decoder.stages.{s}.convs.{i}', (1, 1, 1), kernels[e])
        h = f'decoder.seg_layers.{s}'
        outs.append(conv(x, w[h + '.weight'], w[h + '.bias']))
    return outs[::-1]


def sample(net, index):
    dims, channels, classes, _, _, _, _, patch, _ = NETS[net]
    v = patch[0] * patch[1] * patch[2]
    x = mixed(1000 + index, channels * v).reshape((1, channels) + patch) * 4
    z, y, c = torch.meshgrid(*[torch.arange(p) for p in patch], indexing='ij')
    t = ((z + index) // 3 + y // 4 + c // 5) % classes
    x = x + t[None, None]
    if dims == 2:
        x, t = x[:, :, 0], t[0]
    return x, t[None]


def nearest_exact(t, shape):
    for a, m in enumerate(shape):
        n = t.shape[1 + a]
        t = t.index_select(1 + a, torch.tensor([int((i + 0.5) * n / m) for i in range(m)]))
    return t


def loss_of(net, outs, t):
    classes, deep = NETS[net][2], NETS[net][8]
    w = [2.0 ** -i for i in range(len(outs))] if deep else [1.0] + [0.0] * (len(outs) - 1)
    if len(outs) > 1:
        w[-1] = 0.0
    total = dice = ce = 0
    for k, o in enumerate(outs):
        if w[k] == 0:
            continue
        s = w[k] / sum(w)
        y = nearest_exact(t, o.shape[2:])
        p = o.softmax(1)
        hot = F.one_hot(y, classes).movedim(-1, 1).to(p.dtype)
        axes = tuple(range(2, o.ndim))
        i, a, b = (p * hot).sum(axes), p.sum(axes), hot.sum(axes)
        d = -((2 * i + 1e-5) / (a + b + 1e-5).clip(1e-8))[:, 1:].mean()
        c = F.cross_entropy(o, y)
        total, dice, ce = total + s * (d + c), dice + s * d, ce + s * c
    return total, dice, ce


def step(net, dtype, index=0, w=None):
    w = {k: v.to(dtype).detach().clone().requires_grad_(True) for k, v in (w or weights(net)).items()}
    x, t = sample(net, index)
    outs = forward(net, w, x.to(dtype))
    loss = loss_of(net, outs, t)
    loss[0].backward()
    return w, outs, [float(v.detach()) for v in loss]


def entries(v):
    """Five elements spread over a tensor, as index and value."""
    v = v.detach().double().reshape(-1)
    at = [k * (v.numel() - 1) // 4 for k in range(5)]
    return ','.join(f'{i},{float(v[i]):.17g}' for i in at)


def write(name, head, rows):
    with open(os.path.join(HERE, name), 'w', encoding='ascii') as f:
        f.write(head + '\n' + '\n'.join(rows) + '\n')


PLACES = ','.join(f'i{k},v{k}' for k in range(5))


def nets():
    logits, gradients = [], []
    for net in NETS:
        w, outs, loss = step(net, torch.float64)
        w32, outs32, _ = step(net, torch.float32)
        o, o32 = outs[0].detach(), outs32[0].detach().double()
        logits.append(f'{net},{loss[0]:.17g},{loss[1]:.17g},{loss[2]:.17g},{float(o.norm()):.17g},'
                      f'{float((o32 - o).norm() / o.norm()):.3g},{entries(o)}')
        for name in w:
            g = w[name].grad if w[name].grad is not None else torch.zeros_like(w[name])
            g32 = w32[name].grad.double() if w32[name].grad is not None else g
            norm = float(g.norm())
            err = float((g32 - g).norm()) / norm if norm > 1e-12 else 0
            gradients.append(f'{net},{name},{norm:.17g},{err:.3g},{entries(g)}')
    write('net_logits.csv', f'net,total,dice,ce,l2,f32,{PLACES}', logits)
    write('net_gradients.csv', f'net,name,l2,f32,{PLACES}', gradients)


def steps():
    """Eight Nesterov steps on two alternating samples, as nnU-Net sets them."""
    rows, net, k_all = [], 'iso', 8
    for dtype in (torch.float64,):
        p = [torch.nn.Parameter(v.to(dtype)) for v in weights(net).values()]
        names = list(weights(net))
        opt = torch.optim.SGD(p, lr=0.01, momentum=0.99, nesterov=True, weight_decay=3e-5)
        for k in range(k_all):
            for g in opt.param_groups:
                g['lr'] = 0.01 * (1 - k / k_all) ** 0.9
            opt.zero_grad()
            x, t = sample(net, k % 2)
            loss = loss_of(net, forward(net, dict(zip(names, p)), x.to(dtype)), t)[0]
            loss.backward()
            for q, n in zip(p, names):
                if q.grad is None:
                    q.grad = torch.zeros_like(q)
                if n.endswith('conv.bias'):  # cancelled by the norm: exactly 0, PyTorch has rounding noise
                    q.grad.zero_()
            norm = torch.nn.utils.clip_grad_norm_(p, 0.5)
            opt.step()
            flat = torch.cat([q.detach().reshape(-1) for q in p])
            rows.append(f'{k},{float(loss.detach()):.17g},{float(norm):.17g},{float(flat.norm()):.17g},{entries(flat)}')
    write('net_steps.csv', f'k,loss,norm,l2,{PLACES}', rows)


def sgd():
    rows = []
    p = torch.nn.Parameter(torch.tensor([1.0, -2.0, 0.5], dtype=torch.float64))
    opt = torch.optim.SGD([p], lr=0.1, momentum=0.9, nesterov=True, weight_decay=0.01)
    for k in range(4):
        p.grad = torch.tensor([0.5 - k, 0.25 * k, -1.0], dtype=torch.float64)
        opt.step()
        rows.append(f'{k},' + ','.join(f'{float(v):.17g}' for v in p.detach()))
    write('net_sgd.csv', 'k,w0,w1,w2', rows)


def layers():
    """One layer each, values and gradients: the numbers that the C layers must give."""
    rows = []

    def row(name, *tensors):
        for part, t in zip(('y', 'dx', 'dw', 'db'), tensors):
            rows.append(f'{name},{part},{float(t.detach().norm()):.17g},{entries(t)}')

    def run(name, f, *shapes):
        x = [(mixed(50 + i, int(torch.tensor(s).prod())).reshape(s) * (4 if i == 0 else 1)).requires_grad_(True)
             for i, s in enumerate(shapes)]
        y = f(*x)
        y.backward(mixed(60, y.numel()).reshape(y.shape))
        row(name, y, *[v.grad for v in x])

    run('conv', lambda x, w, b: F.conv3d(x, w, b, stride=(1, 2, 2), padding=(1, 1, 0)),
        (1, 3, 5, 6, 7), (4, 3, 3, 3, 1), (4,))
    run('up', lambda x, w, b: F.conv_transpose3d(x, w, b, stride=(1, 2, 2)), (1, 3, 3, 4, 5), (3, 5, 1, 2, 2), (5,))
    run('norm_act', lambda x, g, b: F.leaky_relu(F.instance_norm(x, weight=g, bias=b, eps=1e-5), 0.01),
        (1, 19, 4, 5, 6), (19,), (19,))
    write('net_layers.csv', f'layer,part,l2,{PLACES}', rows)


if __name__ == '__main__':
    torch.manual_seed(0)
    nets()
    steps()
    sgd()
    layers()
