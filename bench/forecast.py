"""Train the forecast, and measure how far ahead it sees and what that costs

    python bench/forecast.py [--gif nbs/images/forecast.gif] [--out bench/results/forecast.json]

The forecaster of two moving digits is trained on a GPU where there is one, else on a CPU (some ten minutes). The
table has its error beside what costs nothing. Then a process of its own looks 10, 100 and 1000 frames ahead, and
notes time and memory. Needs the package `torchmetrics`."""
import json,os,resource,subprocess,sys,tempfile,time,warnings
import pandas as pd,torch
from pathlib import Path
from torch.nn.functional import pad
from fastai.basics import load_learner,set_seed
from fastai.callback.training import GradientClip
from fastcore.script import call_parse
from common import device_name,need,save_json
need('torchmetrics')
from action_recog.forecast.data import ForecastDataLoaders,MovingDigits,forecast_gif
from action_recog.forecast.learner import ScheduledSampling,forecast_learner,forecast_table
from action_recog.forecast.model import predict_frames

def train(epochs, n_train, bs, lr, seed):
    "A trained learner, and seconds of processor and wall clock for it"
    set_seed(seed)
    learn = forecast_learner(ForecastDataLoaders.from_digits(n_train=n_train, bs=bs, seed=seed))
    cpu,wall = time.process_time(),time.perf_counter()
    with learn.no_bar(): learn.fit_one_cycle(epochs, lr, cbs=[GradientClip(1.), ScheduledSampling()])
    return learn,dict(cpu_s=time.process_time()-cpu, wall_s=time.perf_counter()-wall)

def look_ahead(learn, marks=(10,100,1000)):
    "Seconds and peak memory of this process in MB after so many frames ahead, none of them kept"
    clip = MovingDigits().clip(0)
    rows = []
    start = time.process_time()
    for i,_ in enumerate(predict_frames(learn, clip[:10], max(marks)), 1):
        if i not in marks: continue
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss/1024
        rows.append(dict(frames=i, cpu_s=time.process_time()-start, peak_mb=peak))
    return rows

def look_apart(fn):
    "`look_ahead` in a process of its own, since a peak never falls"
    env = {**os.environ, 'PYTHONWARNINGS':'ignore'}
    cmd = [sys.executable, __file__, '--ahead', str(fn)]
    return json.loads(subprocess.run(cmd, stdout=subprocess.PIPE, text=True, check=True, env=env).stdout)

def side_by_side(clips):
    "`clips` of one batch beside each other, a white line of two pixels between them"
    framed = [pad(o, (0,2), value=1) for o in clips.as_subclass(torch.Tensor)]
    return torch.cat(framed, -1)[...,:-2]

def picture(learn, n=3):
    "The first clips of the validation set and their forecasts, as a GIF"
    x,y = learn.dls.valid.one_batch()
    with torch.no_grad(): pred = learn.model.eval()(x)
    return forecast_gif(*(side_by_side(o[:n]) for o in (x, y, pred)))

@call_parse
def main(
    epochs:int=15, # Passes over as many new clips
    n_train:int=512, # Clips in an epoch
    bs:int=4, # Clips in a batch
    lr:float=3e-3, # Learning rate
    seed:int=0, # Of clips and weights
    out:str='bench/results/forecast.json', # File for the figures
    model:str=None, # Folder to keep the exported learner in
    gif:str=None, # File for a GIF of the first forecasts
    ahead:str=None, # Exported learner that looks ahead; nothing else is done then
):
    "Train, compare with what costs nothing, and look far ahead"
    warnings.simplefilter('ignore')
    if ahead: return print(json.dumps(look_ahead(load_learner(ahead))))
    learn,secs = train(epochs, n_train, bs, lr, seed)
    table = forecast_table(learn)
    ratio = table.loc['model']/table.loc['copy_last']
    if gif: Path(gif).write_bytes(picture(learn).data)
    with tempfile.TemporaryDirectory() as tmp:
        fn = Path(model or tmp).absolute()/'forecast.pkl'
        learn.export(fn)
        far = look_apart(fn)
    res = dict(device=device_name(), epochs=epochs, clips=epochs*n_train, bs=bs, lr=lr, seed=seed,
        parameters=sum(p.numel() for p in learn.model.parameters()), **secs,
        mse_ratio=ratio['mse'], mse_ratio_frame_10=ratio['10'], table=table.round(4).to_dict('index'), ahead=far)
    save_json(out, res)
    wall,cpu = secs['wall_s'],secs['cpu_s']
    print(f'\n{res["device"]}: {res["clips"]} clips in {wall:.0f} s, {cpu:.0f} s of processor time\n')
    print(table.round(2).to_string())
    print(f'\nMSE against copy_last: {ratio["mse"]:.2f}, at frame 10: {ratio["10"]:.2f}\n')
    print(pd.DataFrame(far).round(1).to_string(index=False))
