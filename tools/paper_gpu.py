"""A GPU that is not there: code for CUDA runs on a CPU, with real values

    with use_paper_gpu() as log:     # from here on torch.cuda.is_available() is True
        x = torch.randn(2, 3, device='cuda')
        with torch.autocast('cuda', torch.float16): y = x@x.T     # cuda:0, float16
    print(log)                          # kernels, copies to and fro, points where the CPU waits

A tensor "on cuda" is a wrapper of a CPU tensor on torch's spare device type (PrivateUse1, which autograd knows), and
says `cuda` when Python asks. Autocast casts by the lists of `ATen/autocast_mode.h`; `tools/gpu.py` compares them with
the header of the torch that is installed. Devices never mix: what CUDA would refuse is refused. (torch's
`FakeTensorMode` cannot do it with a CUDA build and no driver: its backward asks for the driver, its tensors cannot
become fastai's `TensorImage`, and `Module.to` cannot swap its parameters.)

It sees: tensors on two devices; dtypes that meet in a convolution, a product, a norm or a `grid_sample`; the dtype
that autocast gives each operator; fp16 overflow at the borders of operators; loss scaling; generators of the CPU on
CUDA; code behind `device.type=='cuda'` and `torch.cuda.is_available()`; launches, copies and waits.

It does not see: speed; memory; shapes and strides that cuDNN or a kernel refuses; atomics; streams; NCCL; the
precision inside a kernel. A module that autograd or a weak reference still holds cannot be moved: move a deep copy.
"""
import collections,contextlib,sys,traceback
from types import SimpleNamespace
from unittest.mock import patch
import torch,torch.utils.checkpoint
from torch.utils._pytree import tree_map_only,tree_leaves
from torch.utils._mode_utils import no_dispatch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.backend_registration import _setup_privateuseone_for_python_backend

aten = torch.ops.aten
_orig_as_subclass = torch.Tensor.as_subclass
_autocast_key = torch._C.DispatchKey.AutocastPrivateUse1
_low = (torch.float16,torch.bfloat16)
# Of the emulation that is on: number of GPUs, the current one, its log; the library of autocast, once registered
_state = SimpleNamespace(n=1, current=0, log=None, lib=None)

class Log:
    "What would have happened on the GPU"
    def __init__(self): self.reset()

    def reset(self):
        "Begin anew"
        self.ops = collections.Counter() # Launches by the name of the operator
        self.waits = collections.Counter() # By the line of code where the CPU waits
        self.to_gpu = collections.Counter() # Bytes by dtype
        self.to_cpu = collections.Counter() # Bytes by dtype
        self.fallback = collections.Counter() # Operators that the CPU has in fp32 only, computed there and rounded
        self.attention = collections.Counter() # Kernels that fused attention would choose, by its arguments

    @property
    def kernels(self)->int: # Launches
        "Number of kernels, one for each operator that is no view"
        return sum(self.ops.values())

    def __repr__(self):
        def mib(c): return ', '.join(f'{v/2**20:.2f} MiB {k}' for k,v in c.items()) or '0'
        counts = f'{self.kernels} kernels, {sum(self.waits.values())} waits'
        return f'{counts}, to GPU {mib(self.to_gpu)}, to CPU {mib(self.to_cpu)}'

def _where():
    "The line of code that is running, of the package if it has a part in it"
    here = 'site-packages/torch','paper_gpu'
    frames = [o for o in traceback.extract_stack() if not any(name in o.filename for name in here)]
    own = [o for o in frames if 'action_recog' in o.filename] or frames
    if not own: return '?'
    return f'{"/".join(own[-1].filename.split("/")[-2:])}:{own[-1].lineno} {own[-1].name}'

# Tensors

