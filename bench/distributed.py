"One process against several with the same global batch, for the forecast and for an action learner: `python bench/distributed.py`"
import json,subprocess,sys,tempfile
from fastai.vision.all import *
from fastcore.script import call_parse
from action_recog.all import *
from action_recog.learners.distributed import *
from action_recog.forecast.data import *

def forecast():
    return forecast_learner(ForecastDataLoaders.from_digits(n_train=32, n_valid=11, n_in=5, n_out=5, bs=8), hidden_size=16)

def convlstm(norm=False):
    "On the sample, without anything drawn by chance, with batch normalisation or without"
    path = write_sample(Path(tempfile.gettempdir())/'distributed_sample', n_groups=4, n_clips=1)/'UCF-101'
    dls = ActionDataLoaders.from_ucf101(path, image_size=32, seq_len=4, bs=8, num_workers=0, sampler=FirstSampler(4),
        item_tfms=Resize(32, 'squish'))
    learn = convlstm_learner(dls, small_cnn, pretrained=False, ps=0., hidden_size=16)
    if not norm: learn.model = no_norm(learn.model)
    return learn

def no_norm(m):
    for k,o in m.named_children(): setattr(m, k, nn.Identity()) if isinstance(o, norm_types) else no_norm(o)
    return m

learners = {'forecast':forecast, 'convlstm':convlstm, 'convlstm, batch norm':partial(convlstm, norm=True)}

def worker(out, epochs):
    "What each process runs: the script of a user, but for the list of learners"
    for k,f in learners.items():
        set_seed(0)
        learn = f()
        learn.path = Path(out)
        with learn.no_bar(), learn.no_logging(), maybe_distributed(learn): learn.fit(epochs, 1e-3)
        learn.save(k)
        if not rank_distrib(): (Path(out)/f'{k}.json').write_text(json.dumps(dict(names=list(learn.recorder.metric_names[1:-1]),
            losses=[float(o) for o in learn.recorder.losses], values=[list(o) for o in learn.recorder.values])))

def launch(n, out, epochs):
    cmd = [sys.executable] if n==1 else [str(Path(sys.executable).with_name('accelerate')),'launch','--multi_gpu',f'--num_processes={n}']
    env = {**os.environ, 'ACCELERATE_USE_CPU':'1', 'OMP_NUM_THREADS':'1', 'PYTHONWARNINGS':'ignore'}
    Path(out).mkdir(parents=True, exist_ok=True)
    subprocess.run([*cmd, __file__, '--n', '0', '--out', out, '--epochs', str(epochs)], check=True, env=env)

@call_parse
def main(
    n:int=2, # Processes; 0: be one of them
    out:str='bench/results/distributed.json', # File for the figures
    epochs:int=2, # Passes over the data
):
    "The largest difference between one process and `n`, over all steps and epochs"
    if not n: return worker(out, epochs)
    with tempfile.TemporaryDirectory() as tmp:
        one,many = (Path(tmp)/str(o) for o in (1,n))
        launch(1, str(one), epochs)
        launch(n, str(many), epochs)
        rows = []
        for k in learners:
            a,b = (json.loads((o/f'{k}.json').read_text()) for o in (one,many))
            diff = {c:max(abs(x-y)/abs(x) for x,y in zip(*(np.array(o[c]).flatten() for o in (a,b)))) for c in ('losses','values')}
            rows.append(dict(learner=k, steps=len(a['losses']), losses=diff['losses'], metrics=diff['values'], valid_loss=[a['values'][-1][1],b['values'][-1][1]]))
    res = dict(device=f'CPU, {n} processes of 1 thread', epochs=epochs, rows=rows)
    Path(out).write_text(json.dumps(res, indent=1))
    print(f'\nRelative difference between 1 process and {n}, the largest\n\n| learner | steps | loss of a step | losses and metrics of an epoch |\n|---|--:|--:|--:|')
    for r in rows: print(f'| {r["learner"]} | {r["steps"]} | {r["losses"]:.1e} | {r["metrics"]:.1e} |')
