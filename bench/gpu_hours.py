"""Hours, memory and disk that the recipes for a GPU are expected to need on UCF101's first split

    python bench/gpu_hours.py [--out bench/results/gpu_hours.json]

These are estimates, and no GPU takes part. A training step of each real model, with its optimiser, runs in half
precision on tensors without values, and each kernel is counted: its operations, and the
bytes that it reads and writes. A kernel is taken to need the longer of two times, its operations at 40 % of the GPU's
peak and its bytes at 70 % of the memory's, and 10 µs for Python to launch it. An epoch is as long as the slower one of
GPU and loaders, whose rate for each core is that of `bench/results/load.json`, from videos. The peaks are those of
NVIDIA's data sheets, of dense fp16 operations. Memory is weights, gradients, moments and what the forward pass keeps,
with 1.5 GB for CUDA and its libraries."""
import json,warnings
warnings.filterwarnings('ignore')
import torch
from copy import deepcopy
from functools import partial
from dataclasses import dataclass
from pathlib import Path
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves
from torch.utils.flop_counter import flop_registry,sdpa_backward_flop_count,sdpa_flop_count
from torch import nn
from torch.nn import functional as F
from fastcore.script import call_parse
from common import print_table,save_json
from action_recog.learners.model_folder import frames_from_dict
from action_recog.learners.recipes import gpu_recipes,learner_meta

n_train,n_valid,n_classes = 9537,3783,101
videos_gb = 6.9

@dataclass
class Machine:
    "A GPU and the cores beside it"
    name:str # Of the GPU
    tflops:float # Dense fp16 operations, 10**12 a second
    gbs:float # Memory, 10**9 bytes a second
    gb:float # Memory, 10**9 bytes
    cores:int # That read clips

    def seconds(self, kernels):
        "What the kernels take"
        each = [max(flops/(.4*self.tflops*1e12), n/(.7*self.gbs*1e9)) for flops,n in kernels]
        return sum(max(o, 1e-5) for o in each)

machines = Machine('H100', 989, 3350, 80, 16),Machine('T4', 65, 320, 16, 4)

# The config of facebook/timesformer-base-finetuned-k400
timesformer = dict(model_type='timesformer', hidden_size=768, num_hidden_layers=12, num_attention_heads=12,
    intermediate_size=3072, image_size=224, patch_size=16, num_frames=8)

# PyTorch counts the operations of attention on a GPU only, and they are the same here
aten = torch.ops.aten
flop_counts = {**flop_registry,
    aten._scaled_dot_product_flash_attention_for_cpu:
        lambda q, k, v, *args, out_val=None, **kwargs: sdpa_flop_count(q.shape, k.shape, v.shape),
    aten._scaled_dot_product_flash_attention_for_cpu_backward:
        lambda g, q, k, v, *args, out_val=None, **kwargs: sdpa_backward_flop_count(g.shape, q.shape, k.shape, v.shape)}

class Kernels(TorchDispatchMode):
    "Operations and bytes of each kernel; views are free"
    free = {'prim::device', 'aten::_unsafe_view', 'aten::detach'}
    def __init__(self):
        super().__init__()
        self.found = []

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        out = func(*args, **(kwargs or {}))
        infos = [o.alias_info for o in func._schema.arguments]
        is_view = any(o is not None and not o.is_write for o in infos)
        if is_view or func._schema.name in self.free: return out
        count = flop_counts.get(func._overloadpacket)
        flops = count(*args, **(kwargs or {}), out_val=out) if count else 0
        tensors = [o for o in tree_leaves((args, kwargs, out)) if isinstance(o, torch.Tensor)]
        self.found.append((flops, sum(o.numel()*o.element_size() for o in tensors)))
        return out

    @property
    def flops(self): return sum(o for o,_ in self.found)

def empty_loaders(recipe):
    "Loaders without clips, of the recipe's shape"
    squish = dict(name='Resize', size=[recipe.image_size]*2, method='squish', pad_mode='reflection')
    sampler = dict(name='UniformSampler', seq_len=recipe.seq_len)
    frames = dict(reader='TensorClipTfm', read_size=None, sampler=sampler, item_tfms=[squish], mean=None, std=None)
    return frames_from_dict(frames, list(map(str, range(n_classes))))