class PaperTensor(torch.Tensor):
    "A CPU tensor that says it is on CUDA"
    __torch_function__ = torch._C._disabled_torch_function_impl
    _orig = torch.Tensor
    @staticmethod
    def __new__(cls, elem, idx=0):
        o = torch.Tensor._make_wrapper_subclass(cls, elem.size(), strides=elem.stride(), dtype=elem.dtype,
            storage_offset=elem.storage_offset(), layout=elem.layout, device=f'paper:{idx}')
        o._elem,o._idx = elem,idx
        return o
    def __init__(self, *args, **kwargs): pass
    @classmethod
    def __torch_dispatch__(cls, func, types, args=(), kwargs=None): return _dispatch(func, args, kwargs or {})
    device = property(lambda self: torch.device('cuda', self._idx))
    is_cuda = property(lambda self: True)
    def as_subclass(self, cls):
        if cls is torch.Tensor: cls = PaperTensor
        if not issubclass(cls, PaperTensor): cls = _paper_class(cls)
        with torch._C.DisableTorchFunctionSubclass(): o = aten.alias.default(self)
        o.__class__ = cls
        return o

    def cuda(self, device=None, **kwargs):
        return self.to(torch.device('cuda', device) if isinstance(device, int) else device or 'cuda')

    def to(self, *args, copy=False, **kwargs):
        if args and isinstance(args[0], torch.Tensor): args = (args[0].device,args[0].dtype)
        dev,dtype,is_async,fmt = torch._C._nn._parse_to(*args, **kwargs)
        if _is_gpu(dev) and dev.index in (None,self.device.index): dev = None
        if dev is None and dtype in (None,self.dtype) and fmt is None and not copy: return self
        kw = {k:v for k,v in dict(device=dev, dtype=dtype, memory_format=fmt).items() if v is not None}
        return torch.Tensor.to(self, **kw, copy=copy, non_blocking=is_async) if kw else self.clone()

    def __format__(self, spec):
        if type(self) is PaperTensor and self.ndim==0: return format(self.item(), spec)
        return object.__format__(self, spec)

    def tolist(self): return self.cpu().tolist()
    def new_tensor(self, data, *, dtype=None, device=None, **kwargs):
        return torch.tensor(data, dtype=dtype or self.dtype, device=device or self.device, **kwargs)

    def __repr__(self): return f"{type(self).__name__}({self._elem!r}, device='{self.device}')"
    def __deepcopy__(self, memo):
        o = PaperTensor(self._elem.clone(), self.device.index).requires_grad_(self.requires_grad)
        if getattr(self, '_is_param', False): o._is_param = True
        memo[id(self)] = o
        return o

    def __reduce_ex__(self, proto):
        elem = self._elem.detach().as_subclass(torch.Tensor).clone()
        is_param = getattr(self, '_is_param', False)
        return _rebuild,(elem, self.device.index, self.requires_grad, is_param, type(self)._orig)

def _rebuild(elem, idx, grad, param, cls):
    "A tensor from a file, on the CPU if `torch.load` is told so"
    where = getattr(_state, 'map_location', None)
    o = elem if where is not None and torch.device(where).type=='cpu' else PaperTensor(elem, idx)
    if param: return torch.nn.Parameter(o, requires_grad=grad)
    return (o if cls is torch.Tensor else o.as_subclass(cls)).requires_grad_(grad)

_classes = {torch.Tensor:PaperTensor}
def _paper_class(cls):
    "The subclass of `PaperTensor` that stands for `cls`, as for fastai's `TensorImage`"
    if cls not in _classes:
        bases = [_paper_class(b) for b in cls.__bases__ if issubclass(b, torch.Tensor)]
        own = dict(_orig=cls, __torch_function__=classmethod(cls.__torch_function__.__func__), __module__=__name__,
            __deepcopy__=PaperTensor.__deepcopy__, __reduce_ex__=PaperTensor.__reduce_ex__)
        _classes[cls] = type(f'Paper{cls.__name__}', (*dict.fromkeys(bases),cls), own)
    return _classes[cls]

