"Checks of what happens on a GPU, on a machine that has none: all of them, or those that are named as arguments"
import ast,importlib,itertools,os,re,sys,tempfile,time,traceback,warnings
os.environ.setdefault('MPLBACKEND', 'agg')
warnings.filterwarnings('ignore')
from pathlib import Path
import torch,torchvision
from fastai.vision.all import *
from fastai.callback.channelslast import *
from fastcore.script import call_parse
from contextlib import nullcontext,redirect_stderr,redirect_stdout,suppress
from dataclasses import replace
from fastcore.test import *
from nbdev.test import nb_test_cells
import paper_gpu
from paper_gpu import PaperTensor,use_paper_gpu
from action_recog.all import *
from action_recog.answers.demo import answer
from action_recog.test_utils import moving_square,quiet,tiny_dls,tiny_hf_configs,tiny_sample,write_video

root = Path(__file__).resolve().parents[1]
checks = {}

def check(n_gpus=1):
    "Register a function as a check with `n_gpus` GPUs of paper"
    def _inner(f):
        checks[f.__name__] = n_gpus,f
        return f
    return _inner

# What the checks share

tmp = tempfile.TemporaryDirectory()
folder = Path(tmp.name)
amps = 'fp32','fp16','bf16'
small = dict(arch='small_cnn', pretrained=False)
args = dict(
    baseline=dict(small, time_pool='attention'),
    lstm=dict(small, hidden_size=8, pool=1),
    convlstm=dict(small, hidden_size=8),
    timesformer=dict(patch_size=16, dim=16, depth=1, heads=2, dim_head=8),
    video=dict(arch='mc3_18', pretrained=False))

@functools.cache
def sample()->Path: # Folder of class folders
    "The smallest sample"
    return tiny_sample(folder/'sample', n_frames=10)

@functools.cache
def video()->Path: # Video of four seconds
    "A square that moves"
    return write_video(folder/'square.avi', moving_square(40), fps=10)

@functools.cache
def weights()->Path: # Checkpoint of a `small_cnn`
    "Weights that an encoder can start from, so that it is frozen"
    fn = folder/'small_cnn.pth'
    torch.save(small_cnn().state_dict(), fn)
    return fn

def clips(device=None, **kwargs): return tiny_dls(sample(), device=device, **kwargs)

def set_amp(learn, amp):
    "`learn` in one of three precisions"
    learn.remove_cbs(learn.cbs.filter(risinstance(MixedPrecision)))
    if amp=='fp16': learn.to_fp16()
    if amp=='bf16': learn.to_bf16()
    return learn

def make(model, amp='fp16', device=None, **kwargs):
    "A tiny learner, the same at every call"
    set_seed(0)
    if model=='forecast':
        how = dict(n_in=3, n_out=2, n_train=8, n_valid=4, bs=4, n_digits=1, size=32)
        dls = ForecastDataLoaders.from_digits(**how, device=device)
        learn = forecast_learner(dls, hidden_size=4, path=folder, metrics=frame_mse, **kwargs)
    else: learn = learner_meta[model]['learner'](clips(device), **{**args[model], **kwargs}, path=folder)
    return set_amp(learn, amp)

def steps(learn, n=2):
    "The losses of `n` training steps"
    set_seed(0)
    with quiet(learn): learn.fit(1, 1e-3, cbs=ShortEpochCallback(pct=(n-.5)/len(learn.dls.train)))
    return torch.stack([o.as_subclass(Tensor).cpu() for o in learn.recorder.losses])

def is_on(learn, device):
    "All parameters are finite, fp32 and on `device`"
    for p in learn.model.parameters():
        test_eq(p.device, torch.device(device))
        test_eq(p.dtype, torch.float32)
        assert p.isfinite().all()

def twin(learn, model):
    "A learner on the CPU with the weights of `learn`"
    cpu = make(model, 'fp32', 'cpu')
    cpu.model.load_state_dict(learn.model.state_dict())
    return cpu

def as_probs(preds): return {label:p for label,p in preds}

def same_probs(a, b, eps=.02):
    "Two answers of `predict_video` agree"
    for label,p in as_probs(a).items(): test_close(p, as_probs(b)[label], eps)

# The emulation itself

def cuda(*shape, device='cuda', **kwargs): return torch.randn(*shape, device=device, **kwargs)

@check(2)
def paper_devices():
    "Tensors on two devices do not meet, numbers without dimensions do"
    a,b = cuda(2,3),cuda(2,3, device='cuda:1')
    test_eq([a.device,b.device], [torch.device('cuda:0'),torch.device('cuda:1')])
    same = 'same device'
    test_fail(lambda: a+b, contains=same)
    test_fail(lambda: a+torch.randn(2,3), contains=same)
    test_fail(lambda: torch.cat([a,torch.randn(2,3)]), contains=same)
    test_fail(lambda: torch.randn(2,3).add_(a), contains=same)
    test_fail(lambda: nn.Linear(3,1)(a), contains=same)
    test_eq((a*torch.tensor(2.)).device, a.device)
    test_close((a+b.to('cuda:0')).cpu(), a.cpu()+b.cpu())
    test_eq(a[torch.tensor([0])].device, a.device)
    test_fail(lambda: torch.randn(2, device='cuda', generator=torch.Generator()), contains='generator')

@check()
def paper_dtypes():
    "A convolution or a product of two dtypes is refused, as CUDA does"
    x,conv = cuda(1,3,8,8),nn.Conv2d(3,2,3).cuda()
    test_eq(conv(x).dtype, torch.float32)
    test_fail(lambda: conv(x.half()), contains='should be the same')
    test_fail(lambda: cuda(2,2)@cuda(2,2).half(), contains='same')
    test_eq(conv.half()(x.half()).dtype, torch.float16)

def header_lists(name):
    "Names in a list of the header of the torch that is installed"
    text = (Path(torch.__file__).parent/'include/ATen/autocast_mode.h').read_text()
    body = re.search(rf'#define AT_FORALL_{name}\(_\)(.*?)\n\n', text, re.S)[1]
    return set(re.findall(r'_\((\w+)[,)]', body))-{'ADD_NS'} | set(re.findall(r'ADD_NS\((\w+)\)', body))

