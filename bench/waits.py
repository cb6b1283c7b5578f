"""What a GPU would wait for: kernels, waits and bytes of a training step and of `score`, without a GPU

    python bench/waits.py [--models lstm] [--where] [--name after] [--out bench/results/waits.json]

Each learner trains a few steps in fp16 on a GPU of paper (`tools/paper_gpu.py`), on a sample of eight clips a batch,
with the augmentations of the default recipes. Counted is what happens between the end of one step and the end of the
next, the loading of its batch and the batch transforms included: launches of kernels, points where the CPU waits for
the GPU, and bytes each way. `score` is counted for a batch, with all orders of the frames, and features for a clip.
A launch costs the CPU about 5 µs, and each wait keeps it from launching ahead. The encoder is a ResNet-18, whose
launches are those of any image size. `--where` lists the lines that wait. With `--out` the figures go under `--name`
into a JSON file, beside those that are there: another checkout's, for which `PYTHONPATH` names its folder."""
import os,sys,tempfile,warnings
from pathlib import Path
sys.path.insert(0, str(Path(__file__).resolve().parents[1]/'tools'))
os.environ.setdefault('MPLBACKEND', 'agg')
warnings.filterwarnings('ignore')
import paper_gpu
from collections import Counter
from contextlib import nullcontext
from fastai.vision.all import *
from fastcore.script import call_parse
from torchvision.models import resnet18
from common import print_table,save_json
from paper_gpu import use_paper_gpu
from action_recog.all import *
from action_recog.test_utils import quiet,tiny_sample

size,seq_len,bs = 32,8,8
args = dict(
    baseline=dict(arch=resnet18, pretrained=False, time_pool='stats', pool=3),
    lstm=dict(arch=resnet18, pretrained=False, hidden_size=256, time_pool='mean', stats=True),
    convlstm=dict(arch=resnet18, pretrained=False, hidden_size=32, pool=1, stats=True),
    timesformer=dict(patch_size=16, dim=64, depth=4, heads=4, dim_head=16),
    video=dict(arch='r2plus1d_18', pretrained=False))
augment = dict(min_scale=.4, max_rotate=0, max_warp=0, max_zoom=1.)

def make(model, sample, folder):
    "A learner on a GPU of paper, in fp16"
    tfms = aug_transforms(size=size, **augment)
    dls = ActionDataLoaders.from_ucf101(sample, image_size=size, seq_len=seq_len, bs=bs, batch_tfms=tfms, num_workers=0)
    learn = learner_meta[model]['learner'](dls, **args[model], path=folder)
    # A first scale at which no step overflows and is left out
    return learn.remove_cb(MixedPrecision).to_fp16(init_scale=256.)

def counts(log):
    "What a log has counted so far"
    return dict(kernels=log.kernels, waits=sum(log.waits.values()), to_gpu=sum(log.to_gpu.values()),
        to_cpu=sum(log.to_cpu.values()))

class CountStep(Callback):
    "Note the last of the first `n` steps, from the end of the one before"
    order = 1000
    def __init__(self, log, n=3): store_attr()

    def after_batch(self):
        if not self.training: return
        if self.iter==self.n-1:
            self.found = counts(self.log)
            self.waits = Counter(self.log.waits)
            raise CancelFitException
        self.log.reset()

def in_training(learn, log):
    "Counts of a step, as a recipe's training takes it"
    cb = CountStep(log)
    with quiet(learn): learn.fit(1, 1e-3, cbs=[cb,StopAtNaN()])
    return cb.found,cb.waits

def in_score(learn, log):
    "Counts of `score` with all orders, for one batch"
    n = len(learn.dls.valid)
    in_training(learn, log) # The model goes to the GPU
    log.reset()
    score(learn, 1)
    return {k:round(v/n) for k,v in counts(log).items()},Counter(log.waits)

def in_features(learn, log, folder):
    "Counts of `cache_features`, for a view of a clip"
    learn.model.encoder.module.requires_grad_(False)
    learn.remove_cb(ProgressCallback)
    n = len(learn.dls.valid_ds)+2*len(learn.dls.train_ds)
    log.reset()
    with cache_features(learn, folder/'features', n_frames=seq_len, n_views=2): pass
    return {k:round(v/n) for k,v in counts(log).items()},Counter(log.waits)

def table_row(name, found):
    "A line as the table has it"
    return [name, found['kernels'], found['waits'], f'{found["to_gpu"]/2**10:.1f}', f'{found["to_cpu"]/2**10:.1f}']

def measure(models, sample, folder, where):
    "Name and counts, one after the other"
    jobs = [(f'{o}, a step', o, in_training) for o in models] + [(f'{o}, score a batch', o, in_score) for o in models]
    if 'baseline' in models: jobs.append(('features, a view', 'baseline', partial(in_features, folder=folder)))
    for name,model,job in jobs:
        with use_paper_gpu() as log:
            set_seed(0)
            found,waits = job(make(model, sample, folder), log)
        if where: print(*(f'    {n} {line}' for line,n in waits.most_common()), sep='\n')
        yield name,found

@call_parse
def main(
    models:str=','.join(args), # Learners, separated by commas
    where:bool=False, # List the lines of code that wait?
    name:str='after', # What the figures are called in the file
    out:str=None, # JSON file for the figures
):
    "Kernels, waits and bytes of a training step and of `score` under a GPU of paper"
    torch.set_num_threads(1)
    res = {}
    def rows():
        for job,found in measure(models.split(','), sample, Path(tmp), where):
            res[job] = found
            yield table_row(job, found)
    with tempfile.TemporaryDirectory() as tmp:
        sample = tiny_sample(Path(tmp)/'sample', n_frames=10, n_groups=8, n_clips=2)
        print_table(['', 'kernels', 'waits', 'KiB to GPU', 'KiB to CPU'], rows())
    if out: save_json(out, {**read_json(out), name:res})