def _as_subclass(self, cls):
    "`Tensor.as_subclass` of what is on the CPU, for a class that may be the paper's"
    if isinstance(cls, type) and issubclass(cls, PaperTensor): cls = cls._orig
    return _orig_as_subclass(self, cls)

# Dispatch

def _is_gpu(d): return d is not None and torch.device(d).type in ('cuda','paper')

def _index(d):
    "Number of the GPU `d`"
    idx = torch.device(d).index
    return _state.current if idx is None else idx

# Operators that may have tensors on two devices; whose indices may be on the CPU; that take no number of the CPU's;
# where the CPU waits
_copies = {aten._to_copy.default, aten.copy_.default, aten._copy_from.default, aten.copy.default}
_indexing = {aten.index.Tensor, aten.index_put.default, aten.index_put_.default, aten._index_put_impl_.default,
    aten._unsafe_index.Tensor}
_no_scalars = {aten.cat.default, aten.cat.out, aten.stack.default}
_waits = {aten._local_scalar_dense.default, aten.nonzero.default, aten.masked_select.default, aten.equal.default,
    aten._unique2.default}
# Operators whose tensors have one dtype
_strict_names = """
    convolution convolution_backward mm addmm bmm baddbmm mv addmv dot native_layer_norm native_layer_norm_backward
    native_group_norm grid_sampler_2d grid_sampler_2d_backward grid_sampler_3d _thnn_fused_lstm_cell _thnn_fused_gru_cell
""".split()
_strict = {getattr(getattr(aten, n), k) for n in _strict_names for k in getattr(aten, n).overloads()}

def _tensors(o): return [t for t in tree_leaves(o) if isinstance(t, torch.Tensor)]
def _floats(o): return [t for t in _tensors(o) if t.is_floating_point()]

def _refuse(func, idxs, others=''):
    found = ' and '.join(f'cuda:{i}' for i in sorted(idxs))
    raise RuntimeError(f'{func}: Expected all tensors to be on the same device, but found {found}{others}')

def _check_devices(func, args, kwargs):
    "Refuse tensors on two devices as CUDA does; the number of the GPU that works, `None` for none"
    ts = _tensors((args,kwargs))
    gpu = [o for o in ts if isinstance(o, PaperTensor)]
    cpu = [o for o in ts if not isinstance(o, PaperTensor)]
    if not gpu: return None
    idxs = {o.device.index for o in gpu if o.ndim>0} or {o.device.index for o in gpu}
    if func in _copies: return min(idxs)
    if len(idxs)>1: _refuse(func, idxs)
    if func in _indexing and isinstance(args[0], PaperTensor):
        cpu = [o for o in cpu if all(o is not i for i in args[1] if i is not None)]
    bad = [o for o in cpu if o.ndim>0 or func in _no_scalars]
    writes_cpu = func._schema.is_mutable and isinstance(args[0], torch.Tensor) and not isinstance(args[0], PaperTensor)
    if bad or writes_cpu: _refuse(func, idxs, f' and cpu {[tuple(o.shape) for o in bad]}')
    return min(idxs)

_makes_none = {aten._local_scalar_dense.default, aten.empty.memory_format, aten.empty_strided.default,
    aten.empty_like.default}

def _is_mask(i):
    "Does an index that is a mask or on the CPU make the CPU wait?"
    return isinstance(i, torch.Tensor) and (i.dtype in (torch.bool,torch.uint8) or not isinstance(i, PaperTensor))

def _count(func, args, kwargs):
    "Note a launch and a wait in the log"
    log = _state.log
    if log is None: return
    is_view = any(r.alias_info is not None and not r.alias_info.is_write for r in func._schema.returns)
    if not is_view and func not in _makes_none: log.ops[func.name()] += 1
    if func in _waits or func in _indexing and any(map(_is_mask, args[1])): log.waits[f'{_where()}: {func.name()}'] += 1