@check()
def paper_autocast_lists():
    "The operators that autocast treats are those of the torch that is installed"
    test_eq(set(paper_gpu.to_low), header_lists('LOWER_PRECISION_FP'))
    fp32 = header_lists('FP32')|header_lists('FP32_SET_OPT_DTYPE')|header_lists('DIFFERENT_REDISPATCH_SIGNATURE')
    test_eq(set(paper_gpu.to_fp32), fp32)
    test_eq(set(paper_gpu.to_widest), header_lists('PROMOTE'))

@check()
def paper_autocast():
    "Autocast chooses the dtype of each operator as on CUDA, and its values are those of that dtype"
    x,w = cuda(4,8),cuda(8,8)
    for dtype in (torch.float16, torch.bfloat16):
        with torch.autocast('cuda', dtype):
            low = x@w
            test_eq(low.dtype, dtype)
            test_eq(F.linear(x, w).dtype, dtype)
            test_eq(low.softmax(1).dtype, torch.float32)
            test_eq(low.sum().dtype, torch.float32)
            test_eq(F.layer_norm(low, (8,)).dtype, torch.float32)
            test_eq(F.mse_loss(low, low).dtype, torch.float32)
            test_eq(low.relu().dtype, dtype)
            test_eq((low+x).dtype, torch.float32)
            test_fail(lambda: F.binary_cross_entropy(low.sigmoid(), low.sigmoid()), contains='unsafe to autocast')
            with torch.autocast('cuda', enabled=False): test_eq((x@w).dtype, torch.float32)
        test_close(low.float().cpu(), (x.cpu().to(dtype)@w.cpu().to(dtype)).float(), 1e-1)
        assert (low.float()-x@w).abs().max()>0
    test_eq((x@w).dtype, torch.float32)

@check()
def paper_overflow():
    "What is too large for fp16 becomes infinite under autocast, and stays finite in bf16"
    x = cuda(4,8).fill_(200.)
    with torch.autocast('cuda', torch.float16): assert (x@x.T).isinf().all()
    with torch.autocast('cuda', torch.bfloat16): assert (x@x.T).isfinite().all()

@check()
def paper_scaler():
    "The scaler leaves out a step whose gradients overflow, and halves its factor"
    layer = nn.Linear(2,1).cuda()
    opt,scaler = torch.optim.SGD(layer.parameters(), 1.),torch.amp.GradScaler('cuda')
    before = layer.weight.detach().clone()
    for value,moves in ((float('inf'),False), (1.,True)):
        opt.zero_grad()
        scaler.scale(layer(cuda(4,2).fill_(value)).sum()).backward()
        scale = scaler.get_scale()
        scaler.step(opt)
        scaler.update()
        test_eq(not torch.equal(layer.weight.cpu(), before.cpu()), moves)
        test_eq(scaler.get_scale(), scale if moves else scale/2)

@check()
def paper_log():
    "The log counts kernels, bytes each way, and where the CPU waits"
    with use_paper_gpu() as log:
        x = torch.zeros(4,8).cuda()
        test_eq([log.kernels,sum(log.to_gpu.values()),sum(log.to_cpu.values())], [1,4*8*4,0])
        y = (x@x.T).relu()
        test_eq([log.kernels,sum(log.waits.values())], [3,1])
        y.sum().item()
        test_eq([log.kernels,sum(log.waits.values())], [4,2])
        y.half().cpu()
        test_eq(sum(log.to_cpu.values()), 4*4*2)
        x.view(-1)[1:].reshape(31)
        test_eq(log.kernels, 6)
    assert 'action_recog' not in repr(log) and 'kernels' in repr(log)

@check(2)
def paper_files():
    "A checkpoint of a GPU comes back on it, or on the CPU where that is asked for"
    fn = folder/'paper.pth'
    layer = nn.Linear(2,1).to('cuda:1')
    torch.save(layer.state_dict(), fn)
    test_eq(torch.load(fn)['weight'].device, torch.device('cuda:1'))
    back = torch.load(fn, map_location='cpu', weights_only=True)
    test_eq(back['weight'].device.type, 'cpu')
    test_eq(back['weight'], layer.weight.detach().cpu())

# Learners

def learns(model):
    "Two steps of a learner in each precision: as on the CPU in fp32, near it in the others"
    near = dict(fp32=1e-2, fp16=.05, bf16=.1)
    cpu = steps(make(model, 'fp32', 'cpu'))
    for amp in amps:
        learn = make(model, amp)
        got = steps(learn)
        if amp=='fp32': test_close(got, cpu, near[amp])
        else: test_close(got[0], cpu[0], near[amp])
        assert got.isfinite().all()
        is_on(learn, 'cuda:0')
        assert not torch.is_autocast_enabled('cuda')

@check()
def step_baseline():
    "The baseline trains in fp32, fp16 and bf16, to the losses of the CPU"
    learns('baseline')

@check()
def step_lstm():
    "The LSTM trains in fp32, fp16 and bf16, to the losses of the CPU"
    learns('lstm')

@check()
def step_convlstm():
    "The ConvLSTM trains in fp32, fp16 and bf16, to the losses of the CPU"
    learns('convlstm')

@check()
def step_timesformer():
    "The TimeSformer trains in fp32, fp16 and bf16, to the losses of the CPU"
    learns('timesformer')

@check()
def step_video():
    "A video backbone trains in fp32, fp16 and bf16, to the losses of the CPU"
    learns('video')

def hub_learner(family, amp='fp16', device=None, **kwargs):
    "A tiny model of `transformers`, the same at every call"
    set_seed(0)
    learn = video_learner(clips(device), tiny_hf_configs()[family], pretrained=False, ps=0., path=folder, **kwargs)
    return set_amp(learn, amp)