def real_model(model, recipe):
    "The model of the recipe, with random weights"
    args = {**recipe.model, 'pretrained':False}
    if model=='timesformer': args['arch'] = timesformer
    return learner_meta[model]['learner'](empty_loaders(recipe), **args).model

class Kept:
    "Bytes that the forward pass keeps for the backward pass, each storage once, weights left out"
    def __init__(self, model):
        self.weights = {o.untyped_storage()._cdata for o in model.parameters()}
        self.sizes,self.alive = {},[]

    def pack(self, o):
        storage = o.untyped_storage()
        self.alive.append(storage)
        if storage._cdata not in self.weights: self.sizes[storage._cdata] = storage.nbytes()
        return o

def lose_values(model):
    "Take the values out of `model`, within a `FakeTensorMode`"
    for module in model.modules():
        for k,p in list(module._parameters.items()):
            if p is not None: setattr(module, k, nn.Parameter(torch.empty(p.shape)))
        for k,b in list(module._buffers.items()):
            if b is not None: setattr(module, k, torch.empty(b.shape, dtype=b.dtype))

def count_step(model, recipe):
    "Kernels of a training step and of a step in validation, and bytes that are kept"
    m = deepcopy(model).train()
    half = partial(torch.autocast, 'cpu', torch.float16)
    with FakeTensorMode():
        lose_values(m)
        x = torch.empty(recipe.bs, recipe.seq_len, 3, recipe.image_size, recipe.image_size)
        y = torch.zeros(recipe.bs, dtype=torch.long)
        args = recipe.learner_args()
        opt = args['opt_func'](list(m.parameters()), lr=recipe.lr, wd=recipe.wd)
        kept = Kept(m)
        with Kernels() as train:
            with half(), torch.autograd.graph.saved_tensors_hooks(kept.pack, lambda o: o):
                loss = F.cross_entropy(m(x).float(), y)
            loss.backward()
            opt.step()
        m.eval()
        with Kernels() as valid, torch.no_grad(), half(): m(x)
    return train,valid,sum(kept.sizes.values())

def loader_rate():
    "Clips a second that one core reads from videos"
    load = json.loads(Path('bench/results/load.json').read_text())
    row, = [o for o in load['rows'] if (o['setup'],o['loader'])==('112 px, 16 uniform','ours, from videos')]
    return row['clips_per_s']/load['num_workers']

def estimate(model, machine, recipe, counted, n_params):
    "What a training takes on a machine"
    train,valid,kept = counted
    train_rate,valid_rate = [recipe.bs/machine.seconds(o.found) for o in (train,valid)]
    read = loader_rate()*machine.cores
    epoch = n_train/min(train_rate, read) + n_valid/min(valid_rate, read)
    # Four orders of one clip, then several clips
    score = n_valid/min(valid_rate/4, read) + n_valid*recipe.n_clips/min(valid_rate, read)
    moments = 2 if 'adam' in recipe.opt else 1
    gb = (n_params*(4+4+2+4*moments)+kept)/1e9 + 1.5
    # Two checkpoints with the moments, and the model twice
    run_gb = n_params*4*(2*(1+moments)+2)/1e9
    return dict(learner=model, gpu=machine.name, hours=round((recipe.epochs*epoch+score)/3600, 1),
        epoch_minutes=round(epoch/60, 1), clips_per_s=round(train_rate),
        waits_for='loaders' if read<train_rate else 'GPU', tflop_per_clip=round(train.flops/recipe.bs/1e12, 3),
        kernels=len(train.found), memory_gb=round(gb, 1), fits=gb<machine.gb, disk_gb=round(videos_gb+run_gb, 1))

def estimates():
    "A row for each recipe and machine"
    for model,recipe in gpu_recipes.items():
        m = real_model(model, recipe)
        counted = count_step(m, recipe)
        n_params = sum(p.numel() for p in m.parameters())
        for machine in machines: yield estimate(model, machine, recipe, counted, n_params)

@call_parse
def main(
    out:str='bench/results/gpu_hours.json', # File for the figures
):
    "Estimate the trainings by the recipes for a GPU"
    rows = list(estimates())
    keys = list(rows[0])
    print('estimates, from counted kernels; nothing here was measured on a GPU')
    print_table(keys, [list(o.values()) for o in rows])
    save_json(out, dict(kind='estimates', n_train=n_train, n_valid=n_valid, peak=.4, bandwidth=.7, launch_us=10,
        machines=[vars(o) for o in machines], rows=rows))
