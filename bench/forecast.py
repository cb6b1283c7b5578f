"Train the forecast on a CPU, and measure how far ahead it sees and what that costs: `python bench/forecast.py`"
import json,resource,subprocess,sys,time,warnings
from fastai.vision.all import *
from fastcore.script import call_parse
from action_recog.forecast.data import *

def device_name(): return torch.cuda.get_device_name() if torch.cuda.is_available() else f'CPU, {torch.get_num_threads()} threads'

def train(epochs, n_train, bs, lr, seed):
    "A trained learner, and seconds of processor and wall clock for it"
    set_seed(seed)
    learn = forecast_learner(ForecastDataLoaders.from_digits(n_train=n_train, bs=bs, seed=seed))
    cpu,wall = time.process_time(),time.perf_counter()
    with learn.no_bar(): learn.fit_one_cycle(epochs, lr, cbs=[GradientClip(1.),ScheduledSampling()])
    return learn,dict(cpu_s=time.process_time()-cpu, wall_s=time.perf_counter()-wall)

def ahead(learn, steps):
    "Seconds and peak memory of the process in MB after so many frames ahead, none of them kept"
    clip,rows,start = MovingDigits().clip(0),[],time.process_time()
    for i,_ in enumerate(predict_frames(learn, clip[:10], max(steps)), 1):
        if i in steps: rows.append(dict(frames=i, cpu_s=time.process_time()-start, peak_mb=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss/1024))
    return rows

def picture(learn, n=3):
    "The first clips of the validation set and their forecasts, as a GIF"
    x,y = learn.dls.valid.one_batch()
    with torch.no_grad(): pred = learn.model.eval()(x)
    side_by_side = lambda o: torch.cat([F.pad(c, (0,2*(i<n-1)), value=1) for i,c in enumerate(o[:n].as_subclass(Tensor))], -1)
    return forecast_gif(*map(side_by_side, (x,y,pred)))

def children(fn):
    "`ahead` in a process of its own, since a peak never falls"
    code = f"from bench.forecast import *; print(json.dumps(ahead(load_learner({str(fn)!r}), (10,100,1000))))"
    env = {**os.environ, 'PYTHONPATH':os.pathsep.join([str(Path(__file__).parent.parent), os.environ.get('PYTHONPATH','')])}
    return json.loads(subprocess.run([sys.executable, '-W', 'ignore', '-c', code], capture_output=True, text=True, check=True, env=env).stdout)

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
):
    "Train, compare with what costs nothing, and look far ahead"
    warnings.simplefilter('ignore')
    learn,secs = train(epochs, n_train, bs, lr, seed)
    table = forecast_table(learn)
    ratio = table.loc['model']/table.loc['copy_last']
    if gif: Path(gif).write_bytes(picture(learn).data)
    with tempfile.TemporaryDirectory() as tmp:
        learn.export(fn := Path(model or tmp).absolute()/'forecast.pkl')
        far = children(fn)
    res = dict(device=device_name(), epochs=epochs, clips=epochs*n_train, bs=bs, lr=lr, seed=seed,
        parameters=sum(p.numel() for p in learn.model.parameters()), **secs,
        mse_ratio=ratio['mse'], mse_ratio_frame_10=ratio['10'], table=table.round(4).to_dict('index'), ahead=far)
    Path(out).write_text(json.dumps(res, indent=1))
    print(f'\n{res["device"]}: {epochs*n_train} clips in {secs["wall_s"]:.0f} s, {secs["cpu_s"]:.0f} s of processor time\n\n{table.round(2).to_string()}')
    print(f'\nMSE against copy_last: {ratio["mse"]:.2f}, at frame 10: {ratio["10"]:.2f}\n\n{pd.DataFrame(far).round(1).to_string(index=False)}')