@check()
def step_hub():
    "Models of the Hugging Face hub train in fp32, fp16 and bf16, to the losses of the CPU"
    near = dict(fp32=1e-2, fp16=.05, bf16=.1)
    for family,head in dict(videomae=None, vjepa2=None, vivit='mean', timesformer='attentive').items():
        cpu = steps(hub_learner(family, 'fp32', 'cpu', head=head))
        for amp in amps:
            learn = hub_learner(family, amp, head=head)
            got = steps(learn)
            test_close(got if amp=='fp32' else got[0], cpu if amp=='fp32' else cpu[0], near[amp])
            is_on(learn, 'cuda:0')

@check()
def hub_waits():
    "A model of the hub waits for nothing in its forward and backward pass, and copies nothing to the GPU"
    for family in tiny_hf_configs():
        with use_paper_gpu() as log:
            learn = hub_learner(family, 'fp32')
            learn.model.to('cuda')
            x,y = learn.dls.one_batch()
            learn.model(x)
            log.reset()
            learn.loss_func(learn.model(x), y).backward()
            test_eq((dict(log.waits),sum(log.to_gpu.values())), ({},0))

@check()
def hub_probe():
    "The attentive probe trains on stored tokens in fp16, as on live ones, and answers on clips"
    def probe(device=None, amp='fp16'):
        learn = hub_learner('vjepa2', amp, device, head='attentive')
        learn.freeze()
        return learn
    learn = probe()
    with quiet(learn): live = learn.get_preds()[0]
    with redirect_stdout(io.StringIO()), cache_features(learn, folder/'tokens', n_views=2):
        test_eq(learn.dls.one_batch()[0].device.type, 'cuda')
        with quiet(learn): test_close(learn.get_preds()[0], live, .02)
        assert steps(learn).isfinite().all()
    is_on(learn, 'cuda:0')
    cpu = probe('cpu', 'fp32')
    cpu.model.load_state_dict(learn.model.state_dict())
    same_probs(predict_video(learn, video(), n_clips=2), predict_video(cpu, video(), n_clips=2))

@check()
def step_forecast():
    "The forecaster trains in fp32, fp16 and bf16, to the losses of the CPU"
    learns('forecast')

@check()
def default_precision():
    "A learner is in fp16 on a GPU and in fp32 on the CPU, whether its device is a string or none"
    for device,amp in ((None,True), ('cuda',True), ('cpu',False), (torch.device('cpu'),False)):
        learn = learner_meta['baseline']['learner'](clips(device), **args['baseline'])
        test_eq(hasattr(learn, 'mixed_precision'), amp)
        dls = ForecastDataLoaders.from_digits(n_in=3, n_out=2, n_train=8, n_valid=4, bs=4, size=32, device=device)
        test_eq(hasattr(forecast_learner(dls, hidden_size=4, metrics=frame_mse), 'mixed_precision'), amp)

@check(2)
def other_devices():
    "Loaders and learners on the CPU and on the second GPU stay there"
    for device in ('cpu','cuda:1'):
        for model in ('baseline','timesformer','forecast'):
            learn = make(model, 'fp32' if device=='cpu' else 'fp16', device)
            steps(learn, 1)
            is_on(learn, device)
            with quiet(learn): test_eq(learn.get_preds()[0].device.type, 'cpu')
        learn = make('convlstm', 'fp32', device)
        steps(learn, 1)
        ask = partial(predict_video, video=video(), n_clips=2)
        same_probs(ask(learn), ask(twin(learn, 'convlstm')))
        assert [*watch(learn, video(), window=1.)]
        class_activation(learn, 0)

@check()
def channels_last():
    "Learners train with channels last, those of 5-D weights too"
    formats = {4:torch.channels_last, 5:torch.channels_last_3d}
    for model in args:
        learn = make(model, 'fp32')
        steps(learn, 1)
        for p in learn.model.parameters():
            if p.ndim in formats: assert p.is_contiguous(memory_format=formats[p.ndim])

class NoteWaits(Callback):
    "Note in `found` the waits between the ends of two steps"
    order = 1000
    def __init__(self, log): store_attr()
    def after_batch(self):
        if not self.training: return
        self.found = sum(self.log.waits.values())
        self.log.reset()

@check()
def few_waits():
    "A step waits for the loss and twice for the scaler of fp16, a forward and a backward pass for nothing"
    for model,amp,most in (*((o,'fp16',3) for o in args), ('convlstm','bf16',1)):
        with use_paper_gpu() as log:
            learn,cb = make(model, amp),NoteWaits(log)
            if amp=='fp16': learn.remove_cb(MixedPrecision).to_fp16(init_scale=256.) # No step overflows
            with quiet(learn): learn.fit(1, 1e-3, cbs=[cb,ShortEpochCallback(pct=.6),StopAtNaN()])
            assert cb.found<=most, f'{model} {amp}: {cb.found} waits'
            x,y = learn.dls.one_batch()
            log.reset()
            with torch.autocast('cuda', torch.bfloat16): learn.loss_func(learn.model(x), y).backward()
            test_eq(dict(log.waits), {})

@check()
def score_waits():
    "A score waits for the predictions of each batch, hashes nothing that has been on the GPU, and encodes once"
    for model in ('baseline','timesformer'):
        with use_paper_gpu() as log:
            learn = make(model)
            learn.model.to('cuda')
            n = len(learn.dls.valid)
            log.reset()
            score(learn, 1)
            assert sum(log.waits.values())<=4*n+8, log.waits
            assert sum(log.to_cpu.values())<2000, log.to_cpu

@check()
def loaders_pin():
    "Batches come to the GPU from pinned memory, with workers that stay and without"
    for workers in (0,2):
        dls = clips(num_workers=workers, persistent_workers=workers>0)
        with use_paper_gpu() as log:
            for _ in range(2): x,y = [*dls.train][0]
            test_eq(sum(v for k,v in log.waits.items() if 'copy to GPU' in k), 0)
        test_eq((x.device.type,type(x).__name__), ('cuda','PaperTensorClip'))
        test_eq(dls.train.kept is not None, workers>0)
        dls.train.stop_workers()

