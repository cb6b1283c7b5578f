"""A training step of `TimeSformer` beside timesformer-pytorch's

    python bench/timesformer.py [--shape tutorial,paper] [--reps 5]

Both have the same weights and take turns in one process. Figures are medians: of CPU time, or of time on a GPU,
where the steps run in fp16 (autocast) and the peak of memory is printed as well. "Kept" is what the forward pass
keeps for the backward pass, without the weights; attention is computed again on a GPU, and kept on a CPU. What a
step cannot do without is printed first: operations of linear layers and attention. "Moved" is what all kernels of a
step in half precision read and write, counted on tensors without data; on a GPU it bounds the step where it takes
longer than the operations: an H200 moves 4.8 TB and does some 600 TFLOP in a second. Needs the package
`timesformer-pytorch`."""
import torch
from contextlib import contextmanager
from functools import partial
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves
from torch.nn import functional as F
from fastcore.script import call_parse
from common import device_name,in_turns,medians,need,own_clock,print_table,times_as_fast
need('timesformer_pytorch')
from timesformer_pytorch import TimeSformer as Upstream
from action_recog.learners.timesformer import DividedAttention,TimeSformer

shapes = dict(tutorial=dict(bs=8, n=5, size=128, dim=128), paper=dict(bs=1, n=8, size=224, dim=768))
upstream = 'timesformer-pytorch'

def kept(f, params):
    "Bytes that `f` keeps for its backward pass, but for copies of `params` in half precision too"
    sizes = {}
    weights = {tuple(sorted(p.shape)) for p in params}
    def pack(o):
        if tuple(sorted(o.shape)) not in weights: sizes[o.untyped_storage().data_ptr()] = o.untyped_storage().nbytes()
        return o
    with torch.autograd.graph.saved_tensors_hooks(pack, lambda o: o): f()
    return sum(sizes.values())

@contextmanager
def as_on_gpu():
    "Attention is computed again in the backward pass, wherever this runs"
    DividedAttention.recompute = True
    try: yield
    finally: DividedAttention.recompute = None

class Traffic(TorchDispatchMode):
    "Count the bytes that kernels read and write; views are free"
    free = {'prim::device', 'aten::_unsafe_view'}
    n = 0
    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        out = func(*args, **(kwargs or {}))
        infos = [o.alias_info for o in func._schema.arguments]
        is_view = any(o is not None and not o.is_write for o in infos)
        if is_view or func._schema.name in self.free: return out
        tensors = [o for o in tree_leaves((args, kwargs, out)) if isinstance(o, torch.Tensor)]
        self.n += sum(o.numel()*o.element_size() for o in tensors)
        return out

def model_makers(bs, n, size, dim):
    "Functions without arguments, by name"
    args = dict(dim=dim, num_frames=n, image_size=size, patch_size=16, depth=12, heads=8, dim_head=64)
    ours = partial(TimeSformer, 101, shift_tokens=False, **args)
    return {upstream:partial(Upstream, num_classes=101, **args), 'ours':ours,
        'ours, grad_checkpointing':partial(ours, grad_checkpointing=True)}

def moved(make, shape):
    "Bytes that a step of the model moves in half precision, in the form for a GPU"
    with as_on_gpu(), FakeTensorMode():
        model = make().train()
        x = torch.randn(shape['bs'], shape['n'], 3, shape['size'], shape['size'])
        with Traffic() as traffic:
            with torch.autocast('cpu', torch.float16): loss = model(x).float().sum()
            loss.backward()
    return traffic.n

def gflop(bs, n, size, dim, depth=12, heads=8, dim_head=64, patch=16):
    "Multiplications and additions of a training step in linear layers and attention, in units of 10**9"
    patches = (size//patch)**2
    inner = heads*dim_head
    tokens = bs*(1+n*patches)
    linear = tokens*(2*4*dim*inner + 12*dim*dim)*depth + tokens*3*patch**2*dim
    attention = 2*bs*inner*(n*patches*(n+1) + n*patches*(patches+1) + 2*(1+n*patches))*depth
    return 3*2*linear/1e9,3*2*attention/1e9

class Step:
    "A model with its optimiser, and what was measured of it"
    def __init__(self, model, device):
        self.model = model.to(device).train()
        self.opt = torch.optim.SGD(model.parameters(), 1e-3)
        self.kept = self.kept_half = self.peak = 0

    def __call__(self, x, y):
        "A training step"
        if x.is_cuda: torch.cuda.reset_peak_memory_stats()
        with torch.autocast(x.device.type, torch.float16, enabled=x.is_cuda): loss = F.cross_entropy(self.model(x), y)
        loss.backward()
        self.opt.step()
        self.opt.zero_grad()
        if x.is_cuda: self.peak = torch.cuda.max_memory_allocated()

    def measure_kept(self, x):
        "What is kept in full precision on a CPU, and in half precision as on a GPU"
        params = list(self.model.parameters())
        if not x.is_cuda: self.kept = kept(lambda: self.model(x), params)
        half = torch.float16 if x.is_cuda else torch.bfloat16
        with as_on_gpu(), torch.autocast(x.device.type, half): self.kept_half = kept(lambda: self.model(x), params)

def make_steps(makers, device):
    "All models with the same weights"
    models = {name:make() for name,make in makers.items()}
    for m in models.values(): m.load_state_dict(models['ours'].state_dict(), strict=True)
    return {name:Step(m, device) for name,m in models.items()}

def measure(shape, device, reps):
    "A row a model"
    makers = model_makers(**shape)
    steps = make_steps(makers, device)
    x = torch.randn(shape['bs'], shape['n'], 3, shape['size'], shape['size'], device=device)
    y = torch.zeros(shape['bs'], dtype=torch.long, device=device)
    for step in steps.values(): step.measure_kept(x)
    seconds = in_turns({name:partial(step, x, y) for name,step in steps.items()}, reps, own_clock(device), warm_up=True)
    median = medians(seconds)
    faster = times_as_fast(seconds, upstream)
    peer = steps[upstream]
    for name,o in steps.items():
        full = [f'{o.kept/2**20:.0f}', f'{o.kept/max(peer.kept, 1):.2f}']
        half = [f'{o.kept_half/2**20:.0f}', f'{o.kept_half/peer.kept_half:.2f}']
        gb = moved(makers[name], shape)/1e9
        peak = round(o.peak/2**20) or '–'
        yield [name, f'{1e3*median[name]:.0f}', f'{faster[name]:.2f}', *full, *half, f'{gb:.1f}', peak]

@call_parse
def main(
    shape:str='tutorial,paper', # Some of tutorial and paper, with commas between
    reps:int=5, # Timed steps of each model
):
    "Time and memory of a training step"
    device = 'cuda' if torch.cuda.is_available() else 'cpu'
    print(device_name(), torch.__version__)
    for name in shape.split(','):
        s = shapes[name]
        linear,attention = gflop(**s)
        print(f'\n{name}: {s["bs"]} clips of {s["n"]} frames, {s["size"]} px, dim {s["dim"]}, depth 12; '
            f'{linear:.0f} GFLOP in linear layers and {attention:.0f} in attention a step')
        header = ['model', 'ms a step', 'times as fast', 'kept on CPU, MiB', 'ratio', 'kept in half on GPU, MiB',
            'ratio', 'moved, GB', 'peak, MiB']
        print_table(header, measure(s, device, reps))
