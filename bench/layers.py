"""`ConvLSTM` beside the usual form, one convolution of input and state joined anew at each step

    python bench/layers.py [--reps 5] [--other layers.py] [--out results.json]

The forms have the same weights and take turns. Each figure is the median of `reps` turns, and "times ours" is the
median of the ratio within a turn. Measured are a training step (forward and backward pass, with the MiB that autograd
keeps in between, weights aside) and inference. `--other` adds the `ConvLSTM` of another Python file, say an earlier
form of `action_recog/learners/recurrent.py`, as a further row of each shape. On a CPU one thread runs, and what counts
is its own time, which a busy machine disturbs less. On a GPU the forms run under autocast in fp16, and the table has
their peak memory too."""
import importlib.util,json,platform,statistics,time
import torch
from torch import nn
from pathlib import Path
from fastcore.script import call_parse
from action_recog.learners.recurrent import ConvLSTM
from action_recog.test_utils import kept

shapes = (512,256,4),(512,256,7),(64,64,32),(1,64,64) # Channels in, channels of the state, height and width

class Usual(nn.Module):
    "A ConvLSTM as most write it: concatenate, convolve, split, at each step"
    def __init__(self, ni, nf):
        super().__init__()
        self.nf = nf
        self.conv = nn.Conv2d(ni+nf, 4*nf, 3, padding=1)

    def forward(self, x):
        h = c = x.new_zeros(x.shape[1], self.nf, *x.shape[3:])
        outs = []
        for xt in x:
            i,f,g,o = self.conv(torch.cat([xt,h], 1)).chunk(4, 1)
            c = f.sigmoid()*c + i.sigmoid()*g.tanh()
            h = o.sigmoid()*c.tanh()
            outs.append(h)
        return torch.stack(outs),(h,c)

def load_class(fn):
    "`ConvLSTM` of a Python file"
    spec = importlib.util.spec_from_file_location('other_layers', fn)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.ConvLSTM

def make_forms(ni, nf, device, other=None):
    "All forms with the same weights, by name"
    ours,usual = ConvLSTM(ni, nf),Usual(ni, nf)
    usual.conv.weight.data = torch.cat([ours.x2h[0].weight, ours.h2h[0].weight], 1).detach().clone()
    usual.conv.bias.data = ours.x2h[0].bias.detach().clone()
    forms = dict(ours=ours, usual=usual)
    if other is not None:
        forms['other'] = other(ni, nf)
        forms['other'].load_state_dict(ours.state_dict())
    return {k:m.to(device) for k,m in forms.items()}

def forget_grads(m, x):
    for p in (x,*m.parameters()): p.grad = None

def clock(x):
    "Seconds: of this process on a CPU; on the wall on a GPU, once it has done all it was given"
    if not x.is_cuda: return time.process_time()
    torch.cuda.synchronize()
    return time.perf_counter()

def train_step(m, x):
    "Seconds of a forward and backward pass"
    forget_grads(m, x)
    start = clock(x)
    with torch.autocast(x.device.type, torch.float16, enabled=x.is_cuda): out = m(x)[0]
    out.float().pow(2).mean().backward()
    return clock(x)-start

def infer(m, x):
    "Seconds of a forward pass without gradients"
    start = clock(x)
    with torch.no_grad(), torch.autocast(x.device.type, torch.float16, enabled=x.is_cuda): m(x)
    return clock(x)-start

def peak(m, x):
    "Peak bytes of a training step above what was there before it (CUDA only)"
    if not x.is_cuda: return 0
    forget_grads(m, x)
    torch.cuda.reset_peak_memory_stats()
    before = torch.cuda.memory_allocated()
    train_step(m, x)
    return torch.cuda.max_memory_allocated()-before

def check_agree(forms, x):
    "All forms give the same output"
    with torch.no_grad(): outs = [m(x)[0] for m in forms.values()]
    limit = 1e-2 if x.is_cuda else 1e-4
    assert all((o-outs[0]).abs().max() < limit for o in outs), 'the forms differ'

def turns(f, forms, x, reps):
    "Seconds of each form in each turn, after one that does not count"
    times = {k:[] for k in forms}
    for rep in range(reps+1):
        for k,m in forms.items():
            seconds = f(m, x)
            if rep: times[k].append(seconds)
    return times

def times_ours(times, form):
    "How many times as long as ours, the median over the turns"
    return statistics.median(a/b for a,b in zip(times[form], times['ours']))

def measure(ni, nf, hw, reps, device, other, bs=8, T=10):
    "One row a form"
    x = torch.randn(T, bs, ni, hw, hw, device=device, requires_grad=True)
    forms = make_forms(ni, nf, device, other)
    check_agree(forms, x)
    train = turns(train_step, forms, x, reps)
    inference = turns(infer, forms, x, reps)
    gflop = 6*T*bs*hw*hw*(ni+nf)*4*nf*9/1e9
    rows = []
    for k,m in forms.items():
        rows.append(dict(shape=f'{ni}x{hw}x{hw} -> {nf}', form=k, gflop=gflop,
            train_ms=1000*statistics.median(train[k]), train_ratio=times_ours(train, k),
            infer_ms=1000*statistics.median(inference[k]), infer_ratio=times_ours(inference, k),
            kept_mb=kept(lambda: m(x), but=m)[1]/2**20, peak_mb=peak(m, x)/2**20))
    return rows

def show(rows, cuda):
    "Print the rows of one shape"
    for r in rows:
        memory = f'{r["kept_mb"]:.0f} | {r["peak_mb"]:.0f}' if cuda else f'{r["kept_mb"]:.0f}'
        rate = 1000*r["gflop"]/r["train_ms"]
        print(f'| {r["shape"]} | {r["form"]} | {r["train_ms"]:.0f} | {r["train_ratio"]:.2f} | {rate:.0f} | {memory} | '
            f'{r["infer_ms"]:.0f} | {r["infer_ratio"]:.2f} |', flush=True)

@call_parse
def main(
    reps:int=5, # Measured turns of each form
    other:str=None, # Python file with another `ConvLSTM`
    out:str=None, # JSON file for the figures
):
    "Time of a training step and of inference, and bytes kept for the backward pass: 8 clips of 10 steps, kernel 3x3"
    torch.set_num_threads(1)
    other = load_class(other) if other else None
    res = {}
    for device in ['cpu'] + ['cuda']*torch.cuda.is_available():
        cuda = device=='cuda'
        name = f'{platform.machine()}, one thread, fp32'
        if cuda: name = f'{torch.cuda.get_device_name()}, fp16'
        memory = 'kept MiB | peak MiB' if cuda else 'kept MiB'
        print(f'\n{name}\n')
        print(f'| input -> state | form | training ms | times ours | GFLOP/s | {memory} | inference ms | times ours |')
        print('|---|---|'+'--:|'*(7 if cuda else 6))
        res[name] = []
        for shape in shapes:
            rows = measure(*shape, reps, device, other)
            show(rows, cuda)
            res[name] += rows
    if out: Path(out).write_text(json.dumps(res, indent=1))
