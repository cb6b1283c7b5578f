"""What a clip costs each video backbone, and what a probe costs with stored tokens and without

    python bench/backbones.py [--only videomae-base] [--out bench/results/backbones.json]
    python bench/backbones.py --device cuda --clips 8

The published sizes with random weights, made from configs without a download: time and memory for the answer to a
clip and for a step of training that computes each block again (`grad_checkpointing`). On a CPU the memory is what the
process takes beyond weights and clip, and the times are seconds of processor time, which another program does not
lengthen much: with two cores that are free, an answer takes about half of them. Then the attentive probe on
the smallest backbone: seconds an epoch on live clips and on stored tokens, and the disk as announced and as taken.
Models of the Hugging Face hub need `pip install 'action_recog[hf]'`."""
import gc,io,multiprocessing,os,platform,tempfile,threading,time
from contextlib import redirect_stdout
from pathlib import Path
from fastcore.script import call_parse
from common import device_name,need,own_clock,print_table,save_json
need('transformers')
import torch
from fastai.vision.all import IndexSplitter,nn,set_seed
from action_recog.clips.data import ActionDataLoaders,get_instances
from action_recog.learners.backbones import VideoModel,video_body
from action_recog.learners.features import cache_features
from action_recog.learners.hf import create_hf
from action_recog.learners.learner import video_learner
from action_recog.videos.files import read_json
from action_recog.videos.sample import write_sample

large = dict(hidden_size=1024, num_hidden_layers=24, num_attention_heads=16, intermediate_size=4096)
hub = {'videomae-base':dict(model_type='videomae'), 'videomae-large':dict(model_type='videomae', **large),
    'vivit-base':dict(model_type='vivit'), 'timesformer-base':dict(model_type='timesformer'),
    'vjepa2-large, 16 frames':dict(model_type='vjepa2', frames_per_clip=16),
    'vjepa2-large, 64 frames':dict(model_type='vjepa2')}
tv = {'r2plus1d_18':(16,112), 'mvit_v2_s':(16,224), 'swin3d_t':(16,224)}

def make(name, n_out=400, **kwargs):
    "The backbone `name` with a head, and the shape of its clips"
    if name in hub:
        model,about = create_hf(hub[name], n_out, pretrained=False, **kwargs)
        return model,(about.n_frames,about.image_size)
    return VideoModel(*video_body(name), n_out, **kwargs),tv[name]

def resident():
    "Bytes of this process in memory"
    return int(Path('/proc/self/statm').read_text().split()[1])*os.sysconf('SC_PAGE_SIZE')

class PeakMemory:
    "The most memory that a process takes while this context is open, beyond what it took before"
    def __init__(self, device): self.on_gpu = device!='cpu'
    def __enter__(self):
        gc.collect()
        if self.on_gpu: torch.cuda.reset_peak_memory_stats()
        self.before = torch.cuda.memory_allocated() if self.on_gpu else resident()
        self.most,self.open = self.before,True
        self.thread = threading.Thread(target=self.look)
        if not self.on_gpu: self.thread.start()
        return self

    def look(self):
        while self.open:
            self.most = max(self.most, resident())
            time.sleep(.01)

    def __exit__(self, *args):
        self.open = False
        if self.on_gpu: self.most = torch.cuda.max_memory_allocated()
        else: self.thread.join()
        self.gb = (self.most-self.before)/1e9

def measure(f, n, device):
    "Seconds of a call of `f`, the best of `n`, and the most memory of the first in GB"
    clock,res = own_clock(device),[]
    for i in range(n):
        with PeakMemory(device) as memory:
            start = clock()
            f()
            res.append(clock()-start)
        if not i: gb = memory.gb
    return min(res),gb

def train_step(model, x):
    "Forward and backward; a batch of one has no statistics of its own for a head with batch normalisation"
    model.train()
    for m in model.modules():
        if isinstance(m, nn.BatchNorm1d): m.eval()
    loss = nn.functional.cross_entropy(model(x), torch.zeros(len(x), dtype=torch.long, device=x.device))
    loss.backward()
    model.zero_grad(set_to_none=True)

