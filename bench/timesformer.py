"""A training step of `TimeSformer` beside timesformer-pytorch's: `python bench/timesformer.py`

Both in one process, in turn, the same weights; medians, of CPU time where there is no GPU. `kept` is what the forward pass keeps for the backward pass, without the weights; attention is computed again on a GPU, and kept on a CPU.
On CUDA the steps run in fp16 (autocast), and the peak of memory is printed as well. What a step cannot do without is printed first:
operations of linear layers and attention. `moved` is what all kernels of a step in half precision read and write, counted on tensors without data;
on a GPU it bounds the step where it takes longer than the operations: an H200 moves 4.8 TB and does some 600 TFLOP in a second."""
import statistics,time
import torch
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves
from torch.nn import functional as F
from fastcore.script import call_parse
from timesformer_pytorch import TimeSformer as Upstream
from action_recog.learners.timesformer import DividedAttention,TimeSformer

shapes = {'tutorial':dict(bs=8, n=5, size=128, dim=128), 'paper':dict(bs=1, n=8, size=224, dim=768)}

def kept(f, params):
    "Bytes that `f` keeps for its backward pass"
    sizes,weights = {},{tuple(sorted(p.shape)) for p in params}
    def pack(o):
        if tuple(sorted(o.shape)) not in weights: sizes[o.untyped_storage().data_ptr()] = o.untyped_storage().nbytes()
        return o
    with torch.autograd.graph.saved_tensors_hooks(pack, lambda o:o): f()
    return sum(sizes.values())

class Traffic(TorchDispatchMode):
    "Count the bytes that kernels read and write; views are free"
    free,n = {'prim::device','aten::_unsafe_view'},0
    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        out = func(*args, **(kwargs or {}))
        view = any(a.alias_info is not None and not a.alias_info.is_write for a in func._schema.arguments)
        if not view and func._schema.name not in self.free:
            self.n += sum(o.numel()*o.element_size() for o in tree_leaves((args,kwargs,out)) if isinstance(o, torch.Tensor))
        return out

def moved(cls, args, kw, s):
    "Bytes that a step of the model moves in half precision, in the form for a GPU"
    DividedAttention.recompute = True
    with FakeTensorMode():
        model,x = cls(*args, **kw).train(),torch.randn(s['bs'], s['n'], 3, s['size'], s['size'])
        with Traffic() as t:
            with torch.autocast('cpu', torch.float16): loss = model(x).float().sum()
            loss.backward()
    DividedAttention.recompute = None
    return t.n

def gflop(bs, n, size, dim, depth=12, heads=8, dim_head=64, patch=16):
    "Multiplications and additions of a training step in linear layers and attention, in units of 10**9"
    hw,inner = (size//patch)**2,heads*dim_head
    toks = bs*(1+n*hw)
    linear = toks*(2*4*dim*inner + 12*dim*dim)*depth + toks*3*patch**2*dim
    attend = 2*bs*inner*(n*hw*(n+1) + n*hw*(hw+1) + 2*(1+n*hw))*depth
    return 3*2*linear/1e9,3*2*attend/1e9

def step(model, opt, x, y):
    with torch.autocast(x.device.type, torch.float16, enabled=x.is_cuda): loss = F.cross_entropy(model(x), y)
    loss.backward()
    opt.step()
    opt.zero_grad()
    if x.is_cuda: torch.cuda.synchronize()

def measure(name, device, reps):
    s = shapes[name]
    kw = dict(dim=s['dim'], num_frames=s['n'], image_size=s['size'], patch_size=16, depth=12, heads=8, dim_head=64)
    x = torch.randn(s['bs'], s['n'], 3, s['size'], s['size'], device=device)
    y = torch.zeros(s['bs'], dtype=torch.long, device=device)
    forms = {'timesformer-pytorch':(Upstream, (), dict(num_classes=101, **kw)), 'ours':(TimeSformer, (101,), dict(kw, shift_tokens=False)),
        'ours, grad_checkpointing':(TimeSformer, (101,), dict(kw, shift_tokens=False, grad_checkpointing=True))}
    models = {k:cls(*args, **kws) for k,(cls,args,kws) in forms.items()}
    for m in models.values(): m.load_state_dict(models['ours'].state_dict(), strict=True)
    models = {k:m.to(device).train() for k,m in models.items()}
    opts = {k:torch.optim.SGD(m.parameters(), 1e-3) for k,m in models.items()}
    res,clock = {k:dict(secs=[], peak=0, kept=0, moved=moved(*forms[k], s)) for k in models},time.perf_counter if device=='cuda' else time.process_time
    half = torch.autocast(device, torch.float16 if device=='cuda' else torch.bfloat16)
    for k,m in models.items():
        if device=='cpu': res[k]['kept'] = kept(lambda: m(x), m.parameters())
        DividedAttention.recompute = True
        with half: res[k]['half'] = kept(lambda: m(x), m.parameters())
        DividedAttention.recompute = None
    for i in range(reps+1):
        for k,m in models.items():
            if device=='cuda': torch.cuda.reset_peak_memory_stats()
            start = clock()
            step(m, opts[k], x, y)
            if i: res[k]['secs'].append(clock()-start)
            if device=='cuda': res[k]['peak'] = torch.cuda.max_memory_allocated()
    linear,attend = gflop(**s)
    up = res['timesformer-pytorch']
    print(f'\n{name}: {s["bs"]} clips of {s["n"]} frames, {s["size"]} px, dim {s["dim"]}, depth 12; '
        f'{linear:.0f} GFLOP in linear layers and {attend:.0f} in attention a step')
    print('| model | ms a step | speed | kept on CPU, MiB | ratio | kept in half on GPU, MiB | ratio | moved, GB | peak, MiB |\n|---|--:|--:|--:|--:|--:|--:|--:|--:|')
    for k,r in res.items():
        t,t0 = (statistics.median(o['secs']) for o in (r,up))
        print(f"| {k} | {1e3*t:.0f} | {t0/t:.2f} | {r['kept']/2**20:.0f} | {r['kept']/max(up['kept'], 1):.2f} | {r['half']/2**20:.0f} | "
            f"{r['half']/up['half']:.2f} | {r['moved']/1e9:.1f} | {r['peak']/2**20 or '-'} |", flush=True)

@call_parse
def main(
    shape:str='tutorial,paper', # Some of tutorial and paper, with commas between
    reps:int=5, # Timed steps of each model
):
    "Time and memory of a training step"
    device = 'cuda' if torch.cuda.is_available() else 'cpu'
    print(torch.cuda.get_device_name() if device=='cuda' else f'CPU, {torch.get_num_threads()} threads', torch.__version__)
    for name in shape.split(','): measure(name, device, reps)