def _special(func, args, kwargs):
    "Whether `func` is one that CUDA alone has, or has otherwise, and its result then"
    if func is aten._softmax.default or func is aten._log_softmax.default:
        return True,(func(args[0].float(), args[1], False) if args[2] else func(*args))
    if func in (aten._softmax_backward_data.default, aten._log_softmax_backward_data.default):
        return True,func(args[0], args[1], args[2], args[0].dtype).to(args[3])
    if func is aten._thnn_fused_lstm_cell.default: return True,_lstm_cell(*args)
    if func is aten._thnn_fused_lstm_cell_backward_impl.default: return True,_lstm_cell_grad(*args)
    if func is aten._thnn_fused_gru_cell.default: return True,_gru_cell(*args)
    if func is aten._thnn_fused_gru_cell_backward.default: return True,_gru_cell_grad(*args)
    return False,None

def _lstm_cell(gi, gh, c, bi=None, bh=None):
    g = gi.float()+gh.float()+sum(b.float() for b in (bi,bh) if b is not None)
    i,f,g,o = g.chunk(4, 1)
    i,f,g,o = i.sigmoid(),f.sigmoid(),g.tanh(),o.sigmoid()
    new = f*c.float()+i*g
    return (o*new.tanh()).to(gi.dtype),new.to(c.dtype),torch.cat([i,f,g,o], 1).to(gi.dtype)

def _lstm_cell_grad(dh, dc, c, new, work, bias):
    (i,f,g,o),t = work.float().chunk(4, 1),new.float().tanh()
    dh,dc = (0. if d is None else d.float() for d in (dh,dc))
    dc = dc+dh*o*(1-t*t)
    dg = torch.cat([dc*g*i*(1-i), dc*c.float()*f*(1-f), dc*i*(1-g*g), dh*t*o*(1-o)], 1).to(work.dtype)
    return dg,(dc*f).to(c.dtype),(dg.sum(0) if bias else None)

def _gru_cell(gi, gh, h, bi=None, bh=None):
    gi,gh = (g.float()+(0. if b is None else b.float()) for g,b in ((gi,bi),(gh,bh)))
    (ir,iz,i_n),(hr,hz,hn) = gi.chunk(3, 1),gh.chunk(3, 1)
    r,z = (ir+hr).sigmoid(),(iz+hz).sigmoid()
    n = (i_n+r*hn).tanh()
    return (n+z*(h.float()-n)).to(h.dtype),torch.cat([r,z,n,h.float(),hn], 1).to(h.dtype)

def _gru_cell_grad(dh, work, bias):
    (r,z,n,h,hn),d = work.float().chunk(5, 1),dh.float()
    dn = d*(1-z)*(1-n*n)
    dz,dr = d*(h-n)*z*(1-z),dn*hn*r*(1-r)
    di,dg = (torch.cat([dr,dz,o], 1).to(dh.dtype) for o in (dn,dn*r))
    return di,dg,(d*z).to(dh.dtype),(di.sum(0) if bias else None),(dg.sum(0) if bias else None)

def _upcast(func, args, kwargs, dtype):
    "Compute in fp32 and round to `dtype`, as kernels for half precision do"
    a,k = tree_map_only(torch.Tensor, lambda o: o.float() if o.dtype in _low else o, (args,kwargs))
    if k.get('dtype') in _low: k['dtype'] = torch.float32
    out = func(*a, **k)
    if func._schema.is_mutable:
        args[0].copy_(out)
        return args[0]
    low = kwargs.get('dtype') or dtype
    return tree_map_only(torch.Tensor, lambda o: o.to(low) if o.dtype==torch.float32 else o, out)