@check()
def optimizer_moves():
    "A training that began on the CPU goes on with the fused optimizer of a GPU, and back"
    cpu,gpu = make('baseline', 'fp32', 'cpu'),make('baseline', 'fp32')
    for a,b in ((cpu,gpu), (gpu,cpu)):
        steps(a, 1)
        b.create_opt()
        b.opt.load_state_dict(to_device(deepcopy(a.opt.state_dict()), b.dls.device))
        steps(b, 1)
    test_eq([type(o.opt).__name__ for o in (cpu,gpu)], ['Optimizer','FusedAdam'])

@check(0)
def one_graph():
    "The models compile to one graph, but for the LSTM of cuDNN"
    for model in set(args)-{'lstm'}:
        learn = make(model, 'fp32', 'cpu')
        x = learn.dls.one_batch()[0].as_subclass(Tensor)
        out = torch.compile(learn.model, backend='eager', fullgraph=True)(x)
        test_eq(len(out), 4)
        torch._dynamo.reset()
    for family in tiny_hf_configs():
        m = hub_learner(family, 'fp32', 'cpu', head='attentive').model
        test_eq(len(torch.compile(m, backend='eager', fullgraph=True)(x)), 4)
        torch._dynamo.reset()

@check()
def features_together():
    "Features are computed for several clips at once, and written while the next ones are computed"
    learn = make('baseline', weights=weights())
    with use_paper_gpu() as log, cache_features(learn, folder/'together', n_frames=16, n_views=2):
        n = len([*(folder/'together').rglob('*.npy')])
    events = sum(v for k,v in log.waits.items() if 'event' in k)
    assert events<n/3, (events,n)

@check()
def motion():
    "A learner of both streams trains on the GPU, and it and a fusion answer as on the CPU"
    def both(device=None):
        set_seed(0)
        return baseline_learner(clips(device, gap=2), **small, stream='both', time_pool='stats', pool=1, path=folder)

    learn = both()
    with quiet(learn): learn.fit(1, 1e-3)
    is_on(learn, 'cuda:0')
    cpu = both('cpu')
    cpu.model.load_state_dict(learn.model.state_dict())
    fused,on_cpu = fusion_learner([learn,learn], [1,3]),fusion_learner([cpu,cpu], [1,3])
    for a,b in ((learn,cpu), (fused,on_cpu)):
        same_probs(predict_video(a, video(), n_clips=2), predict_video(b, video(), n_clips=2))

@check()
def freezing():
    "An encoder with weights is frozen, then trains"
    for model in ('baseline','lstm','convlstm'):
        learn = make(model, 'bf16', weights=weights())
        before = first(learn.model.encoder.parameters()).detach().cpu().clone()
        steps(learn)
        test_eq(first(learn.model.encoder.parameters()).detach().cpu(), before)
        learn.unfreeze()
        steps(learn)
        assert not torch.equal(first(learn.model.encoder.parameters()).detach().cpu(), before)

@check()
def find_rate():
    "`lr_find` suggests a rate and puts the weights back"
    learn = make('convlstm')
    before = first(learn.model.parameters()).detach().cpu().clone()
    with quiet(learn): rate = learn.lr_find(num_it=6, show_plot=False).valley
    assert 0<rate<10
    test_eq(first(learn.model.parameters()).detach().cpu(), before)

@check()
def features_cached():
    "Stored features train as frames do, in each precision, and are found by the CPU"
    for amp in amps:
        learn = make('baseline', amp, weights=weights())
        with cache_features(learn, folder/f'features-{amp}', n_frames=8, n_views=2):
            steps(learn)
            test_eq(learn.dls.one_batch()[0].device.type, 'cuda')
        with quiet(learn): assert learn.get_preds()[0].isfinite().all()
    n_files = len([*(folder/'features-fp32').rglob('*.npy')])
    learn = make('baseline', 'fp32', 'cpu', weights=weights())
    with cache_features(learn, folder/'features-fp32', n_frames=8, n_views=2): steps(learn)
    test_eq(len([*(folder/'features-fp32').rglob('*.npy')]), n_files)

def recipe(model='baseline', **kwargs):
    "A recipe of two short phases on stored features"
    how = dict(seq_len=4, image_size=32, bs=4, freeze_epochs=2, epochs=1, n_clips=2, flip=True)
    given = args[model] if model=='timesformer' else dict(args[model], weights=weights())
    return replace(get_recipe(model, 'sample', **{**how, **kwargs}), model=given)

class StopAfter(Callback):
    "Break off after some epochs"
    order = 80
    def __init__(self, n): self.n = n
    def after_epoch(self):
        self.n -= 1
        if not self.n: raise KeyboardInterrupt

def run_of(name, **kwargs): return Run(sample(), 'baseline', recipe(**kwargs), folder/name, num_workers=0)

@check()
def run_stopped():
    "A run with features, two phases, mixup and a scaler that is stopped and goes on ends as one that was not"
    how = dict(features=dict(n_frames=8, n_views=2), mixup=.4, label_smoothing=.1)
    rows,states = [],[]
    for name in ('whole','stopped'):
        run = run_of(name, **how)
        if name=='stopped':
            with suppress(KeyboardInterrupt): run.complete(StopAfter(2))
            run = run_of(name, **how)
        rows.append(run.complete())
        states.append(run.learn.model.state_dict())
        test_eq(run.row['devices'], [torch.cuda.get_device_name()])
    test_close(rows[0]['video_accuracy'], rows[1]['video_accuracy'])
    for a,b in zip(*(o.values() for o in states)): test_close(a.cpu(), b.cpu(), 1e-5)

@check()
def run_all_models():
    "A table of all learners is trained, scored in all orders and kept"
    for model in ('lstm','convlstm','timesformer'):
        run = Run(sample(), model, recipe(model, freeze_epochs=1), folder/f'run-{model}', num_workers=0)
        row = run.complete()
        test_eq(set(row['order']), set(orders))
        assert (folder/f'run-{model}'/'learner.pkl').is_file()

@check()
def scoring():
    "`score` and `order_test` give what the CPU gives, in each precision"
    for model,amp in (('baseline','fp32'), ('lstm','bf16'), ('timesformer','fp16')):
        learn = make(model, amp)
        steps(learn, 1)
        with quiet(learn): row = score(learn, 2, flip=True)
        with quiet(twin(learn, model)) as o: cpu = score(o, 2, flip=True)
        test_eq(row['order_blind_ceiling'], cpu['order_blind_ceiling'])
        test_close(row['video_accuracy'], cpu['video_accuracy'], .26)
        with quiet(learn): test_eq(order_test(learn), row['order'])

