"""One process against several with the same global batch, for the forecast and for an action learner

    python bench/distributed.py [--n 2] [--out bench/results/distributed.json]

The same learners are trained in one process and in `n` processes of one thread on a CPU, with the same seed. The
table has the largest relative difference over all steps and epochs. Batch normalisation sees a part of the batch in
each process, so a learner with it differs. Needs the package `accelerate`."""
import os,subprocess,sys,tempfile
import numpy as np
from functools import partial
from pathlib import Path
from torch import nn
from fastai.basics import norm_types,rank_distrib,set_seed
from fastai.vision.augment import Resize
from fastcore.script import call_parse
from common import need,print_table,save_json
need('accelerate')
from action_recog.clips.data import ActionDataLoaders
from action_recog.clips.sampling import FirstSampler
from action_recog.forecast.data import ForecastDataLoaders
from action_recog.forecast.learner import forecast_learner
from action_recog.learners.distributed import maybe_distributed
from action_recog.learners.encoder import small_cnn
from action_recog.learners.learner import convlstm_learner
from action_recog.videos.files import read_json
from action_recog.videos.sample import write_sample

def make_forecast():
    dls = ForecastDataLoaders.from_digits(n_train=32, n_valid=11, n_in=5, n_out=5, bs=8)
    return forecast_learner(dls, hidden_size=16)

def drop_norm(module):
    "`module` with nothing in place of its normalisations"
    for name,child in module.named_children():
        if isinstance(child, norm_types): setattr(module, name, nn.Identity())
        else: drop_norm(child)

def make_convlstm(norm):
    "On the sample, without anything drawn by chance, with batch normalisation or without"
    folder = Path(tempfile.gettempdir())/'distributed_sample'
    path = write_sample(folder, n_groups=4, n_clips=1)/'UCF-101'
    dls = ActionDataLoaders.from_ucf101(path, image_size=32, seq_len=4, bs=8, num_workers=0, sampler=FirstSampler(4),
        item_tfms=Resize(32, 'squish'))
    learn = convlstm_learner(dls, small_cnn, pretrained=False, ps=0., hidden_size=16)
    if not norm: drop_norm(learn.model)
    return learn

learners = {'forecast':make_forecast, 'convlstm':partial(make_convlstm, norm=False),
    'convlstm, batch norm':partial(make_convlstm, norm=True)}

def work(out, epochs):
    "What each process runs: the script of a user, but for the list of learners"
    for name,make in learners.items():
        set_seed(0)
        learn = make()
        learn.path = Path(out)
        with learn.no_bar(), learn.no_logging(), maybe_distributed(learn): learn.fit(epochs, 1e-3)
        if rank_distrib(): continue
        losses = [float(o) for o in learn.recorder.losses]
        values = [list(o) for o in learn.recorder.values]
        save_json(f'{out}/{name}.json', dict(losses=losses, values=values))

def launch(n, out, epochs):
    "Train in `n` processes"
    many = ['-m', 'accelerate.commands.launch', '--multi_gpu', f'--num_processes={n}'] if n>1 else []
    env = {**os.environ, 'ACCELERATE_USE_CPU':'1', 'OMP_NUM_THREADS':'1', 'PYTHONWARNINGS':'ignore'}
    args = ['--n', '0', '--out', str(out), '--epochs', str(epochs)]
    subprocess.run([sys.executable, *many, __file__, *args], check=True, env=env)

def largest_difference(one, many, key):
    "Of the numbers `key`, relative to those of one process"
    a,b = np.array(one[key]),np.array(many[key])
    return float((abs(a-b)/abs(a)).max())

def compare(name, folders):
    "A row of the figures"
    one,many = [read_json(o/f'{name}.json') for o in folders]
    valid = [o['values'][-1][1] for o in (one, many)]
    return dict(learner=name, steps=len(one['losses']), losses=largest_difference(one, many, 'losses'),
        metrics=largest_difference(one, many, 'values'), valid_loss=valid)

@call_parse
def main(
    n:int=2, # Processes; 0: be one of them
    out:str='bench/results/distributed.json', # File for the figures
    epochs:int=2, # Passes over the data
):
    "The largest difference between one process and `n`, over all steps and epochs"
    if not n: return work(out, epochs)
    with tempfile.TemporaryDirectory() as tmp:
        folders = [Path(tmp)/'one', Path(tmp)/'many']
        for folder,k in zip(folders, (1, n)): launch(k, folder, epochs)
        rows = [compare(name, folders) for name in learners]
    save_json(out, dict(device=f'CPU, {n} processes of 1 thread', epochs=epochs, rows=rows))
    print(f'\nRelative difference between 1 process and {n}, the largest')
    print_table(['learner', 'steps', 'loss of a step', 'losses and metrics of an epoch'],
        ([r['learner'], r['steps'], f'{r["losses"]:.1e}', f'{r["metrics"]:.1e}'] for r in rows))
