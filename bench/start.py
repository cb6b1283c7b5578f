"""How long it takes to begin: imports, `ar-predict` on one short clip, and what the other commands take before they work

Each row is the median of several processes of their own, taken in turns so that what else the machine does meets all alike. A second
of the clock and a second of the processor differ where the machine is busy; both are told. `python bench/start.py --n 5`.
"""
import json,os,resource,statistics,subprocess,sys,tempfile,time
from pathlib import Path
from fastcore.script import call_parse
from common import save_json

def spent(cmd, env):
    "Seconds of the clock and of the processor that `cmd` takes"
    before,start = resource.getrusage(resource.RUSAGE_CHILDREN),time.perf_counter()
    res = subprocess.run([str(o) for o in cmd], env=env, capture_output=True, text=True)
    clock,after = time.perf_counter()-start,resource.getrusage(resource.RUSAGE_CHILDREN)
    if res.returncode: sys.exit(res.stderr)
    return clock, after.ru_utime+after.ru_stime-before.ru_utime-before.ru_stime

@call_parse
def main(
    n:int=5, # Processes of each kind
    out:str='bench/results/start.json', # Where the rows go
):
    "Print the table of starting times"
    from action_recog.all import open_learner,render_clip,to_onnx,write_avi,write_sample
    with tempfile.TemporaryDirectory() as d:
        d = Path(d)
        write_avi(d/'left.avi', render_clip('Circle', ('Left','Right'), group=2))
        to_onnx(open_learner('sample', 'cpu'), d/'sample.onnx')
        py,predict = [sys.executable,'-W','ignore','-c'],[Path(sys.executable).with_name('ar-predict'),d/'left.avi','--learner']
        kinds = {'import fastai.vision.all':[*py,'import fastai.vision.all'], 'import action_recog.all':[*py,'import action_recog.all'],
            'ar-predict --learner sample':[*predict,'sample'], 'ar-predict --learner sample.onnx':[*predict,d/'sample.onnx']}
        bin = Path(sys.executable).parent
        kinds.update({f'{o} --help':[bin/o,'--help'] for o in ('ar-predict','ar-data','ar-train','ar-table','ar-watch')})
        write_sample(d/'small', n_groups=4, n_clips=1)
        kinds['ar-data check (32 clips)'] = [bin/'ar-data','check',d/'small'/'UCF-101']
        kinds['ar-data sample (32 clips)'] = [bin/'ar-data','sample',d/'new','--n-groups','4','--n-clips','1']
        env = {**os.environ, 'OMP_NUM_THREADS':'1'}
        for cmd in kinds.values(): spent(cmd, env) # Files come into the disk's cache
        times = {k:[] for k in kinds}
        for _ in range(n):
            for k,cmd in kinds.items(): times[k].append(spent(cmd, env))
    rows = [dict(what=k, clock=round(statistics.median(o[0] for o in v), 2), processor=round(statistics.median(o[1] for o in v), 2)) for k,v in times.items()]
    print('| | seconds | of the processor |\n| --- | --: | --: |')
    for o in rows: print(f'| `{o["what"]}` | {o["clock"]:.2f} | {o["processor"]:.2f} |')
    ratios = [rows[1][k]/rows[0][k] for k in ('clock','processor')]
    print(f'\nall of action_recog / fastai.vision.all: {ratios[0]:.2f}, by the processor {ratios[1]:.2f}')
    save_json(out, rows)