def _compute(func, args, kwargs):
    "The values of `func`, or the error of CUDA where dtypes do not fit"
    done,out = _special(func, args, kwargs)
    if done: return out
    fs = _floats((args,kwargs))
    if func in _strict:
        kinds = {o.dtype for o in fs}
        came = ' and '.join(sorted(map(str, kinds)))
        if len(kinds)>1: raise RuntimeError(f'{func}: Input type and weight type should be the same, but got {came}')
        if kinds and fs[0].dtype in _low: return _upcast(func, args, kwargs, fs[0].dtype)
    try: return func(*args, **kwargs)
    except (RuntimeError,NotImplementedError) as e:
        is_missing = any(o in str(e) for o in ('not implemented for','mixed dtype','not support'))
        if not (is_missing and any(o.dtype in _low for o in fs)): raise
        if _state.log is not None: _state.log.fallback[func.name()] += 1
        return _upcast(func, args, kwargs, next(o.dtype for o in fs if o.dtype in _low))

def _is_async(func, args, kwargs, is_from):
    "Does the CPU go on while a copy is made? From the GPU if it is told so, to the GPU from pinned memory only"
    told = kwargs.get('non_blocking') or func is aten.copy_.default and len(args)>2 and args[2]
    return bool(told) and (is_from and func is aten._to_copy.default or getattr(args[0], '_is_pinned', False))

def _count_copy(func, args, kwargs, stays):
    "Note a copy between devices in the log; `stays`: is what is made on the GPU, `None` for where its source is"
    if _state.log is None: return
    src = args[0] if func is aten._to_copy.default else args[1]
    is_from = isinstance(src, PaperTensor)
    is_to = isinstance(args[0], PaperTensor) if stays is None else stays
    if is_from==is_to: return
    counts = _state.log.to_cpu if is_from else _state.log.to_gpu
    counts[str(src.dtype)] += src.numel()*src.element_size()
    if _is_async(func, args, kwargs, is_from): return
    _state.log.waits[f'{_where()}: copy to {"CPU" if is_from else "GPU"}'] += 1

def _wrap(out, func, args, kwargs, idx):
    "What an operator gave, on the GPU; what was changed in place stays the tensor it was"
    given = {}
    if func._schema.is_mutable: given = {id(o._elem):o for o in _tensors((args,kwargs)) if isinstance(o, PaperTensor)}
    def f(o):
        if id(o) in given: return given[id(o)]
        return o if isinstance(o, PaperTensor) else PaperTensor(o, idx)
    return tree_map_only(torch.Tensor, f, out)

def _dispatch(func, args, kwargs):
    "Run an operator: check devices, count, compute on the CPU, and wrap what it gives"
    dev = kwargs.get('device')
    on_gpu = any(isinstance(o, PaperTensor) for o in tree_leaves((args,kwargs)))
    if not on_gpu and not _is_gpu(dev): return func(*args, **kwargs)
    if func is aten._fused_sdp_choice.default: return 0
    if func is aten.set_.source_Tensor:
        args[0]._elem = args[1]._elem
        return args[0]
    idx = _check_devices(func, args, kwargs)
    generator = kwargs.get('generator')
    if generator is not None and generator.device.type=='cpu':
        raise RuntimeError("Expected a 'cuda' device type for generator but found 'cpu'")
    _count(func, args, kwargs)
    if func in (aten._to_copy.default,aten.copy_.default,aten.copy.default):
        _count_copy(func, args, kwargs, None if dev is None else _is_gpu(dev))
    inner,inner_kwargs = tree_map_only(PaperTensor, lambda o: o._elem, (args,dict(kwargs)))
    if dev is not None: inner_kwargs['device'] = 'cpu'
    inner_kwargs.pop('pin_memory', None)
    out = _compute(func, inner, inner_kwargs)
    if torch.Tag.inplace_view in func.tags:
        with no_dispatch(): func(*args, **kwargs)
        return args[0]
    if dev is not None and not _is_gpu(dev): return out
    return _wrap(out, func, args, kwargs, _index(dev) if _is_gpu(dev) else idx)

class _Mode(TorchDispatchMode):
    "Operators that make tensors come here, those without a `PaperTensor` among their arguments"
    def __torch_dispatch__(self, func, types, args=(), kwargs=None): return _dispatch(func, args, kwargs or {})

# Autocast, by the lists of ATen/autocast_mode.h

