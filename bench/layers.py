"""`ConvLSTM` beside the usual form, one convolution of input and state joined anew at each step

    python bench/layers.py [--reps 5] [--other layers.py] [--out results.json]

The forms have the same weights and take turns. Each figure is the median of `reps` turns, and "times ours" is the
median of the ratio within a turn. Measured are a training step (forward and backward pass, with the MiB that
autograd keeps in between, weights aside) and inference. `--other` adds the `ConvLSTM` of another Python file, say
an earlier form of `action_recog/learners/recurrent.py`, as a further row of each shape. On a CPU one thread runs,
and what counts is its own time, which a busy machine disturbs less. On a GPU the forms run under autocast in fp16,
and the table has their peak memory too."""
import importlib.util,platform
import torch
from functools import partial
from torch import nn
from fastcore.script import call_parse
from common import in_turns,medians,own_clock,print_table,save_json,times_as_fast
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

def train_step(m, x):
    "A forward and backward pass"
    forget_grads(m, x)
    with torch.autocast(x.device.type, torch.float16, enabled=x.is_cuda): out = m(x)[0]
    out.float().pow(2).mean().backward()

def infer(m, x):
    "A forward pass without gradients"
    with torch.no_grad(), torch.autocast(x.device.type, torch.float16, enabled=x.is_cuda): m(x)

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

def time_forms(f, forms, x, reps):
    "Median milliseconds of each form, and how many times as long as ours that is"
    ways = {k:partial(f, m, x) for k,m in forms.items()}
    seconds = in_turns(ways, reps, own_clock(x.device), warm_up=True)
    ratio = {k:times_as_fast(seconds, k)['ours'] for k in forms}
    return {k:1000*o for k,o in medians(seconds).items()},ratio

def measure(ni, nf, hw, reps, device, other, bs=8, T=10):
    "One row a form"
    x = torch.randn(T, bs, ni, hw, hw, device=device, requires_grad=True)
    forms = make_forms(ni, nf, device, other)
    check_agree(forms, x)
    train_ms,train_ratio = time_forms(train_step, forms, x, reps)
    infer_ms,infer_ratio = time_forms(infer, forms, x, reps)
    gflop = 6*T*bs*hw*hw*(ni+nf)*4*nf*9/1e9
    return [dict(shape=f'{ni}x{hw}x{hw} -> {nf}', form=k, gflop=gflop, train_ms=train_ms[k], train_ratio=train_ratio[k],
        infer_ms=infer_ms[k], infer_ratio=infer_ratio[k], kept_mb=kept(lambda: m(x), but=m)[1]/2**20,
        peak_mb=peak(m, x)/2**20) for k,m in forms.items()]

def table_row(r, cuda):
    "A form as the table has it"
    memory = [f'{r["kept_mb"]:.0f}', f'{r["peak_mb"]:.0f}'] if cuda else [f'{r["kept_mb"]:.0f}']
    rate = 1000*r['gflop']/r['train_ms']
    return [r['shape'], r['form'], f'{r["train_ms"]:.0f}', f'{r["train_ratio"]:.2f}', f'{rate:.0f}', *memory,
        f'{r["infer_ms"]:.0f}', f'{r["infer_ratio"]:.2f}']

def measure_all(chosen, reps, device, other):
    "The rows of all shapes, each as soon as it is there"
    for shape in chosen: yield from measure(*shape, reps, device, other)

@call_parse
def main(
    reps:int=5, # Measured turns of each form
    n_shapes:int=len(shapes), # Shapes to measure, the first ones
    other:str=None, # Python file with another `ConvLSTM`
    out:str=None, # JSON file for the figures
):
    "Time of a training step and of inference, and bytes kept for the backward pass: 8 clips of 10 steps, kernel 3x3"
    torch.set_num_threads(1)
    other = load_class(other) if other else None
    res = {}
    for device in ['cpu', 'cuda'] if torch.cuda.is_available() else ['cpu']:
        cuda = device=='cuda'
        name = f'{torch.cuda.get_device_name()}, fp16' if cuda else f'{platform.machine()}, one thread, fp32'
        print(f'\n{name}')
        rows = res[name] = []
        def shown():
            for row in measure_all(shapes[:n_shapes], reps, device, other):
                rows.append(row)
                yield table_row(row, cuda)
        memory = ['kept MiB', 'peak MiB'] if cuda else ['kept MiB']
        training,inference = ['training ms', 'times ours', 'GFLOP/s'],['inference ms', 'times ours']
        header = ['input -> state', 'form', *training, *memory, *inference]
        print_table(header, shown())
    save_json(out, res)