def cost(name, device, n, bs, longest):
    "A row: parameters, shape, seconds and memory of an answer and of a training step, for each clip"
    set_seed(0)
    model,(frames,size) = make(name, grad_checkpointing=True)
    model.to(device)
    x = torch.randn(bs, frames, 3, size, size, device=device)
    def answer():
        with torch.no_grad(), torch.autocast('cuda', enabled=device!='cpu'): model.eval()(x)
    def step():
        with torch.autocast('cuda', enabled=device!='cpu'): train_step(model, x)
    secs,gb = measure(answer, n, device)
    res = dict(backbone=name, millions=round(sum(p.numel() for p in model.parameters())/1e6), frames=frames, size=size,
        answer_s=round(secs/bs, 2), answer_gb=round(gb/bs, 2), step_s=None, step_gb=None)
    if secs>longest: return res
    secs,gb = measure(step, n, device)
    return dict(res, step_s=round(secs/bs, 2), step_gb=round(gb/bs, 2))

def probe_row(device, folder):
    "The attentive probe on VideoMAE's base size: an epoch on live clips, an epoch on stored tokens, the disk"
    videos = write_sample(Path(folder)/'sample', n_groups=4, n_clips=1)/'UCF-101'
    by_class = {name:[o for o in get_instances(videos) if o.parent.name==name] for name in ('CircleGrow','CircleShrink')}
    clips = [clip for own in by_class.values() for clip in own[:3]]
    dls = ActionDataLoaders.from_files(clips, splitter=IndexSplitter([0,3]), group_func=str, image_size=224, seq_len=16, bs=2,
        num_workers=0, device=torch.device(device))
    set_seed(0)
    learn = video_learner(dls, hub['videomae-base'], pretrained=False, head='attentive', ps=0.)
    learn.freeze()
    clock,said = own_clock(device),io.StringIO()
    def epoch():
        start = clock()
        with learn.no_bar(), learn.no_logging(): learn.fit(1, 1e-4)
        return clock()-start
    live,start = epoch(),clock()
    with learn.no_bar(), redirect_stdout(said), cache_features(learn, Path(folder)/'tokens'):
        storing,stored = clock()-start,min(epoch() for _ in range(3))
    disk = sum(o.stat().st_size for o in (Path(folder)/'tokens').rglob('*.npy'))
    return dict(clips=len(clips), live_epoch_s=round(live, 1), storing_s=round(storing, 1), stored_epoch_s=round(stored, 2),
        announced=said.getvalue().strip(), disk_mb=round(disk/1e6, 1))

def keep(out, res):
    "Write `res`, with the rows and the probe that `out` has already from this machine"
    if out is None: return
    old = read_json(out)
    if old.get('device')==res['device'] and old.get('torch')==res['torch']:
        new = {o['backbone'] for o in res['rows']}
        res = {**old, **res, 'rows':[o for o in old['rows'] if o['backbone'] not in new]+res['rows']}
    save_json(out, res)

@call_parse
def main(
    only:str='', # Backbones, separated by semicolons; all that the device bears if not given
    device:str='cpu', # Or 'cuda'
    clips:int=1, # In a batch
    n:int=1, # Repetitions, of which the best counts
    longest:float=15., # Measure a training step only where an answer takes less than so many seconds
    probe:int=1, # Measure the probe as well?
    out:str=None, # JSON file to write
):
    "What a clip costs each video backbone"
    print(f'{device_name()}, torch {torch.__version__}')
    # 8192 tokens that attend to each other take minutes on a CPU
    names = [o.strip() for o in only.split(';')] if only else [o for o in [*tv,*hub] if device!='cpu' or '64' not in o]
    rows,res = [],dict(device=device_name(), machine=platform.machine(), torch=torch.__version__)
    def table():
        for name in names:
            # A process of its own, in which no memory is left over from another backbone
            with multiprocessing.get_context('spawn').Pool(1) as pool: rows.append(pool.apply(cost, (name,device,n,clips,longest)))
            keep(out, dict(res, rows=rows))
            yield list(rows[-1].values())
    print_table(['backbone','million parameters','frames','pixels','answer, s','answer, GB','step, s','step, GB'], table())
    res['rows'] = rows
    if probe:
        with tempfile.TemporaryDirectory() as folder: res['probe'] = probe_row(device, folder)
        print_table(list(res['probe']), [list(res['probe'].values())])
    keep(out, res)