to_low = '''
    _convolution conv1d conv2d conv3d conv_tbc conv_transpose1d conv_transpose2d conv_transpose3d convolution prelu
    addmm addmv addr matmul einsum mm mv linalg_vecdot linear addbmm baddbmm bmm chain_matmul linalg_multi_dot
    _thnn_fused_lstm_cell _thnn_fused_gru_cell lstm_cell gru_cell rnn_tanh_cell rnn_relu_cell
    _scaled_dot_product_flash_attention scaled_dot_product_attention
'''.split()
to_fp32 = '''
    acos asin cosh erfinv exp expm1 log log10 log2 log1p reciprocal rsqrt sinh tan pow softplus layer_norm
    native_layer_norm rms_norm group_norm frobenius_norm nuclear_norm cosine_similarity poisson_nll_loss
    cosine_embedding_loss nll_loss nll_loss2d hinge_embedding_loss kl_div l1_loss smooth_l1_loss huber_loss mse_loss
    margin_ranking_loss multilabel_margin_loss soft_margin_loss triplet_margin_loss multi_margin_loss
    binary_cross_entropy_with_logits dist pdist cdist renorm logsumexp upsample_nearest1d _upsample_nearest_exact1d
    upsample_nearest2d _upsample_nearest_exact2d upsample_nearest3d _upsample_nearest_exact3d upsample_linear1d
    upsample_bilinear2d _upsample_bilinear2d_aa upsample_trilinear3d upsample_bicubic2d _upsample_bicubic2d_aa norm
    softmax log_softmax prod cumprod cumsum linalg_vector_norm linalg_matrix_norm sum
'''.split()
to_widest = 'addcdiv addcmul atan2 bilinear cross dot vdot grid_sampler index_put tensordot scatter_add'.split()

def _cast(kind, ts):
    "The dtype that tensors `ts` are cast to, and a function that says which"
    low = torch.get_autocast_dtype('cuda')
    if kind=='lower': return low,lambda o: o.dtype in (torch.float32,*_low)
    if kind=='fp32': return torch.float32,lambda o: o.dtype in _low
    wide = torch.float32 if any(o.dtype==torch.float32 for o in ts) else low
    return wide,lambda o: o.dtype in _low

def _autocast(op, kind):
    "`op` with its arguments cast"
    def f(*args, **kwargs):
        with torch._C._ExcludeDispatchKeyGuard(torch._C.DispatchKeySet(_autocast_key)):
            dtype,which = _cast(kind, _floats((args,kwargs)))
            def cast(o): return o.to(dtype) if o.is_floating_point() and which(o) else o
            args,kwargs = tree_map_only(torch.Tensor, cast, (args,kwargs))
            return op(*args, **kwargs)
    return f

def _banned(*args, **kwargs):
    raise RuntimeError('torch.nn.functional.binary_cross_entropy and torch.nn.BCELoss are unsafe to autocast.')

def _register():
    "Let torch's dispatcher cast by the lists, for the rest of the process"
    _state.lib,_state.rest = torch.library.Library('aten', 'IMPL'),torch.library.Library('_', 'IMPL')
    _state.rest.fallback(torch.library.fallthrough_kernel, 'AutocastPrivateUse1')
    for kind,names in dict(lower=to_low, fp32=to_fp32, promote=to_widest).items():
        for n in names:
            for k in (getattr(aten, n).overloads() if hasattr(aten, n) else ()):
                op = getattr(getattr(aten, n), k)
                if 'out' in k or any('Dimname' in str(a.type) for a in op._schema.arguments): continue
                _state.lib.impl(op.name().split('::')[1], _autocast(op, kind), 'AutocastPrivateUse1')
    _state.lib.impl('binary_cross_entropy', _banned, 'AutocastPrivateUse1')

# torch.cuda

class _OnDevice:
    "`torch.cuda.device`"
    def __init__(self, device=None):
        self.to = device if device is None or isinstance(device, int) else _index(device)
    def __enter__(self):
        self.old = _state.current
        if self.to is not None and self.to>=0: _state.current = self.to
    def __exit__(self, *args): _state.current = self.old

