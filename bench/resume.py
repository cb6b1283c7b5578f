"`ar-table` killed at random moments and started again, against an unbroken table: rows and weights have to be equal. `python bench/resume.py`"
import os,random,signal,subprocess,sys,time
from tempfile import TemporaryDirectory
from fastcore.all import *

def start(path, out, args):
    "`ar-table` in a process group of its own"
    cmd = [str(Path(sys.executable).with_name('ar-table')), str(path), '--out', str(out), *args]
    return subprocess.Popen(cmd, start_new_session=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

def begun(out, p):
    "Wait until the process `p` has begun its work in `out`, and give the time"
    def there(): return {(o,o.stat().st_mtime_ns) for o in out.glob('*/run.json')}
    old = there()
    while there()==old and p.poll() is None: time.sleep(.01)
    return time.perf_counter()

def state(out):
    "Finished runs, and runs with a checkpoint"
    return len(list(out.glob('*/metrics.json'))),len(list(out.glob('*/checkpoint.pth')))

def results(out):
    "All rows but the times"
    rows = (loads(o) for o in (out/'results.jsonl').read_text().splitlines())
    return {r['name']:{k:v for k,v in r.items() if not k.startswith('seconds')} for r in rows}

def weights(out):
    "The weights of each run"
    import warnings
    from fastai.learner import load_learner
    warnings.simplefilter('ignore')
    return {o.parent.name:load_learner(o).model.state_dict() for o in out.glob('*/learner.pkl')}

def equal(a, b):
    import torch
    return a.keys()==b.keys() and all(torch.equal(a[k][n], b[k][n]) for k in a for n in a[k])

def killed(path, out, args, wait):
    "Start a table, kill it `wait` seconds after it has begun its work, and say whether there was something to kill"
    p = start(path, out, args)
    begun(out, p)
    time.sleep(wait)
    if p.poll() is not None: return False
    os.killpg(p.pid, signal.SIGKILL)
    p.wait()
    return True

@call_parse
def main(
    kills:int=8, # Times that the table is killed
    models:str='baseline,timesformer', # Learners, with commas between
    epochs:int=4, # Passes over the training set
    num_workers:int=2, # Of the data loaders
    seed:int=0, # Of the moments
):
    "Show that a killed table goes on as if nothing had happened"
    random.seed(seed)
    from action_recog.videos.sample import write_sample
    with TemporaryDirectory() as tmp:
        tmp = Path(tmp)
        path,whole,out = write_sample(tmp/'sample', n_groups=4)/'UCF-101',tmp/'whole',tmp/'killed'
        args = ['--recipe','sample','--models',models,'--folds','1,2','--bs','8','--image-size','32',
            '--epochs',str(epochs),'--num-workers',str(num_workers)]
        p = start(path, whole, args)
        begin = begun(whole, p)
        p.wait()
        secs = time.perf_counter()-begin
        print(f'CPU, {os.environ.get("OMP_NUM_THREADS", os.cpu_count())} threads; an unbroken table: {secs:.1f} s of work, {len(results(whole))} runs\n')
        print('| kill | after s of work | finished runs | with a checkpoint | half-written |\n|--:|--:|--:|--:|--:|', flush=True)
        n = 0
        while n<kills:
            # Short enough that most kills meet a table at work
            wait = random.uniform(0, 1)*secs/kills
            if not killed(path, out, args, wait): break
            n += 1
            done,checkpoints = state(out)
            print(f'| {n} | {wait:.2f} | {done} | {checkpoints} | {len(list(out.glob("*/.*.part-*")))} |', flush=True)
        start(path, out, args).wait()
        a,b = results(whole),results(out)
        same_rows,same_weights = a==b,equal(weights(whole), weights(out))
        print(f'\n{len(a)} rows unbroken, {len(b)} after {n} kills and a last run; rows without times equal: {same_rows}; '
            f'weights equal to the bit: {same_weights}; checkpoints left: {state(out)[1]}')
        assert same_rows and same_weights and len(a)==len(models.split(','))*2