@check()
def labels_and_balance():
    "Several labels, classes drawn alike or weighed, thresholds and calibration give on a GPU what the CPU gives"
    def shape_and_move(o): return re.findall('[A-Z][a-z]+', o.parent.name)
    how = dict(image_size=32, seq_len=4, bs=4, num_workers=0, splitter=GroupSplitter(seed=0))
    for label_func in (shape_and_move,parent_label):
        learns = []
        for device in ('cuda','cpu'):
            set_seed(0)
            dls = ActionDataLoaders.from_files(get_instances(sample()), label_func=label_func, balance=True, device=device, **how)
            for loss in (weighted_loss(dls), None): learn = baseline_learner(dls, **small, loss_func=loss, path=folder).to_fp32()
            learns.append(set_amp(learn, 'fp32'))
            if device=='cuda':
                steps(set_amp(baseline_learner(dls, **small, loss_func=weighted_loss(dls), path=folder), 'fp16'))
                losses = steps(learns[0])
        cpu = learns[1]
        test_close(losses, steps(cpu), 1e-2)
        cpu.model.load_state_dict({k:v.cpu() for k,v in learns[0].model.state_dict().items()})
        rows = []
        for learn in learns:
            with quiet(learn): found,row = calibrate(learn, 2),score(learn, 2)
            rows.append((found,row))
        (found,row),(cpu_found,cpu_row) = rows
        test_close(found['temperature'], cpu_found['temperature'], .05*cpu_found['temperature'])
        test_close(row['calibration_error'], cpu_row['calibration_error'], .05)
        with quiet(learns[0]): answer = predict_video(learns[0], video(), none=True)
        test_eq(answer.said, predict_video(cpu, video(), none=True).said)
        assert [*watch(learns[0], video(), window=1., none=True)]
        back = load_model(save_model(learns[0], folder/'labels'), 'cuda')
        test_eq(back.temperature, learns[0].temperature)

@check()
def leaking():
    "`leak_test` trains with an official and a random split"
    rows = leak_test(sample(), 'baseline', recipe(epochs=0, freeze_epochs=1), num_workers=0, out=folder/'leak')
    test_eq(len(rows), 2)

@check()
def cuts_and_mixes():
    "MixUp, CutMix, gradient clipping and accumulation work in training"
    for cb in (MixUp(), CutMix(), GradientClip(1.), GradientAccumulation(8)):
        learn = make('baseline')
        set_seed(0)
        with quiet(learn): learn.fit(1, 1e-3, cbs=[cb,ShortEpochCallback(pct=.4)])
        is_on(learn, 'cuda:0')

@check()
def batch_transforms():
    "All batch transforms keep shape, range and device of clips"
    tfms = aug_transforms(size=24, flip_vert=True, max_lighting=.9, p_affine=1., p_lighting=1.)
    for o in (tfms, aug_transforms(size=24, min_scale=.5), [RandomErasing(p=1.)], [RandomResizedCropGPU(24)],
        [Hue(p=1.),Saturation(p=1.),Brightness(p=1.),Contrast(p=1.)], [Rotate(p=1.),Zoom(p=1.),Warp(p=1.),Flip(p=1.)],
        [DeterministicFlip()], [DeterministicDihedral()]):
        x,_ = clips(batch_tfms=o).one_batch()
        test_eq([x.device.type,x.ndim,x.dtype], ['cuda',5,torch.float32])
        assert x.isfinite().all()

@check()
def export_down():
    "What was trained on a GPU answers alike after `export` and `load_learner` on the CPU"
    for model in ('baseline','convlstm','timesformer'):
        learn = make(model, 'fp32')
        steps(learn, 1)
        learn.export(folder/'down.pkl')
        cpu = load_learner(folder/'down.pkl')
        is_on(cpu, 'cpu')
        ask = partial(predict_video, video=video(), n_clips=2)
        same_probs(ask(learn), ask(cpu), 1e-3)

@check()
def export_up():
    "What was trained on the CPU answers alike on a GPU, by `load_learner` and `load_model`"
    for model in ('baseline','timesformer'):
        learn = make(model, 'fp32', 'cpu')
        steps(learn, 1)
        learn.export(folder/'up.pkl')
        save_model(learn, folder/'up')
        ask = partial(predict_video, video=video(), n_clips=2)
        up = load_learner(folder/'up.pkl', cpu=False)
        up.dls.to('cuda')
        up.model.to('cuda')
        for o in (up, load_model(folder/'up', 'cuda')):
            is_on(o, 'cuda:0')
            same_probs(ask(o), ask(learn), 1e-3 if not hasattr(o, 'mixed_precision') else .02)

@check()
def model_folders():
    "A learner of a GPU in fp16 and bf16 is written as a model folder, which the CPU reads"
    for model in ('lstm','convlstm'):
        for amp in ('fp16','bf16'):
            learn = make(model, amp)
            steps(learn, 1)
            save_model(learn, folder/f'model-{amp}-{model}')
            cpu = load_model(folder/f'model-{amp}-{model}')
            is_on(cpu, 'cpu')
            same_probs(predict_video(learn, video(), n_clips=2), predict_video(cpu, video(), n_clips=2), .03)

@check()
def programs():
    "A learner of a GPU is written by `torch.export`, and stays on the GPU itself"
    learn = make('baseline')
    steps(learn, 1)
    to_program(learn, folder/'baseline.pt2')
    is_on(learn, 'cuda:0')

@check()
def opened_on_gpu():
    "`open_learner` puts a run and a model folder onto the GPU that is there, or where it is told"
    learn = make('baseline', 'fp32', 'cpu')
    (folder/'opened').mkdir(exist_ok=True)
    learn.export(folder/'opened'/'learner.pkl')
    save_model(learn, folder/'opened-model')
    for o in ('opened','opened-model'):
        for device,want in ((None,'cuda:0'), ('cpu','cpu'), ('cuda','cuda:0')):
            back = open_learner(folder/o, device) if device else open_learner(folder/o)
            is_on(back, want)
            same_probs(predict_video(back, video(), n_clips=2), predict_video(learn, video(), n_clips=2))

