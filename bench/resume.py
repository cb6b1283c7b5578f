"""An accuracy table killed at random moments and started again, against an unbroken table

    python bench/resume.py [--kills 8] [--models baseline]

`make_table`, which `ar-table` runs, trains on a small sample in a process of its own. It is killed with all its
workers and started again; in the end rows (but for times) and weights have to be equal to those of an unbroken
table, to the bit. Runs where processes can be grouped: on Linux and macOS."""
import json,random,sys,time,torch,warnings
from pathlib import Path
from tempfile import TemporaryDirectory
from fastai.learner import load_learner
from fastcore.script import call_parse
from common import device_name,kill_group,print_table,start_group,wait_for_work
from action_recog.learners.runs import read_rows
from action_recog.videos.sample import write_sample

code = 'import json,sys; from action_recog.learners.runs import make_table; make_table(**json.loads(sys.argv[1]))'

def start(out, args): return start_group([sys.executable, '-c', code, json.dumps(dict(args, out=str(out)))])

def begun(process, out):
    "Wait until a table has begun its work, and give the time"
    return wait_for_work(process, lambda: {(o,o.stat().st_mtime_ns) for o in out.glob('*/run.json')})

def n_files(out, pattern): return len(list(out.glob(pattern)))

def results(out):
    "All rows but the times, by name"
    rows = {row['name']:row for row in read_rows(out/'results.jsonl')}
    for row in rows.values(): del row['seconds'],row['seconds_per_epoch']
    return rows

def weights(out):
    "The weights of each run, by its name"
    with warnings.catch_warnings(action='ignore'):
        return {o.parent.name:load_learner(o).model.state_dict() for o in out.glob('*/learner.pkl')}

def same_weights(ours, theirs):
    "Are the weights of all runs equal to the bit?"
    if ours.keys()!=theirs.keys(): return False
    return all(torch.equal(state[k], theirs[name][k]) for name,state in ours.items() for k in state)

def run_whole(out, args):
    "A table without a break: seconds of work"
    process = start(out, args)
    start_time = begun(process, out)
    if process.wait(): raise SystemExit(f'the table in {out} ended with status {process.returncode}')
    return time.perf_counter()-start_time

def kill_often(out, args, kills, secs):
    "A row a kill, until the table is finished"
    for i in range(kills):
        # Short enough that most kills meet a table at work
        wait = random.uniform(0, 1)*secs/kills
        process = start(out, args)
        begun(process, out)
        time.sleep(wait)
        if not kill_group(process): return
        done,checkpoints = n_files(out, '*/metrics.json'),n_files(out, '*/checkpoint.pth')
        yield [i+1, f'{wait:.2f}', done, checkpoints, n_files(out, '*/.*.part-*')]

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
    models = models.split(',')
    with TemporaryDirectory() as tmp:
        tmp = Path(tmp)
        whole,out = tmp/'whole',tmp/'killed'
        path = write_sample(tmp/'sample', n_groups=4)/'UCF-101'
        changes = dict(bs=8, image_size=32, epochs=epochs)
        fixed = dict(path=str(path), recipe='sample', folds=[1,2])
        args = dict(fixed, models=models, changes=changes, num_workers=num_workers)
        secs = run_whole(whole, args)
        print(f'{device_name()}; an unbroken table: {secs:.1f} s of work, {len(results(whole))} runs')
        header = ['kill', 'after s of work', 'finished runs', 'with a checkpoint', 'half-written']
        print_table(header, kill_often(out, args, kills, secs))
        run_whole(out, args)
        rows,again = results(whole),results(out)
        same = same_weights(weights(whole), weights(out))
        print(f'\n{len(rows)} rows unbroken, {len(again)} after the kills and a last run; '
            f'rows without times equal: {rows==again}; weights equal to the bit: {same}; '
            f'checkpoints left: {n_files(out, "*/checkpoint.pth")}')
        assert rows==again and same and len(rows)==2*len(models)
