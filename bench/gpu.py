"""All that a GPU can be asked, in one command and ten minutes

    python bench/gpu.py [--path data] [--budget 540] [--steps 200] [--models lstm] [--recipes gpu] [--out results.json]

Four parts share the seconds of `budget`; what does not fit is left out, and said so. (1) How many clips a second the
loaders give, without workers, with them and with workers that stay. (2) A training step of each learner's recipes,
on clips that are on the GPU already: milliseconds, clips a second and peak memory in fp16, bf16 and fp32, and in fp16
compiled to CUDA graphs; and the same with the loaders behind it. (3) The ConvLSTM and the models beside the tutorial's
forms, with `bench/layers.py` and `bench/train_step.py`. (4) The table of the sample with two seeds. Weights are drawn
at random, since speed does not depend on them. The clips are real ones where `path` or ACTION_RECOG_DATA names some, else
the sample's. The figures go to `bench/results/gpu-NAME.json`, with the name of the device. Where there is no GPU all
of it runs on one of paper (`tools/paper_gpu.py`), a few steps with small clips: the times mean nothing then, and
nothing is written unless `--out` says where, but one knows that it works."""
import gc,io,os,sys,tempfile,time,warnings
from pathlib import Path
sys.path[:0] = [str(Path(__file__).resolve().parents[1]/'tools')]
os.environ.setdefault('MPLBACKEND', 'agg')
warnings.filterwarnings('ignore')
import layers,torch
from contextlib import nullcontext,redirect_stdout
from dataclasses import fields,replace
from importlib.metadata import version
from fastai.vision.all import *
from fastcore.script import call_parse
from gpu_hours import timesformer
from common import cuda_clock,data_folder,device_name,medians,print_row,print_table,save_json,times_as_fast
from paper_gpu import use_paper_gpu
from action_recog.all import *
from action_recog.test_utils import quiet

shares = dict(loaders=.1, steps=.5, forms=.15, table=.25)
ways = 'fp16','bf16','fp32','fp16 compiled'

class OutOfTime(Exception):
    "The seconds of a part are spent"

class Part:
    "A part of the whole with a share of its time"
    def __init__(self, name, secs):
        store_attr('name,secs')
        self.start,self.slowest,self.rows,self.left_out = time.perf_counter(),0,[],[]

    @property
    def left(self): return self.secs-(time.perf_counter()-self.start)

    def do(self, what, f, *args, **kwargs):
        "Call `f` if there is time for it, keep the row that it returns, and print it"
        if self.left<self.slowest: return self.leave_out(what, f'it would take {self.slowest:.0f} s or more')
        start = time.perf_counter()
        try: row = f(*args, **kwargs)
        except OutOfTime: return self.leave_out(what, 'the time was over before its end')
        except Exception as e: return self.leave_out(what, f'{type(e).__name__}: {str(e).strip().splitlines()[0]}')
        finally: tidy()
        self.slowest = max(self.slowest, time.perf_counter()-start)
        self.rows.append(dict(what=what, **row))
        print_row([what, *(f'{v:.4g}' if isinstance(v, float) else v for v in row.values())])

    def leave_out(self, what, why):
        self.left_out.append(dict(what=what, why=why))
        print(f'left out: {what}: {why}', flush=True)

def tidy():
    "Give memory back"
    gc.collect()
    torch.cuda.empty_cache()

def begin(name, secs, *header):
    "A part, under its heading"
    print_table([name, *header], [])
    return Part(name, secs)

# Loaders

def rate(dl, part, n):
    "Clips a second, over `n` epochs"
    start,count = cuda_clock(),0
    for _ in range(n):
        for x,*_ in dl:
            count += len(x)
            if part.left<0: break
    res = count/(cuda_clock()-start)
    if isinstance(dl, ClipDL): dl.stop_workers()
    return {'clips a second':res}

def measure_loaders(part, folders, size, n_workers, n):
    "Rates with several numbers of workers"
    how = dict(image_size=size, seq_len=8, bs=8, batch_tfms=aug_transforms(max_warp=0.))
    for name,folder in folders.items():
        for workers,stay in ((0,False), (n_workers,False), (n_workers,True)):
            def f():
                dls = get_dls(folder, num_workers=workers, persistent_workers=stay, **how)[0]
                return rate(dls.train, part, n)
            part.do(f'{name}, {workers} workers{" that stay" if stay else ""}', f)

# Steps

class Again:
    "A loader that gives one batch `n` times"
    def __init__(self, batch, n, like): self.batch,self.n,self.like = batch,n,like
    def __len__(self): return self.n
    def __iter__(self): return iter([self.batch]*self.n)
    def __getattr__(self, k):
        if k=='like': raise AttributeError(k)
        return getattr(self.like, k)