@check()
def published_models():
    "A published model with its own head, and the small model of the package, answer on a GPU as on the CPU"
    frames = dict(seq_len=4, step=1, resize=[36,48], crop=[32,32], mean=[.5]*3, std=[.25]*3)
    on_cpu,on_gpu = [pretrained_from('mc3_18', pretrained_dls(list('abcde'), frames, o), 5) for o in ('cpu','cuda')]
    on_gpu.model.load_state_dict(on_cpu.model.state_dict())
    on_gpu.model.to('cuda')
    back = load_model(save_model(on_gpu, folder/'published'), 'cuda')
    for here,there in ((on_gpu,on_cpu), (back,on_cpu), (open_learner('sample'),open_learner('sample', 'cpu'))):
        is_on(here, 'cuda:0')
        same_probs(predict_video(here, video(), n_clips=2), predict_video(there, video(), n_clips=2), .03)

@check()
def fresh_answers():
    "A learner that was never fitted, its model still on the CPU and its loaders on a GPU, answers"
    for model in args:
        learn = make(model)
        test_eq(len(predict_video(learn, video(), n_clips=1)), 5)
    learn = make('convlstm')
    assert len([*watch(learn, video(), window=1.)])>2
    test_eq(class_activation(learn, 0).ndim, 3)

@check()
def answers():
    "`predict_video` with its timeline gives what the CPU gives, in each precision"
    ask = partial(predict_video, video=video(), n_clips=2, window=1., timeline=True)
    for model,amp in (*itertools.product(args, ['fp16']), *itertools.product(['baseline','convlstm'], ['fp32','bf16'])):
        learn = make(model, amp)
        steps(learn, 1)
        res,cpu = ask(learn),ask(twin(learn, model))
        same_probs(res, cpu, 1e-3 if amp=='fp32' else .03)
        test_eq(res.probs.dtype, torch.float32)
        test_eq(res.probs.shape, cpu.probs.shape)

@check()
def folders_of_videos():
    "Videos that share batches have the answers that each has alone, and those of the CPU"
    other = write_video(folder/'other.avi', moving_square(30, side=20), fps=10)
    (folder/'broken.avi').write_text('no video')
    videos = [video(),folder/'broken.avi',other,video()]
    for model,amp in (*itertools.product(args, ['fp16']), ('baseline','fp32')):
        learn = make(model, amp)
        steps(learn, 1)
        ask = partial(predict_videos, videos=videos, n_clips=2, window=1., timeline=True)
        res,cpu = ask(learn),ask(twin(learn, model))
        test_eq([bool(o.error) for o in res], [False,True,False,False])
        for i,v in ((0,video()), (2,other), (3,video())):
            eps = 1e-3 if amp=='fp32' else .03
            same_probs(res[i], cpu[i], eps)
            same_probs(res[i], predict_video(learn, v, n_clips=2), eps)
    test_eq(Batcher(make('baseline')).most, 128)

@check()
def precision_of_answers():
    "Answers are computed in the precision that a learner was trained in"
    for amp,dtype in (('fp32',torch.float32), ('fp16',torch.float16), ('bf16',torch.bfloat16)):
        learn = make('baseline', amp)
        steps(learn, 1)
        rows = Recogniser(learn).encode(cuda(2,3,32,32))
        test_eq(rows.dtype, dtype)

@check()
def streams():
    "`watch` labels a stream by a sliding window and by a carried state, in each precision"
    for model,amp in (*itertools.product(['convlstm'], amps), ('baseline','fp16'), ('timesformer','bf16')):
        learn = make(model, amp)
        steps(learn, 1)
        def ask(o): return [*watch(o, video(), window=1.)]
        here,cpu = ask(learn),ask(twin(learn, model))
        test_eq(len(here), len(cpu))
        for a,b in zip(here, cpu): test_close(a.probs, b.probs, 1e-3 if amp=='fp32' else .05)

@check()
def interpretation():
    "Class activation, attention and their pictures"
    for model in args:
        learn = make(model)
        steps(learn, 1)
        test_close(class_activation(learn, 0).cpu(), class_activation(twin(learn, model), 0), 1e-2)
        show_cam(learn, 0)
    learn = make('timesformer')
    steps(learn, 1)
    test_close(attention_rollout(learn, 0).cpu(), attention_rollout(twin(learn, 'timesformer'), 0), 1e-2)
    show_attention(learn, 0)
    learn = make('baseline')
    steps(learn, 1)
    test_close(pool_weights(learn, 0).sum().item(), 1, 1e-3)
    show_attention(learn, 0)
    plt.close('all')

@check()
def demo_answer():
    "The page's answer for a video"
    learn = make('lstm')
    steps(learn, 1)
    strip,labels,timeline = answer(learn, video())
    same_probs(labels.items(), predict_video(twin(learn, 'lstm'), video()))

@check()
def pictures():
    "Batches, results, losses and confusions are drawn"
    learn = make('baseline')
    steps(learn, 1)
    learn.dls.show_batch(max_n=2)
    with quiet(learn):
        learn.show_results(max_n=2)
        Interpretation.from_learner(learn).plot_top_losses(2)
        show_confused(learn)
        test_eq(learn.predict(video())[2].device.type, 'cpu')
    plt.close('all')

@check()
def forecasts():
    "Forecasts are tabled, drawn and animated, with teacher forcing too"
    for amp in amps:
        learn = make('forecast', amp)
        with quiet(learn): learn.fit(1, 1e-3, cbs=ScheduledSampling())
        table = forecast_table(learn)
        assert table.notna().all(axis=None)
        test_close(table.loc['model'], forecast_table(twin(learn, 'forecast')).loc['model'], 1e-2)
        x,y = learn.dls.valid.one_batch()
        with torch.no_grad(): pred = learn.model.eval()(x.as_subclass(Tensor))
        forecast_gif(x[0], y[0].cpu(), pred[0])
        test_eq(len([*predict_frames(learn, x[0], 3)]), 3)
        with quiet(learn): learn.show_results(max_n=1)
        plt.close('all')