def _set_device(d): _state.current = d if isinstance(d, int) else _index(d)

class _Event:
    "`torch.cuda.Event`: who synchronizes waits for all the GPU was given before"
    def __init__(self, *args, **kwargs): pass
    def record(self, stream=None): pass
    def query(self): return True
    def elapsed_time(self, other): return 1.
    def synchronize(self):
        if _state.log is not None: _state.log.waits[f'{_where()}: event'] += 1

class _Stream:
    "`torch.cuda.Stream`"
    def record_event(self, event=None): return event or _Event()
    def wait_event(self, event): pass
    def synchronize(self): _Event().synchronize()

def _pin(self, *args):
    "`Tensor.pin_memory` of what is on the CPU"
    o = self.clone()
    o._is_pinned = True
    return o

def _props(*args):
    return SimpleNamespace(name='a GPU of paper', major=8, minor=0, total_memory=80*2**30, multi_processor_count=100,
        gcnArchName='')

def _attention(real):
    "Fused attention that notes which kernel it would take"
    def f(q, k, v, attn_mask=None, dropout_p=0., is_causal=False, **kwargs):
        if isinstance(q, PaperTensor) and _state.log is not None:
            dt = torch.get_autocast_dtype('cuda') if torch.is_autocast_enabled('cuda') else q.dtype
            last = all(o.stride(-1)==1 for o in (q,k,v))
            masked = attn_mask is not None
            kernel = 'memory-efficient' if not masked or attn_mask.ndim else 'math'
            if dt in _low and q.shape[-1]<=256 and last and not masked: kernel = 'flash'
            shapes = f'q {tuple(q.shape)} k {tuple(k.shape)} {str(dt)[6:]}'
            _state.log.attention[f'{shapes} dropout {dropout_p} mask {masked} last stride 1 {last}: {kernel}'] += 1
        return real(q, k, v, attn_mask=attn_mask, dropout_p=dropout_p, is_causal=is_causal, **kwargs)
    return f

def _mirror(real):
    "What sets autocast on CUDA, for the paper's device as well"
    def f(dev, value):
        real(dev, value)
        if dev=='cuda': real('paper', value)
    return f

def _set_meta(real):
    "fastai's `set_meta` without the attributes of the wrapper"
    own = '_elem','_idx'
    def f(self, x, as_copy=False):
        kept = {k:self.__dict__[k] for k in own if k in self.__dict__}
        real(self, x, as_copy)
        self.__dict__ = {**{k:v for k,v in self.__dict__.items() if k not in own}, **kept}
    return f

def _load(real):
    "`torch.load` that knows what `map_location` means for the paper's tensors"
    def f(*args, map_location=None, **kwargs):
        old = getattr(_state, 'map_location', None)
        _state.map_location = map_location
        by_hand = map_location is None or callable(map_location) or isinstance(map_location, dict)
        try: return real(*args, map_location=map_location if by_hand else 'cpu', **kwargs)
        finally: _state.map_location = old
    return f

def _apply(real):
    "`Module._apply` that swaps parameters, since a wrapper's data cannot be set"
    def f(self, fn, *args, **kwargs):
        old = torch.__future__.get_swap_module_params_on_conversion()
        torch.__future__.set_swap_module_params_on_conversion(True)
        try: return real(self, fn, *args, **kwargs)
        finally: torch.__future__.set_swap_module_params_on_conversion(old)
    return f

def _default_device(use=-1):
    "fastai's `default_device`; its names are those of `fastai.torch_core`"
    if use!=-1: defaults.use_cuda = use
    return torch.device('cpu') if defaults.use_cuda is False else torch.device('cuda', torch.cuda.current_device())