class TimeSteps(Callback):
    "Note when each step is over, and stop when the time is"
    order = 1000
    def __init__(self, part): store_attr()
    def before_fit(self): self.ends = []
    def after_batch(self):
        self.ends.append(cuda_clock())
        if self.part.left<0: raise CancelFitException

    @property
    def seconds(self):
        "Median of a step, without the first ones, in which kernels are chosen"
        diffs = np.diff(self.ends)
        return float(np.median(diffs[len(diffs)//4:]))

def untrained(recipe):
    "`recipe` with random weights, on frames"
    none = {o.name:None for o in fields(recipe) if o.name in ('features','start')}
    args = {**recipe.model, 'pretrained':False}
    # A name on the hub would be looked up there, for the shape alone
    if '/' in str(args.get('arch')): args['arch'] = timesformer
    return replace(recipe, model=args, **none)

def make_learner(model, recipe, folder, out, n_workers):
    "A learner by a recipe, with a batch size that the clips fill"
    n = len(get_instances(folder))//2
    run = Run(folder, model, replace(recipe, bs=min(recipe.bs, n)), out, num_workers=n_workers)
    run.make()
    return run.learn

def set_way(learn, way):
    "Precision, and whether the model is compiled"
    learn.remove_cbs(learn.cbs.filter(risinstance(MixedPrecision)))
    if 'fp16' in way: learn.to_fp16()
    if 'bf16' in way: learn.to_bf16()
    if 'compiled' in way: learn.model.compile(mode='reduce-overhead')

def time_steps(part, model, recipe, folder, out, way, n, n_workers):
    "A row for a recipe: with a batch that is there, and as it comes from the loaders"
    learn = make_learner(model, recipe, folder, out, n_workers)
    set_way(learn, way)
    learn.unfreeze()
    torch.cuda.reset_peak_memory_stats()
    batch,dl = learn.dls.one_batch(),learn.dls.loaders[0]
    secs = {}
    for name,loader,k in (('alone',Again(batch, n, dl),n), ('with loaders',dl,max(n//4, 2))):
        learn.dls.loaders[0] = loader
        cb = TimeSteps(part)
        with quiet(learn): learn.fit(1, 1e-5, cbs=[cb,ShortEpochCallback(pct=min(k/len(loader), 1), short_valid=True)])
        if len(cb.ends)<3: break
        secs[name] = cb.seconds
    if not secs: raise OutOfTime
    bs = len(batch[0])
    return dict(bs=bs, ms=1000*secs['alone'], clips_s=bs/secs['alone'],
        clips_s_loaders=bs/secs['with loaders'] if 'with loaders' in secs else None,
        peak_gb=torch.cuda.max_memory_allocated()/1e9, loss=float(learn.recorder.losses[0]))

def measure_steps(part, models, recipes, small, **kwargs):
    "All recipes in all ways, the usual way of each first"
    jobs = [(model,name,recipe) for model in models for name,recipe in learner_meta[model]['recipes'].items()
        if (not recipes or name in recipes) and name not in hub_recipes]
    for way in ways:
        # Paper is slow
        for model,name,recipe in jobs[:1] if small and way!='fp16' else jobs:
            what = f'{model}, {name}, {way}'
            if small and 'compiled' in way: part.leave_out(what, 'no compiler knows a GPU of paper')
            else: part.do(what, time_steps, part, model, small_recipe(untrained(recipe), small), way=way, **kwargs)

def small_recipe(recipe, small):
    "`recipe` as a GPU of paper can bear it"
    return replace(recipe, image_size=32, seq_len=4, bs=4) if small else recipe

# The tutorial's forms

def form_row(seconds):
    ms = {f'{k} ms':1000*o for k,o in medians(seconds).items()}
    return dict(faster=times_as_fast(seconds, 'tutorial')['ours'], **ms)

def measure_forms(part, small):
    "Training steps beside the tutorial's"
    def layer(shape):
        ni,nf,hw = shape
        x = torch.randn(10, 8, ni, hw, hw, device='cuda', requires_grad=True)
        both = layers.make_forms(ni, nf, 'cuda')
        ms,ratio = layers.time_forms(layers.train_step, both, x, 1 if small else 5)
        peaks = {f'{k} MB':layers.peak(m, x)/1e6 for k,m in both.items()}
        return dict(faster=ratio['usual'], **{f'{k} ms':o for k,o in ms.items()}, **peaks)
    for shape in [(8,8,4)] if small else layers.shapes[:3]: part.do(f'ConvLSTM {shape}', layer, shape)
    try: import train_step
    except SystemExit: return part.leave_out('the models', 'timesformer-pytorch is not installed')
    bs,T,size = (2,3,32) if small else (16,8,112)
    x,y = torch.randn(bs, T, 3, size, size, device='cuda'),torch.randint(10, (bs,), device='cuda')
    for name,makers in train_step.pairs(10, T, size).items():
        if small and name!='TimeSformer': continue
        def f(): return form_row(train_step.measure(makers, x, y, 1 if small else 10, name!='TimeSformer'))
        part.do(name, f)

# The table

class StopInTime(Callback):
    "Stop a training when the part's time is over"
    def __init__(self, part): store_attr()
    def after_batch(self):
        if self.part.left<0: raise OutOfTime

def measure_table(part, models, folder, out, small, n_workers):
    "Each learner on the sample, with two seeds"
    changes = dict(epochs=1, image_size=32, seq_len=4, bs=4) if small else {}
    for seed in range(2):
        for model in models:
            if 'sample' not in learner_meta[model]['recipes']: continue
            def f():
                recipe = get_recipe(model, 'sample', **changes)
                with redirect_stdout(io.StringIO()):
                    row = train_learner(folder, model, recipe, seed, n_workers, cbs=StopInTime(part), out=out)[1]
                return {k:row[k] for k in ('video_accuracy','clip_accuracy','order_blind_ceiling','seconds')}
            part.do(f'{model}, seed {seed}', f)

def run_parts(budget, steps, models, recipes, data, tmp, small):
    "All parts, by name"
    few = dict(n_groups=4, n_clips=1, n_frames=10) if small else {}
    with redirect_stdout(io.StringIO()): sample = write_sample(tmp/'sample', **few)/'UCF-101'
    folders = dict(sample=sample) if data is None or small else dict(UCF101=data/'UCF101', sample=sample)
    n_workers = 2 if small else min(16, defaults.cpus)
    begun,res = time.perf_counter(),{}
    def part(name, *header):
        used = time.perf_counter()-begun
        weight = shares[name]/sum(v for k,v in shares.items() if k not in res)
        res[name] = begin(name, weight*(budget-used), *header)
        return res[name]
    measure_loaders(part('loaders', 'clips a second'), folders, 32 if small else 112, n_workers,
        n=1 if small else 3)
    header = 'bs', 'ms a step', 'clips a second', 'with loaders', 'peak GB', 'first loss'
    measure_steps(part('steps', *header), models, recipes, small, folder=first(folders.values()), out=tmp/'run',
        n=4 if small else steps, n_workers=0 if small else n_workers)
    measure_forms(part('forms', 'times as fast', 'figures in ms and MB'), small)
    table = part('table', 'video accuracy', 'clip accuracy', 'ceiling', 'seconds')
    measure_table(table, models, sample, tmp/'table', small, 0)
    return res

@call_parse
def main(
    path:str=None, # Folder of real clips, as for the other scripts
    budget:float=540, # Seconds for all of it
    steps:int=200, # Steps of each recipe
    models:str=','.join(learner_meta), # Learners, separated by commas
    recipes:str='', # Names of recipes, separated by commas; all if empty
    emulate:bool=False, # On a GPU of paper, as where there is no GPU?
    out:str=None, # JSON file for the figures, named by the device if not given
):
    "Measure loaders, recipes, forms and the sample's table on a GPU"
    start = time.perf_counter()
    small = emulate or not torch.cuda.is_available()
    with tempfile.TemporaryDirectory() as tmp, (use_paper_gpu() if small else nullcontext()):
        torch.set_num_threads(1 if small else max(1, defaults.cpus//2))
        name = device_name()
        print(f'{name}, {budget:.0f} s at most')
        parts = run_parts(budget, steps, models.split(','), recipes.split(',') if recipes else [], data_folder(path),
            Path(tmp), small)
    versions = {o:version(o) for o in ('torch','fastai')}
    found = dict(device=name, emulated=small, versions=versions, seconds=time.perf_counter()-start,
        **{k:dict(rows=o.rows, left_out=o.left_out) for k,o in parts.items()})
    if not (small or out): out = Path(__file__).parent/f'results/gpu-{name.lower().replace(" ", "-")}.json'
    save_json(out, found)
    print(f'\n{sum(len(o.rows) for o in parts.values())} measured, {sum(len(o.left_out) for o in parts.values())} '
        f'left out, {found["seconds"]:.0f} s', flush=True)