@check(2)
def process_device():
    "A process of several works on its own GPU, and its loaders follow"
    torch.cuda.set_device(1)
    try:
        dls = clips('cuda:0')
        dls.to(own_device(dls.device))
        test_eq(own_device('cuda'), torch.device('cuda:1'))
        test_eq(own_device('cpu'), torch.device('cpu'))
        test_eq(dls.one_batch()[0].device, torch.device('cuda:1'))
    finally: torch.cuda.set_device(0)

@check()
def frozen_sync_bn():
    "The statistics of frozen synchronised layers stay as they are"
    learn = make('baseline', weights=weights())
    learn.model = nn.SyncBatchNorm.convert_sync_batchnorm(learn.model).cuda()
    learn.add_cb(SyncBnFreeze())
    modes = []
    class Look(Callback):
        run_after = SyncBnFreeze
        def before_train(self):
            modes.append([o.training for o in self.model.encoder.modules() if isinstance(o, nn.SyncBatchNorm)])
            raise CancelFitException
    with quiet(learn): learn.fit(1, cbs=Look())
    assert modes and modes[0] and not any(modes[0])

class OutOfMemory(Callback):
    order = MixedPrecision.order+1
    def after_pred(self): raise torch.OutOfMemoryError('CUDA out of memory')

@check()
def out_of_memory():
    "After a step that ran out of memory autocast is off again, and the next training is right"
    run = Run(sample(), 'baseline', recipe(), folder/'memory', num_workers=0)
    run.make()
    test_fail(lambda: run.train(OutOfMemory()), contains='memory does not suffice')
    assert not torch.is_autocast_enabled('cuda')
    torch.autocast_increment_nesting()
    test_eq(torch.autocast_decrement_nesting(), 0)

# The recipes for a GPU

vit = dict(model_type='timesformer', hidden_size=16, num_hidden_layers=2, num_attention_heads=2, intermediate_size=32,
    image_size=32, patch_size=16, num_frames=4)

@functools.cache
def vit_weights()->Path: # Checkpoint of a `SpaceTimeViT`
    "Weights of a tiny transformer for clips"
    fn = folder/'vit.pth'
    torch.save(create_vit(vit, (1,4,3,32,32), 8, pretrained=False)[0].state_dict(), fn)
    return fn

@functools.cache
def video_weights()->Path: # Checkpoint of a `mc3_18`
    "Weights that a video backbone can start from"
    fn = folder/'mc3_18.pth'
    torch.save(torchvision.models.video.mc3_18().state_dict(), fn)
    return fn