def _set_up():
    "What torch has to be told once"
    if _state.lib is not None: return
    torch.backends.cudnn.version()
    torch._C._ensureCUDADeviceGuardSet()
    _setup_privateuseone_for_python_backend('paper')
    torch.paper.get_amp_supported_dtype = lambda: [*_low,torch.float32]
    torch.utils.checkpoint.DefaultDeviceType.set_device_type('cuda')
    _register()
    torch.serialization.add_safe_globals([_rebuild, torch.Tensor])

def _no_rng(*args): return torch.zeros(16, dtype=torch.uint8)
def _nothing(*args): pass
def _room(*args): return 80*2**30

_accelerator = dict(is_available=lambda: True, current_accelerator=lambda *args: torch.device('cuda'),
    current_device_index=lambda: _state.current, set_device_index=_nothing)
_cuda = dict(
    Event=_Event, Stream=_Stream, current_stream=lambda *args: _Stream(), device=_OnDevice, set_device=_set_device,
    is_available=lambda: True, device_count=lambda: _state.n, current_device=lambda: _state.current,
    _lazy_init=_nothing, synchronize=_nothing, empty_cache=_nothing, reset_peak_memory_stats=_nothing,
    get_rng_state=_no_rng, get_rng_state_all=lambda: [_no_rng() for _ in range(_state.n)],
    set_rng_state=_nothing, set_rng_state_all=_nothing, manual_seed=_nothing, manual_seed_all=_nothing,
    get_device_name=lambda *args: 'a GPU of paper', get_device_properties=_props,
    get_device_capability=lambda *args: (8,0), is_bf16_supported=lambda *args, **kwargs: True,
    memory_allocated=lambda *args: 0, max_memory_allocated=lambda *args: 0, mem_get_info=lambda *args: (_room(),_room()))

def _patches():
    "What is replaced while the emulation is on"
    ps = [patch.object(torch.cuda, k, v) for k,v in _cuda.items()]
    ps += [patch.object(torch.accelerator, k, v) for k,v in _accelerator.items()]
    ps.append(patch.object(torch.Tensor, 'pin_memory', _pin))
    ps += [patch.object(torch, o, _mirror(getattr(torch, o))) for o in ('set_autocast_enabled','set_autocast_dtype')]
    ps += [patch.object(torch.Tensor, 'as_subclass', _as_subclass), patch.object(torch, 'load', _load(torch.load)),
        patch.object(torch.backends.cudnn, 'is_acceptable', lambda *args: False),
        patch.object(torch.nn.Module, '_apply', _apply(torch.nn.Module._apply))]
    attend = 'scaled_dot_product_attention'
    ps.append(patch.object(torch.nn.functional, attend, _attention(getattr(torch.nn.functional, attend))))
    fai = sys.modules.get('fastai.torch_core')
    if fai:
        ps.append(patch.object(fai.TensorBase, 'set_meta', _set_meta(fai.TensorBase.set_meta)))
        ps.append(_fastai_device(fai.default_device))
    return ps

@contextlib.contextmanager
def _fastai_device(f):
    "Let fastai's `default_device`, whose modules hold it by name, not ask for `torch.device(0)`, the paper's"
    code = f.__code__
    f.__code__ = _default_device.__code__
    try: yield
    finally: f.__code__ = code

@contextlib.contextmanager
def use_paper_gpu(
    n:int=1, # Number of GPUs
): # `Log` of what would have happened
    "Run the `with` block with GPUs that are not there"
    _set_up()
    outer = dict(vars(_state))
    _state.n,_state.current,_state.log = n,0,Log()
    try:
        with contextlib.ExitStack() as stack:
            for o in _patches(): stack.enter_context(o)
            stack.callback(torch._C._set_only_lift_cpu_tensors, torch._C._only_lift_cpu_tensors())
            torch._C._set_only_lift_cpu_tensors(True)
            stack.enter_context(torch.autograd.set_multithreading_enabled(False))
            stack.enter_context(_Mode())
            yield _state.log
    finally: _state.n,_state.current,_state.log = (outer[o] for o in ('n','current','log'))
