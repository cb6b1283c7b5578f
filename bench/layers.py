"`ConvLSTM` beside the usual form, one convolution of input and state joined anew at each step: `python bench/layers.py`"
import json,platform,time
import torch
from torch import nn
from pathlib import Path
from fastcore.script import call_parse
from action_recog.learners.layers import ConvLSTM

shapes = (512,256,4),(512,256,7),(64,64,32),(1,64,64)

class Usual(nn.Module):
    "A ConvLSTM as most write it: concatenate, convolve, split, at each step"
    def __init__(self, ni, nf):
        super().__init__()
        self.nf,self.conv = nf,nn.Conv2d(ni+nf, 4*nf, 3, padding=1)

    def forward(self, x):
        h = c = x.new_zeros(x.shape[1], self.nf, *x.shape[3:])
        outs = []
        for xt in x:
            i,f,g,o = self.conv(torch.cat([xt,h], 1)).chunk(4, 1)
            c = f.sigmoid()*c + i.sigmoid()*g.tanh()
            h = o.sigmoid()*c.tanh()
            outs.append(h)
        return torch.stack(outs),(h,c)

def pair(ni, nf, device):
    "Both forms with the same weights"
    ours,usual = ConvLSTM(ni, nf).to(device),Usual(ni, nf).to(device)
    usual.conv.weight.data = torch.cat([ours.x2h[0].weight, ours.h2h[0].weight], 1).detach().clone()
    usual.conv.bias.data = ours.x2h[0].bias.detach().clone()
    return dict(ours=ours, usual=usual)

def kept(m, x):
    "Bytes that autograd keeps for the backward pass, weights aside"
    own,seen = {o.untyped_storage().data_ptr() for o in m.parameters()},{}
    def pack(o):
        seen[o.untyped_storage().data_ptr()] = o.untyped_storage().nbytes()
        return o
    with torch.autograd.graph.saved_tensors_hooks(pack, lambda o: o): out = m(x)
    return sum(v for k,v in seen.items() if k not in own)

def step(m, x):
    "Seconds of a forward and backward pass"
    cuda = x.is_cuda
    for p in (x,*m.parameters()): p.grad = None
    if cuda: torch.cuda.synchronize()
    start = time.perf_counter()
    with torch.autocast(x.device.type, torch.float16, enabled=cuda): out = m(x)[0]
    out.float().pow(2).mean().backward()
    if cuda: torch.cuda.synchronize()
    return time.perf_counter()-start

def peak(m, x):
    "Peak bytes above what was there before the step (CUDA only)"
    if not x.is_cuda: return None
    for p in (x,*m.parameters()): p.grad = None
    torch.cuda.reset_peak_memory_stats()
    before = torch.cuda.memory_allocated()
    step(m, x)
    return torch.cuda.max_memory_allocated()-before

def measure(ni, nf, hw, reps, device, bs=8, T=10):
    "One row: both forms, taking turns"
    x = torch.randn(T, bs, ni, hw, hw, device=device, requires_grad=True)
    ms = pair(ni, nf, device)
    a,b = (m(x)[0] for m in ms.values())
    assert (a-b).abs().max() < (1e-4 if device=='cpu' else 1e-2)
    del a,b
    times = {k:[step(m, x)]*0 for k,m in ms.items()}
    for _ in range(reps):
        for k,m in ms.items(): times[k].append(step(m, x))
    macs = T*bs*hw*hw*(ni+nf)*4*nf*9
    res = dict(shape=f'{ni}x{hw}x{hw} -> {nf}', gflop=6*macs/1e9, weight_mb=(ni+nf)*4*nf*9*4/2**20)
    for k,m in ms.items(): res.update({f'{k}_ms':1000*min(times[k]), f'{k}_kept_mb':kept(m, x)/2**20, f'{k}_peak':peak(m, x)})
    return dict(res, ratio=res['usual_ms']/res['ours_ms'])

@call_parse
def main(
    reps:int=5, # Measured steps of each form, of which the shortest counts
    out:str=None, # JSON file for the figures
):
    "Time of a training step and bytes kept for the backward pass, batch of 8 clips of 10 steps, kernel 3x3"
    devices = ['cpu']+['cuda']*torch.cuda.is_available()
    all_res = {}
    for dev in devices:
        name = f'{platform.processor() or platform.machine()}, {torch.get_num_threads()} threads, fp32' if dev=='cpu' else f'{torch.cuda.get_device_name()}, fp16'
        rows = all_res[name] = []
        print(f'\n{name}\n\n| input -> state | GFLOP | weights MiB | usual ms | ours ms | times faster | usual GFLOP/s | ours GFLOP/s | kept usual MiB | kept ours MiB |')
        print('|---|'+'--:|'*9)
        for shape in shapes:
            rows.append(r := measure(*shape, reps, dev))
            print(f'| {r["shape"]} | {r["gflop"]:.0f} | {r["weight_mb"]:.0f} | {r["usual_ms"]:.0f} | {r["ours_ms"]:.0f} | {r["ratio"]:.2f} | '
                f'{r["gflop"]/r["usual_ms"]*1000:.0f} | {r["gflop"]/r["ours_ms"]*1000:.0f} | {r["usual_kept_mb"]:.0f} | {r["ours_kept_mb"]:.0f} |', flush=True)
    print('\nAt 150 GFLOP/s or so a core runs out of arithmetic; the weight gradients, one a step in the usual form, are what falls short of it.')
    if out: Path(out).write_text(json.dumps(all_res, indent=1))