def small_gpu_recipe(model):
    "The recipe for a GPU, of which only sizes, the beginnings of weights and the norm to clip to are smaller"
    r = get_recipe(model)
    test_eq(r.name, 'gpu')
    begins = dict(small, pretrained=True, weights=weights())
    if model=='timesformer': begins = dict(arch=vit, weights=vit_weights())
    if model=='video': begins = dict(arch='mc3_18', weights=video_weights())
    if 'hidden_size' in r.model: begins['hidden_size'] = 8
    sizes = dict(image_size=32, seq_len=4, bs=4, epochs=2, n_clips=2)
    # Three dimensions on paper take their time
    if model=='video': sizes.update(epochs=1, n_clips=1, seq_len=2)
    if r.presize: sizes['presize'] = tuple(o*36//min(r.presize) for o in r.presize)
    return replace(r, **sizes, clip=r.clip and .01, model={**r.model, **begins})

class Look(Callback):
    "Note what a training by a recipe is made of"
    order = GradientClip.order+1
    def before_fit(self): self.seen = dict(amp=self.mixed_precision.amp_mode, lrs=[])
    def before_step(self):
        norm = torch.stack([p.grad.float().norm() for p in self.model.parameters() if p.grad is not None]).norm()
        self.seen['norm'] = max(self.seen.get('norm', 0.), norm.item())
    def after_batch(self):
        if self.training: self.seen['lrs'].append(self.opt.hypers.attrgot('lr'))

def trains_by_gpu_recipe(model):
    "A run by the recipe for a GPU, which is the one that is chosen here, and a row that says so"
    test_eq(choose_recipe(model), ('gpu','there is CUDA'))
    recipe,look = small_gpu_recipe(model),Look()
    run = Run(sample(), model, recipe, folder/'by-gpu'/model, num_workers=0, why=choose_recipe(model)[1])
    row = run.complete(look)
    seen = look.seen
    test_eq((seen['amp'], row['recipe_why']), (AMPMode.FP16,'there is CUDA'))
    assert 'recipe gpu (there is CUDA)' in table_caption([row])
    if recipe.clip: test_close(seen['norm'], recipe.clip, 1e-4)
    is_on(run.learn, 'cuda:0')
    test_eq([o['phase'] for o in run.progress.history], ['unfrozen']*recipe.epochs)
    rates = [max(o) for o in zip(*seen['lrs'])]
    test_close(rates[-1]/recipe.lr, 1, .05)
    if not recipe.layer_decay: test_close(rates[-1]/rates[0], recipe.lr_mult, .01)
    test_eq(is_model(folder/'by-gpu'/model/'model'), True)
    return run,rates

@check()
def recipe_baseline():
    "The baseline's recipe for a GPU is the one that is taken, and trains in fp16 with gradients clipped"
    run,_ = trains_by_gpu_recipe('baseline')
    test_eq([type(o).__name__ for o in run.dls.train.after_item.fs][0], 'RandomResizedCrop')
    assert any(isinstance(o, Flip) for o in run.dls.train.after_batch.fs)

def begins_with_baseline(model):
    run,_ = trains_by_gpu_recipe(model)
    first = run.first_run()
    test_eq((first.name, first.recipe.opt, first.recipe.bs), ('baseline-gpu-fold1-seed0','sgd',4))
    assert first.finished()

@check()
def recipe_lstm():
    "The LSTM's recipe for a GPU trains the baseline first and begins with its encoder"
    begins_with_baseline('lstm')

@check()
def recipe_convlstm():
    "The ConvLSTM's recipe for a GPU begins with the same encoder"
    begins_with_baseline('convlstm')

@check()
def recipe_timesformer():
    "The TimeSformer's recipe for a GPU trains each layer at its own rate"
    _,rates = trains_by_gpu_recipe('timesformer')
    test_eq(len(rates), 2+vit['num_hidden_layers'])
    for a,b in zip(rates, rates[1:]): test_close(a/b, .7, 1e-3)

@check()
def recipe_video():
    "The video backbone's recipe for a GPU takes frames in a row, squished before they are cropped"
    run,rates = trains_by_gpu_recipe('video')
    test_eq([type(o).__name__ for o in run.dls.train.after_item.fs][:2], ['Resize','RandomCrop'])
    test_eq(str(clip_reader(run.dls.train).sampler), 'DenseSampler(seq_len=2, step=2)')

@check()
def recipe_stopped():
    "A run by the recipe for a GPU that is stopped goes on, its optimiser with it"
    states = []
    for name in ('whole','stopped'):
        run = Run(sample(), 'baseline', small_gpu_recipe('baseline'), folder/f'gpu-{name}', num_workers=0)
        if name=='stopped':
            with suppress(KeyboardInterrupt): run.complete(StopAfter(1))
            run = Run(sample(), 'baseline', small_gpu_recipe('baseline'), folder/f'gpu-{name}', num_workers=0)
        run.complete()
        states.append(run.learn.model.state_dict())
    for a,b in zip(*(o.values() for o in states)): test_close(a.cpu(), b.cpu(), 1e-5)

@check(0)
def recipe_without_gpu():
    "Without a GPU the recipe that is taken is the default one"
    for model in learner_meta:
        test_eq(choose_recipe(model), ('default','there is no CUDA'))
        test_eq(get_recipe(model).name, 'default')

@check()
def commands():
    "`ar-train` and `ar-table` take the recipe for a GPU and say why, in their first line and under the table"
    from action_recog.answers.cli import ar_table,ar_train
    how = dict(arch='small_cnn', weights=weights(), image_size=32, seq_len=4, bs=4, epochs=1, num_workers=0)
    said = io.StringIO()
    with redirect_stdout(said): ar_train(sample(), 'baseline', folder/'command', **how)
    test_eq(said.getvalue().splitlines()[0], 'recipe gpu: there is CUDA')
    assert 'recipe gpu (there is CUDA)' in said.getvalue()
    with redirect_stdout(said): ar_train(sample(), 'baseline', folder/'asked', recipe='sample', **how)
    assert 'recipe sample (asked for)' in said.getvalue()
    rows = make_table(sample(), folder/'table', None, ['baseline','lstm'], 'small_cnn', weights(),
        {k:how[k] for k in ('image_size','seq_len','bs','epochs')}, num_workers=0)
    test_eq([o['name'] for o in rows], ['baseline-gpu-fold1-seed0','lstm-gpu-fold1-seed0'])
    assert 'recipe gpu (there is CUDA)' in (folder/'table'/'table.md').read_text()

# The notebooks' own cells for a GPU

def is_cuda(cell): return '#| cuda' in cell.source

def names_in(source)->tuple: # Names that it binds, names that it takes from elsewhere
    "What a cell gives and needs"
    given,used = set(),set()
    for o in ast.walk(ast.parse(source)):
        if isinstance(o, (ast.FunctionDef,ast.ClassDef)): given.add(o.name)
        elif isinstance(o, ast.Name): (used if isinstance(o.ctx, ast.Load) else given).add(o.id)
    return given,used-given

def cuda_cells(cells)->list: # Of them, in order
    "The cells for a GPU, and those above them that import or bind what they use"
    kept,wanted = [],set()
    for o in reversed(cells):
        given,used = names_in(o.source)
        if not (is_cuda(o) or given&wanted or re.search(r'^(from|import) ', o.source, re.M)): continue
        kept.insert(0, o)
        wanted = (wanted-given)|used
    return kept

@check(0)
def notebook_cells():
    "The notebooks' cells marked `#| cuda` run on a GPU of paper, what they need on the CPU"
    warnings.resetwarnings()
    for fn in sorted(root.glob('nbs/**/*.ipynb')):
        text = fn.read_text(encoding='utf-8')
        if '#| cuda' not in text: continue
        module = re.search(r'#\| default_exp ([\w.]+)', text)[1]
        names = dict(vars(importlib.import_module(f'action_recog.{module}')))
        own = [o for o in nb_test_cells(fn, ['slow']) if '#| export' not in o.source]
        for o in cuda_cells(own):
            around = use_paper_gpu() if is_cuda(o) else nullcontext()
            with around: exec(compile(o.source, f'{fn.name}, cell {o.id}', 'exec'), names)

# Running them

def run_check(name)->str: # What is wrong, empty for nothing
    "Run one check with its GPUs of paper"
    n_gpus,f = checks[name]
    try:
        gpus = use_paper_gpu(n_gpus) if n_gpus else nullcontext()
        with gpus, warnings.catch_warnings(), redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()): f()
        return ''
    except Exception: return traceback.format_exc()
    finally:
        torch.set_autocast_enabled('cuda', False)
        while torch.autocast_increment_nesting()>1: [torch.autocast_decrement_nesting() for _ in range(2)]
        torch.autocast_decrement_nesting()
        torch.clear_autocast_cache()

@call_parse
def main(
    *names:str, # Checks to run, all if not given
):
    "Run checks on a GPU of paper, a line each"
    for o in names:
        if o not in checks: sys.exit(f'there is no check {o}: choose from {", ".join(checks)}')
    torch.set_num_threads(1)
    failed = 0
    for name in names or checks:
        start = time.perf_counter()
        err = run_check(name)
        failed += bool(err)
        doc = checks[name][1].__doc__
        print(f"{'FAIL' if err else 'pass'} {time.perf_counter()-start:7.1f} s  gpu {name}: {doc}", flush=True)
        if err: print(err, flush=True)
    sys.exit(bool(failed))
